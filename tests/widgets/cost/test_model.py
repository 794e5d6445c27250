"""The cost model: its formulas by a plain loop, by properties and by cases that are done by hand."""

import math
import tracemalloc
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.prices import model, tier
from tests.widgets.cost.by_hand import by_hand
from widgets.cost import model as cost_model
from widgets.cost.inputs import APPROACHES, Assumptions, definition, load, model_prices
from widgets.cost.model import (
    LEAST,
    MOST,
    REACH,
    VOLUME,
    Bill,
    TurningPoint,
    bills,
    break_even_months,
    break_even_volumes,
    change_in_words,
    evaluation_tax,
    label,
    place_in_range,
    smallest_changes,
    verdict,
)

COURSE = load()
MONEY = [key for key in COURSE.base() if "$" in definition(key).unit]
# What more of cannot make an approach cheaper.
COSTS_MORE_WHEN_HIGHER = [
    key
    for key in COURSE.base()
    if key.partition(".")[2]
    not in (
        *("decline", "gpu_decline", "cached", "cache_minimum", "batch", "batch_discount", "capacity"),
        *("adapters", "long_above", "labels_owned", "labels_in_setup", "error_caught", "reviewed", "delay"),
        "ends_after",
    )
]  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Assumptions:
    """The course's assumptions for two approaches, each uncertain input anywhere in its range."""
    pair = tuple(draw(st.lists(st.sampled_from(list(APPROACHES)), min_size=2, max_size=2, unique=True)))
    assumptions = load(pair, pair)
    at = {key: draw(st.floats(0, 1)) for key in assumptions.uncertain()}
    estimates = assumptions.estimates
    ends = {key: (estimates[key].low, estimates[key].high) for key in at}
    values = {key: low + at[key] * (high - low) for key, (low, high) in ends.items()}
    return assumptions.with_values({key: (value,) * 3 for key, value in values.items()})


def gap(assumptions: Assumptions, values: dict[str, float]) -> float:
    a, b = (bill.total for bill in bills(assumptions, values, assumptions.pair).values())
    return float(a - b)


SPOILED = {
    "cached": 1.0,
    "prefix": 150_000.0,
    "batch": 0.5,
    "thinking": 467.0,
    "retries": 0.1,
    "reviewed": 0.5,
}
SPOILED |= {"token_factor": 1.3, "adapters": 4.0, "ends_after": 5.5, "delay": 1.5, "long_above": 100_000.0}
SPOILED |= {"long_input": 5.0}


@given(cases(), st.sets(st.sampled_from(sorted(SPOILED))))
def test_the_arrays_say_what_a_plain_loop_says_of_every_rare_input(assumptions, names):
    rare = {f"{owner}.{name}": SPOILED[name] for owner in assumptions.pair for name in names}
    values = assumptions.base() | rare | {"case.labels_owned": 300.0}
    for name, bill in bills(assumptions, values).items():
        expected = by_hand(values, name, assumptions.horizon, math)
        assert bill.cumulative == pytest.approx(np.cumsum(expected), rel=1e-9)


def exactly(assumptions: Assumptions, **values: float) -> Assumptions:
    return assumptions.with_values({key.replace("__", "."): (value,) * 3 for key, value in values.items()})


def per_1000(**values: float | str) -> float:
    """$ for the tokens of 1,000 outputs of the prompt."""
    model = values.pop("model", "small")
    priced = bills(exactly(COURSE.with_values({"prompt.model": model}), **values))
    return float(priced["prompt"].tokens_per_1000)


