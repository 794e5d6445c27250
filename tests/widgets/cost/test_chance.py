"""Tornado, draws, chance and Sobol indices: cases with a known answer, and properties."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CourseError
from widgets.cost.chance import chance, draws, ranges, sobol, tornado
from widgets.cost.inputs import Assumptions, keys, load
from widgets.cost.model import bills, verdict

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


def test_the_base_is_the_middle_of_the_draws_and_they_stay_inside():
    assumptions = load(PAIR, PAIR)
    values = draws(assumptions)
    assert set(values) == set(assumptions.uncertain(PAIR))
    for key, drawn in values.items():
        estimate = assumptions.estimates[key]
        assert drawn.min() >= estimate.low and drawn.max() <= estimate.high
        assert np.median(drawn) == pytest.approx(estimate.base, rel=1e-3)
        # Below and above the base the draws thin out evenly towards the ends.
        for end in (estimate.low, estimate.high):
            halfway = (estimate.base + end) / 2
            beyond = (drawn < halfway) if end < estimate.base else (drawn > halfway)
            if end != estimate.base:
                assert beyond.mean() == pytest.approx(0.125, abs=0.002)


def test_a_draw_depends_on_its_seed_and_its_input_alone_and_is_the_same_for_both():
    assumptions = load(PAIR, PAIR)
    again, other = draws(assumptions, 100, seed=3), draws(assumptions, 100, seed=4)
    for key, drawn in draws(assumptions, 100, seed=3).items():
        assert (drawn == again[key]).all() and (drawn != other[key]).any()
    assumptions = load(PAIR, PAIR)
    before = draws(assumptions)
    after = draws(assumptions.with_values({"prompt.calls": (1, 2, 3), "case.volume": 60_000}))
    assert set(after) - set(before) == {"prompt.calls"}
    assert {key for key in before if (before[key] != after[key]).any()} == {"case.volume"}
    result = chance(sure(case__volume=(1_000, 50_000, 900_000)))
    assert set(result.cheaper.values()) == {0}


def test_a_number_of_draws_must_be_one_and_sobol_wants_a_power_of_two():
    for act, said in (
        (lambda: draws(load(PAIR, PAIR), 0), "0 draws"),
        (lambda: sobol(load(PAIR, PAIR), 1000), "power of 2"),
    ):
        with pytest.raises(CourseError, match=said):
            act()


def test_the_chance_of_one_uncertain_input_is_that_of_its_draws():
    low, base, high, other = 1.0, 3.0, 10.0, 4.0
    result = chance(sure(prompt__upkeep=(low, base, high), few_shot__upkeep=(other, other, other)))
    below_other = 1 - 0.5 * ((high - other) / (high - base)) ** 2
    assert result.cheaper["prompt"] == pytest.approx(below_other, abs=1e-3)
    assert result.cheaper["prompt"] + result.cheaper["few_shot"] == pytest.approx(1)
    ends = low + (base - low) * np.sqrt(0.1), base, high - (high - base) * np.sqrt(0.1)
    expected = RATE * MONTHS * (np.array(ends) - other)
    spread = result.difference
    assert [spread.low, spread.middle, spread.high] == pytest.approx(list(expected), rel=1e-2)


def with_outcomes(assumptions, **outcomes):
    estimates = dict(assumptions.estimates)
    for name, rows in outcomes.items():
        key = f"{name}.error_rate"
        estimates[key] = replace(estimates[key], outcomes=rows)
    return replace(assumptions, estimates=estimates)


def test_a_measured_rate_is_drawn_from_its_rows_and_rates_of_the_same_rows_move_together():
    rows = "1" * 12 + "0" * 88
    drawn = draws(with_outcomes(load(PAIR, PAIR), prompt=f"abc:{rows}"))["prompt.error_rate"]
    assert drawn.mean() == pytest.approx(12.5 / 101, abs=0.002)
    assert drawn.std() == pytest.approx(np.sqrt(0.124 * 0.876 / 102), rel=0.05)
    rows = "1" * 20 + "0" * 80
    same = draws(with_outcomes(load(PAIR, PAIR), prompt=f"abc:{rows}", hosted_fine_tune=f"abc:{rows}"))
    other = draws(with_outcomes(load(PAIR, PAIR), prompt=f"abc:{rows}", hosted_fine_tune=f"xyz:{rows}"))
    keys_of = [f"{name}.error_rate" for name in PAIR]
    assert np.corrcoef([same[key] for key in keys_of])[0, 1] > 0.9
    assert abs(np.corrcoef([other[key] for key in keys_of])[0, 1]) < 0.05


def test_a_turn_in_the_middle_of_a_range_is_seen():
    """A second machine is not paid for at once, and nearly paid for again at the end of the range."""
    machines = {"few_shot__hosting": (90.0,) * 3, "few_shot__capacity": (100_000.0,) * 3}
    saving = {"few_shot__error_rate": (0.0,) * 3, "prompt__error_rate": (0.001,) * 3}
    volume = {"case__volume": (95_000.0, 100_000.0, 195_000.0), "case__error_cost": (1.0,) * 3}
    found = {bar.key: bar for bar in tornado(sure(**machines, **saving, **volume)).bars}["case.volume"]
    assert found.turns and found.at_low * found.at_high > 0


def test_the_sentence_names_the_likelier_one_and_never_contradicts_the_verdict():
    for name in ("few_shot", "hosted_fine_tune", "cascade", "encoder", "skill"):
        assumptions = load(("prompt", name))
        found, likelier = verdict(assumptions).cheaper, chance(assumptions)
        ahead = max(likelier.cheaper, key=likelier.cheaper.get)
        assert found == ahead or "too close to call" in likelier.sentence
    assumptions = sure(prompt__upkeep=(1, 2, 4), few_shot__upkeep=(3, 8, 9))
    first, turned = chance(assumptions), chance(replace(assumptions, pair=("few_shot", "prompt")))
    for result in (first, turned):
        assert "Prompt costs less than Few-shot examples" in result.sentence
        assert "$5,500 less" in result.sentence  # about $1,000 for each hour a month between the two


def test_what_is_even_tied_or_sure_is_said():
    triple = (0.05, 0.1, 0.3)
    result = chance(sure(prompt__error_rate=triple, few_shot__error_rate=triple))
    assert result.cheaper["prompt"] == pytest.approx(0.5, abs=4 * result.error)
    assert "close to even" in result.sentence
    assert result.error == pytest.approx(0.005, rel=0.01)
    result = chance(sure())
    assert result.cheaper == {"prompt": 0, "few_shot": 0}
    assert result.sentence == "Prompt and Few-shot examples cost the same over 10 months, whatever is drawn."
    result = chance(sure(prompt__upkeep=(5, 5, 5)))
    assert result.cheaper["few_shot"] == 1 and result.error == 0
    assert result.sentence == "No input of the two is uncertain: Few-shot examples costs less over 10 months."


def test_the_sampling_error_covers_other_seeds_and_prices_that_double_double_the_spread():
    assumptions = load(PAIR, PAIR)
    found = [chance(assumptions, 1_000, seed) for seed in range(20)]
    shares = [result.cheaper["prompt"] for result in found]
    assert np.std(shares) <= 1.2 * found[0].error
    assumptions = load(PAIR, PAIR)
    money = [key for key in keys(PAIR) if key.endswith(("price", "cost", "rate", "hosting"))]
    money = [key for key in money if not key.endswith("error_rate")]
    base = assumptions.base()
    doubled = assumptions.with_values({key: 2 * base[key] for key in money})
    before, after = chance(assumptions), chance(doubled)
    assert after.difference.middle == pytest.approx(2 * before.difference.middle)
    assert after.cheaper == before.cheaper


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(["skill", "rag", "linear_head", "self_hosted_lora"]))
def test_a_chance_and_its_mirror_add_up(seed, other):
    assumptions = load(("prompt", other))
    one = chance(assumptions, 500, seed)
    assert sum(one.cheaper.values()) == pytest.approx(1)
    assert one.difference.low <= one.difference.middle <= one.difference.high


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


def test_a_bar_says_whether_it_turns_the_verdict_and_sure_inputs_have_none():
    base = sure(prompt__upkeep=(1, 2, 4), few_shot__upkeep=(3, 3, 3), prompt__setup_hours=(7, 8, 9))
    turns = {bar.key: bar.turns for bar in tornado(base).bars}
    assert turns == {"prompt.upkeep": True, "prompt.setup_hours": False}
    drawn = tornado(sure())
    assert drawn.bars == () and drawn.base == 0


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


def test_inputs_that_multiply_explain_all_or_nothing_have_their_indices():
    found = sobol(sure(case__error_cost=(0, 1, 5), prompt__error_rate=(0.0, 0.1, 0.4)))
    assert all(one.total > one.first + 0.05 for one in found)
    indices = sobol(sure(prompt__upkeep=(1, 2, 6), few_shot__capacity=(1e6, 2e6, 3e6)))
    found = {one.key: one for one in indices}
    assert found["prompt.upkeep"].total == pytest.approx(1, abs=0.02)
    assert found["few_shot.capacity"].total == 0
    assert sobol(sure()) == ()
    (idle,) = sobol(sure(few_shot__capacity=(1e6, 2e6, 3e6)))
    assert (idle.first, idle.total) == (0, 0)


def _difference(assumptions, values):
    a, b = (float(bill.total) for bill in bills(assumptions, values, PAIR).values())
    return a - b


def test_the_range_of_a_total_holds_its_base_and_is_a_point_where_nothing_is_uncertain():
    assumptions = load()
    found = ranges(assumptions, lambda bill: bill.total, n=2_000)
    priced = bills(assumptions, draws(assumptions, 2_000), assumptions.pair)
    for name in assumptions.pair:
        spread = found[name]
        assert spread.low < float(bills(assumptions)[name].total) < spread.high
        assert (priced[name].total < spread.low).mean() == pytest.approx(0.05, abs=0.001)
        assert (priced[name].total < spread.high).mean() == pytest.approx(0.95, abs=0.001)
    sure = assumptions.with_values({key: (value,) * 3 for key, value in assumptions.base().items()})
    for name, spread in ranges(sure, lambda bill: bill.total).items():
        assert spread.low == spread.middle == spread.high == float(bills(sure)[name].total)
