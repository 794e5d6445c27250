"""How many tickets it takes to see a difference between two approaches, on different or on the same ones.

Both formulas are statsmodels' normal approximations. For pairs it is Connor's (Biometrics 43, 1987, p. 207),
with the 1 / difference more that McNemar's exact test needs, which is the test of `compare()`.
"""

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from statsmodels.stats.power import normal_sample_size_one_tail
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from course.errors import CourseError
from course.measuring.results import percent


@dataclass(frozen=True)
class DetectionGoal:
    """What the evaluation is to see: `accuracy` now against `accuracy + difference`.

    `disagree` is the share of tickets that only one of the two gets right. `power` is the chance of seeing
    the difference if it is there, `alpha` the chance of seeing one that is not. All are 0 to 1.
    CourseError for a value out of its range, or for a disagreement that the two accuracies rule out.
    """

    accuracy: float
    difference: float
    disagree: float
    power: float = 0.8
    alpha: float = 0.05

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < 1:
                raise CourseError(f"{name} is {value}; give a share between 0 and 1.")
        if self.power <= self.alpha:
            raise CourseError(f"power is {self.power}; it has to be above alpha, {self.alpha}.")
        better = self.accuracy + self.difference
        if better > 1:
            raise CourseError(
                f"{percent(self.accuracy)}% and {percent(self.difference)} points more is above 100%; "
                "ask for a smaller difference."
            )
        least, most = possible_disagreement(self.accuracy, self.difference)
        if not least - 1e-9 <= self.disagree <= most + 1e-9:
            raise CourseError(
                f"Between {percent(self.accuracy)}% and {percent(better)}%, from {percent(least)} to "
                f"{percent(most)}% of the tickets are right with one of the two only, and not "
                f"{percent(self.disagree)}%."
            )


def possible_disagreement(accuracy: float, difference: float) -> tuple[float, float]:
    """The smallest and the largest share of tickets, 0 to 1, that only one of the two can get right."""
    better = accuracy + difference
    return difference, min(2 - accuracy - better, accuracy + better)


def tickets_each(goal: DetectionGoal) -> int:
    """Tickets that each of the two needs when they answer different ones (test of two proportions)."""
    needed = samplesize_proportions_2indep_onetail(
        goal.difference, goal.accuracy, goal.power, alpha=goal.alpha
    )
    return math.ceil(needed)


def pairs_by_connor(goal: DetectionGoal) -> float:
    """Tickets that both answer, by Connor's formula: for McNemar's test without a correction."""
    return float(
        normal_sample_size_one_tail(
            goal.difference,
            goal.power,
            goal.alpha / 2,
            std_null=math.sqrt(goal.disagree),
            std_alternative=math.sqrt(max(goal.disagree - goal.difference**2, 0)),
        )
    )


def pairs(goal: DetectionGoal) -> int:
    """Tickets that both have to answer, for McNemar's exact test."""
    return math.ceil(pairs_by_connor(goal) + 1 / goal.difference)


def smallest_difference(
    tickets: int, disagree: float, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """The smallest difference, 0 to 1, that so many tickets answered by both can show; None if none is.

    A difference cannot be larger than the share of tickets on which the two disagree.
    """

    def missing(difference: float) -> float:
        # Half way between the two accuracies nothing but `disagree` bounds the difference.
        goal = DetectionGoal((1 - difference) / 2, difference, disagree, power, alpha)
        return pairs_by_connor(goal) + 1 / difference - tickets

    if missing(disagree) > 0:
        return None
    return float(brentq(missing, 1e-6, disagree))


def in_words(goal: DetectionGoal, own: dict[str, int]) -> str:
    """The answer in sentences. `own` are the reader's own sets: what each is called, and its tickets."""
    better = goal.accuracy + goal.difference
    words = [
        f"To tell {percent(goal.accuracy)}% from {percent(better)}% right, with a chance of "
        f"{percent(goal.power)}% of seeing it and of {percent(goal.alpha)}% of being fooled by luck: "
        f"{pairs(goal):,} tickets if both answer the same ones and only one of the two is right "
        f"on {percent(goal.disagree)}%; {tickets_each(goal):,} for each if the tickets differ."
    ]
    for name, tickets in own.items():
        least = smallest_difference(tickets, goal.disagree, goal.power, goal.alpha)
        seen = "no difference at all" if least is None else f"a difference of {percent(least)} points or more"
        words.append(f"{name.capitalize()} ({tickets}) can show {seen}.")
    return " ".join(words)
