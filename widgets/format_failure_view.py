"""The control of lesson 04: what broken and wrong replies cost a pipeline in a month."""

from collections.abc import Iterable, Mapping

import plotly.graph_objects as go
import traitlets
from ipywidgets import HTML, VBox

from course.errors import CourseError
from widgets.controls import Choice, Slider
from widgets.format_failure_model import Month, Pipeline, months

PERCENT = (0, 1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50, 75, 100)
DOLLARS = (0, 0.5, 1, 2, 5, 10, 20, 50, 100)
# Field of the pipeline: label, unit, stops and how many of the unit make one of the field's own.
CONTROLS = {
    "volume": ("Volume", "replies a month", (100, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000), 1),
    "failure_rate": ("Broken form, prompt only", "% of replies", PERCENT, 100),
    "retries": ("Retries of a broken reply", "at most", range(6), 1),
    "retry_success": ("Success of a retry", "%", PERCENT, 100),
    "wrong_rate": ("Wrong values, prompt only", "% of valid replies", PERCENT, 100),
    "wrong_rate_schema": ("Wrong values, with a schema", "% of replies", PERCENT, 100),
    "repair_cost": ("A repair by hand", "$", DOLLARS, 1),
    "error_cost": ("An undetected error", "$", DOLLARS, 1),
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
        self.sliders = {name: _slider(name, presets.values()) for name in CONTROLS}
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
            **{name: slider.value / CONTROLS[name][3] for name, slider in self.sliders.items()}
            | {"retries": int(self.sliders["retries"].value)}
        )

    def _load(self, change: traitlets.Bunch | None = None) -> None:
        for name, slider in self.sliders.items():
            slider.value = _in_unit(name, self.preset.value)
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


def _slider(name: str, presets: Iterable[Pipeline]) -> Slider:
    label, unit, stops, _ = CONTROLS[name]
    values = [_in_unit(name, preset) for preset in presets]
    return Slider(label, sorted({*map(float, stops), *values}), value=values[0], unit=unit)


def _in_unit(name: str, pipeline: Pipeline) -> float:
    return round(getattr(pipeline, name) * CONTROLS[name][3], 1)


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


def _in_words(pipeline: Pipeline, prompt: Month, retried: Month, schema: Month) -> str:
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
