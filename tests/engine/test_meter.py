"""Usage, budget and estimate, without a server."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from course.engine.meter import Budget, BudgetError, Meter, Planned, Usage, collect, dollars, estimate, plan
from course.errors import CourseError


def usage(cost: float = 0.5, *, replayed: bool = False) -> Usage:
    return Usage("some-model", "live", 10, 2, 4, 1, 0.25, cost, replayed, "2026-11-20T10:00:00+00:00")


def test_the_meter_adds_up_and_each_thread_collects_its_own():
    meter = Meter()
    meter.add(usage())
    meter.add(usage(replayed=True))
    assert (meter.requests, meter.replayed, meter.input_tokens, meter.output_tokens) == (2, 1, 30, 4)
    assert meter.spent == 0.5
    assert repr(meter) == "2 requests (1 from the recordings), 30 tokens in, 4 out, $0.50 spent"
    meter = Meter()
    together = threading.Barrier(4)

    def work(count: int) -> int:
        with collect() as uses:
            together.wait()
            for _ in range(count):
                meter.add(usage())
            with collect() as inner:
                meter.add(usage())
            assert len(inner) == 1
        meter.add(usage())
        return len(uses)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [1, 2, 3, 4]
    assert meter.requests == 0 + 1 + 2 + 3 + 4 * 2


def test_threads_never_reserve_more_than_the_budget_and_a_reached_one_lets_pass_what_is_free():
    budget = Budget(1.0)
    start = threading.Barrier(8)

    def reserve(_: int) -> bool:
        start.wait()
        try:
            budget.reserve(0.3)
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(reserve, range(8))) == 3
    budget.settle(0.3, 0.05)
    assert budget.spent == 0.05
    assert budget.left == pytest.approx(0.35)
    budget = Budget(0.0)
    budget.reserve(0.0)
    with pytest.raises(BudgetError, match=r"up to \$0\.000041 and \$0\.00 of the budget of \$0\.00 is left"):
        budget.reserve(0.000041)


def test_an_estimate_counts_sends_nothing_and_stops_only_on_an_error_of_the_course():
    passed = []

    def call(request: Planned) -> None:
        try:
            plan(request)
        except Exception:
            passed.append("swallowed")
        passed.append(request)

    new = Planned(recorded=False, input_tokens=100, max_output_tokens=16, max_cost=0.4)
    old = Planned(recorded=True, input_tokens=100, max_output_tokens=16, max_cost=0.0)
    budget = Budget(1.0)
    found = estimate([lambda: call(new), lambda: call(old), lambda: call(new), lambda: call(new)], budget)
    assert passed == [old]
    assert (found.requests, found.recorded, found.input_tokens, found.max_output_tokens) == (3, 1, 300, 48)
    assert not found.affordable
    assert str(found) == (
        "3 requests to send, 1 already recorded: up to 300 tokens in and 48 out, at most $1.20 of $1.00 left"
    )
    budget = Budget(1.0)

    def fail(error: Exception) -> None:
        raise error

    assert estimate([lambda: fail(ValueError("not JSON"))], budget).requests == 0
    with pytest.raises(CourseError, match="unknown model"):
        estimate([lambda: fail(CourseError("unknown model"))], budget)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0.00"), (1.234, "$1.23"), (0.1, "$0.10"), (0.042, "$0.042"), (4.1e-5, "$0.000041")],
)
def test_dollars_show_small_amounts(amount, text):
    assert dollars(amount) == text
