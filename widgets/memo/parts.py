"""What a decision memo says, as plain parts: its first page, and the evidence of the second.

Everything here is pure. widgets/memo/write.py reads the files, and draws the pages.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from course.material.data import KINDS
from course.measuring import gap
from course.measuring.results import Result, percent
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import (
    VOLUME,
    Bill,
    TurningPoint,
    dollars,
    label,
    per_day,
    place_in_range,
    smallest_changes,
    verdict,
)
from widgets.cost.presets import rungs
from widgets.decision.answers import Answers
from widgets.decision.model import Advice, advise
from widgets.decision.tables import QUESTION, TRIABLE
from widgets.decision.words import named
from widgets.memo.finance import with_range
from widgets.memo.sources import (
    ANSWERS,
    BOARD,
    COSTS,
    FILLED_BY,
    Sources,
    deciding_rung,
    disagreements,
    saved_before,
)
from widgets.memo.summary import (
    DECIDES,
    NOBODY_NAMED,
    OpenPoint,
    Section,
    about,
    missing_for_tuning,
    recommendation,
    sections,
)
from widgets.memo.ways import (
    PricedWays,
    in_memo_words,
    origin,
    priced_ways,
    turned,
)

# $ over all months, by what they are spent on.
KINDS_OF_COST = {
    "tokens, machines": ("tokens", "hosting"),
    "people's time": ("review", "upkeep", "evaluation", "retraining"),
    "wrong outputs": ("errors",),
}
LINES = 5  # in the cost table
NAMED = 3  # of each kind of open point, and of the inputs that turn the verdict
_HASH_OF_MERGED = re.compile(r"(-v\d+)-[0-9a-f]{8}$")  # of a served adapter; its own hash is on the page


@dataclass(frozen=True)
class LadderRow:
    """A measured result on the ladder, with the lesson that it comes from.

    `where` says where its interval lies against the accepted share, `decides` whether the answers rest on it.
    """

    lesson: str
    result: Result
    where: str
    decides: bool

    @property
    def badge(self) -> str:
        """Where the result comes from; the machine, the day and an adapter's hash are below the ladder."""
        return _HASH_OF_MERGED.sub(r"\1", re.split(" on |, ", self.source)[0])

    @property
    def source(self) -> str:
        """The same in full."""
        return self.result.badge.replace(self.result.badge_kind, origin(self.result), 1)

    @property
    def kinds(self) -> tuple[tuple[int, int], ...]:
        """(right, n) of each of KINDS."""
        by_kind = [[one.correct for one in self.result.outcomes if one.slice == kind] for kind in KINDS]
        return tuple((sum(correct), len(correct)) for correct in by_kind)


class CostLine(NamedTuple):
    """One approach with its bill, the share of wrong outputs that it counts with, and whether it decides."""

    key: str
    name: str
    bill: Bill
    error: str
    decides: bool

    @property
    def amounts(self) -> tuple[str, ...]:
        """$ before the start, over all months for each of `KINDS_OF_COST`, and in all."""
        parts = [sum(float(self.bill.parts[part]) for part in kind) for kind in KINDS_OF_COST.values()]
        return tuple(f"{each:,.0f}" for each in (float(self.bill.upfront), *parts, float(self.bill.total)))


