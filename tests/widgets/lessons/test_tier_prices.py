"""The arithmetic of the tier prices by property and by hand, and its control without a browser."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.prices import TIERS, Model, tier
from widgets.lessons.tier_prices_model import (
    DAYS_PER_MONTH,
    SEARCHED_VOLUMES,
    Request,
    cost_per_month,
    cost_per_ticket,
    volume_where_gap_reaches,
    warm_share,
)
from widgets.lessons.tier_prices_view import CACHING, TierPrices

# Dollars per million tokens: 1 in, 10 out, 2 to write the cache, 0.1 to read it, half of it in a batch.
PRICES = {"input": 1.0, "output": 10.0, "cache_write": 2.0, "cache_read": 0.1}
BATCH = {"batch_input": 0.5, "batch_output": 5.0}
SHORT = dict.fromkeys(("long_above", "long_input", "long_output"))
ROUND = replace(tier("small"), id="round", **PRICES, **BATCH, **SHORT)
WARM = 1 - np.exp(-1)
REQUEST = Request(prompt=2_000, ticket=100, reply=10)
BREAK_EVEN_SHARE = (2.0 - 1.0) / (2.0 - 0.1)  # of ROUND: below it, writing the cache costs more than it saves

tokens = st.integers(0, 20_000)
requests = st.builds(Request, prompt=tokens, ticket=tokens, reply=tokens)
volumes = st.floats(0, 1e6)
tiers = st.sampled_from([tier(name) for name in TIERS])


@pytest.mark.parametrize(
    ("per_day", "cache_from", "tokens"),
    [
        (1_000, None, 2_100),  # at $1, and 10 out at $10 a million
        # Every 5 minutes is 288 a day, one expected ticket a lifetime of the cache: 1 - 1/e find it warm.
        (288, 1024, 100 + 2_000 * (WARM * 0.1 + (1 - WARM) * 2)),
        (1e6, 1024, 100 + 2_000 * 0.1),  # always warm: reading
        (0, 1024, 100 + 2_000 * 2),  # always cold: writing
    ],
)
def test_a_ticket_by_hand(per_day, cache_from, tokens):
    found = cost_per_ticket(ROUND, REQUEST, per_day, cache_from=cache_from)
    assert found == pytest.approx((tokens + 10 * 10) / 1e6)


def test_a_month_and_the_gap_by_hand():
    assert cost_per_month(ROUND, REQUEST, 1_000) == pytest.approx(66)
    assert cost_per_month(ROUND, REQUEST, 1_000, batch=True) == pytest.approx(33)
    plain = cost_per_ticket(ROUND, REQUEST, 1_000)
    assert cost_per_ticket(ROUND, REQUEST, 1_000, cache_from=2_001) == plain
    assert cost_per_ticket(ROUND, REQUEST, 1_000, cache_from=2_000) < plain
    month = cost_per_month(ROUND, REQUEST, [1, 10, 100])
    each = cost_per_ticket(ROUND, REQUEST, 1)
    assert month == pytest.approx(DAYS_PER_MONTH * np.array([1, 10, 100]) * each)
    # ROUND against one that costs ten times as much: $0.0198 a ticket, so $594 a month at 1,000 a day.
    large = replace(ROUND, input=10.0, output=100.0)

    def gap(per_day):
        return cost_per_month(large, REQUEST, per_day) - cost_per_month(ROUND, REQUEST, per_day)

    assert volume_where_gap_reaches(594, gap) == pytest.approx(1_000, rel=1e-6)
    assert volume_where_gap_reaches(0, gap) == SEARCHED_VOLUMES[0]
    assert volume_where_gap_reaches(1, lambda per_day: 0 * per_day) is None


@given(requests, tiers, st.lists(volumes, min_size=2, max_size=10), st.booleans())
def test_more_tickets_never_cost_less_without_caching(request_, model, per_day, batch):
    bills = cost_per_month(model, request_, np.sort(per_day), batch=batch)
    assert (np.diff(bills) >= 0).all()


@given(requests, tiers, st.lists(volumes, min_size=2, max_size=10))
def test_a_warmer_cache_never_makes_a_ticket_cost_more(request_, model, per_day):
    each = cost_per_ticket(model, request_, np.sort(per_day), cache_from=0)
    assert (np.diff(each) <= 1e-12).all()


@given(requests, volumes, st.floats(1, 5), st.sampled_from(["input", "output", "cache_read", "cache_write"]))
def test_a_higher_price_never_makes_a_bill_smaller(request_, per_day, factor, column):
    raised: Model = replace(ROUND, **{column: getattr(ROUND, column) * factor})
    for cache_from in (None, 0):
        before = cost_per_month(ROUND, request_, per_day, cache_from=cache_from)
        assert cost_per_month(raised, request_, per_day, cache_from=cache_from) >= before * (1 - 1e-12)


@given(requests, volumes)
def test_caching_saves_exactly_when_the_cache_is_warm_enough(request_, per_day):
    cached = cost_per_ticket(ROUND, request_, per_day, cache_from=0)
    plain = cost_per_ticket(ROUND, request_, per_day)
    if warm_share(per_day) >= BREAK_EVEN_SHARE:
        assert cached <= plain + 1e-12
    else:
        assert cached >= plain - 1e-12


@given(requests, tiers, st.sampled_from(list(CACHING.values())), st.booleans())
def test_no_tickets_cost_nothing(request_, model, cache_from, batch):
    assert cost_per_month(model, request_, 0, cache_from=cache_from, batch=batch) == 0


@given(volumes)
def test_the_warm_share_is_a_share(per_day):
    assert 0 <= warm_share(per_day) <= 1


@pytest.mark.parametrize("bad", [-1, float("nan")])
def test_bad_input_is_named(bad):
    with pytest.raises(CourseError, match=f"prompt is {bad}; give 0 or more"):
        Request(prompt=bad, ticket=1, reply=1)
    with pytest.raises(CourseError, match="tickets a day"):
        cost_per_month(ROUND, REQUEST, [10, bad])


@pytest.fixture
def view() -> TierPrices:
    return TierPrices(Request(prompt=500, ticket=25, reply=5))


def drawn(view: TierPrices) -> dict[str, float]:
    """The bill at the chosen volume, as the chart's markers show it."""
    return {name: mark["y"] for name, mark in zip(TIERS, view.chart.parts["marks"], strict=True)}


