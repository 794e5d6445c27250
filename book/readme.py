"""What the README and docs/results.md show: tables and a picture of what is measured, and two widgets.

    python -m book.readme    the tables; `make site` draws the pictures as well

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. A picture carries a digest of its data, and
is drawn anew only when that has changed: the pixels depend on the fonts of the machine.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import plotly.graph_objects as go
from ipywidgets import Widget
from ipywidgets.embed import dependency_state

from book.pages import Drawing
from book.stills import still
from course.errors import CourseError
from course.measuring import ladder
from course.paths import NOTEBOOKS, ROOT
from course.tuning import experiments
from widgets.chart import BLUE
from widgets.cost.view import CostView
from widgets.lessons.few_shot_view import FewShot

PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md")
IMAGES = NOTEBOOKS / "images"
TABLE = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
KEY = b"tEXtdata\0"  # of the part of a PNG file that holds the digest


_Named = ladder.Rung | experiments.TrainedPoint


def _row(point: _Named) -> str:
    share = f"{point.right / point.n:.1%} ({point.low:.1%} to {point.high:.1%})"
    return f"| {point.name} | {share} | {point.valid / point.n:.0%} |"


def _measured(points: Iterable[_Named], first: str) -> str:
    rows = [f"{_row(point)} {point.typical} | {point.hard} | {point.boundary} |" for point in points]
    head = [f"| {first} | right | valid replies | typical | hard | boundary |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _some(table: str) -> str:
    """The same rows of a shorter table, with what is measured now."""
    measured: list[_Named] = [*ladder.read(), *experiments.read()]
    known = {point.name: _row(point) for point in measured}
    head, line, *rows = table.strip().split("\n")
    names = [row.split("|")[1].strip() for row in rows]
    if missing := [name for name in names if name not in known]:
        raise CourseError(f"The README shows rows that are not measured: {', '.join(missing)}; remove them.")
    return "\n".join([head, line, *(known[name] for name in names)])


_TABLES: dict[str, Callable[[str], str]] = {
    "ladder": lambda _: _measured(ladder.read(), "rung"),
    "training": lambda _: _measured(experiments.read(), "trained on"),
    "some": _some,
}


def with_tables(text: str) -> str:
    """The text with every table as it is measured now."""
    return TABLE.sub(lambda found: f"{found[1]}{_TABLES[found[2]](found[3])}\n{found[4]}", text)


class Picture(NamedTuple):
    """What is drawn and how: `data` decides whether it has changed."""

    data: Any
    draw: Callable[[Drawing], bytes]


def pictures() -> dict[str, Picture]:
    """The README's pictures by file name: what is measured, and two widgets as they are at first."""
    few_shot, cost = FewShot({}), CostView()
    shown = few_shot.chart
    figure = _ladder().to_plotly_json()
    return {
        "board.png": Picture(figure["data"], lambda drawing: drawing.chart(figure, "png")),
        "few_shot.png": Picture(
            [shown.frame, shown.parts, shown.numbers.hex()], partial(_shot, few_shot, 620)
        ),
        # The widget's data bring the code of its model along.
        "cost.png": Picture([json.loads(cost.data) | {"model": ""}, cost.state], partial(_shot, cost, 1000)),
    }


def _shot(widget: Widget, width: int, drawing: Drawing) -> bytes:
    state = dependency_state([widget], drop_defaults=False)
    return drawing.screenshot(still(widget.model_id, state), width, 800)


def _ladder() -> go.Figure:
    """Every rung of the ladder with its interval, the best one on top."""
    rungs = ladder.read()[::-1]
    shares = [100 * rung.accuracy for rung in rungs]
    interval = {
        "array": [100 * rung.high - share for rung, share in zip(rungs, shares, strict=True)],
        "arrayminus": [share - 100 * rung.low for rung, share in zip(rungs, shares, strict=True)],
    }
    names = [rung.name for rung in rungs]
    dots = go.Scatter(x=shares, y=names, mode="markers", error_x=interval, marker={"size": 9, "color": BLUE})
    axis = {"title": {"text": f"right of {rungs[0].n} tickets (%), 95 % interval"}, "range": [-3, 103]}
    size = {"height": 460, "margin": {"l": 210, "r": 20, "t": 10, "b": 50}}
    return go.Figure(dots, go.Layout(template="plotly_white", xaxis=axis, **size))


def digest(data: Any) -> str:
    """A picture's data in 64 letters."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def digest_of(path: Path) -> str:
    """The digest of the data that a picture was drawn from; empty where there is none."""
    found = re.search(re.escape(KEY) + rb"([0-9a-f]{64})", path.read_bytes() if path.exists() else b"")
    return found[1].decode() if found else ""


def signed(png: bytes, data: Any) -> bytes:
    """The picture with the digest of its data in it."""
    content = KEY + digest(data).encode()
    part = (len(content) - 4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
    return png[:-12] + part + png[-12:]  # before the end mark


def write_tables() -> None:
    """Bring the tables of the README and the results up to date."""
    for path in PAGES:
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


def write_pictures(drawing: Drawing) -> None:
    """Draw each picture whose data have changed."""
    for name, picture in pictures().items():
        if digest_of(IMAGES / name) != digest(picture.data):
            (IMAGES / name).write_bytes(signed(picture.draw(drawing), picture.data))


if __name__ == "__main__":
    write_tables()
