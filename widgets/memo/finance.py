"""The first page's table of the ways, and what it says of their cost."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from course.measuring import gap
from course.measuring.results import READING, Z_95, Result, percent
from widgets.cost.chance import Spread, chance, ranges
from widgets.cost.inputs import APPROACHES, MEANINGS, Assumptions
from widgets.cost.model import VOLUME, Bill, bills, dollars, smallest_changes
from widgets.cost.presets import approach_of
from widgets.cost.units import in_short, with_unit
from widgets.decision.answers import Answers
from widgets.decision.model import Advice
from widgets.decision.rules import rows_missing
from widgets.decision.tables import LIMITS
from widgets.memo.sources import Sources, deciding_rung
from widgets.memo.ways import (
    NOTHING_TO_JUDGE,
    PricedWays,
    Table,
    TableRow,
    best_of_smaller,
    called,
    in_memo_words,
    kind_of_rows,
    meeting,
    origin,
    origins_explained,
    rows_of,
    to_ask,
)

HEADS = (
    "rows",
    "right, %",
    "95% interval",
    "the bar",
    "$ up front",
    "$ in all",
    "of it, wrong",
    "$ in 9 of 10 simulations",
    "answers",
)
_AGAINST = {gap.ABOVE: "met", gap.BELOW: "missed", gap.UNDECIDED: "undecided"}
RANGE_DRAWS = 2_000  # for the ends of a range, which are shown with two digits
# What the bill calls the way that a step tries.
_SAME = ("prompt", "few_shot", "retrieved_examples", "encoder", "cascade", "tools", "skill")
WAY_OF_STEP = {name: name for name in _SAME} | {"another_model": "stronger_model", "retrieval": "rag"}


def rough(amount: float) -> str:
    """Two digits: the ranges are rougher than that."""
    return f"{float(f'{amount:.2g}'):,.0f}"


def with_range(costs: Assumptions, key: str) -> str:
    """An input of the bill: its base, the ends of its range, and where it is from."""
    return f"{with_unit(key, costs.estimates[key].base)} ({_ends(costs, key)})"


def _ends(costs: Assumptions, key: str) -> str:
    estimate = costs.estimates[key]
    ends = f"{in_short(key, estimate.low)} to {in_short(key, estimate.high)}, "
    return f"{'' if estimate.is_sure else ends}{estimate.kind}"


def table(sources: Sources, ways: PricedWays | None) -> Table:
    """A row for each way of the first page: what was measured of it against the bar, and what it costs."""
    over = f"way, {ways.costs.over}" if ways else "way"
    shown = rows_of(sources, ways)
    rows = tuple(_row(sources, ways, *row) for row in shown)
    return Table((over, *HEADS), rows, origins_explained(result for result, _ in shown if result))


def _row(sources: Sources, ways: PricedWays | None, result: Result | None, way: str) -> TableRow:
    deciding = deciding_rung(sources)
    if result is None:
        assert ways is not None  # what was not measured comes from the bill
        rate = ways.costs.estimates[f"{way}.error_rate"]
        elsewhere = rate.kind == "measured"
        where = "-" if elsewhere else "not measured"
        ends = f"{'' if elsewhere else f'{rate.kind} '}{_interval(1 - rate.high, 1 - rate.low)}"
        measured = ("-", percent(1 - rate.base), ends, where)
        name, note = APPROACHES[way], in_memo_words(MEANINGS[way])
        source = "elsewhere" if elsewhere else rate.kind
    else:
        bar = None if sources.answers is None else 1 - sources.answers.accepted_rate
        where = "no bar" if bar is None else _AGAINST[gap.position(result.interval, bar)]
        if where == "met" and result.badge_kind == READING:
            where = "met, to confirm"
        rows = f"{result.n:,} {kind_of_rows(result)}"
        measured = (rows, percent(result.accuracy), _interval(*result.interval), where)
        approach = approach_of(result) or ""
        name, source = called(result).strip("'"), origin(result)
        note = f"{in_memo_words(MEANINGS[approach])} Tested as '{result.name}'." if approach else ""
    cost = _cost(ways, way) if ways and way else ("-",) * 4
    decides = result is not None and result == deciding
    return TableRow(name, note, (*measured, *cost, source), decides)


def _interval(low: float, high: float) -> str:
    return f"{percent(low)} to {percent(high)}"


def _cost(ways: PricedWays, name: str) -> tuple[str, ...]:
    bill = ways.bills[name]
    amounts = (bill.upfront, bill.total, bill.parts["errors"])
    spread = drawn(ways, name, lambda one: one.total)
    return (*(f"{float(amount):,.0f}" for amount in amounts), _range(spread))


def drawn(ways: PricedWays, name: str, amount: Callable[[Bill], Any]) -> Spread:
    """An amount of a way's bill in the draws, beside the way that decides: both see the same months."""
    return ranges(_beside(ways, name), amount, RANGE_DRAWS)[name]