def test_long_prompts_batches_and_a_cold_cache_have_their_prices():
    assert per_1000(prompt__prefix=150_000) == pytest.approx(75.04, abs=0.006)
    assert per_1000(prompt__prefix=150_000, prompt__long_above=1e9) == pytest.approx(15.01, abs=0.005)
    warm = {"case__volume": 1e9, "prompt__prefix": 5_000, "prompt__cached": 1, "prompt__batch": 1}
    assert per_1000(model="medium", **warm) == pytest.approx(0.57)
    row = tier("medium")
    expected = 1000 * row.cost(30, 8, cache_read=5_000, batch=True)
    assert per_1000(model="medium", **warm) == pytest.approx(expected)
    plain, row = per_1000(model="medium", prompt__prefix=5_000), tier("medium")
    cold = per_1000(model="medium", prompt__prefix=5_000, prompt__cached=1, case__volume=30)
    assert plain < cold < 1000 * row.cost(30, 8, cache_write=5_000)
    assert per_1000(model="medium", prompt__cached=1) == per_1000(model="medium")


def part(approach: str, name: str, **values: float) -> float:
    return float(bills(exactly(COURSE, **values))[approach].parts[name])


def test_reviews_labels_machines_ends_and_delays_are_paid_for_by_hand():
    assert part("prompt", "review", prompt__reviewed=1) == pytest.approx(321_185, abs=1)
    errors = [part("prompt", "errors", prompt__reviewed=share) for share in (0, 1)]
    assert errors[1] == pytest.approx(0.2 * errors[0])

    assert part("linear_head", "labels") == pytest.approx(810 * 0.75 * 2)
    assert part("linear_head", "labels", case__labels_owned=810) == part("hosted_fine_tune", "labels") == 0
    own, shared = (part("self_hosted_lora", "hosting", self_hosted_lora__adapters=count) for count in (1, 4))
    assert shared == pytest.approx(own / 4)

    cases = (exactly(COURSE, prompt__ends_after=months) for months in (1_200, 1.8))
    lasting, ending = (float(bills(case)["prompt"].total) for case in cases)
    assert ending - lasting == pytest.approx(8 * 100)
    row = model("gpt-4o-2024-08-06")
    assert model_prices("prompt", row.id)["prompt.ends_after"].base == pytest.approx(1.8, abs=0.05)

    late = bills(exactly(COURSE, self_hosted_lora__delay=18))["self_hosted_lora"].parts
    assert float(late["errors"]) == pytest.approx(part("prompt", "errors", prompt__error_rate=0.12))
    assert not any(float(late[name]) for name in ("hosting", "upkeep", "tokens"))


@given(cases())
def test_the_parts_add_up_and_nothing_is_negative(assumptions):
    for bill in bills(assumptions).values():
        assert all(part >= 0 for part in bill.parts.values())
        assert float(bill.total) == pytest.approx(float(sum(bill.parts.values())))
        assert bill.cumulative[-1] == pytest.approx(float(bill.total))
        assert (np.diff(bill.cumulative) >= 0).all()
        assert float(bill.per_1000) * bill.volume.sum() / 1000 == pytest.approx(float(bill.total))


@given(cases(), st.data(), st.floats(1, 3))
def test_more_of_a_price_an_hour_or_an_output_never_costs_less(assumptions, data, factor):
    key = data.draw(st.sampled_from([key for key in COSTS_MORE_WHEN_HIGHER if key in assumptions.base()]))
    base = assumptions.base()[key]
    more = min(base * factor + 0.001, definition(key).highest)
    before, after = (bills(assumptions, {key: value}) for value in (base, more))
    for name in before:
        assert after[name].total >= before[name].total * (1 - 1e-12)


@given(cases(), st.floats(0.01, 2))
def test_scaling_money_scales_the_cost(assumptions, factor):
    values = {key: value * factor for key, value in assumptions.base().items() if key in MONEY}
    assume(all(value <= definition(key).highest for key, value in values.items()))
    before, after = bills(assumptions), bills(assumptions, values)
    for name in before:
        assert float(after[name].total) == pytest.approx(factor * float(before[name].total))


