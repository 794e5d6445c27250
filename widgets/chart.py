"""The course's charts: lines, and bars around a centre.

chart.js draws them as SVG. They have one aim: a moved control changes the picture at once. A chart sends only
what changed, its numbers as bytes, in one message. Its `summary` is what a screen reader says of it; put the
same in words beside it.

    chart = LineChart(Axis("months"), Axis("$ so far"))
    chart.show([Line("Prompt", [0, 1, 2], [0, 10, 20], "#0072B2")], "The prompt costs $10 a month.")
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from course.errors import CourseError
from course.files import read_text
from widgets.static import STATIC

# Okabe and Ito's colours can be told apart with any colour vision. A dash or a pattern says the same.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#555555"


@dataclass(frozen=True)
class Axis:
    """`title` says what and in which unit. Ends of None fit what is drawn; without `ticks`, round ones."""

    title: str
    log: bool = False
    low: float | None = None
    high: float | None = None
    ticks: Sequence[float] = ()

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if self.log and any(end <= 0 for end in ends):
            raise CourseError(f"'{self.title}' is a logarithmic axis; its ends {ends} must be above 0.")


@dataclass(frozen=True, eq=False)
class Line:
    """A curve: `x` and `y` of the same length; `low` and `high`, where given, are a band around it.

    Its name stands at its end; one that only repeats another, such as a further seed, has an empty name.
    `dash` is an SVG dash pattern such as "6 4", empty for a solid line: the second sign beside the colour.
    A line that is not `strong` is drawn thinner and paler. A point that is not finite, or not above 0 on a
    logarithmic axis, is a gap.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    colour: str
    dash: str = ""
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    strong: bool = True


@dataclass(frozen=True)
class Mark:
    """A point to see, such as a break-even, and the few words beside it, if any."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class TornadoBar:
    """One line of a tornado: where the result goes when the input is at its low and at its high end.

    `low` and `high` are results, in the unit of the axis; `low_text` and `high_text` say the two inputs.
    """

    name: str
    low: float
    high: float
    low_text: str
    high_text: str


_WORDS = ("kind", "frame", "parts", "summary")


def page_piece(state: Mapping[str, Any]) -> str:
    """A chart's state, as its widget sends it, as HTML that draws the chart when the page opens."""
    words = json.dumps({name: state[name] for name in _WORDS}).replace("<", "\\u003c")
    numbers = base64.b64encode(state["numbers"]).decode()
    drawing = read_text(STATIC / "chart.js").replace("export default { render };", "")
    style = read_text(STATIC / "chart.css")
    return (
        f"<style>{style}</style><div></div><script>{{{drawing}\n"
        f"const state = {words};\n"
        f'state.numbers = Uint8Array.from(atob("{numbers}"), (letter) => letter.charCodeAt(0));\n'
        "render({ el: document.currentScript.previousElementSibling,"
        " model: { get: (name) => state[name], on: () => {} } });\n}</script>"
    )


class _Chart(anywidget.AnyWidget):
    """`frame` stays; `parts` are words and single numbers; `numbers` are the arrays, float64 one by one."""

    _esm = STATIC / "chart.js"
    _css = STATIC / "chart.css"
    kind = traitlets.Unicode().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)
    parts = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)

    def __init__(self, kind: str, x: Axis, y: Axis, height: int) -> None:
        super().__init__(kind=kind, frame={"x": asdict(x), "y": asdict(y), "height": height})

    def across(self, x: Axis) -> None:
        """Another x axis from the next `show` on. Do both in one `with chart.hold_sync()`."""
        self.frame = self.frame | {"x": asdict(x)}

    def as_html(self) -> str:
        """The chart as a piece of a web page: drawn when the page opens, without a kernel or a network."""
        return page_piece({name: getattr(self, name) for name in (*_WORDS, "numbers")})

    def _show(self, parts: dict[str, Any], arrays: Sequence[np.ndarray], summary: str) -> None:
        with self.hold_sync():  # one message, which leaves out what is as before
            self.parts = parts
            self.numbers = np.concatenate([array.ravel() for array in arrays] or [np.empty(0)]).tobytes()
            self.summary = summary


class LineChart(_Chart):
    """Named curves, each with its label at its end, points to see, and a vertical line for 'you are here'."""

    def __init__(self, x: Axis, y: Axis, height: int = 340) -> None:
        super().__init__("lines", x, y, height)

    def show(
        self,
        lines: Sequence[Line],
        summary: str,
        marks: Sequence[Mark] = (),
        here: tuple[float, str] | None = None,
    ) -> None:
        """Draw these instead of what is there. `here`: a place on the x axis and its words."""
        arrays: list[np.ndarray] = []
        styles = []
        for line in lines:
            own = [line.x, line.y] if line.low is None else [line.x, line.y, line.low, line.high]
            columns = [np.asarray(column, dtype=np.float64) for column in own]
            if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
                shapes = [column.shape for column in columns]
                raise CourseError(f"The line '{line.name}' needs x and y of the same length; got {shapes}.")
            arrays += columns
            style = {"name": line.name, "colour": line.colour, "dash": line.dash, "length": len(columns[0])}
            styles.append(style | {"band": line.low is not None, "strong": line.strong})
        parts = {"lines": styles, "marks": [asdict(mark) for mark in marks], "here": here and list(here)}
        self._show(parts, arrays, summary)


class BarChart(_Chart):
    """Bars around a centre, in the order given: a tornado. Each end names the input that leads there."""

    def __init__(self, x: Axis) -> None:
        super().__init__("bars", x, Axis(""), height=30)  # of a bar

    def show(
        self,
        bars: Sequence[TornadoBar],
        centre: float,
        summary: str,
        threshold: tuple[float, str] | None = None,
    ) -> None:
        """Draw these instead. `threshold`: where on the axis the advice turns, and its words."""
        names = [{"name": bar.name, "low": bar.low_text, "high": bar.high_text} for bar in bars]
        ends = np.array([(bar.low, bar.high) for bar in bars], dtype=np.float64)
        parts = {"bars": names, "centre": centre, "threshold": threshold and list(threshold)}
        self._show(parts, [ends], summary)
