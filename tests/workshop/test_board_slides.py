"""The slides: each picture with its title, its sentence and its source, moved by the arrow keys."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book.pages import PLOTLY
from course.errors import CourseError
from course.material.lessons import lesson
from tests.browser import open_page
from workshop.slides import Slide, page, slides_of


class Drawn:
    """Stands in for the browser that draws: a chart is a small SVG."""

    files: dict[str, bytes] = {}

    def chart(self, figure: dict) -> bytes:
        return b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/>"


def notebook() -> nbformat.NotebookNode:
    figure = {"data": [], "layout": {"title": {"text": 'Quality "here"'}}}
    chart, again = (new_output("display_data", {PLOTLY: figure}) for _ in range(2))
    table = new_output("display_data", {"text/html": "<table></table>"})
    cells = [
        new_markdown_cell("# 02 Few-shot examples\n\n- a goal"),
        new_markdown_cell("## The board\n\nEach *rung* has `one` dot. It has a bar as well."),
        new_code_cell("board.show()", outputs=[chart, table], id="shown"),
        new_markdown_cell("### Deeper"),
        new_code_cell("board.show()", outputs=[again], id="again"),
    ]
    return new_notebook(cells=cells)


def test_each_picture_has_title_sentence_and_source():
    first, second = slides_of(lesson("02"), notebook(), Drawn())
    assert (first.title, first.sentence) == ("The board", "Each rung has one dot.")
    assert first.source == "Lesson 02, Few-shot examples: The board (02_few_shot.ipynb, shown)"
    assert 'alt="Chart: Quality &quot;here&quot;.' in first.picture and "data:image/svg+xml" in first.picture
    assert (second.title, second.sentence) == ("Deeper", first.sentence)


def test_lessons_without_a_picture_are_refused():
    with pytest.raises(CourseError, match="no picture"):
        page([])


@pytest.mark.slow
def test_the_arrow_keys_move_and_nothing_is_fetched(tmp_path):
    file = tmp_path / "slides.html"
    slides = [Slide(f"Title {n}", f"<{n}>", "<svg></svg>", "Lesson 02") for n in range(3)]
    file.write_text(page(slides), encoding="utf-8")
    with open_page(360, 740) as browser_page:
        asked: list[str] = []
        browser_page.on("request", lambda request: asked.append(request.url))
        browser_page.goto(file.as_uri())

        def title() -> str:
            return browser_page.locator(".slide:visible h1").text_content()

        seen = [title()]
        for key in ("ArrowRight", "End", "ArrowLeft", "Home"):
            browser_page.keyboard.press(key)
            seen.append(title())
        assert seen == [f"Title {n}" for n in (0, 1, 2, 1, 0)]
        browser_page.click("#on")
        assert title() == "Title 1" and browser_page.url.endswith("#2")
        assert browser_page.evaluate("document.documentElement.scrollWidth") == 360
        assert asked == [file.as_uri()]
