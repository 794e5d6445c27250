"""Sliders of the cost view: each moves one input of the cost model, in the unit that people read."""

from widgets.controls import Slider
from widgets.cost.inputs import Assumptions, InputRange, definition
from widgets.cost.model import label

ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # stops of each power of ten
BEYOND = 4  # how far a slider reaches beyond the range of the estimate, as a factor
FURTHER = {"case.volume": 30, "case.tuned_models": 30}


def shown_unit(key: str) -> tuple[float, str]:
    """How many of the shown unit make one of the model's, and its name: shares are shown in per cent."""
    unit = definition(key).unit
    return (100, unit.replace("share", "%")) if unit.startswith("share") else (1, unit)


def shown(key: str, amount: float) -> float:
    """An amount of the model in the shown unit."""
    return float(f"{amount * shown_unit(key)[0]:.10g}")


def in_short(key: str, amount: float) -> str:
    """An amount for the end of a bar: "12 %", "$0.5", "30,000"."""
    unit = shown_unit(key)[1][:1]
    number = float(f"{shown(key, amount):.3g}")
    text = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:g}"
    return f"${text}" if unit == "$" else f"{text} %" if unit == "%" else text


def stops(key: str, estimate: InputRange) -> list[float]:
    """Round values around the estimate, in the model's unit, and its base. Rising, within the bounds."""
    meaning, (factor, _) = definition(key), shown_unit(key)
    high = estimate.high or meaning.highest / (1 if factor == 100 else 100)
    beyond = FURTHER.get(key, BEYOND)
    lowest, highest = (estimate.low or high / 25) / beyond, min(high * beyond, meaning.highest)
    around = [float(f"{digits * 10.0**power / factor:.10g}") for power in range(-5, 13) for digits in ROUND]
    chosen = {stop for stop in around if lowest <= stop <= highest}
    if meaning.unit == "models":
        chosen = {stop for stop in chosen if stop == int(stop)}
    if meaning.lowest < 0:
        chosen |= {-stop for stop in chosen if 2 * stop <= highest}
    # A round value that reads like the base would be a second stop of the same name.
    chosen = {stop for stop in chosen | {0.0} if abs(stop - estimate.base) > 0.01 * abs(estimate.base)}
    return sorted({stop for stop in chosen if stop >= meaning.lowest} | {estimate.base})


def _read(key: str, amount: float) -> float:
    """A stop as it stands beside the slider: four digits of what is not whole."""
    value = shown(key, amount)
    return value if value == int(value) else float(f"{value:.4g}")


class InputSlider(Slider):
    """A slider of one input: `key` says which, `amount` is its value in the model's unit."""

    def __init__(self, assumptions: Assumptions, key: str) -> None:
        self.key, self._amounts = key, stops(key, assumptions.estimates[key])
        read = [_read(key, amount) for amount in self._amounts]
        super().__init__(label(key), read, _read(key, assumptions.estimates[key].base), shown_unit(key)[1])

    @property
    def amount(self) -> float:
        """The stop that is chosen, in the model's unit."""
        return self._amounts[self.position]

    def follow(self, assumptions: Assumptions, key: str) -> None:
        """Move this input from now on, from where the assumptions have it."""
        self.key, self._amounts = key, stops(key, assumptions.estimates[key])
        with self.hold_sync():
            self.label, self.unit = label(key), shown_unit(key)[1]
            self.stops = [_read(key, amount) for amount in self._amounts]
            self.position = self._amounts.index(assumptions.estimates[key].base)
