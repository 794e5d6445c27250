"""The bar of lesson 00 without a browser: what moving it shows."""

import re

import pytest

from course.measuring.results import wilson
from widgets.lessons.interval_view import STOPS, IntervalBar


def width(bar: IntervalBar) -> float:
    return float(re.search(r"width: ([\d.]+)%; height", bar.bar.value)[1])


def test_the_bar_and_the_words_are_the_interval():
    bar = IntervalBar(0.5, 0.85)
    low, high = wilson(36, 72)
    assert f"margin-left: {low:.1%}" in bar.bar.value
    assert "36 of 72 right is 50%" in bar.words.value
    assert f"{100 * low:.0f} to {100 * high:.0f}%" in bar.words.value


def test_four_times_the_tickets_halve_it():
    bar = IntervalBar(0.7, 0.85)
    widths = []
    for stop in STOPS:
        bar.tickets.value = stop
        widths.append(width(bar))
    assert widths == sorted(widths, reverse=True)
    for few, many in zip(widths, widths[2:], strict=False):
        assert 1.8 < few / many < 2.1


@pytest.mark.parametrize(("bar_at", "said"), [(0.2, "reaches"), (0.5, "cannot tell"), (0.8, "lies below")])
def test_it_says_on_which_side_of_the_bar_the_interval_lies(bar_at, said):
    bar = IntervalBar(0.5, bar_at)
    assert said in bar.words.value and f"{100 * bar_at:.0f}%" in bar.words.value
    assert f"left: {bar_at:.1%}" in bar.bar.value
