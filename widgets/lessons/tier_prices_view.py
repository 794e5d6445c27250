"""The control of lesson 03: move volume and tokens, and see the monthly bill of each tier."""

import numpy as np
import plotly.graph_objects as go
import traitlets
from ipywidgets import HTML, VBox

from course.material.prices import TIERS, tier
from course.measuring.results import money
from widgets.controls import Choice, Slider
from widgets.lessons.tier_prices_model import Request, cost_per_month, volume_where_gap_reaches

VOLUMES = [10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 50_000, 100_000]
PROMPTS = [50, 100, 200, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000]
REPLIES = [2, 5, 10, 20, 50, 100, 200, 500]
ENGINEER_DAYS = [200, 400, 600, 800, 1_000, 1_500, 2_000]
CACHING = {"no cache": None, "cached from 1,024 tokens": 1024, "cached from 4,096 tokens": 4096}
SENDING = {"at once": False, "in batches": True}
COLOURS = ("#0072B2", "#E69F00", "#009E73")  # Okabe and Ito: told apart with any colour vision
WIDTH = 570  # pixels: fits the cells of a window that is 700 wide
LOG_VOLUMES = (0.95, 5.1)
LOG_DOLLARS = (-3, 6)  # the chart keeps its scale, so that a change is seen as one
PAIRS = {
    "large over small": ("large", "small"),
    "large over medium": ("large", "medium"),
    "medium over small": ("medium", "small"),
}


class TierPrices(VBox):
    """Controls, a chart of the monthly bill against volume, and the same in words (`sentence`).

    `ticket_tokens` is what one ticket adds to the prompt. The price of an engineer's day is an assumption, so
    it is one of the controls.
    """

    def __init__(self, ticket_tokens: float) -> None:
        self._ticket_tokens = ticket_tokens
        self.volume = Slider("Volume", VOLUMES, value=1_000, unit="tickets a day")
        self.prompt = Slider("Prompt", PROMPTS, value=500, unit="tokens")
        self.reply = Slider("Reply", REPLIES, value=5, unit="tokens")
        self.engineer_day = Slider("An engineer's day (assumed)", ENGINEER_DAYS, value=800, unit="$")
        self.caching = Choice("Caching", CACHING, value=None)
        self.batch = Choice("Sent", SENDING, value=False)
        self.pair = Choice("Difference", PAIRS, value=("large", "small"))
        self.sentence = HTML()
        # A browser that still loads the chart's code misses what is sent: the first picture is one piece.
        figure = _empty_figure()
        self._fill(figure)
        self.figure = go.FigureWidget(figure)
        # Plotly's button that uploads the chart to a server is off.
        self.figure._config = self.figure._config | {"showSendToCloud": False}
        self._say()
        sliders = [self.volume, self.prompt, self.reply, self.engineer_day]
        controls = [*sliders, self.caching, self.batch, self.pair]
        for control in controls:
            control.observe(self._draw, names="position")
        super().__init__([*controls, self.figure, self.sentence])

    @property
    def request(self) -> Request:
        """The request that the controls describe."""
        return Request(self.prompt.value, self._ticket_tokens, self.reply.value)

    @property
    def _terms(self) -> dict:
        return {"cache_from": self.caching.value, "batch": self.batch.value}

    def _draw(self, change: traitlets.Bunch) -> None:
        with self.figure.batch_update():
            self._fill(self.figure)
        self._say()

    def _fill(self, figure: go.Figure) -> None:
        per_day, curve = self.volume.value, np.geomspace(VOLUMES[0], VOLUMES[-1], 60)
        for place, name in enumerate(TIERS):
            line, point = figure.data[2 * place : 2 * place + 2]
            line.x, line.y = curve, cost_per_month(tier(name), self.request, curve, **self._terms)
            point.x, point.y = [per_day], [self._bill(name)]
        figure.data[-1].x, figure.data[-1].y = [VOLUMES[0], VOLUMES[-1]], [self.engineer_day.value] * 2

    def _bill(self, name: str) -> float:
        return float(cost_per_month(tier(name), self.request, self.volume.value, **self._terms))

    def _say(self) -> None:
        dear, cheap = (tier(name) for name in self.pair.value)
        day = self.engineer_day.value
        gap = volume_where_gap_reaches(day, dear, cheap, self.request, **self._terms)
        difference = _gap_in_words(gap, self.pair.text, day)
        self.sentence.value = f"<p>{self._bills_in_words()} {difference}</p>"

    def _bills_in_words(self) -> str:
        each = ", ".join(f"<b>{money(self._bill(name))} $</b> on the {name} tier" for name in TIERS)
        words = f"At {self.volume.value:,.0f} tickets a day, a month costs {each}."
        if self.caching.value and self.prompt.value < self.caching.value:
            words += " The prompt is too short to be cached, so caching changes nothing."
        return words


def _empty_figure() -> go.Figure:
    figure = go.Figure()
    for name, colour, dash in zip(TIERS, COLOURS, ("solid", "dash", "dot"), strict=True):
        hover = f"%{{x:,.0f}} a day: %{{y:,.2f}} $<extra>{name}</extra>"
        line = {"color": colour, "dash": dash, "width": 3}
        figure.add_scatter(mode="lines", name=name, legendgroup=name, line=line, hovertemplate=hover)
        marker = {"color": colour, "size": 12, "line": {"color": "white", "width": 1}}
        figure.add_scatter(
            mode="markers", showlegend=False, legendgroup=name, marker=marker, hovertemplate=hover
        )
    grey = {"color": "#555555", "width": 1}
    figure.add_scatter(mode="lines", name="an engineer's day", line=grey, hoverinfo="skip")
    decades = {
        "type": "log",
        "dtick": 1,
        "exponentformat": "none",
        "separatethousands": True,
        "ticklabelstandoff": 6,
    }
    figure.update_layout(
        template="plotly_white",
        width=WIDTH,
        height=420,
        margin={"l": 70, "r": 20, "t": 20, "b": 50},
        legend={"orientation": "h", "y": -0.2},
        xaxis={"title": "tickets a day", "range": LOG_VOLUMES, **decades},
        yaxis={"title": "$ a month", "range": LOG_DOLLARS, **decades},
    )
    return figure


def _gap_in_words(per_day: float | None, pair: str, day: float) -> str:
    bought = f"an engineer's day a month ({day:,.0f} $, assumed)"
    if per_day is None:
        return f"The difference, {pair}, never reaches {bought}."
    return f"The difference, {pair}, reaches {bought} at <b>{_round(per_day):,.0f} tickets a day</b>."


def _round(per_day: float) -> float:
    """Two significant digits: the assumptions carry no more."""
    return float(f"{per_day:.2g}")
