"""How questions end: the shares add up, the known cases hold, and moving an input moves the right share."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.prices import tier
from widgets.lessons.tool_loop_model import Loop, cost_per_1000, ending

PLAIN = Loop(success=0.9, noticed=0, needed=3, limit=10, prompt=500, growth=100, output=20)
shares = st.floats(0, 1)
counts = {"needed": st.integers(1, 12), "limit": st.integers(1, 25)}
tokens = {"prompt": st.floats(0, 1e5), "growth": st.floats(0, 1e4), "output": st.floats(0, 1e3)}
loops = st.builds(Loop, success=shares, noticed=shares, **counts, **tokens)


@given(loops)
def test_the_shares_add_up_and_a_higher_limit_never_answers_less(loop):
    end = ending(loop)
    assert end.right + end.wrong + end.stopped == pytest.approx(1)
    assert all(-1e-9 <= share <= 1 + 1e-9 for share in (end.right, end.wrong, end.stopped))
    assert 1 <= end.requests + 1e-9 and end.requests <= loop.limit + 1e-9
    assert end.output_tokens == pytest.approx(end.requests * loop.output)
    more = ending(replace(loop, limit=loop.limit + 1))
    assert more.right >= ending(loop).right - 1e-9
    assert more.stopped <= ending(loop).stopped + 1e-9


@given(shares, st.integers(1, 12))
def test_success_compounds(success, needed):
    """Without errors that are noticed, n steps go right with p to the n."""
    end = ending(replace(PLAIN, success=success, needed=needed, limit=25))
    assert end.right == pytest.approx(success**needed)
    assert end.stopped == pytest.approx(0, abs=1e-9)
    assert end.requests == pytest.approx(needed)


@given(st.floats(0.05, 1), st.integers(1, 5))
def test_with_every_error_noticed_only_the_limit_stands_in_the_way(success, needed):
    end = ending(replace(PLAIN, success=success, noticed=1, needed=needed, limit=1000))
    assert end.right == pytest.approx(1, abs=1e-6) and end.wrong == pytest.approx(0, abs=1e-9)
    assert end.requests == pytest.approx(needed / success, rel=1e-3)


def test_limit_tokens_and_cost_by_hand():
    end = ending(replace(PLAIN, needed=4, limit=3))
    assert (end.right, end.wrong, end.stopped, end.requests) == (0, 0, 1, 3)
    sure = replace(PLAIN, success=1.0, needed=4)
    assert ending(sure).input_tokens == pytest.approx(500 + 600 + 700 + 800)
    model = tier("small")
    one = ending(replace(PLAIN, success=1.0, needed=1))
    assert cost_per_1000(one, model) == pytest.approx(1000 * model.cost(500, 20))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("success", 1.1),
        ("noticed", -0.1),
        ("needed", 0),
        ("limit", 0),
        ("prompt", -1),
        ("growth", float("nan")),
    ],
)
def test_a_value_out_of_range_is_named(name, value):
    with pytest.raises(CourseError, match=f"{name} is {value}"):
        replace(PLAIN, **{name: value})


def test_ten_steps_of_90_percent_leave_a_third_and_noticed_errors_save_nearly_all():
    ten = Loop(success=0.9, noticed=0, needed=10, limit=20, prompt=1000, growth=150, output=30)
    assert ending(ten).right == pytest.approx(0.9**10)
    assert ending(replace(ten, noticed=1.0)).right > 0.95
