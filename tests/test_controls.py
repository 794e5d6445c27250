"""The slider, without a browser."""

import pytest

from course.errors import CourseError
from widgets.controls import Slider


def test_slider_starts_at_its_value_and_follows_its_position():
    slider = Slider("Examples", [0, 2, 5, 18], value=5, unit="examples")
    assert slider.value == 5
    slider.position = 3
    assert slider.value == 18


def test_slider_stays_within_its_stops():
    slider = Slider("Examples", [0, 2, 5], value=0)
    slider.position = 99
    assert slider.value == 5
    slider.position = -1
    assert slider.value == 0


def test_slider_tells_its_observers():
    slider, seen = Slider("Examples", [0, 2, 5], value=0), []
    slider.observe(lambda change: seen.append(slider.value), names="position")
    slider.value = 2
    assert seen == [2]


@pytest.mark.parametrize("stops", [[], [2, 1], [1, 1]])
def test_bad_stops_are_named(stops):
    with pytest.raises(CourseError, match="Examples"):
        Slider("Examples", stops, value=1)


def test_a_value_off_the_stops_is_named():
    with pytest.raises(CourseError, match="no stop 3"):
        Slider("Examples", [0, 2, 5], value=3)
