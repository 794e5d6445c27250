"""The articles' cases: every figure of theirs agrees with ours or has a reason, and a wrong one is found."""

import re
from dataclasses import replace

import pytest

from course.errors import CourseError
from course.material import data
from course.material.claims import claim
from course.material.prices import machine_price_per_hour, model, tier
from course.measuring.evaluate import Result, evaluate
from widgets.cost.chance import chance
from widgets.cost.inputs import KINDS, from_json, keys, load
from widgets.cost.model import bills, break_even_volumes
from widgets.cost.presets import (
    AGREES,
    COST_PRESETS,
    DIFFERS,
    GIVEN,
    MEASURES,
    NOT_STATED,
    _presets,
    approach_of,
    from_board,
    markdown,
    measure,
    preset,
    presets,
    rungs,
    with_error_rates,
)

ROWS = data.lesson_sample()[:20]
CASES = "tickets_50000 tickets_today tickets_100 brand_voice recruiter long_prompt lora_5000"
CASES += " fifteen_workflows training_1000"
each_preset = pytest.mark.parametrize("case", presets(), ids=lambda case: case.id)


def changed(tmp_path, old: str, new: str):
    """The presets of a copy of the file in which one text is another."""
    text = COST_PRESETS.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = tmp_path / "presets.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return _presets(path)


def measured(name: str, right: int = 15, **changes) -> Result:
    result = evaluate(ROWS, lambda row: row.queue if ROWS.index(row) < right else "none", name=name)
    return replace(result, **changes)


def asked(name: str, right: int = 15, **figures) -> Result:
    """A result with the same tokens and seconds in each row, as if a model had been asked."""
    result = measured(name, right)
    return replace(result, outcomes=tuple(replace(row, **figures) for row in result.outcomes))


def test_all_cases_verdicts_and_checks_are_there_and_in_the_table():
    assert [case.id for case in presets()] == CASES.split()
    found = {check.verdict for case in presets() for check in case.checks}
    assert found == {AGREES, DIFFERS, GIVEN, NOT_STATED}
    used = {check.entry.measure for case in presets() for check in case.checks}
    assert used == set(MEASURES)
    for case in presets():
        for check in case.checks:
            row = check.row()
            assert all(isinstance(text, str) for text in row.values()) and row["ours"]
    lines = markdown().splitlines()
    assert len([line for line in lines if line.startswith("## ")]) == len(presets())
    assert {line.count("|") for line in lines if line.startswith("|")} == {8}
    for check in (check for case in presets() for check in case.checks):
        assert f"| {' | '.join(check.row().values())} |" in lines


@each_preset
def test_every_figure_agrees_or_has_its_reason(case):
    assert case.checks
    for check in case.checks:
        assert check.stands, f"{case.id}, {check.entry.text}: {check.entry.figure} beside {check.ours}"
        assert check.entry.differs or check.entry.why or check.verdict == AGREES


@each_preset
def test_a_preset_can_be_priced_drawn_and_kept(case):
    priced = bills(case.assumptions)
    assert set(priced) == set(case.assumptions.approaches)
    assert all(bill.total > 0 for bill in priced.values())
    assert chance(case.assumptions, 200).n == 200
    assert bills(from_json(case.assumptions.to_json()))[case.assumptions.pair[1]].total == pytest.approx(
        priced[case.assumptions.pair[1]].total
    )


@each_preset
def test_what_a_preset_sets_has_a_source_and_a_kind(case):
    ours = load().estimates
    moved = {key: case.assumptions.estimates[key] for key in keys(case.assumptions.approaches)}
    moved = {key: estimate for key, estimate in moved.items() if estimate != ours[key]}
    assert moved
    for key, estimate in moved.items():
        assert estimate.source and estimate.kind in KINDS, key
        assert re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", estimate.date), key
        if estimate.kind == "claimed":
            source, id = re.match(r"([\w-]+), (C\d{3})", estimate.source).groups()
            assert claim(id).source.source == source, key


