"""What lessons 09 and 10 and their deeper notebooks teach, from the models, the price table and the cases."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import isclose
from typing import Any

import numpy as np
import pandas as pd
import pytest

from course.exercises.lesson_10 import CASES
from course.material.claims import claim
from course.material.prices import models, tier
from widgets.cost.chance import chance, sobol, tornado
from widgets.cost.inputs import Assumptions, load
from widgets.cost.model import Crossing, bills, break_even_volumes, evaluation_tax, smallest_changes
from widgets.cost.presets import presets
from widgets.cost.table import bill_table
from widgets.decision.answers import Answers
from widgets.decision.model import advise
from widgets.decision.rules import STAY, TUNE, holds, next_rung
from widgets.decision.tables import TABLES
from widgets.decision.teams import teams
from widgets.lessons.tier_prices_model import Request, cost_per_ticket

CASE = {name: Answers(**given["answers"]) for name, given in CASES.items()}
COURSE = load()
FLAT = {"case.growth": 0, "case.decline": 0, "case.gpu_decline": 0}
BY_THE_HOUR = ("prompt", "hosted_fine_tune")
BOTH = ("prompt", "self_hosted_lora")
WAYS = ("hosted_fine_tune", "self_hosted_lora", "on_demand_fine_tune")
PER_OUTPUT = ["tokens", "errors", "review"]
RIGHT = COURSE.base()["prompt.error_rate"]


def pair_of(names: tuple[str, str], values: Mapping[str, float | str] = {}) -> Assumptions:
    """The course's case of two approaches, with prices and a volume that stay as they are."""
    return COURSE.with_approaches(names, names).with_values(FLAT | dict(values))


def pays_from(way: str, values: Mapping[str, float | str]) -> list[Crossing]:
    ends = ("prompt", way)
    return break_even_volumes(pair_of(ends, values), *ends)


def more_for_tuning() -> pd.Series:
    """$ a month that the tuned model costs more, with one ticket a month."""
    pair = pair_of(BY_THE_HOUR)
    prompt, tuned = (bill.parts for bill in bills(pair, {"case.volume": 1}).values())
    return pd.Series({part: float(tuned[part] - prompt[part]) / pair.horizon for part in prompt})


def test_tokens_are_less_than_a_hundredth_of_what_errors_cost():
    each, value = bills(COURSE)["prompt"].each, COURSE.base()
    assert 100 * each["tokens"] < each["errors"]
    # By hand, as the lesson's sum has it.
    dollars_in = (value["prompt.prefix"] + value["prompt.variable"]) * value["prompt.input_price"]
    dollars_out = value["prompt.output"] * value["prompt.output_price"]
    assert isclose(each["tokens"], value["prompt.calls"] * (dollars_in + dollars_out) / 1e6)
    assert isclose(each["errors"], value["prompt.error_rate"] * value["case.error_cost"])
    assert each["review"] == 0


def test_the_case_is_1000_tickets_a_day_and_its_table_begins_with_the_cheapest():
    assert (COURSE.base()["case.volume"], COURSE.horizon) == (30_000, 18)
    totals = {name: float(bill.total) for name, bill in bills(COURSE).items()}
    assert totals["hosted_fine_tune"] > totals["prompt"] > totals["stronger_model"]
    assert min(totals, key=lambda name: totals[name]) == "stronger_model"
    table = bill_table(COURSE)
    assert table["total"].is_monotonic_increasing and len(table) == len(COURSE.approaches)
    assert list(table.columns) == ["wrong", "total", *bills(COURSE)["prompt"].parts]
    assert table.loc["Prompt", "wrong"] == "12% claimed"
    parts = table.drop(columns=["wrong", "total"]).sum(axis=1)
    assert parts.astype(float).to_numpy() == pytest.approx(table["total"].astype(float).to_numpy(), abs=6)


@pytest.fixture
def thousand() -> pd.DataFrame:
    """$ for the tokens of 1,000 requests of the experiment, and how many are wrong."""
    asked = 1_642, 5
    then = max(1000 * each.cost(*asked) for each in models() if each.note.startswith("an Opus of 2025"))
    dollars = [claim("C079").numbers[0], then, 1000 * tier("large").cost(*asked), claim("C081").numbers[0]]
    right = [claim(id).numbers[0] for id in ("C076", "C076", "C076", "C077")]
    wrong = [10 * (100 - each) for each in right]
    return pd.DataFrame({"tokens": dollars, "wrong": wrong}, index=["claimed", "then", "today", "tuned"])


