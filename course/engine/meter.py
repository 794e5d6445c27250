"""What requests used and cost, the budget that holds, and the estimate before a run."""

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from course.errors import CourseError


def dollars(amount: float) -> str:
    """An amount as text: cents, or two digits of what is smaller, as in "$0.42" and "$0.000041"."""
    places = 2 if amount == 0 or amount >= 0.1 else 1 - math.floor(math.log10(amount))
    return f"${amount:.{places}f}"


@dataclass(frozen=True)
class Usage:
    """What one answer used.

    `input_tokens` leaves out cached ones, as the API counts. `seconds` is how long the answer took when
    it was first asked. `cost` is its price in dollars, which a replayed answer is not charged again.
    `mode` says who made it, also when it is replayed: "local", "live", "room" for the local model of a
    room, or "recorded" for an answer that came with the course. `place` says where: a server, the local
    weights, or a recorded answer's machine.
    """

    model: str
    mode: str
    input_tokens: int
    output_tokens: int
    cache_read: int
    cache_write: int
    seconds: float
    cost: float
    replayed: bool
    created: str
    place: str = ""


class Meter:
    """Adds up the answers of one client. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: list[Usage] = []

    def add(self, use: Usage) -> None:
        with self._lock:
            self._uses.append(use)
        for uses in _collectors.get():
            uses.append(use)

    @property
    def requests(self) -> int:
        return len(self._uses)

    @property
    def replayed(self) -> int:
        return sum(use.replayed for use in self._uses)

    @property
    def input_tokens(self) -> int:
        return sum(use.input_tokens + use.cache_read + use.cache_write for use in self._uses)

    @property
    def output_tokens(self) -> int:
        return sum(use.output_tokens for use in self._uses)

    @property
    def spent(self) -> float:
        """Dollars paid through this client: replayed answers cost nothing."""
        return sum(use.cost for use in self._uses if not use.replayed)

    def __repr__(self) -> str:
        return (
            f"{self.requests} requests ({self.replayed} from the recordings), "
            f"{self.input_tokens:,} tokens in, {self.output_tokens:,} out, {dollars(self.spent)} spent"
        )


_collectors: ContextVar[tuple[list[Usage], ...]] = ContextVar("collectors", default=())


@contextmanager
def collect() -> Iterator[list[Usage]]:
    """Gather the usage of every answer that the code inside receives, in this thread or context."""
    uses: list[Usage] = []
    token = _collectors.set((*_collectors.get(), uses))
    try:
        yield uses
    finally:
        _collectors.reset(token)


class BudgetError(CourseError):
    """The next request could pass the budget. It was not sent."""


class Budget:
    """Dollars that may be spent.

    A request reserves its worst case before it is sent, so that threads cannot pass the limit together.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.spent = 0.0
        self._reserved = 0.0
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """Dollars that no request has spent or reserved."""
        return max(0.0, self.limit - self.spent - self._reserved)

    def reserve(self, amount: float) -> None:
        """Set `amount` dollars aside or raise BudgetError. A request without a price always passes."""
        with self._lock:
            if amount > self.left:
                raise BudgetError(
                    f"The next request could cost up to {dollars(amount)} and {dollars(self.left)} of the "
                    f"budget of {dollars(self.limit)} is left, so it was not sent: set COURSE_BUDGET to more "
                    "dollars and connect again."
                )
            self._reserved += amount

    def settle(self, reserved: float, paid: float) -> None:
        """Replace what was set aside by what was paid."""
        with self._lock:
            self._reserved -= reserved
            self.spent += paid


@dataclass(frozen=True)
class Planned:
    """A request that an estimate met. Tokens and cost are upper bounds."""

    recorded: bool
    input_tokens: int
    max_output_tokens: int
    max_cost: float


@dataclass(frozen=True)
class Estimate:
    """What a run would send: counts, upper bounds in tokens and dollars, and what the budget has left."""

    requests: int
    recorded: int
    input_tokens: int
    max_output_tokens: int
    max_cost: float
    budget_left: float

    @property
    def affordable(self) -> bool:
        return self.max_cost <= self.budget_left

    def __str__(self) -> str:
        return (
            f"{self.requests} requests to send, {self.recorded} already recorded: up to "
            f"{self.input_tokens:,} tokens in and {self.max_output_tokens:,} out, "
            f"at most {dollars(self.max_cost)} of {dollars(self.budget_left)} left"
        )


class RequestCaptured(BaseException):
    """Stops a call at its first new request while an estimate runs. No `except Exception` swallows it."""


_plan: ContextVar[list[Planned] | None] = ContextVar("plan", default=None)


def planning() -> bool:
    """True while an estimate runs in this context."""
    return _plan.get() is not None


def plan(request: Planned) -> None:
    """Note a request for the estimate that runs. One that would be sent raises RequestCaptured."""
    planned = _plan.get()
    assert planned is not None
    planned.append(request)
    if not request.recorded:
        raise RequestCaptured


def estimate(calls: Iterable[Callable[[], object]], budget: Budget) -> Estimate:
    """Run each call up to its first request that is not recorded yet, and send nothing.

    A call that makes several requests is counted up to that first new one.
    """
    planned: list[Planned] = []
    token = _plan.set(planned)
    try:
        for call in calls:
            try:
                call()
            except CourseError:
                raise
            except (RequestCaptured, Exception):
                # A predictor that fails on a recorded reply fails again in the run, which counts it.
                continue
    finally:
        _plan.reset(token)
    to_send = [request for request in planned if not request.recorded]
    return Estimate(
        requests=len(to_send),
        recorded=len(planned) - len(to_send),
        input_tokens=sum(request.input_tokens for request in to_send),
        max_output_tokens=sum(request.max_output_tokens for request in to_send),
        max_cost=sum(request.max_cost for request in to_send),
        budget_left=budget.left,
    )
