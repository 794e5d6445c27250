"""The explorer of lesson 06: what becomes of questions that need several tool steps."""

from collections.abc import Mapping
from dataclasses import replace

from ipywidgets import HTML

from course.material.prices import TIERS, tier
from course.measuring.results import money, percent
from widgets.chart import GREEN, RED
from widgets.controls import Choice, Scale
from widgets.explorer import CaseExplorer, legend, stacked, table
from widgets.lessons.tool_loop_model import Ending, Loop, cost_per_1000, ending

PERCENT = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 100)
STEPS_SHOWN = 10
LOOKS = {
    "right": GREEN,
    "wrong": f"repeating-linear-gradient(45deg, {RED} 0 4px, #E89060 4px 8px)",
    "stopped": "repeating-linear-gradient(90deg, #999999 0 2px, #DDDDDD 2px 6px)",
}
HEAD = ("steps", "right %", "wrong %", "stopped %", "requests", "cost of 1,000", "share")


class ToolLoop(CaseExplorer):
    """Sliders for a loop, and how questions end by the number of steps that they need.

    ToolLoop({"measured": Loop(success=0.9, noticed=0.5, needed=3, limit=6, ...)})
    """

    scales = {
        "success": Scale("Steps that go right", "%", PERCENT, 100),
        "noticed": Scale("Failed steps that return an error", "%", PERCENT, 100),
        "needed": Scale("Steps a question needs", "(the reply is one)", range(1, 11)),
        "limit": Scale("Limit", "requests per question", range(1, 21)),
    }

    def __init__(self, cases: Mapping[str, Loop]) -> None:
        self.tier = Choice("Priced as", {f"{name} tier": name for name in TIERS}, value=TIERS[0])
        self.table = HTML()
        super().__init__(cases, self.table, more=[self.tier])

    def draw(self) -> None:
        loop, model = self.case, tier(self.tier.value)
        endings = {n: ending(replace(loop, needed=n)) for n in range(1, STEPS_SHOWN + 1)}
        costs = {n: money(cost_per_1000(end, model)) for n, end in endings.items()}
        end = endings[loop.needed]
        self.say(
            f"{percent(loop.success)}% of steps go right, and a question needs {loop.needed}. Then "
            f"{percent(end.right)}% of questions get a right answer, {percent(end.wrong)}% get a wrong one "
            f"that nobody notices, and {percent(end.stopped)}% reach the limit of {loop.limit} requests. "
            f"A question takes {end.requests:.1f} requests and {end.input_tokens:,.0f} input tokens; "
            f"1,000 questions cost {costs[loop.needed]} at the {self.tier.value} tier."
        )
        rows = [_row(n, endings[n], costs[n]) for n in endings]
        caption = f"By the number of steps needed: {legend(LOOKS)}"
        self.table.value = table(caption, HEAD, rows, loop.needed - 1)


def _row(needed: int, end: Ending, cost: str) -> list[str]:
    shares = {name: getattr(end, name) for name in LOOKS}
    numbers = [f"{needed}", *map(percent, shares.values()), f"{end.requests:.1f}", cost]
    return [*numbers, stacked(LOOKS, shares)]
