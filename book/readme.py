"""What the README and docs/results.md show: tables and a picture of what is measured, and two widgets.

    python -m book.readme    the tables; `make site` draws the pictures as well

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. A picture carries a digest of what it is
drawn from, and is drawn anew only when that has changed: the pixels depend on the fonts of the machine.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

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
STYLE = "body { margin: 0; padding: 8px; font: 16px/1.5 system-ui, sans-serif; }"
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
    """`source` is all that is drawn: a figure, or the data, styles and scripts of a widget."""

    source: str
    draw: Callable[[Drawing], bytes]


def pictures() -> dict[str, Picture]:
    """The README's pictures by file name: what is measured, and two widgets as they are at first."""
    figure = _ladder()
    board = Picture(figure.to_json(), lambda drawing: drawing.chart(figure.to_plotly_json(), "png"))
    return {
        "board.png": board,
        "few_shot.png": _shot(FewShot({}), 620),
        "cost.png": _shot(CostView(), 1000),
    }


def _shot(widget: Widget, width: int) -> Picture:
    state = dependency_state([widget], drop_defaults=False)
    shown = f"<!doctype html><style>{STYLE}</style>{still(widget.model_id, state)}"
    return Picture(shown, lambda drawing: drawing.screenshot(shown, width, 800))


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


def digest(source: str) -> str:
    """What a picture is drawn from in 64 letters."""
    return hashlib.sha256(source.encode()).hexdigest()


def digest_of(path: Path) -> str:
    """The digest of what a picture was drawn from; empty where there is none."""
    found = re.search(re.escape(KEY) + rb"([0-9a-f]{64})", path.read_bytes() if path.exists() else b"")
    return found[1].decode() if found else ""


def signed(png: bytes, source: str) -> bytes:
    """The picture with the digest of what it was drawn from in it."""
    content = KEY + digest(source).encode()
    part = (len(content) - 4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
    return png[:-12] + part + png[-12:]  # before the end mark


def write_tables() -> None:
    """Bring the tables of the README and the results up to date."""
    for path in PAGES:
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


def write_pictures(drawing: Drawing) -> None:
    """Draw each picture whose source has changed."""
    for name, picture in pictures().items():
        if digest_of(IMAGES / name) != digest(picture.source):
            (IMAGES / name).write_bytes(signed(picture.draw(drawing), picture.source))


if __name__ == "__main__":
    write_tables()
