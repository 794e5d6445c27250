"""The cascade: who answers which row, what it costs, and how its limit is chosen."""

from types import SimpleNamespace

import pytest

from course.errors import CourseError
from course.material.data import tickets
from course.measuring.evaluate import evaluate
from course.rungs.cascade import SHARES, cascade, chosen, combined, curve, limit_for, table

ROWS = tickets("dev")[:10]
CONFIDENCE = {row.id: (place + 1) / 10 for place, row in enumerate(ROWS)}  # 0.1 to 1.0


class Head:
    """Right where it is sure, from the sixth row on."""

    def __call__(self, row):
        return row.queue if CONFIDENCE[row.id] > 0.5 else "safety"

    def confidence(self, row):
        return CONFIDENCE[row.id]


@pytest.fixture
def head(results_dir):
    return evaluate(ROWS, Head(), name="head")


@pytest.fixture
def model(results_dir):
    return evaluate(ROWS, lambda row: row.queue if CONFIDENCE[row.id] <= 0.6 else "no queue", name="model")


@pytest.mark.parametrize(("share", "limit"), [(0, 0.0), (0.1, 0.1), (0.3, 0.3), (1, 1.0)])
def test_a_limit_passes_on_its_share(share, limit):
    assert limit_for(share, [*CONFIDENCE.values()][::-1]) == limit


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_outside_is_named(share):
    with pytest.raises(CourseError, match=f"{share}; give 0"):
        limit_for(share, [0.5])


def test_the_model_is_asked_up_to_the_limit_only():
    asked = []

    def ask(row):
        asked.append(row.id)
        return "from the model"

    answer = cascade(Head(), ask, 0.3)
    replies = [answer(row) for row in ROWS]
    assert asked == [row.id for row in ROWS[:3]]
    assert replies[:3] == ["from the model"] * 3 and replies[5] == ROWS[5].queue


def test_the_curve_is_what_the_cascade_measures_on_the_same_rows_and_the_best_is_chosen(head, model):
    tried = curve(head, model, CONFIDENCE)
    assert [result.right for _, result in tried][:: len(SHARES) - 1] == [head.right, model.right]
    limit, best = chosen(tried)
    assert (limit, best.right) == (0.5, 10)
    assert len(table(tried)) == len(SHARES)
    equal = SimpleNamespace(right=8)
    assert chosen([(0.2, equal), (0.4, equal), (0.6, SimpleNamespace(right=7))])[0] == 0.2
    tried = combined(head, model, CONFIDENCE, 0.4)
    measured = evaluate(ROWS, cascade(Head(), lambda row: row.queue, 0.4), name="cascade")
    assert [row.correct for row in tried.outcomes] == [row.correct for row in measured.outcomes]
    assert tried.name == "cascade, 40% passed on"
    assert tried.outcomes[3].seconds == model.outcomes[3].seconds
    assert tried.outcomes[4].seconds == head.outcomes[4].seconds
    other = evaluate(ROWS[:9], Head(), name="other")
    with pytest.raises(CourseError, match="different rows"):
        combined(other, model, CONFIDENCE, 0.5)
