"""The control of lesson 06: success of a step, steps needed and limit against what becomes of questions."""

from collections.abc import Mapping
from dataclasses import replace

import traitlets
from ipywidgets import HTML, VBox

from course.errors import CourseError
from course.material.prices import TIERS, tier
from course.measuring.results import money, percent
from widgets.controls import Choice, Scale
from widgets.lessons.tool_loop_model import Ending, Loop, cost_per_1000, ending

PERCENT = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 100)
# The slider of each field of the loop.
CONTROLS = {
    "success": Scale("A step goes right", "%", PERCENT, 100),
    "noticed": Scale("A failed step comes back as an error", "% of them", PERCENT, 100),
    "needed": Scale("Steps that a question needs", "with the reply", range(1, 11)),
    "limit": Scale("Limit", "requests for one question", range(1, 21)),
}
STEPS_SHOWN = 10
# Okabe and Ito: told apart with any colour vision. Each part has a pattern of its own as well.
LOOKS = {
    "right": "#009E73",
    "wrong": "repeating-linear-gradient(45deg, #D55E00 0 4px, #E89060 4px 8px)",
    "stopped": "repeating-linear-gradient(90deg, #999999 0 2px, #DDDDDD 2px 6px)",
}


class ToolLoop(VBox):
    """Controls, a table with a row for each number of steps, and the chosen one in words (`sentence`).

    `presets` maps the name of a case to its loop; the first one is shown at first. Values of presets that are
    no round numbers become stops of the sliders. CourseError without a preset.
    """

    def __init__(self, presets: Mapping[str, Loop]) -> None:
        if not presets:
            raise CourseError("presets is empty; give at least one loop to begin with.")
        self.preset = Choice("Case", presets, value=next(iter(presets.values())))
        self.sliders = {
            name: scale.slider(getattr(preset, name) for preset in presets.values())
            for name, scale in CONTROLS.items()
        }
        self.tier = Choice("Priced as", {f"{name} tier": name for name in TIERS}, value=TIERS[0])
        self.sentence, self.table = HTML(), HTML()
        self._load()
        self.preset.observe(self._load, names="position")
        for control in (*self.sliders.values(), self.tier):
            control.observe(self._draw, names="position")
        super().__init__([self.preset, *self.sliders.values(), self.tier, self.sentence, self.table])

    @property
    def loop(self) -> Loop:
        """The loop that the controls describe; its tokens are those of the case."""
        values = {name: CONTROLS[name].own(slider) for name, slider in self.sliders.items()}
        whole = {name: round(values[name]) for name in ("needed", "limit")}
        return replace(self.preset.value, **values | whole)

    def _load(self, change: traitlets.Bunch | None = None) -> None:
        for name, slider in self.sliders.items():
            slider.value = CONTROLS[name].shown(getattr(self.preset.value, name))
        self._draw()

    def _draw(self, change: traitlets.Bunch | None = None) -> None:
        model = tier(self.tier.value)
        rows = {needed: ending(replace(self.loop, needed=needed)) for needed in range(1, STEPS_SHOWN + 1)}
        costs = {needed: cost_per_1000(end, model) for needed, end in rows.items()}
        chosen = self.loop.needed
        self.sentence.value = f"<p>{_in_words(self.loop, rows[chosen], costs[chosen], self.tier.value)}</p>"
        self.table.value = _table(rows, costs, chosen)


def _in_words(loop: Loop, end: Ending, cost: float, tier_name: str) -> str:
    return (
        f"{percent(loop.success)} % of steps go right and a question needs {loop.needed}: "
        f"<b>{percent(end.right)} %</b> of questions are answered rightly, <b>{percent(end.wrong)} %</b> "
        f"wrongly without anybody noticing, and <b>{percent(end.stopped)} %</b> reach the limit of "
        f"{loop.limit} requests. A question takes {end.requests:.1f} requests and {end.input_tokens:,.0f} "
        f"tokens in; 1,000 questions cost {money(cost)} $ at the {tier_name} tier."
    )


def _table(rows: Mapping[int, Ending], costs: Mapping[int, float], chosen: int) -> str:
    head = "".join(
        f'<th scope="col" style="text-align:right;padding:0 8px">{title}</th>'
        for title in ("steps", "right %", "wrong %", "stopped %", "requests", "$ per 1,000")
    )
    body = "".join(_row(needed, end, costs[needed], needed == chosen) for needed, end in rows.items())
    legend = " ".join(f"{_bar(look, 14)} {name}" for name, look in LOOKS.items())
    return (
        f'<table style="border-collapse:collapse"><caption>By the number of steps needed: {legend}</caption>'
        f'<thead><tr>{head}<th scope="col"><span aria-hidden="true">share</span></th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _row(needed: int, end: Ending, cost: float, is_chosen: bool) -> str:
    cells = (
        str(needed),
        *(percent(getattr(end, name)) for name in LOOKS),
        f"{end.requests:.1f}",
        money(cost),
    )
    numbers = "".join(f'<td style="text-align:right;padding:0 8px">{cell}</td>' for cell in cells)
    bars = "".join(_bar(look, 200 * getattr(end, name)) for name, look in LOOKS.items())
    weight = ' aria-current="true" style="font-weight:bold;outline:1px solid"' if is_chosen else ""
    return f'<tr{weight}>{numbers}<td style="white-space:nowrap" aria-hidden="true">{bars}</td></tr>'


def _bar(look: str, pixels: float) -> str:
    style = f"display:inline-block;height:12px;width:{pixels:.0f}px;background:{look}"
    return f'<span aria-hidden="true" style="{style}"></span>'
