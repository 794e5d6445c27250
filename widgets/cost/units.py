"""Amounts of the cost model in the units that people read."""

from course.material import units
from widgets.cost.inputs import definition


def shown_unit(key: str) -> tuple[float, str]:
    """How many of the shown unit make one of the model's, and its name: shares are shown in per cent."""
    unit = definition(key).unit
    return (100, unit.replace("share", "%")) if unit.startswith("share") else (1, unit)


def in_short(key: str, amount: float) -> str:
    """An amount for the end of a bar: "12%", "$0.5", "30,000"."""
    factor, unit = shown_unit(key)
    number = float(f"{amount * factor:.3g}")
    text = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:g}"
    return units.amount(text, unit[:1]) if unit.startswith(("$", "%")) else text


def with_unit(key: str, amount: float) -> str:
    """An amount with its whole unit: "12%", "$100 an hour", "30,000 outputs a month"."""
    return units.amount(in_short(key, amount).strip("$%"), shown_unit(key)[1])
