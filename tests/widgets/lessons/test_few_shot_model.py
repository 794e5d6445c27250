"""The sweep as the control of lesson 02 reads it: looked up, priced and put into words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.prices import TIERS, tier
from course.measuring.results import wilson
from course.rungs.few_shot import CHOICES, COMMAND, COUNTS, FewShotReading
from widgets.lessons.few_shot_model import Sweep, cost_per_1000, gain_in_words, in_words, named


def reading(choice: str, count: int, right: int = 90, tokens: float = 400.0) -> FewShotReading:
    """A reading of 360 tickets, made up for the tests of the arithmetic."""
    low, high = wilson(right, 360)
    source = {"command": COMMAND, "date": "2026-11-20", "machine": "two cores", "cores": 2}
    source |= {"fingerprint": "abc123", "seed": 1}
    counted = {"choice": choice, "count": count, "n": 360, "right": right, "valid": 180}
    means = {"low": low, "high": high, "input_tokens": tokens, "output_tokens": 4.0, "seconds": 0.2}
    return FewShotReading(**source, **counted, **means)


@pytest.fixture
def readings() -> list[FewShotReading]:
    return [reading(choice, count) for choice in CHOICES for count in COUNTS]


def test_a_reading_is_found_a_hole_is_refused_and_the_badge_says_where_numbers_come_from(readings):
    sweep = Sweep(readings[::-1])
    assert sweep.counts == COUNTS
    assert set(sweep.choices) == set(CHOICES)
    for each in readings:
        assert sweep.at(each.choice, each.count) is each
    assert [each.count for each in sweep.curve("random")] == list(COUNTS)
    with pytest.raises(CourseError, match="no reading of 5 random examples"):
        Sweep([each for each in readings if (each.choice, each.count) != ("random", 5)])
    badge = Sweep(readings).badge
    assert badge.startswith("recorded reading")
    for part in ("360", "2026-11-20", "two cores", "2 cores", "abc123", "course.measure few-shot"):
        assert part in badge


def test_the_cost_is_tokens_times_price_and_stands_in_words():
    model = tier("small")
    one = reading("fixed", 5, tokens=400.0)
    assert cost_per_1000(one, model) == pytest.approx((400 * model.input + 4 * model.output) / 1000)
    assert tier("small").long_above < 1000 * 400
    assert cost_per_1000(reading("fixed", 5), tier("small")) < 0.1
    words = in_words(reading("retrieved", 5), tier("small"))
    for part in ("5 retrieved examples", "25% of 360", "(20.8 to 29.7)", "50%", "400 tokens in", "0.2 s"):
        assert part in words
    assert "1,000 tickets cost $0.042 at the small tier" in words


@given(st.floats(1, 5000), st.floats(1, 5000))
def test_more_tokens_never_cost_less_at_any_tier(some, more):
    some, more = sorted([some, more])
    for name in TIERS:
        fewer, longer = (cost_per_1000(reading("fixed", 5, tokens=t), tier(name)) for t in (some, more))
        assert fewer <= longer


@pytest.mark.parametrize(
    ("choice", "count", "words"),
    [
        ("fixed", 0, "no example"),
        ("random", 1, "1 random example"),
        ("retrieved", 5, "5 retrieved examples"),
    ],
)
def test_what_was_shown_is_named(choice, count, words):
    assert named(choice, count) == words


@pytest.mark.parametrize(
    ("right", "sign"), [(126, "+10.0 points"), (54, "-10.0 points"), (90, "+0.0 points")]
)
def test_the_gain_has_its_sign(right, sign):
    without = reading("fixed", 0)
    words = gain_in_words(replace(reading("fixed", 5, right), input_tokens=900.0), without, tier("small"))
    assert sign in words and "$0.050 more" in words
