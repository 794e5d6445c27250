"""What the README and docs/results.md show: tables of what is measured, and pictures from executed lessons.

    python -m book.readme    the tables; `make site` draws the pictures as well

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. A picture carries a digest of its data, and
is drawn anew only when that has changed: the pixels depend on the fonts of the machine.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nbformat import NotebookNode

from book.pages import PLOTLY, Drawing
from book.stills import STATES, WIDGET, still
from course.errors import CourseError
from course.measuring import ladder
from course.paths import NOTEBOOKS, ROOT
from course.tuning import experiments

PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md")
IMAGES = NOTEBOOKS / "images"
TABLE = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
KEY = b"tEXtdata\0"  # of the part of a PNG file that holds the digest


def _row(point: ladder.Rung | experiments.TrainedPoint) -> str:
    share = f"{point.right / point.n:.1%} ({point.low:.1%} to {point.high:.1%})"
    return f"| {point.name} | {share} | {point.valid / point.n:.0%} |"


def _measured(points: Iterable[ladder.Rung | experiments.TrainedPoint], first: str) -> str:
    rows = [f"{_row(point)} {point.typical} | {point.hard} | {point.boundary} |" for point in points]
    head = [f"| {first} | right | valid replies | typical | hard | boundary |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _some(table: str) -> str:
    """The same rows of a shorter table, with what is measured now."""
    known = {point.name: _row(point) for point in (*ladder.read(), *experiments.read())}
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


def pictures(ran: Mapping[str, NotebookNode]) -> dict[str, Picture]:
    """The pictures by file name; `ran` are the executed lessons, by the names of their files."""
    return {
        "board.png": _board(_lesson("04", ran)),
        "few_shot.png": _widget(_lesson("02", ran), "frame", ("frame", "parts", "numbers"), 620, 760),
        "cost.png": _widget(_lesson("09", ran), "data", ("data", "state"), 1000, 900),
    }


def _lesson(number: str, ran: Mapping[str, NotebookNode]) -> NotebookNode:
    return next(notebook for name, notebook in ran.items() if name.startswith(number))


def _shown(notebook: NotebookNode, kind: str) -> list[Any]:
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [data[kind] for data in outputs if kind in data]


def _board(notebook: NotebookNode) -> Picture:
    """The last board of a lesson."""
    figure = _shown(notebook, PLOTLY)[-1]
    points = [{part: trace.get(part) for part in ("name", "x", "y", "error_y")} for trace in figure["data"]]
    names = [label["text"] for label in figure["layout"]["annotations"]]
    return Picture([points, names], lambda drawing: drawing.chart(figure, "png"))


def _widget(notebook: NotebookNode, trait: str, shown: tuple[str, ...], width: int, height: int) -> Picture:
    """The first widget of a lesson that has a part with this trait; its data are what `shown` names."""
    models = notebook.metadata["widgets"][STATES]["state"]
    views = [view["model_id"] for view in _shown(notebook, WIDGET)]
    found = (
        (view, part) for view in views for part in _parts(view, models) if trait in models[part]["state"]
    )
    view, part = next(found)
    data = {name: models[part]["state"].get(name) for name in shown}
    if isinstance(data.get("data"), str):  # of an explorer, whose code is not data
        data["data"] = json.loads(data["data"]) | {"model": ""}
    data["numbers"] = [buffer["data"] for buffer in models[part].get("buffers", ())]
    html = still(view, models)
    return Picture(data, lambda drawing: drawing.screenshot(html, width, height))


def _parts(model_id: str, models: Mapping[str, Any]) -> list[str]:
    """The widget and all its parts, by their ids."""
    children = [child.removeprefix("IPY_MODEL_") for child in models[model_id]["state"].get("children", ())]
    return [model_id, *(part for child in children for part in _parts(child, models))]


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


def write_pictures(ran: Mapping[str, NotebookNode], drawing: Drawing) -> None:
    """Draw each picture whose data have changed."""
    for name, picture in pictures(ran).items():
        if digest_of(IMAGES / name) != digest(picture.data):
            (IMAGES / name).write_bytes(signed(picture.draw(drawing), picture.data))


if __name__ == "__main__":
    write_tables()
