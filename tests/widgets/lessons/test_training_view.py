"""The control of lesson 11 without a browser: what a step and the end of a training do to it."""

import numpy as np
import pytest

from course.tuning import curve, labels
from course.tuning.chats import TrainingChat
from course.tuning.training import INTERRUPTED, Settings
from tests.widgets.lessons.test_training_model import card, progress
from widgets.lessons.training_view import TrainingCurve, amount_chart


@pytest.fixture
def view() -> TrainingCurve:
    return TrainingCurve()


def words(view: TrainingCurve) -> str:
    return " ".join(child.value for child in view.children[1:])


def names(view: TrainingCurve) -> list[str]:
    return [line["name"] for line in view.chart.parts["lines"]]


def test_it_begins_empty_and_each_step_makes_the_curve_longer(view):
    assert names(view) == [] and "No step yet" in words(view)
    for step in range(1, 6):
        view(progress(step, 7.0 / step))
        assert view.chart.parts["lines"][0]["length"] == step
        assert f"Step {step} of 40" in words(view)
    assert view.chart.frame["x"]["high"] == 40
    drawn = np.frombuffer(view.chart.numbers)
    assert list(drawn[:5]) == [1, 2, 3, 4, 5] and drawn[5] == 7.0


def test_a_look_is_a_dashed_line_and_a_mark_with_its_share(view):
    view(progress(25, 0.4))
    assert view.chart.parts["marks"] == []
    view(progress(26, 0.4, (0.3, 0.67)))
    (mark,) = view.chart.parts["marks"]
    assert (mark["x"], mark["y"], mark["text"]) == (26, 0.3, "67% right")
    assert [line["dash"] for line in view.chart.parts["lines"]] == ["", "6 4"]
    assert "67% right" in words(view)


def test_the_card_draws_all_of_it_and_a_step_changes_no_announcement(view):
    view(progress(25, 0.4, (0.3, 0.67)))
    announced = view.children[2].value
    view(progress(26, 0.3, (0.3, 0.67)))
    assert view.children[2].value == announced and 'role="status"' in announced
    view.finish(card())
    assert [line["length"] for line in view.chart.parts["lines"]] == [6, 2]
    assert "All steps done" in words(view)
    assert view.chart.summary in (child.summary for child in view.children[:1])


@pytest.mark.slow
def test_an_interrupted_training_keeps_the_best_adapter_and_goes_on(view, results_dir, tmp_path):
    from course.tuning import lora  # torch is loaded when there is something to train
    from tests import tiny_model

    base = tiny_model.write(tmp_path / "base")
    chats = [TrainingChat("Say the colour.", f"case {n}", ("red", "blue")[n % 2]) for n in range(20)]
    settings = Settings(rank=2, batch=4, epochs=2, look_every=2, checkpoint_every=1)

    def stop_after_four(now):
        view(now)
        if now.step == 4:
            raise KeyboardInterrupt

    stopped = lora.train("small", chats, chats[:4], settings=settings, base=base, on_step=stop_after_four)
    view.finish(stopped.card)
    assert stopped.card.ended == INTERRUPTED and stopped.card.best_step in (2, 4)
    assert "Run the cell again" in words(view)

    again = TrainingCurve()
    done = lora.train("small", chats, chats[:4], settings=settings, base=base, on_step=again)
    assert again.training.losses[0][0] == 5
    again.finish(done.card)
    assert [step for step, _ in again.training.losses] == list(range(1, 11))


def test_the_chart_by_amount_has_a_line_of_means_and_a_point_for_each_seed():
    measured = {curve.HEADS: curve.lines(labels.read())[curve.HEADS]}
    chart = amount_chart(measured)
    assert [line["name"] for line in chart.parts["lines"]] == [curve.HEADS]
    points = {(mark["x"], mark["y"]) for mark in chart.parts["marks"]}
    assert points == {(each.examples, 100 * each.accuracy) for each in measured[curve.HEADS]}
    for count, share in curve.means(measured[curve.HEADS]).items():
        assert f"{share:.0%} with {count}" in chart.summary


def test_every_line_of_the_curve_has_its_own_sign():
    reading = labels.read()[0]
    chart = amount_chart({name: [reading] for name in curve.LINES})
    signs = [(line["colour"], line["dash"]) for line in chart.parts["lines"]]
    assert len(set(signs)) == len({colour for colour, _ in signs}) == len(curve.LINES) == 4
