"""Both explorers in a notebook without a kernel: their buttons reach Python, and its answers the reader."""

import pytest
from playwright.sync_api import Page

from tests.browser import page_fixture
from tests.widgets.notebook_page import READY, shown
from widgets.cost.inputs import from_json as cost_state
from widgets.cost.presets import from_board
from widgets.cost.view import CostView
from widgets.decision.answers import Answers
from widgets.decision.answers import from_json as answers_of
from widgets.decision.view import DecisionView
from widgets.page_view import PageView

pytestmark = pytest.mark.slow
PRINT = "window.print = () => { window.top.printed = document.body.cloneNode(true); }"


def unshared() -> CostView:
    """A case that site/cost.html does not have."""
    return CostView([from_board({})])


page = page_fixture(1000, 900, lambda page: page.add_init_script(PRINT))


def press(page: Page, view: PageView, button: str) -> None:
    """Press it, and hand on what Python answers."""
    page.get_by_role("button", name=button, exact=True).click()
    view.state = page.evaluate("values.state")
    answers: list[dict[str, str]] = []
    view.send = answers.append
    view._pressed(view, page.evaluate("sent.pop()"), [])
    page.evaluate("message => answer(message)", answers[0])


@pytest.mark.parametrize(
    ("make", "label", "value"),
    [
        (unshared, "Volume at the start, exactly", "123456"),
        (lambda: DecisionView(Answers(volume=5_000)), "Rows in the evaluation set, exactly", "500"),
    ],
    ids=["cost", "decision"],
)
def test_a_link_from_a_notebook_opens_the_same_on_the_page(page, make, label, value):
    view = make()
    shown(page, view)
    page.get_by_label(label).fill(value)
    page.keyboard.press("Tab")
    page.wait_for_function("value => values.state.includes(value)", arg=value)
    page.wait_for_function(READY)
    press(page, view, "Copy a link")
    page.wait_for_function("window.copied")
    assert "on this computer" in page.inner_text(".said")
    address, words = page.evaluate("copied"), page.inner_text(".advice strong")
    assert address.startswith(f"{view.page.as_uri()}#") and value in address
    page.goto(address)
    page.wait_for_function(READY)
    assert page.inner_text(".advice strong") == words
    assert page.inner_text(".said") == ""


@pytest.mark.parametrize("make", [unshared, DecisionView], ids=["cost", "decision"])
def test_what_a_notebook_saves_it_opens_again(page, make, results_dir):
    view = make()
    shown(page, view)
    read = cost_state if isinstance(view, CostView) else answers_of
    press(page, view, "Open what was saved")
    assert page.inner_text(".said") == "Nothing is saved yet; press Save first."
    press(page, view, "Save")
    assert "in the results folder" in page.inner_text(".said")
    before = read(view.state)
    press(page, view, "Open what was saved")
    assert page.inner_text(".said") == "This is what was saved."
    page.get_by_role("button", name="Save", exact=True).click()
    assert read(page.evaluate("values.state")) == before


@pytest.mark.parametrize("make", [unshared, DecisionView], ids=["cost", "decision"])
def test_a_notebook_prints_the_explorer_alone_with_everything_unfolded(page, make):
    shown(page, make())
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforebegin', '<h1>The notebook</h1>')")
    number = page.locator("input[type=number]").last
    page.evaluate("document.querySelectorAll('input[type=checkbox]').forEach(one => { one.checked = true; })")
    page.get_by_role("button", name="Print").click()
    page.wait_for_function("window.printed")
    paper = page.evaluate(
        """() => ({
            text: printed.textContent,
            folded: printed.querySelectorAll('details:not([open])').length,
            values: [...printed.querySelectorAll('input[type=number]')].map(one => one.getAttribute('value')),
            unticked: printed.querySelectorAll('input[type=checkbox]:not([checked])').length,
        })"""
    )
    assert "The notebook" not in paper["text"] and page.inner_text(".advice strong") in paper["text"]
    assert paper["folded"] == paper["unticked"] == 0
    assert number.input_value() in paper["values"]
