"""The control of lesson 10 without a browser: what answering does to the advice, and what the page says."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from ipywidgets import Checkbox

from widgets.controls import Choice, Slider
from widgets.decision import answers as decision_answers
from widgets.decision import page as decision_page
from widgets.decision.answers import QUESTION, QUESTIONS, Answers
from widgets.decision.model import advise, what_would_change
from widgets.decision.view import DecisionView

FULL = Answers(
    wrong=frozenset({"style", "cost"}),
    tried=frozenset(decision_answers.TRIABLE),
    prompt_maximised=True,
    evaluation_rows=72,
    failure_rate=13 / 72,
    accepted_rate=0.055,
    failures_sorted=True,
    spread="alike",
    changes="yearly",
    stable_months=12,
    reviewed=False,
    volume=65_432,
    labels=1_594,
    labelled_by="experts",
    retraining_budget=True,
    tuned_models=4,
    measured_on="a rung, 72 tickets",
)


@pytest.fixture
def view(results_dir) -> DecisionView:
    return DecisionView()


def controls(view: DecisionView) -> list[Checkbox | Choice | Slider]:
    rows = [row for asked in view.asked.values() for row in asked.rows]
    return [control for row in rows for control in (getattr(row, "children", ()) or [row])]


def text(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_any_answers_are_shown_as_they_are_also_those_between_the_stops():
    for answers in (Answers(), FULL, replace(FULL, failure_rate=None, volume=7)):
        assert DecisionView(answers).answers == answers


def test_it_says_what_the_model_says(view):
    view.asked["wrong"].value = frozenset({"knowledge"})
    view.asked["tried"].value = frozenset({"prompt"})
    advice = advise(view.answers)
    assert advice.next.key == "retrieval"
    assert advice.sentence in view.page.value and advice.sentence in view.headline.value
    assert text(view.page.value).count("ruled out") == sum(
        step.state == "ruled out" for step in advice.ladder
    )
    assert view.page.value.count('aria-current="step"') == 1


def test_every_control_has_a_name_and_changes_what_is_shown(view):
    found = controls(view)
    assert len(found) == len(decision_answers.PROBLEMS) + len(decision_answers.TRIABLE) + len(QUESTIONS) - 2
    for control in found:
        before = view.page.value + view.details.value
        if isinstance(control, Checkbox):
            assert control.description
            control.value = not control.value
        else:
            assert control.label
            last = len(control.options if isinstance(control, Choice) else control.stops) - 1
            control.position += -1 if control.position == last else 1
        assert view.page.value + view.details.value != before, control


def test_the_page_tells_all_points_all_marks_and_all_sources(view):
    view = DecisionView(FULL)
    advice, shown = advise(FULL), text(view.details.value)
    points = (*advice.gates, *advice.checks, *advice.conditions, *advice.questions)
    for point in points:
        assert decision_page.html.escape(point.why.text) in view.details.value
    assert shown.count("open") >= sum(not point.holds for point in advice.checks)
    for mark in advice.volumes:
        assert mark.says in shown and f"claim {mark.source}" in shown
    assert "65,432" in view.details.value and "claim C115: cannot be checked" in shown


def test_the_page_is_well_formed_and_keeps_no_markup_of_the_reader():
    view = DecisionView(replace(FULL, measured_on="<script>alert(1)</script>"))
    page = view.page.value + view.details.value
    assert "<script" not in page

    class Balanced(HTMLParser):
        open: list[str] = []

        def handle_starttag(self, tag, attrs):
            if tag not in ("br", "line", "path", "rect", "circle"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            if tag not in ("line", "path", "rect", "circle"):
                assert self.open.pop() == tag

    parser = Balanced()
    parser.feed(page)
    assert not parser.open


def test_the_axis_keeps_every_volume_inside_and_in_order():
    places = [decision_page._x(volume) for volume in (1, 100, 500, 50_000, 10_000_000, 10_000_000_000)]
    assert places == sorted(places)
    assert (min(places), max(places)) == (20, 540)
    label = re.search('aria-label="([^"]*)"', DecisionView(FULL).details.value).group(1)
    assert "65,432" in label and "fine-tuning" in label


def test_changes_are_told_below_the_rung_that_they_lead_to():
    shown = decision_page.details(FULL, advise(FULL), what_would_change(FULL))
    for change in what_would_change(FULL):
        words = decision_page.in_words(FULL, change)
        assert QUESTION[change.name].text in words
        after_the_rung = shown.split(f'<th scope="row">{change.leads_to.title}</th>')[1]
        assert decision_page.html.escape(words) in after_the_rung.split("</tr>")[0]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("failure_rate", None, "not measured"),
        ("failure_rate", 13 / 72, "18.1 %"),
        ("volume", 65_432, "65,432 a month"),
        ("reviewed", False, "no"),
        ("evaluation_rows", 0, "0"),
        ("changes", "weekly", "every week"),
    ],
)
def test_answers_are_said_as_people_read_them(name, value, said):
    assert decision_answers.answer_text(QUESTION[name], value) == said


def test_start_again_save_open_and_copy(results_dir):
    view = DecisionView(FULL)
    assert "Nothing is saved" in view.actions.press("Open what was saved")["say"]
    view.asked["labels"].value = 200
    assert "decision.json" in view.actions.press("Save")["say"]
    view.actions.press("Start again")
    assert view.answers == FULL
    view.actions.press("Open what was saved")
    assert view.answers.labels == 200
    copied = view.actions.press("Copy the answers")["copied"]
    assert decision_answers.from_json(copied) == view.answers
    assert advise(view.answers).sentence in view.page.value


def test_a_rate_that_was_moved_no_longer_claims_to_be_measured():
    view = DecisionView(FULL)
    assert "a rung, 72 tickets" in view.details.value
    view.asked["failure_rate"].value = 0.1
    assert view.answers.measured_on == "" and "a rung, 72 tickets" not in view.details.value


def test_where_no_change_is_found_it_says_so():
    assert "No change of a single answer" in decision_page.details(FULL, advise(FULL), ())
