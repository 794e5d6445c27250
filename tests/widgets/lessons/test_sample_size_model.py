"""The sample sizes against published cases, counted and simulated outcomes, and by property."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom

from course.errors import CourseError
from widgets.lessons.sample_size_model import (
    DetectionGoal,
    in_words,
    pairs,
    pairs_by_connor,
    smallest_difference,
    tickets_each,
)

SEED = 8


def exact_power(goal: DetectionGoal, n: int) -> float:
    """Power of McNemar's exact test on `n` pairs, every outcome counted."""
    better = (goal.disagree + goal.difference) / (2 * goal.disagree)
    power = 0.0
    for disagreeing in range(1, n + 1):
        wins = np.arange(disagreeing + 1)
        p = np.minimum(1, 2 * binom.cdf(np.minimum(wins, disagreeing - wins), disagreeing, 0.5))
        seen = binom.pmf(wins[p < goal.alpha], disagreeing, better).sum()
        power += binom.pmf(disagreeing, n, goal.disagree) * seen
    return power


@pytest.mark.parametrize(
    ("difference", "disagree", "published"), [(0.40, 0.50, 23), (0.15, 0.45, 155)]
)  # two calculators on the web that name Connor 1987
def test_connors_formula_gives_the_published_cases(difference, disagree, published):
    goal = DetectionGoal((1 - difference) / 2, difference, disagree)
    assert math.ceil(pairs_by_connor(goal)) == published


@pytest.mark.parametrize("place", [(0.03, 0.08), (0.05, 0.12), (0.05, 0.2), (0.1, 0.2), (0.2, 0.3)])
def test_the_pairs_give_the_exact_test_its_power(place):
    goal = DetectionGoal(0.6, *place)
    assert exact_power(goal, pairs(goal)) == pytest.approx(0.8, abs=0.02)
    assert exact_power(goal, round(0.7 * pairs(goal))) < 0.75


def test_a_simulation_sees_two_proportions_as_often_as_promised():
    goal = DetectionGoal(0.8, 0.1, 0.15)
    n, draw = tickets_each(goal), np.random.default_rng(SEED)
    now, better = (draw.binomial(n, share, 20_000) / n for share in (0.8, 0.9))
    pooled = (now + better) / 2
    z = (better - now) / np.sqrt(2 * pooled * (1 - pooled) / n)
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(goal.power, abs=0.02)


shares = st.floats(0.02, 0.98)


@given(st.floats(0.05, 0.9), st.floats(0.01, 0.3), shares, st.floats(0.5, 0.95), st.floats(0.001, 0.1))
def test_more_is_needed_for_less_and_for_surer(accuracy, difference, disagree, power, alpha):
    assume(accuracy + difference < 0.97 and difference * 1.2 < disagree)
    assume(disagree < min(2 - 2 * accuracy - 1.2 * difference, 2 * accuracy + difference))
    goal = DetectionGoal(accuracy, difference, disagree, power, alpha)
    surer = DetectionGoal(accuracy, difference, disagree, power + 0.04, alpha)
    stricter = DetectionGoal(accuracy, difference, disagree, power, alpha / 2)
    larger = DetectionGoal(accuracy, 1.2 * difference, disagree, power, alpha)
    for needed in (pairs, tickets_each):
        assert needed(surer) >= needed(goal) and needed(stricter) >= needed(goal)
        assert needed(larger) <= needed(goal)
    assert pairs(goal) * difference >= 1


@given(st.floats(0.02, 0.4), st.floats(0.01, 0.3))
def test_pairs_that_disagree_less_need_fewer(disagree, difference):
    assume(difference < disagree)
    accuracy = (1 - difference) / 2
    least, more = (DetectionGoal(accuracy, difference, share) for share in (difference, disagree))
    assert pairs(least) <= pairs(more)


@given(st.integers(30, 5000), st.floats(0.02, 0.6))
def test_the_smallest_difference_needs_just_so_many_tickets(tickets, disagree):
    least = smallest_difference(tickets, disagree)
    if least is None:
        most = DetectionGoal((1 - disagree) / 2, disagree, disagree)
        assert pairs(most) >= tickets
    else:
        assert abs(pairs(DetectionGoal((1 - least) / 2, least, disagree)) - tickets) <= 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"accuracy": 0}, "accuracy is 0"),
        ({"difference": -0.1}, "difference is -0.1"),
        ({"power": 1}, "power is 1"),
        ({"alpha": 0.9}, "above alpha, 0.9"),
        ({"accuracy": 0.97}, "above 100%"),
        ({"disagree": 0.04}, "from 5 to 35% of the tickets .* and not 4%"),
        ({"disagree": 0.36}, "and not 36%"),
    ],
)
def test_what_cannot_be_asked_is_named(values, said):
    with pytest.raises(CourseError, match=said):
        DetectionGoal(**({"accuracy": 0.8, "difference": 0.05, "disagree": 0.15} | values))


def test_the_words_hold_the_numbers_and_half_the_difference_takes_three_times_the_pairs():
    goal = DetectionGoal(0.8, 0.05, 0.15)
    words = in_words(goal, {"the sample": 72, "a handful": 8})
    assert f"{pairs(goal)} tickets" in words and f"{tickets_each(goal):,} for each" in words
    assert "The sample (72) can show" in words
    assert "A handful (8) can show no difference at all." in words
    ten, five = (DetectionGoal(0.80, difference, 0.15) for difference in (0.10, 0.05))
    assert pairs(five) > 3 * pairs(ten) and pairs(five) < tickets_each(five)
