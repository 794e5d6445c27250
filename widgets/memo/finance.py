"""What the first page says of cost: the next step, the ways and their ranges, and a table of them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from course.measuring.results import Result, percent
from widgets.cost.chance import Spread, chance, ranges
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import VOLUME, Bill, dollars, smallest_changes, verdict
from widgets.cost.presets import rungs
from widgets.cost.units import in_short, with_unit
from widgets.decision.model import Advice
from widgets.decision.rules import rows_missing
from widgets.decision.tables import LIMITS
from widgets.memo.sources import FINE_TUNED, Sources
from widgets.memo.ways import PricedWays, Table, error_kind, shown_ways

_KINDS_OF_COST = {
    "tokens and machines": ("tokens", "hosting"),
    "people's time": ("review", "upkeep", "evaluation", "retraining"),
    "wrong outputs": ("errors",),
}
RANGE_DRAWS = 2_000  # for the ends of a range, which are shown with two digits
# What the bill calls the way that a step tries.
WAY_OF_STEP = {
    "prompt": "prompt",
    "few_shot": "few_shot",
    "retrieved_examples": "retrieved_examples",
    "another_model": "stronger_model",
    "encoder": "encoder",
    "cascade": "cascade",
    "retrieval": "rag",
    "tools": "tools",
    "skill": "skill",
}


def rough(amount: float) -> str:
    """Two digits: the ranges are rougher than that."""
    return f"{float(f'{amount:.2g}'):,.0f}"


def with_range(costs: Assumptions, key: str) -> str:
    """An input of the bill: its base, the ends of its range, and where it is from."""
    estimate = costs.estimates[key]
    ends = f"{in_short(key, estimate.low)} to {in_short(key, estimate.high)}, "
    return f"{with_unit(key, estimate.base)} ({'' if estimate.is_sure else ends}{estimate.kind})"


def cost_table(sources: Sources, ways: PricedWays, shown: Sequence[Result]) -> Table:
    """A row for each way: its cost by kind and in all, where nine draws of ten lie, and its errors.

    `shown` are the results of the measured table, whose ways have a row here.
    """
    heads = (
        f"$ {ways.costs.over}",
        "before the start",
        *_KINDS_OF_COST,
        "in all",
        "9 draws of 10",
        "wrong, %",
    )
    return Table(heads, tuple(_row(sources, ways, name) for name in shown_ways(ways, shown)))


def _row(sources: Sources, ways: PricedWays, name: str) -> tuple[str, ...]:
    bill = ways.bills[name]
    parts = [sum(float(bill.parts[part]) for part in kinds) for kinds in _KINDS_OF_COST.values()]
    amounts = (float(bill.upfront), *parts, float(bill.total))
    error = ways.costs.estimates[f"{name}.error_rate"]
    return (
        APPROACHES[name],
        *(f"{amount:,.0f}" for amount in amounts),
        _range(drawn(ways, name, lambda bill: bill.total)),
        f"{percent(error.base)}, {error_kind(sources, ways, name)}",
    )


def drawn(ways: PricedWays, name: str, amount: Callable[[Bill], Any]) -> Spread:
    """An amount of a way's bill in the draws, beside the way that decides: both see the same months."""
    other = next(each for each in ways.bills if each != ways.own) if name == ways.own else name
    pair = (ways.own, other)
    return ranges(ways.costs.with_approaches(pair, pair), amount, RANGE_DRAWS)[name]


def _range(spread: Spread, sign: str = "") -> str:
    return f"{sign}{rough(spread.low)} to {sign}{rough(spread.high)}"


def cost_sentences(sources: Sources, ways: PricedWays, advice: Advice | None) -> Iterator[str]:
    """The next step, what all is counted with, and what decides against its rivals."""
    costs = ways.costs
    if advice is not None:
        yield _step(sources, ways, advice)
    error, growth = with_range(costs, "case.error_cost"), with_range(costs, "case.growth")
    yield (
        f"Counted with: {with_range(costs, VOLUME)}, growing by {growth}; a wrong output costs "
        f"{error}.{f' {sources.assumed}' if sources.assumed else ''}"
    )
    if ways.rival:
        yield _against(sources, ways)
        yield chance(costs).sentence
    else:
        found = verdict(costs)
        less, more = APPROACHES[found.cheaper], APPROACHES[found.costlier]
        yield f"{less} costs {dollars(found.saving)} less than {more}."


def _against(sources: Sources, ways: PricedWays) -> str:
    """The cheapest fine-tune beside the way that decides, and up to which error rate its lead holds."""
    meets, key = ways.meets, f"{ways.rival}.error_rate"
    rate, more = ways.costs.estimates[key], ways.total(ways.rival) - ways.total(ways.own)
    measured = any(each in FINE_TUNED for each in rungs(sources.rungs))
    if meets and rate.kind == "measured":
        text = "The cheapest fine-tune that meets the bar is"
    elif meets and measured:
        text = f"No fine-tune that was measured meets the bar. By {_a(rate.kind)} rate the cheapest one does:"
    elif meets:
        text = f"No fine-tune was measured. By {_a(rate.kind)} rate the cheapest that meets the bar is"
    else:
        text = "No fine-tune in the bill meets the bar. The cheapest is"
    less = "more" if more > 0 else "less"
    text += (
        f" {APPROACHES[ways.rival]}, {percent(rate.base)}% wrong: {dollars(ways.total(ways.rival))}, "
        f"{dollars(abs(more))} {less} than {APPROACHES[ways.own]}."
    )
    for turn in smallest_changes(ways.costs, [key]):
        side = "From" if turn.value > rate.base else "Up to"
        text += f" {side} {in_short(key, turn.value)} wrong it costs {'more' if more < 0 else 'less'}."
    if meets and rate.kind != "measured":
        text += " Nobody measured it here, so it is no reason to train."
    return text


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def step_rows(sources: Sources, advice: Advice) -> int:
    """How many rows are to be labelled, where the next step is to measure; else 0."""
    if sources.answers is None or advice.next.key != "benchmark":
        return 0
    too_few = max(LIMITS.enough_rows - sources.answers.evaluation_rows, 0)
    return rows_missing(sources.answers) or too_few


def _step(sources: Sources, ways: PricedWays, advice: Advice) -> str:
    """What the next step costs, as far as the bill knows."""
    if rows := step_rows(sources, advice):
        each = ways.costs.estimates["case.label_cost"]
        low, base, high = (rough(rows * amount) for amount in (each.low, each.base, each.high))
        return (
            f"The next step costs about ${base} for labelling {rows:,} test rows "
            f"(${low} to ${high}, {each.kind}); the hours of measuring are not in the bill."
        )
    key = advice.next.key
    name = (ways.rival or ways.own) if key == "fine_tune" else WAY_OF_STEP.get(key, "")
    if key == "stop":
        return "The next step costs nothing beyond what runs now."
    if name not in ways.bills:
        return "The next step has no price in the bill: it takes hours of those who know the task."
    upfront = _range(drawn(ways, name, lambda bill: bill.upfront), "$")
    return (
        f"The next step costs {dollars(float(ways.bills[name].upfront))} before the start, as "
        f"{APPROACHES[name]} ({upfront})."
    )
