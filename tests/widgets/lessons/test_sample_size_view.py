"""The control of lesson 08 without a browser: what moving it does to the words and to the table."""

import re

import pytest

from widgets.lessons.sample_size_model import DetectionGoal, pairs, tickets_each
from widgets.lessons.sample_size_view import ACCURACIES, DIFFERENCES, SampleSize


@pytest.fixture
def view() -> SampleSize:
    return SampleSize({"the sample": 72}, accuracy=0.81, disagree=0.16)


def row(view: SampleSize, points: str) -> list[str]:
    rows = [re.sub("<[^>]+>", "|", line) for line in view.table.value.split("<tr")]
    return next(
        cells for line in rows if (cells := [c for c in line.split("|")[1:] if c]) and cells[0] == points
    )


def test_the_table_marks_the_difference_of_the_stops_nearest_to_the_readers_numbers(view):
    assert (view.accuracy.value, view.disagree.value) == (80, 15)
    assert all(slider.unit for slider in view.children[:5])
    goal = DetectionGoal(0.8, 0.05, 0.15)
    assert f"{pairs(goal):,} tickets" in view.sentence.value
    assert row(view, "5")[1:] == [f"{pairs(goal):,}", f"{tickets_each(goal):,}"]
    for points in DIFFERENCES:
        view.difference.value = points
        assert view.table.value.count("<tr") == len(DIFFERENCES) + 1
        assert view.table.value.count("aria-current") == 1
        assert row(view, f"{points}")


def test_what_cannot_be_is_said_and_not_raised(view):
    view.accuracy.value = ACCURACIES[-1]
    assert "above 100%" in view.sentence.value
    assert row(view, "5")[1:] == ["not possible", "not possible"]


def test_a_share_that_cannot_be_is_moved_and_said(view):
    view.difference.value = 20
    assert "(15% is not possible here; 20% is used.)" in view.sentence.value
    view.difference.value, view.accuracy.value = 5, 95
    assert "(15% is not possible here; 5% is used.)" in view.sentence.value
    view.disagree.value = 5
    assert "is not possible here" not in view.sentence.value
