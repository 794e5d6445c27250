"""The chart of gain against loss: a point for each training, two lines, and the same in words."""

from course.tuning import forgetting, gain_and_loss
from widgets.lessons.gain_and_loss_view import gain_and_loss_chart


def test_every_training_is_a_point_within_the_axes_and_is_said_in_words():
    measured = forgetting.read()
    found, chart = gain_and_loss.trainings(measured), gain_and_loss_chart(measured)
    marks = chart.parts["marks"]
    assert len(marks) == len(found)
    assert all(
        mark["x"] <= chart.frame["x"]["high"] and mark["y"] <= chart.frame["y"]["high"] for mark in marks
    )
    for key, parts in found.items():
        name, right = gain_and_loss.name_of(key), parts[forgetting.OF_TICKETS].accuracy
        assert f"{name}: {100 * right:.0f}%" in chart.summary
    assert len({(line["colour"], line["dash"]) for line in chart.parts["lines"]}) == 2


def test_points_that_lie_together_share_one_name():
    measured = forgetting.read()
    alone = [each for each in measured if each.setting == forgetting.UNTRAINED]
    assert [mark["text"] for mark in gain_and_loss_chart(alone).parts["marks"]] == [forgetting.UNTRAINED]
    named = [mark["text"] for mark in gain_and_loss_chart(measured).parts["marks"] if mark["text"]]
    assert len(named) < len(gain_and_loss.trainings(measured))
    assert any(text.startswith(f"{forgetting.UNTRAINED} and ") for text in named)
