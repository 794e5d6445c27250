"""The slider that every lesson uses."""

from collections.abc import Sequence

import anywidget
import traitlets

from course.errors import CourseError

_SCRIPT = """
function render({ model, el }) {
  const id = `slider-${Math.random().toString(36).slice(2)}`;
  el.classList.add("course-slider");
  el.innerHTML = `<label for="${id}"></label><input type="range" id="${id}" min="0" step="1"><output for="${id}"></output>`;
  const [label, input, output] = el.children;
  const draw = () => {
    const stops = model.get("stops");
    label.textContent = model.get("label");
    input.max = stops.length - 1;
    input.value = model.get("position");
    const text = `${stops[model.get("position")].toLocaleString("en-US")} ${model.get("unit")}`;
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  input.addEventListener("input", () => {
    model.set("position", Number(input.value));
    model.save_changes();
  });
  for (const name of ["stops", "position", "label", "unit"]) model.on(`change:${name}`, draw);
  draw();
}
export default { render };
"""

_STYLE = """
.course-slider { display: grid; grid-template-columns: minmax(9em, 14em) minmax(8em, 20em) auto; gap: .75em;
                 align-items: center; padding: .2em 0; font-size: 14px; }
.course-slider output { font-variant-numeric: tabular-nums; white-space: nowrap; }
.course-slider input:focus-visible { outline: 3px solid #0072B2; outline-offset: 3px; }
"""


class Slider(anywidget.AnyWidget):
    """A native range input over fixed stops, with a visible label that is also its accessible name.

    ipywidgets' own sliders have no accessible name; a native input has one, and the keyboard comes with it.
    `label` says what it is, `unit` what it counts, `stops` are the values in rising order and `value` is the one
    chosen at first. Read `value`; observe `position`. Raises CourseError for a value that is no stop.
    """

    _esm = _SCRIPT
    _css = _STYLE
    label = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    stops = traitlets.List(trait=traitlets.Float()).tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)

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
