"""The six steps of the guided way as sentences: what was measured, looked up in data/measured/."""

from collections import Counter
from dataclasses import dataclass

from course.files import csv_rows, json_objects
from course.measuring import gap, ladder
from course.measuring.ladder import Rung
from course.measuring.provenance import FOLDER
from course.measuring.results import percent, wilson
from widgets.cost.model import VOLUME, verdict
from widgets.cost.presets import course_case
from widgets.decision.answers import Answers
from widgets.decision.model import Advice, advise
from widgets.decision.tables import TRIABLE

HEAD = "MiniLM + logistic regression"
GRADED = ("key", "question", "model", "prompt", "sections", "answer", "first", "second")
TRIED = frozenset(TRIABLE) - {"tuned"}


def ways() -> list[Rung]:
    """Every way to route that was measured on all test tickets, the worst first."""
    return sorted(ladder.read(), key=lambda rung: rung.right)


def title(rung: Rung) -> str:
    """The name of a way, and that the small model answers where it does."""
    return f"small model: {rung.name}" if rung.badge == "measured here: local" else rung.name


def way_in_words(rung: Rung) -> str:
    """What one way reached, how many replies were a queue name at all, and where it was measured."""
    return (
        f"{title(rung)}: {rung.right} of {rung.n} tickets in the right queue, {percent(rung.accuracy)} % "
        f"({percent(rung.low)} to {percent(rung.high)} %); {percent(rung.valid_share)} % of the replies are "
        f"a queue name ({rung.badge})."
    )


@dataclass(frozen=True)
class HandbookReading:
    """How `model` did with so many sections of the handbook before it: `right` of `n` questions."""

    sections: int
    model: str
    right: int
    n: int

    def __str__(self) -> str:
        if not self.sections:
            return (
                f"With nothing to read, {self.model} answered {self.right or 'none'} of {self.n} questions. "
                "Otherwise it said that it does not know."
            )
        low, high = wilson(self.right, self.n)
        shown = "the nearest section" if self.sections == 1 else f"the {self.sections} nearest sections"
        return (
            f"With {shown} in front of it, {self.model} answered {self.right} of {self.n} questions "
            f"correctly, {percent(self.right / self.n)} % ({percent(low)} to {percent(high)} %)."
        )


def handbook() -> list[HandbookReading]:
    """The readings of the handbook by the number of sections, none first."""
    closed = [row["answer"] for _, row in json_objects(FOLDER / "handbook_closed.jsonl")]
    answered = sum("don't know" not in answer for answer in closed)
    readings = [HandbookReading(0, "a large model", answered, len(closed))]
    counts: dict[tuple[int, str], Counter[str]] = {}
    for _, row in csv_rows(FOLDER / "graded_answers.csv", GRADED):
        if row["prompt"] == "sentence":
            counts.setdefault((int(row["sections"]), row["model"]), Counter())[row["first"]] += 1
    return readings + [
        HandbookReading(sections, model, count["right"], count.total())
        for (sections, model), count in sorted(counts.items())
    ]


def bar_in_words(accepted: float) -> str:
    """Which ways are good enough at an accepted share of 0 to 1, and which are not known to be."""
    places = Counter(gap.position((rung.low, rung.high), accepted) for rung in ways())
    best = max(ways(), key=lambda rung: rung.right)
    unsure = places[gap.UNDECIDED]
    too_few = f"; for {unsure} there are too few tickets to tell" if unsure else ""
    return (
        f"At {percent(accepted)} %, {places[gap.ABOVE]} of {places.total()} ways are good enough and "
        f"{places[gap.BELOW]} are not{too_few}. "
        f"The best is '{title(best)}'."
    )


def price_in_words(volume: float) -> str:
    """A prompt against a hosted fine-tune at so many outputs a month, by the course's assumptions."""
    return verdict(course_case().assumptions.with_values({VOLUME: volume})).sentence


def advice(accepted: float, volume: float, changes: str, labels: int) -> Advice:
    """The next step for a team that tried all but tuning, and may use the linear head at best."""
    head = next(rung for rung in ways() if rung.name == HEAD)
    tuned_costs_less = verdict(course_case().assumptions.with_values({VOLUME: volume})).cheaper != "prompt"
    return advise(
        Answers(
            wrong=frozenset({"behaviour"}),
            tried=TRIED,
            prompt_maximised=True,
            curation_budget=True,
            retraining_budget=True,
            evaluation_rows=head.n,
            failure_rate=round(1 - head.accuracy, 12),
            accepted_rate=round(1 - accepted, 12),
            failures_sorted=True,
            spread="alike",
            changes=changes,
            stable_months=12,
            reviewed=False,
            volume=int(volume),
            labels=labels,
            labelled_by="experts",
            cost_says="costs less" if tuned_costs_less else "costs more",
        )
    )
