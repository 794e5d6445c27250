"""The control of lesson 00: how far a measured share may be from the true one, by the number of tickets."""

from ipywidgets import HTML, VBox

from course.measuring.results import percent, wilson
from widgets.chart import BLUE
from widgets.controls import Slider
from widgets.text import say

STOPS = (18, 36, 72, 144, 288, 576, 1152)  # halves and doubles of the lessons' sample


class IntervalBar(VBox):
    """A slider for the number of tickets and the interval of one share, as a bar and in words.

    IntervalBar(0.7) shows a rung that is right on 70 % of however many tickets there are.
    """

    def __init__(self, share: float) -> None:
        self._share = share
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
        self.bar.value = (
            '<div style="max-width: 570px; background: #eee">'
            f'<div style="{place}; height: 10px; background: {BLUE}"></div></div>'
        )
        say(
            self.words,
            f"{right} of {n} right is {percent(right / n)} %. The true share may lie anywhere from "
            f"{100 * low:.0f} to {100 * high:.0f} %: {100 * (high - low):.0f} points.",
        )
