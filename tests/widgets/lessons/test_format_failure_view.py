"""The control of lesson 04, without a browser."""

from dataclasses import replace

import pytest

from tests.widgets.lessons.test_format_failure_model import CLAIMED
from widgets.lessons.format_failure_model import months
from widgets.lessons.format_failure_view import FormatFailures

MEASURED = replace(CLAIMED, failure_rate=0.0417, retry_success=1 / 3)


@pytest.fixture
def view() -> FormatFailures:
    return FormatFailures({"claimed": CLAIMED, "measured": MEASURED})


def test_it_starts_with_the_first_case_and_another_sets_the_sliders_to_a_tenth_of_a_percent(view):
    assert view.case == CLAIMED
    assert "Of 10,000 replies a month, 500 are in a broken form" in view.sentence.value
    view.preset.value = MEASURED
    assert view.case.failure_rate == pytest.approx(0.042)
    assert view.case.retry_success == pytest.approx(0.333)


def test_table_and_sentence_follow_a_slider(view):
    view.sliders["failure_rate"].value = 8
    for month in months(replace(CLAIMED, failure_rate=0.08)):
        row = view.table.value.split(f">{month.approach}</th>")[1].split("</tr>")[0]
        for cost in (month.repair_cost, month.error_cost, month.cost):
            assert f">{cost:,.0f}</td>" in row
    assert "800 are in a broken form" in view.sentence.value
