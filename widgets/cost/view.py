"""The cost model to move: choose a case and two approaches, and see when each is the cheaper one, and why."""

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import traitlets
from ipywidgets import HTML, VBox

from course.material.prices import TIERS, tier
from widgets.actions import Actions, Answer
from widgets.controls import Choice, Slider
from widgets.cost.chance import chance, tornado
from widgets.cost.controls import InputSlider, in_short, shown_unit, stops
from widgets.cost.inputs import APPROACHES, CASE, Assumptions, keys, load, model_prices, save, saved
from widgets.cost.model import (
    VOLUME,
    assumptions_csv,
    bills_csv,
    change_in_words,
    label,
    smallest_changes,
    verdict,
)
from widgets.cost.pictures import MapPicture, MonthsPicture, TornadoPicture, VolumesPicture, cheapest_in_words
from widgets.cost.presets import Preset, presets
from widgets.delays import Debounced, Throttled
from widgets.text import say

HORIZONS = [3, 6, 9, 12, 15, 18, 24, 30, 36, 48, 60]
MONTHS, VOLUMES = "months", "volume"
AS_GIVEN = ""

# The sliders, by group. FIRST and SECOND stand for the two approaches that are compared.
FIRST, SECOND = "first", "second"
GROUPS = {
    "Task": (VOLUME, "case.growth", "case.error_cost", "first.error_rate", "second.error_rate"),
    "Prices": ("first.prefix", "second.hosting", "case.decline"),
    "People": ("case.rate", "second.setup_hours", "second.upkeep", "case.tax_hours"),
}
MAP_INPUTS = ("case.error_cost", "first.error_rate", "second.error_rate", "second.hosting", "case.rate")


