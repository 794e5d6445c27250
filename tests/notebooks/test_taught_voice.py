"""What lesson 11 and its deeper notebook teach of the house voice, with margins, from measured replies."""

import pytest

from course.material.voice import CLOSING, pairs
from course.measuring import blind
from course.measuring.climb import HELPED, HURT, by_question, corrected, verdict
from course.measuring.house_voice import RULES, facts, rules_kept
from course.tuning import voice_readings
from course.tuning.voice_readings import (
    broken,
    compared,
    keeps_both,
    keeps_facts,
    keeps_rules,
    rules_of,
    trained,
)
from widgets.cost.inputs import load

MEASURED = voice_readings.read()
BY_NAME = {each.name: each for each in MEASURED}
BEST = {each.size: each for each in voice_readings.best_prompts(MEASURED)}
TRAINED = trained(MEASURED)
N = len(pairs("test"))
# Rules that ask for something; the others forbid it.
ASKING = {3, 4, 5, 12, 13}


def small(rung: str) -> voice_readings.VoiceReading:
    return BY_NAME[f"small: {rung}"]


def test_every_reading_has_all_notes():
    notes = {pair.id for pair in pairs("test")}
    assert all(each.replies.keys() == notes for each in MEASURED)


def test_a_reply_without_sense_passes_every_check():
    pair = pairs("test")[1]
    nonsense = f"Your 2 Thursday. We bloom. Next, 2.\n{CLOSING}"
    assert all(rules_kept(nonsense).values()) and facts(nonsense) == facts(pair.note)


def test_the_mean_flatters_two_words_keep_six_rules_and_no_reply_keeps_all():
    tone = small("professional tone")
    assert 5 < tone.rules[0] < 8 and tone.count(keeps_rules) == 0


def test_examples_bring_the_small_model_more_rules_than_the_guide_and_fifty_not_more_than_eight():
    tone, guide, eight, fifty = (
        small(rung) for rung in ("professional tone", "guide", "guide, 8 examples", "guide, 50 examples")
    )
    assert eight.rules[0] - guide.rules[0] > 3 + guide.rules[0] - tone.rules[0]
    assert compared(eight, guide, rules_of).direction == "better"
    assert compared(fifty, eight, rules_of).direction != "better"
    assert fifty.count(keeps_rules) < 0.05 * N


@pytest.mark.parametrize("size", BEST)
def test_fifty_examples_bring_no_size_more_replies_with_all_rules_than_eight(size):
    eight, fifty = (BY_NAME[f"{size}: guide, {count} examples"] for count in (8, 50))
    assert compared(fifty, eight, keeps_rules).direction != "better"
    assert fifty.count(keeps_rules) < 0.1 * N


@pytest.mark.parametrize("size", BEST)
def test_without_examples_hardly_a_reply_of_any_size_keeps_all_rules_and_eight_bring_every_size_more(size):
    tone, guide, eight = (
        BY_NAME[f"{size}: {rung}"] for rung in ("professional tone", "guide", "guide, 8 examples")
    )
    assert max(tone.count(keeps_rules), guide.count(keeps_rules)) < 0.03 * N
    step = compared(eight, guide, rules_of)
    assert step.direction == "better" and step.difference > 0.8


def test_a_schema_brings_the_medium_size_rules_and_costs_it_facts_without_examples():
    guide, examples, schema = "medium: guide", ", 8 examples", ", schema of sentences"
    plain, held, eight, eight_held = (
        BY_NAME[name] for name in (guide, guide + schema, guide + examples, guide + examples + schema)
    )
    found = [compared(held, plain, rules_of), compared(eight_held, eight, rules_of)]
    assert [step.direction for step in found] == ["better", "better"]
    assert compared(held, plain, keeps_facts).direction == "worse"
    assert compared(eight_held, eight, keeps_facts).direction != "better"


@pytest.mark.parametrize("examples", ["", ", 8 examples"])
def test_a_schema_brings_the_large_size_no_rules_that_show(examples):
    plain, held = (BY_NAME[f"large: guide{examples}{schema}"] for schema in ("", ", schema of sentences"))
    assert compared(held, plain, rules_of).direction != "better"


def test_the_best_prompt_of_the_small_model_keeps_rules_and_facts_in_few_replies():
    best = BEST["small"]
    assert best.rules[0] > 12 and best.count(keeps_rules) < 0.3 * N
    assert best.count(keeps_both) < 0.15 * N and best.count(keeps_facts) < 0.5 * N
    lost, added = (best.count(lambda one, kind=kind: bool(getattr(one, kind))) for kind in ("lost", "added"))
    assert lost > 2 * added


def test_rules_that_ask_for_something_are_broken_more_often_than_those_that_forbid():
    shares = broken([small("guide"), BEST["small"]])
    asking = [rule.number in ASKING for rule in RULES]
    assert (shares[asking].mean() > shares[[not each for each in asking]].mean() + 0.2).all()


