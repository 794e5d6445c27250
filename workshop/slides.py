"""The pictures of the lessons as slides, in one page that needs no network: `python -m workshop.slides`.

A lesson that `make site` or an earlier call has executed is not executed again while its code and data are as
they were. Each slide has the heading of its lesson, the sentence above the picture, and where it comes from.
"""

import base64
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from book.build import BUILD, drawing_in
from book.chromium import launch
from book.execution import executed
from book.pages import Drawing, page_of
from course.errors import CourseError, as_command, command_line
from course.files import read_text, write_text
from course.material.lessons import Lesson, lesson, lessons
from course.paths import ROOT

STATIC = Path(__file__).parent / "static"
LIVE_IMAGE = re.compile(r'<img src="([^"]*\.png)".*?alt="([^"]*)">')


@dataclass(frozen=True)
class Slide:
    """`picture` is HTML; `source` names the lesson, the heading and the cell."""

    title: str
    sentence: str
    picture: str
    source: str


def slides_of(chosen: Lesson, notebook: nbformat.NotebookNode, drawing: Drawing) -> Iterator[Slide]:
    """A slide for each picture of an executed lesson."""
    heading, sentence = chosen.title, ""
    for cell in page_of(notebook, drawing).cells:
        if cell.cell_type == "markdown":
            heading = (re.findall(r"^##+ (.*)$", cell.source, re.MULTILINE) or [heading])[-1]
            sentence = _first_sentence(cell.source) or sentence
            continue
        source = f"Lesson {chosen.number}, {chosen.title}: {heading} ({chosen.path.name}, {cell.id})"
        for output in cell.get("outputs", []):
            if picture := _picture(output.get("data", {}), cell, drawing):
                yield Slide(heading, sentence, picture, source)


def page(slides: list[Slide]) -> str:
    """All slides as one page. CourseError where there is no picture."""
    if not slides:
        raise CourseError("These lessons have no picture; choose others, such as 00 02 09.")
    shown = "".join(
        f'<section class="slide" aria-label="Slide {place} of {len(slides)}" tabindex="-1">'
        f"<h1>{html.escape(slide.title)}</h1><p>{html.escape(slide.sentence)}</p>"
        f'<div class="picture">{slide.picture}</div>'
        f"<footer>{html.escape(slide.source)} <span>{place} of {len(slides)}</span></footer></section>"
        for place, slide in enumerate(slides, start=1)
    )
    style, script = (read_text(STATIC / f"slides.{kind}") for kind in ("css", "js"))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Before You Fine-Tune: pictures of the lessons</title>\n<style>{style}</style>\n"
        f'<body>\n<main>{shown}</main>\n<nav aria-label="Slides"><button id="back">Back</button> '
        f'<button id="on">Next</button></nav>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _first_sentence(text: str) -> str:
    """The first sentence of the prose, without Markdown; nothing where there is only a heading or a list."""
    for paragraph in re.split(r"\n\s*\n", text):
        plain = re.sub(r"[*`]|\[([^]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
        if plain and not re.match(r"#|- |\||!|\d+\. ", plain):
            return re.split(r"(?<=[.?!]) (?=[A-Z])", plain)[0]
    return ""


def _picture(data: dict, cell: nbformat.NotebookNode, drawing: Drawing) -> str:
    if chart := data.get("image/svg+xml"):
        alt = html.escape(cell.metadata["mystnb"]["image"]["alt"], quote=True)
        return _image("svg+xml", chart.encode(), alt)
    shown = data.get("text/html", "")
    if live := LIVE_IMAGE.search(shown):
        return _image("png", drawing.files[live[1]], live[2])
    return shown if 'class="still"' in shown and 'role="img"' in shown else ""


def _image(kind: str, content: bytes, alt: str) -> str:
    return f'<img alt="{alt}" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'


@as_command
def main(given: Sequence[str] | None = None) -> None:
    parser = command_line("workshop.slides", __doc__)
    parser.add_argument("lessons", nargs="*", help="numbers such as 00 02 09; all of them by default")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "slides.html")
    arguments = parser.parse_args(given)
    chosen = [lesson(number) for number in arguments.lessons] or list(lessons())
    notebooks = executed([each.path for each in chosen], BUILD / "executed")
    with sync_playwright() as playwright, drawing_in(launch(playwright)) as drawing:
        pairs = zip(chosen, notebooks, strict=True)
        slides = [slide for each, notebook in pairs for slide in slides_of(each, notebook, drawing)]
    write_text(arguments.output, page(slides))
    print(f"{len(slides)} slides, {arguments.output.stat().st_size / 1e6:.1f} MB: {arguments.output}")


if __name__ == "__main__":
    main()
