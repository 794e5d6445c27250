"""The control of lesson 02 without a browser: what moving it does to the chart and to the words."""

import pytest

from course.errors import CourseError
from course.material.data import QUEUES, tickets
from course.measure import CHOICES, COUNTS
from course.measuring.evaluate import evaluate
from course.measuring.provenance import write_rows
from tests.widgets.lessons.test_few_shot_model import reading
from widgets.lessons.few_shot_view import FewShot

RIGHT = {"fixed": 36, "random": 54, "retrieved": 126}


@pytest.fixture
def path(tmp_path):
    """A sweep with a right share, in tickets, that tells the choices and the counts apart."""
    path = tmp_path / "sweep.csv"
    places = [(choice, count) for choice in CHOICES for count in COUNTS]
    write_rows([reading(choice, count, RIGHT[choice] + count) for choice, count in places], path)
    return path


@pytest.fixture
def own():
    return evaluate(tickets("test")[:36], lambda ticket: QUEUES[0], name="always the same queue")


@pytest.fixture
def view(path, own) -> FewShot:
    return FewShot({("fixed", 5): own}, path)


def traces(view: FewShot) -> dict:
    return {trace.name: trace for trace in view.figure.data}


def test_every_choice_is_a_line_with_intervals(view):
    for choice in CHOICES:
        line = traces(view)[f"right, {choice}"]
        assert list(line.x) == list(COUNTS)
        assert list(line.y) == pytest.approx([(RIGHT[choice] + count) / 3.6 for count in COUNTS])
        assert all(up > 0 for up in line.error_y.array) and all(down > 0 for down in line.error_y.arrayminus)


def test_the_count_moves_the_marks_and_the_words(view):
    for place, count in enumerate(COUNTS):
        view.count.position = place
        assert list(traces(view)["the count chosen"].x) == [count, count]
        assert traces(view)["the count chosen"].y[0] == pytest.approx((RIGHT["retrieved"] + count) / 3.6)
        assert ("no example" if count == 0 else f"With {count} retrieved example") in view.sentence.value


def test_the_choice_lifts_its_line(view):
    for choice in CHOICES:
        view.choice.value = choice
        lit = [trace.name for trace in view.figure.data[: len(CHOICES)] if trace.opacity == 1]
        assert lit == [f"right, {choice}"]
        assert f"5 {choice} examples" in view.sentence.value


def test_the_tier_changes_the_price_alone(view):
    before = view.sentence.value
    view.tier.value = "large"
    assert "at the large tier" in view.sentence.value
    assert before.split("1,000 tickets cost")[0] == view.sentence.value.split("1,000 tickets cost")[0]


def test_the_readers_own_result_is_marked_and_said(view, own):
    assert len(traces(view)["measured in this notebook"].x) == 0
    assert "Measured in this notebook" not in view.sentence.value
    view.choice.value = "fixed"
    marks = traces(view)["measured in this notebook"]
    assert list(zip(marks.x, marks.y, strict=True)) == [(5, 100 * own.accuracy), (5, 100.0)]
    assert f"Measured in this notebook: {own.name}" in view.sentence.value


def test_the_controls_have_names_and_the_badge_is_shown(view):
    assert view.count.label and view.choice.label and view.tier.label
    assert "recorded reading" in view.children[-1].value


def test_the_chart_is_not_offered_for_upload(view):
    assert view.figure._config["showSendToCloud"] is False


def test_without_the_sweep_the_command_is_named(tmp_path):
    with pytest.raises(CourseError, match="course.measure few-shot"):
        FewShot({}, tmp_path / "none.csv")


def test_a_point_that_the_sweep_does_not_have_is_refused(path, own):
    with pytest.raises(CourseError, match="no reading of 7 fixed examples"):
        FewShot({("fixed", 7): own}, path)
