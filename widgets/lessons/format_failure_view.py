"""The explorer of lesson 04: what broken and wrong replies cost a pipeline in a month."""

from collections.abc import Mapping

from ipywidgets import HTML

from widgets.chart import BLUE, ORANGE
from widgets.controls import Scale
from widgets.explorer import CaseExplorer, legend, stacked, table
from widgets.lessons.format_failure_model import Pipeline, months

PERCENT = (0, 1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50, 75, 100)
DOLLARS = (0, 0.5, 1, 2, 5, 10, 20, 50, 100)
VOLUMES = (100, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000)
LOOKS = {
    "repairs by hand": BLUE,
    "undetected errors": f"repeating-linear-gradient(45deg, {ORANGE} 0 4px, #F2CC77 4px 8px)",
}
HEAD = ("approach", "repairs, $", "errors, $", "together, $", "share of the highest")


class FormatFailures(CaseExplorer):
    """Sliders for a pipeline, and what a month costs with the prompt alone, with retries and with a schema.

    FormatFailures({"measured": Pipeline(...), "assumed": Pipeline(...)})
    """

    scales = {
        "volume": Scale("Volume", "replies a month", VOLUMES),
        "failure_rate": Scale("Broken form, prompt only", "% of replies", PERCENT, 100),
        "retries": Scale("Retries of a broken reply", "at most", range(6)),
        "retry_success": Scale("Retries that succeed", "%", PERCENT, 100),
        "wrong_rate": Scale("Wrong values, prompt only", "% of valid replies", PERCENT, 100),
        "wrong_rate_schema": Scale("Wrong values, with a schema", "% of replies", PERCENT, 100),
        "repair_cost": Scale("A repair by hand", "$", DOLLARS),
        "error_cost": Scale("An undetected error", "$", DOLLARS),
    }

    def __init__(self, cases: Mapping[str, Pipeline]) -> None:
        self.table = HTML()
        super().__init__(cases, self.table)

    def draw(self) -> None:
        prompt, retried, schema = results = months(self.case)
        cheapest = min(results, key=lambda month: month.cost)
        self.say(
            f"Of {self.case.volume:,.0f} replies a month, {prompt.repaired:,.0f} are in a broken form. After "
            f"retries, which ask for {retried.extra_replies:,.0f} more, {retried.repaired:,.0f} still are; "
            "with a schema, none. Wrong values that nobody notices: "
            f"{prompt.undetected:,.0f} with the prompt only, {retried.undetected:,.0f} with retries, "
            f"{schema.undetected:,.0f} with a schema. A month costs "
            f"${prompt.cost:,.0f} with the prompt only, ${retried.cost:,.0f} with retries, "
            f"${schema.cost:,.0f} with a schema. Cheapest: {cheapest.approach}."
        )
        most = max(month.cost for month in results) or 1
        rows = []
        for month in results:
            costs = month.repair_cost, month.error_cost
            shares = dict(zip(LOOKS, (cost / most for cost in costs), strict=True))
            numbers = [f"{cost:,.0f}" for cost in (*costs, month.cost)]
            rows.append([month.approach, *numbers, stacked(LOOKS, shares)])
        self.table.value = table(f"A month: {legend(LOOKS)}", HEAD, rows, results.index(cheapest))
