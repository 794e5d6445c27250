"""The board: every measured rung, kept in results/board.sqlite, as a table, as text and as one chart.

The rungs of the course route tickets. Results on other rows (questions, orders) are kept as well, and shown
only when their lesson is named: a share of questions and a share of tickets do not belong on one axis.
"""

import html
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from course.errors import CourseError
from course.files import database, locked
from course.material.data import QUEUES
from course.measuring.results import BADGE_KINDS, Outcome, Result, duration, money, percent, plain_text
from course.paths import results_dir

_SCHEMA = """
CREATE TABLE IF NOT EXISTS board (
    lesson TEXT NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL, n INTEGER NOT NULL,
    badge TEXT NOT NULL, note TEXT NOT NULL, created TEXT NOT NULL, outcomes TEXT NOT NULL,
    PRIMARY KEY (lesson, name, model, n)
)
"""
# Okabe and Ito's colours: told apart by colour-blind readers, and each kind has a symbol of its own as well.
_LOOKS = {
    "measured here": ("#0072B2", "circle"),
    "measured in this room": ("#000000", "circle-dot"),
    "recorded": ("#56B4E9", "circle-open"),
    "live": ("#D55E00", "diamond"),
    "replayed": ("#E69F00", "diamond-open"),
    "recorded reading": ("#009E73", "square"),
    "claimed": ("#CC79A7", "x"),
}
WAIT_SECONDS = 30  # for another kernel that writes
_LOWEST_COST = 0.00001  # $ per 1,000; anything below is drawn here, or it would stretch the axis to nothing
_LABEL_COLUMN, _LABEL_GAP, _LABEL_LENGTH = 270, 17, 42  # pixels, pixels, characters
_MARGIN = {"l": 60, "r": _LABEL_COLUMN, "t": 40, "b": 110}


def add(*results: Result, lesson: str) -> None:
    """Put results on the board. One with the same lesson, name, model and number of rows is replaced."""
    for result in results:
        if not isinstance(result, Result):
            raise CourseError(f"The board takes results of evaluate(), not {result!r}; measure it first.")
    rows = [
        (
            lesson,
            result.name,
            result.model,
            result.n,
            result.badge,
            result.note,
            result.created,
            _packed(result),
        )
        for result in results
    ]
    with _connected() as connection:
        connection.executemany(
            "INSERT INTO board VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "badge = excluded.badge, note = excluded.note, created = excluded.created, "
            "outcomes = excluded.outcomes",
            rows,
        )


def get(name: str) -> Result:
    """The result of that name, the newest one if there are several, with every row: ready for `compare()`."""
    on_board = entries()
    named = [result for _, result in on_board if result.name == name]
    if not named:
        known = ", ".join(dict.fromkeys(result.name for _, result in on_board)) or "nothing yet"
        raise CourseError(f"There is no {name!r} on the board; it has: {known}.")
    return max(named, key=lambda result: result.created)


def entries(lesson: str | None = None) -> list[tuple[str, Result]]:
    """(lesson, result) in the order of the lessons and, within one, of the first measurement."""
    query = "SELECT lesson, name, outcomes, badge, model, created, note FROM board"
    with _connected() as connection:
        rows = connection.execute(
            f"{query} WHERE ? IS NULL OR lesson = ? ORDER BY lesson, rowid", (lesson, lesson)
        )
        return [
            (number, Result(name, tuple(Outcome(**record) for record in json.loads(outcomes)), *rest))
            for number, name, outcomes, *rest in rows
        ]


def table(lesson: str | None = None) -> pd.DataFrame:
    """One row per rung, in the order they came: shares are 0 to 1, tokens and seconds means per row.

    Of one lesson everything, without a lesson every rung that routes tickets; so for `text` and `show`.
    """
    return pd.DataFrame([_figures(number, result) for number, result in _shown(lesson)], columns=_COLUMNS)


def text(lesson: str | None = None) -> str:
    """The chart in words, one line per rung."""
    lines = [
        f"{number}  {result}, {_cost_note(result)} ({result.badge})" for number, result in _shown(lesson)
    ]
    return "\n".join(lines) or "The board is empty."


