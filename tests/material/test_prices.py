"""The table of models and prices."""

import re
from pathlib import Path

import pytest

from course.errors import CourseError
from course.material import prices
from course.paths import ROOT

HEADER = (ROOT / "data" / "prices.csv").read_text(encoding="utf-8").splitlines()[0]


def write_table(folder: Path, *rows: dict[str, str], header: str = HEADER) -> Path:
    path = folder / "prices.csv"
    lines = [",".join(row.get(name, "") for name in header.split(",")) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_tiers_are_current_claudes_and_every_row_has_a_source_a_date_and_a_status():
    chosen = [prices.tier(name) for name in prices.TIERS]
    assert {model.provider for model in chosen} == {"Anthropic"}
    assert {model.status for model in chosen} == {"current"}
    assert [model.input for model in chosen] == sorted(model.input for model in chosen)
    table = prices.table()
    assert table["source"].str.len().min() > 0
    assert table["date"].str.fullmatch(r"\d{4}-\d\d(-\d\d)?").all()
    assert set(table["status"]) <= {"current", "ending", "historical", "unverified", "assumed"}
    assert (table.loc[table["status"] == "ending", "ends"].str.len() == 10).all()
    assert all(model.input is not None and model.output is not None for model in prices.models())
    assert "machine" not in {model.id for model in prices.models()}
    assert prices.machine_price_per_hour() > 0


def test_cost_adds_every_kind_of_token_and_a_long_prompt_costs_the_long_price():
    small = prices.tier("small")
    cost = small.cost(1_000, 200, cache_read=3_000, cache_write=4_000)
    expected = 1_000 * 0.10 + 200 * 0.50 + 3_000 * 0.01 + 4_000 * 0.125
    assert cost == pytest.approx(expected / 1e6)
    assert small.cost(1_000, 200, batch=True) == pytest.approx(small.cost(1_000, 200) / 2)
    small = prices.tier("small")
    at_limit, above = small.cost(100_000, 10), small.cost(100_001, 10)
    assert at_limit == pytest.approx((100_000 * 0.10 + 10 * 0.50) / 1e6)
    assert above == pytest.approx((100_001 * 0.50 + 10 * 2.50) / 1e6)
    cached = small.cost(1, 0, cache_read=100_000)
    assert cached == pytest.approx((0.50 + 100_000 * 0.05) / 1e6)


def test_what_nobody_published_or_named_is_an_error_only_when_it_is_needed():
    without_batch = next(model for model in prices.models() if model.batch_input is None)
    assert without_batch.cost(10, 10) > 0
    with pytest.raises(
        CourseError, match=re.escape(f"No batch_input price is known for {without_batch.id!r}")
    ):
        without_batch.cost(10, 10, batch=True)
    with pytest.raises(CourseError, match="'no-such-model': add a row for it to data/prices.csv"):
        prices.model("no-such-model")
    with pytest.raises(CourseError, match="There is no tier 'huge'; use one of small, medium, large"):
        prices.tier("huge")


@pytest.mark.parametrize("text", ["cheap", "-1", "nan", "inf"])
def test_a_price_that_is_no_number_names_file_line_column_and_value(text, tmp_path, monkeypatch):
    monkeypatch.setattr(prices, "PRICES", write_table(tmp_path, {"id": "a"}, {"id": "b", "input": text}))
    with pytest.raises(CourseError, match=f"prices.csv, line 3: input is '{text}'; input should be"):
        prices.models()


def test_a_table_without_a_machine_or_a_tier_says_what_to_add(tmp_path, monkeypatch):
    monkeypatch.setattr(prices, "PRICES", write_table(tmp_path))
    with pytest.raises(CourseError, match="'machine': add it"):
        prices.machine_price_per_hour()
    with pytest.raises(CourseError, match="No row of data/prices.csv has the tier 'small'"):
        prices.tier("small")
