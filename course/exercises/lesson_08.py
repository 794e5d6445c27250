"""Checks of the exercises of lesson 08."""

from course.exercises.cases import near, tried

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


def _places_every_interval(where: object) -> str | None:
    sentence = "{0:.2f} to {1:.2f}, with {2:.2f} accepted, is {right!r}, and it says {given!r}."
    return tried(where, PLACES, sentence)


def _corrects_every_judge(corrected: object) -> str | None:
    sentence = (
        "a judge that passes {0:.0%}, with sensitivity {1:.2f} and specificity {2:.2f}, "
        "gives {given}, not {right}."
    )
    return tried(corrected, JUDGED, sentence, near)


CHECKS = {"08.1": _places_every_interval, "08.2": _corrects_every_judge}
