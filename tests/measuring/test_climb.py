"""Rungs in a row: each against the one before it, corrected for their number."""

import pytest

from course.material.data import QUEUES, tickets
from course.measuring.climb import (
    HELPED,
    HURT,
    UNDECIDED,
    climb,
    in_sentences,
    verdict,
    verdicts_in_words,
    verdicts_table,
)
from course.measuring.results import Comparison, Result

ROWS = tickets("dev")[:72]


def reached(right: int, name: str) -> Result:
    wrong = {row.id: next(queue for queue in QUEUES if queue != row.queue) for row in ROWS[right:]}
    return Result.from_replies(ROWS, {row.id: row.queue for row in ROWS} | wrong, name=name)


@pytest.mark.parametrize(
    ("only_a", "only_b", "said"), [(12, 1, HELPED), (1, 12, HURT), (6, 3, UNDECIDED), (0, 0, UNDECIDED)]
)
def test_a_step_helped_hurt_or_is_undecided(only_a, only_b, said):
    step = Comparison("new", "old", 20, only_a, only_b, 20)
    assert verdict(step) == said
    assert {HELPED: "is better than", HURT: "is worse than", UNDECIDED: "Undecided whether"}[
        said
    ] in in_sentences(step)


def test_steps_and_sentences_told_together_are_corrected_together():
    # Alone p = 0.031; the largest of five steps has five times the chance to be luck.
    names = ["a", "b", "c", "d", "e", "f"]
    results = [reached(30, names[0]), *(reached(36, name) for name in names[1:])]
    assert verdict(Comparison("b", "a", 30, 6, 0, 36)) == HELPED
    table = climb(*results)
    assert list(table["the step"]) == ["", *[UNDECIDED] * 5]
    assert table.loc["b", "points"] == "+8" and table.loc["b", "turned right / wrong"] == "6 / 0"
    assert climb(*results[:2]).loc["b", "the step"] == HELPED
    step = Comparison("new", "old", 30, 6, 0, 36)
    assert "is better than" in in_sentences(step) and "p = 0.031." in in_sentences(step)
    both = in_sentences(step, step).splitlines()
    assert len(both) == 2
    assert all(line.startswith("Undecided") and "p = 0.062, corrected for 2" in line for line in both)


def test_the_verdict_stands_before_what_a_narrow_screen_cuts_off():
    columns = list(climb(reached(30, "a"), reached(36, "b")))
    assert columns.index("the step") < columns.index("valid") < columns.index("time")


def test_a_single_rung_has_no_step():
    table = climb(reached(36, "alone"))
    assert table.loc["alone", "right"] == "50%" and "the step" not in table


def test_the_verdicts_of_seeds_are_counted_and_corrected_together():
    clear, even = Comparison("a", "b", 60, 20, 0, 20), Comparison("a", "b", 60, 3, 2, 35)
    table = verdicts_table({("one", 1): clear, ("one", 2): even, ("one", 3): clear, ("other", 1): even})
    assert table.loc["one"].to_dict() == {
        "verdict": "helped at 2 of 3 seeds, undecided at 1",
        "points": "+1.0 to +20.0",
    }
    assert tuple(table.loc["other"]) == ("undecided", "+1.0")
    worse = [(Comparison("a", "b", 60, 0, 20, 20), 0.001)]
    assert verdicts_in_words(worse, ("more", "fewer", UNDECIDED)) == "fewer"
    assert list(verdicts_table({})) == ["verdict", "points"]
