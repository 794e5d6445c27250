"""The slider and the choice of every lesson. JupyterLab takes the arrow keys from those of ipywidgets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import traitlets

from course.errors import CourseError
from widgets.static import STATIC


class Slider(anywidget.AnyWidget):
    """A native range input over fixed stops, with a visible label that is also its accessible name.

    ipywidgets' own sliders have no accessible name; a native input has one, and the keyboard comes with it.
    `label` says what it is, `unit` what it counts, `stops` are the values in rising order and `value` is the
    one chosen at first. Read `value`; observe `position`. Raises CourseError for a value that is no stop.
    """

    _esm = STATIC / "slider.js"
    _css = STATIC / "slider.css"
    label = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    stops = traitlets.List(trait=traitlets.Float()).tag(sync=True)
    # Not told back to the page that moved it: one message less before what the slider moves.
    position = traitlets.Int(0).tag(sync=True, echo_update=False)

    def __init__(self, label: str, stops: Sequence[float], value: float, unit: str = "") -> None:
        if list(stops) != sorted(set(stops)) or not stops:
            raise CourseError(f"The stops of '{label}' must rise without repeats; got {list(stops)}.")
        super().__init__(label=label, unit=unit, stops=[float(stop) for stop in stops])
        self.value = value

    @traitlets.validate("position")
    def _within_the_stops(self, proposal: traitlets.Bunch) -> int:
        return min(max(proposal["value"], 0), len(self.stops) - 1)

    @property
    def value(self) -> float:
        """The stop that is chosen, in `unit`."""
        return self.stops[self.position]

    @value.setter
    def value(self, value: float) -> None:
        if value not in self.stops:
            raise CourseError(f"'{self.label}' has no stop {value}; choose one of {self.stops}.")
        self.position = self.stops.index(value)


@dataclass(frozen=True)
class Scale:
    """How a slider shows one number of a model: its label, its unit, round stops in that unit, and `per_own`,
    how many of the unit make one of the model's own (100 for a share shown in per cent). A range of stops
    gives whole numbers.
    """

    label: str
    unit: str
    stops: Sequence[float]
    per_own: float = 1

    def shown(self, own: float) -> float:
        """The model's number in the slider's unit, to a tenth."""
        return round(own * self.per_own, 1)

    def own(self, slider: Slider) -> float:
        """What the slider stands at, as the model's number."""
        own = slider.value / self.per_own
        return round(own) if isinstance(self.stops, range) else own

    def slider(self, presets: Iterable[float]) -> Slider:
        """A slider at the first of these numbers of the model; each is a stop beside the round ones."""
        shown = [self.shown(own) for own in presets]
        return Slider(self.label, sorted({*map(float, self.stops), *shown}), value=shown[0], unit=self.unit)


class Choice(anywidget.AnyWidget):
    """A native list to choose one of a few from, with a visible label that is also its accessible name.

    `options` maps what is shown to the value it stands for. Read `value`, or `text` for what is shown;
    observe `position`. Raises CourseError for a value that is not among them.
    """

    _esm = STATIC / "choice.js"
    _css = STATIC / "slider.css"
    label = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)

    def __init__(self, label: str, options: Mapping[str, Any], value: Any) -> None:
        self._values = list(options.values())
        super().__init__(label=label, options=list(options))
        self.value = value

    def offer(self, options: Mapping[str, Any], value: Any) -> None:
        """Offer these options from now on, with this value chosen."""
        with self.hold_sync():
            self._values = list(options.values())
            self.options = list(options)
            self.value = value

    @traitlets.validate("position")
    def _within_the_options(self, proposal: traitlets.Bunch) -> int:
        return min(max(proposal["value"], 0), len(self.options) - 1)

    @property
    def value(self) -> Any:
        """The value of the option that is chosen."""
        return self._values[self.position]

    @property
    def text(self) -> str:
        """What is shown of the option that is chosen."""
        return self.options[self.position]

    @value.setter
    def value(self, value: Any) -> None:
        if value not in self._values:
            raise CourseError(f"'{self.label}' has no option {value!r}; choose one of {self._values}.")
        self.position = self._values.index(value)
