"""The control of lesson 04: what broken and wrong replies cost a pipeline in a month."""

from collections.abc import Mapping

import plotly.graph_objects as go
import traitlets
from ipywidgets import HTML, VBox

from course.errors import CourseError
from widgets.controls import Choice, Scale
from widgets.lessons.format_failure_model import MonthlyOutcome, Pipeline, months

PERCENT = (0, 1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50, 75, 100)
DOLLARS = (0, 0.5, 1, 2, 5, 10, 20, 50, 100)
# The slider of each field of the pipeline.
CONTROLS = {
    "volume": Scale("Volume", "replies a month", (100, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000)),
    "failure_rate": Scale("Broken form, prompt only", "% of replies", PERCENT, 100),
    "retries": Scale("Retries of a broken reply", "at most", range(6)),
    "retry_success": Scale("Success of a retry", "%", PERCENT, 100),
    "wrong_rate": Scale("Wrong values, prompt only", "% of valid replies", PERCENT, 100),
    "wrong_rate_schema": Scale("Wrong values, with a schema", "% of replies", PERCENT, 100),
    "repair_cost": Scale("A repair by hand", "$", DOLLARS),
    "error_cost": Scale("An undetected error", "$", DOLLARS),
}
REPAIRS, ERRORS = "#0072B2", "#E69F00"  # Okabe and Ito: told apart with any colour vision


class FormatFailures(VBox):
    """Controls, a chart of a month's cost by approach, and the same in words (`sentence`).

    `presets` maps the name of a case to its pipeline; the first one is shown at first. Values of presets that
    are no round numbers become stops of the sliders. CourseError without a preset.
    """

    def __init__(self, presets: Mapping[str, Pipeline]) -> None:
        if not presets:
            raise CourseError("presets is empty; give at least one pipeline to begin with.")
        self.preset = Choice("Case", presets, value=next(iter(presets.values())))
        self.sliders = {
            name: scale.slider(getattr(preset, name) for preset in presets.values())
            for name, scale in CONTROLS.items()
        }
        self.figure = _figure()
        self.sentence = HTML()
        self._load()
        self.preset.observe(self._load, names="position")
        for slider in self.sliders.values():
            slider.observe(self._draw, names="position")
        super().__init__([self.preset, *self.sliders.values(), self.figure, self.sentence])

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that the sliders describe."""
        return Pipeline(
            **{name: CONTROLS[name].own(slider) for name, slider in self.sliders.items()}
            | {"retries": int(self.sliders["retries"].value)}
        )

    def _load(self, change: traitlets.Bunch | None = None) -> None:
        for name, slider in self.sliders.items():
            slider.value = CONTROLS[name].shown(getattr(self.preset.value, name))
        self._draw()

    def _draw(self, change: traitlets.Bunch | None = None) -> None:
        results = months(self.pipeline)
        names = [month.approach for month in results]
        with self.figure.batch_update():
            repairs, errors = self.figure.data
            repairs.y = errors.y = names
            repairs.x = [month.repair_cost for month in results]
            errors.x = [month.error_cost for month in results]
        self.sentence.value = _in_words(self.pipeline, *results)


def _figure() -> go.FigureWidget:
    figure = go.FigureWidget()
    for label, colour, pattern in (("repairs by hand", REPAIRS, ""), ("undetected errors", ERRORS, "/")):
        figure.add_bar(
            name=label,
            orientation="h",
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate=f"{label}: %{{x:,.0f}} $<extra>%{{y}}</extra>",
        )
    figure.update_layout(
        template="plotly_white",
        barmode="stack",
        height=280,
        width=580,  # fits a narrow window
        margin={"l": 100, "r": 20, "t": 20, "b": 50},
        legend={"orientation": "h", "y": -0.35},
        xaxis={"title": "$ a month", "rangemode": "tozero", "tickformat": ",.0f"},
        yaxis={"autorange": "reversed"},
    )
    # Plotly's button that uploads the chart to a server is off.
    figure._config = figure._config | {"showSendToCloud": False}
    return figure


def _in_words(
    pipeline: Pipeline, prompt: MonthlyOutcome, retried: MonthlyOutcome, schema: MonthlyOutcome
) -> str:
    cheapest = min((prompt, retried, schema), key=lambda month: month.cost)
    broken = (
        f"Of {pipeline.volume:,.0f} replies a month, <b>{prompt.repaired:,.0f}</b> are in a broken form; "
        f"after retries, which ask for {retried.extra_replies:,.0f} more, <b>{retried.repaired:,.0f}</b>; "
        "with a schema none."
    )
    wrong = (
        f"Wrong values that nobody notices: {prompt.undetected:,.0f} with the prompt only, "
        f"{retried.undetected:,.0f} with retries, <b>{schema.undetected:,.0f}</b> with a schema."
    )
    costs = (
        f"A month costs <b>{prompt.cost:,.0f} $</b> with the prompt only, <b>{retried.cost:,.0f} $</b> "
        f"with retries, <b>{schema.cost:,.0f} $</b> with a schema. Cheapest: {cheapest.approach}."
    )
    return f"<p>{broken} {wrong} {costs}</p>"
