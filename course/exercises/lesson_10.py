"""Checks of the exercises of lesson 10."""

from collections.abc import Mapping

from course.exercises.cases import as_truth, tried
from course.files import read_toml
from course.paths import DATA

_FILE = read_toml(DATA / "decision_cases.toml")
CASES, REASONS = _FILE["cases"], _FILE["reasons"]
TURNS = CASES["C"]["turns"]
CLOSE_ENOUGH = 0.05  # of the threshold

# gates, points, whether the case is ready for fine-tuning
CHECKED = (
    ({"evaluation set": True, "no facts": True}, {"labels": True, "budget": True}, True),
    ({"evaluation set": False, "no facts": True}, dict.fromkeys("abcdefghij", True), False),
    ({"evaluation set": True, "no facts": True}, {"labels": True, "budget": False}, False),
    ({"evaluation set": False, "no facts": False}, {"labels": False, "budget": False}, False),
)


def _decides_the_three(choices: Mapping[str, tuple[str | None, str | None]]) -> str | None:
    for name, case in CASES.items():
        rung, reason = choices[name]
        if rung is None or reason is None:
            return f"case {name} has no rung or no reason yet."
        if reason not in REASONS:
            return f"{reason!r} is not a reason; choose one of {', '.join(REASONS)}."
        if rung != case["next"]:
            return f"case {name} does not go to {rung!r} next. Which of its facts stands in the way?"
        if reason != case["reason"]:
            return f"case {name} goes to {rung!r}, and what decides that is not {REASONS[reason]!r}."
    return None


def _keeps_every_gate(ready: object) -> str | None:
    sentence = "with the gates {0} and the points {1} it gives {given}, not {right}."
    return tried(ready, CHECKED, sentence, as_truth)


def _turns_case_c(turn: tuple[str, str, float]) -> str | None:
    name, direction, threshold = turn
    if name not in TURNS:
        return f"this exercise knows the thresholds of {', '.join(TURNS)}, and not of {name!r}."
    right = TURNS[name]
    if direction != right["direction"]:
        return f"however far {name} goes {direction}, the advice stays."
    if abs(threshold - right["at"]) <= CLOSE_ENOUGH * right["at"]:
        return None
    short = (threshold > right["at"]) == (direction == "down")
    where = "still the same" if short else "another one already before"
    return f"at {threshold:,g} the advice is {where}."


CHECKS = {"10.1": _decides_the_three, "10.2": _keeps_every_gate, "10.3": _turns_case_c}
