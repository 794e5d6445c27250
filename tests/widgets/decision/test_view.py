"""The decision in JupyterLab without a kernel: what the page sets reaches Python, and back."""

import json
from dataclasses import replace

import pytest

from course.errors import CourseError
from tests.browser import open_page
from tests.widgets.decision.cases import READY
from tests.widgets.notebook_page import shown
from widgets.decision.answers import Answers, load, to_json
from widgets.decision.model import advise
from widgets.decision.view import DecisionView

MEASURED = replace(READY, failure_rate=13 / 72, evaluation_rows=72, measured_on="a <rung>, 72 tickets")


@pytest.fixture
def view(results_dir) -> DecisionView:
    view = DecisionView(MEASURED)
    view.sent = []
    view.send = view.sent.append
    return view


def press(view: DecisionView, button: str) -> dict[str, str]:
    view._pressed(view, {"press": button}, [])
    return view.sent.pop()


def test_it_begins_with_the_answers_given_and_names_a_damaged_state(view):
    assert view.answers == MEASURED and DecisionView().answers == Answers()
    view.state = '{"volume": "many"}'
    with pytest.raises(CourseError, match="volume is 'many'"):
        view.answers  # noqa: B018
    assert "volume is 'many'" in press(view, "save")["say"]


def test_what_the_page_sets_is_saved_and_opened_again(view, results_dir):
    assert "Nothing is saved" in press(view, "open")["say"]
    changed = replace(MEASURED, labels=200)
    view.state = to_json(changed)
    assert view.answers == changed
    assert "decision.json" in press(view, "save")["say"] and load() == changed
    assert json.loads(press(view, "open")["open"])["labels"] == 200
    (results_dir / "decision.json").write_text("{")
    assert "decision.json cannot be used" in press(view, "open")["say"]


@pytest.mark.slow
def test_the_talk_in_a_notebook(view):
    with open_page(1000, 900) as page:
        shown(page, view)
        assert advise(MEASURED).sentence in page.inner_text(".advice")
        page.locator(".behind", has_text="a <rung>, 72 tickets").wait_for()
        assert page.locator("script").count() == 1  # nothing that a reader writes becomes markup
        # A rate that was moved no longer claims to be measured; the state is what Python reads.
        page.get_by_label("Rows in the evaluation set, exactly").fill("500")
        page.keyboard.press("Tab")
        view.state = page.evaluate("window.values.state")
        assert view.answers == replace(MEASURED, evaluation_rows=500, measured_on="")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("button", name="Open what was saved").click()
        assert page.evaluate("window.sent") == [{"press": "save"}, {"press": "open"}]
        page.get_by_role("button", name="Start again").click()
        view.state = page.evaluate("window.values.state")
        assert view.answers == MEASURED
