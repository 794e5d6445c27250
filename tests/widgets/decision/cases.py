"""Cases for the tests of the decision: one that is ready for fine-tuning, and any number at random."""

import random
from dataclasses import replace
from typing import Any

from widgets.decision.answers import Answers
from widgets.decision.tables import QUESTIONS, TRIABLE

ALL = frozenset(TRIABLE) - {"tuned"}
# Nothing is left to try and nothing is missing.
READY = Answers(
    wrong=frozenset({"behaviour"}),
    tried=ALL,
    prompt_maximised=True,
    evaluation_rows=1_000,
    failure_rate=0.12,
    accepted_rate=0.08,
    failures_sorted=True,
    spread="alike",
    changes="yearly",
    stable_months=12,
    reviewed=False,
    volume=2_000_000,
    labels=800,
    labelled_by="experts",
    curation_budget=True,
    retraining_budget=True,
    cost_says="costs less",
)


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
