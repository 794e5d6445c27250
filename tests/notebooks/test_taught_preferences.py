"""What the deeper notebook on pairs teaches, with margins, from what is measured so far."""

import pytest

from course.measuring.climb import HURT, UNDECIDED, corrected, verdict
from course.tuning import preference, preference_readings
from course.tuning.preference import BY_PAIRS, RIGHT_ALONE, START

READINGS = {(each.way, each.seed): each for each in preference.read()}
SEEDS = sorted({seed for way, seed in READINGS if way == BY_PAIRS})
COMPARED = preference_readings.compared(preference.read_replies())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_makes_faults_on_notes_that_it_was_trained_on(seed):
    start = READINGS[START, seed]
    assert start.answered == 332 and 0.3 * start.answered < start.faulty < start.answered


@pytest.mark.parametrize("seed", SEEDS)
def test_a_falling_loss_made_both_replies_less_likely_and_the_replies_worse(seed):
    steps = [each for each in preference.read_steps() if (each.way, each.seed) == (BY_PAIRS, seed)]
    assert steps[-1].loss < 0.5 * steps[0].loss and steps[-1].preferred > 0.9
    assert steps[-1].rejected < steps[-1].chosen < -5
    found = [
        COMPARED[f"{measure}, by pairs instead of the start", seed]
        for measure in ("rules kept", "facts kept")
    ]
    assert {verdict(step, p) for step, p in zip(found, corrected(found), strict=True)} == {HURT}


@pytest.mark.parametrize("seed", SEEDS)
def test_as_many_steps_on_the_right_replies_alone_changed_little(seed):
    found = [
        COMPARED[f"{measure}, right replies alone instead of the start", seed]
        for measure in ("rules kept", "facts kept", "both")
    ]
    assert {verdict(step, p) for step, p in zip(found, corrected(found), strict=True)} == {UNDECIDED}
    assert READINGS[RIGHT_ALONE, seed].rules > READINGS[BY_PAIRS, seed].rules + 0.5
