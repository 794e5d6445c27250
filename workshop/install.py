"""Brings the proxy from npm: `python -m workshop.install`. On Debian, as root, it brings Node.js as well."""

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
HELP = "Node.js 18 or later and npm are missing: install both (Debian, as root: apt-get install nodejs npm)."


def main() -> None:
    """Install the pinned packages of package-lock.json into workshop/node_modules."""
    if shutil.which("npm") is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "nodejs", "npm"], check=False
        )
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(f"python -m workshop.install: {HELP}")
    done = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER)
    if done.returncode:
        raise SystemExit("python -m workshop.install: npm could not install the proxy; its message is above.")


if __name__ == "__main__":
    main()
