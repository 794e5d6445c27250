"""The gap that is left: what the board says against an accepted share, why replies fail, and stop or go on.

Everything here is pure but `rungs_on_board`, which reads the board.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import pandas as pd

from course.errors import CourseError
from course.material.data import Ticket
from course.measuring import board, coding
from course.measuring.climb import corrected
from course.measuring.coding import Readings
from course.measuring.results import LEVEL, READING, Z_95, Result, compare, money, percent, wilson

ABOVE, BELOW, UNDECIDED = "above", "below", "undecided"
STOP, GO_ON, MEASURE_MORE = "stop", "go on", "measure more"
_WHERE = {ABOVE: "above", BELOW: "below", UNDECIDED: "on both sides of"}
ENOUGH_LABELS = 500  # claimed, C094: the least for fine-tuning, in the article of the ten steps
Z_POWER = NormalDist().inv_cdf(0.8)  # of the power that `rows_to_decide` aims at


@dataclass(frozen=True)
class Acceptance:
    """What is good enough, set before looking: the share right of all tickets and of each kind, 0 to 1."""

    overall: float
    every_kind: float

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 < share < 1:
                raise CourseError(f"{name} is {share}; accept a share between 0 and 1, such as 0.9.")


@dataclass(frozen=True)
class GapVerdict:
    """`decision` is STOP, GO_ON or MEASURE_MORE, `rung` the result behind it, `reasons` are sentences."""

    decision: str
    rung: Result
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.decision.upper(), *(f"- {reason}" for reason in self.reasons)])


@dataclass(frozen=True)
class Step:
    """One of the ten steps of lesson 00's map, and the lessons whose rungs on the board belong to it."""

    title: str
    lessons: tuple[str, ...]


STEPS = (
    Step("Read the prompt as a stranger would, and rewrite what is unclear", ("01",)),
    Step("Show a few worked examples", ("02",)),
    Step("Ask a stronger model, and note the extra cost", ("03",)),
    Step("Fix the shape of the reply with a schema or a tool", ("04",)),
    Step("It lacks knowledge: retrieve the text that has it", ("05",)),
    Step("It lacks an ability: give it a tool", ("06",)),
    Step("Measure the gap that is left, on one evaluation set", ()),
    Step("The gap is small, or the bigger model affordable: stop here", ()),
    Step("The gap is large, the task stable, and 500 labelled examples are there: fine-tune", ()),
    Step("Measure again on the same set, and be ready to go back", ("11", "12")),
)


def on_board(name: str, rows: Sequence[Ticket], model: str = "") -> Result | None:
    """The board's newest result of that name and model on exactly these rows, or None."""
    ids = {row.id for row in rows}
    found = [
        result
        for _, result in board.entries()
        if (result.name, result.model) == (name, model) and {row.id for row in result.outcomes} == ids
    ]
    return max(found, key=lambda result: result.created, default=None)


def rungs_on_board(tickets: Sequence[Ticket]) -> list[Result]:
    """The board's results on these tickets or some of them, the best first.

    Of several with one name and model the one with the most rows, and of those the newest.
    """
    queue_of = {ticket.id: ticket.queue for ticket in tickets}
    best: dict[tuple[str, str], Result] = {}
    for _, result in board.entries():
        if all(queue_of.get(row.id) == row.expected for row in result.outcomes):
            key = result.name, result.model
            best[key] = max(best.get(key, result), result, key=lambda each: (each.n, each.created))
    return sorted(best.values(), key=lambda result: result.accuracy, reverse=True)


def position(interval: tuple[float, float], accepted: float) -> str:
    """Where an interval lies: ABOVE when all of it reaches `accepted`, BELOW when none, else UNDECIDED."""
    low, high = interval
    if low >= accepted:
        return ABOVE
    return BELOW if high < accepted else UNDECIDED


def standing(result: Result, acceptance: Acceptance, looks: int = 1) -> str:
    """BELOW when all tickets or one kind are below, ABOVE when all tickets and each kind are above.

    Where the rung is one of several that were looked at on test, `looks` of them, the intervals are wider
    (Bonferroni): the best of many is partly lucky.
    """
    places = [position(part.interval(looks), part.accepted) for part in _parts(result, acceptance)]
    if BELOW in places:
        return BELOW
    return ABOVE if set(places) == {ABOVE} else UNDECIDED


