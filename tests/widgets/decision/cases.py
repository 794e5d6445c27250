"""Cases for the tests of the decision: one that is ready for fine-tuning, and any number at random."""

import random
from dataclasses import replace
from typing import Any

from widgets.decision.answers import Answers
from widgets.decision.tables import QUESTIONS, TRIABLE

ALL = frozenset(TRIABLE) - {"tuned"}
# Nothing is left to try and nothing is missing.
_HAS = {"wrong": frozenset({"behaviour"}), "tried": ALL, "evaluation_rows": 1_000, "labels": 800}
_HAS |= {
    "failure_rate": 0.12,
    "accepted_rate": 0.08,
    "spread": "alike",
    "stable_months": 12,
    "volume": 2_000_000,
}
_HAS |= {"changes": "yearly", "labelled_by": "experts", "cost_says": "costs less", "reviewed": False}
_SETTLED = ("prompt_maximised", "failures_sorted", "curation_budget", "retraining_budget")
READY = Answers(**_HAS, **dict.fromkeys(_SETTLED, True))


def case(**values: Any) -> Answers:
    """READY with some other answers."""
    return replace(READY, **values)


def answers_of(seed: int) -> Answers:
    """Any answers on offer; every second case is near fine-tuning with a few of them changed."""
    chosen, values = random.Random(seed), {}
    for question in chosen.sample(QUESTIONS, chosen.randint(1, 4)) if seed % 2 else QUESTIONS:
        options = list(question.options)
        many = chosen.sample(options, chosen.randint(0, len(options))) if question.many else None
        values[question.name] = chosen.choice(options) if many is None else many
    start = READY if seed % 2 else Answers()
    return replace(start, **values, measured_on="a {rung}, 72 tickets" if seed % 3 else "")
