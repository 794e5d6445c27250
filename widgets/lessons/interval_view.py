"""The control of lesson 00: how far a measured share may be from the true one, by the number of tickets."""

from ipywidgets import HTML, VBox

from course.measuring.gap import ABOVE, BELOW, UNDECIDED, position
from course.measuring.results import percent, wilson
from widgets.chart import BLUE
from widgets.controls import Slider
from widgets.text import say

STOPS = (18, 36, 72, 144, 288, 576, 1152)  # halves and doubles of the lessons' sample
AGAINST_THE_BAR = {
    ABOVE: "All of it reaches",
    BELOW: "All of it lies below",
    UNDECIDED: "These tickets cannot tell on which side it lies of",
}


class IntervalBar(VBox):
    """A slider for the number of tickets and the interval of one share, as a bar and in words.

    IntervalBar(0.7, 0.85) shows a rung that is right on 70% of however many tickets there are, and a mark at
    the 85% from which it would be good enough.
    """

    def __init__(self, share: float, good_enough: float) -> None:
        self._share = share
        self._good_enough = good_enough
        self.tickets = Slider("Tickets measured", STOPS, 72, unit="tickets")
        self.bar, self.words = HTML(), HTML()
        self.tickets.observe(lambda _: self._draw(), names="position")
        self._draw()
        super().__init__([self.tickets, self.bar, self.words])

    def _draw(self) -> None:
        n = int(self.tickets.value)
        right = round(self._share * n)
        low, high = wilson(right, n)
        place = f"margin-left: {low:.1%}; width: {high - low:.1%}"
        mark = f"left: {self._good_enough:.1%}; top: -4px; height: 18px; border-left: 2px solid"
        self.bar.value = (
            '<div style="max-width: 570px; padding-top: 4px">'
            '<div style="position: relative; background: #eee">'
            f'<div style="{place}; height: 10px; background: {BLUE}"></div>'
            f'<div style="position: absolute; {mark}"></div></div>'
            '<div style="display: flex; justify-content: space-between">'
            "<span>0%</span><span>100%</span></div></div>"
        )
        say(
            self.words,
            f"{right} of {n} right is {percent(right / n)}%. The true share may lie anywhere from "
            f"{100 * low:.0f} to {100 * high:.0f}%: {100 * (high - low):.0f} points.",
            f"{AGAINST_THE_BAR[position((low, high), self._good_enough)]} the "
            f"{percent(self._good_enough)}% that would be good enough, the mark in the picture.",
        )