def test_errors_at_a_dollar_make_150_times_one_and_a_half_and_lower_prices_ask_less_of_an_error(thousand):
    times = thousand["tokens"] / thousand.loc["tuned", "tokens"]
    assert round(times["claimed"]) == 150
    both = thousand.sum(axis=1)
    assert 1.4 < both["claimed"] / both["tuned"] < 1.7
    larger, tuned = thousand.iloc[:3], thousand.loc["tuned"]
    turning = (larger["tokens"] - tuned["tokens"]) / (tuned["wrong"] - larger["wrong"])
    assert turning.is_monotonic_decreasing and turning["today"] < 1


def test_the_break_even_is_a_fixed_cost_by_a_saving_so_tuning_loses_at_100_a_day_and_wins_at_50000():
    more = more_for_tuning()
    (crossing,) = break_even_volumes(pair_of(BY_THE_HOUR), *BY_THE_HOUR)
    assert isclose(crossing.at, more.drop(PER_OUTPUT).sum() / -more[PER_OUTPUT].sum())
    more = more_for_tuning()
    for a_day, wins in ((100, False), (50_000, True)):
        assert (-more[PER_OUTPUT].sum() * 30 * a_day > more.drop(PER_OUTPUT).sum()) == wins


def test_at_equal_error_rates_no_volume_pays_and_a_lora_only_against_a_long_prompt():
    rate = "hosted_fine_tune.error_rate"
    assert isclose(RIGHT - COURSE.base()[rate], 0.03)
    assert not break_even_volumes(pair_of(BY_THE_HOUR, {rate: RIGHT}), *BY_THE_HOUR)
    equal = {"self_hosted_lora.error_rate": RIGHT}
    short = {"prompt.model": "small", "prompt.prefix": 450}
    long = {"prompt.model": "large", "prompt.prefix": 5_000}
    assert not pays_from("self_hosted_lora", equal | short)
    assert 3_000 < pays_from("self_hosted_lora", equal | long)[0].at / 30 < 8_000


def test_the_cache_takes_most_of_what_a_shorter_prompt_saves_from_a_thousand_requests_a_day():
    volumes = np.array([30, 300, 1_000, 50_000])
    long, short = (Request(prompt=tokens, ticket=30, reply=8) for tokens in (5_000, 200))
    plain, shorter = (cost_per_ticket(tier("medium"), each, volumes) for each in (long, short))
    cached = cost_per_ticket(tier("medium"), long, volumes, cache_from=1024)
    taken = (plain - cached) / (plain - shorter)
    assert taken[0] < 0 and taken[1] < 0.8 < taken[2] < taken[3] and taken[3] > 0.9


@pytest.mark.parametrize("way", WAYS)
def test_with_a_warm_cache_a_shorter_prompt_needs_ten_times_the_requests(way):
    tuned = {f"{way}.prefix": 200, f"{way}.error_rate": RIGHT}
    long = {"prompt.model": "medium", "prompt.prefix": 5_000}
    without, cached = (pays_from(way, tuned | long | {"prompt.cached": on})[0].at for on in (0, 1))
    assert cached > 10 * without


def test_hours_are_less_than_half_of_what_tuning_has_to_earn_back_and_tokens_cannot_earn_it():
    rivals = ("skill", "hosted_fine_tune")
    case = pair_of(rivals, {"case.volume": 50_000})
    skill, tuned = (bill.parts for bill in bills(case).values())
    earn = pd.Series({part: float(tuned[part] - skill[part]) for part in skill}).drop(PER_OUTPUT)
    assert earn["set-up"] < 0.5 * earn.sum()
    outputs = 50_000 * case.horizon
    short, long = (case.estimates[f"{name}.setup_hours"] for name in rivals)
    least = (long.low - short.high) * case.base()["case.rate"] / outputs
    most = (long.high - short.low) * case.base()["case.rate"] / outputs
    assert float(skill["tokens"]) / outputs < least < most < earn.sum() / outputs