def show(lesson: str | None = None) -> go.Figure:
    """Quality against cost of 1,000 rows, with 95 % intervals; of one lesson or of the ladder.

    A reading that nobody can price is a dotted line. `text()` says the same in words.
    """
    results = [result for _, result in _shown(lesson)]
    left, right = _cost_range(results)
    height = _MARGIN["t"] + _MARGIN["b"] + max(300, _LABEL_GAP * (len(results) + 3))
    # Room between the ends of the dotted lines and their names, for the lines from one to the other.
    edge = right + 0.08 * (right - left)
    figure = go.Figure(layout=_layout(left, right, edge, height))
    seen: set[str] = set()
    for result in results:
        figure.add_trace(_trace(result, left, right, first_of_kind=result.badge_kind not in seen))
        seen.add(result.badge_kind)
    for annotation in _labels(results, right, edge, height):
        figure.add_annotation(annotation)
    if not results:
        figure.add_annotation(
            text="Nothing measured yet", x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False
        )
    return _without_upload(figure)


@contextmanager
def _connected() -> Iterator[sqlite3.Connection]:
    """The board's database, committed at the end. What goes wrong with the file is a CourseError."""
    path = results_dir() / "board.sqlite"
    busy = f"The board {path} is in use by another kernel; wait until it is done and run the cell again."
    # Two that open the file at the same moment can both be told that it is locked, without any waiting.
    with locked(path.with_suffix(".lock"), busy, WAIT_SECONDS):
        with database(path, _SCHEMA, holds="The results of the board") as connection:
            yield connection


def _packed(result: Result) -> str:
    records = [vars(outcome) | {"reply": plain_text(outcome.reply)} for outcome in result.outcomes]
    return json.dumps(records, ensure_ascii=False)


def _shown(lesson: str | None) -> list[tuple[str, Result]]:
    found = entries(lesson)
    return found if lesson else [entry for entry in found if _routes_tickets(entry[1])]


def _routes_tickets(result: Result) -> bool:
    return all(outcome.expected in QUEUES for outcome in result.outcomes)


_COLUMNS = [
    "lesson",
    "name",
    "accuracy",
    "low",
    "high",
    "n",
    "valid",
    "input_tokens",
    "output_tokens",
    "seconds",
    "cost_per_1000",
    "badge",
    "model",
    "created",
    "note",
]


def _figures(lesson: str, result: Result) -> dict:
    low, high = result.interval
    own = {column: getattr(result, column) for column in _COLUMNS if column not in ("lesson", "low", "high")}
    return own | {"lesson": lesson, "low": low, "high": high}


def _cost_note(result: Result) -> str:
    return "no cost known" if result.cost_per_1000 is None else f"{money(result.cost_per_1000)} $ per 1,000"


def _cost_range(results: list[Result]) -> tuple[float, float]:
    """Ends of the cost axis as powers of ten, with room at both ends."""
    costs = [_drawn_cost(result) for result in results if result.cost_per_1000 is not None] or [0.001, 1]
    return math.floor(math.log10(min(costs))) - 0.2, math.ceil(math.log10(max(costs))) + 0.2


def _drawn_cost(result: Result) -> float:
    return max(result.cost_per_1000, _LOWEST_COST)


def _layout(left: float, right: float, edge: float, height: int) -> go.Layout:
    powers = range(math.ceil(left), math.floor(right) + 1)
    step = 2 if len(powers) > 6 else 1
    shown = [power for power in powers if (power - powers[0]) % step == 0]
    return go.Layout(
        title={"text": "Quality against cost", "x": 0, "xref": "paper"},
        template="plotly_white",
        height=height,
        margin=_MARGIN,
        hoverlabel={"align": "left"},
        xaxis={
            "type": "log",
            "range": [left, edge],
            "title": {"text": "cost of 1,000 rows ($, logarithmic)"},
            "tickvals": [10.0**power for power in shown],
            "ticktext": [_tick(power) for power in shown],
        },
        yaxis={"range": [-3, 103], "title": {"text": "right answers (%), 95 % interval"}, "zeroline": False},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "itemclick": False,
        },
    )


def _tick(power: int) -> str:
    price = f"{10.0**power:.{max(0, -power)}f}"
    return f"up to {price}" if 10.0**power <= _LOWEST_COST else price