class CostView(VBox):
    """Controls, four pictures with their words, the assumptions and their sources, and buttons to keep them.

    `cases` are those to choose from; without any, the course's own and the articles'. The picture of the
    break-even follows each press of a key; what takes longer (the map, the tornado, 10,000 draws, the
    smallest change) follows when the hand rests.
    """

    def __init__(self, cases: Sequence[Preset] = ()) -> None:
        self._cases = tuple(cases) or (course_case(), *presets())
        self._start = self._cases[0].assumptions
        self._changed: dict[str, float] = {}
        self._hold = False
        self._build_controls()
        self._build_pictures()
        self._met = self._verdict = self._cheapest = self._chance = self._change = ""
        self._sentences, self._details = Throttled(self._say_it), Debounced(self._follow)
        self._now = _pair_of(self._start)
        self._draw()
        self._tell_the_case()
        self._say_it()
        self._details.finish()
        self._observe()
        super().__init__(self._layout())

    @property
    def assumptions(self) -> Assumptions:
        """What the controls describe."""
        return self._changed_from(self._start)

    def _build_controls(self) -> None:
        start = self._start
        self.case = Choice("Case", {case.title: case for case in self._cases}, value=self._cases[0])
        self.first = Choice("Compare", _options(start), value=start.pair[0])
        self.second = Choice("with", _options(start), value=start.pair[1])
        self.horizon = Slider("Over", _with(HORIZONS, start.horizon), start.horizon, unit="months")
        self.axis = Choice("Break-even over", {"the months": MONTHS, "the volume": VOLUMES}, value=MONTHS)
        self.model = Choice(f"Model ({APPROACHES[start.pair[0]]})", _models(start), value=AS_GIVEN)
        self.inputs = {
            group: [InputSlider(start, _key(start.pair, role)) for role in roles]
            for group, roles in GROUPS.items()
        }
        others = self._others()
        key = next(iter(others.values()))
        self.other = Choice("Any other input", others, value=key)
        self.other_input = InputSlider(start, key)
        self.map_input = Choice("On the map, upwards", _map_inputs(start.pair), value=MAP_INPUTS[0])
        self.actions = Actions(
            {
                "Start again": self._reset,
                "Save": self._save,
                "Open what was saved": self._open_saved,
                "Copy the state": self._copy,
                "Costs as CSV": lambda: _file("costs.csv", bills_csv(self.assumptions)),
                "Assumptions as CSV": lambda: _file("assumptions.csv", assumptions_csv(self.assumptions)),
            }
        )

    def _build_pictures(self) -> None:
        self.pictures = {MONTHS: MonthsPicture(), VOLUMES: VolumesPicture()}
        self.map, self.tornado = MapPicture(), TornadoPicture()
        names = ("note", "verdict", "even", "chance", "tornado", "map", "checks", "table")
        self.words = {name: HTML() for name in names}

    def _layout(self) -> list:
        months, volumes = (picture.chart for picture in self.pictures.values())
        groups = [
            part
            for group, sliders in self.inputs.items()
            for part in (_heading(group), *sliders, *([self.model] if group == "Prices" else []))
        ]
        return [
            *(self.case, self.words["note"], self.first, self.second, self.horizon),
            *(self.words["verdict"], self.axis, months, volumes, self.words["even"]),
            *groups,
            *(_heading("Any other"), self.other, self.other_input),
            *(_heading("How sure is it?"), self.words["chance"]),
            *(_heading("What matters most?"), self.tornado.chart, self.words["tornado"]),
            *(_heading("Which is cheapest where?"), self.map_input, self.map.chart, self.words["map"]),
            *(_heading("Keep it"), self.actions, self.words["checks"], self.words["table"]),
        ]

    @property
    def _sliders(self) -> list[InputSlider]:
        return [slider for group in self.inputs.values() for slider in group] + [self.other_input]

    def _observe(self) -> None:
        self.case.observe(lambda change: self._open(self.case.value.assumptions), names="position")
        for choice in (self.first, self.second):
            choice.observe(self._pair_moved, names="position")
        for slider in self._sliders:
            slider.observe(self._input_moved, names="position")
        self.other.observe(self._other_chosen, names="position")
        for control in (self.horizon, self.axis, self.model):
            control.observe(self._moved, names="position")
        self.map_input.observe(self._moved, names="position")

    def _input_moved(self, change: traitlets.Bunch) -> None:
        if not self._hold:
            self._changed[change.owner.key] = change.owner.amount
            self._moved()

    def _moved(self, change: traitlets.Bunch | None = None) -> None:
        if self._hold:
            return
        self._now = self._changed_from(_pair_of(self._start))
        self._draw()
        self._sentences.moved()
        self._details.moved()

    def _pair_moved(self, change: traitlets.Bunch) -> None:
        if self._hold:
            return
        if self.first.value == self.second.value:
            # Both the same compares nothing: the other one takes what this one was.
            other = self.second if change.owner is self.first else self.first
            self._quietly(lambda: setattr(other, "position", change.old))
        pair = (self.first.value, self.second.value)
        self._start = self._start.with_approaches(self._start.approaches, pair)
        self._follow_start()
        self._moved()

    def _other_chosen(self, change: traitlets.Bunch) -> None:
        if not self._hold:
            self._quietly(lambda: self.other_input.follow(self._now, self.other.value))

    def _open(self, assumptions: Assumptions) -> None:
        """Begin at these assumptions."""
        if self._hold:
            return
        self._start, self._changed = assumptions, {}
        self._quietly(self._show_start)
        self._tell_the_case()
        self._follow_start()
        self._moved()

    def _tell_the_case(self) -> None:
        case = self.case.value
        say(self.words["note"], case.note)
        self.words["checks"].value = _checks(case) if case.checks else ""

    def _show_start(self) -> None:
        start = self._start
        self.first.offer(_options(start), start.pair[0])
        self.second.offer(_options(start), start.pair[1])
        self.horizon.stops = _with(HORIZONS, start.horizon)
        self.horizon.value = start.horizon
        self.model.value = AS_GIVEN

    def _follow_start(self) -> None:
        """Have every control follow the pair, and what was changed so far."""
        pair = self._start.pair
        own = {key: value for key, value in self._changed.items() if key in self._start.base()}
        self._changed = own

        def follow() -> None:
            now = self._start.with_values(own)
            for group, roles in GROUPS.items():
                for slider, role in zip(self.inputs[group], roles, strict=True):
                    slider.follow(now, _key(pair, role))
            others = self._others()
            self.other.offer(others, next(iter(others.values())))
            self.other_input.follow(now, self.other.value)
            self.map_input.offer(_map_inputs(pair), self.map_input.value)
            self.model.label = f"Model ({APPROACHES[pair[0]]})"
            offered = _models(self._start)
            kept = self.model.value if self.model.value in offered.values() else AS_GIVEN
            self.model.offer(offered, kept)

        self._quietly(follow)

    def _quietly(self, change: Callable[[], None]) -> None:
        self._hold = True
        try:
            change()
        finally:
            self._hold = False

    def _changed_from(self, start: Assumptions) -> Assumptions:
        values: dict[str, float | str] = dict(self._changed)
        if self.model.value != AS_GIVEN:
            values = {f"{self.first.value}.model": self.model.value} | values
        return replace(start, horizon=int(self.horizon.value)).with_values(values)

    def _others(self) -> dict[str, str]:
        """Inputs of the pair that have no slider of their own, by what they are called."""
        own = {_key(self._start.pair, role) for roles in GROUPS.values() for role in roles}
        return {label(key): key for key in keys(self._start.pair) if key not in own}

    def _draw(self) -> None:
        """What follows every press: the picture that is chosen."""
        chosen = self.axis.value
        for name, picture in self.pictures.items():
            picture.chart.layout.display = None if name == chosen else "none"
        self._met = self.pictures[chosen].draw(self._now)

    def _say_it(self) -> None:
        """The picture's words and the verdict. What is not computed yet says that it is of before."""
        say(self.words["even"], self._met)
        self._verdict = verdict(self._now).sentence
        say(self.words["verdict"], self._cheapest, strong=self._verdict, stale=True)
        say(self.words["chance"], self._chance, self._change, stale=True)

    def _follow(self) -> Iterator[None]:
        """What follows when the hand rests, in short steps."""
        now = self._now  # of the pair alone: the fewer inputs, the quicker
        self._cheapest = cheapest_in_words(self.assumptions)
        say(self.words["verdict"], self._cheapest, strong=self._verdict)
        yield
        say(self.words["tornado"], self.tornado.draw(now, tornado(now)))
        yield
        key = _key(now.pair, self.map_input.value)
        places = [stop for stop in stops(key, self._start.estimates[key]) if stop > 0]
        say(self.words["map"], self.map.draw(self.assumptions, key, places[0], places[-1]))
        yield
        sure = chance(now).sentence
        found = []
        for key in now.uncertain(now.pair):
            yield
            found += smallest_changes(now, [key])
        found.sort(key=lambda change: change.ranges)
        self._chance, self._change = sure, change_in_words(now, found)
        say(self.words["chance"], self._chance, self._change)
        yield
        self.words["table"].value = _table(now)

    def _reset(self) -> Answer:
        self._open(self.case.value.assumptions)
        return {"say": f"As at the start: {self.case.text}."}

    def _save(self) -> Answer:
        return {"say": f"Saved in {save(self.assumptions)}."}

    def _open_saved(self) -> Answer:
        kept = saved()
        if kept is None:
            return {"say": "Nothing is saved yet."}
        self._open(kept)
        return {"say": f"Opened: {kept.title}."}

    def _copy(self) -> Answer:
        return {"copied": self.assumptions.to_json()}


