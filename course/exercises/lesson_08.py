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
# name -> (right on dev, right on test), what to report
REPORTED = (
    ({"A": (0.70, 0.72), "B": (0.81, 0.78), "C": (0.79, 0.84), "D": (0.66, 0.60)}, ("B", 0.78)),
    ({"A": (0.90, 0.81), "B": (0.80, 0.85)}, ("A", 0.81)),
    ({"A": (0.50, 0.55)}, ("A", 0.55)),
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


def _reports_what_took_no_part_in_the_choice(choose: object) -> str | None:
    return tried(choose, REPORTED, "of {0} it reports {given!r}, not {right!r}.")


CHECKS = {
    "08.1": _places_every_interval,
    "08.2": _corrects_every_judge,
    "08.3": _reports_what_took_no_part_in_the_choice,
}