def _beside(ways: PricedWays, name: str) -> Assumptions:
    """The bill of a way and of the one that decides, or of any other where it is that one."""
    other = next(each for each in ways.bills if each != ways.own) if name == ways.own else name
    pair = (ways.own, other)
    return ways.costs.with_approaches(pair, pair)


def _range(spread: Spread, sign: str = "") -> str:
    return f"{sign}{rough(spread.low)} to {sign}{rough(spread.high)}"


def cost_sentences(sources: Sources, ways: PricedWays, advice: Advice | None) -> Iterator[str]:
    """What the next step costs and saves, what fine-tuning would, and what all of it is counted with."""
    costs = ways.costs
    each = costs.estimates["case.error_cost"]
    if advice is not None:
        yield f"{_step(sources, ways, advice)} {_saving(ways, advice)}"
    wrong = dollars(float(ways.bills[ways.own].parts["errors"]))
    yield (
        f"Using '{APPROACHES[ways.own]}', our reference, costs about "
        f"{dollars(ways.total(ways.own))} {costs.over}, {wrong} of it for wrong outputs at "
        f"{in_short('case.error_cost', each.base)} each ({_ends(costs, 'case.error_cost')}).{_today(ways)}"
    )
    if ways.rival:
        yield _rival(ways)
    assumed = f" {sources.assumed}" if sources.assumed else ""
    yield f"Counted with {with_range(costs, VOLUME)}, growing by {with_range(costs, 'case.growth')}.{assumed}"


def _today(ways: PricedWays) -> str:
    """What the way that is taken to run today costs, where the bill takes one and it is not the reference."""
    today = ways.costs.estimates["case.rate_now"].follows
    if today not in ways.bills or today == ways.own:
        return ""
    cost, more = ways.total(today), ways.total(today) - ways.total(ways.own)
    beside = f"{dollars(cost)}, {dollars(abs(more))} {_less(-more)}"
    waiting = f" (about {dollars(more / ways.costs.horizon)} a month)" if more > 0 else ""
    return f" Staying with '{APPROACHES[today]}', as if it ran today, costs {beside}{waiting}."


def _saving(ways: PricedWays, advice: Advice) -> str:
    """What the next step is expected to save, or that nothing is claimed, and why."""
    over, key = ways.costs.over, advice.next.key
    if key == "fine_tune" and ways.rival:
        saved = ways.total(ways.own) - ways.total(ways.rival)
        if saved > 0:
            later = f"{over.capitalize()} it is expected to save {dollars(saved)}, as follows."
            return f"The step itself saves nothing now. {later}"
    why = {
        "stop": "nothing changes",
        "benchmark": "it only measures",
        "fine_tune": "in the bill it does not cost less than what is there",
    }.get(key, "nobody has measured yet what it brings")
    return f"No saving is claimed for this step, either now or {over}: {why}."


def _rival(ways: PricedWays) -> str:
    """The cheapest fine-tune beside the way that decides, and up to which error rate its lead holds."""
    key, costs = f"{ways.rival}.error_rate", ways.costs
    rate, more = costs.estimates[key], ways.total(ways.rival) - ways.total(ways.own)
    named, wrong = f"'{APPROACHES[ways.rival]}'", f"{percent(rate.base)}% wrong"
    shown = "has been shown to meet" if ways.meets else "reaches"
    text = f"No fine-tune {shown} the bar. " if rate.kind != "measured" or not ways.meets else ""
    if rate.kind == "measured":
        reaches = " whose measured share of wrong outputs meets the bar" if ways.meets else ""
        text += f"The cheapest fine-tune{reaches} is {named}, {wrong}. It costs"
    else:
        text += f"Nobody has measured {named}. At {wrong}, as {rate.kind}, it would cost"
    text += f" about {dollars(abs(more))} {_less(-more)} than '{APPROACHES[ways.own]}'"
    for turn in smallest_changes(costs, [key]):
        side = "from" if turn.value > rate.base else "up to"
        text += f"; {side} {in_short(key, turn.value)} wrong it would cost {_less(more)}"
    found = chance(costs)
    low, high = found.difference.low, found.difference.high
    return (
        f"{text}. Of {found.n:,} simulations within the ranges it costs less in "
        f"{percent(found.cheaper[ways.rival])}%; in nine of ten the difference lies between "
        f"${rough(abs(low))} {_less(low)} and ${rough(abs(high))} {_less(high)}."
    )