@given(cases(), st.floats(1.5, 20))
def test_a_thousand_outputs_never_cost_more_at_more_volume_without_hosting(assumptions, factor):
    free = {f"{name}.hosting": 0.0 for name in assumptions.pair}
    volume = assumptions.base()[VOLUME]
    few, many = (bills(assumptions, free | {VOLUME: v}) for v in (volume, volume * factor))
    for name in few:
        assert many[name].per_1000 <= few[name].per_1000 * (1 + 1e-12)


@given(cases())
def test_break_even_volumes_are_where_the_totals_cross_and_all_of_them(assumptions):
    a, b = assumptions.pair
    crossings = break_even_volumes(assumptions, a, b)
    assert [crossing.at for crossing in crossings] == sorted(crossing.at for crossing in crossings)
    for crossing in crossings:
        before, after = (gap(assumptions, {VOLUME: crossing.at * side}) for side in (1 - 1e-6, 1 + 1e-6))
        assert before * after < 0
        assert (after < 0) == (crossing.cheaper == a)
    # Between the crossings, and on either side of all of them, the cheaper one stays the same.
    edges = [LEAST, *(crossing.at for crossing in crossings), MOST]
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        if high / low > 1.001:
            between = np.geomspace(low * 1.0002, high / 1.0002, 400)
            signs = {np.sign(gap(assumptions, {VOLUME: volume})) for volume in between[::40]}
            assert len(signs - {0.0}) <= 1


def test_break_even_by_hand_and_in_steps_of_hosting():
    """1,000 $ of set-up against 2 $ per 1,000 outputs saved: 500,000 outputs, in one month."""
    flat = {key: 0.0 for key in COURSE.base() if definition(key).lowest == 0 and not key.startswith("case")}
    flat |= {f"{name}.token_factor": 1.0 for name in ("prompt", "skill")}
    flat |= {
        "prompt.calls": 1.0,
        "prompt.variable": 1000.0,
        "prompt.long_above": 1e9,
        "prompt.ends_after": 99,
    }
    flat |= {"skill.ends_after": 99, "prompt.input_price": 2.0, "skill.setup_hours": 10.0}
    flat |= {"case.rate": 100.0, "case.growth": 0.0}
    flat = {key: value for key, value in flat.items() if key.split(".")[0] in ("case", "prompt", "skill")}
    one_month = load(("prompt", "skill")).with_values({key: (v, v, v) for key, v in flat.items()})
    one_month = Assumptions("by hand", one_month.approaches, one_month.pair, 1, one_month.estimates)
    (crossing,) = break_even_volumes(one_month, "prompt", "skill")
    assert crossing.at == pytest.approx(500_000)
    assert crossing.cheaper == "skill" and not crossing.by_step
    """0.001 $ an output; units of 90 $ for 100,000 outputs and 10 $ a month of set-up shared over 18."""
    crossings = break_even_volumes(stepped(), "prompt", "self_hosted_lora")
    # 100,000 are exactly even with one unit; each further unit is paid back later, until it is for good.
    assert len(crossings) >= 3
    assert any(crossing.by_step for crossing in crossings)
    assert crossings[-1].cheaper == "self_hosted_lora"
    for before, after in zip(crossings[:-1], crossings[1:], strict=True):
        assert before.cheaper != after.cheaper


def stepped() -> Assumptions:
    """A prompt paid by the output against units of hosting that cost what 90,000 outputs save."""
    none = [f"case.{name}" for name in ("growth", "decline", "gpu_decline", "error_cost")]
    none += [f"prompt.{name}" for name in ("upkeep", "prefix", "output", "setup_hours")]
    none += [f"self_hosted_lora.{name}" for name in ("upkeep", "evaluated", "retrains", "gpu_hours")]
    values = dict.fromkeys([*none, "self_hosted_lora.examples", "self_hosted_lora.delay"], 0.0)
    values |= {"prompt.variable": 10_000.0, "prompt.model": "small", "case.rate": 100.0}
    values |= {"self_hosted_lora.hosting": 90.0, "self_hosted_lora.capacity": 100_000.0}
    values |= {"self_hosted_lora.setup_hours": 1.8}
    return load(("prompt", "self_hosted_lora")).with_values(values)


