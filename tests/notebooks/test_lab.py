"""Every lesson once in a real JupyterLab: Run All, then each control by keyboard. Leaves screenshots.

A key is set all the while, and nothing that a lesson leaves may hold it.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Error, Page, TimeoutError

from course.material.lessons import Lesson, lessons
from course.paths import NOTEBOOKS, results_dir
from tests.browser import open_page
from tests.lab import CONTROLS, ERRORS, NAME, NEVER_RAN, RUN_ALL, SHOWN, move, serve_lab

WIDTH, HEIGHT = 1000, 900
POLL_MS = 50  # reading all outputs in each frame would keep the page from drawing them
pytestmark = pytest.mark.slow

KEY = "sk-marker-of-the-lab"
# What the kernel of the notebook says to an expression.
ASK_KERNEL = """async expression => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const asked = kernel.requestExecute({code: '', silent: true, user_expressions: {asked: expression}});
    return (await asked.done).content.user_expressions.asked.data['text/plain'];
}"""
# The page stays: to load all of JupyterLab again takes longer than many a lesson.
OPEN = """async name => {
    [...jupyterapp.shell.widgets('main')].forEach(open => open.dispose());
    await jupyterapp.commands.execute('docmanager:open', {path: name});
}"""
SAVE = "async () => await jupyterapp.commands.execute('docmanager:save')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where JupyterLab keeps its log, its settings and the copies of the notebooks."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[str]:
    """Address of a JupyterLab on copies of the notebooks, so that its saving touches nothing."""
    shutil.copytree(NOTEBOOKS, folder / "notebooks")
    with serve_lab(folder, {"ANTHROPIC_API_KEY": KEY, "COURSE_MODE": "local"}, forked=True) as address:
        yield address


@pytest.fixture(scope="module")
def page(lab: str) -> Iterator[Page]:
    """JupyterLab in a browser."""
    with open_page(WIDTH, HEIGHT) as page:
        page.set_default_timeout(60_000)
        page.goto(lab.format(name=lessons()[0].path.name))
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        yield page


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.path.stem)
def test_the_lesson_runs_and_its_controls_work(lesson: Lesson, folder: Path, page: Page) -> None:
    page.evaluate(OPEN, lesson.path.name)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.evaluate(RUN_ALL)
    assert page.evaluate(ERRORS) == []
    assert page.evaluate(NEVER_RAN) == []
    page.wait_for_selector(".course-quiz")
    if page.locator(".course-coding").count():
        _code_failures(page)

    controls = page.locator(".jp-OutputArea-output").locator(CONTROLS)
    for control in controls.element_handles():
        if not control.evaluate("control => control.isConnected"):
            continue  # a question that can no longer change the advice is not asked any more
        name = control.evaluate(NAME).strip()
        assert name, f"a control without an accessible name: {control.evaluate('c => c.outerHTML')[:200]}"
        page.evaluate(f"() => {{ window.shownBefore = ({SHOWN})(); }}")
        try:
            move(control)
        except Error:
            # What an earlier move changes may take it away while this one is on its way.
            assert not control.evaluate("control => control.isConnected"), f"'{name}' takes no key"
            continue
        try:
            page.wait_for_function(f"() => ({SHOWN})() !== window.shownBefore", polling=POLL_MS)
        except TimeoutError:
            pytest.fail(f"moving '{name}' by keyboard changes nothing that is shown")
    _screenshot(page, lesson.path.stem)

    # A lesson that asks a model calls its client `client`. test_requests.py reads what it asked in the
    # recordings.
    if _asks_a_model(lesson):
        assert int(page.evaluate(ASK_KERNEL, "client.meter.requests")) > 0
    assert KEY in page.evaluate(ASK_KERNEL, "__import__('os').environ['ANTHROPIC_API_KEY']")
    page.evaluate(SAVE)
    saved = nbformat.read(folder / "notebooks" / lesson.path.name, as_version=4)
    assert "widgets" in saved.metadata, "the notebook was saved without what its run left"
    assert _holders(KEY, folder, results_dir()) == []
    page.evaluate("async () => await jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def test_a_key_in_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "clean.txt").write_text("no key")
    leak = tmp_path / "deep" / "board.sqlite"
    leak.write_bytes(b"\0\xff" + KEY.encode() + b"\0")
    assert _holders(KEY, tmp_path) == [leak]


def _code_failures(page: Page) -> None:
    """Code three failures by keyboard and press each button, so that codes are there to move the lists on."""
    field, place = page.get_by_label("Your code"), page.locator(".course-coding .place")
    rows = page.locator(".course-coding tbody tr")
    assert place.inner_text().startswith("Failure 1 of ")
    for number, words in enumerate(("the topic word", "a rule not read", "the topic")):
        field.press_sequentially(words)
        field.press("Enter")
        rows.nth(number).wait_for()
    page.get_by_label("Code", exact=True).select_option("the topic")
    name = page.get_by_label("New name, or the code to merge it into")
    name.press_sequentially("The topic word")
    page.get_by_role("button", name="Rename or merge").press("Enter")
    rows.nth(2).wait_for(state="detached")
    page.get_by_role("button", name="Undo the last change").press("Enter")
    rows.nth(2).wait_for()
    for button, number in (("Back", 3), ("Next", 4)):
        page.get_by_role("button", name=button, exact=True).press("Enter")
        assert place.inner_text().startswith(f"Failure {number} of ")


def _asks_a_model(lesson: Lesson) -> bool:
    return any("connect(" in cell.source for cell in nbformat.read(lesson.path, as_version=4).cells)


def _holders(text: str, *folders: Path) -> list[Path]:
    """The files in these folders, at any depth, that hold the text."""
    files = [Path(place, name) for folder in folders for place, _, names in os.walk(folder) for name in names]
    return [path for path in files if _holds(path, text)]


def _holds(path: Path, text: str) -> bool:
    try:
        return path.is_file() and text.encode() in path.read_bytes()
    except FileNotFoundError:  # another lesson has put it in its place since
        return False


def _screenshot(page: Page, name: str) -> None:
    """The whole notebook as one picture, in the results folder."""
    page.evaluate("jupyterapp.shell.collapseLeft()")
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": height + 150})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
    page.screenshot(path=results_dir() / "screenshots" / f"{name}.png")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
