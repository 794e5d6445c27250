"""The guided way: what each step says is what was measured, and what it teaches holds with a margin."""

import pytest

from course.material.prices import tier
from course.measuring import ladder
from course.measuring.results import percent
from course.rungs import few_shot, three_sizes
from widgets.lessons import tour_model as model
from widgets.lessons.few_shot_model import in_words
from widgets.lessons.tour_view import Tour


def test_the_ways_rise_and_span_from_none_to_nearly_all():
    shares = [way.reached.accuracy for way in model.ways()]
    assert shares == sorted(shares)
    assert shares[0] < 0.05 and shares[-1] > 0.95
    head = next(way for way in model.ways() if way.name == model.HEAD)
    assert str(head).startswith(f"{model.HEAD}: 297 of 360")
    small = [way.reached for way in model.ways() if way.name.startswith(model.SMALL)]
    assert len(small) > 5 and all(reached.input_tokens > 0 for reached in small)
    ahead = [way.name for way in model.ways() if way.reached.right > head.reached.right]
    assert ahead and all("large" in name for name in ahead)


def test_a_prompt_that_two_steps_show_has_one_figure_and_its_source():
    ways = {way.name: way for way in model.ways()}
    assert len(ways) == len(model.ways())
    for name, place in model.IN_STEP_1.items():
        (reading,) = [each for each in few_shot.read() if (each.choice, each.count) == place]
        way = ways[f"{model.SMALL}{name}"]
        assert f"{percent(reading.accuracy)}% of 360 replies" in in_words(reading, tier("small"))
        assert f" {percent(reading.accuracy)}% (" in str(way)
        assert str(way).endswith(f"(as in step 1, measured {reading.date}).")


def test_the_ways_are_those_of_the_ladder_and_of_the_large_local_model():
    shown = [way.name.removeprefix(model.SMALL) for way in model.ways()]
    local = [name.rpartition("machine: ")[2] for name in shown if "large model on this machine" in name]
    places = [each.rung for each in three_sizes.read() if (each.size, each.task) == ("large", "routing")]
    assert sorted(local) == sorted(places) != []
    rungs = {rung.name.replace("large model:", "a large Claude:") for rung in ladder.read()}
    assert {name for name in shown if "large model on this machine" not in name} == rungs


def test_without_the_handbook_nobody_knows_and_more_sections_are_not_better():
    none, one, three = model.handbook()
    assert (none.sections, one.sections, three.sections) == (0, 1, 3)
    assert none.right == 0 and one.right > three.right + 5
    assert "nothing to read" in str(none) and "the 3 nearest sections" in str(three)


@pytest.mark.parametrize("accepted", [0.5, 0.8, 0.9, 0.99])
def test_the_bar_counts_every_way_once(accepted):
    above = sum(way.reached.low >= accepted for way in model.ways())
    below = sum(way.reached.high < accepted for way in model.ways())
    said = model.bar_in_words(accepted)
    assert f"{above} of {len(model.ways())} ways are good enough and {below} are not" in said
    unsure = len(model.ways()) - above - below
    assert (f"for {unsure} there are too few" in said) == (unsure > 0)


def test_the_volume_turns_the_price():
    assert "Hosted fine-tune" in model.price_in_words(1_000).split(" costs ")[1]
    assert model.price_in_words(1_000) != model.price_in_words(3_000_000)


@pytest.mark.parametrize(
    ("accepted", "volume", "changes", "labels", "leads_to"),
    [
        (0.70, 3_000_000, "yearly", 1_000, "stop"),
        (0.83, 3_000_000, "yearly", 1_000, "benchmark"),
        (0.95, 3_000_000, "yearly", 1_000, "fine_tune"),
        (0.95, 3_000_000, "weekly", 1_000, "prepare"),
        (0.95, 3_000_000, "yearly", 0, "prepare"),
        (0.95, 3_000, "yearly", 1_000, "stop"),
    ],
)
def test_each_of_the_four_answers_can_turn_the_advice(accepted, volume, changes, labels, leads_to):
    assert model.advice(accepted, volume, changes, labels).next.key == leads_to


def test_every_step_speaks_when_its_control_moves():
    tour = Tour()
    few_shot, ways, handbook, bar, price, after = tour.steps
    for step, control in ((ways, ways.way), (handbook, handbook.sections), (price, price.volume)):
        before = step.sentence.value
        control.position += 1
        assert step.sentence.value != before
    bar.accepted.value = 83
    assert "measure" in after.sentence.value.lower()
    bar.accepted.value = 60
    assert "stop" in after.sentence.value.lower()
    assert "retrieved" in few_shot.sentence.value
