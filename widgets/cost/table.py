"""The bill of each approach as a table, for a notebook."""

import pandas as pd

from course.measuring.results import percent
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import bills
from widgets.cost.presets import YOUR_BOARD


def bill_table(assumptions: Assumptions) -> pd.DataFrame:
    """$ over the horizon by what they are spent on, the cheapest approach first.

    Index: the approaches as people read them. Columns: wrong (the error rate, and of what kind it is: "yours"
    is from the board), total, and the ten parts of a bill.
    """
    rows = {}
    for name, bill in bills(assumptions).items():
        rate = assumptions.estimates[f"{name}.error_rate"]
        parts = {part: round(float(amount)) for part, amount in bill.parts.items()}
        kind = "yours" if rate.source.startswith(YOUR_BOARD) else rate.kind
        wrong = f"{percent(rate.base)}% {kind}"
        rows[APPROACHES[name]] = {"wrong": wrong, "total": round(float(bill.total)), **parts}
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("total")