def course_case() -> Preset:
    """The course's own assumptions: ticket routing, a prompt against a hosted fine-tune."""
    note = "As this course has it: measured where it measures, assumed elsewhere. Put in your own."
    return Preset(
        "course", "Ticket routing, this course", "", note, load(pair=("prompt", "hosted_fine_tune"))
    )


def _key(pair: tuple[str, str], role: str) -> str:
    """The key of a role: "first.error_rate" of a pair is, say, "prompt.error_rate"."""
    owner, _, name = role.partition(".")
    return f"{dict(zip((FIRST, SECOND), pair, strict=True)).get(owner, owner)}.{name}"


def _options(assumptions: Assumptions) -> dict[str, str]:
    return {APPROACHES[name]: name for name in assumptions.approaches}


def _map_inputs(pair: tuple[str, str]) -> dict[str, str]:
    return {label(_key(pair, role)): role for role in MAP_INPUTS}


def _models(assumptions: Assumptions) -> dict[str, str]:
    """The tiers whose prices are not those that the pair's first approach has already."""
    first, now = assumptions.pair[0], assumptions.estimates
    offered = {"as the case has it": AS_GIVEN}
    for name in TIERS:
        if any(now[key].base != price.base for key, price in model_prices(first, name).items()):
            model = tier(name)
            offered[f"{name} tier ({model.input:g} $ in, {model.output:g} $ out)"] = name
    return offered


