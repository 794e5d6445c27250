"""The slider and the choice, without a browser."""

import pytest

from course.errors import CourseError
from widgets.controls import Choice, Scale, Slider


def test_a_slider_follows_its_position_stays_within_its_stops_and_tells_its_observers():
    slider = Slider("Examples", [0, 2, 5, 18], value=5, unit="examples")
    assert slider.value == 5
    slider.position = 3
    assert slider.value == 18
    slider = Slider("Examples", [0, 2, 5], value=0)
    slider.position = 99
    assert slider.value == 5
    slider.position = -1
    assert slider.value == 0
    slider, seen = Slider("Examples", [0, 2, 5], value=0), []
    slider.observe(lambda change: seen.append(slider.value), names="position")
    slider.value = 2
    assert seen == [2]


@pytest.mark.parametrize("stops", [[], [2, 1], [1, 1]])
def test_bad_stops_are_named(stops):
    with pytest.raises(CourseError, match="Examples"):
        Slider("Examples", stops, value=1)


def test_a_value_that_is_not_on_offer_is_named():
    for act, said in (
        (lambda: Slider("Examples", [0, 2, 5], value=3), "no value 3"),
        (
            lambda: Choice("Priced as", {"small tier": "small"}, value="huge"),
            "'Priced as' has no value 'huge'",
        ),
    ):
        with pytest.raises(CourseError, match=said):
            act()


def test_a_choice_gives_the_value_of_what_is_shown_and_can_offer_other_options():
    choice, seen = Choice("Priced as", {"small tier": "small", "large tier": "large"}, value="large"), []
    choice.observe(lambda change: seen.append(choice.value), names="position")
    assert choice.value == "large"
    choice.position = 0
    assert seen == ["small"]
    choice = Choice("Priced as", {"small tier": "small", "large tier": "large"}, value="large")
    choice.offer({"huge tier": "huge", "tiny tier": "tiny", "free": None}, value=None)
    assert (choice.value, choice.text, choice.position) == (None, "free", 2)
    with pytest.raises(CourseError, match="no value 'small'"):
        choice.offer({"huge tier": "huge"}, value="small")


def test_a_scale_shows_a_share_in_per_cent_and_gives_it_back():
    scale = Scale("Wrong", "%", (0, 50, 100), 100)
    slider = scale.slider([0.125, 0.3])
    assert slider.stops == [0, 12.5, 30, 50, 100]
    assert (slider.value, slider.unit) == (12.5, "%")
    assert scale.own(slider) == 0.125
    assert scale.shown(0.30004) == 30
