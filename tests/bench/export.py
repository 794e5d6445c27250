"""Inspect and promptfoo read what the board exports: `python -m tests.bench.export` (extra `export`, npx).

Both have to find the board's own shares. It measures a board of its own and leaves the reader's alone.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from course.material import data
from course.measuring import board, export
from course.measuring.evaluate import evaluate
from course.measuring.export import Entry

PROMPTFOO = "promptfoo@0.121.20"
Counts = dict[str, tuple[int, int, int]]  # rung -> rows right, with an error, all


def measured() -> Sequence[Entry]:
    """A board with a poor rung, one that is right throughout on fewer rows, and one with an error."""
    rows = data.lesson_sample()

    def broken_once(row: data.Ticket) -> str:
        if row is rows[0]:
            raise ValueError("broken")
        return row.queue

    board.add(evaluate(rows, lambda row: data.QUEUES[0], name="always the same queue"), lesson="00")
    board.add(evaluate(rows[:20], lambda row: row.queue, name="all right"), lesson="01")
    board.add(evaluate(rows, broken_once, name="one error"), lesson="02")
    return board.entries()


def by_board(entries: Sequence[Entry]) -> Counts:
    return {result.name: (result.right, len(result.errors), result.n) for _, result in entries}


def by_inspect(folder: Path) -> Counts:
    """What Inspect's own reader finds in the logs."""
    from inspect_ai.log import list_eval_logs, read_eval_log

    print(f"inspect-ai {version('inspect-ai')}: read_eval_log of {folder / 'inspect'}")
    counts = {}
    for log in map(read_eval_log, list_eval_logs(str(folder / "inspect"))):
        right = [sample.scores["correct"].value for sample in log.samples].count("C")
        errors = sum(sample.output.error is not None for sample in log.samples)
        counts[log.eval.task] = (right, errors, len(log.samples))
    return counts


def by_promptfoo(folder: Path, command: Sequence[str]) -> Counts:
    """What promptfoo gives back of an evaluation that it imported into a database of its own."""
    settings = {"PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo"), "PROMPTFOO_DISABLE_TELEMETRY": "1"}

    def run(*arguments: str) -> None:
        print(*command, *arguments, flush=True)
        subprocess.run([*command, *arguments], env=os.environ | settings, check=True)

    given_back = folder / "given_back.json"
    run("--version")
    run("import", str(folder / "promptfoo.json"))
    run("export", "eval", "latest", "--output", str(given_back))
    found = json.loads(given_back.read_text(encoding="utf-8"))["results"]
    right, errors, rows = Counter[int](), Counter[int](), Counter[int]()
    for row in found["results"]:
        rung = row["promptIdx"]
        rows[rung] += 1
        right[rung] += row["success"]
        errors[rung] += row["failureReason"] == 2
    assert found["stats"]["successes"] == right.total() and found["stats"]["errors"] == errors.total()
    names = [prompt["label"].partition(" ")[2] for prompt in found["prompts"]]
    return {name: (right[rung], errors[rung], rows[rung]) for rung, name in enumerate(names)}


def main() -> None:
    """Export, have both read it, and print what each found. AssertionError where one differs."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.export", description=__doc__, formatter_class=raw
    )
    parser.add_argument("--promptfoo", help=f"one that is installed (default: npx brings {PROMPTFOO})")
    installed = parser.parse_args().promptfoo
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["COURSE_RESULTS"] = str(folder / "results")
        entries = measured()
        export.write(entries, folder)
        readers = {
            "the board": by_board(entries),
            "Inspect": by_inspect(folder),
            "promptfoo": by_promptfoo(folder, [installed] if installed else ["npx", "--yes", PROMPTFOO]),
        }
    for reader, counts in readers.items():
        print(f"\n{reader}:")
        for rung, (right, errors, rows) in sorted(counts.items()):
            print(f"  {rung}: {right} of {rows} right, {errors} with an error")
    assert readers["the board"] == readers["Inspect"] == readers["promptfoo"]


if __name__ == "__main__":
    main()