@each_preset
def test_a_plain_figure_is_the_one_of_its_claim(case):
    # Two are worked out from what is claimed: 50% more is 1.5 times, and 5,000 tokens are 25 times 200.
    (long,), (short,) = claim("C068").numbers, claim("C069").numbers
    derived = {"C006": 1 + claim("C006").numbers[0] / 100, "C069": long / short}
    for check in case.checks:
        if isinstance(check.entry.figure, int | float):
            id = check.entry.claim
            known = [derived[id]] if id in derived else claim(id).numbers
            assert check.entry.figure in known, check.entry.text


@each_preset
def test_claims_are_named_by_their_ids(case):
    for check in case.checks:
        assert bool(check.entry.claim) == (check.verdict != NOT_STATED)
        if check.entry.claim:
            source = claim(check.entry.claim).source.source
            assert source == case.article or f"({source})" in check.entry.text


TUNED_HAIKU = 'figure = 0.40\nunit = "$ per 1,000"\nmeasure = "tokens_per_1000"\nof = ["on_demand_fine_tune"]'
SONNET = 'claim = "C080"\ntext = "Sonnet with examples and descriptions"\nfigure = 5.00'


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (TUNED_HAIKU, TUNED_HAIKU.replace("0.40", "0.60"), ("C081", DIFFERS)),
        ("figure = 150\n", "figure = 60\n", ("C083", AGREES)),  # a reason for a difference that is none
        (SONNET, SONNET.replace("5.00", "5.10"), ("C080", GIVEN)),
    ],
)
def test_a_planted_wrong_figure_fails(tmp_path, old, new, found):
    cases = changed(tmp_path, old, new)
    (wrong,) = [check for case in cases for check in case.checks if not check.stands]
    assert (wrong.entry.claim, wrong.verdict) == found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('key = "few_shot.output"', 'key = "few_shot.outputs"', "'few_shot.outputs' is not an input"),
        ('few_shot = "claude-sonnet-4"', 'few_shot = "claude-sonnet-0"', "claude-sonnet-0"),
        ("models = { few_shot", "model = { few_shot", "the field 'model' is not known"),
        ('measure = "cheaper"', 'measure = "dearer"', "no measure 'dearer'; use one of"),
        ('like = "tickets_50000"', 'like = "tickets"', "like is 'tickets', which is not an earlier preset"),
        ("exact = 1_500_000", "exact = 1_500_000, value = 1", "case.volume needs one of"),
        ("per_1000 = 5.00", "per_1000 = 0.01", "few_shot.prefix"),
        ('unit = "$ per 1,000"\n', "", "unit"),
        ('claim = "C079"', 'claim = "C999"', "C999"),
        ('id = "tickets_100"', 'id = "tickets_today"', "'tickets_today' appears twice"),
        ('date = "2026-04-29"', 'date = "last week"', "date 'last week'"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path, old, new, message):
    with pytest.raises(CourseError, match=re.escape(message)) as error:
        changed(tmp_path, old, new)
    assert str(error.value).startswith("presets.toml")


def test_an_empty_file_and_an_unknown_preset_are_named(tmp_path):
    path = tmp_path / "empty.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(CourseError, match="empty.toml has no"):
        _presets(path)
    with pytest.raises(CourseError, match="tickets_50000"):
        preset("tickets")


# Figures computed a second way


def test_the_tokens_are_those_that_lesson_03_finds():
    sonnet = model("claude-sonnet-4")
    tokens = (5.00 / 1000 * 1e6 - 5 * sonnet.output) / sonnet.input
    estimates = preset("tickets_50000").assumptions.estimates
    assert estimates["few_shot.prefix"].base + estimates["few_shot.variable"].base == pytest.approx(tokens)
    today = bills(preset("tickets_today").assumptions)
    assert today["stronger_model"].tokens_per_1000 == pytest.approx(1000 * tier("large").cost(tokens, 5))
    assert today["prompt"].tokens_per_1000 == pytest.approx(1000 * tier("small").cost(tokens, 5))


