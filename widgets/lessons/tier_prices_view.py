"""The explorer of lesson 03: the monthly bill of each price tier, by volume and tokens."""

import numpy as np

from course.material.prices import TIERS, tier
from course.measuring.results import money
from widgets.chart import BLUE, GREEN, GREY, ORANGE, Axis, Line, LineChart, Mark
from widgets.controls import Choice, Slider
from widgets.explorer import Explorer
from widgets.lessons.tier_prices_model import Request, cost_per_month, volume_where_gap_reaches

VOLUMES = [10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 50_000, 100_000]
PROMPTS = [50, 100, 200, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000]
REPLIES = [2, 5, 10, 20, 50, 100, 200, 500]
ENGINEER_DAYS = [200, 400, 600, 800, 1_000, 1_500, 2_000]
CACHING = {"no cache": None, "cached from 1,024 tokens": 1024, "cached from 4,096 tokens": 4096}
SENDING = {"at once": False, "in batches": True}
LOOKS = dict(zip(TIERS, ((BLUE, ""), (ORANGE, "9 4"), (GREEN, "2 3")), strict=True))
PAIRS = {
    f"{dear} over {cheap}": (dear, cheap)
    for dear, cheap in (("large", "small"), ("large", "medium"), ("medium", "small"))
}


class TierPrices(Explorer):
    """The bill of each tier against the volume. `TierPrices(Request(800, 25, 5))` starts with that request.

    What an engineer's day costs is an assumption, so it is one of the controls.
    """

    def __init__(self, start: Request) -> None:
        self._ticket_tokens = start.ticket
        prompt, reply = round(start.prompt), round(start.reply)
        self.volume = Slider("Volume", VOLUMES, value=1_000, unit="tickets a day")
        self.prompt = Slider("Prompt", sorted({*PROMPTS, prompt}), prompt, "tokens")
        self.reply = Slider("Reply", sorted({*REPLIES, reply}), reply, "tokens")
        self.engineer_day = Slider("An engineer's day (assumed)", ENGINEER_DAYS, value=800, unit="$")
        self.caching = Choice("Caching", CACHING, value=None)
        self.batch = Choice("Sent", SENDING, value=False)
        self.pair = Choice("Difference", PAIRS, value=("large", "small"))
        # The chart keeps its scale, so that a change is seen as one.
        across = Axis("tickets a day", log=True, low=VOLUMES[0], high=VOLUMES[-1])
        self.chart = LineChart(across, Axis("$ a month", log=True, low=0.001, high=1_000_000), height=380)
        sliders = [self.volume, self.prompt, self.reply, self.engineer_day]
        super().__init__([*sliders, self.caching, self.batch, self.pair], self.chart)

    @property
    def request(self) -> Request:
        """The request that the controls describe."""
        return Request(self.prompt.value, self._ticket_tokens, self.reply.value)

    def draw(self) -> None:
        per_day, day = self.volume.value, self.engineer_day.value
        volumes = np.geomspace(VOLUMES[0], VOLUMES[-1], 60)
        bills = {name: float(self._bill(name, per_day)) for name in TIERS}
        words = f"{self._bills_in_words(bills)} {self._gap_in_words(day)}"
        lines = [
            Line(f"{name}: {money(bill)}", volumes, self._bill(name, volumes), *LOOKS[name])
            for name, bill in bills.items()
        ]
        lines.append(Line("an engineer's day", [VOLUMES[0], VOLUMES[-1]], [day, day], GREY, strong=False))
        marks = [Mark(per_day, bill, "") for bill in bills.values()]
        summary = f"Monthly bill against volume. {words}"
        self.chart.show(lines, summary, marks, here=(per_day, f"{per_day:,.0f} a day"))
        self.say(words)

    def _bill(self, name: str, per_day: float | np.ndarray) -> np.ndarray:
        return cost_per_month(
            tier(name), self.request, per_day, cache_from=self.caching.value, batch=self.batch.value
        )

    def _bills_in_words(self, bills: dict[str, float]) -> str:
        costs = ", ".join(f"{money(bill)} on the {name} tier" for name, bill in bills.items())
        words = f"At {self.volume.value:,.0f} tickets a day, a month costs {costs}."
        if self.caching.value and self.prompt.value < self.caching.value:
            words += " The prompt is too short to be cached, so caching changes nothing."
        return words

    def _gap_in_words(self, day: float) -> str:
        dear, cheap = self.pair.value
        per_day = volume_where_gap_reaches(
            day, lambda volumes: self._bill(dear, volumes) - self._bill(cheap, volumes)
        )
        bought = f"the price of an engineer's day a month (${day:,.0f}, assumed)"
        if per_day is None:
            return f"The difference, {self.pair.text}, never reaches {bought}."
        rounded = float(f"{per_day:.2g}")  # the assumptions carry no more digits
        return f"The difference, {self.pair.text}, reaches {bought} at {rounded:,.0f} tickets a day."
