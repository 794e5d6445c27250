"""The evaluation tax of a team that keeps several tuned models: hours and $ a month, from 1 to 30 models."""

import numpy as np

from widgets.chart import Axis, Line, LineChart, Mark
from widgets.controls import Slider
from widgets.cost.model import dollars, evaluation_tax
from widgets.explorer import Explorer

MODELS = range(1, 31)
HOURS = [1, 2, 3, 4, 6, 8, 12, 16, 24]
POWERS = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2]
RATES = [40, 60, 80, 100, 120, 150, 200]
HOURS_PER_MONTH = 140  # that one engineer has for work, holidays and meetings taken off (assumed)


class Portfolio(Explorer):
    """Sliders, a chart of the hours a month against the number of tuned models, and the same in words.

    Starts at what the cost model assumes: 6 hours a month for one model, growing with the power 1.2.
    """

    def __init__(self, models: int = 15, hours: float = 6, power: float = 1.2, rate: float = 100) -> None:
        self.models = Slider("Tuned models kept", MODELS, models, unit="models")
        self.hours = Slider("To watch one of them (assumed)", HOURS, hours, unit="hours a month")
        self.power = Slider("Power of the growth (assumed)", POWERS, power)
        self.rate = Slider("Engineer (assumed)", RATES, rate, unit="$ an hour")
        self.chart = LineChart(
            Axis("tuned models kept", low=1, high=30, ticks=(1, 5, 10, 15, 20, 25, 30)),
            Axis("hours a month for evaluation"),
            height=300,
        )
        super().__init__([self.models, self.hours, self.power, self.rate], self.chart)

    def draw(self) -> None:
        """Show the tax of this many models, and of one more or fewer."""
        count, one, power = int(self.models.value), self.hours.value, self.power.value
        every = np.arange(MODELS[0], MODELS[-1] + 1)
        total = evaluation_tax(every, one, power)
        at = float(total[count - 1])
        words = _in_words(count, at, one, power, self.rate.value)
        lines = [
            Line("all of them", every, total, "#D55E00"),
            Line("without growth", every, one * every, "#0072B2", "8 4"),
            Line("each of them", every, total / every, "#009E73", "2 4"),
        ]
        marks = [Mark(count, at, f"{count}: {at:,.0f} hours")]
        self.chart.show(lines, f"Evaluation tax against the number of tuned models. {words}", marks)
        self.say(words)


def _in_words(count: int, total: float, one: float, power: float, rate: float) -> str:
    """The tax of so many models in one paragraph."""
    models = "1 tuned model costs" if count == 1 else f"{count} tuned models cost"
    words = f"{models} {total:,.0f} hours a month to watch and evaluate, {dollars(total * rate)}"
    if count == 1:
        return f"{words}: {dollars(12 * total * rate)} a year."
    words += f": {total / count:,.1f} hours and {dollars(total / count * rate)} for each."
    if power > 1:
        more = total / (one * count)
        words += f" That is {more:.2g} times what {count} times one model would take."
    people = total / HOURS_PER_MONTH
    return f"{words} It fills {people:.2g} engineers at {HOURS_PER_MONTH} hours a month (assumed)."
