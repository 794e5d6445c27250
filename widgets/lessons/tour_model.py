"""The six steps of the guided way as sentences: what was measured, looked up in data/measured/."""

from collections import Counter
from dataclasses import dataclass

from course.files import csv_rows, json_objects
from course.measuring import gap, ladder
from course.measuring.ladder import Rung
from course.measuring.provenance import FOLDER, Counted
from course.measuring.results import percent, wilson
from course.rungs import few_shot, three_sizes
from widgets.cost.model import VOLUME, verdict
from widgets.cost.presets import course_case
from widgets.decision.answers import Answers
from widgets.decision.model import Advice, advise
from widgets.decision.tables import TRIABLE

HEAD = "MiniLM + logistic regression"
GRADED = ("key", "question", "model", "prompt", "sections", "answer", "first", "second")
SMALL = "small model: "
# The prompts of the ladder that the sweep of step 1 has as well, by its choice and number of examples.
IN_STEP_1 = {
    "queue names in the prompt": ("fixed", 0),
    "2 fixed examples": ("fixed", 2),
    "5 fixed examples": ("fixed", 5),
    "18 fixed examples": ("fixed", 18),
    "5 retrieved examples": ("retrieved", 5),
}
TRIED = frozenset(TRIABLE) - {"tuned"}


@dataclass(frozen=True)
class Way:
    """One way to route the test tickets, what it reached, and where that was measured."""

    name: str
    reached: Counted
    source: str

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the share right."""
        return self.reached.low, self.reached.high

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.name}: {self.reached.right} of {self.reached.n} tickets in the right queue, "
            f"{percent(self.reached.accuracy)}% ({percent(low)} to {percent(high)}%); "
            f"{percent(self.reached.valid_share)}% of the replies are a queue name ({self.source})."
        )


def ways() -> list[Way]:
    """Every way to route that was measured on all test tickets, the worst first.

    Prompts that step 1 shows too have its readings, so that one prompt has one figure.
    """
    swept = {(reading.choice, reading.count): reading for reading in few_shot.read()}
    in_step_1 = [
        Way(f"{SMALL}{name}", swept[place], f"as in step 1, measured {swept[place].date}")
        for name, place in IN_STEP_1.items()
    ]
    ladders = [_of_ladder(rung) for rung in ladder.read() if rung.name not in IN_STEP_1]
    large = [
        Way(f"large model on this machine: {reading.rung}", reading, f"measured here, {reading.date}")
        for reading in three_sizes.read()
        if (reading.size, reading.task) == ("large", three_sizes.ROUTING)
    ]
    return sorted([*in_step_1, *ladders, *large], key=lambda way: way.reached.right)


def _of_ladder(rung: Rung) -> Way:
    if rung.badge == "measured here: local":
        name = f"{SMALL}{rung.name}"
    else:
        name = rung.name.replace("large model:", "a large Claude:")
    return Way(name, rung, f"{rung.badge}; counted {rung.date}")


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
            f"correctly, {percent(self.right / self.n)}% ({percent(low)} to {percent(high)}%)."
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
    places = Counter(gap.position(way.interval, accepted) for way in ways())
    best = ways()[-1]
    unsure = places[gap.UNDECIDED]
    too_few = f"; for {unsure} there are too few tickets to tell" if unsure else ""
    return (
        f"At {percent(accepted)}%, {places[gap.ABOVE]} of {places.total()} ways are good enough and "
        f"{places[gap.BELOW]} are not{too_few}. "
        f"The best is '{best.name}'."
    )


def price_in_words(volume: float) -> str:
    """A prompt against a hosted fine-tune at so many outputs a month, by the course's assumptions."""
    return verdict(course_case().assumptions.with_values({VOLUME: volume})).sentence


def advice(accepted: float, volume: float, changes: str, labels: int) -> Advice:
    """The next step for a team that tried all but tuning, and may use the linear head at best."""
    head = next(way.reached for way in ways() if way.name == HEAD)
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
