"""What the control of lesson 01 says about a choice of prompt parts: plain words, no display."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from course.errors import CourseError
from course.measuring.results import wilson
from course.rungs.summaries import PARTS


@dataclass(frozen=True)
class Score:
    """How many of `n` lines passed every checker, and the mean tokens of one request."""

    passed: int
    n: int
    tokens: float

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.n or self.n == 0:
            raise CourseError(f"{self.passed} of {self.n} is no score; count from 0 to n, n at least 1.")


Measured = Mapping[frozenset[str], Score]


def sentence(chosen: Collection[str], measured: Measured, count: Callable[[], int]) -> str:
    """The parts that are on, the tokens of one request, and the share that passed.

    `count()` is asked for the tokens only where the choice was not measured.
    """
    on = ", ".join(part for part in PARTS if part in chosen) or "none, the vague prompt"
    score = measured.get(frozenset(chosen))
    tokens = count() if score is None else score.tokens
    return f"Parts on: {on}. One request has about {tokens:,.0f} tokens. {_in_words(score)}"


def _in_words(score: Score | None) -> str:
    if score is None:
        return "This choice was not measured."
    low, high = wilson(score.passed, score.n)
    share = f"{score.passed / score.n:.0%} ({low:.0%} to {high:.0%})"
    return f"Measured: {score.passed} of {score.n} lines pass every checker, {share}."
