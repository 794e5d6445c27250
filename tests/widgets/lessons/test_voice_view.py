"""The chart of the house voice: a point for each rung, a line for each size, and the same in words."""

from course.tuning import voice_readings
from widgets.lessons.voice_view import voice_chart


def test_every_measured_rung_is_said_in_words_and_a_point_but_for_the_larger_sizes_schemas():
    measured = voice_readings.read()
    chart = voice_chart(measured)
    told_only = [
        each for each in measured if each.size != "small" and each.rung.endswith("schema of sentences")
    ]
    assert told_only and len(chart.parts["marks"]) == len(measured) - len(told_only)
    names = {line["name"].split(",")[0] for line in chart.parts["lines"]}
    assert names == {each.size for each in measured}
    for each in measured:
        assert f"{each.name}: {each.rules[0]:.1f} rules" in chart.summary
    assert voice_chart(measured[:1]).parts["lines"][0]["length"] == 1