def test_the_chart_shows_the_bills_of_every_choice(view):
    view.volume.value = 50_000
    for name, bill in drawn(view).items():
        assert bill == pytest.approx(float(cost_per_month(tier(name), view.request, 50_000)))
    assert {mark["x"] for mark in view.chart.parts["marks"]} == {50_000}
    low, high = (view.chart.frame["y"][end] for end in ("low", "high"))
    for slider in (view.volume, view.prompt, view.reply):
        slider.position = 0
    view.batch.position = 1
    assert min(drawn(view).values()) > low
    for slider in (view.volume, view.prompt, view.reply):
        slider.position = 99
    view.batch.position = 0
    assert max(drawn(view).values()) < high


def test_every_control_changes_the_chart_and_the_sentence(view):
    view.prompt.value = 2_000
    for control, position in [
        (view.volume, 7),
        (view.prompt, 8),
        (view.reply, 3),
        (view.caching, 1),
        (view.batch, 1),
    ]:
        before = drawn(view), view.sentence.value
        control.position = position
        assert drawn(view) != before[0] and view.sentence.value != before[1]


def test_the_engineer_and_the_pair_change_the_sentence_only_and_a_short_prompt_is_said(view):
    for control in (view.engineer_day, view.pair):
        before = drawn(view), view.sentence.value
        control.position = 1
        assert drawn(view) == before[0] and view.sentence.value != before[1]
    view.prompt.value = 500
    view.caching.position = 1
    assert "too short to be cached" in view.sentence.value