@pytest.mark.parametrize("reading", TRAINED.values(), ids=lambda each: each.name)
def test_each_training_keeps_more_rules_and_facts_than_the_best_prompt_and_is_not_reliable_either(reading):
    best = BEST["small"]
    found = [compared(reading, best, score) for score in (rules_of, keeps_facts)]
    assert [verdict(step, p) for step, p in zip(found, corrected(found), strict=True)] == [HELPED, HELPED]
    assert reading.rules[0] > best.rules[0] + 0.5
    assert reading.count(keeps_rules) < 0.5 * N and reading.count(keeps_both) < 0.25 * N


@pytest.mark.parametrize("reading", TRAINED.values(), ids=lambda each: each.name)
def test_the_prompted_large_model_keeps_fewer_rules_and_more_facts_than_each_training(reading):
    large = BEST["large"]
    found = [compared(reading, large, score) for score in (rules_of, keeps_facts)]
    assert [verdict(step, p) for step, p in zip(found, corrected(found), strict=True)] == [HELPED, HURT]
    assert large.count(keeps_facts) > 0.65 * N and large.count(keeps_rules) < 0.5 * N


def test_the_medium_size_keeps_facts_that_the_small_one_loses_from_the_same_training():
    medium = trained(MEASURED, size="medium")
    assert medium
    for seed, reading in medium.items():
        step = compared(reading, TRAINED[seed], keeps_facts)
        assert step.direction == "better" and step.difference > 0.1
        assert reading.rules[0] > BEST["small"].rules[0] + 0.5 and reading.count(keeps_rules) < 0.5 * N


def test_with_eight_examples_the_medium_size_keeps_as_many_facts_as_the_large_one_and_rarely_all_rules():
    medium, large = (BY_NAME[f"{size}: guide, 8 examples"] for size in ("medium", "large"))
    assert compared(medium, large, keeps_facts).direction == ""
    assert medium.count(keeps_facts) > 0.7 * N and medium.count(keeps_rules) < 0.2 * N
    assert compared(medium, small("guide, 8 examples"), keeps_facts).direction == "better"


@pytest.mark.parametrize("reading", TRAINED.values(), ids=lambda each: each.name)
def test_no_training_of_the_small_model_is_ahead_of_the_best_prompt_of_the_medium_one(reading):
    medium = BY_NAME["medium: guide, 8 retrieved examples"]
    assert BEST["medium"] is medium
    for score in (rules_of, keeps_rules, keeps_facts, keeps_both):
        assert compared(reading, medium, score).direction != "better"
    assert medium.count(keeps_both) > 0.1 * N and medium.count(keeps_rules) < 0.5 * N


def test_no_training_of_the_medium_size_is_ahead_of_its_best_prompt_and_its_seeds_differ_most():
    found = by_question(voice_readings.against_prompts(MEASURED))
    asked = f"medium tuned instead of '{BEST['medium'].name}'"
    for measure in voice_readings.MEASURES:
        assert HELPED not in [verdict(step, p) for step, p in found[measure, asked]]
    of_small, of_medium = (
        [each.count(keeps_both) for each in trained(MEASURED, size=size).values()]
        for size in ("small", "medium")
    )
    assert len(of_small) == len(of_medium) == 3
    assert max(of_medium) - min(of_medium) > 2 * (max(of_small) - min(of_small))


@pytest.mark.parametrize("reading", TRAINED.values(), ids=lambda each: each.name)
def test_on_rules_and_facts_together_no_training_can_be_told_from_the_prompted_large_model(reading):
    step = compared(reading, BEST["large"], keeps_both)
    assert step.direction == "" and abs(step.difference) < 0.1


@pytest.mark.parametrize("reading", TRAINED.values(), ids=lambda each: each.name)
def test_one_rule_costs_a_training_most_of_the_replies_that_keep_all(reading):
    worst = broken([reading])[reading.name].nlargest(2)
    assert worst.index[0].startswith("12 ") and worst.iloc[0] > worst.iloc[1] + 0.3
    assert reading.count(lambda one: set(one.broken) <= {12}) > 2 * reading.count(keeps_rules)


@pytest.mark.parametrize("reading", TRAINED.values(), ids=lambda each: each.name)
def test_the_machine_does_not_pay_for_a_release(reading):
    value = load().base()
    release = value["self_hosted_lora.retrain_hours"] * value["case.rate"]
    assert release > 24 * (BEST["small"].dollars - reading.dollars)


def test_thirty_pairs_can_be_read_blind():
    sides = [
        (each.name, {id: one.text for id, one in each.replies.items()})
        for each in (TRAINED[1], BEST["small"])
    ]
    drawn = blind.drawn({pair.id: pair.note for pair in pairs("test")}, *sides)
    assert len(drawn) == 30 and sum(pair.left_reply != pair.right_reply for pair in drawn) >= 28
