"""The page of an explorer in Chromium and its model in JavaScript; a test module says PAGE, SHOWN, SCRIPT."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser import open_page


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page that holds `window.model`, as the module's SCRIPT sets it."""
    with open_page(1280, 900) as page:
        page.goto("about:blank")
        page.add_script_tag(content=request.module.SCRIPT, type="module")
        page.wait_for_function("window.model")
        yield page


@pytest.fixture(scope="module")
def opened_at(browser: Page, request: pytest.FixtureRequest) -> Callable[..., Page]:
    """Opens the module's PAGE anew, at a hash and in a width; it shows SHOWN then."""
    page = browser.context.browser.new_page()

    def opened(hash: str = "", width: int = 1280) -> Page:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("about:blank")
        page.goto(f"{request.module.PAGE.as_uri()}{hash}")
        page.wait_for_selector(request.module.SHOWN)
        return page

    return opened


@pytest.fixture
def opened(opened_at: Callable[..., Page]) -> Page:
    return opened_at()
