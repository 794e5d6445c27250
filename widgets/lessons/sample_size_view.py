"""The explorer of lesson 08: how many tickets an evaluation needs to see a difference."""

from collections.abc import Mapping, Sequence

from ipywidgets import HTML

from course.errors import CourseError
from course.measuring.results import percent
from widgets.controls import Slider
from widgets.explorer import Explorer, table
from widgets.lessons.sample_size_model import (
    DetectionGoal,
    in_words,
    pairs,
    possible_disagreement,
    tickets_each,
)

ACCURACIES = [50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 97, 99]
DIFFERENCES = [1, 2, 3, 4, 5, 7, 10, 15, 20]
DISAGREE = [1, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 40]
POWERS = [50, 70, 80, 90, 95]
ALPHAS = [0.1, 0.5, 1, 5, 10]
HEAD = ("difference, points", "same tickets for both", "different tickets, each")


class SampleSize(Explorer):
    """Sliders, the answer in words and a table over the differences: `SampleSize({"the test set": 360})`.

    `own` are the reader's own sets: what each is called, and its tickets. `disagree` is the share of tickets,
    0 to 1, on which two of the reader's rungs disagreed; the nearest stop is chosen at first.
    """

    def __init__(self, own: Mapping[str, int], accuracy: float = 0.8, disagree: float = 0.15) -> None:
        self._own = dict(own)
        self.accuracy = Slider("Right now", ACCURACIES, _nearest(100 * accuracy, ACCURACIES), unit="%")
        self.difference = Slider("Difference to see", DIFFERENCES, value=5, unit="points")
        self.disagree = Slider(
            "Only one of the two is right", DISAGREE, _nearest(100 * disagree, DISAGREE), unit="%"
        )
        self.power = Slider("Chance to see it (power)", POWERS, value=80, unit="%")
        self.alpha = Slider("Chance to be fooled (alpha)", ALPHAS, value=5, unit="%")
        self.table = HTML()
        super().__init__([self.accuracy, self.difference, self.disagree, self.power, self.alpha], self.table)

    def draw(self) -> None:
        try:
            goal = self._goal(self.difference.value)
            self.say(in_words(goal, self._own) + self._note(goal))
        except CourseError as error:  # two controls can ask for more than 100% right
            self.say(str(error))
        rows = [self._row(difference) for difference in DIFFERENCES]
        self.table.value = table("Tickets needed", HEAD, rows, DIFFERENCES.index(self.difference.value))

    def _goal(self, points: float) -> DetectionGoal:
        """What the controls ask, with the share on which one is right moved to the nearest that can be."""
        accuracy, difference = self.accuracy.value / 100, points / 100
        least, most = possible_disagreement(accuracy, difference)
        disagree = max(least, min(most, self.disagree.value / 100))
        return DetectionGoal(accuracy, difference, disagree, self.power.value / 100, self.alpha.value / 100)

    def _note(self, goal: DetectionGoal) -> str:
        if abs(100 * goal.disagree - self.disagree.value) < 0.01:
            return ""
        return f" ({self.disagree.value:g}% is not possible here; {percent(goal.disagree)}% is used.)"

    def _row(self, points: float) -> list[str]:
        try:
            goal = self._goal(points)
        except CourseError:
            return [f"{points:g}", "not possible", "not possible"]
        return [f"{points:g}", f"{pairs(goal):,}", f"{tickets_each(goal):,}"]


def _nearest(value: float, stops: Sequence[float]) -> float:
    return min(stops, key=lambda stop: abs(stop - value))
