"""A cascade: a cheap head answers where it is sure, and a model is asked where it is not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import pandas as pd

from course.errors import CourseError
from course.measuring.climb import reached
from course.measuring.results import Result, compare, money
from course.rungs.baselines import TrainedHead
from course.rungs.routing import HasText

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0)  # of the rows, passed on to the model
Row = TypeVar("Row", bound=HasText)


def cascade(head: TrainedHead, ask: Callable[[Row], str], limit: float) -> Callable[[Row], str]:
    """The head's answer where its confidence is above `limit`, elsewhere that of `ask`."""
    return lambda row: head(row) if head.confidence(row) > limit else ask(row)


def limit_for(share: float, confidences: Sequence[float]) -> float:
    """The confidence up to which a row is passed on, so that this share of the rows is: 0 none, 1 all."""
    if not 0 <= share <= 1:
        raise CourseError(f"The share passed on is {share}; give 0 (none) to 1 (all).")
    passed_on = round(share * len(confidences))
    return sorted(confidences)[passed_on - 1] if passed_on else 0.0


def combined(head: Result, model: Result, confidence: Mapping[str, float], limit: float) -> Result:
    """What a cascade of two measured results reaches on their rows. `confidence` is the head's, by row id.

    Nothing is asked again: each row has the outcome, the seconds and the cost of whoever answers it.
    """
    compare(head, model)  # CourseError where the rows differ
    asked = {row.id: row for row in model.outcomes}
    outcomes = tuple(row if confidence[row.id] > limit else asked[row.id] for row in head.outcomes)
    share = sum(confidence[row.id] <= limit for row in head.outcomes) / head.n
    return replace(model, name=f"cascade, {share:.0%} passed on", outcomes=outcomes, note="")


def curve(head: Result, model: Result, confidence: Mapping[str, float]) -> list[tuple[float, Result]]:
    """(limit, what the cascade reaches with it) for each of `SHARES`, the fewest passed on first."""
    limits = [limit_for(share, list(confidence.values())) for share in SHARES]
    return [(limit, combined(head, model, confidence, limit)) for limit in limits]


def chosen(tried: Sequence[tuple[float, Result]]) -> tuple[float, Result]:
    """The most accurate of a curve; of several equal ones the one that passes on fewest."""
    return max(tried, key=lambda each: (each[1].right, -each[0]))


def table(tried: Sequence[tuple[float, Result]]) -> pd.DataFrame:
    """A curve in words: what is right, with its interval, and what a row takes."""
    rows = [
        reached(result) | {"limit": f"{limit:.2f}", "cost of 1,000": money(result.cost_per_1000)}
        for limit, result in tried
    ]
    return pd.DataFrame(rows).set_index("rung")[["limit", "right", "interval", "time", "cost of 1,000"]]