@dataclass(frozen=True)
class Costs:
    """The approaches that matter, the most expensive last, the others in words, and notes."""

    over: str
    lines: tuple[CostLine, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """All parts of the page. `missing` says for each absent part what is not there and what fills it."""

    title: str
    written: str
    about: str
    recommendation: str
    sections: tuple[Section, ...]
    case: tuple[tuple[str, str], ...]
    ladder: tuple[LadderRow, ...]
    ladder_notes: tuple[str, ...]
    accepted: float | None
    costs: Costs | None
    advice: Advice | None
    open_points: tuple[OpenPoint, ...]
    versions: tuple[tuple[str, str], ...]
    missing: Mapping[str, str]

    @property
    def kinds_of_cost(self) -> tuple[str, ...]:
        """What the costs of each way are spent on."""
        return tuple(KINDS_OF_COST)

    @property
    def kinds(self) -> tuple[str, ...]:
        """KINDS where rows have one; a reader's own rows have none."""
        return KINDS if any(n for row in self.ladder for _, n in row.kinds) else ()


def content(title: str, written: str, sources: Sources, decides: str = "", by: str = "") -> Content:
    """The memo of these sources. A part without its source is named in `missing`, and nothing replaces it.

    `decides` is who decides, and `by` the day until which.
    """
    answers, costs = sources.answers, sources.costs
    accepted = None if answers is None else 1 - answers.accepted_rate
    ladder = _ladder(sources, accepted)
    ways = priced_ways(sources)
    turning = [] if ways is None else smallest_changes(ways.costs)
    present = {BOARD: sources.rungs, COSTS: costs, ANSWERS: answers}
    unfilled = {name: FILLED_BY[name] for name, part in present.items() if not part} | {**sources.faults}
    advice = None if answers is None else advise(answers)
    open_points = (
        *(OpenPoint("missing", f"{name} is not there or cannot be used.") for name in unfilled),
        *_open_points(sources, ways, advice, ladder, turning),
    )
    nobody = {} if decides and by else {DECIDES: NOBODY_NAMED}
    return Content(
        title=title,
        written=written,
        about=about(sources, ways),
        recommendation=recommendation(sources, ways, advice),
        sections=sections(sources, ways, turning, advice, open_points, decides, by),
        case=tuple(_case(answers, costs)),
        ladder=ladder,
        ladder_notes=tuple(_ladder_notes(sources, ladder)),
        accepted=accepted,
        costs=None if ways is None else _costs(sources, ways, turning),
        advice=advice,
        open_points=open_points,
        versions=tuple(_versions(sources)),
        missing=unfilled | nobody,
    )


# The case


def _case(answers: Answers | None, costs: Assumptions | None) -> Iterator[tuple[str, str]]:
    if costs is not None:
        volume = costs.estimates[VOLUME]
        yield "Volume", f"{volume.base:,.0f} outputs a month at the start ({per_day(volume.base)})"
    elif answers is not None:
        yield "Volume", f"{QUESTION['volume'].said(answers.volume)} ({per_day(answers.volume)})"
    if answers is not None:
        yield "What is wrong", named(answers)
        yield "Wrong outputs accepted", f"{percent(answers.accepted_rate)}%"
        stays = QUESTION["stable_months"].said(answers.stable_months)
        changed = QUESTION["changes"].said(answers.changes)
        yield "Requirements", f"changed so far: {changed}; they will stay as they are for {stays}"
        yield "Review", "a person reviews each output" if answers.reviewed else "nobody reviews the outputs"
        by, task = (QUESTION[name].said(getattr(answers, name)) for name in ("labelled_by", "task"))
        yield "Labelled examples", f"{answers.labels:,}, labelled by: {by}; {task}"
    if costs is not None:
        for key in ("case.error_cost", "case.rate"):
            yield label(key), with_range(costs, key)
    if answers is not None:
        tried = "; ".join(text.lower() for key, text in TRIABLE.items() if key in answers.tried)
        yield "Tried and measured", tried or "nothing"


# The ladder


def _ladder(sources: Sources, accepted: float | None) -> tuple[LadderRow, ...]:
    """The best rung of each lesson, model and badge, and the one that the answers rest on, cheapest first."""
    lesson_of = {_identity(result): lesson for lesson, result in sources.board}
    measured = [(lesson_of[_identity(result)], result) for result in reversed(sources.rungs)]
    measured.sort(key=lambda row: (row[1].n, row[1].accuracy))
    # The last of a key is kept: that of the most rows, and of those the most accurate.
    best = {(lesson, result.model, result.badge_kind): result for lesson, result in measured}
    deciding = deciding_rung(sources)
    chosen = [row for row in measured if row[1] in best.values() or row[1] == deciding]
    chosen.sort(key=lambda row: (row[1].cost_per_1000 is None, row[1].cost_per_1000 or 0.0, -row[1].accuracy))
    return tuple(
        LadderRow(
            lesson,
            result,
            where="" if accepted is None else gap.position(result.interval, accepted),
            decides=result == deciding,
        )
        for lesson, result in chosen
    )


def _identity(result: Result) -> tuple[str, str, int, str]:
    return result.name, result.model, result.n, result.created


def _ladder_notes(sources: Sources, ladder: Sequence[LadderRow]) -> Iterator[str]:
    if not sources.rungs:
        return
    days = sorted(result.created[:10] for result in sources.rungs)
    on = f"on {days[0]}" if days[0] == days[-1] else f"from {days[0]} to {days[-1]}"
    yield f"All were judged {on}; a day in a source is when the model answered."
    longer = sorted({row.source for row in ladder if row.badge != row.source})
    if longer:
        yield f"Sources in full: {'; '.join(longer)}."
    left_out = len(sources.rungs) - len(ladder)
    if left_out:
        are = "another one is" if left_out == 1 else f"{left_out} others are"
        yield f"Only the best way of each lesson, model and source is shown; {are} in the file of results."
    routes = {(rung.name, rung.model) for rung in sources.rungs}
    other_rows = sum((result.name, result.model) not in routes for _, result in sources.board)
    if other_rows:
        yield f"{other_rows} more were measured on other rows and are not shown."


# The costs


def _costs(sources: Sources, ways: PricedWays, turning: Sequence[TurningPoint]) -> Costs:
    """The pair, what is on the board, what was measured elsewhere, the rest; the cheapest of each first."""
    costs, priced = ways.costs, ways.bills
    errors = {name: costs.estimates[f"{name}.error_rate"] for name in costs.approaches}
    on_board = rungs(sources.rungs)

    def rank(name: str) -> tuple[bool, bool, bool]:
        return name not in costs.pair, name not in on_board, errors[name].kind != "measured"

    ranked = sorted(priced, key=rank)
    shown = [name for name in priced if name in ranked[:LINES]]
    lines = tuple(
        CostLine(name, APPROACHES[name], priced[name], _error(sources, ways, name), name == ways.own)
        for name in shown
    )
    left_out = tuple(
        f"{APPROACHES[name]} {dollars(ways.total(name))} ({_error(sources, ways, name)})"
        for name in priced
        if name not in shown
    )
    other = APPROACHES[verdict(costs).costlier]
    named = dict.fromkeys((*turning[:NAMED], *_unmeasured(costs, turning)))
    turns = (f"{turned(costs, turn)}, {place_in_range(costs, turn)} its range" for turn in named)
    ends = [f"'{other}' costs less {'; '.join(turns).replace('If', 'if')}."] if named else []
    return Costs(costs.over, lines, left_out, (*_cost_notes(ways, shown), *ends))


def _error(sources: Sources, ways: PricedWays, name: str) -> str:
    """The share of wrong outputs that a way is billed with, and where it is from."""
    rate, rung = ways.costs.estimates[f"{name}.error_rate"], rungs(sources.rungs).get(name)
    return f"{percent(rate.base)}%, {origin(rung) if rung and rate.kind == 'measured' else rate.kind}"


def _cost_notes(ways: PricedWays, shown: Sequence[str]) -> Iterator[str]:
    """What the prices are for, and which cheaper ways nobody measured."""
    estimates, own = ways.costs.estimates, APPROACHES[ways.own]
    if by_token := [APPROACHES[name] for name in shown if estimates[f"{name}.input_price"].base]:
        yield (
            "Priced with a vendor's model, paid by the token, also where an open one was tested: "
            f"{'; '.join(by_token)}. All else runs on a rented machine: it costs the same each month however "
            "much it answers. The cost of 1,000 above is that of the machine on which the rows were answered."
        )
    yield "Wrong outputs count from today on, at today's rate until a way is live."
    yield "Each way is priced in the form that is right most often."
    cheaper = [name for name in ways.bills if ways.total(name) < ways.total(ways.own)]
    guessed = [name for name in cheaper if estimates[f"{name}.error_rate"].kind != "measured"]
    if listed := "; ".join(APPROACHES[name] for name in guessed):
        yield f"Cheaper than '{own}', but with errors that nobody measured: {listed}."


# What is open


def _open_points(
    sources: Sources,
    ways: PricedWays | None,
    advice: Advice | None,
    ladder: Sequence[LadderRow],
    turning: Sequence[TurningPoint],
) -> Iterator[OpenPoint]:
    if advice is not None:
        for contradiction in advice.contradictions:
            yield OpenPoint("contradiction", contradiction.text)
        if lacking := missing_for_tuning(advice):
            yield OpenPoint("not ready", f"Missing for any fine-tuning: {'; '.join(lacking)}.")
        if open_ := [point.title for point in advice.checks if not point.holds]:
            yield OpenPoint(
                "checks",
                f"Of ten statements that should be true before fine-tuning, {len(open_)} are not: "
                f"{in_memo_words('; '.join(open_))}.",
            )
    if ways is not None:
        yield from _unmeasured_costs(ways.costs, turning)
    if sources.assumed:
        yield OpenPoint("assumed", sources.assumed)
    if sources.not_billed:
        yield OpenPoint("not billed", sources.not_billed)
    sizes = sorted({row.result.n for row in ladder})
    if len(sizes) > 1:
        yield OpenPoint(
            "sets",
            f"The ways were measured on {' and on '.join(map(str, sizes))} rows, which cannot be compared "
            "row by row.",
        )
    yield from (OpenPoint("updated", text) for text in sources.updates)
    yield from (OpenPoint("files differ", text) for text in disagreements(sources))
    yield from (OpenPoint("older", text) for text in saved_before(sources))


def _unmeasured_costs(costs: Assumptions, turning: Sequence[TurningPoint]) -> Iterator[OpenPoint]:
    if unmeasured := [label(change.key) for change in _unmeasured(costs, turning)]:
        pair = (f"'{APPROACHES[name]}'" for name in costs.pair)
        yield OpenPoint(
            "assumed",
            f"Whether {' or '.join(pair)} costs less depends on inputs that nobody measured: "
            f"{'; '.join(unmeasured)}.",
        )


def _unmeasured(costs: Assumptions, turning: Sequence[TurningPoint]) -> list[TurningPoint]:
    """The nearest of the inputs that can turn the verdict inside their range and that nobody measured."""
    kinds = ("assumed", "claimed")
    return [turn for turn in turning if turn.is_plausible and costs.estimates[turn.key].kind in kinds][:NAMED]


# Versions


def _versions(sources: Sources) -> Iterator[tuple[str, str]]:
    yield from sources.versions
    for adapter in sources.adapters:
        card = adapter.card
        if any(f"+{adapter.label}-" in rung.model for rung in sources.rungs):
            yield (
                f"Trained addition to a model (adapter) {adapter.label}",
                f"{card.sha256[:12]}, {card.date[:10]}, {card.examples} examples (data "
                f"{card.data_sha256[:12]}), base {card.base_sha256[:12]}",
            )
    if sources.again:
        yield "To measure it again", sources.again
    if sources.dates:
        yield (
            "Files of the author, which this memo is made from",
            ", ".join(f"{name} of {date}" for name, date in sources.dates.items()),
        )
