"""Exercises of lesson 10."""

from collections.abc import Callable, Mapping

from course.exercises.checking import Exercise
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
            return f"case {name} does not go to {rung!r} next. Which fact of it stands in the way?"
        if reason != case["reason"]:
            return f"case {name} goes to {rung!r}, and what decides that is not {REASONS[reason]!r}."
    return None


def _keeps_every_gate(ready: Callable[[dict[str, bool], dict[str, bool]], bool]) -> str | None:
    for gates, points, right in CHECKED:
        given = ready(dict(gates), dict(points))
        if bool(given) != right:
            shut = [name for name, holds in (gates | points).items() if not holds]
            return f"with {', '.join(shut) or 'nothing'} missing it gives {given}, not {right}."
    return None


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


EXERCISES = [
    Exercise(
        id="10.1",
        title="Three cases",
        stub="""\
my_choices = {  # for each case (rung, reason)
    "A": (None, None),
    "B": (None, None),
    "C": (None, None),
}""",
        answer="my_choices",
        hints=(
            "Look for a gate first: a single fact that stands in the way, whatever speaks for it.",
            "A asks for something that training does not teach. B cannot say how often it is wrong.",
            "In C look for what is missing. If nothing is, that is an answer too.",
        ),
        solution="""\
my_choices = {  # for each case (rung, reason)
    "A": ("retrieval", "facts"),
    "B": ("benchmark", "evaluation"),
    "C": ("fine_tune", "ready"),
}""",
        check=_decides_the_three,
        why="Two of them have volume, labels and budget, and one fact decides all the same.",
    ),
    Exercise(
        id="10.2",
        title="A score, or gates",
        stub='''\
def ready(gates, points):
    """Whether to fine-tune. gates and points: {name: whether it holds}."""
    held = [*gates.values(), *points.values()]
    return sum(held) / len(held) > 0.8''',
        answer="ready",
        hints=(
            "With a share, eleven good points outvote a missing evaluation set.",
            "What has to be true of each of them?",
        ),
        solution='''\
def ready(gates, points):
    """Whether to fine-tune. gates and points: {name: whether it holds}."""
    return all([*gates.values(), *points.values()])''',
        check=_keeps_every_gate,
        why="A score lets strong points pay for a missing one. Training cannot.",
    ),
    Exercise(
        id="10.3",
        title="Where case C turns",
        stub="""\
my_turn = None  # (input, "up" or "down", threshold), such as ("labels", "up", 5_000)""",
        answer="my_turn",
        hints=(
            "How many examples does the check list ask for? How many months of a stable task?",
            "Go down from 800 labels, or from 12 months. From which value on is a point open?",
        ),
        solution='my_turn = ("labels", "down", 499)',
        check=_turns_case_c,
        why="A threshold written down beforehand is one that nobody can move later without saying so.",
    ),
]
