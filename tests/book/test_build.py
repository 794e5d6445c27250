"""A small book: two lessons with one output of every kind, built to the end and read in a browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pandas as pd
import plotly.graph_objects as go
import pytest
from ipywidgets import Widget
from ipywidgets.embed import dependency_state
from playwright.sync_api import Browser

from book import check
from book.build import build, chosen_notebooks, drawing_in, sizes
from book.pages import PLOTLY
from book.stills import STATES, WIDGET
from course.material import data
from course.material.lessons import lesson
from course.measuring.evaluate import evaluate
from tests.browser import open_page
from widgets.chart import Axis, Line, LineChart
from widgets.decision.view import DecisionView
from widgets.lessons.sample_size_view import SampleSize

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_page(1280, 900) as page:
        assert page.context.browser
        yield page.context.browser


def html_of(thing: object) -> dict:
    return {"text/html": thing._repr_html_()}  # type: ignore[attr-defined]


def widget(made: Widget) -> dict:
    return {WIDGET: {"model_id": made.model_id}}


def with_outputs(number: str, outputs: list[dict]) -> tuple[str, nbformat.NotebookNode]:
    """A page's name, and the lesson as if its first cells had shown these."""
    [path] = chosen_notebooks([number])
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, shown in zip(code, outputs, strict=False):
        cell.outputs = [nbformat.v4.new_output("display_data", shown)]
    return path.name, notebook


@pytest.fixture(scope="module")
def html(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = evaluate(data.lesson_sample(), lambda row: data.QUEUES[0], name="always the same queue")
    frame = pd.DataFrame({"right": [1]}, index=["one"])
    figure = go.Figure(go.Scatter(x=[1], y=[2]), {"title": {"text": "Quality against cost"}})
    chart = LineChart(Axis("months"), Axis("$ so far"))
    chart.show([Line("Prompt", [0, 1], [0, 10], "#000000")], "The prompt costs $10.")
    drawn = [SampleSize({"the test set": 360}), chart, LineChart(Axis("x"), Axis("y")), DecisionView()]
    shown = [html_of(result), html_of(frame), {PLOTLY: figure.to_plotly_json()}, {"text/plain": ""}]
    start = with_outputs("00", shown)
    examples = with_outputs("02", [widget(each) for each in drawn])
    examples[1].metadata["widgets"] = {STATES: {"state": dependency_state(drawn, drop_defaults=False)}}
    with drawing_in(browser) as drawing:
        return build(dict([start, examples]), tmp_path_factory.mktemp("book"), drawing, strict=False)


def test_a_reader_without_a_kernel_sees_every_output_and_what_each_lesson_is_for(html, browser):
    start = (html / "00_start_here.html").read_text(encoding="utf-8")
    assert "always the same queue</b></caption>" in start
    assert 'alt="Chart: Quality against cost. The lesson prints the same."' in start
    assert 'class="output text_plain' not in start  # nothing is left of a sign of progress
    examples = (html / "02_few_shot.html").read_text(encoding="utf-8")
    controls, line, nothing, explorer = examples.split('<div class="still">')[1:]
    assert "Right now: <b>80%</b>" in controls and "</table>" in controls
    assert 'aria-label="The prompt costs $10."' in line and 'role="img"' not in nothing.split("</svg>")[0]
    assert '<script defer="" src="_static/live/' in explorer or '<script defer src="_static/live/' in explorer
    assert "vnd.jupyter.widget" not in start + examples and "vnd.plotly" not in start + examples
    page = (html / "index.html").read_text(encoding="utf-8")
    [item] = re.findall(r'<li><p><a [^>]*href="00_start_here.html".*?</li>', page, re.DOTALL)
    assert f"{lesson('00').minutes} minutes: {lesson('00').goals[0]}" in item
    page = browser.new_page()
    with check.served(html) as address:
        page.goto(f"{address}/search.html?q=retrieved")
        page.wait_for_selector("#search-results li a[href^='02_few_shot.html']")
    page.close()


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("00_start_here.html", "dark", 360),
        ("00_start_here.html", "light", 1280),
        ("02_few_shot.html", "light", 360),
        ("02_few_shot.html", "dark", 1280),
        ("index.html", "dark", 1280),
    ],
)
def test_a_browser_finds_no_fault(html, browser, name, scheme, width):
    with check.served(html) as address:
        assert check.looked_at(browser, f"{address}/{name}", scheme, width) == []


def test_what_a_first_visit_takes_is_measured(html, browser):
    with check.served(html) as address:
        visit = check.visit(browser, f"{address}/02_few_shot.html")
    assert visit.seconds > 2 * check.ROUND_TRIP_MS / 1000 and 50_000 < visit.transferred < 1_000_000
    assert sizes(html, browser).startswith(f"{len(list(html.rglob('*.html')))} pages, ")


def test_a_page_that_cannot_be_read_is_one_fault_beside_those_of_its_looks(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "READABLE", "() => Promise.reject('nothing of the article was painted')")
    page = '<html lang="en"><title>T</title><main><h1>T</h1><img src="data:,"></main></html>'
    (tmp_path / "page.html").write_text(f"<!doctype html>{page}")
    with check.served(tmp_path) as address:
        visit, faults = check.checked(browser, f"{address}/page.html")
    assert visit is None and faults[0].startswith("first visit: ") and "nothing of the article" in faults[0]
    looks = [fault.partition(": ")[0] for fault in faults if "image-alt" in fault]
    assert looks == ["light, 360", "light, 1280", "dark, 360", "dark, 1280"]
