"""How each approach looks in a picture, and the tornado of the lesson with the same in words."""

from collections.abc import Sequence

from widgets.chart import Axis, BarChart, TornadoBar
from widgets.cost.chance import Tornado
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import dollars, label
from widgets.cost.units import in_short

# Okabe and Ito: told apart with any colour vision. On a chart each has its letter as well.
LOOKS = {
    "prompt": ("P", "#0072B2"),
    "few_shot": ("F", "#56B4E9"),
    "retrieved_examples": ("R", "#009E73"),
    "stronger_model": ("S", "#CC79A7"),
    "rag": ("G", "#F0E442"),
    "tools": ("T", "#999999"),
    "skill": ("K", "#000000"),
    "hosted_fine_tune": ("H", "#D55E00"),
    "on_demand_fine_tune": ("D", "#56B4E9"),
    "self_hosted_lora": ("L", "#E69F00"),
    "linear_head": ("E", "#0072B2"),
    "distilled_head": ("M", "#CC79A7"),
    "encoder": ("N", "#56B4E9"),
    "cascade": ("C", "#D55E00"),
    "skill_with_adapter": ("A", "#009E73"),
}
BARS = 10


class TornadoPicture:
    """By how much each input, alone and inside its range, moves the difference of a pair."""

    def __init__(self) -> None:
        self.chart = BarChart(Axis("$"))

    def draw(self, assumptions: Assumptions, swings: Tornado) -> str:
        """Draw the widest bars; return them in words."""
        first, second = (APPROACHES[name] for name in assumptions.pair)
        words = self._in_words(first, swings)
        bars = []
        for swing in swings.bars[:BARS]:
            estimate = assumptions.estimates[swing.key]
            ends = in_short(swing.key, estimate.low), in_short(swing.key, estimate.high)
            bars.append(TornadoBar(label(swing.key), swing.at_low, swing.at_high, *ends))
        with self.chart.hold_sync():
            self.chart.axes(x=Axis(f"{first} less {second}, $"))
            self.chart.show(bars, swings.base, f"What moves the difference. {words}", (0, "even"))
        return words

    @staticmethod
    def _in_words(first: str, swings: Tornado) -> str:
        if not swings.bars:
            return "No input of the two is uncertain."
        widest = ", then ".join(
            f"{label(bar.key)} (by {dollars(float(f'{bar.span:.2g}'))})" for bar in swings.bars[:3]
        )
        turning = [label(bar.key) for bar in swings.bars if bar.turns]
        alone = (
            f"Alone and inside its range, {_listed(turning)} turns it."
            if turning
            else ("No input alone, inside its range, turns it.")
        )
        return f"Left of 'even' {first} is the cheaper one. The difference moves most with {widest}. {alone}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
