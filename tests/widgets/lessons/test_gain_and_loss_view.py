"""The chart of gain against loss: a point for each training, a line for each setting, and both in words."""

from course.tuning import forgetting, gain_and_loss
from widgets.lessons.gain_and_loss_view import gain_and_loss_chart


def test_every_training_is_a_point_within_the_axes_and_is_said_in_words():
    measured = forgetting.read()
    found, chart = gain_and_loss.trainings(measured), gain_and_loss_chart(measured)
    marks, (across, up) = chart.parts["marks"], (chart.frame[axis] for axis in "xy")
    assert len(marks) == len(found)
    assert all(mark["x"] <= across["high"] and mark["y"] <= up["high"] for mark in marks)
    for key, parts in found.items():
        right = parts[forgetting.OF_TICKETS].accuracy
        assert f"{gain_and_loss.name_of(key)}: {100 * right:.0f}%" in chart.summary


def test_a_setting_that_leads_away_has_a_line_over_its_rounds_that_begins_where_the_model_began():
    lines = gain_and_loss_chart(forgetting.read()).parts["lines"]
    strong = {line["name"]: (line["colour"], line["dash"]) for line in lines if line["strong"]}
    assert {
        "usual, 3 rounds",
        "rate 0.0003, 3 rounds",
        "rank 2, 3 rounds",
        "replay, 3 rounds",
    } == strong.keys()
    assert len(set(strong.values())) == len(strong)
    for sign in strong.values():
        seeds = [line for line in lines if (line["colour"], line["dash"]) == sign]
        assert [line["strong"] for line in seeds] == [True, False, False]
        assert seeds[0]["length"] == 3 and [line["name"] for line in seeds[1:]] == ["", ""]


def test_a_model_that_is_not_trained_is_a_point_with_its_name():
    alone = [each for each in forgetting.read() if each.setting == forgetting.UNTRAINED]
    chart = gain_and_loss_chart(alone)
    assert [mark["text"] for mark in chart.parts["marks"]] == [forgetting.UNTRAINED]
    assert chart.parts["lines"] == []
