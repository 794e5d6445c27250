"""The review gate in a browser, by keyboard alone; without a kernel."""

import pytest
from playwright.sync_api import Page

from tests.browser import draw_widgets, page_fixture

LINES = {"safety": "Smoke", "app_bug": "The app crashes", "device_fault": "Worked before"}
STATE = {"lines": LINES, "ticket": "The <b>pump</b> is silent.", "routed": "device_fault", "message": ""}
STATE |= {"choices": ["safety", "app_bug"], "alternatives": 1, "summary": "0 of 1 tickets reviewed"}

FOCUSED = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"

browser_page = page_fixture(700, 500)


@pytest.fixture
def page(browser_page: Page) -> Page:
    return draw_widgets(browser_page, "review", dict(STATE))


def test_tab_reaches_the_queue_and_the_buttons_in_order(page):
    names = []
    for _ in range(5):
        page.keyboard.press("Tab")
        names.append(page.evaluate(FOCUSED))
    assert names == ["Another queue", "Approve", "Correct to this queue", "Skip", "Undo the last verdict"]


@pytest.mark.parametrize(
    ("tabs", "sent"), [(2, "approve"), (3, "correct"), (4, "skip"), (5, "undo")], ids=lambda value: str(value)
)
def test_enter_and_space_press_a_button(page, tabs, sent):
    for _ in range(tabs):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert page.evaluate("models[0].sent") == [{"action": sent, "queue": "safety"}] * 2


def test_the_arrow_keys_choose_a_queue_and_its_line_is_shown(page):
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert "app_bug: The app crashes." in page.inner_text("main")
    page.get_by_role("button", name="Correct to this queue").press("Enter")
    assert page.evaluate("models[0].sent") == [{"action": "correct", "queue": "app_bug"}]


def test_the_focus_stays_and_the_outcome_is_announced(page):
    approve = page.get_by_role("button", name="Approve")
    approve.focus()
    page.evaluate("models[0].change({ticket: '', routed: '', choices: [], message: 'Saved: approve (T1).'})")
    assert page.get_by_role("status").inner_text() == "Saved: approve (T1)."
    assert approve.evaluate("button => document.activeElement === button")
    assert approve.get_attribute("aria-disabled") == "true"
    assert "Every ticket has a verdict." in page.inner_text("main")


def test_a_ticket_is_text_fits_and_jupyterlab_leaves_the_keys_to_every_control(page):
    assert page.locator("blockquote").inner_text() == STATE["ticket"]
    assert page.locator("blockquote b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= 700")
    controls = page.locator("button, select")
    assert controls.count() == 5
    assert all(control.get_attribute("data-lm-suppress-shortcuts") == "" for control in controls.all())