HOSTED = ("hosted_fine_tune", "self_hosted_lora", "encoder", "skill_with_adapter")


@st.composite
def hosted(draw: st.DrawFn) -> Assumptions:
    """Two approaches on machines of any size and price, with growth; some of them differ in nothing else."""
    pair = tuple(draw(st.lists(st.sampled_from(HOSTED), min_size=2, max_size=2, unique=True)))
    values = {"case.growth": draw(st.sampled_from([0.0, 0.02, 0.2]))}
    for name in pair:
        values[f"{name}.capacity"] = draw(st.floats(1e3, 1e6))
        values[f"{name}.hosting"] = draw(st.floats(10, 1e4))
        values[f"{name}.error_rate"] = draw(st.sampled_from([0.05, 0.08]))
        values[f"{name}.cached"] = draw(st.sampled_from([0.0, 1.0]))
    case = replace(load(pair, pair), horizon=draw(st.integers(1, 24)))
    return case.with_values({key: (value,) * 3 for key, value in values.items()})


@settings(max_examples=60, deadline=None)
@given(hosted())
def test_a_step_that_is_left_out_could_not_have_turned_the_pair(assumptions):
    def every(one: Bill, _: Bill) -> np.ndarray:
        return np.ones(len(one.total) - 1, dtype=bool)

    found = break_even_volumes(assumptions, *assumptions.pair)
    with patch.object(cost_model, "_may_turn", every):
        of_all = break_even_volumes(assumptions, *assumptions.pair)
    assert found == of_all


def test_a_break_even_of_ten_years_with_growth_and_steps_stays_small():
    pair = ("hosted_fine_tune", "skill_with_adapter")
    values = {f"{name}.capacity": (20_000.0,) * 3 for name in pair} | {"case.growth": (0.05,) * 3}
    ten_years = replace(load(pair, pair), horizon=120).with_values(values)
    tracemalloc.start()
    break_even_volumes(ten_years, *pair)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 50e6


def test_equal_steps_or_approaches_never_cross():
    same = {"hosting": 500.0, "capacity": 100_000.0, "setup_hours": 50.0}
    pair = ("hosted_fine_tune", "self_hosted_lora")
    values = {f"{name}.{key}": v for name in pair for key, v in same.items()}
    values |= {"hosted_fine_tune.error_rate": 0.05, "self_hosted_lora.error_rate": 0.1}
    assert break_even_volumes(load(pair, pair).with_values(values), *pair) == []
    twin = load(("prompt", "few_shot"))
    own = {key.partition(".")[2]: v for key, v in twin.base().items() if key.startswith("prompt.")}
    twin = twin.with_values({f"few_shot.{name}": v for name, v in own.items()})
    assert break_even_volumes(twin, "prompt", "few_shot") == []
    assert break_even_months(twin, "prompt", "few_shot") == []
    assert "cost the same" in verdict(twin).sentence


@given(cases())
def test_break_even_months_are_where_what_was_spent_crosses(assumptions):
    a, b = assumptions.pair
    pair = bills(assumptions)
    spent = pair[a].cumulative - pair[b].cumulative
    months = np.arange(assumptions.horizon + 1)
    for crossing in break_even_months(assumptions, a, b):
        at = np.interp([crossing.at - 1e-4, crossing.at, crossing.at + 1e-4], months, spent)
        assert abs(at[1]) <= 1e-6 * max(1.0, np.abs(spent).max())
        assert (at[2] < 0) == (crossing.cheaper == a)


