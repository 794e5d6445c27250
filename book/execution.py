"""Lessons with the outputs of a run, which is kept until the lesson's code or a file that it read changes."""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course.paths import ROOT

WATCH = Path(__file__).with_name("watch.py")
OF_THE_COURSE = ("course", "data", "widgets")
READS = "book_reads"  # in a kept notebook's metadata: the digest of each file that the run read


def executed(paths: Iterable[Path], folder: Path) -> Iterator[nbformat.NotebookNode]:
    """The notebooks in this order with outputs and widget state; runs and results are kept in `folder`.

    Once one has to run, those after it run as well, because lessons read the board of earlier ones.
    """
    running = False
    for path in paths:
        kept = folder / path.name
        notebook = nbformat.read(path, as_version=4)
        running = running or not _as_it_was(notebook, kept)
        if running:
            _run(notebook, path, kept)
        else:
            _take_over(notebook, nbformat.read(kept, as_version=4))
        yield notebook


def _code(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def _digest(path: str) -> str | None:
    file = ROOT / path
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _as_it_was(notebook: nbformat.NotebookNode, kept: Path) -> bool:
    if not kept.exists():
        return False
    before = nbformat.read(kept, as_version=4)
    same_files = all(_digest(path) == digest for path, digest in before.metadata[READS].items())
    return same_files and _code(before) == _code(notebook)


def _run(notebook: nbformat.NotebookNode, path: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    notes = kept.with_suffix(".reads")
    settings = {
        "COURSE_RESULTS": str(kept.parent / "results"),
        "COURSE_MODE": "local",
        "BOOK_READS": str(notes),
    }
    began = time.monotonic()
    NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=True,
        extra_arguments=[f"--IPKernelApp.exec_files={WATCH}"],
    ).execute(env=os.environ | settings)
    print(f"executed {path.name} in {time.monotonic() - began:.0f} s", flush=True)
    read = (Path(line) for line in notes.read_text(encoding="utf-8").split("\n"))
    within = sorted({file.relative_to(ROOT).as_posix() for file in read if file.is_relative_to(ROOT)})
    notebook.metadata[READS] = {
        file: digest
        for file in within
        if file.startswith(tuple(f"{name}/" for name in OF_THE_COURSE)) and (digest := _digest(file))
    }
    nbformat.write(notebook, kept)


def _take_over(notebook: nbformat.NotebookNode, before: nbformat.NotebookNode) -> None:
    """Put the kept outputs into the notebook, whose words may be newer."""
    notebook.metadata = before.metadata
    code = [[cell for cell in each.cells if cell.cell_type == "code"] for each in (notebook, before)]
    for cell, run in zip(*code, strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
