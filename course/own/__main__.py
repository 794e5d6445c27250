"""`python -m course.own FILE.csv`: the reader's own task through its rungs, without a notebook.

Writes results/own/NAME/report.md and answers.csv. A run that was stopped goes on where it stopped.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from course.engine.client import connect
from course.errors import CourseError
from course.own.ladder import Ladder
from course.own.task import MOST_MEASURED, OwnTask, load
from course.own.walk import ACCEPTED, ANSWERS, REPORT, Walk, as_markdown, walk, write_answers
from course.paths import results_dir


def arguments(given: Sequence[str] | None, about: str) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("file", help="a CSV with the columns text and label")
    parser.add_argument("--text", default="text", help="the column with the texts (default: text)")
    parser.add_argument("--label", default="label", help="the column with the labels (default: label)")
    parser.add_argument("--encoding", default="", help="such as cp1251, where the file is not UTF-8")
    parser.add_argument("--size", default="small", help="small, medium or large (default: small)")
    parser.add_argument("--rows", type=int, default=MOST_MEASURED, help="most rows of dev and test each")
    parser.add_argument("--accept", type=float, default=ACCEPTED, help="share right that is good enough")
    return parser.parse_args(given)


def walked(chosen: argparse.Namespace) -> Walk:
    """The task of a command line, checked and measured, with what is found said on the way."""
    task: OwnTask = load(
        chosen.file, text=chosen.text, label=chosen.label, encoding=chosen.encoding, measured=chosen.rows
    )
    print(task, *(f"- {finding}" for finding in task.findings), sep="\n", flush=True)
    client, model = connect(chosen.size)
    return walk(Ladder(task, client, model, chosen.size), chosen.accept)


def folder_of(found: Walk) -> Path:
    """Where the files of a task are written."""
    folder = results_dir() / "own" / found.task.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(given: Sequence[str] | None = None) -> None:
    """The command line."""
    assert __doc__
    chosen = arguments(given, __doc__)
    try:
        found = walked(chosen)
    except CourseError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. What was answered is kept: run the same command again to go on.")
    folder = folder_of(found)
    (folder / REPORT).write_text(as_markdown(found), encoding="utf-8")
    write_answers(found, folder / ANSWERS)
    print(as_markdown(found), f"Written: {folder / REPORT} and {folder / ANSWERS}", sep="\n")


if __name__ == "__main__":
    main()