def _less(saved: float) -> str:
    return "less" if saved >= 0 else "more"


def step_rows(sources: Sources, advice: Advice) -> int:
    """How many test rows the next step labels: to measure, or to be judged at all where there are too few."""
    answers, deciding, key = sources.answers, deciding_rung(sources), advice.next.key
    if answers is None:
        return 0
    if key == "benchmark":
        return rows_missing(answers) or max(LIMITS.enough_rows - answers.evaluation_rows, 0)
    if deciding is None or key in (*NOTHING_TO_JUDGE, "fine_tune") or meeting(answers, deciding.n):
        return 0
    return max(LIMITS.enough_rows, _least_rows(answers)) - deciding.n


def _least_rows(answers: Answers) -> int:
    """The fewest rows on which the bar can be met, all of them right."""
    return math.ceil(Z_95**2 * (1 - answers.accepted_rate) / answers.accepted_rate)


def step_in_words(sources: Sources, ways: PricedWays | None, advice: Advice) -> str:
    """What is done next, as it follows "to": whole, with who answers the new rows or which model is tried."""
    rows = step_rows(sources, advice)
    if rows and advice.next.key == "benchmark":
        asked = " and ".join(called(each) for each in to_ask(sources, ways))
        return f"label about {rows:,} more test rows{f', and let {asked} answer them' if asked else ''}"
    title = advice.next.title[0].lower() + advice.next.title[1:]
    model = sources.next_model if advice.next.key == "another_model" else ""
    judged = f", and label about {rows:,} more test rows to judge it" if rows else ""
    return f"{title}{f', {model}' if model else ''}{judged}"


def _step(sources: Sources, ways: PricedWays, advice: Advice) -> str:
    """What the next step costs, as far as the bill knows, what it takes, and whether it can show success."""
    key, rows = advice.next.key, step_rows(sources, advice)
    if rows and key == "benchmark":
        so_far = f" {sources.rows_so_far}" if sources.rows_so_far else ""
        return (
            f"The next step costs about {_labelling(ways, rows)} for labelling {rows:,} test rows, real ones "
            f"that people label. An engineer's hours are not counted.{so_far}"
        )
    if key == "stop":
        return "The next step costs nothing beyond what runs now."
    name = (ways.rival or ways.own) if key == "fine_tune" else WAY_OF_STEP.get(key, "")
    if not name:
        return "The next step costs hours of those who know the task, which are not counted."
    costs = _beside(ways, name)
    hours = costs.estimates[f"{name}.setup_hours"]
    upfront = _range(drawn(ways, name, lambda bill: bill.upfront), "$")
    first = float(bills(costs)[name].upfront)
    labelling = (
        f"; about {_labelling(ways, rows)} are for {rows:,} more test rows that people label" if rows else ""
    )
    in_all = f"about {dollars(first + rows * costs.estimates['case.label_cost'].base)} in all: "
    said = (
        f"The next step costs {in_all if rows else ''}{dollars(first)} ({upfront}) before the start, "
        f"priced as '{APPROACHES[name]}'; {hours.base:,.0f} hours of an engineer are in it "
        f"({hours.low:,.0f} to {hours.high:,.0f}, {hours.kind}){labelling}."
    )
    if key == "another_model" and sources.next_model:
        said += f" There are no fees: {sources.next_model}, a larger open model, runs on our own machine."
        if best := best_of_smaller(sources):
            said += f" It replaces the smaller one in {called(best)}, the best way so far that asks one."
    if rows and sources.answers is not None:
        few, least = sources.answers.evaluation_rows, _least_rows(sources.answers)
        said += f" The {few:,} test rows so far can only rule it out: success takes {least:,}, all right."
    return said


def _labelling(ways: PricedWays, rows: int) -> str:
    """$ for labelling so many rows, and its range."""
    each = ways.costs.estimates["case.label_cost"]
    low, base, high = (rough(rows * amount) for amount in (each.low, each.base, each.high))
    return f"${base} (${low} to ${high}, {each.kind})"
