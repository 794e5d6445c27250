"""The guided way: what each step says is what was measured, and what it teaches holds with a margin."""

import pytest

from widgets.lessons import tour_model as model
from widgets.lessons.tour_view import Tour


def test_the_ways_rise_and_span_from_none_to_nearly_all():
    shares = [rung.accuracy for rung in model.ways()]
    assert shares == sorted(shares)
    assert shares[0] < 0.05 and shares[-1] > 0.95
    head = next(rung for rung in model.ways() if rung.name == model.HEAD)
    assert model.way_in_words(head).startswith(f"{model.HEAD}: 297 of 360")
    small = [rung for rung in model.ways() if model.title(rung).startswith("small model: ")]
    assert len(small) > 5 and all(rung.input_tokens > 0 for rung in small)
    assert all("large" in rung.name for rung in model.ways() if rung.right > head.right)


def test_without_the_handbook_nobody_knows_and_more_sections_are_not_better():
    none, one, three = model.handbook()
    assert (none.sections, one.sections, three.sections) == (0, 1, 3)
    assert none.right == 0 and one.right > three.right + 5
    assert "nothing to read" in str(none) and "the 3 nearest sections" in str(three)


@pytest.mark.parametrize("accepted", [0.5, 0.8, 0.9, 0.99])
def test_the_bar_counts_every_way_once(accepted):
    above = sum(rung.low >= accepted for rung in model.ways())
    below = sum(rung.high < accepted for rung in model.ways())
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
