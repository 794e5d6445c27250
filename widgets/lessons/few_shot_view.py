"""The control of lesson 02: move the number and the choice of examples, and see what they bring and cost."""

import html
from collections.abc import Mapping
from pathlib import Path

import plotly.graph_objects as go
import traitlets
from ipywidgets import HTML, VBox

from course.material.prices import TIERS, tier
from course.measure import FEW_SHOT, read_readings
from course.measuring.results import Result
from widgets.controls import Choice, Slider
from widgets.lessons.few_shot_model import Sweep, gain_in_words, in_words

COLOURS = ("#E69F00", "#009E73", "#0072B2")  # Okabe and Ito: told apart with any colour vision
DASHES = ("dot", "dashdot", "solid")
GREY = "#555555"


class FewShot(VBox):
    """Controls, a chart of the recorded sweep, and the same in words (`sentence`).

    `measured` holds the reader's own results by (choice, count); they appear as diamonds. CourseError when
    the sweep is not measured yet or has no such choice and count.
    """

    def __init__(self, measured: Mapping[tuple[str, int], Result], path: Path = FEW_SHOT) -> None:
        self._sweep = Sweep(read_readings(path))
        for choice, count in measured:
            self._sweep.at(choice, count)
        self._measured = measured
        self.count = Slider("Examples in the prompt", self._sweep.counts, value=5)
        choices = {choice: choice for choice in self._sweep.choices}
        self.choice = Choice("How they are chosen", choices, value="retrieved")
        tiers = {f"{name} tier": name for name in TIERS}
        self.tier = Choice("Priced as", tiers, value=TIERS[0])
        self.figure = self._figure()
        self.sentence = HTML()
        for control in (self.count, self.choice, self.tier):
            control.observe(self._redraw, names="position")
        self._draw()
        badge = HTML(f"<small>{html.escape(self._sweep.badge)}</small>")
        super().__init__([self.count, self.choice, self.tier, self.figure, self.sentence, badge])

    def _figure(self) -> go.FigureWidget:
        figure = go.FigureWidget()
        for choice, colour, dash in zip(self._sweep.choices, COLOURS, DASHES, strict=True):
            curve = self._sweep.curve(choice)
            figure.add_scatter(
                x=self._sweep.counts,
                y=[100 * reading.accuracy for reading in curve],
                error_y={
                    "type": "data",
                    "array": [100 * (reading.high - reading.accuracy) for reading in curve],
                    "arrayminus": [100 * (reading.accuracy - reading.low) for reading in curve],
                    "thickness": 1,
                },
                name=f"right, {choice}",
                line={"color": colour, "dash": dash},
                hovertemplate="%{x} examples: %{y:.1f} % right<extra>" + choice + "</extra>",
            )
        figure.add_scatter(
            name="a queue name, as chosen",
            line={"color": GREY, "dash": "dash", "width": 2},
            hovertemplate="%{x} examples: %{y:.1f} % are a queue name<extra></extra>",
        )
        figure.add_scatter(
            name="the count chosen",
            mode="markers",
            marker={"color": "white", "size": 15, "symbol": "circle", "line": {"color": "black", "width": 3}},
            hoverinfo="skip",
        )
        figure.add_scatter(
            name="measured in this notebook",
            mode="markers",
            marker={"color": "#D55E00", "size": 11, "symbol": "diamond"},
            hovertemplate="%{x} examples: %{y:.1f} %<extra>measured here</extra>",
        )
        figure.update_layout(
            template="plotly_white",
            width=600,  # fits beside a notebook's prompts in a window of 700 pixels
            height=420,
            margin={"l": 60, "r": 20, "t": 20, "b": 90},
            legend={"orientation": "h", "y": -0.2},
            xaxis={"title": "examples in the prompt", "tickvals": self._sweep.counts, "range": [-0.6, 18.6]},
            yaxis={"title": "share of replies, %", "range": [-3, 103]},
        )
        figure._config = figure._config | {"showSendToCloud": False}
        return figure

    def _redraw(self, change: traitlets.Bunch) -> None:
        with self.figure.batch_update():
            self._draw()

    def _draw(self) -> None:
        # At first without a batch: one that comes before the chart is on screen empties the other traces.
        choice, count = self.choice.value, int(self.count.value)
        chosen = self._sweep.at(choice, count)
        *lines, valid, marks, own = self.figure.data
        for line, name in zip(lines, self._sweep.choices, strict=True):
            line.opacity = 1 if name == choice else 0.35
            line.line.width = 4 if name == choice else 2
        valid.x = self._sweep.counts
        valid.y = [100 * reading.valid_share for reading in self._sweep.curve(choice)]
        marks.x, marks.y = [count, count], [100 * chosen.accuracy, 100 * chosen.valid_share]
        own.x, own.y = self._own_points(choice)
        self.sentence.value = f"<p>{html.escape(self._in_words(choice, count))}</p>"

    def _own_points(self, choice: str) -> tuple[list[int], list[float]]:
        points = [
            (count, 100 * share)
            for (own_choice, count), result in self._measured.items()
            if own_choice == choice
            for share in (result.accuracy, result.valid)
        ]
        return [count for count, _ in points], [share for _, share in points]

    def _in_words(self, choice: str, count: int) -> str:
        chosen, model = self._sweep.at(choice, count), tier(self.tier.value)
        words = [in_words(chosen, model)]
        if count:
            words.append(gain_in_words(chosen, self._sweep.at(choice, 0), model))
        if (choice, count) in self._measured:
            words.append(f"Measured in this notebook: {self._measured[choice, count]}.")
        return " ".join(words)
