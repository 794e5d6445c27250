"""Where the course keeps its files. Three environment variables move them; nothing else does."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
NOTEBOOKS = ROOT / "notebooks"


def results_dir() -> Path:
    """Folder of the board, the recordings and the progress: `COURSE_RESULTS`, else `results/`."""
    return _made(Path(os.environ.get("COURSE_RESULTS") or ROOT / "results"))


def recordings_dir() -> Path:
    """Folder of the answers that travel with the course: `COURSE_RECORDINGS`, else `data/recordings/`."""
    return Path(os.environ.get("COURSE_RECORDINGS") or DATA / "recordings")


def cache_dir() -> Path:
    """Folder of what can be made again (re-packed weights, embeddings): `COURSE_CACHE`, else `.cache/`."""
    return _made(Path(os.environ.get("COURSE_CACHE") or ROOT / ".cache"))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
