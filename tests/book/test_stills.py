"""A still shows what its widget shows: settings, words, tables, charts and questions."""

import re
from collections.abc import Iterator

import nbformat
import pandas as pd
import pytest
from ipywidgets import HTML, Checkbox, IntSlider, VBox, Widget
from ipywidgets.embed import dependency_state
from nbformat import NotebookNode

from book.build import drawing_in
from book.pages import PLOTLY, Drawing, page_of
from book.stills import STATES, WIDGET, still
from course.material.data import tickets
from course.material.lessons import lesson
from course.measuring.results import Result
from tests.browser import page_fixture
from widgets.actions import Actions
from widgets.chart import Axis, Line, LineChart
from widgets.controls import Choice, Slider
from widgets.cost.view import CostView
from widgets.decision.view import DecisionView
from widgets.lessons.claims_view import ClaimsTable
from widgets.lessons.coding_view import CodingSheet
from widgets.lessons.quiz_view import quiz
from widgets.lessons.sample_size_view import SampleSize

ROW = tickets("dev")[0]
WRONG = Result.from_replies([ROW], {ROW.id: "safety"}, name="a rung")


browser_page = page_fixture(700, 900)


def chart() -> LineChart:
    made = LineChart(Axis("months"), Axis("$ so far"))
    made.show([Line("Prompt", [0, 1], [0, 10], "#000000")], "The prompt costs <$10>.")
    return made


def drawn(widget: Widget) -> str:
    return still(widget.model_id, dependency_state([widget], drop_defaults=False))


@pytest.mark.parametrize(
    ("widget", "shown"),
    [
        (Slider("Volume", [10, 1_000], 1_000, unit="tickets a day"), "Volume: <b>1,000 tickets a day</b>"),
        (Slider("An hour", [50, 100], 100, unit="$ an hour"), "An hour: <b>$100 an hour</b>"),
        (Choice("Sent", {"at once": 1, "in <batches>": 2}, 2), "Sent: <b>in &lt;batches&gt;</b>"),
        (VBox([HTML("<p>words</p>"), VBox([HTML("<p>more</p>")])]), "<p>words</p><p>more</p>"),
        (Checkbox(True, description="format"), "format: <b>on</b>"),
        (IntSlider(7, description="rows"), "rows: <b>7</b>"),
        (Actions({"Save": dict}), ""),
        (ClaimsTable(verdict="depends"), "depends</td>"),
        (quiz("00"), lesson("00").quiz[0].options[1]),
        (CodingSheet(WRONG), "<td>safety</td>"),
        (SampleSize({"the test set": 360}), "Right now: <b>80%</b>"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Widget) else "",
)
def test_a_still_shows_what_the_widget_shows(widget, shown):
    assert shown in drawn(widget)


def test_an_explorer_keeps_its_sentence_and_table_and_a_chart_is_drawn_by_its_widget():
    view = SampleSize({"the test set": 360})
    assert view.sentence.value in drawn(view) and view.table.value in drawn(view)
    made = chart()
    assert drawn(made) == made.as_html()


def test_the_cost_explorer_works_on_a_page(browser_page):
    view = CostView()
    browser_page.set_content(drawn(view))
    slider = browser_page.locator("input[type=range]").first
    before = browser_page.locator("svg").first.inner_html()
    slider.press("ArrowRight")
    browser_page.wait_for_function("old => document.querySelector('svg').innerHTML !== old", arg=before)


@pytest.fixture
def drawing(browser_page) -> Iterator[Drawing]:
    with drawing_in(browser_page.context.browser) as made:
        yield made


def page_with(widget: Widget, drawing: Drawing) -> NotebookNode:
    shown = {WIDGET: {"model_id": widget.model_id}, "text/plain": "x"}
    output = nbformat.v4.new_output("display_data", shown)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("chart", outputs=[output])])
    state = dependency_state([widget], drop_defaults=False)
    notebook.metadata["widgets"] = {STATES: {"state": state}}
    return page_of(notebook, drawing)


def test_a_page_has_stills_and_pictures_and_no_widget(drawing):
    view = DecisionView()
    shown = page_with(view, drawing).cells[0].outputs[0]["data"]["text/html"]
    script, picture = sorted(drawing.files)
    assert f'<script defer src="{script}"></script>' in shown and f'<img src="{picture}"' in shown
    assert re.search(r'<div class="live"><p>\w.*</p><img ', shown) and len(shown) < 12_000
    assert drawing.files[picture].startswith(b"\x89PNG") and b"render" in drawing.files[script]
    page = page_with(chart(), drawing)
    shown = page.cells[0].outputs[0]["data"]
    assert "</svg>" in shown["text/html"] and "The prompt costs &lt;$10&gt;." in shown["text/html"]
    assert "<script" not in shown["text/html"]
    assert WIDGET not in shown and "widgets" not in page.metadata
    figure = {"data": [{"x": [1], "y": [2]}], "layout": {"title": {"text": "Quality"}}}
    output = nbformat.v4.new_output("display_data", {PLOTLY: figure})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("show()", outputs=[output])])
    (cell,) = page_of(notebook, drawing).cells
    assert "</svg>" in cell.outputs[0]["data"]["image/svg+xml"] and PLOTLY not in cell.outputs[0]["data"]
    assert cell.metadata["mystnb"]["image"]["alt"].startswith("Chart: Quality.")
    assert drawing.chart(figure, "png").startswith(b"\x89PNG")


def test_a_table_has_no_header_without_words():
    frame = pd.DataFrame({"right": [1]}, index=["one"])
    for table in (frame.to_html(), frame.style.to_html()):
        output = nbformat.v4.new_output("execute_result", {"text/html": table}, execution_count=1)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("frame", outputs=[output])])
        shown = page_of(notebook, drawing=None).cells[0].outputs[0]["data"]["text/html"]
        assert not re.search(r"<th[^>]*>(&nbsp;|\s)*</th>", shown)
        assert shown.count("<th") == table.count("<th") - 1
        assert ">right</th>" in shown and ">one</th>" in shown
