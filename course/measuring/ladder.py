"""The ladder on all test tickets: every lesson run with every row, and what its board says afterwards.

The lessons measure on a sample. `python -m course.measure ladder` runs the same notebooks on all 360 tickets,
so there is one source for both.
"""

import math
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course.material.data import tickets
from course.material.lessons import lessons
from course.measuring import board
from course.measuring.evaluate import Result, compare
from course.measuring.provenance import FOLDER, CountedByKind, read_rows
from course.paths import NOTEBOOKS, results_dir

FILE = FOLDER / "ladder.csv"
COMMAND = "python -m course.measure ladder"


@dataclass(frozen=True, kw_only=True)
class Rung(CountedByKind):
    """One rung of the board.

    Tokens and seconds are means per ticket, NaN where they were not measured. `p_against_next` is McNemar's p
    of this rung against the next one below.
    """

    lesson: str
    name: str
    input_tokens: float
    seconds: float
    badge: str
    p_against_next: float


def sweep() -> list[Rung]:
    """Run every lesson on all rows, with a board of its own, and print its rungs."""
    folder = results_dir() / "ladder"
    folder.mkdir(exist_ok=True)
    (folder / "board.sqlite").unlink(missing_ok=True)
    os.environ |= {"COURSE_RESULTS": str(folder), "COURSE_ROWS": "all", "COURSE_MODE": "local"}
    for lesson in lessons():
        run_notebook(lesson.path)
    measured = rungs()
    print(*(f"{rung.right} of {rung.n}  {rung.name}" for rung in measured), sep="\n")
    return measured


def run_notebook(path: Path) -> None:
    """Run a notebook as it is; its outputs are not kept."""
    print(f"running {path.relative_to(NOTEBOOKS)}", flush=True)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=None, resources={"metadata": {"path": path.parent}}).execute()


def rungs() -> list[Rung]:
    """The rungs on the board that were measured on all test tickets, the best first."""
    everything = {ticket.id for ticket in tickets("test")}
    found = [(lesson, result) for lesson, result in board.entries() if set(result.frame["id"]) == everything]
    found.sort(key=lambda entry: entry[1].right, reverse=True)
    p_values = [compare(above, below).p_value for (_, above), (_, below) in pairwise(found)] + [math.nan]
    return [_rung(lesson, result, p) for (lesson, result), p in zip(found, p_values, strict=True)]


def read() -> list[Rung]:
    """The ladder as it was measured, the best rung first."""
    return read_rows(Rung, FILE, COMMAND)


def _rung(lesson: str, result: Result, p: float) -> Rung:
    return Rung.of(
        result.outcomes,
        COMMAND,
        lesson=lesson,
        name=result.name,
        input_tokens=math.nan if result.input_tokens is None else round(result.input_tokens, 1),
        seconds=math.nan if result.seconds is None else float(f"{result.seconds:.3g}"),
        badge=result.badge,
        p_against_next=float(f"{p:.3g}"),
    )
