"""Checks of the exercises of lesson 09."""

from math import isclose

from course.exercises.cases import near, tried

# fixed and per output of A, fixed and per output of B, outputs a month from which B is the cheaper one
BREAK_EVENS = (
    (0, 0.06, 5_960, 0.0004, 100_000.0),
    (200, 0.005, 6_200, 0.0002, 1_250_000.0),
    (0, 0.002, 500, 0.001, 500_000.0),
)
NEVER = ((300, 0.001, 900, 0.001, None), (300, 0.001, 900, 0.004, None))
# The invented case of exercise 09.2, in $ and outputs a month
SAVED_PER_OUTPUT, UNIT, CAPACITY, UPKEEP = 0.0014, 1_000, 1_000_000, 150
TURNS_AT = (2 * CAPACITY, (3 * UNIT + UPKEEP) / SAVED_PER_OUTPUT)
# The parts of a bill that the business case of exercise 09.3 names, and those that it forgets
NAMED = {"set-up", "labels", "training", "tokens", "hosting", "review"}
FORGOTTEN = {"errors", "upkeep", "evaluation", "retraining"}
# what B saves at the low and at the high value of each input, the inputs that can turn the verdict
SWINGS: tuple[tuple[dict[str, tuple[int, int]], list[str]], ...] = (
    ({"volume": (-90, 10), "rate": (-60, -20), "labels": (-42, -38)}, ["volume"]),
    ({"hosting": (500, 100), "volume": (-50, 350), "error cost": (-1, 240)}, ["volume", "error cost"]),
    ({"rate": (10, 40), "labels": (5, 30)}, []),
)


def _breaks_even(break_even: object) -> str | None:
    case = "A at {0:,} and {1} each against B at {2:,} and {3} each, in dollars, "
    at = case + "break even at {right:,.0f} outputs a month, and it gives {given}."
    never = case + "never break even, for B saves nothing; and it gives {given}."
    return tried(break_even, BREAK_EVENS, at, near) or tried(break_even, NEVER, never)


def _names_both_turns(turns: tuple[float, float]) -> str | None:
    for given, right, what in zip(turns, TURNS_AT, ("the third unit is added", "it has paid"), strict=True):
        if not isclose(given, right, rel_tol=0.005):
            return f"{given:,.0f} is not the volume at which {what}."
    return None


def _names_what_is_forgotten(missing: set[str]) -> str | None:
    missing = set(missing)
    unknown = missing - NAMED - FORGOTTEN
    if unknown:
        return f"{sorted(unknown)[0]!r} is not a part of a bill; take the names of the table above."
    if missing & NAMED:
        return f"the case does speak of {sorted(missing & NAMED)[0]!r}."
    left = len(FORGOTTEN - missing)
    return None if left == 0 else f"{len(missing)} found, {left} still missing."


def _names_the_turning_inputs(deciding: object) -> str | None:
    sentence = "of {0} it names {given}, and these can turn the verdict: {right}."
    return tried(deciding, SWINGS, sentence, lambda given, right: set(given) == set(right))


CHECKS = {
    "09.1": _breaks_even,
    "09.2": _names_both_turns,
    "09.3": _names_what_is_forgotten,
    "09.4": _names_the_turning_inputs,
}
