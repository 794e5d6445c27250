"""The decision in JavaScript against the one in Python, in Chromium, and its page: see ../conftest.py."""

import csv
import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests.browser import answer_of
from tests.widgets.decision.cases import READY, answers_of
from widgets.decision import page
from widgets.decision.answers import Answers, from_json, to_json
from widgets.decision.model import Advice, advise, in_words, what_would_change
from widgets.decision.rules import standing
from widgets.decision.tables import QUESTIONS, RUNGS
from widgets.decision.words import assumption

pytestmark = pytest.mark.slow
SCRIPT = f"{page.module()}\nwindow.model = decider({json.dumps(page.data())});"
PAGE, SHOWN = page.PAGE, ".talk fieldset, .talk .asked"


def plain(advice: Advice) -> dict[str, Any]:
    """The advice as JSON has it, and as the model in JavaScript gives it."""
    ladder = [
        {"key": step.rung.key, "state": step.state, "shown": step.shown, "why": asdict(step.why)}
        for step in advice.ladder
    ]
    shorter = {"next": advice.next.key, "sentence": advice.sentence, "ladder": ladder}
    return json.loads(json.dumps(asdict(replace(advice, ladder=())) | shorter))


def test_thousands_of_cases_get_the_same_advice_in_the_same_words(browser):
    cases = [answers_of(seed) for seed in range(3_000)]
    given = {"wrong", "changes", "volume"}
    single = [question.name for question in QUESTIONS if not question.many]
    ask = """([texts, given, single]) => texts.map((text, index) => {
        const one = JSON.parse(text), model = window.model;
        const changes = index % 11 ? [] : model.whatWouldChange(one);
        const known = new Set(given);
        const words = changes.map(way => [model.inWords(one, way, known), way.leadsTo]);
        const assumed = model.assumption(one, single, known);
        return [model.standing(one), model.advise(one), words, assumed];
    })"""
    theirs = [
        answer
        for start in range(0, len(cases), 500)
        for answer in answer_of(
            browser, ask, [[to_json(case) for case in cases[start : start + 500]], sorted(given), single]
        )
    ]
    for place, (case, (quality, advice, changes, assumed)) in enumerate(zip(cases, theirs, strict=True)):
        assert quality == standing(case), case
        assert advice == plain(advise(case)), case
        assert assumed == assumption(case, single, given), case
        if place % 500 % 11 == 0:  # for each of these a hundred other answers are tried
            ours = [[in_words(case, way, given), way.leads_to.key] for way in what_would_change(case)]
            assert changes == ours, case
    assert {advice["next"] for _, advice, *_ in theirs} == {rung.key for rung in RUNGS}


def asked(opened) -> list[str]:
    return opened.locator(".asking .asked").evaluate_all("parts => parts.map(part => part.dataset.name)")


def test_it_begins_with_three_questions_and_asks_only_what_can_change_the_advice(opened, opened_at):
    first = [question.name for question in QUESTIONS[:3]]
    assert asked(opened) == first
    opened.get_by_label("It lacks facts, ours or recent ones").check()
    assert "retrieve the text" in opened.inner_text(".advice")
    assert opened.locator('.ladder [aria-current="step"]').inner_text().startswith("Retrieve the text")
    changing = {change.name for change in what_would_change(Answers(wrong=frozenset({"knowledge"})))}
    assert set(asked(opened)) == {*first, *changing}
    assert asked(opened)[:3] == first and len(asked(opened)) < len(QUESTIONS) / 2
    address, words = opened.url, opened.inner_text(".advice")
    assert opened_at(address[address.index("#") :]).inner_text(".advice") == words


def test_every_question_can_be_answered_until_nothing_is_left_to_ask(opened_at):
    told = {"labels": 800, "volume": 5_000_000, "reviewed": False}
    opened = opened_at(f"#{json.dumps(told)}")
    assert not set(told) & set(asked(opened))
    for summary in ("Known already (3)", "The other questions"):
        opened.get_by_text(summary).click()
    opened.wait_for_function(f"document.querySelectorAll('.asked').length === {len(QUESTIONS)}")
    names = opened.locator(".asked").evaluate_all("parts => parts.map(part => part.dataset.name)")
    assert sorted(names) == sorted(question.name for question in QUESTIONS)
    opened.get_by_label("Volume, exactly").fill("123456")
    opened.keyboard.press("Tab")
    opened.locator("[data-part=answers]", has_text="123,456 a month").wait_for()
    opened.wait_for_function("() => location.hash.includes('123456')")
    opened.get_by_label("Labelled examples", exact=False).first.press("ArrowRight")
    opened.wait_for_function("() => location.hash.includes('1000')")
    assert opened_at().inner_text(".end") == ""
    opened = opened_at(f"#{to_json(READY)}")
    assert "Fine-tune" in opened.inner_text('.ladder [aria-current="step"]')
    for name in asked(opened)[3:]:  # the answer that stands is confirmed by a press
        opened.locator(f".asked[data-name={name}] input:checked").click()
    assert opened.inner_text(".end") == "No other question can change the advice now."


