"""The Chromium that drives the lesson tests. `python -m tests.browser --install` sees that there is one."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from widgets.static import STATIC

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HELP = """No browser was found for the tests and none could be installed. Any one of these will do:
  - put Chromium or Chrome on the PATH
  - run .venv/bin/playwright install --with-deps chromium
  - on Debian or Ubuntu, as root: apt-get update && apt-get install -y chromium"""


# A model stands in for a kernel: it keeps what is set, notes what is sent, and `change` is a message from it.
DRAW = """states => {
    window.models = states.map(state => {
        const calls = [], sent = [];
        const bytes = text => new DataView(Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer);
        const take = values =>
            Object.assign(state, values, values.numbers && {numbers: bytes(values.numbers)});
        const changed = () => calls.forEach(call => call());
        const model = {
            get: name => state[name],
            set: (name, value) => { state[name] = value; },
            save_changes: changed,
            send: message => sent.push(message),
            on: (_, call) => calls.push(call),
        };
        take(state);
        window.render({model, el: document.querySelector('main').appendChild(document.createElement('div'))});
        return {state, sent, change: values => { take(values); changed(); }};
    });
}"""


def find(playwright: Playwright) -> str | None:
    """Path of a Chromium: one on the PATH, else the one that Playwright installed, else None."""
    on_path = next((path for name in NAMES if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    return on_path or (own if Path(own).exists() else None)


def launch(playwright: Playwright) -> Browser:
    """Start it headless. Raises RuntimeError with the three ways to get one when there is none."""
    path = find(playwright)
    if path is None:
        raise RuntimeError(HELP)
    # Chromium refuses to run its sandbox as root, the usual user in a container.
    as_root = ["--no-sandbox"] if _is_root() else []
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *as_root])


@contextmanager
def open_page(width: int, height: int) -> Iterator[Page]:
    """A page of that size, in pixels, in a browser of its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser.new_page(viewport={"width": width, "height": height})
        browser.close()


def page_fixture(width: int, height: int, set_up: Callable[[Page], Any] = lambda page: None) -> Any:
    """A fixture of one page of that size for a module. As `browser_page` it makes each of its tests slow."""

    @pytest.fixture(scope="module")
    def opened() -> Iterator[Page]:
        with open_page(width, height) as page:
            set_up(page)
            yield page

    return opened


def answer_of(page: Page, function: str, argument: Any) -> Any:
    """What a JavaScript function gives, sent as one text: Playwright takes values apart one by one."""
    return json.loads(page.evaluate(f"argument => JSON.stringify(({function})(argument))", argument))


def draw_widgets(page: Page, name: str, *states: dict) -> Page:
    """Draw a widget of widgets/static once for each state, one below the other, without a kernel.

    `models[0]` is the first one there, with its `state`, what it `sent`, and `change`. Bytes come as base64.
    """
    errors: list[Exception] = []
    page.on("pageerror", lambda error: errors.append(error))
    page.set_content("<main></main>")
    style = STATIC / f"{name}.css"
    if style.exists():
        page.add_style_tag(content=style.read_text(encoding="utf-8"))
    script = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    script = script.replace("export default { render }", "window.render = render")
    page.add_script_tag(content=script, type="module")
    page.wait_for_function("() => window.render !== undefined")
    page.evaluate(DRAW, list(states))
    assert errors == []
    return page


def install() -> int:
    """Find a browser or install one: Playwright's own, else Debian's package. Returns the exit status."""
    with sync_playwright() as playwright:
        for command in (None, *_installers()):
            if command is not None:
                print("No browser yet; running", *command)
                subprocess.run(command, check=False)
            if path := find(playwright):
                print("The tests will drive", path)
                return 0
    print(HELP, file=sys.stderr)
    return 1


def _installers() -> list[list[str]]:
    own = [sys.executable, "-m", "playwright", "install", "chromium"]
    if not (_is_root() and shutil.which("apt-get")):
        return [own]
    return [own, ["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", required=True, help="find a browser or install one")
    parser.parse_args()
    sys.exit(install())
