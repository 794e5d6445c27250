"""The slider and the choice of every lesson. JupyterLab takes the arrow keys from those of ipywidgets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import traitlets

from course.errors import CourseError
from widgets.static import STATIC


class _Control(anywidget.AnyWidget):
    """A native control with a visible label, which is also its accessible name, and a place among its values.

    Read and set `value`; observe `position`. CourseError for a value that is not among them.
    """

    _css = STATIC / "slider.css"
    label = traitlets.Unicode().tag(sync=True)
    # Not echoed to the page that moved it: one message less before what the control moves.
    position = traitlets.Int(0).tag(sync=True, echo_update=False)

    def _values(self) -> Sequence[Any]:
        raise NotImplementedError

    @traitlets.validate("position")
    def _within_the_values(self, proposal: traitlets.Bunch) -> int:
        return min(max(proposal["value"], 0), len(self._values()) - 1)

    @property
    def value(self) -> Any:
        """The value that is chosen."""
        return self._values()[self.position]

    @value.setter
    def value(self, value: Any) -> None:
        if value not in self._values():
            raise CourseError(f"'{self.label}' has no value {value!r}; choose one of {self._values()}.")
        self.position = self._values().index(value)


class Slider(_Control):
    """A range input over fixed stops: `Slider("Volume", [10, 100, 1_000], 100, unit="tickets a day")`.

    ipywidgets' own sliders have no accessible name; a native input has one, and the keyboard comes with it.
    `stops` are the values in rising order, in `unit`.
    """

    _esm = STATIC / "slider.js"
    unit = traitlets.Unicode().tag(sync=True)
    stops = traitlets.List(trait=traitlets.Float()).tag(sync=True)

    def __init__(self, label: str, stops: Sequence[float], value: float, unit: str = "") -> None:
        if list(stops) != sorted(set(stops)) or not stops:
            raise CourseError(f"The stops of '{label}' must rise without repeats; got {list(stops)}.")
        super().__init__(label=label, unit=unit, stops=[float(stop) for stop in stops])
        self.value = value

    def _values(self) -> Sequence[float]:
        return self.stops


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
        """The slider's value, as the model's number."""
        own = slider.value / self.per_own
        return round(own) if isinstance(self.stops, range) else own

    def slider(self, presets: Iterable[float]) -> Slider:
        """A slider at the first of these numbers of the model; each is a stop beside the round ones."""
        shown = [self.shown(own) for own in presets]
        return Slider(self.label, sorted({*map(float, self.stops), *shown}), value=shown[0], unit=self.unit)


class Choice(_Control):
    """A list to choose one from: `Choice("Sent", {"at once": False, "in batches": True}, value=False)`.

    `options` maps what is shown to the value that it stands for.
    """

    _esm = STATIC / "choice.js"
    options = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)

    def __init__(self, label: str, options: Mapping[str, Any], value: Any) -> None:
        super().__init__(label=label)
        self.offer(options, value)

    def offer(self, options: Mapping[str, Any], value: Any) -> None:
        """Offer these options from now on, with this value chosen."""
        with self.hold_sync():
            self._meanings = list(options.values())
            self.options = list(options)
            self.value = value

    def _values(self) -> Sequence[Any]:
        return self._meanings

    @property
    def text(self) -> str:
        """What is shown of the option that is chosen."""
        return self.options[self.position]
