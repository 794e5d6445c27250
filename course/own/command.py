"""`python -m course.own FILE.csv`: the reader's own task through its rungs, without a notebook.

Writes results/own/NAME/report.md and answers.csv; `python -m widgets.own` adds bill, advice and memo. A
stopped run resumes where it stopped.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from course.engine.client import connect
from course.errors import as_command
from course.files import write_text
from course.own.ladder import Ladder
from course.own.task import MOST_MEASURED, OwnTask, load
from course.own.walk import ACCEPTED, ANSWERS, REPORT, Walk, as_markdown, walk, write_answers
from course.paths import results_dir


def parser(about: str) -> argparse.ArgumentParser:
    """The options of a command that walks a task; `about` begins with what it does."""
    options = argparse.ArgumentParser(description=about.partition("\n")[0])
    options.add_argument("file", help="a CSV with the columns text and label")
    options.add_argument("--text", default="text", help="the column with the texts (default: text)")
    options.add_argument("--label", default="label", help="the column with the labels (default: label)")
    options.add_argument("--encoding", default="", help="such as cp1251, where the file is not UTF-8")
    options.add_argument("--size", default="small", help="small, medium or large (default: small)")
    options.add_argument("--rows", type=int, default=MOST_MEASURED, help="most rows of dev and of test")
    options.add_argument("--accept", type=float, default=ACCEPTED, help="share right that is good enough")
    return options


def _walked(chosen: argparse.Namespace) -> Walk:
    """The task of a command line, checked and measured, with what is found said on the way."""
    task: OwnTask = load(
        chosen.file, text=chosen.text, label=chosen.label, encoding=chosen.encoding, measured=chosen.rows
    )
    print(task, *(f"- {finding}" for finding in task.findings), sep="\n", flush=True)
    client, model = connect(chosen.size)
    return walk(Ladder(task, client, model, chosen.size), chosen.accept)


def written(found: Walk, more: str = "") -> Path:
    """Write the report, with `more` at its end, and the answers, and return their folder."""
    folder = results_dir() / "own" / found.task.name
    write_text(folder / REPORT, as_markdown(found) + more)
    write_answers(found, folder / ANSWERS)
    return folder


def run(chosen: argparse.Namespace, write: Callable[[Walk], Path]) -> None:
    """Walk the task of a command line and write what was found, or say in a sentence why not."""
    found = _walked(chosen)
    folder = write(found)
    print(as_markdown(found), f"Written to {folder}: {', '.join(sorted(os.listdir(folder)))}", sep="\n")


@as_command
def main(given: Sequence[str] | None = None) -> None:
    """The command line."""
    run(parser(str(__doc__)).parse_args(given), written)
