"""Trainings to measure one after the other, with a word on the time that is left."""

import time
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class Timed(Protocol):
    """Something to measure that says about how long it takes on two quiet cores."""

    @property
    def seconds(self) -> float: ...


PointType = TypeVar("PointType", bound=Timed)


def in_turn(left: Sequence[PointType]) -> Iterator[PointType]:
    """The points in their order. Before each, how many are left and how long they take at the pace so far."""
    pace, spent, expected = 1.0, 0.0, 0.0
    for number, point in enumerate(left):
        minutes = pace * sum(each.seconds for each in left[number:]) / 60
        print(f"{len(left) - number} left, about {minutes:.0f} minutes; now {point}", flush=True)
        begun = time.monotonic()
        yield point
        spent, expected = spent + time.monotonic() - begun, expected + point.seconds
        pace = spent / expected
