"""`make site`: execute the lessons, put a still in the place of each widget and chart, and build the pages.

    python -m book.build            every lesson
    python -m book.build 00 09 10   these

A lesson that was executed before is not executed again unless its notebook has changed; remove build/book to
start again. Pages, search and charts need no network. Building the pictures needs the Chromium of the tests.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import plotly
from nbclient import NotebookClient
from playwright.sync_api import Page, sync_playwright

from book.stills import CONTROL, STATES, WIDGET, still
from course.material.lessons import Lesson, lesson, lessons
from course.paths import ROOT
from tests.browser import launch

BUILD = ROOT / "build" / "book"
PLOTLY = "application/vnd.plotly.v1+json"
PLOTLY_SCRIPT = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
NOTE = "<p><small>This is a still. In JupyterLab you can move the controls.</small></p>"
TO_SVG = """async figure => {
    const size = {format: 'svg', width: 720, height: figure.layout?.height || 420};
    const url = await Plotly.toImage(figure, size);
    return decodeURIComponent(url.slice(url.indexOf(',') + 1));
}"""


def execute(chosen: Lesson) -> nbformat.NotebookNode:
    """The lesson with the outputs and widget state of a run; of an earlier one if its cells are the same."""
    kept = BUILD / "executed" / chosen.path.name
    source = nbformat.read(chosen.path, as_version=4)
    if kept.exists():
        done = nbformat.read(kept, as_version=4)
        if [cell.source for cell in done.cells] == [cell.source for cell in source.cells]:
            return done
    print(f"executing {chosen.path.name}", flush=True)
    os.environ |= {"COURSE_RESULTS": str(BUILD / "results"), "COURSE_MODE": "local"}
    folder = {"metadata": {"path": str(chosen.path.parent)}}
    NotebookClient(source, timeout=None, resources=folder, store_widget_state=True).execute()
    kept.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(source, kept)
    return source


def page_of(notebook: nbformat.NotebookNode, browser_page: Page) -> nbformat.NotebookNode:
    """The notebook with each widget and each plotly figure as something that a web page shows."""
    models = notebook.metadata.pop("widgets", {}).get(STATES, {}).get("state", {})
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if WIDGET in data:
                shown = still(data.pop(WIDGET)["model_id"], models)
                note = NOTE if CONTROL in shown else ""
                data["text/html"] = f'<div class="still">{shown}{note}</div>'
            if PLOTLY in data:
                figure = data.pop(PLOTLY)
                data["image/svg+xml"] = browser_page.evaluate(TO_SVG, figure)
                title = figure["layout"]["title"]["text"]
                cell.metadata["mystnb"] = {"image": {"alt": f"Chart: {title}. The lesson prints the same."}}
    return notebook


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("lessons", nargs="*", help="numbers such as 00 09; all of them by default")
    numbers = parser.parse_args().lessons
    chosen = [lesson(number) for number in numbers] or list(lessons())
    source = BUILD / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(Path(__file__).parent / "source", source)
    with sync_playwright() as playwright:
        page = launch(playwright).new_page()
        page.add_script_tag(path=PLOTLY_SCRIPT)
        for each in chosen:
            nbformat.write(page_of(execute(each), page), source / each.path.name)
    entries = "\n".join(each.path.stem for each in chosen)
    index = (source / "index.md").read_text(encoding="utf-8")
    (source / "index.md").write_text(index.replace("LESSONS", entries), encoding="utf-8")
    strict = [] if numbers else ["--fail-on-warning"]  # among some of the lessons, links lead to others
    command = [sys.executable, "-m", "sphinx", "-q", *strict, "-b", "html", source, BUILD / "html"]
    subprocess.run(command, check=True)
    for path in (BUILD / "html").rglob("*.map"):  # of the theme's scripts, for its own authors
        path.unlink()
    size = sum(path.stat().st_size for path in (BUILD / "html").rglob("*") if path.is_file())
    print(f"{len(chosen)} lessons, {size / 1e6:.1f} MB: open {BUILD / 'html' / 'index.html'}")


if __name__ == "__main__":
    main()