def test_what_the_totals_say_of_payback_and_needed_saving():
    assumptions = preset("brand_voice").assumptions
    pair = assumptions.pair
    priced = bills(assumptions)
    outputs = measure("payback_outputs", assumptions, *pair)
    saving = measure("saving_per_1000", assumptions, *pair) / 1000
    extra = priced["on_demand_fine_tune"].upfront - priced["skill"].upfront
    assert outputs * saving == pytest.approx(extra)
    # At its break-even volume tuning saves on 1,000 outputs just what it needs to.
    (crossing,) = break_even_volumes(assumptions, *pair)
    there = assumptions.with_values({"case.volume": (crossing.at,) * 3})
    needed = measure("needed_per_1000", there, *pair)
    assert measure("saving_per_1000", there, *pair) == pytest.approx(needed)
    worse = {"on_demand_fine_tune.error_rate": (0.3, 0.3, 0.3)}
    assumptions = preset("brand_voice").assumptions.with_values(worse)
    assert measure("payback_outputs", assumptions, "skill", "on_demand_fine_tune") == float("inf")
    assert measure("break_even_volume", assumptions, "skill", "on_demand_fine_tune") == float("inf")
    assert measure("break_even_volume", assumptions, "on_demand_fine_tune", "skill") == 0


# A rung, how many are right, its approach, and whether it is the best one of it.
RUNGS = [
    ("5 fixed examples", 3, "few_shot", False),
    ("18 fixed examples, schema", 9, "few_shot", True),
    ("18 fixed examples", 5, "few_shot", False),
    ("maximal prompt, 18 examples", 0, "few_shot", False),
    ("optimised prompt", 0, "few_shot", False),
    ("5 retrieved examples", 12, "retrieved_examples", True),
    ("instructions, 5 retrieved", 0, "retrieved_examples", False),
    ("nearest neighbour vote, no model", 13, None, False),
    ("vote of growing references", 14, None, False),
    ("MiniLM + logistic regression", 16, "linear_head", True),
    ("queue names in the prompt", 7, "prompt", True),
    ("descriptions, edge cases", 0, "prompt", False),
    ("all instructions", 0, "prompt", False),
    ("the whole policy, schema", 0, "prompt", False),
    ("large model: policy", 20, "stronger_model", True),
    ("large model: names", 0, "stronger_model", False),
    ("3 retrieved sections", 0, "rag", True),
    ("skill, first day", 11, "skill", True),
    ("skill, six months", 0, "skill", False),
    ("always the same queue", 1, None, False),
    ("tuned, schema", 14, "self_hosted_lora", False),
    ("tuned, short prompt", 15, "self_hosted_lora", True),
    ("MiniLM fine-tuned", 17, "encoder", True),
    ("cascade: head, large model", 18, "cascade", True),
]


def test_the_board_gives_each_rung_its_approach_and_of_each_approach_the_best_one():
    results = {name: measured(name, right) for name, right, *_ in RUNGS}
    approaches = {name: approach_of(result) for name, result in results.items()}
    assert approaches == {name: way for name, _, way, _ in RUNGS}
    found = {way: result.name for way, result in rungs(list(results.values())).items()}
    assert found == {way: name for name, _, way, best in RUNGS if best}


def test_labels_that_were_used_are_counted_in_money():
    few, many = (
        from_board({"linear_head": measured("MiniLM + logistic regression", labels=labels)}).assumptions
        for labels in (90, 810)
    )
    assert many.estimates["linear_head.examples"].kind == "measured"
    paid = [float(bills(case)["linear_head"].parts["labels"]) for case in (few, many)]
    assert paid[1] == pytest.approx(9 * paid[0]) and paid[0] > 0


def test_error_rates_come_with_their_interval_and_the_rest_says_that_it_is_assumed():
    result = measured("large model: policy", 18, created="2026-11-20T10:00:00+00:00")
    outcomes = tuple(replace(row, seconds=None) for row in result.outcomes)
    reading = replace(result, outcomes=outcomes, model="a large Claude")
    yours = from_board({"stronger_model": reading})
    estimates, before = yours.assumptions.estimates, load().estimates
    error = estimates["stronger_model.error_rate"]
    ends = (1 - reading.interval[1], 0.1, 1 - reading.interval[0])
    assert (error.low, error.base, error.high) == pytest.approx(ends)
    assert (error.kind, error.date) == ("measured", "2026-11-20") and "large model: policy" in error.source
    said = {key: estimates[f"{key}.error_rate"].source for key in ("skill", "encoder")}
    assert said["skill"].startswith("not on your board, an assumption of this course: ")
    assert said["encoder"].startswith("not on your board, a measurement of this course: ")
    assert estimates["prompt.error_rate"].base == before["prompt.error_rate"].base
    unmeasured = {key for key in before if estimates[key] == before[key]}
    assert set(before) - unmeasured == {key for key in before if key.endswith("error_rate")}
    assert "Stronger model from 'large model: policy'" in yours.note


