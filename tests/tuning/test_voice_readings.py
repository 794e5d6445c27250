"""What the measured replies of the voice say: tables, pairs and gaps, on replies made up for it."""

import pytest

from course.material.prices import machine_price_per_hour
from course.material.voice import CLOSING, pairs
from course.rungs.voice import RUNGS
from course.tuning import voice_readings
from course.tuning.voice import SEEDS, VoiceReply
from course.tuning.voice_readings import (
    MEASURES,
    MONTHLY,
    PROMPTED,
    QUESTIONS,
    TUNED,
    TUNED_GUIDE,
    VoiceReading,
    against_prompts,
    against_prompts_table,
    best_in_words,
    best_prompts,
    broken,
    keeps_both,
    keeps_facts,
    keeps_rules,
    rules_of,
    seeds_in_words,
    steps,
    table,
    trained,
    wrong_in_the_right_voice,
)

ROWS = pairs("test")[:10]
RIGHT = [pair.reply for pair in ROWS]
# All rules and no fact of a note; some rules and all facts.
EMPTY = ["Your pod is on its way. We watch it bloom. Next, look on 5 May.\n" + CLOSING] * len(ROWS)
PLAIN = [pair.note for pair in ROWS]


def reading(rung: str, replies: list[str], size: str = "small", seconds: float = 0.5) -> VoiceReading:
    made = {"command": "c", "date": "2026-11-29", "machine": "m", "cores": 2, "fingerprint": "f"}
    measured = {"input_tokens": 100.0, "output_tokens": 50.0, "seconds": seconds}
    (found,) = voice_readings.readings(
        [
            VoiceReply(**made, **measured, size=size, rung=rung, id=pair.id, reply=reply)
            for pair, reply in zip(ROWS, replies, strict=True)
        ]
    )
    return found


def prompts(size: str = "small") -> list[VoiceReading]:
    return [reading(rung, PLAIN, size) for rung in PROMPTED]


def test_a_reading_counts_rules_and_facts_apart():
    for replies, counts in ((RIGHT, (10, 10, 10)), (EMPTY, (10, 0, 0)), (PLAIN, (0, 10, 0))):
        each = reading("guide", replies)
        assert tuple(map(each.count, (keeps_rules, keeps_facts, keeps_both))) == counts
    first = reading("guide", EMPTY).replies[ROWS[0].id]
    assert first.added == {"5", "May"} and "80.00" in first.lost and first.broken == ()
    mean, half = reading("guide", [*RIGHT[:9], ""]).rules
    assert 13 < mean < 15 and half > 0 and reading("guide", RIGHT).rules == (15, 0)


def test_the_table_has_intervals_and_a_month_at_the_price_of_the_machine():
    row = table([reading("guide", [*RIGHT[:6], *EMPTY[6:]], seconds=3.6)]).loc["small: guide"]
    assert (row["all fifteen"], row["all facts"]) == ("100% (72-100)", "60% (31-83)")
    assert row[f"{MONTHLY:,} replies"] == f"${MONTHLY / 1000 * machine_price_per_hour():.2f}"
    assert row["tokens in / out"] == "100 / 50" and row["time"] == "3.6 s"


def test_the_same_notes_are_compared_by_how_much_a_reply_scores():
    before, after = reading("guide", PLAIN), reading("guide, 8 examples", [*RIGHT[:8], *PLAIN[8:]])
    by_rules = voice_readings.compared(after, before, rules_of)
    assert (by_rules.only_a, by_rules.only_b, by_rules.both) == (8, 0, 2)
    by_facts = voice_readings.compared(after, before, keeps_facts)
    assert (by_facts.only_a, by_facts.only_b, by_facts.both, by_facts.neither) == (0, 0, 10, 0)
    assert voice_readings.compared(before, after, keeps_rules).only_b == 8


def test_each_question_is_asked_where_both_rungs_are_there():
    assert {name for question in QUESTIONS for name in question[1:]} <= set(PROMPTED)
    asked = steps([*prompts(), reading("guide", PLAIN, "large")], keeps_facts)
    assert list(asked) == [f"small: {question.asked}" for question in QUESTIONS]


