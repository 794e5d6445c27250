"""Pages for tests in the Chromium of `book.chromium`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from book.chromium import launch
from widgets.static import STATIC

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