def test_what_is_assumed_as_wrong_as_the_prompt_goes_with_its_measured_rate():
    prompt = measured("queue names", 12)
    once = with_error_rates(load(), {"prompt": prompt})
    again = with_error_rates(from_json(once.to_json()), {"prompt": measured("queue names", 10)})
    like_it = {"case.rate_now", "rag.error_rate", "tools.error_rate"}
    for found, rate in ((once, 0.4), (again, 0.5)):
        assert [found.estimates[key].base for key in like_it] == pytest.approx([rate] * 3)
        assert {found.estimates[key].kind for key in like_it} == {"assumed"}
        for name, bill in bills(found).items():
            delay = found.estimates[f"{name}.delay"].base
            before = bill.volume[0] * min(delay, 1)
            own = found.estimates[f"{name}.error_rate"].base
            wrong = before * rate + (bill.volume.sum() - before) * own
            cost = found.estimates["case.error_cost"].base
            assert float(bill.parts["errors"]) == pytest.approx(wrong * cost), name
    set_here = once.with_values({"case.rate_now": 0.2})
    assert with_error_rates(set_here, {"prompt": prompt}).estimates["case.rate_now"].base == 0.2


def test_machines_cascades_and_live_models_have_their_prices():
    local = asked("18 fixed examples", input_tokens=750, output_tokens=6, seconds=0.1)
    estimates = from_board({"few_shot": local}).assumptions.estimates
    assert estimates["few_shot.hosting"].base == pytest.approx(730 * machine_price_per_hour())
    assert estimates["few_shot.capacity"].base == pytest.approx(0.3 * 730 * 3600 / 0.1)
    assert estimates["few_shot.input_price"].base == 0
    assert estimates["few_shot.prefix"].base + estimates["few_shot.variable"].base == pytest.approx(750)
    assert estimates["few_shot.output"].base == 6
    live = asked("cascade: head, large model", input_tokens=1_000, output_tokens=6, seconds=1.0)
    kept = [replace(row, input_tokens=None, output_tokens=None) for row in live.outcomes[5:]]
    rows = [*live.outcomes[:5], *kept]
    passed_on = replace(live, outcomes=tuple(rows), model=tier("large").id)
    assert passed_on.input_tokens == pytest.approx(1_000 * 5 / len(rows))
    tokens = bills(from_board({"cascade": passed_on}).assumptions)["cascade"].tokens_per_1000
    assert tokens == pytest.approx(1000 * 5 / len(rows) * tier("large").cost(1_000, 6))
    here = asked("small tier: policy", input_tokens=1500, output_tokens=6, seconds=2.0)
    live = replace(here, model=tier("small").id)
    assumptions = from_board({"prompt": live}).assumptions
    assert assumptions.estimates["prompt.hosting"].base == 0
    expected = 1000 * tier("small").cost(1500, 6)
    assert bills(assumptions)["prompt"].tokens_per_1000 == pytest.approx(expected)


@pytest.mark.parametrize("right", [0, 20])
def test_all_wrong_all_right_and_very_fast_stay_inside_the_bounds(right):
    fast = asked("MiniLM + logistic regression", right, seconds=1e-9)
    priced = bills(from_board({"linear_head": fast}).assumptions)
    assert priced["linear_head"].total > 0


def test_an_empty_board_is_the_courses_own_case_and_what_is_no_result_is_refused():
    yours = from_board({})
    assert bills(yours.assumptions)["prompt"].total == bills(load())["prompt"].total
    assert "nothing yet" in yours.note
    with pytest.raises(CourseError, match="'prompting' is not an approach"):
        from_board({"prompting": measured("queue names")})
    with pytest.raises(CourseError, match="needs a result"):
        from_board({"prompt": 0.9})
