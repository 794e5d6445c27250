"""The ladder on all tickets: what of a board belongs to it, and the file that keeps it."""

import math
from dataclasses import replace

import pytest

from course.errors import CourseError
from course.material.data import READINGS, letters, readings, tickets
from course.measuring import board, ladder
from course.measuring.evaluate import Result, Verdict


@pytest.fixture
def rungs(results_dir):
    rows, replies = tickets("test"), readings()
    for prompt in READINGS:
        board.add(Result.from_replies(rows, replies[prompt], name=prompt), lesson="03")
    part = rows[:10]
    board.add(Result.from_replies(part, replies["names"], name="a sample"), lesson="03")
    some_letters = letters()[:3]
    right = {letter.id: "" for letter in some_letters}
    check = lambda row, reply: Verdict(valid=True, correct=True)  # noqa: E731
    board.add(Result.from_replies(some_letters, right, name="letters", check=check), lesson="04")
    return ladder.rungs()


def test_only_what_was_measured_on_all_test_tickets_is_a_rung(rungs):
    assert sorted(rung.name for rung in rungs) == sorted(READINGS)
    assert {rung.n for rung in rungs} == {360}


def test_the_best_rung_comes_first_and_is_compared_with_the_next(rungs):
    rights = [rung.right for rung in rungs]
    assert rights == sorted(rights, reverse=True)
    assert all(0 <= rung.p_against_next <= 1 for rung in rungs[:-1])
    assert math.isnan(rungs[-1].p_against_next)


def test_the_kinds_add_up(rungs):
    for rung in rungs:
        assert rung.typical + rung.hard + rung.boundary == rung.right
        assert rung.low <= rung.right / rung.n <= rung.high


def test_impossible_counts_are_refused(rungs):
    with pytest.raises(CourseError, match="is not possible"):
        replace(rungs[0], right=rungs[0].right + 1)
