"""The answers of a case: what cannot be, their file, and what the reader's board fills in."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.data import tickets
from course.measuring import gap
from course.measuring.evaluate import Result
from tests.widgets.decision.cases import READY, answers_of, case
from widgets.decision import answers as decision_answers
from widgets.decision.answers import Answers, from_board, from_json, to_json
from widgets.decision.model import advise
from widgets.decision.rules import next_rung
from widgets.decision.tables import RUNGS, TRIABLE

DEEP = "[" * 900 + "]" * 900


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"wrong": {"mood"}}, "wrong has 'mood'; choose from format"),
        ({"wrong": "format"}, "wrong is 'format'; give a set"),
        ({"tried": [["prompt"]]}, "prompt"),
        ({"volume": -1}, "volume is -1; give a number from 1 to"),
        ({"volume": 1.5}, "whole number"),
        ({"volume": "many"}, "'many'"),
        ({"volume": 10**400}, "volume is 10000"),
        ({"volume": 10**5_000}, "volume is a value of type int that is too long to show"),
        ({"failure_rate": 12}, "failure_rate is 12; give a number from 0 to 1"),
        ({"failure_rate": float("nan")}, "nan"),
        ({"failure_rate": float("inf")}, "inf"),
        ({"accepted_rate": 0}, "accepted_rate is 0"),
        ({"accepted_rate": None}, "accepted_rate is None"),
        ({"reviewed": 1}, "reviewed is 1; choose one of False, True"),
        ({"changes": "often"}, "'often'; choose one of not launched, weekly"),
        ({"changes": ["weekly", "monthly", "yearly"]}, "changes is ['weekly', 'monthly', 'yearly']"),
        ({"labels": True}, "labels is True"),
        ({"measured_on": 3}, "measured_on is 3; say it in words"),
    ],
)
def test_an_answer_that_cannot_be_is_named_in_python_and_from_a_file(values, said):
    with pytest.raises(CourseError, match=re.escape(said)) as raised:
        Answers(**values)
    assert len(str(raised.value)) < 300
    # A set is not JSON, and Python writes no integer of thousands of digits.
    if not any(isinstance(value, set) or value == 10**5_000 for value in values.values()):
        with pytest.raises(CourseError, match=re.escape(said)):
            from_json(json.dumps(values))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[]", "object"),
        ("null", "object"),
        ('{"colour": 1}', "'colour'; the questions are wrong"),
        (f'{{"volume": 1{"0" * 5_000}}}', "The answers"),
        (f'{{"volume": {DEEP}}}', "volume is"),
        ('{"volume": ' + "[" * 100_000 + "]" * 100_000 + "}", "not JSON"),
        ('{"turns_when": "\\ud800"}', "half of a character"),
    ],
)
def test_text_that_holds_no_answers_is_refused_in_one_sentence(text, said):
    with pytest.raises(CourseError, match=said) as raised:
        from_json(text)
    assert len(str(raised.value)) < 600


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_answers_come_back_from_json_as_they_went(seed):
    answers = answers_of(seed)
    assert from_json(to_json(answers)) == answers


def test_answers_are_kept_and_a_damaged_file_is_named(results_dir):
    assert decision_answers.load() is None
    path = decision_answers.save(READY)
    assert decision_answers.load() == READY
    assert [file.name for file in path.parent.iterdir()] == ["decision.json"]
    for damaged in (b"{", b"", '{"turns_when": "d\xe9j\xe0"}'.encode("latin-1"), b'{"volume": 1e999}'):
        path.write_bytes(damaged)
        with pytest.raises(CourseError, match="decision.json cannot be used: .* Move it away"):
            decision_answers.load()


ACCEPTANCE = gap.Acceptance(overall=0.9, every_kind=0.7)


def board_result(right: int, n: int = 60) -> Result:
    rows = tickets("test")[:n]
    said = {row.id: row.queue if place < right else "nothing" for place, row in enumerate(rows)}
    return Result.from_replies(rows, said, name="a rung")


def decided(result: Result) -> gap.GapVerdict:
    return gap.GapVerdict(gap.GO_ON, result, ())


def test_the_readers_board_fills_in_what_it_knows_and_each_lesson_counts():
    result = board_result(40)
    failures = {"format": 1, "convention": 9, "knowledge": 0, "capability": 10}
    lessons = ["01", "03", "03", "00", "08"]
    answers = from_board(decided(result), lessons, ACCEPTANCE, failures, case(labels=700))
    assert answers.tried == {"prompt", "another_model"}
    assert answers.failure_rate == pytest.approx(20 / 60) and answers.evaluation_rows == 60
    assert answers.interval == pytest.approx([1 - end for end in reversed(result.interval)])
    assert answers.accepted_rate == 0.1 and answers.labels == 700
    assert answers.wrong == {"behaviour"} and answers.failures_sorted
    assert "a rung, 60 rows" in advise(answers).checks[1].why.text
    assert next_rung(answers) == "few_shot"
    rows = [row for row in tickets("test") if row.kind in ("typical", "boundary")][:200]
    said = {row.id: row.queue if row.kind == "typical" else "nothing" for row in rows}
    result = Result.from_replies(rows, said, name="a rung")
    assert from_board(decided(result), [], ACCEPTANCE).spread == "one kind"
    assert from_board(decided(board_result(60)), [], ACCEPTANCE).spread == "alike"
    lessons = dict(decision_answers._RUNG_OF_LESSON)
    for lesson, key in lessons.items():
        assert from_board(decided(board_result(40)), [lesson], ACCEPTANCE).tried == {key}
    assert set(lessons.values()) <= set(TRIABLE)
    for rung in RUNGS:
        assert rung.lesson in lessons or not rung.helps
