"""The control of lesson 02 without a browser: what moving it does to the chart and to the words."""

import numpy as np
import pytest

from course.errors import CourseError
from course.material.data import QUEUES, tickets
from course.measuring.evaluate import evaluate
from course.measuring.provenance import write_rows
from course.rungs.few_shot import CHOICES, COUNTS
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


def curves(view: FewShot) -> dict[str, list[np.ndarray]]:
    """The columns of each line of the chart: x, y and, where there is a band, its low and its high."""
    numbers, found = np.frombuffer(view.chart.numbers), {}
    for line in view.chart.parts["lines"]:
        width = 4 if line["band"] else 2
        found[line["name"]] = list(numbers[: width * line["length"]].reshape(width, -1))
        numbers = numbers[width * line["length"] :]
    return found


def test_the_count_moves_the_line_and_the_tier_the_price_alone(view):
    for place, count in enumerate(COUNTS):
        view.count.position = place
        assert view.chart.parts["here"] == [count, f"{count} chosen"]
        assert ("no example" if count == 0 else f"With {count} retrieved example") in view.sentence.value
    before = view.sentence.value
    view.tier.value = "large"
    assert "at the large tier" in view.sentence.value
    assert before.split("1,000 tickets cost")[0] == view.sentence.value.split("1,000 tickets cost")[0]


def test_every_choice_is_a_line_and_the_chosen_one_has_its_intervals(view):
    for chosen in CHOICES:
        view.choice.value = chosen
        for choice in CHOICES:
            x, y, *band = curves(view)[f"right, {choice}"]
            assert list(x) == list(COUNTS)
            assert list(y) == pytest.approx([(RIGHT[choice] + count) / 3.6 for count in COUNTS])
            assert bool(band) == (choice == chosen)
            assert not band or (all(band[0] < y) and all(y < band[1]))
        strong = {line["name"] for line in view.chart.parts["lines"] if line["strong"]}
        assert strong == {f"right, {chosen}", "a queue name, as chosen"}
        assert f"5 {chosen} examples" in view.sentence.value


def test_the_readers_own_result_is_marked_and_said_under_the_badge(view, own):
    assert view.chart.parts["marks"] == []
    assert "Measured in this notebook" not in view.sentence.value
    view.choice.value = "fixed"
    marks = [(mark["x"], mark["y"]) for mark in view.chart.parts["marks"]]
    assert marks == [(5, 100 * own.accuracy), (5, 100.0)]
    assert f"Measured in this notebook: {own.name}" in view.sentence.value
    assert "recorded reading" in view.children[-1].value


def test_without_the_sweep_or_its_point_it_is_refused(tmp_path, path, own):
    for act, said in (
        (lambda: FewShot({}, tmp_path / "none.csv"), "course.measure few-shot"),
        (lambda: FewShot({("fixed", 7): own}, path), "no reading of 7 fixed examples"),
    ):
        with pytest.raises(CourseError, match=said):
            act()
