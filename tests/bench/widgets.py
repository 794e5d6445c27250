"""`make bench`: how long a key press takes to change a picture, in a real JupyterLab and Chromium.

From the key's own event to the first frame after the curve has changed. Our two explorers, a plain plotly
FigureWidget with one curve, and an output that is drawn again are measured in turns, so that a busy machine
slows all of them; then both explorers as pages of site/. And how long they take to their first slider: from
opening a page, and from running a cell. Nothing here is asserted: speed is not a test.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, sync_playwright

from book.chromium import launch
from tests.lab import ERRORS, RUN_ALL, serve_lab
from widgets.cost.page import PAGE as COST_PAGE
from widgets.decision.page import PAGE as DECISION_PAGE

ROUNDS, PRESSES = 6, 20  # of each control; every round goes half its presses right and half back
PAUSE_MS = 120  # between presses, and odd steps on top so that the presses do not keep step with the frames

OURS = """
from widgets.cost.view import CostView

CostView()
"""
DECISION = """
from widgets.decision.answers import Answers
from widgets.decision.view import DecisionView

DecisionView(Answers(failure_rate=0.1))
"""
FIGURE_WIDGET = """
import numpy as np
import plotly.graph_objects as go
from ipywidgets import VBox
from widgets.controls import Slider

months = np.arange(19)
rise = Slider("FigureWidget", range(1, 60), 10)
figure = go.FigureWidget(go.Figure(go.Scatter(x=months, y=months * rise.value)))
figure.update_layout(width=570, height=340, yaxis_range=[0, 1000])
def move(change):
    figure.data[0].y = months * rise.value
rise.observe(move, names="position")
VBox([rise, figure])
"""
DRAWN_AGAIN = """
from IPython.display import display
from ipywidgets import Output

again = Slider("Drawn again", range(1, 60), 10)
output = Output()
def draw_again(change=None):
    with output:
        output.clear_output(wait=True)
        picture = go.Figure(go.Scatter(x=months, y=months * again.value))
        display(picture.update_layout(width=570, height=340, yaxis_range=[0, 1000]))
again.observe(draw_again, names="position")
draw_again()
VBox([again, output])
"""
# What is measured: the name of its slider, and the curve that shows a change, within the slider's output.
COST, DECIDE = "our cost view", "our decision"
PICTURES = {
    COST: ("Volume at the start", ".explorer .months .curve"),
    DECIDE: ("Rows in the evaluation set", ".decide .advice, .decide .reasons"),
    "plotly FigureWidget": ("FigureWidget", ".js-plotly-plot .js-line"),
    "drawn again": ("Drawn again", ".js-plotly-plot .js-line"),
}
PAGES = {COST: COST_PAGE.as_uri(), DECIDE: f'{DECISION_PAGE.as_uri()}#{{"failure_rate":0.1}}'}
CELLS = {COST: 0, DECIDE: 1}  # the place of each in the notebook
# Notes the time of each key and of the first frame after the curves under `area` differ from before.
WATCH = """([slider, selector]) => {
    const area = slider.closest('.jp-OutputArea-output, .explorer');
    const read = () => [...area.querySelectorAll(selector)].map(curve => curve.outerHTML).join();
    let pressed = null, before = '';
    window.times = [];
    const key = event => { pressed = event.timeStamp; before = read(); };
    const watcher = new MutationObserver(() => {
        const now = pressed === null ? '' : read();
        if (!now || now === before) return;
        const since = pressed;
        pressed = null;
        requestAnimationFrame(() => window.times.push(performance.now() - since));
    });
    document.addEventListener('keydown', key, true);
    watcher.observe(area, {subtree: true, childList: true, attributes: true});
    window.unwatch = () => { document.removeEventListener('keydown', key, true); watcher.disconnect(); };
}"""


# Notes when the first slider of a page is painted, in ms since its address was opened.
FIRST = """new MutationObserver((_, watcher) => {
    if (!document.querySelector('input[type=range]')) return;
    watcher.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.first = performance.now(); }));
}).observe(document, {subtree: true, childList: true});"""
FIRST_IN_CELL = """async place => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = place;
    await jupyterapp.commands.execute('notebook:clear-cell-output');
    const cell = notebook.widgets[place].node, begun = performance.now();
    const painted = new Promise(done => new MutationObserver((_, watcher) => {
        if (!cell.querySelector('input[type=range]')) return;
        watcher.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
    }).observe(cell, {subtree: true, childList: true}));
    jupyterapp.commands.execute('notebook:run-cell');
    return painted;
}"""
OPENED = 20  # times that a page is opened, and a cell is run


def main() -> None:
    """Measure and print the tables."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args()
    presses, first = measure_pages()
    print(report("from key press to changed picture, on the pages of site/", presses))
    print(report("from opening a page of site/ to its first slider", first))
    presses, first = measure()
    print(report("from key press to changed picture, in JupyterLab as `make lab` starts it", presses))
    print(report("from running a cell to its first slider, in JupyterLab", first))
    presses, _ = measure(prompt=False, rounds=3)
    print(report("from key press to changed picture, in JupyterLab as it comes", presses))


