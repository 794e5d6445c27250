"""The pictures of the cost view, each with the same in words: months, volumes, a map, a tornado."""

from collections.abc import Iterable, Sequence

import numpy as np

from widgets.chart import Area, Axis, BarChart, Line, LineChart, MapChart, Mark, TornadoBar
from widgets.cost.chance import Tornado
from widgets.cost.controls import in_short, shown, shown_unit
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import (
    LEAST,
    MOST,
    VOLUME,
    Bill,
    Crossing,
    bills,
    break_even_months,
    break_even_volumes,
    crossover_map,
    dollars,
    label,
    per_day,
)

# Okabe and Ito: told apart with any colour vision. In a pair the second line is dashed; on a map each has its
# letter and its hatch.
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
DASH = "8 4"
MAP_COLUMNS, MAP_ROWS = 36, 20
BARS = 10


class MonthsPicture:
    """What each of a pair has cost so far, month by month, with the months in which they are even."""

    def __init__(self) -> None:
        self.chart = LineChart(Axis("months"), Axis("$ so far"))

    def draw(self, assumptions: Assumptions) -> str:
        """Draw it; return it in words."""
        pair, priced = assumptions.pair, bills(assumptions, approaches=assumptions.pair)
        months = np.arange(assumptions.horizon + 1)
        step = 3 if assumptions.horizon <= 24 else 6
        crossings = break_even_months(assumptions, *pair)
        words = self._in_words(assumptions, priced, crossings)
        so_far = priced[pair[0]].cumulative
        marks = [
            Mark(each.at, float(np.interp(each.at, months, so_far)), f"even in month {each.at:.1f}")
            for each in crossings
        ]
        lines = [_line(pair, name, months, priced[name].cumulative) for name in pair]
        with self.chart.hold_sync():
            self.chart.axes(
                x=Axis("months", high=assumptions.horizon, ticks=tuple(map(float, months[::step])))
            )
            self.chart.show(lines, f"Cost so far over the months. {words}", marks)
        return words

    @staticmethod
    def _in_words(assumptions: Assumptions, priced: dict[str, Bill], crossings: Sequence[Crossing]) -> str:
        first, last = (
            " and ".join(
                f"{APPROACHES[name]} {dollars(float(bill.cumulative[month]))}"
                for name, bill in priced.items()
            )
            for month in (0, -1)
        )
        words = f"Before the first month: {first}. After {assumptions.horizon} months: {last}."
        if not crossings:
            return f"{words} The lines do not meet."
        met = ", ".join(f"month {each.at:.1f} ({APPROACHES[each.cheaper]} from there)" for each in crossings)
        return f"{words} They are even in {met}."


class VolumesPicture:
    """What each of a pair costs in total against the volume, with every volume at which they are even."""

    def __init__(self) -> None:
        self.chart = LineChart(
            Axis("outputs a month at the start", log=True), Axis("$ over all months", log=True)
        )

    def draw(self, assumptions: Assumptions) -> str:
        """Draw it; return it in words."""
        pair, crossings = assumptions.pair, break_even_volumes(assumptions, *assumptions.pair)
        here = assumptions.estimates[VOLUME].base
        volumes = np.geomspace(*_around([here, *(each.at for each in crossings)]), 120)
        priced = bills(assumptions, {VOLUME: volumes}, pair)
        marks = [
            Mark(each.at, float(np.interp(each.at, volumes, priced[pair[0]].total)), _number(each.at))
            for each in crossings
        ]
        words = self._in_words(assumptions, crossings)
        lines = [_line(pair, name, volumes, priced[name].total) for name in pair]
        self.chart.show(lines, f"Total cost against volume. {words}", marks, (here, f"you: {here:,.0f}"))
        return words

    @staticmethod
    def _in_words(assumptions: Assumptions, crossings: Sequence[Crossing]) -> str:
        if not crossings:
            return f"The two are even at no volume between {LEAST:,.0f} and {MOST:,.0f} outputs a month."
        met = "; ".join(
            f"{_number(each.at)} outputs a month ({per_day(float(_number(each.at).replace(',', '')))}), with "
            f"{APPROACHES[each.cheaper]} cheaper from there"
            + (", for hosting adds a unit" if each.by_step else "")
            for each in crossings
        )
        return f"The two are even at {met}."


class MapPicture:
    """Which approach is cheapest over the volume and a second input, with the line where a pair is even."""

    def __init__(self) -> None:
        self.chart = MapChart(Axis("outputs a month at the start", log=True), Axis("", log=True))

    def draw(self, assumptions: Assumptions, key: str, lowest: float, highest: float) -> str:
        """Draw it with the input `key` going up from `lowest` to `highest`; return it in words."""
        here = assumptions.estimates[VOLUME].base, assumptions.estimates[key].base
        volumes = np.geomspace(*_around([here[0] / 10, here[0] * 10]), MAP_COLUMNS)
        others = np.geomspace(lowest, highest, MAP_ROWS)
        names = assumptions.approaches
        totals = crossover_map(assumptions, key, volumes, others, names)
        best, (a, b) = totals.argmin(0), (names.index(name) for name in assumptions.pair)
        first, second = (APPROACHES[name] for name in assumptions.pair)
        words = self._in_words(assumptions, best)
        with self.chart.hold_sync():
            self.chart.axes(y=Axis(f"{label(key)}, {shown_unit(key)[1]}", log=True))
            self.chart.show(
                volumes,
                others * shown_unit(key)[0],
                best,
                [Area(APPROACHES[name], *LOOKS[name]) for name in names],
                f"Map of the cheapest approach, volume by {label(key)}. {words}",
                np.log(totals[a] / totals[b]),
                f"{first} and {second} are even",
                (here[0], shown(key, here[1])),
            )
        return words

    @staticmethod
    def _in_words(assumptions: Assumptions, best: np.ndarray) -> str:
        places, counts = np.unique(best, return_counts=True)
        ranked = sorted(zip(counts / best.size, places, strict=True), reverse=True)
        shares = ", ".join(
            f"{APPROACHES[assumptions.approaches[place]]} on {share:.0%}" for share, place in ranked
        )
        return f"Of this map: {shares}."


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


def cheapest_in_words(assumptions: Assumptions) -> str:
    """Which of all that are compared is the cheapest, in one sentence."""
    totals = {name: float(bill.total) for name, bill in bills(assumptions).items()}
    name = min(totals, key=totals.get)
    return f"The cheapest of all {len(totals)} of this case: {APPROACHES[name]}, {dollars(totals[name])}."


def _line(pair: tuple[str, str], name: str, x: np.ndarray, y: np.ndarray) -> Line:
    colours = [LOOKS[each][1] for each in pair]
    second = name == pair[1]
    colour = "#000000" if second and colours[0] == colours[1] else colours[second]
    return Line(APPROACHES[name], x, y, colour, DASH if second else "")


def _around(volumes: Iterable[float]) -> tuple[float, float]:
    """Whole powers of ten at least a factor of three beyond the volumes, within what the model searches."""
    low, high = min(volumes) / 3, max(volumes) * 3
    return max(LEAST, 10.0 ** np.floor(np.log10(low))), min(MOST, 10.0 ** np.ceil(np.log10(high)))


def _number(amount: float) -> str:
    """Three significant digits: the assumptions carry no more."""
    return f"{float(f'{amount:.3g}'):,.0f}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
