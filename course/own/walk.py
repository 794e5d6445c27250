"""A task through all of its rungs, and what comes of it: a verdict, a report, every row with its answers."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from course.files import replacing
from course.measuring import gap
from course.measuring.gap import GapVerdict
from course.measuring.results import Result, compare, duration, money, percent
from course.own.ladder import Expected, Ladder, choose
from course.own.task import OwnTask

REPORT, ANSWERS = "report.md", "answers.csv"
ACCEPTED = 0.9


@dataclass(frozen=True)
class Walk:
    """What the rungs of a task reached: all on dev, and on test the chosen one beside floor and head."""

    task: OwnTask
    accepted: float
    expected: Expected
    dev: tuple[Result, ...]
    test: tuple[Result, ...]
    notes: tuple[str, ...]

    @property
    def chosen(self) -> Result:
        """The rung that was chosen on dev, as it did on test."""
        name = choose(self.dev).name
        return next(result for result in self.test if result.name == name)

    @property
    def verdict(self) -> GapVerdict:
        """Stop, go on or measure more, from the chosen rung's one look at test."""
        return verdict(self.chosen, self.accepted)

    @property
    def steps(self) -> list[str]:
        """The chosen rung against the others on the same test rows, in sentences."""
        return [against(self.chosen, other) for other in self.test if other is not self.chosen]


def walk(ladder: Ladder, accepted: float = ACCEPTED) -> Walk:
    """Measure every rung on dev and the chosen one on test. What was answered before is answered at once."""
    print("Timing a few rows of each rung ...", flush=True)
    expected = ladder.expected()
    print(expected, flush=True)
    dev = ladder.on_dev()
    test = ladder.on_test(choose(dev).name, dev)
    return Walk(ladder.task, accepted, expected, tuple(dev), tuple(test), tuple(ladder.notes))


def against(result: Result, base: Result) -> str:
    """Whether a rung is better than another one on the same rows, in a sentence."""
    found = compare(result, base)
    said = found.direction or "undecided, chance can explain the difference"
    return (
        f"{result.name} against {base.name}: {said} ({found.only_a} right only with the first, "
        f"{found.only_b} only with the second, p = {found.p_value:.2g})."
    )


def table(results: Sequence[Result]) -> pd.DataFrame:
    """A line for each result: what it got right, with its interval, what a row takes, and labels used."""
    lines = {
        result.name: {
            "right": f"{result.right} of {result.n}",
            "%": f"{100 * result.accuracy:.0f}",
            "95%": "-".join(f"{100 * end:.0f}" for end in result.interval),
            "readable": f"{100 * result.valid:.0f}%",
            "time": "-" if result.seconds is None else duration(result.seconds),
            "1,000 cost": money(result.cost_per_1000),
            "labels": "-" if result.labels is None else f"{result.labels:,}",
        }
        for result in results
    }
    return pd.DataFrame(lines).T.rename_axis("rung")


def verdict(rung: Result, accepted: float) -> GapVerdict:
    """Where the rung's interval lies against the accepted share, 0 to 1, and what follows."""
    low, high = rung.interval
    figures = f"{rung.name}: {rung.right} of {rung.n} test rows right, {percent(low)} to {percent(high)}%"
    match gap.position(rung.interval, accepted):
        case gap.ABOVE:
            said = f"{figures}, all of it at or above the accepted {percent(accepted)}%."
            return GapVerdict(gap.STOP, rung, (said,))
        case gap.BELOW:
            said = f"{figures}, all of it below the accepted {percent(accepted)}%."
            return GapVerdict(gap.GO_ON, rung, (said,))
    needed = gap.rows_to_decide(rung.accuracy, accepted)
    more = (
        "It is just what is accepted, so no number of rows will tell."
        if needed is None
        else f"If it is truly right on {percent(rung.accuracy)}%, {needed:,} test rows show it 4 times in 5."
    )
    said = f"{figures}: the accepted {percent(accepted)}% lies inside."
    return GapVerdict(gap.MEASURE_MORE, rung, (said, more))


def as_markdown(found: Walk) -> str:
    """The report: the file, the rungs, the gap."""
    parts = [
        f"# {found.task.name}: your own task",
        f"{found.task}.",
        "## What the checks found",
        "\n".join(f"- {finding}" for finding in found.task.findings) or "Nothing.",
        "## The rungs on dev",
        _as_rows(found.dev),
        *found.notes,
        "## One look at test",
        _as_rows(found.test),
        f"Chosen on dev: {found.chosen.name}.",
        "\n".join(f"- {step}" for step in found.steps),
        "## The gap",
        str(found.verdict),
    ]
    if found.task.agreement:
        parts.append(str(found.task.agreement))
    return "\n\n".join(parts) + "\n"


def write_answers(found: Walk, path: Path) -> None:
    """Every measured row with the reply of each rung: a CSV with the line of the reader's file."""
    rungs = list(dict.fromkeys(result.name for result in (*found.dev, *found.test)))
    rows: dict[str, dict[str, str]] = {}
    for part, results in (("dev", found.dev), ("test", found.test)):
        for result in results:
            for outcome in result.outcomes:
                row = rows.setdefault(
                    outcome.id,
                    {"row": outcome.id, "split": part, "text": outcome.text, "label": outcome.expected},
                )
                row[result.name] = str(outcome.reply)
    with replacing(path) as unfinished, unfinished.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["row", "split", "text", "label", *rungs])
        writer.writeheader()
        writer.writerows(rows.values())


def _as_rows(results: Sequence[Result]) -> str:
    """The table as Markdown."""
    lines = table(results).reset_index()
    cells = [list(lines.columns), ["---"] * len(lines.columns), *lines.values.tolist()]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
