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
    lines = {line["name"]: line for line in gain_and_loss_chart(forgetting.read()).parts["lines"]}
    of_rate = next(line for name, line in lines.items() if name.startswith("rate 0.0003, 3 rounds"))
    usual = {name[-1]: line for name, line in lines.items() if name.startswith(f"{forgetting.USUAL}, ")}
    assert not any(name.startswith("rate 0.0001") for name in lines)
    assert (lines["usual, 3 rounds, seed 2"]["length"], of_rate["length"]) == (3, 3)
    assert usual["2"]["strong"] < usual["1"]["strong"]
    strong = [(line["colour"], line["dash"]) for line in lines.values() if line["strong"]]
    assert len(set(strong)) == len(strong)


def test_a_model_that_is_not_trained_is_a_point_with_its_name():
    alone = [each for each in forgetting.read() if each.setting == forgetting.UNTRAINED]
    chart = gain_and_loss_chart(alone)
    assert [mark["text"] for mark in chart.parts["marks"]] == [forgetting.UNTRAINED]
    assert chart.parts["lines"] == []
