"""The rungs that lessons 09 and 10 start from."""

import pytest

from course.material import data
from course.measuring import board
from course.measuring.evaluate import Result, evaluate
from course.rungs.on_board import measured_rungs

ROWS = data.lesson_sample("test")[:6]


@pytest.fixture(autouse=True)
def _apart(results_dir):
    pass


@pytest.mark.slow  # trains it
def test_an_empty_board_gets_the_linear_head_with_its_labels():
    (head,) = measured_rungs()
    assert head.accuracy > 0.6 and head.labels == len(data.tickets("train"))
    assert board.get(head.name).outcomes == head.outcomes
    (again,) = measured_rungs()
    assert again.outcomes == head.outcomes and again.created == head.created


def test_readings_that_the_course_brings_are_left_out_and_the_best_comes_first():
    reading = Result.from_replies(ROWS, {row.id: row.queue for row in ROWS}, name="large model: names")
    right = evaluate(ROWS, lambda row: row.queue, name="right")
    wrong = evaluate(ROWS, lambda row: "none", name="wrong")
    board.add(wrong, right, reading, lesson="03")
    assert [rung.name for rung in measured_rungs()] == ["right", "wrong"]
