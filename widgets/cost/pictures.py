"""The tornado of the lesson as a picture, with the same in words."""

from widgets.chart import Axis, BarChart, TornadoBar
from widgets.cost.chance import Tornado
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import dollars, label
from widgets.cost.units import in_short

BARS = 10


def tornado_picture(assumptions: Assumptions, swings: Tornado) -> tuple[BarChart, str]:
    """By how much each input, alone and inside its range, moves the difference of the pair; and in words."""
    first, second = (APPROACHES[name] for name in assumptions.pair)
    words = _in_words(first, swings)
    bars = []
    for swing in swings.bars[:BARS]:
        estimate = assumptions.estimates[swing.key]
        ends = in_short(swing.key, estimate.low), in_short(swing.key, estimate.high)
        bars.append(TornadoBar(label(swing.key), swing.at_low, swing.at_high, *ends))
    chart = BarChart(Axis(f"{first} less {second}, $"))
    chart.show(bars, swings.base, f"What moves the difference. {words}", (0, "even"))
    return chart, words


def _in_words(first: str, swings: Tornado) -> str:
    if not swings.bars:
        return "No input of the two is uncertain."
    widest = ", then ".join(
        f"{label(bar.key)} (by {dollars(float(f'{bar.span:.2g}'))})" for bar in swings.bars[:3]
    )
    *others, last = [label(bar.key) for bar in swings.bars if bar.turns] or ["no input"]
    turning = f"{', '.join(others)} or {last}" if others else last
    return (
        f"Left of 'even' {first} is the cheaper one. The difference moves most with {widest}. "
        f"Alone and inside its range, {turning} turns it."
    )
