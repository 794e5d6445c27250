"""The explorer of lesson 02: how many examples and which ones, what they bring and what they cost."""

import html
from collections.abc import Mapping
from pathlib import Path

from ipywidgets import HTML

from course.material.prices import TIERS, tier
from course.measuring.results import Result
from course.rungs import few_shot
from widgets.chart import BLUE, GREEN, GREY, ORANGE, Axis, Line, LineChart, Mark
from widgets.controls import Choice, Slider
from widgets.explorer import Explorer
from widgets.lessons.few_shot_model import Sweep, gain_in_words, in_words

LOOKS = ((ORANGE, "2 3"), (GREEN, "9 3 2 3"), (BLUE, ""))


class FewShot(Explorer):
    """A chart of the recorded sweep, and the chosen reading in words, with the reader's own result beside it.

    `measured` holds the reader's own results: FewShot({("fixed", 5): result}). CourseError when the sweep is
    not measured yet or has no such choice and count.
    """

    def __init__(self, measured: Mapping[tuple[str, int], Result], path: Path = few_shot.FILE) -> None:
        self._sweep = Sweep(few_shot.read(path))
        for choice, count in measured:
            self._sweep.at(choice, count)
        self._measured = measured
        counts = self._sweep.counts
        self.count = Slider("Examples in the prompt", counts, value=5)
        self.choice = Choice("How they are chosen", {each: each for each in self._sweep.choices}, "retrieved")
        self.tier = Choice("Priced as", {f"{name} tier": name for name in TIERS}, value=TIERS[0])
        across = Axis("examples in the prompt", low=-0.6, high=counts[-1] + 0.6, ticks=counts)
        self.chart = LineChart(across, Axis("share of replies, %", low=-3, high=103), height=380)
        badge = HTML(f"<small>{html.escape(self._sweep.badge)}</small>")
        super().__init__([self.count, self.choice, self.tier], self.chart, badge)

    def draw(self) -> None:
        choice, count = self.choice.value, int(self.count.value)
        words = self._in_words(choice, count)
        valid = [100 * reading.valid_share for reading in self._sweep.curve(choice)]
        lines = [
            self._line(each, look, each == choice)
            for each, look in zip(self._sweep.choices, LOOKS, strict=True)
        ]
        lines.append(Line("a queue name, as chosen", self._sweep.counts, valid, GREY, "6 4"))
        own = {n: result for (each, n), result in self._measured.items() if each == choice}
        marks = [Mark(n, 100 * result.accuracy, "right, measured here") for n, result in own.items()]
        marks += [Mark(n, 100 * result.valid, "a queue name, measured here") for n, result in own.items()]
        summary = f"Share of replies against the number of examples. {words}"
        self.chart.show(lines, summary, marks, here=(count, f"{count} chosen"))
        self.say(words)

    def _line(self, choice: str, look: tuple[str, str], is_chosen: bool) -> Line:
        curve = self._sweep.curve(choice)
        right, low, high = (
            [100 * getattr(reading, share) for reading in curve] for share in ("accuracy", "low", "high")
        )
        name, counts = f"right, {choice}", self._sweep.counts
        if not is_chosen:
            return Line(name, counts, right, *look, strong=False)
        return Line(name, counts, right, *look, low=low, high=high)

    def _in_words(self, choice: str, count: int) -> str:
        chosen, model = self._sweep.at(choice, count), tier(self.tier.value)
        sentences = [in_words(chosen, model)]
        if count:
            sentences.append(gain_in_words(chosen, self._sweep.at(choice, 0), model))
        if (choice, count) in self._measured:
            sentences.append(f"Measured in this notebook: {self._measured[choice, count]}.")
        return " ".join(sentences)