def test_the_best_prompt_of_a_size_has_the_most_replies_right_in_both():
    own = prompts()
    own[3] = reading(PROMPTED[3], [*RIGHT[:4], *PLAIN[4:]])
    large = [reading(rung, EMPTY, "large") for rung in PROMPTED[:2]]
    assert [each.name for each in best_prompts([*large, *own])] == [f"small: {PROMPTED[3]}"]
    large.append(reading(PROMPTED[2], [*RIGHT[:1], *EMPTY[1:]], "large"))
    names = [each.name for each in best_prompts([*large, *own])]
    assert names == [f"small: {PROMPTED[3]}", f"large: {PROMPTED[2]}"]
    assert best_in_words([*large, *own]) == (
        f"The best prompts: 'small: {PROMPTED[3]}' and 'large: {PROMPTED[2]}' (3 of its 8 prompts measured)."
    )
    assert best_prompts([reading(f"{TUNED}, seed 1", RIGHT)]) == []


def test_every_training_is_compared_by_itself():
    trainings = [reading(f"{TUNED}, seed {seed}", RIGHT) for seed in SEEDS]
    found = against_prompts([*prompts(), *trainings, reading(f"{TUNED_GUIDE}, seed 2", EMPTY)])
    both = {
        ((measure, asked), seed): step
        for ((measure, asked), seed), step in found.items()
        if measure == "both" and asked.startswith("small tuned instead of")
    }
    assert {seed for _, seed in both} == set(SEEDS)
    assert all((step.only_a, step.only_b) == (10, 0) for step in both.values())
    with_guide = "small tuned with the guide instead of without"
    guided = found[("facts kept", with_guide), 2]
    assert (guided.only_a, guided.only_b) == (0, 10)
    table = against_prompts_table([*prompts(), *trainings, reading(f"{TUNED_GUIDE}, seed 2", EMPTY)])
    assert list(table) == list(MEASURES)
    assert table.loc[with_guide, "facts kept"] == "behind, -100"
    assert table.loc[f"small tuned instead of 'small: {PROMPTED[0]}'", "both"] == (
        "ahead at 3 of 3 seeds, +100"
    )
    assert against_prompts(prompts()) == {}


def test_the_sizes_that_were_trained_are_compared_from_the_same_seeds():
    trainings = [reading(f"{TUNED}, seed {seed}", PLAIN) for seed in SEEDS]
    larger = [reading(f"{TUNED}, seed 2", [*RIGHT[:7], *PLAIN[7:]], "medium")]
    found = against_prompts([*prompts(), *trainings, *larger])
    step = found[("both", "medium tuned instead of small tuned"), 2]
    assert (step.only_a, step.only_b) == (7, 0)
    assert (("both", "medium tuned instead of small tuned"), 1) not in found


def test_fewer_seeds_are_said_to_be_few():
    trainings = [reading(f"{way}, seed {seed}", RIGHT) for way in (TUNED, TUNED_GUIDE) for seed in SEEDS]
    medium = reading(trainings[0].rung, RIGHT, "medium")
    assert "small size is trained from 3 seeds: 10 to 10 of 10 replies" in seeds_in_words(trainings)
    assert "medium size is trained from 1 of 3 seeds so far" in seeds_in_words([*trainings, medium])
    assert "No training" in seeds_in_words(prompts())
    assert list(trained(trainings, TUNED_GUIDE)) == list(SEEDS)


def test_broken_rules_are_shares_and_a_wrong_fact_in_the_right_voice_is_found():
    other = [*(reply.replace("Your", "The", 1) for reply in RIGHT[:5]), *RIGHT[5:]]
    shares = broken([reading("guide", other)])["small: guide"]
    assert shares['3 begins with "Your"'] == 0.5 and shares.sum() == 0.5
    tuned = reading(f"{TUNED}, seed 1", [*RIGHT[:2], *EMPTY[2:5], *PLAIN[5:]])
    prompted = reading("guide", [*EMPTY[:4], *RIGHT[4:]])
    assert wrong_in_the_right_voice(tuned, prompted) == [ROWS[4].id, ROWS[2].id, ROWS[3].id]


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_a_prompt_is_known_by_its_name(rung):
    assert reading(rung.name, PLAIN).prompted and not reading(f"{TUNED}, seed 1", PLAIN).prompted
