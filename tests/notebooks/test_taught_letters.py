"""What the deeper notebook on letters teaches, with margins, from measured replies."""

import pytest

from course.measuring.climb import HELPED, corrected, verdict
from course.tuning import letter_form, letter_readings
from course.tuning.letter_form import SEEDS, TUNED, TUNED_HELD

READINGS = {each.key: each for each in letter_form.read()}
REPLIES = letter_form.read_replies()
N = len(letter_form.to_ask())
FREE = letter_readings.best_prompt(list(READINGS.values()), held=False)


def test_everything_is_measured():
    assert letter_readings.not_measured(list(READINGS.values())) == ""
    assert all(each.n == N for each in READINGS.values())


def test_examples_bring_the_form_that_the_keys_alone_do_not_and_a_schema_is_cut_off():
    assert READINGS["keys", 0].valid < 0.1 * N < 0.8 * N < READINGS["two examples", 0].valid
    assert READINGS["schema", 0].valid < 0.6 * N
    faults = letter_readings.faults(REPLIES)
    assert faults.loc["schema", "of these, cut off"] > 0.4 * N
    assert "two examples" in FREE.way and FREE.valid > 0.8 * N


@pytest.mark.parametrize("seed", SEEDS)
def test_a_training_brings_the_form_and_reads_more_values_and_no_letter_whole(seed):
    tuned = READINGS[TUNED, seed]
    assert tuned.valid > 0.8 * N and tuned.right < 0.1 * N
    assert tuned.fields > 1.5 * FREE.fields
    pairs = letter_readings.against_prompts(list(READINGS.values()), REPLIES)
    steps = [pairs[f"right values, {TUNED} instead of '{FREE.way}'", each] for each in SEEDS]
    found = [verdict(step, p) for step, p in zip(steps, corrected(steps), strict=True)]
    assert found[SEEDS.index(seed)] == HELPED


@pytest.mark.parametrize("seed", SEEDS)
def test_a_schema_on_the_trained_model_changes_little(seed):
    tuned, held = READINGS[TUNED, seed], READINGS[TUNED_HELD, seed]
    assert abs(tuned.valid - held.valid) <= 0.1 * N and abs(tuned.fields - held.fields) <= 0.1 * 8 * N
