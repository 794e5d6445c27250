"""Every lesson once in a real JupyterLab: Run All, then each control by keyboard. Leaves screenshots.

A key is set all the while, and nothing that a lesson leaves may hold it.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, TimeoutError, sync_playwright

from course.lessons import Lesson, lessons
from course.paths import NOTEBOOKS, results_dir
from tests.browser import launch

WIDTH, HEIGHT = 1000, 900
KEY = "sk-marker-of-the-lab"
AVAILABLE = [lesson for lesson in lessons() if lesson.status == "available"]
CONTROLS = "input[type=range], input[type=checkbox], input[type=number], select, fieldset"
MOVES = {"range": "ArrowRight", "checkbox": "Space", "number": "ArrowUp", "select-one": "ArrowDown"}
BACK_FROM_THE_END = {"range": "ArrowLeft", "select-one": "ArrowUp"}
AT_THE_END = """control => control.options
    ? control.selectedIndex === control.options.length - 1 : control.value === control.max"""

# What a reader sees beside the controls themselves: the words and the lines of every output.
SHOWN = """() => [...document.querySelectorAll('.jp-Cell-outputArea')].map(area => {
    const copy = area.cloneNode(true);
    copy.querySelectorAll('input, output, select, .widget-readout').forEach(part => part.remove());
    const lines = [...copy.querySelectorAll('path[d]')].map(path => path.getAttribute('d'));
    return copy.textContent + lines.join();
}).join()"""
ERRORS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .flatMap(cell => cell.model.outputs.toJSON())
    .filter(output => output.output_type === 'error')
    .map(output => `${output.ename}: ${output.evalue}`)"""
NEVER_RAN = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code' && cell.model.executionCount === null)
    .map(cell => cell.model.sharedModel.getSource())"""
NAME = """control => control.querySelector('legend')?.textContent || control.labels?.[0]?.textContent
    || control.getAttribute('aria-label') || ''"""
RUN_ALL = """async () => {
    await jupyterapp.shell.currentWidget.sessionContext.ready;
    const late = new Promise((_, fail) => setTimeout(() => fail('Run All was not done in 600 s'), 600_000));
    await Promise.race([jupyterapp.commands.execute('notebook:run-all-cells'), late]);
}"""
# What the kernel of the notebook says to an expression.
ASK_KERNEL = """async expression => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const asked = kernel.requestExecute({code: '', silent: true, user_expressions: {asked: expression}});
    return (await asked.done).content.user_expressions.asked.data['text/plain'];
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"),
        f"--ServerApp.root_dir={folder / 'notebooks'}",
    ]
    own_settings = {"JUPYTER_CONFIG_DIR": _settings(folder), "JUPYTER_RUNTIME_DIR": folder / "runtime"}
    environment = os.environ | {name: str(path) for name, path in own_settings.items()}
    environment |= {"ANTHROPIC_API_KEY": KEY, "COURSE_MODE": "local"}
    with open(folder / "lab.log", "w+") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_up(server, f"http://127.0.0.1:{port}/api?token={token}", folder / "lab.log")
            yield f"http://127.0.0.1:{port}/lab/tree/{{name}}?reset&token={token}"
        finally:
            server.terminate()
            server.wait(timeout=30)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


@pytest.mark.parametrize("lesson", AVAILABLE, ids=lambda lesson: lesson.path.stem)
def test_the_lesson_runs_and_its_controls_work(lesson: Lesson, lab: str, folder: Path, page: Page) -> None:
    page.goto(lab.format(name=lesson.path.name))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.evaluate(RUN_ALL)
    assert page.evaluate(ERRORS) == []
    assert page.evaluate(NEVER_RAN) == []
    page.wait_for_selector(".course-quiz")

    controls = page.locator(".jp-OutputArea-output").locator(CONTROLS)
    for control in controls.all():
        name = control.evaluate(NAME).strip()
        assert name, f"a control without an accessible name: {control.evaluate('c => c.outerHTML')[:200]}"
        before = page.evaluate(SHOWN)
        _move(control)
        try:
            page.wait_for_function(f"before => ({SHOWN})() !== before", arg=before)
        except TimeoutError:
            pytest.fail(f"moving '{name}' by keyboard changes nothing that is shown")
    _screenshot(page, lesson.path.stem)

    # Every lesson calls its client `client`. test_requests.py reads what it asked in the recordings.
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


def _holders(text: str, *folders: Path) -> list[Path]:
    """The files in these folders, at any depth, that hold the text."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]


def _move(control: Locator) -> None:
    """Move a control by one step with the keyboard alone: on from where it is, or back from its end."""
    kind = control.evaluate("control => control.type")
    if kind == "fieldset":
        control.locator("input").first.press("ArrowDown")
        return
    back = BACK_FROM_THE_END.get(kind)
    control.press(back if back and control.evaluate(AT_THE_END) else MOVES[kind])


def _screenshot(page: Page, name: str) -> None:
    """The whole notebook as one picture, in the results folder."""
    page.evaluate("jupyterapp.shell.collapseLeft()")
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": height + 150})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
    page.screenshot(path=results_dir() / "screenshots" / f"{name}.png")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def _settings(folder: Path) -> Path:
    """A settings folder: no dialog about news, cells out of sight drawn, widgets saved."""
    config = folder / "config"
    files = {
        "labconfig/page_config.json": {
            "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
        },
        "lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {
            "windowingMode": "none"
        },
        "lab/user-settings/@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings": {
            "saveState": True
        },
    }
    for name, content in files.items():
        (config / name).parent.mkdir(parents=True)
        (config / name).write_text(json.dumps(content))
    return config


def _wait_until_up(server: subprocess.Popen, url: str, log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