def _with(stops: list[int], stop: int) -> list[int]:
    return sorted({*stops, stop})


def _heading(text: str) -> HTML:
    return HTML(f'<h4 style="margin: 1em 0 .2em">{html.escape(text)}</h4>')


def _pair_of(assumptions: Assumptions) -> Assumptions:
    return assumptions.with_approaches(assumptions.pair, assumptions.pair)


TABLE = 'style="max-width: 570px; line-height: 1.3"'


def _file(name: str, text: str) -> Answer:
    return {"say": f"Downloaded as {name}.", "file": name, "text": text}


def _table(assumptions: Assumptions) -> str:
    """The assumptions that count for the pair, with their ranges and sources, behind one line to open."""
    pair = assumptions.pair
    owners = groupby(keys(pair), key=lambda key: key.partition(".")[0])
    parts = [
        _rows("Both" if owner == CASE else APPROACHES[owner], assumptions, list(own)) for owner, own in owners
    ]
    head = "".join(
        f'<th scope="col">{title}</th>' for title in ("input", "low", "base", "high", "kind", "source")
    )
    return (
        f"<details><summary>All {len(keys(pair))} assumptions with their sources</summary>"
        f"<table {TABLE}><thead><tr>{head}</tr></thead>{''.join(parts)}</table></details>"
    )


def _checks(case: Preset) -> str:
    """The article's figures beside ours, behind one line to open."""
    titles = ("what", "article", "ours", "unit", "verdict", "why")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(check.row()[title])}</td>" for title in titles) + "</tr>"
        for check in case.checks
    )
    return (
        f"<details><summary>The article's {len(case.checks)} figures beside ours</summary>"
        f"<table {TABLE}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _rows(title: str, assumptions: Assumptions, own: list[str]) -> str:
    used = [key for key in own if assumptions.estimates[key].high]
    rows = []
    for key in used:
        estimate, name = assumptions.estimates[key], label(key).removesuffix(f" ({title})")
        unit = shown_unit(key)[1]
        numbers = (in_short(key, each) for each in (estimate.low, estimate.base, estimate.high))
        cells = "".join(f"<td>{number}</td>" for number in numbers)
        source = html.escape(f"{estimate.source} ({estimate.date})" if estimate.date else estimate.source)
        rows.append(
            f'<tr><th scope="row">{html.escape(name)}<br><small>{unit}</small></th>{cells}'
            f"<td><b>{estimate.kind}</b></td><td>{source}</td></tr>"
        )
    nothing = [label(key).removesuffix(f" ({title})").lower() for key in own if key not in used]
    none = f"; 0 here: {html.escape(', '.join(nothing))}" if nothing else ""
    head = f'<tr><th colspan="6" scope="rowgroup">{html.escape(title)}{none}</th></tr>'
    return f"<tbody>{head}{''.join(rows)}</tbody>"
