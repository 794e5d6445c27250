"""Exercises of lesson 08."""

from collections.abc import Callable

from course.exercises.checking import Exercise

# low, high, accepted, where the interval lies
PLACES = (
    (0.91, 0.96, 0.90, "above"),
    (0.83, 0.96, 0.90, "undecided"),
    (0.70, 0.85, 0.90, "below"),
    (0.90, 0.97, 0.90, "above"),
    (0.70, 0.90, 0.90, "undecided"),
)
# share that passes, sensitivity, specificity, the share that is right
JUDGED = (
    (0.69, 0.90, 0.80, 0.70),
    (0.60, 1.00, 1.00, 0.60),
    (0.45, 0.60, 0.70, 0.50),
    (0.95, 0.90, 0.80, 1.0),
    (0.10, 0.90, 0.80, 0.0),
    (1.00, 1.00, 0.00, None),
    (0.50, 0.40, 0.50, None),
)


def _places_every_interval(where: Callable[[float, float, float], str]) -> str | None:
    for low, high, accepted, right in PLACES:
        given = where(low, high, accepted)
        if given != right:
            return (
                f"{low:.2f} to {high:.2f}, with {accepted:.2f} accepted, is {right!r}, and it says {given!r}."
            )
    return None


def _corrects_every_judge(corrected: Callable[[float, float, float], float | None]) -> str | None:
    for passed, sensitivity, specificity, right in JUDGED:
        given = corrected(passed, sensitivity, specificity)
        if right is None or given is None:
            is_right = given is right
        else:
            is_right = abs(given - right) < 0.001
        if not is_right:
            return (
                f"a judge that passes {passed:.0%}, with sensitivity {sensitivity:.2f} and specificity "
                f"{specificity:.2f}, gives {given}, not {right}."
            )
    return None


EXERCISES = [
    Exercise(
        id="08.1",
        title="Above, below or undecided",
        stub='''\
def where(low, high, accepted):
    """Where the interval from low to high lies: "above", "below" or "undecided"."""
    return "above" if (low + high) / 2 >= accepted else "below"''',
        answer="where",
        hints=(
            "The middle does not matter. Which end has to reach what is accepted before you may say above?",
            "Above: the low end reaches it. Below: the high end does not. Everything else is undecided.",
        ),
        solution='''\
def where(low, high, accepted):
    """Where the interval from low to high lies: "above", "below" or "undecided"."""
    if low >= accepted:
        return "above"
    return "below" if high < accepted else "undecided"''',
        check=_places_every_interval,
        why="Three answers, and the third one is the commonest on a small sample.",
    ),
    Exercise(
        id="08.2",
        title="A judge, corrected",
        stub='''\
def corrected(passed, sensitivity, specificity):
    """The share that is right, 0 to 1, from the share that the judge passed. None if it cannot be known."""
    return passed''',
        answer="corrected",
        hints=(
            "passed = right x sensitivity + (1 - right) x (1 - specificity). Solve that for right.",
            "right = (passed + specificity - 1) / (sensitivity + specificity - 1).",
            "Nothing is known when sensitivity + specificity is 1 or less. And a share stays from 0 to 1.",
        ),
        solution='''\
def corrected(passed, sensitivity, specificity):
    """The share that is right, 0 to 1, from the share that the judge passed. None if it cannot be known."""
    better_than_chance = sensitivity + specificity - 1
    if better_than_chance <= 0:
        return None
    return min(1, max(0, (passed + specificity - 1) / better_than_chance))''',
        check=_corrects_every_judge,
        why="A judge whose errors are known can be corrected. One at the level of chance can not.",
    ),
]
