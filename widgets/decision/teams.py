"""Teams that tried every rung, with all combinations of some answers: how many are sent to fine-tuning?"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from widgets.decision.answers import Answers
from widgets.decision.tables import PROBLEMS, TRIABLE

VARIED: Mapping[str, Sequence[Any]] = {
    "wrong": [{problem} for problem in PROBLEMS],
    "evaluation_rows": [0, 1_000],
    "failure_rate": [0.03, 0.2],
    "prompt_maximised": [False, True],
    "changes": ["weekly", "quarterly", "yearly"],
    "labels": [100, 300, 800],
    "labelled_by": ["a model", "people", "experts"],
    "volume": [3_000, 50_000, 2_000_000],
    "reviewed": [True, False],
    "curation_budget": [False, True],
    "retraining_budget": [False, True],
}
"""The answers that differ from team to team."""

SAME: Mapping[str, Any] = {
    "tried": set(TRIABLE) - {"tuned"},
    "cost_says": "costs less",
    "failures_sorted": True,
    "spread": "alike",
    "stable_months": 12,
}
"""The answers that all teams share: in all of them fine-tuning has its best chance."""


def teams() -> list[Answers]:
    """One team for each combination, some forty thousand."""
    return [Answers(**SAME, **dict(zip(VARIED, each, strict=True))) for each in product(*VARIED.values())]
