"""The slider and the choice, without a browser."""

import pytest

from course.errors import CourseError
from widgets.controls import Choice, Scale, Slider


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
    with pytest.raises(CourseError, match="no value 3"):
        Slider("Examples", [0, 2, 5], value=3)


def test_choice_gives_the_value_of_what_is_shown():
    choice, seen = Choice("Priced as", {"small tier": "small", "large tier": "large"}, value="large"), []
    choice.observe(lambda change: seen.append(choice.value), names="position")
    assert choice.value == "large"
    choice.position = 0
    assert seen == ["small"]


def test_a_value_that_is_no_option_is_named():
    with pytest.raises(CourseError, match="'Priced as' has no value 'huge'"):
        Choice("Priced as", {"small tier": "small"}, value="huge")


def test_a_scale_shows_a_share_in_per_cent_and_gives_it_back():
    scale = Scale("Wrong", "%", (0, 50, 100), 100)
    slider = scale.slider([0.125, 0.3])
    assert slider.stops == [0, 12.5, 30, 50, 100]
    assert (slider.value, slider.unit) == (12.5, "%")
    assert scale.own(slider) == 0.125
    assert scale.shown(0.30004) == 30


def test_a_choice_can_offer_other_options():
    choice = Choice("Priced as", {"small tier": "small", "large tier": "large"}, value="large")
    choice.offer({"huge tier": "huge", "tiny tier": "tiny", "free": None}, value=None)
    assert (choice.value, choice.text, choice.position) == (None, "free", 2)
    with pytest.raises(CourseError, match="no value 'small'"):
        choice.offer({"huge tier": "huge"}, value="small")