def test_a_tax_without_growth_is_one_share_each_and_arrays_give_what_single_values_do():
    volumes, rates = np.array([1e3, 1e5, 1e7]), np.array([[0.01], [0.2]])
    grid = bills(COURSE, {VOLUME: volumes, "self_hosted_lora.error_rate": rates})
    for name, bill in grid.items():
        for column, volume in enumerate(volumes):
            for row, rate in enumerate(rates[:, 0]):
                one = bills(COURSE, {VOLUME: volume, "self_hosted_lora.error_rate": rate})[name]
                total = np.broadcast_to(bill.total, (2, 3))[row, column]
                assert total == pytest.approx(float(one.total))
                spent = np.broadcast_to(bill.cumulative, (2, 3, 19))[row, column]
                assert spent == pytest.approx(one.cumulative)
    assert evaluation_tax([1, 15], 6, 1).tolist() == [6, 90]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"case.volume": [10, -1]}, "case.volume is -1 outputs a month"),
        ({"prompt.error_rate": 1.5}, "prompt.error_rate is 1.5 share"),
        ({"prompt.error_rate": float("nan")}, "prompt.error_rate is nan share"),
        ({"prompt.tokens": 5}, "is not an input"),
    ],
)
def test_values_out_of_bounds_are_refused(values, message):
    with pytest.raises(CourseError, match=message):
        bills(COURSE, values)


@given(st.integers(1, 99), st.floats(0, 50), st.floats(1, 2))
def test_each_further_model_adds_at_least_as_much_tax_as_the_one_before(models, hours, power):
    taxes = evaluation_tax([models - 1, models, models + 1], hours, power)
    assert taxes[2] - taxes[1] >= taxes[1] - taxes[0] - 1e-9


@given(cases())
def test_the_verdict_names_the_cheaper_one(assumptions):
    found = verdict(assumptions)
    totals = {name: float(bill.total) for name, bill in bills(assumptions).items()}
    assert totals[found.cheaper] <= totals[found.costlier]
    assert found.saving == pytest.approx(totals[found.costlier] - totals[found.cheaper])
    assert APPROACHES[found.cheaper] in found.sentence


@settings(max_examples=20)
@given(st.permutations(list(APPROACHES)))
def test_the_smallest_changes_turn_the_verdict(names):
    pair = (names[0], names[1])
    assumptions = load(pair, pair)
    changes = smallest_changes(assumptions)
    assert [change.ranges for change in changes] == sorted(change.ranges for change in changes)
    at_base = gap(assumptions, {})
    for change in changes:
        base = assumptions.base()[change.key]
        assert 0 < change.ranges <= REACH
        short, beyond = (base + (change.value - base) * share for share in (0.999, 1.001))
        assert gap(assumptions, {change.key: short}) * at_base > 0
        if definition(change.key).lowest <= beyond <= definition(change.key).highest:
            assert gap(assumptions, {change.key: beyond}) * at_base <= 0


def test_a_change_is_said_in_words_and_an_input_that_changes_nothing_turns_nothing():
    assumptions = load(("prompt", "self_hosted_lora"))
    changes = smallest_changes(assumptions)
    words = change_in_words(assumptions, changes)
    assert label(changes[0].key) in words and "range given for it" in words
    assert "No single input" in change_in_words(assumptions, [])
    for value, ranges, place in (
        (0.3, 0.9, "inside"),
        (0.1996, 1.001, "at the end of"),
        (0.1, 1.2, "outside"),
    ):
        assert place_in_range(assumptions, TurningPoint("case.error_cost", value, ranges)) == place
    key = "prompt.capacity"  # of an approach that pays no hosting
    assumptions = load(pair=("prompt", "hosted_fine_tune")).with_values({key: (1e6, 2e6, 4e6)})
    assert smallest_changes(assumptions, [key]) == []


@settings(max_examples=2, deadline=None)
@given(st.sampled_from([0.1, 0.5]))
def test_a_break_even_with_growth_and_many_steps_is_bounded(growth):
    small = {"case.growth": (growth,) * 3, "self_hosted_lora.capacity": (1_000, 1_000, 1_000)}
    assumptions = load(("prompt", "self_hosted_lora")).with_values(small)
    long = Assumptions("long", assumptions.approaches, assumptions.pair, 120, assumptions.estimates)
    assert break_even_volumes(long, *long.pair) is not None
