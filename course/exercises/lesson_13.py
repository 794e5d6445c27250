"""Checks of the exercises of lesson 13."""

import random
from collections.abc import Callable, Sequence

TEXTS = tuple(f"report {number} about {what}" for number in range(40) for what in ("a lamp", "a bin"))
# (name, right on dev, $ for 1,000) of each rung, and the one to take to test
RUNGS = (
    ((("floor", 5, 0.0), ("head", 21, 0.1), ("examples", 24, 0.4)), "examples"),
    ((("floor", 5, 0.0), ("examples", 24, 0.4), ("head", 24, 0.1)), "head"),
    ((("schema", 28, 2.0), ("examples", 28, 1.5), ("floor", 27, 0.0)), "examples"),
)


def _stays(my_dev: Callable[[list[str]], Sequence[str]]) -> str | None:
    texts = list(TEXTS)
    first = list(my_dev(texts))
    if unknown := [text for text in first if text not in TEXTS]:
        return f"{unknown[0]!r} is not one of the texts; return texts as they are."
    if not 8 <= len(first) <= 28:
        return f"of {len(TEXTS)} texts {len(first)} are in dev; about a fifth should be."
    mixed = random.Random(13).sample(texts, len(texts))
    if moved := set(first) ^ set(my_dev(mixed)):
        return f"in another order of the file {len(moved)} texts change their place, such as {min(moved)!r}."
    fewer = texts[len(texts) // 2 :]
    if moved := (set(first) & set(fewer)) ^ set(my_dev(fewer)):
        return f"with half of the file {len(moved)} texts change their place, such as {min(moved)!r}."
    if set(first) == set(sorted(texts)[: len(first)]) or set(first) == set(sorted(texts)[-len(first) :]):
        return "dev is one end of the alphabet, so it is of another kind than the rest."
    return None


def _chooses(my_choice: Callable[[list[tuple[str, int, float]]], str]) -> str | None:
    for rungs, right in RUNGS:
        chosen = my_choice(list(rungs))
        if chosen != right:
            shown = "; ".join(f"{name} {rows} right, {cost:g} dollars" for name, rows, cost in rungs)
            return f"of ({shown}) it takes {chosen!r}."
    return None


CHECKS = {"13.1": _stays, "13.2": _chooses}
