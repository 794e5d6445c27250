"""Several rungs in a row: what each reached, and whether it helped against the one before it."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import pandas as pd
from statsmodels.stats.multitest import multipletests

from course.measuring.results import LEVEL, Comparison, Result, compare, duration, percent

HELPED, HURT, UNDECIDED = "helped", "hurt", "undecided"
Question = TypeVar("Question", bound=Hashable)
# The comparisons of one question, one for each seed, with their corrected p-values.
Judged = Sequence[tuple[Comparison, float]]
_COLUMNS = "right,interval,points,the step,p,turned right / wrong,valid,tokens in,time".split(",")


def verdict(step: Comparison, p: float | None = None) -> str:
    """Whether `step.a` HELPED or HURT against `step.b`, or is UNDECIDED: chance can explain the difference.

    `p` is the p-value to go by where several were corrected together; by default the step's own.
    """
    if (step.p_value if p is None else p) >= LEVEL:
        return UNDECIDED
    return HELPED if step.difference > 0 else HURT


def climb(*results: Result) -> pd.DataFrame:
    """A row for each result: right and valid with their share, tokens, seconds, and the step to it.

    The step is that from the result before. Its p-value is McNemar's, with Holm's correction for all steps.
    """
    steps = [compare(after, before) for before, after in pairwise(results)]
    rows = [reached(result) for result in results]
    for row, step, p in zip(rows[1:], steps, corrected(steps), strict=True):
        row |= _step(step, p)
    table = pd.DataFrame(rows).set_index("rung").fillna("").rename_axis(index=None, columns="rung")
    # The verdict is to the left of what a narrow screen cuts off.
    return table[[column for column in _COLUMNS if column in table]]


def in_sentences(*steps: Comparison) -> str:
    """A sentence for each comparison that is true whatever came out.

    The p-values of several are corrected together, as in `climb`.
    """
    note = f", corrected for {len(steps)} comparisons" if len(steps) > 1 else ""
    return "\n".join(_sentence(step, p, note) for step, p in zip(steps, corrected(steps), strict=True))


def pairs_table(steps: Mapping[str, Comparison]) -> pd.DataFrame:
    """A row for each named comparison, with the columns of a step in `climb` and corrected as there."""
    rows = [_step(step, p) for step, p in zip(steps.values(), corrected(list(steps.values())), strict=True)]
    return pd.DataFrame(rows, index=list(steps))


def corrected(steps: Sequence[Comparison]) -> Sequence[float]:
    """McNemar's p-value of each step, by Holm's method for all of them."""
    return multipletests([step.p_value for step in steps], method="holm")[1] if steps else []


def by_question(
    pairs: Mapping[tuple[Question, int], Comparison],
) -> dict[Question, list[tuple[Comparison, float]]]:
    """Each question's comparisons, one for each seed, with McNemar's p-value corrected for all pairs."""
    found: dict[Question, list[tuple[Comparison, float]]] = {}
    for ((question, _), step), p in zip(pairs.items(), corrected(list(pairs.values())), strict=True):
        found.setdefault(question, []).append((step, p))
    return found


def verdicts_table(pairs: Mapping[tuple[Hashable, int], Comparison]) -> pd.DataFrame:
    """A row for each question: at how many seeds the change helped or hurt, and by how many points.

    McNemar's p-values of all pairs are corrected together.
    """
    rows = {
        question: {"verdict": verdicts_in_words(found), "points": points_span(found)}
        for question, found in by_question(pairs).items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["verdict", "points"])


def verdicts_in_words(found: Judged, said: Sequence[str] = (HELPED, HURT, UNDECIDED)) -> str:
    """Such as "helped at 2 of 3 seeds, undecided at 1"; one word for one seed. `said` names the verdicts."""
    verdicts = [verdict(step, p) for step, p in found]
    words = dict(zip((HELPED, HURT, UNDECIDED), said, strict=True))
    if len(verdicts) == 1:
        return words[verdicts[0]]
    first, *others = [f"{word} at {verdicts.count(kind)}" for kind, word in words.items() if kind in verdicts]
    return ", ".join((f"{first} of {len(verdicts)} seeds", *others))


def points_span(found: Judged, digits: int = 1) -> str:
    """The lowest and the highest difference of the seeds in percentage points."""
    points = sorted(100 * step.difference for step, _ in found)
    return " to ".join(dict.fromkeys(f"{end:+.{digits}f}" for end in (points[0], points[-1])))


def _sentence(step: Comparison, p: float, note: str) -> str:
    counted = f"{step.only_a} of {step.n} turned right and {step.only_b} wrong, p = {p:.2g}{note}"
    if verdict(step, p) == UNDECIDED:
        return f"Undecided whether '{step.a}' is better than '{step.b}': {counted}."
    points = f"{100 * abs(step.difference):.0f} points"
    return f"'{step.a}' is {step.direction} than '{step.b}' by {points}: {counted}."


def _step(step: Comparison, p: float) -> dict[str, str]:
    return {
        "points": f"{100 * step.difference:+.0f}",
        "the step": verdict(step, p),
        "p": f"{p:.2g}",
        "turned right / wrong": f"{step.only_a} / {step.only_b}",
    }


def reached(result: Result) -> dict[str, str]:
    """What a result reached, in words: its name, what is right with its interval, and what a row takes."""
    low, high = result.interval
    return {
        "rung": result.name,
        "right": f"{percent(result.accuracy)}%",
        "interval": f"{100 * low:.0f} to {100 * high:.0f}%",
        "valid": f"{percent(result.valid)}%",
        "tokens in": "-" if result.input_tokens is None else f"{result.input_tokens:.0f}",
        "time": "-" if result.seconds is None else duration(result.seconds),
    }
