"""The decision model in JavaScript against the one in Python, in Chromium, and the page that holds it."""

import json
import random
from typing import Any

import pytest

from tests.browser import open_page
from widgets.decision import answers as decision_answers
from widgets.decision.answers import QUESTIONS, TRIABLE, Answers
from widgets.decision.model import advise
from widgets.decision.page_file import PAGE, module, page
from widgets.decision.rules import standing
from widgets.decision.tables import tables


@pytest.fixture(scope="module")
def browser():
    with open_page(1280, 900) as opened:
        opened.goto("about:blank")
        script = f"{module()}\nwindow.model = decider({json.dumps(tables())});"
        opened.add_script_tag(content=script, type="module")
        opened.wait_for_function("window.model")
        yield opened


NEAR = {
    "wrong": ["behaviour"], "tried": sorted(set(TRIABLE) - {"tuned"}), "prompt_maximised": True,
    "evaluation_rows": 1_000, "failure_rate": 0.12, "accepted_rate": 0.08, "failures_sorted": True,
    "spread": "alike", "changes": "yearly", "stable_months": 12, "reviewed": False, "volume": 2_000_000,
    "labels": 800, "labelled_by": "experts", "curation_budget": True, "retraining_budget": True,
    "cost_says": "costs less",
}  # fmt: skip


def answers_of(seed: int) -> Answers:
    """Any answers on offer; every second case is near fine-tuning with a few of them changed."""
    chosen = random.Random(seed)
    values: dict[str, Any] = dict(NEAR) if seed % 2 else {}
    for question in chosen.sample(QUESTIONS, chosen.randint(1, 4)) if seed % 2 else QUESTIONS:
        options = list(question.options)
        if question.many:
            values[question.name] = chosen.sample(options, chosen.randint(0, len(options)))
        else:
            values[question.name] = chosen.choice(options)
    return Answers(**values)


@pytest.mark.slow
def test_thousands_of_cases_get_the_same_advice(browser):
    cases = [answers_of(seed) for seed in range(6_000)]
    ask = """cases => cases.map(text => {
        const one = JSON.parse(text), model = window.model;
        return [
            model.nextRung(one), model.standing(one), model.gates(one), model.checks(one), model.ladder(one),
        ];
    })"""
    reached = set()
    theirs = browser.evaluate(ask, [decision_answers.to_json(case) for case in cases])
    for case, (next_key, quality, gates, checks, ladder) in zip(cases, theirs, strict=True):
        advice = advise(case)
        reached.add(next_key)
        assert (next_key, quality) == (advice.next.key, standing(case)), case
        assert gates == [point.holds for point in advice.gates], case
        assert checks == [point.holds for point in advice.checks], case
        ours = {step.rung.key: step.state for step in advice.ladder if step.rung.helps}
        assert {step["key"]: step["state"] for step in ladder if step["key"] in ours} == ours, case
    assert reached == {step.rung.key for step in advise(Answers()).ladder}


def test_the_page_is_what_the_rules_make_of_it():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m widgets.decision.page_file"
    for elsewhere in ('src="http', 'href="http', "import(", "fetch(", "localStorage"):
        assert elsewhere not in page()


@pytest.fixture(scope="module")
def talk(browser):
    return browser.context.browser.new_page(viewport={"width": 1280, "height": 900})


def opened_at(talk, hash: str = ""):
    talk.goto("about:blank")
    talk.goto(f"{PAGE.as_uri()}{hash}")
    talk.wait_for_selector(".talk fieldset")
    return talk


@pytest.mark.slow
def test_it_begins_with_three_questions_and_asks_only_what_can_change_the_advice(talk):
    opened = opened_at(talk)
    assert opened.locator(".talk .asked").count() == 3
    opened.get_by_label("It lacks facts, ours or recent ones").check()
    assert "retrieve the text" in opened.inner_text(".advice")
    assert opened.locator('.ladder [aria-current="step"]').inner_text().startswith("Retrieve the text")
    asked = opened.locator(".talk .asked").count()
    assert asked < len(QUESTIONS) / 2
    address = opened.url
    words = opened.inner_text(".advice")
    assert opened_at(talk, address[address.index("#") :]).inner_text(".advice") == words


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("%7B", "cannot be opened"),
        (json.dumps({"mood": 1}), '"mood"'),
        (json.dumps({"wrong": ["mood"]}), "mood"),
        (json.dumps({"labels": -1}), "labels is -1"),
        (json.dumps({"failure_rate": "many"}), '"many"'),
    ],
)
def test_a_link_that_cannot_be_is_named(talk, told, words):
    assert words in opened_at(talk, f"#{told}").inner_text(".said")


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 700, 1280, 1600])
def test_every_width_shows_everything_without_scrolling_sideways(talk, width):
    talk.set_viewport_size({"width": width, "height": 900})
    opened = opened_at(talk)
    assert not opened.evaluate("document.documentElement.scrollWidth > innerWidth")
    unnamed = (
        "[...document.querySelectorAll('input, select')].filter(one => !one.labels.length && !one.ariaLabel)"
    )
    assert opened.evaluate(f"{unnamed}.length") == 0