def test_what_nobody_answered_is_shown_as_assumed(opened_at):
    opened = opened_at('#{"wrong": ["behaviour"], "evaluation_rows": 100, "labels": 800}')
    changes = opened.locator("[data-part=answers] tr", has_text="Requirements changed so far")
    line = opened.locator(".ladder li").last
    assert changes.locator("td").last.text_content() == "assumed"
    assert "ruled out: " in line.inner_text() and "rests on an assumption: requirements" in line.inner_text()
    assert "are left after it" in opened.inner_text(".advice")
    opened.get_by_text("The other questions").click()
    opened.get_by_label("every month").click()
    opened.wait_for_function("() => location.hash.includes('monthly')")
    assert changes.locator("td").last.text_content() == "you"
    assert "assumption" not in line.inner_text()
    # A value of the start that was confirmed stays confirmed in the link.
    again = opened_at(opened.url[opened.url.index("#") :])
    assert "assumption" not in again.locator(".ladder li").last.inner_text()


def test_answers_that_do_not_go_together_or_out_of_limits_are_named(opened):
    assert opened.inner_text(".talk .contradictions") == ""
    opened.get_by_label("It is too slow").check()
    assert "1,000 ms and may take 5,000 ms" in opened.inner_text(".talk .contradictions")
    rows = opened.get_by_label("Rows in the evaluation set, exactly")
    rows.fill("-3")
    opened.keyboard.press("Tab")
    assert opened.inner_text(".said").startswith("Rows in the evaluation set: evaluation_rows is -3; give")
    assert rows.input_value() == "0"


def test_answers_are_pasted_and_kept_as_csv(opened):
    opened.get_by_role("button", name="Paste answers").click()
    opened.get_by_label("Answers (JSON)").fill(to_json(READY))
    opened.get_by_role("button", name="Open them").click()
    assert advise(READY).sentence in opened.inner_text(".advice")
    tables = {}
    for button in ("Answers as CSV", "Advice as CSV"):
        with opened.expect_download() as waiting:
            opened.get_by_role("button", name=button).click()
        text = Path(waiting.value.path()).read_text(encoding="utf-8")
        tables[button] = list(csv.DictReader(io.StringIO(text)))
    answers, advice = tables["Answers as CSV"], tables["Advice as CSV"]
    assert [row["name"] for row in answers] == [question.name for question in QUESTIONS]
    assert {row["name"]: row["in_words"] for row in answers}["volume"] == "2,000,000 a month"
    ours = advise(READY)
    said = [row["why"] for row in advice if row["part"] == "ladder"]
    assert said == [step.why.text for step in ours.ladder]
    assert len(advice) == len(ours.ladder) + len(ours.gates) + len(ours.checks) + len(ours.conditions)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("%7B", "it is not JSON"),
        ("%FF", "it is not UTF-8"),
        ("[1]", "it is not a set of answers"),
        (json.dumps({"mood": 1}), 'no question "mood"; the questions are wrong'),
        ('{"__proto__": 1}', '"__proto__"'),
        (json.dumps({"wrong": ["mood"]}), 'wrong has "mood"; choose from format'),
        (json.dumps({"wrong": "format"}), 'wrong is "format"; give a list'),
        (json.dumps({"labels": -1}), "labels is -1; give a number from 0"),
        (json.dumps({"labels": 1.5}), "labels is 1.5; give a whole number"),
        ('{"labels": 1e400}', "labels is Infinity; give a number"),
        (f'{{"labels": 1{"0" * 400}}}', "labels is Infinity; give a number"),
        (f'{{"labels": {"[" * 50_000}{"]" * 50_000}}}', "labels is "),
        (json.dumps({"failure_rate": "many"}), 'failure_rate is "many"; give a number from 0 to 1'),
        (json.dumps({"reviewed": 1}), "reviewed is 1; choose one of false, true"),
        (json.dumps({"measured_on": 3}), "measured_on is 3; say it in words"),
    ],
)
def test_a_link_or_a_paste_that_cannot_be_is_named_in_one_sentence(opened_at, told, words):
    opened = opened_at(f"#{told}" if len(told) < 10_000 else "")
    if len(told) < 10_000:
        said = opened.inner_text(".said")
        assert said.startswith("The link cannot be opened: ") and words in said
    if told != "%FF":
        opened.get_by_role("button", name="Paste answers").click()
        text = "{" if told == "%7B" else told
        opened.locator(".keep textarea").evaluate("(box, text) => { box.value = text; }", text)
        opened.get_by_role("button", name="Open them").click()
        said = opened.inner_text(".said")
        assert "cannot be opened: " in said and words in said
    assert len(said) < 700 and said.endswith((".", "empty answers."))


@pytest.mark.parametrize("width", [360, 700, 1280, 1600])
def test_every_width_shows_everything_without_scrolling_sideways(opened_at, width):
    opened = opened_at("#{}", width)
    opened.get_by_label("It is too slow").check()
    opened.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    opened.wait_for_selector(".others .asked")
    assert not opened.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_what_the_page_keeps_is_what_python_reads(opened_at):
    opened = opened_at(f"#{to_json(READY)}")
    opened.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }")
    opened.get_by_role("button", name="Copy the answers").click()
    opened.wait_for_function("window.copied")
    assert from_json(opened.evaluate("window.copied")) == READY
