"""The exercises of lesson 11 against wrong answers, and against the course's own checks."""

import pytest

from course.exercises.checking import grade
from course.exercises.lesson_11 import CHOICES, EXERCISES, _results, planted
from course.measuring.evaluate import compare
from course.tuning.checks import leaks


def grade_of(id: str, answer: object) -> tuple[str, str]:
    return grade(next(each for each in EXERCISES if each.id == id), answer)


def test_the_planted_leaks_are_those_that_the_course_finds():
    chats, measured, rows = planted()
    assert list(leaks(chats, measured, "test").rows) == rows
    exact = {chat.text for chat in measured}
    assert 0 < sum(chats[row].text in exact for row in rows) < len(rows)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda chats, held_out: None, "None"),
        (lambda chats, held_out: [], "row 4"),
        (lambda chats, held_out: range(len(chats)), "in no other set"),
        (lambda chats: [], "TypeError"),
    ],
)
def test_a_wrong_check_for_leaks_says_which_row(answer, said):
    state, reason = grade_of("11.1", answer)
    assert state == "not yet" and said in reason


@pytest.mark.parametrize(("words", "n", "both", "only_new", "only_old", "replaces"), CHOICES)
def test_the_two_results_are_as_the_exercise_says(words, n, both, only_new, only_old, replaces):
    step = compare(*_results(n, both, only_new, only_old))
    assert (step.n, step.both, step.only_a, step.only_b) == (n, both, only_new, only_old)
    assert (step.difference > 0 and step.p_value < 0.05) == replaces


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda new, old: True, "7 only with the new one"),
        (lambda new, old: False, "24 of 72"),
        (lambda new, old: compare(new, old).p_value < 0.05, "20 only with the old one"),
    ],
)
def test_a_wrong_choice_says_which_case(answer, said):
    state, reason = grade_of("11.2", answer)
    assert state == "not yet" and said in reason
