"""The inputs of the cost model: the file, changes to them, and what is saved."""

import csv
import json
from pathlib import Path

import pytest

from course.errors import CourseError
from course.material.prices import model, tier
from course.measuring import ladder
from course.measuring.provenance import Counted
from course.tuning import aftermath, experiments, labels
from tests import disk
from widgets.cost import inputs as cost_inputs
from widgets.cost.inputs import (
    ANY,
    APPROACHES,
    CASE,
    COST_INPUTS,
    MEANINGS,
    Assumptions,
    from_json,
    keys,
    load,
    model_prices,
    save,
    saved,
)

PAIR = ("prompt", "hosted_fine_tune")


@pytest.fixture
def assumptions() -> Assumptions:
    return load(pair=PAIR)


def with_a_row(tmp_path: Path, **cells: str) -> Path:
    """A copy of the file whose first row has other cells."""
    with COST_INPUTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    path = tmp_path / "cost_inputs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([rows[0] | cells, *rows[1:]])
    return path


def test_every_input_and_approach_has_its_title_range_source_and_date(assumptions):
    rows = assumptions.table()
    assert len(rows) == len(keys(APPROACHES)) == len({row["key"] for row in rows})
    for row in rows:
        assert row["source"] and row["unit"] and row["low"] <= row["base"] <= row["high"], row
        # Where nothing is paid for there is no price to date.
        assert row["date"] or row["source"] == "no tokens are paid for", row
    assert set(MEANINGS) == set(APPROACHES)
    with COST_INPUTS.open(encoding="utf-8", newline="") as file:
        owners = {row["owner"] for row in csv.DictReader(file)}
    assert owners == {CASE, ANY, *APPROACHES}
    assert len(set(APPROACHES.values())) == len(APPROACHES) == 15


def test_measured_error_rates_are_what_their_files_hold(assumptions):
    whole_skill = aftermath.found("together", "adapter and the whole skill", "tickets")
    files: dict[str, set[Counted]] = {
        "linear_head": {row for row in ladder.read() if row.name == "MiniLM + logistic regression"},
        "encoder": {row for row in experiments.read() if row.group == "encoder"},
        "distilled_head": {
            row
            for row in labels.read()
            if (row.learner, row.labels, row.examples) == (labels.HEAD, labels.TEACHER, 810)
        },
        "skill_with_adapter": {whole_skill},
    }
    rates = {name: assumptions.estimates[f"{name}.error_rate"] for name in APPROACHES}
    assert {name for name, rate in rates.items() if rate.kind == "measured"} == set(files)
    for name, rows in files.items():
        for row in rows:
            wrong = (1 - row.high, 1 - row.right / row.n, 1 - row.low)
            rate = rates[name]
            assert (rate.low, rate.base, rate.high) == pytest.approx(wrong, abs=0.003)
            assert f"{row.right} of {row.n} right" in rate.source
    (lora,) = [row for row in experiments.read() if row.name == "810 written"]
    assert f"{lora.right} of {lora.n} right" in rates["self_hosted_lora"].source


def test_prices_of_a_model_a_tuned_one_and_a_batch_come_from_the_price_table(assumptions):
    small, large = tier("small"), tier("large")
    assert assumptions.estimates["prompt.input_price"].base == small.input
    assert assumptions.estimates["prompt.cached_price"].base == small.cache_read
    assert assumptions.estimates["stronger_model.output_price"].base == large.output
    assert assumptions.estimates["stronger_model.input_price"].source.startswith("data/prices.csv: ")
    assert assumptions.estimates["self_hosted_lora.input_price"].base == 0
    row = model("gpt-4o-2024-08-06")
    changed = assumptions.with_values({"hosted_fine_tune.model": f"{row.id}:tuned"})
    estimates = changed.estimates
    assert estimates["hosted_fine_tune.input_price"].base == row.tuned_input
    assert estimates["hosted_fine_tune.training_price"].base == row.training
    assert "ending" in estimates["hosted_fine_tune.output_price"].source
    assert model_prices("prompt", "large")["prompt.batch_discount"].base == pytest.approx(0.5)
    assert model_prices("prompt", "claude-opus-4")["prompt.batch_discount"].base == 0


def test_a_number_takes_its_range_along_within_the_bounds_and_three_are_low_base_and_high(assumptions):
    old = assumptions.estimates["case.volume"]
    new = assumptions.with_values({"case.volume": 2 * old.base}).estimates["case.volume"]
    assert (new.low, new.base, new.high) == (2 * old.low, 2 * old.base, 2 * old.high)
    assert (new.source, new.kind) == ("set by the reader", "assumed")
    new = assumptions.with_values({"prompt.error_rate": 0.9}).estimates["prompt.error_rate"]
    assert (new.base, new.high) == (0.9, 1.0)
    before = assumptions.base()
    assumptions.with_values({"case.volume": 5, "prompt.model": "large"})
    assert assumptions.base() == before
    new = assumptions.with_values({"case.rate": (80, 90, 200)}).estimates["case.rate"]
    assert (new.low, new.base, new.high) == (80, 90, 200)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"case.volum": 1}, "'case.volum' is not an input; 'case' has: volume"),
        ({"promt.calls": 1}, "begin it with 'case' or one of prompt"),
        ({"case.volume": -1}, "between 1 and"),
        ({"case.volume": float("nan")}, "three numbers"),
        ({"case.volume": "many"}, "'many'; give a number"),
        ({"case.rate": (1, 2)}, "give one number, or low, base and high"),
        ({"case.rate": (3, 2, 1)}, "low, base and high must rise"),
        ({"prompt.model": "claude-9"}, "No price is known for the model 'claude-9'"),
        ({"prompt.model": "claude-opus-5:tuned"}, "no price of a tuned 'claude-opus-5'"),
        ({"prompt.model": "gpt-4o-mini:cheap"}, "only 'tuned' may follow"),
    ],
)
def test_a_change_that_is_not_possible_is_refused(assumptions, values, message):
    with pytest.raises(CourseError, match=message):
        assumptions.with_values(values)


