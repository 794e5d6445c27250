"""The Chromium that draws the book and drives the tests. `python -m book.chromium` finds or installs one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

# Debian's Chromium without windows comes first: a page takes half of the CPU time in it.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HELP = """No browser was found, and none could be installed. Any one of these will do:
  - put Chromium or Chrome on the PATH
  - run .venv/bin/playwright install --with-deps chromium
  - on Debian or Ubuntu, as root: apt-get update && apt-get install -y chromium"""


def find(playwright: Playwright) -> str | None:
    """Path of a Chromium: one on the PATH, else the one that Playwright installed, else None."""
    on_path = next((path for name in NAMES if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    return on_path or (own if Path(own).exists() else None)


def launch(playwright: Playwright) -> Browser:
    """Start it headless. Raises RuntimeError with the three ways to get one when there is none."""
    path = find(playwright)
    if path is None:
        raise RuntimeError(HELP)
    # Chromium refuses to run its sandbox as root, the usual user in a container.
    as_root = ["--no-sandbox"] if _is_root() else []
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *as_root])


def install() -> int:
    """Find a browser or install one: Playwright's own, else Debian's package. Returns the exit status."""
    with sync_playwright() as playwright:
        for command in (None, *_installers()):
            if command is not None:
                print("No browser yet; running", *command)
                subprocess.run(command, check=False)
            if path := find(playwright):
                print("The browser is", path)
                return 0
    print(HELP, file=sys.stderr)
    return 1


def _installers() -> list[list[str]]:
    own = [sys.executable, "-m", "playwright", "install", "chromium"]
    if not (_is_root() and shutil.which("apt-get")):
        return [own]
    # Ubuntu has no package of that name.
    packages = [["apt-get", "install", "-y", "-qq", name] for name in (SHELL, "chromium")]
    return [own, ["apt-get", "update", "-qq"], *packages]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


if __name__ == "__main__":
    sys.exit(install())