def test_hosting_in_steps_has_several_break_even_volumes_and_the_lead_changes_at_each():
    assert COURSE.estimates["self_hosted_lora.capacity"].low == 1_000_000
    values = {"self_hosted_lora.error_rate": RIGHT, "self_hosted_lora.capacity": 1_000_000}
    stepped = pair_of(BOTH, values | {"prompt.model": "medium"})
    crossings = break_even_volumes(stepped, *BOTH)
    assert len(crossings) >= 3 and any(crossing.by_step for crossing in crossings)
    for crossing in crossings:
        around = {"case.volume": [crossing.at * 0.999, crossing.at * 1.001]}
        prompt, lora = (bill.total for bill in bills(stepped, around).values())
        ahead = prompt < lora
        assert ahead[0] != ahead[1] and ahead[1] == (crossing.cheaper == "prompt")


def test_what_comes_every_month_outweighs_training_and_fifteen_models_take_more_than_fifteen_times():
    names = [*WAYS, "skill_with_adapter", "linear_head"]
    own = pd.DataFrame({name: bills(COURSE)[name].parts for name in names}).T.astype(float)
    own = own.drop(columns=["errors", "review"])
    monthly = own[["evaluation", "retraining", "upkeep"]].sum(axis=1)
    hidden = monthly + own["labels"] * COURSE.base()["case.curation"]
    assert (hidden / own.sum(axis=1))["self_hosted_lora"] > 0.3
    assert (own["training"] < 0.01 * hidden).all()
    hours, power = COURSE.base()["case.tax_hours"], COURSE.estimates["case.tax_power"]
    assert hours == 6
    assert evaluation_tax(15, hours, power.base) > 15 * evaluation_tax(1, hours, power.base)
    assert isclose(evaluation_tax(15, hours, power.low), 15 * hours)


def test_three_inputs_turn_the_prompt_against_the_lora_and_error_rates_carry_a_third_of_the_doubt():
    unsure = COURSE.with_approaches(BOTH, BOTH)
    turns = {bar.key for bar in tornado(unsure).bars if bar.turns}
    assert turns == {"prompt.error_rate", "case.error_cost", "case.volume"}
    assert {change.key for change in smallest_changes(unsure) if change.is_plausible} == turns
    assert 0.5 < chance(unsure).cheaper["prompt"] < 0.8
    influences = sobol(COURSE.with_approaches(BOTH, BOTH))
    assert sum(each.first for each in influences if each.key.endswith("error_rate")) > 0.35


def test_the_presets_hold_every_volume_that_an_article_claims():
    checks = [check.entry for preset in presets() for check in preset.checks]
    about_volume = {check.claim for check in checks if check.unit in ("outputs a month", "letters")}
    assert {"C021", "C022", "C046", "C085", "C090", "C122"} <= about_volume


def test_no_volume_labels_or_price_open_a_gate_and_without_an_evaluation_set_points_are_open():
    richer: dict[str, Any] = {"volume": 10**9, "labels": 10**6, "cost_says": "costs less"}
    for name, given in CASES.items():
        assert next_rung(replace(CASE[name], **richer)) == given["next"]
    assert advise(CASE["B"]).open


def test_hardly_any_team_is_sent_to_fine_tuning_and_the_three_conditions_stop_most():
    everybody = teams()
    sent = Counter(map(next_rung, everybody))
    assert 0 < sent["fine_tune"] < len(everybody) / 1_000
    gates = [gate for gate, _ in TABLES.points["gates"]]
    shut = ~pd.DataFrame([holds(team) for team in teams()])[gates]
    five = shut.drop(columns="conditions")
    assert shut["conditions"].mean() > five.mean().max()
    assert five[five.sum(axis=1) == 1].sum().idxmax() == "stands_still"


@pytest.mark.parametrize(
    ("volume", "divided"),
    [(1_000, False), (3_000, False), (9_999, False), (10_000, True), (50_000, True)]
    + [(150_000, True), (499_999, True), (500_000, False), (1_000_001, False), (1_500_000, False)],
)
def test_the_articles_are_divided_on_case_c_over_a_factor_of_fifty_and_it_is_priced(volume, divided):
    case = replace(CASE["C"], cost_says="not priced", volume=volume)
    sends = {mark.sends for mark in advise(case).volumes}
    assert ({TUNE, STAY} <= sends) == divided
    assert not divided or next_rung(case) == "price"
