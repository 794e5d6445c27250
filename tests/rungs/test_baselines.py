"""The baselines learn from labelled texts and say how sure they are."""

import pytest

from course.material import data
from course.measuring.evaluate import evaluate
from course.rungs.baselines import LinearHead, WordHead

pytestmark = pytest.mark.slow  # trains

TRAIN = data.tickets("train")


@pytest.mark.parametrize("kind", [WordHead, LinearHead])
def test_a_head_learns_is_sure_of_something_and_less_often_right_where_it_is_not(kind, results_dir):
    head = kind.of(TRAIN)
    dev = data.lesson_sample("dev")
    result = evaluate(dev, head, name="head", labels=len(TRAIN))
    assert (result.accuracy > 0.7, result.valid, result.labels) == (True, 1.0, 810)
    confidence = {ticket.id: head.confidence(ticket) for ticket in dev}
    assert all(1 / 18 <= each <= 1 for each in confidence.values())
    middle = sorted(confidence.values())[len(dev) // 2]
    wrong = [confidence[row.id] < middle for row in result.outcomes if not row.correct]
    assert sum(wrong) > 0.7 * len(wrong)