def steps_between(results: Sequence[Result]) -> pd.DataFrame:
    """Each result against the next worse one on the same rows: McNemar's exact p, and Holm's for all of them.

    Columns better, worse, difference (0 to 1), only_better, only_worse (tickets), p, p_holm.
    """
    if len(results) < 2:
        raise CourseError(f"{len(results)} result has no neighbour; give at least two.")
    ordered = sorted(results, key=lambda result: result.accuracy, reverse=True)
    steps = [compare(better, worse) for better, worse in pairwise(ordered)]
    rows = [(step.a, step.b, step.difference, step.only_a, step.only_b, step.p_value) for step in steps]
    table = pd.DataFrame(rows, columns=["better", "worse", "difference", "only_better", "only_worse", "p"])
    return table.assign(p_holm=corrected(steps))


def failures(result: Result, known: Readings) -> pd.DataFrame:
    """Every wrong row: index id; columns code, kind (empty where it was not read), expected, reply, text."""
    rows = {}
    for row in result.outcomes:
        if not row.correct:
            read = coding.of(row, known)
            said = (read.code, read.kind) if read else ("", "")
            rows[row.id] = *said, row.expected, row.reply, row.text
    columns = ["code", "kind", "expected", "reply", "text"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("id")


def failure_counts(result: Result, known: Readings) -> dict[str, int]:
    """How many of the wrong rows somebody read as each kind, all four of them. An unread one is of none."""
    counted = Counter(failures(result, known)["kind"])
    return {kind: counted[kind] for kind in coding.KINDS_OF_FAILURE}


def rows_to_decide(accuracy: float, accepted: float) -> int | None:
    """The rows on which a rung that is truly right on `accuracy` is told from `accepted` 4 times in 5.

    Told: the 95% Wilson interval leaves `accepted` outside; 4 in 5 is the power. None when the two are
    equal: then no number does.
    """
    if accuracy == accepted:
        return None
    # Wilson's interval holds the shares that the score test does not reject; this solves that test for n.
    spread = Z_95 * math.sqrt(accepted * (1 - accepted)) + Z_POWER * math.sqrt(accuracy * (1 - accuracy))
    return math.ceil((spread / (accuracy - accepted)) ** 2)


def corrected_share(passed: float, sensitivity: float, specificity: float) -> float | None:
    """The share that is right, 0 to 1, from the share that a judge passes and its error rates.

    This is Rogan and Gladen's estimate (1978). `sensitivity` is the share of right replies that the judge
    passes, `specificity` the share of wrong ones that it stops. None when it tells right from wrong no better
    than chance: then what it passes says nothing.
    """
    for name, share in (("passed", passed), ("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0 <= share <= 1:
            raise CourseError(f"{name} is {share}; give a share from 0 to 1.")
    better_than_chance = sensitivity + specificity - 1
    if better_than_chance <= 0:
        return None
    return min(1.0, max(0.0, (passed + specificity - 1) / better_than_chance))


def verdict(rungs: Sequence[Result], acceptance: Acceptance, read: Mapping[str, int]) -> GapVerdict:
    """Stop, go on, or measure more, from the rungs that may be used. Give the one that was chosen on dev.

    Several are several looks at test, and each has to do better for it. `read` counts the kinds of the
    failures that somebody read, on dev: `coding.counts()`. Stop when a rung is above what is
    accepted: at the cheapest one, and of those without a known cost at the best. Go on when all are below.
    Otherwise an undecided rung has to be measured on more rows.
    """
    if not rungs:
        raise CourseError("There are 0 rungs to judge; measure at least one on the test tickets.")
    by_standing: dict[str, list[Result]] = {ABOVE: [], UNDECIDED: [], BELOW: []}
    for rung in sorted(rungs, key=lambda rung: rung.accuracy, reverse=True):
        by_standing[standing(rung, acceptance, len(rungs))].append(rung)
    if above := by_standing[ABOVE]:
        chosen = min(above, key=lambda rung: (rung.cost_per_1000 is None, rung.cost_per_1000 or 0))
        decision, reasons = STOP, _caveats(chosen)
    elif undecided := by_standing[UNDECIDED]:
        chosen = undecided[0]
        decision, reasons = MEASURE_MORE, [_more_rows(chosen, acceptance, len(rungs))]
    else:
        chosen = by_standing[BELOW][0]
        decision, reasons = GO_ON, _remedies(read)
    return GapVerdict(decision, chosen, (*_figures(chosen, acceptance, len(rungs)), *reasons))


def checklist(
    lessons: Sequence[str], decided: GapVerdict, acceptance: Acceptance, *, labels: int, stable: bool
) -> pd.DataFrame:
    """The ten steps with what the board says of each: index 1 to 10, columns step and state.

    `lessons` holds the lesson of each rung on the board, `labels` the number of labelled examples, and
    `stable` whether the task will stay as it is, which only the reader knows.
    """
    counts = Counter(lessons)
    measured = [sum(counts[lesson] for lesson in step.lessons) for step in STEPS]
    states = [
        f"{count} rung{'s' * (count != 1)} on the board" if count else "nothing yet" for count in measured
    ]
    gap = acceptance.overall - decided.rung.accuracy
    verdicts = {STOP: "yes: stop", GO_ON: "no: go on", MEASURE_MORE: "not known: measure more"}
    untried = [number for number, count in enumerate(measured[:6], start=1) if not count]
    states[6:9] = [
        f"{decided.rung.name}: {percent(abs(gap))} points {'short' if gap > 0 else 'to spare'}",
        verdicts[decided.decision],
        _ready_to_tune(decided.decision, labels, stable, untried),
    ]
    table = pd.DataFrame({"step": [step.title for step in STEPS], "state": states})
    return table.set_index(pd.RangeIndex(1, len(STEPS) + 1))


def _ready_to_tune(decision: str, labels: int, stable: bool, untried: list[int]) -> str:
    if decision == STOP:
        return "not needed"
    needed = {
        "whether there is a gap": decision == MEASURE_MORE,
        f"steps {', '.join(map(str, untried))}": bool(untried),
        "a stable task": not stable,
        f"{ENOUGH_LABELS - labels} labels": labels < ENOUGH_LABELS,
    }
    missing = "; ".join(what for what, is_missing in needed.items() if is_missing)
    return f"missing: {missing}" if missing else "all conditions hold"


@dataclass(frozen=True)
class _Share:
    """All tickets or one kind of them, and the share of them that is accepted."""

    name: str
    right: int
    n: int
    accepted: float

    def interval(self, looks: int) -> tuple[float, float]:
        return wilson(self.right, self.n, LEVEL / looks)


def _parts(rung: Result, acceptance: Acceptance) -> list[_Share]:
    kinds = rung.slices().itertuples()
    return [
        _Share("all", rung.right, rung.n, acceptance.overall),
        *(_Share(str(kind.Index), kind.right, kind.n, acceptance.every_kind) for kind in kinds),
    ]


def _figures(rung: Result, acceptance: Acceptance, looks: int) -> list[str]:
    """What all tickets and each kind of them say against what is accepted, one sentence each."""
    wider = f" (widened for {looks} rungs)" if looks > 1 else ""
    sentences = []
    for part in _parts(rung, acceptance):
        low, high = part.interval(looks)
        sentences.append(
            f"{rung.name}, {part.name}: {part.right} of {part.n} right, {percent(low)} to {percent(high)}%"
            f"{wider}, {_WHERE[position((low, high), part.accepted)]} the accepted "
            f"{percent(part.accepted)}%."
        )
    return sentences


def _remedies(read: Mapping[str, int]) -> list[str]:
    total = sum(read.values())
    if not total:
        return ["Nobody has read its failures yet: read them before you choose a remedy."]
    return [
        f"{count} of {total} failures that were read are {kind}: {coding.REMEDIES[kind]}."
        for kind, count in sorted(read.items(), key=lambda entry: -entry[1])
        if count
    ]


def _caveats(rung: Result) -> list[str]:
    cost = rung.cost_per_1000
    priced = f"1,000 tickets cost {money(cost)}." if cost is not None else "What it costs was not measured."
    if rung.badge_kind != READING:
        return [priced]
    return [priced, f"It is a {READING}: measure it on your own tickets before you rely on it."]


def _more_rows(rung: Result, acceptance: Acceptance, looks: int) -> str:
    overall, *_ = _parts(rung, acceptance)
    if position(overall.interval(looks), acceptance.overall) != UNDECIDED:
        return "Some kinds have too few tickets to tell: collect more of those."
    needed = rows_to_decide(rung.accuracy, acceptance.overall)
    if needed is None:
        return "It is just what is accepted, so no number of tickets will tell."
    return f"If it is truly right on {percent(rung.accuracy)}%, {needed:,} tickets show it 4 times in 5."
