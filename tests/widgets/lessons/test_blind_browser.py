"""The blind sheet in a browser, by keyboard alone; without a kernel."""

import pytest
from playwright.sync_api import Page

from tests.browser import draw_widgets, page_fixture

PAIRS = [
    {"note": "The <b>pump</b>, Friday", "left": "Your pump.\nGrow well", "right": "Your pump comes. " * 20},
    {"note": "second", "left": "a", "right": "b"},
]
STATE = {"pairs": PAIRS, "place": 0, "choices": [[], ["neither", "right"]], "message": ""}
STATE |= {"summary": "1 of 2 pairs read."}
SENT = "models[0].sent"
FOCUSED = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"
CONTROLS = ["A fact is wrong or missing", "A reads better", "B reads better", "No difference", "Back", "Next"]

browser_page = page_fixture(700, 600)


@pytest.fixture
def page(browser_page: Page) -> Page:
    return draw_widgets(browser_page, "blind", dict(STATE))


def test_tab_reaches_every_control_by_its_name_and_jupyterlab_leaves_the_keys_to_it(page):
    names = []
    for _ in CONTROLS:
        page.keyboard.press("Tab")
        names.append(page.evaluate(FOCUSED))
    assert names == CONTROLS
    controls = page.locator("button, select")
    assert controls.count() == len(CONTROLS)
    assert all(control.get_attribute("data-lm-suppress-shortcuts") == "" for control in controls.all())


def test_the_arrow_keys_and_enter_send_a_choice_with_where_a_fact_is_wrong(page):
    page.get_by_label("A fact is wrong or missing").press("ArrowDown")
    page.get_by_role("button", name="B reads better").press("Enter")
    page.get_by_role("button", name="No difference").press("Space")
    assert page.evaluate(SENT) == [
        {"place": 0, "choice": "right", "wrong": "left"},
        {"place": 0, "choice": "neither", "wrong": "left"},
    ]


def test_next_shows_the_pair_with_what_was_said_of_it_and_the_ends_hold(page):
    page.get_by_role("button", name="Next").press("Enter")
    assert page.inner_text(".place") == "Pair 2 of 2" and page.evaluate("models[0].state.place") == 1
    assert page.get_by_label("A fact is wrong or missing").input_value() == "right"
    assert page.get_by_role("button", name="No difference").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Next").press("Enter")
    assert page.inner_text(".place") == "Pair 2 of 2"
    page.get_by_role("button", name="Back").press("Enter")
    assert page.inner_text(".place") == "Pair 1 of 2"


def test_what_was_kept_is_announced_and_the_text_fits_and_stays_text(page):
    page.evaluate("models[0].change({place: 1, message: 'Kept: pair 1.'})")
    assert page.get_by_role("status").inner_text() == "Kept: pair 1."
    page.evaluate("models[0].change({place: 0})")
    assert (
        page.locator("blockquote").inner_text() == PAIRS[0]["note"]
        and page.locator("blockquote b").count() == 0
    )
    assert page.get_by_role("region", name="Reply A").inner_text().endswith("Your pump.\nGrow well")
    assert page.evaluate("document.documentElement.scrollWidth <= 700")
