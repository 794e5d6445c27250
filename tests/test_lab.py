"""Every lesson once in a real JupyterLab: Run All, then each control by keyboard. Leaves screenshots."""

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

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, sync_playwright

from course.lessons import Lesson, lessons
from course.paths import NOTEBOOKS, results_dir
from tests.browser import launch

WIDTH, HEIGHT = 1000, 900
AVAILABLE = [lesson for lesson in lessons() if lesson.status == "available"]
CONTROLS = "input[type=range], input[type=checkbox], input[type=number], select, fieldset"
MOVES = {"range": "ArrowRight", "checkbox": "Space", "number": "ArrowUp", "select-one": "ArrowDown"}

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


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab on copies of the notebooks, so that its saving touches nothing."""
    folder = tmp_path_factory.mktemp("lab")
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
def test_the_lesson_runs_and_its_controls_work(lesson: Lesson, lab: str, page: Page) -> None:
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
    page.evaluate("async () => await jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def _move(control: Locator) -> None:
    """Move a control by one step with the keyboard alone: on from where it is, or back from its end."""
    kind = control.evaluate("control => control.type")
    if kind == "fieldset":
        control.locator("input").first.press("ArrowDown")
        return
    at_the_end = kind == "range" and control.evaluate("control => control.value === control.max")
    control.press("ArrowLeft" if at_the_end else MOVES[kind])


def _screenshot(page: Page, name: str) -> None:
    """The whole notebook as one picture, in the results folder."""
    page.evaluate("jupyterapp.shell.collapseLeft()")
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": height + 150})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
    page.screenshot(path=results_dir() / "screenshots" / f"{name}.png")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def _settings(folder: Path) -> Path:
    """A settings folder: no dialog about news, every cell drawn also when it is out of sight."""
    config = folder / "config"
    files = {
        "labconfig/page_config.json": {
            "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
        },
        "lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {
            "windowingMode": "none"
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
