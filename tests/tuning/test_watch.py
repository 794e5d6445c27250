"""Watching: sums that grow with what stays wrong, lines by their false alarms, and what both find."""

import numpy as np
import pytest

from course.tuning import watch
from course.tuning.watch import NEW, OLD, SLACK, WATCHED


def test_sums_grow_with_what_is_wrong_and_a_rarer_false_alarm_wants_a_higher_line():
    n, usual = np.array([[10.0, 10, 10]]), np.array([0.2])
    sums = watch.cusum(np.array([[5.0, 5, 0]]), n, usual)
    excess = 5 - (0.2 + SLACK) * 10
    assert sums == pytest.approx(np.array([[excess, 2 * excess, 0]]))
    assert not watch.cusum(np.array([[2.0, 2, 2]]), n, usual).any()
    n, wrong = np.ones((5, 2, 3)), np.ones((5, 2, 3))
    assert watch.cusum(wrong, n, np.zeros((5, 2))).shape == (5, 2, 3)
    lines = [watch.alarm_line(OLD, rare) for rare in (0.2, 0.05, 0.01)]
    assert lines == sorted(lines) and lines[0] < lines[-1]


def test_the_total_hides_the_change_and_a_sum_for_each_queue_finds_it():
    old, new = watch.monthly(OLD), watch.monthly(NEW)
    lost = (old["share"] - new["share"])[WATCHED]
    assert 0 < lost.max() < 0.08
    assert not new["rings"][WATCHED].all() and not old["rings"][WATCHED].any()
    assert 0.02 < watch.rings_by_itself(NEW) < 0.3
    assert list(old["n"]) == list(new["n"])
    line = watch.alarm_line(OLD)
    assert watch.alarms(OLD, line) == []
    assert {queue for queue, _ in watch.alarms(NEW, line)} == {"cancellation"}
