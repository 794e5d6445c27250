"""What training needs, made ready when it is first wanted: `ready()`, or `python -m course.tuning.setup`.

Lessons 00 to 10 do without PyTorch, so it is not part of the first installation. uv knows PyTorch's own index
and takes the build that fits the machine. Where that cannot be reached, pip takes what the reader's settings
offer, but no CUDA without a GPU. The embedded model's weights are then written as torch reads them, so that
no lesson waits for that.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course.errors import CourseError
from course.paths import ROOT
from course.tuning.plain_weights import plain_folder

COMMAND = "python -m course.tuning.setup"
REQUIREMENTS = ROOT / "requirements-train.txt"


def ready() -> None:
    """Install what is missing of requirements-train.txt, and write the weights; at once when all is there.

    Raises CourseError with the command to run where it cannot be installed. No CUDA comes to a machine
    without an NVIDIA GPU.
    """
    missing = _missing()
    if missing:
        print(f"Installing {', '.join(missing)} for training, once; this takes a few minutes.", flush=True)
        _install()
    plain_folder()


def _install() -> None:
    # An index that is out of reach is asked twice, not four times: it shows in two seconds.
    settings = {"UV_HTTP_RETRIES": "1"} | os.environ
    if subprocess.run(_uv(), env=settings, stderr=subprocess.DEVNULL).returncode == 0:
        return
    if not _has_gpu() and (extra := _cuda_packages()):
        raise CourseError(
            f"Here pip would bring {len(extra)} packages of CUDA ({extra[0]}, ...), several GB, and no "
            "NVIDIA GPU is here. Install PyTorch's CPU build first, with the command that its own site "
            f"shows for your system and CPU, then run: {COMMAND}"
        )
    if subprocess.run(_pip("--quiet")).returncode:
        raise CourseError(f"The installation failed; see the lines above, then run: {COMMAND}")


def _missing() -> list[str]:
    pins = [line.split("#")[0].strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()]
    return [pin for pin in pins if pin and not _is_installed(*pin.split("=="))]


def _is_installed(name: str, wanted: str) -> bool:
    try:
        # PyTorch's builds say what they are for after a plus: 2.13.0+cpu.
        return version(name).split("+")[0] == wanted
    except PackageNotFoundError:
        return False


def _cuda_packages() -> list[str]:
    """The packages of CUDA that pip would install."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = subprocess.run(
            _pip("--quiet", "--dry-run", "--report", str(report)), stderr=subprocess.DEVNULL
        )
        if asked.returncode or not report.is_file():
            return []
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    names = (package["metadata"]["name"] for package in found)
    return sorted(name for name in names if name.startswith(("nvidia-", "cuda-", "triton")))


def _has_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None


def _uv() -> list[str]:
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    return [*uv, "--compile-bytecode", "--torch-backend", "auto", "--requirement", str(REQUIREMENTS)]


def _pip(*options: str) -> list[str]:
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
    return [*pip, "--requirement", str(REQUIREMENTS)]


if __name__ == "__main__":
    ready()
