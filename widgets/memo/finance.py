"""What the first page says of cost: the next step, the ways and their ranges, and a table of them."""

from collections.abc import Iterator

from course.measuring.results import percent
from widgets.cost.chance import Spread, chance, ranges
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import VOLUME, Bill, bills, dollars, smallest_changes, verdict
from widgets.cost.presets import rungs
from widgets.cost.units import in_short, with_unit
from widgets.decision.model import Advice
from widgets.decision.rules import rows_missing
from widgets.decision.tables import LIMITS
from widgets.memo.sources import FINE_TUNED, Sources
from widgets.memo.ways import Table, error_kind, own_way, rival, shown_ways, totals

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


def cost_table(sources: Sources, costs: Assumptions) -> Table:
    """A row for each way: its cost by kind and in all, where nine draws of ten lie, and its errors."""
    priced = bills(costs)
    heads = (
        f"$ {costs.over}",
        "before the start",
        *_KINDS_OF_COST,
        "in all",
        "9 draws of 10",
        "wrong, %",
    )
    return Table(
        heads, tuple(_row(sources, costs, name, priced[name]) for name in shown_ways(sources, costs))
    )


def _row(sources: Sources, costs: Assumptions, name: str, bill: Bill) -> tuple[str, ...]:
    parts = [sum(float(bill.parts[part]) for part in kinds) for kinds in _KINDS_OF_COST.values()]
    amounts = (float(bill.upfront), *parts, float(bill.total))
    spread = total_range(sources, costs, name)
    error = costs.estimates[f"{name}.error_rate"]
    return (
        APPROACHES[name],
        *(f"{amount:,.0f}" for amount in amounts),
        f"{rough(spread.low)} to {rough(spread.high)}",
        f"{percent(error.base)}, {error_kind(sources, costs, name)}",
    )


def total_range(sources: Sources, costs: Assumptions, name: str) -> Spread:
    """The total of a way in the draws, each beside the way that decides, so that both see the same months."""
    own = own_way(sources, costs)
    other = next(each for each in costs.approaches if each != own) if name == own else name
    pair = (own, other)
    return ranges(costs.with_approaches(pair, pair), lambda bill: bill.total, RANGE_DRAWS)[name]


def cost_sentences(sources: Sources, costs: Assumptions, advice: Advice | None) -> Iterator[str]:
    """The next step, what all is counted with, and what decides against its rivals."""
    if advice is not None:
        yield _step(sources, costs, advice)
    error, growth = with_range(costs, "case.error_cost"), with_range(costs, "case.growth")
    yield (
        f"Counted with: {with_range(costs, VOLUME)}, growing by {growth}; a wrong output costs "
        f"{error}.{f' {sources.assumed}' if sources.assumed else ''}"
    )
    if against := rival(sources, costs):
        yield _against(sources, costs, *against)
        pair = (own_way(sources, costs), against[0])
        yield f"With all inputs drawn at once: {chance(costs.with_approaches(pair, pair)).sentence}"
    else:
        found = verdict(costs)
        less, more = APPROACHES[found.cheaper], APPROACHES[found.costlier]
        yield f"{less} costs {dollars(found.saving)} less than {more}."


def _against(sources: Sources, costs: Assumptions, name: str, meets: bool) -> str:
    """The cheapest fine-tune beside the way that decides, and up to which error rate its lead holds."""
    own, priced = own_way(sources, costs), totals(costs)
    key = f"{name}.error_rate"
    rate, more = costs.estimates[key], priced[name] - priced[own]
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
        f" {APPROACHES[name]}, {percent(rate.base)}% wrong: {dollars(priced[name])}, "
        f"{dollars(abs(more))} {less} than {APPROACHES[own]}."
    )
    pair = (own, name)
    for turn in smallest_changes(costs.with_approaches(pair, pair), [key]):
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


def _step(sources: Sources, costs: Assumptions, advice: Advice) -> str:
    """What the next step costs, as far as the bill knows."""
    if rows := step_rows(sources, advice):
        each = costs.estimates["case.label_cost"]
        low, base, high = (rough(rows * amount) for amount in (each.low, each.base, each.high))
        return (
            f"The next step costs about ${base} for labelling {rows:,} test rows "
            f"(${low} to ${high}, {each.kind}); the hours of measuring are not in the bill."
        )
    key = advice.next.key
    name = own_way(sources, costs) if key == "fine_tune" else WAY_OF_STEP.get(key, "")
    if key == "fine_tune" and (against := rival(sources, costs)):
        name = against[0]
    if key == "stop":
        return "The next step costs nothing beyond what runs now."
    if name not in costs.approaches:
        return "The next step has no price in the bill: it takes hours of those who know the task."
    own = own_way(sources, costs)
    other = next(each for each in costs.approaches if each != name) if name == own else own
    spread = ranges(costs.with_approaches((name, other), (name, other)), lambda bill: bill.upfront)[name]
    upfront = float(bills(costs, approaches=(name,))[name].upfront)
    return (
        f"The next step costs {dollars(upfront)} before the start, as {APPROACHES[name]} "
        f"(${rough(spread.low)} to ${rough(spread.high)})."
    )
