"""Numbers with their units, as people write them."""


def amount(number: str, unit: str) -> str:
    """A number, or two with " to " between them, and its unit: "$5 to $10 a month", "12%", "30 rows"."""
    if unit.startswith("$"):
        return f"${number.replace(' to ', ' to $')}{unit[1:]}"
    return f"{number}{unit}" if unit.startswith("%") else f"{number} {unit}".strip()
