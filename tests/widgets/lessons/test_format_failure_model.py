"""What broken replies cost: known cases, and properties that hold for every pipeline."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from widgets.lessons.format_failure_model import Pipeline, months, prompt_only, with_retries, with_schema

REPLIES = {"volume": 10_000, "failure_rate": 0.05, "retries": 2, "retry_success": 0.5}
CLAIMED = Pipeline(**REPLIES, wrong_rate=0.1, wrong_rate_schema=0.2, repair_cost=2, error_cost=10)

shares = st.floats(0, 1)
dollars = st.floats(0, 1000)
rates = dict.fromkeys(("failure_rate", "retry_success", "wrong_rate", "wrong_rate_schema"), shares)
costs = dict.fromkeys(("repair_cost", "error_cost"), dollars)
counts = {"volume": st.integers(0, 1_000_000), "retries": st.integers(0, 5)}
pipelines = st.builds(Pipeline, **counts, **rates, **costs)


def test_a_month_by_hand():
    month = prompt_only(CLAIMED)
    assert (month.right, month.repaired, month.undetected) == pytest.approx((8550, 500, 950))
    assert (month.repair_cost, month.error_cost, month.cost) == pytest.approx((1000, 9500, 10_500))
    assert month.extra_replies == 0
    month = with_retries(CLAIMED)
    assert month.repaired == pytest.approx(125)  # 500, halved twice
    assert month.extra_replies == pytest.approx(750)  # 500 asked again, then the 250 that are still broken
    assert month.undetected == pytest.approx(987.5)
    month = with_schema(CLAIMED)
    assert (month.right, month.repaired, month.undetected) == pytest.approx((8000, 0, 2000))
    assert month.cost == pytest.approx(20_000)


@given(pipelines)
def test_every_reply_ends_somewhere_and_costs_what_it_should(pipeline):
    for month in months(pipeline):
        assert month.right + month.repaired + month.undetected == pytest.approx(pipeline.volume)
    perfect = replace(pipeline, failure_rate=0, wrong_rate=0, wrong_rate_schema=0)
    assert [(month.cost, month.extra_replies) for month in months(perfect)] == [(0, 0)] * 3
    more = with_retries(replace(pipeline, retries=pipeline.retries + 1))
    assert more.repaired <= with_retries(pipeline).repaired
    assert more.extra_replies >= with_retries(pipeline).extra_replies
    none = with_retries(replace(pipeline, retries=0))
    assert replace(none, approach="prompt only") == prompt_only(pipeline)
    for once, twice in zip(
        months(pipeline), months(replace(pipeline, volume=2 * pipeline.volume)), strict=True
    ):
        assert twice.cost == pytest.approx(2 * once.cost)


@given(pipelines, shares)
def test_more_broken_replies_mean_more_repairs(pipeline, other):
    low, high = sorted((pipeline.failure_rate, other))
    for approach in (prompt_only, with_retries):
        fewer = approach(replace(pipeline, failure_rate=low))
        more = approach(replace(pipeline, failure_rate=high))
        assert fewer.repaired <= more.repaired
        assert fewer.extra_replies <= more.extra_replies


@pytest.mark.parametrize(
    ("field", "value"),
    [("failure_rate", 5), ("retry_success", -0.1), ("volume", -1), ("error_cost", float("nan"))],
)
def test_a_value_out_of_range_is_named(field, value):
    with pytest.raises(CourseError, match=f"{field} is {value}"):
        replace(CLAIMED, **{field: value})