def test_what_is_not_compared_or_too_long_is_refused(assumptions):
    few = from_json(load(("prompt", "skill")).to_json())
    for act, said in (
        (lambda: few.with_values({"rag.calls": 2}), "'rag' is not compared here"),
        (
            lambda: assumptions.with_values({"case.rate": 10**400}),
            "case.rate has 401 digits; between 0 and 1,000",
        ),
    ):
        with pytest.raises(CourseError, match=said):
            act()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"unit": "outputs a day"}, "line 2: case.volume is in 'outputs a day'"),
        ({"low": "x"}, "line 2: .*write low, base and high as numbers"),
        ({"kind": "guessed"}, "kind 'guessed'"),
        ({"source": ""}, "has no source"),
        ({"input": "volum"}, "is not an input"),
        ({"high": "1"}, "must rise"),
        ({"date": "2026-02-31"}, "date '2026-02-31'; write it as 2026-11-21"),
        ({"follows": "promt"}, "line 2: case.volume follows 'promt'; choose from prompt, few_shot"),
    ],
)
def test_a_bad_row_is_named(tmp_path, cells, message):
    with pytest.raises(CourseError, match=message):
        cost_inputs.read_estimates(with_a_row(tmp_path, **cells))


def test_a_row_twice_an_unquoted_comma_and_a_state_of_another_encoding_are_named(tmp_path):
    path = with_a_row(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    for added, message in (
        (lines[1], "case,volume is already in cost_inputs.csv, line 2"),
        (f"{lines[1]}, with a comma", "the row 'case' has 11 cells and not 10; put double quotes"),
    ):
        path.write_text("\n".join([*lines, added]) + "\n", encoding="utf-8")
        with pytest.raises(CourseError, match=message):
            cost_inputs.read_estimates.__wrapped__(path)
    state = tmp_path / "state.json"
    state.write_bytes(load().to_json().replace("Ticket", "Tïcket").encode("cp1252"))
    with pytest.raises(CourseError, match="is not UTF-8"):
        saved(state)


def test_what_is_saved_comes_back_whole_or_stays_as_it_was_on_a_full_disk(tmp_path, assumptions, monkeypatch):
    path = tmp_path / "state.json"
    changed = assumptions.with_values({"case.volume": 123_456, "prompt.model": "large"})
    assert saved(path) is None and save(changed, path) == path
    assert saved(path) == from_json(changed.to_json())
    assert saved(path).base() == changed.base()
    assert saved(path).pair == PAIR
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
    path = save(assumptions, tmp_path / "state.json")
    before = path.read_text(encoding="utf-8")
    monkeypatch.setattr(Path, "write_text", disk.full)
    with pytest.raises(CourseError, match="No space left"):
        save(assumptions.with_values({"case.volume": 5}), path)
    assert path.read_text(encoding="utf-8") == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.update(format=9), "format 9, not 1"),
        (lambda state: state.pop("title"), "'title' is missing"),
        (lambda state: state["estimates"].pop("case.rate"), "no estimate of 'case.rate'"),
        (lambda state: state["estimates"]["case.rate"].update(base=-5), "must rise"),
        (lambda state: state["estimates"]["case.rate"].update(base="x"), "base is 'x'"),
        (lambda state: state.update(pair=["prompt", "magic"]), "'magic' is not an approach"),
        (lambda state: state.update(pair=["prompt", "prompt"]), "must be two of the approaches"),
        (lambda state: state.update(pair=["prompt", "skill", "prompt"]), "pair"),
        (lambda state: state.update(approaches=[["prompt"]]), "approaches"),
        (lambda state: state["estimates"]["case.rate"].update(base=10**400), "case.rate"),
        (lambda state: state["estimates"]["case.rate"].update(date="soon"), "date 'soon'"),
        (lambda state: state.update(extra=1), "the field 'extra' is not known"),
        (lambda state: state["estimates"]["case.rate"].update(outcomes="abc"), "outcomes"),
        (
            lambda state: state["estimates"]["case.rate_now"].update(follows="me"),
            "case.rate_now follows 'me'",
        ),
        (lambda state: state.update(horizon=0), "from 1 to 120"),
        (lambda state: state.update(horizon=1.5), "horizon is 1.5"),
    ],
)
def test_a_damaged_state_is_refused(assumptions, change, message):
    state = json.loads(assumptions.to_json())
    change(state)
    with pytest.raises(CourseError, match=message):
        from_json(json.dumps(state))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "[" * 100_000])
def test_a_text_that_is_no_state_is_refused(text):
    with pytest.raises(CourseError):
        from_json(text)


def test_only_uncertain_inputs_are_named_and_an_approach_can_be_brought_in_later(assumptions):
    uncertain = assumptions.uncertain(PAIR)
    assert "case.error_cost" in uncertain and "prompt.error_rate" in uncertain
    assert "prompt.calls" not in uncertain
    assert not any(key.startswith("rag.") for key in uncertain)
    few = load(("prompt", "skill"))
    more = few.with_approaches(("prompt", "rag"), ("prompt", "rag"))
    assert more.base()["rag.variable"] == load().estimates["rag.variable"].base