def report(where: str, times: dict[str, list[float]]) -> str:
    """The table. `times`: milliseconds of each time, by what was measured."""
    lines = [f"ms {where}", f"  {'':<34} {'median':>8} {'p95':>6} {'n':>6}"]
    for name, each in times.items():
        p95 = statistics.quantiles(each, n=20)[-1]
        lines.append(f"  {name:<34} {statistics.median(each):>8.0f} {p95:>6.0f} {len(each):>6}")
    return "\n".join(lines)


def measure(
    prompt: bool = True, rounds: int = ROUNDS
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds of each press and of each run to the first slider, by what was measured.

    Without `prompt` on Jupyter's own server.
    """
    presses: dict[str, list[float]] = {name: [] for name in PICTURES}
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        _write_notebook(folder / "notebooks" / "bench.ipynb")
        settings = {"COURSE_RESULTS": str(folder / "results"), "COURSE_MODE": "local"}
        with serve_lab(folder, settings, prompt) as address:
            browser = launch(playwright)
            page = browser.new_page(viewport={"width": 1000, "height": 900})
            page.set_default_timeout(120_000)
            _open(page, address.format(name="bench.ipynb"))
            for _ in range(rounds):
                for name, (label, selector) in PICTURES.items():
                    presses[name] += _press(page, page.get_by_label(label).first, selector)
            first = {
                name: [page.evaluate(FIRST_IN_CELL, cell) for _ in range(OPENED)]
                for name, cell in CELLS.items()
            }
            browser.close()
    return presses, first


def measure_pages(rounds: int = ROUNDS) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds of each press on a page, and of each time that it was opened, by the page."""
    first: dict[str, list[float]] = {name: [] for name in PAGES}
    presses: dict[str, list[float]] = {name: [] for name in PAGES}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(FIRST)
        for name, address in PAGES.items():
            for _ in range(OPENED):
                page.goto("about:blank")
                page.goto(address)
                page.wait_for_function("window.first")
                first[name].append(page.evaluate("window.first"))
            label, selector = PICTURES[name]
            slider = page.get_by_label(label).first
            presses[name] += [time for _ in range(rounds) for time in _press(page, slider, selector)]
        browser.close()
    return presses, first


def _write_notebook(path: Path) -> None:
    cells = [
        nbformat.v4.new_code_cell(source.strip()) for source in (OURS, DECISION, FIGURE_WIDGET, DRAWN_AGAIN)
    ]
    path.parent.mkdir(parents=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.evaluate(RUN_ALL)
    if errors := page.evaluate(ERRORS):
        raise RuntimeError(f"The bench notebook failed: {errors}")
    page.locator(".js-plotly-plot .js-line").nth(1).wait_for()


def _press(page: Page, slider: Locator, selector: str) -> list[float]:
    """Milliseconds of one round: half the presses right, half back."""
    slider.focus()
    slider.evaluate(f"(slider, selector) => ({WATCH})([slider, selector])", selector)
    for place in range(PRESSES):
        slider.press("ArrowRight" if place < PRESSES // 2 else "ArrowLeft")
        page.wait_for_function("count => window.times.length > count", arg=place)
        page.wait_for_timeout(PAUSE_MS + 7 * (place % 5))
    page.evaluate("window.unwatch()")
    return page.evaluate("window.times")


if __name__ == "__main__":
    main()