def _trace(result: Result, left: float, right: float, *, first_of_kind: bool) -> go.Scatter:
    colour, symbol = _LOOKS[result.badge_kind]
    percent_right = 100 * result.accuracy
    low, high = (100 * bound for bound in result.interval)
    common = {
        "name": result.badge_kind,
        "legendgroup": result.badge_kind,
        "legendrank": BADGE_KINDS.index(result.badge_kind) + 1,
        "showlegend": first_of_kind,
        "hovertemplate": f"{_hover(result)}<extra></extra>",
    }
    if result.cost_per_1000 is None:
        ends = [10**left, 10 ** ((left + right) / 2), 10**right]
        line = {"color": colour, "dash": "dot", "width": 1.5}
        return go.Scatter(x=ends, y=[percent_right] * len(ends), mode="lines", line=line, **common)
    return go.Scatter(
        x=[_drawn_cost(result)],
        y=[percent_right],
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 11, "line": {"color": colour, "width": 1.5}},
        error_y={
            "array": [high - percent_right],
            "arrayminus": [percent_right - low],
            "color": colour,
            "thickness": 1,
            "width": 4,
        },
        **common,
    )


def _hover(result: Result) -> str:
    low, high = (f"{100 * bound:.1f}" for bound in result.interval)
    tokens = (
        None
        if result.input_tokens is None
        else f"{result.input_tokens:.0f} in, {result.output_tokens:.0f} out"
    )
    lines = [
        f"<b>{html.escape(result.name)}</b>",
        f"right: {percent(result.accuracy)} % ({low}-{high}) of {result.n}",
        f"valid: {percent(result.valid)} %",
        f"tokens: {tokens}" if tokens else "",
        f"time: {duration(result.seconds)} a row" if result.seconds is not None else "",
        _cost_note(result),
        html.escape(result.badge),
        html.escape(result.note),
    ]
    return "<br>".join(line for line in lines if line)


def _labels(results: list[Result], right: float, edge: float, height: int) -> list[dict]:
    """A name for each result in a column right of the plot, none on another, with a line to its point."""
    names = Counter(result.name for result in results)
    ordered = sorted(results, key=lambda result: (result.accuracy, -_place(result, right)))
    gap = 106 * _LABEL_GAP / (height - _MARGIN["t"] - _MARGIN["b"])
    places = _spread(
        [100 * result.accuracy for result in ordered], gap, lowest=-3 + gap / 2, highest=103 - gap / 2
    )
    return [
        {
            "text": html.escape(_label(result, is_only=names[result.name] == 1)),
            "x": _place(result, right),
            "y": 100 * result.accuracy,
            "ax": edge,
            "ay": place,
            "axref": "x",
            "ayref": "y",
            "xanchor": "left",
            "showarrow": True,
            "arrowhead": 0,
            "arrowwidth": 0.6,
            "arrowcolor": "#999999",
            "standoff": 7,
            "font": {"size": 12},
        }
        for result, place in zip(ordered, places, strict=True)
    ]


def _place(result: Result, right: float) -> float:
    return right if result.cost_per_1000 is None else math.log10(_drawn_cost(result))


def _label(result: Result, *, is_only: bool) -> str:
    full = result.name if is_only else f"{result.name} ({result.model or 'no model'}, {result.n} rows)"
    return full if len(full) <= _LABEL_LENGTH else f"{full[: _LABEL_LENGTH - 3]}..."


def _spread(wanted: list[float], gap: float, *, lowest: float, highest: float) -> list[float]:
    """Ascending places close to the ascending `wanted` ones, at least `gap` apart, none above `highest`."""
    places: list[float] = []
    for value in wanted:
        places.append(max(value, places[-1] + gap if places else lowest))
    limit = highest
    for number in reversed(range(len(places))):
        places[number] = min(places[number], limit)
        limit = places[number] - gap
    return places


def _without_upload(figure: go.Figure) -> go.Figure:
    """Plotly offers to upload a chart to its cloud; results stay on this machine."""
    figure._config = figure._config | {"showSendToCloud": False}
    renderer = pio.renderers["plotly_mimetype"]
    renderer.config = (renderer.config or {}) | {"showSendToCloud": False}
    return figure
