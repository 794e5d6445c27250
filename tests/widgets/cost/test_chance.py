"""Tornado, draws, chance and Sobol indices: cases with a known answer, and properties."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import triang

from course.errors import CourseError
from widgets.cost.chance import chance, draws, sobol, tornado, totals
from widgets.cost.inputs import Assumptions, keys, load
from widgets.cost.model import bills

PAIR = ("prompt", "hosted_fine_tune")
RATE, MONTHS = 100, 10


def sure(pair=("prompt", "few_shot"), **ranges) -> Assumptions:
    """A pair without any uncertainty and with equal bills, but for these: prompt__upkeep=(1, 2, 4)."""
    assumptions = replace(load(pair, pair), horizon=MONTHS)
    base = assumptions.base()
    values = {key: base[key.replace(pair[1], pair[0])] for key in keys(pair)}
    values |= {"case.growth": 0, "case.rate": RATE}
    exact = {key: (value, value, value) for key, value in values.items()}
    return assumptions.with_values(exact | {key.replace("__", "."): triple for key, triple in ranges.items()})


def variance(low, base, high):
    return (low**2 + base**2 + high**2 - low * base - low * high - base * high) / 18


# Draws


def test_the_draws_follow_the_triangle_and_stay_inside():
    assumptions = load(PAIR, PAIR)
    values = draws(assumptions)
    assert set(values) == set(assumptions.uncertain(PAIR))
    for key, drawn in values.items():
        estimate = assumptions.estimates[key]
        width = estimate.high - estimate.low
        shape = triang((estimate.base - estimate.low) / width, estimate.low, width)
        assert drawn.min() >= estimate.low and drawn.max() <= estimate.high
        assert drawn.mean() == pytest.approx((estimate.low + estimate.base + estimate.high) / 3, rel=1e-3)
        # Each of the 10,000 slices of equal chance holds one draw: that is what a Latin hypercube is.
        assert (np.sort((shape.cdf(drawn) * 10_000).astype(int)) - np.arange(10_000)).__abs__().max() <= 1


def test_the_same_seed_gives_the_same_draws_and_another_others():
    assumptions = load(PAIR, PAIR)
    again, other = draws(assumptions, 100, seed=3), draws(assumptions, 100, seed=4)
    for key, drawn in draws(assumptions, 100, seed=3).items():
        assert (drawn == again[key]).all() and (drawn != other[key]).any()


def test_moving_one_input_moves_no_other_draw():
    assumptions = load(PAIR, PAIR)
    before = draws(assumptions)
    after = draws(assumptions.with_values({"prompt.calls": (1, 2, 3), "case.volume": 60_000}))
    assert set(after) - set(before) == {"prompt.calls"}
    assert {key for key in before if (before[key] != after[key]).any()} == {"case.volume"}


def test_both_of_a_pair_see_the_same_draw_of_the_case():
    result = chance(sure(case__volume=(1_000, 50_000, 900_000)))
    assert result.tie == 1


def test_a_number_of_draws_must_be_one():
    with pytest.raises(CourseError, match="0 draws"):
        draws(load(PAIR, PAIR), 0)


# Chance


def test_the_chance_of_one_uncertain_input_is_that_of_its_triangle():
    low, base, high, other = 1.0, 3.0, 10.0, 4.0
    result = chance(sure(prompt__upkeep=(low, base, high), few_shot__upkeep=(other, other, other)))
    shape = triang((base - low) / (high - low), low, high - low)
    assert result.cheaper["prompt"] == pytest.approx(shape.cdf(other), abs=1e-3)
    assert result.cheaper["prompt"] + result.cheaper["few_shot"] + result.tie == pytest.approx(1)
    expected = RATE * MONTHS * (shape.ppf([0.05, 0.5, 0.95]) - other)
    spread = result.difference
    assert [spread.low, spread.middle, spread.high] == pytest.approx(list(expected), rel=1e-2)


def test_two_equal_and_uncertain_approaches_are_even_and_it_says_so():
    triple = (0.05, 0.1, 0.3)
    result = chance(sure(prompt__error_rate=triple, few_shot__error_rate=triple))
    assert result.cheaper["prompt"] == pytest.approx(0.5, abs=4 * result.error)
    assert "close to even" in result.sentence
    assert result.error == pytest.approx(0.005, rel=0.01)


def test_two_equal_and_sure_approaches_tie_and_it_says_so():
    result = chance(sure())
    assert result.tie == 1 and result.cheaper == {"prompt": 0, "few_shot": 0}
    assert result.sentence == "Prompt and Few-shot examples cost the same over 10 months, whatever is drawn."


def test_nothing_uncertain_is_said_and_no_draw_is_claimed():
    result = chance(sure(prompt__upkeep=(5, 5, 5)))
    assert result.cheaper["few_shot"] == 1 and result.error == 0
    assert result.sentence == "No input of the two is uncertain: Few-shot examples costs less over 10 months."


def test_the_sentence_names_the_likelier_one_and_turns_its_signs():
    assumptions = sure(prompt__upkeep=(1, 2, 4), few_shot__upkeep=(3, 8, 9))
    first, turned = chance(assumptions), chance(replace(assumptions, pair=("few_shot", "prompt")))
    for result in (first, turned):
        assert "Prompt costs less than Few-shot examples" in result.sentence
        assert "$4,500 less" in result.sentence  # about 1,000 $ for each hour a month between the two


def test_the_sampling_error_covers_what_other_seeds_give():
    assumptions = load(PAIR, PAIR)
    found = [chance(assumptions, 1_000, seed) for seed in range(20)]
    shares = [result.cheaper["prompt"] for result in found]
    assert np.std(shares) <= 1.2 * found[0].error


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(["skill", "rag", "linear_head", "self_hosted_lora"]))
def test_a_chance_and_its_mirror_add_up(seed, other):
    assumptions = load(("prompt", other))
    one = chance(assumptions, 500, seed)
    assert sum(one.cheaper.values()) + one.tie == pytest.approx(1)
    assert one.difference.low <= one.difference.middle <= one.difference.high
    assert all(spread.low <= spread.middle <= spread.high for spread in one.totals.values())


def test_prices_that_all_double_double_the_spread():
    assumptions = load(PAIR, PAIR)
    money = [key for key in keys(PAIR) if key.endswith(("price", "cost", "rate", "hosting"))]
    money = [key for key in money if not key.endswith("error_rate")]
    base = assumptions.base()
    doubled = assumptions.with_values({key: 2 * base[key] for key in money})
    before, after = chance(assumptions), chance(doubled)
    assert after.difference.middle == pytest.approx(2 * before.difference.middle)
    assert after.cheaper == before.cheaper


# Tornado


def test_the_tornado_is_what_single_evaluations_give():
    assumptions = load(PAIR, PAIR)
    drawn = tornado(assumptions)
    expected = {}
    for key in assumptions.uncertain(PAIR):
        ends = assumptions.estimates[key].low, assumptions.estimates[key].high
        expected[key] = [_difference(assumptions, {key: end}) for end in ends]
    assert {bar.key for bar in drawn.bars} == set(expected)
    for bar in drawn.bars:
        assert [bar.at_low, bar.at_high] == pytest.approx(expected[bar.key])
        assert bar.span == pytest.approx(abs(expected[bar.key][0] - expected[bar.key][1]))
    assert drawn.base == pytest.approx(_difference(assumptions, {}))
    spans = [bar.span for bar in drawn.bars]
    assert spans == sorted(spans, reverse=True)


def test_a_bar_says_whether_it_turns_the_verdict():
    base = sure(prompt__upkeep=(1, 2, 4), few_shot__upkeep=(3, 3, 3), prompt__setup_hours=(7, 8, 9))
    turns = {bar.key: bar.turns for bar in tornado(base).bars}
    assert turns == {"prompt.upkeep": True, "prompt.setup_hours": False}


def test_a_tornado_of_sure_inputs_has_no_bars():
    drawn = tornado(sure())
    assert drawn.bars == () and drawn.base == 0


def test_totals_take_plain_values_as_well():
    assumptions = load(PAIR, PAIR)
    assert totals(assumptions, {})["prompt"] == bills(assumptions)["prompt"].total


# Sobol


def test_the_indices_of_a_linear_difference_are_its_shares_of_the_variance():
    ranges = {"prompt.upkeep": (1, 2, 6), "prompt.setup_hours": (0, 30, 60), "few_shot.upkeep": (2, 4, 5)}
    assumptions = sure(**{key.replace(".", "__"): triple for key, triple in ranges.items()})
    weights = {"prompt.upkeep": MONTHS, "prompt.setup_hours": 1, "few_shot.upkeep": MONTHS}
    parts = {key: weights[key] ** 2 * variance(*triple) for key, triple in ranges.items()}
    found = sobol(assumptions)
    assert [one.key for one in found] == sorted(parts, key=parts.get, reverse=True)
    for one in found:
        expected = parts[one.key] / sum(parts.values())
        assert one.first == pytest.approx(expected, abs=0.05)
        assert one.total == pytest.approx(expected, abs=0.05)
        assert 0 < one.first_error < 0.2 and 0 < one.total_error < 0.2


def test_inputs_that_multiply_have_totals_above_their_first_order():
    found = sobol(sure(case__error_cost=(0, 1, 5), prompt__error_rate=(0.0, 0.1, 0.4)))
    assert all(one.total > one.first + 0.05 for one in found)


def test_one_input_explains_everything_and_an_idle_one_nothing():
    found = {
        one.key: one for one in sobol(sure(prompt__upkeep=(1, 2, 6), few_shot__capacity=(1e6, 2e6, 3e6)))
    }
    assert found["prompt.upkeep"].total == pytest.approx(1, abs=0.02)
    assert found["few_shot.capacity"].total == 0


def test_without_uncertainty_or_effect_there_are_no_indices():
    assert sobol(sure()) == ()
    (idle,) = sobol(sure(few_shot__capacity=(1e6, 2e6, 3e6)))
    assert (idle.first, idle.total) == (0, 0)


def test_sobol_wants_a_power_of_two():
    with pytest.raises(CourseError, match="power of 2"):
        sobol(load(PAIR, PAIR), 1000)


def _difference(assumptions, values):
    a, b = (float(bill.total) for bill in bills(assumptions, values, PAIR).values())
    return a - b
