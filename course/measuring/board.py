"""The board: every measured rung, kept in results/board.sqlite, as a table, as text and as one chart.

The rungs of the course route tickets. Results on other rows (questions, orders) are kept as well, and shown
only when their lesson is named: a share of questions and a share of tickets do not belong on one axis.
"""

import html
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from course.errors import CourseError
from course.files import database, locked, read_only_database
from course.material.data import QUEUES
from course.measuring.looks import in_words
from course.measuring.results import (
    BADGE_KINDS,
    READING,
    Outcome,
    Result,
    duration,
    money,
    percent,
    plain_text,
)
from course.paths import results_dir

_SCHEMA = """
CREATE TABLE IF NOT EXISTS board (
    lesson TEXT NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL, n INTEGER NOT NULL,
    badge TEXT NOT NULL, note TEXT NOT NULL, created TEXT NOT NULL, outcomes TEXT NOT NULL, labels INTEGER,
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
    READING: ("#009E73", "square"),
    "claimed": ("#CC79A7", "x"),
}
WAIT_SECONDS = 30  # for another kernel that writes
_LOWEST_COST = 0.00001  # $ per 1,000; anything below is drawn here, or it would stretch the axis to nothing
_LABEL_GAP, _LABEL_LENGTH = 17, 42  # pixels, characters
_MARGIN = {"l": 60, "r": 270, "t": 60, "b": 110}  # the labels are on the right
_COLUMNS = (
    "lesson name accuracy low high n valid input_tokens output_tokens seconds cost_per_1000 labels badge "
    "model created note"
).split()


def add(*results: Result, lesson: str) -> None:
    """Put results on the board. One with the same lesson, name, model and number of rows is replaced."""
    for result in results:
        if not isinstance(result, Result):
            raise CourseError(f"The board takes results of evaluate(), not {result!r}; measure it first.")
    rows = [
        vars(result) | {"lesson": lesson, "n": result.n, "outcomes": _packed(result)} for result in results
    ]
    with _connected() as connection:
        connection.executemany(
            "INSERT INTO board VALUES "
            "(:lesson, :name, :model, :n, :badge, :note, :created, :outcomes, :labels) "
            "ON CONFLICT DO UPDATE SET badge = excluded.badge, note = excluded.note, "
            "created = excluded.created, outcomes = excluded.outcomes, labels = excluded.labels",
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
    with _connected() as connection:
        return _read(connection, lesson)


def entries_in(path: Path) -> list[tuple[str, Result]]:
    """The same of another's board, which is read and never changed; its owner may be writing to it."""
    with read_only_database(path, holds="The results of the board", busy_seconds=1) as connection:
        return _read(connection, None)


def best(on_board: Iterable[tuple[str, Result]]) -> tuple[str, Result] | None:
    """The entry that was measured on tickets and whose 95% interval begins highest.

    So 9 of 10 are not better than 80 of 90. Readings that the course brings were not measured by its reader.
    """
    measured = [
        (number, result)
        for number, result in on_board
        if result.n and result.badge_kind not in ("claimed", READING) and _routes_tickets(result)
    ]
    return max(measured, key=lambda entry: entry[1].interval, default=None)


def table(lesson: str | None = None) -> pd.DataFrame:
    """One row per rung, in the order they came: shares are 0 to 1, tokens and seconds means per row.

    Of one lesson everything, without a lesson every rung that routes tickets; so for `text` and `show`.
    """
    rows = []
    for number, result in _shown(lesson):
        low, high = result.interval
        row = {"lesson": number, "low": low, "high": high}
        rows.append(row | {column: getattr(result, column) for column in _COLUMNS if column not in row})
    return pd.DataFrame(rows, columns=_COLUMNS)


def text(lesson: str | None = None) -> str:
    """The chart in words, one line per rung, and where tickets were routed, how often test was looked at."""
    shown = _shown(lesson)
    lines = [
        f"{number}  {result}, {_cost_note(result)}{_labels_note(result)} ({result.badge})"
        for number, result in shown
    ]
    return "\n".join(filter(None, [*lines, _looked_at(shown)])) if lines else "The board is empty."


def show(lesson: str | None = None) -> go.Figure:
    """Quality against cost of 1,000 rows, with 95% intervals; of one lesson or of the ladder.

    A reading without a price is a dotted line. `text()` says the same in words.
    """
    shown = _shown(lesson)
    results = [result for _, result in shown]
    powers = [power for result in results if (power := _power_of_cost(result)) is not None] or [-3, 0]
    left, right = math.floor(min(powers)) - 0.2, math.ceil(max(powers)) + 0.2
    # Room between the ends of the dotted lines and their names, for the lines from one to the other.
    edge = right + 0.08 * (right - left)
    height = _MARGIN["t"] + _MARGIN["b"] + max(300, _LABEL_GAP * (len(results) + 3))
    first = {result.badge_kind: result for result in reversed(results)}
    traces = [_trace(result, left, right, in_legend=first[result.badge_kind] is result) for result in results]
    figure = go.Figure(traces, _layout(_looked_at(shown), left, right, edge, height))
    figure.layout.annotations = _labels(results, right, edge, height) or [
        {
            "text": "Nothing measured yet",
            "x": 0.5,
            "y": 0.5,
            "xref": "paper",
            "yref": "paper",
            "showarrow": False,
        }
    ]
    # Plotly offers to upload a chart to its cloud; results stay on this machine.
    figure._config = figure._config | {"showSendToCloud": False}
    renderer = pio.renderers["plotly_mimetype"]
    renderer.config = (renderer.config or {}) | {"showSendToCloud": False}
    return figure


@contextmanager
def _connected() -> Iterator[sqlite3.Connection]:
    """The board's database, committed at the end. What goes wrong with the file is a CourseError."""
    path = results_dir() / "board.sqlite"
    busy = f"The board {path} is in use by another kernel; wait until it is done and run the cell again."
    # Two that open the file at the same moment can both be told that it is locked, without any waiting.
    with locked(path.with_suffix(".lock"), busy, WAIT_SECONDS):
        with database(path, _SCHEMA, holds="The results of the board") as connection:
            if not _counts_labels(connection):
                connection.execute("ALTER TABLE board ADD COLUMN labels INTEGER")
            yield connection


def _counts_labels(connection: sqlite3.Connection) -> bool:
    """Boards of an earlier version of the course have no such column."""
    return "labels" in [column for _, column, *_ in connection.execute("PRAGMA table_info(board)")]


def _read(connection: sqlite3.Connection, lesson: str | None) -> list[tuple[str, Result]]:
    labels = "labels" if _counts_labels(connection) else "NULL"
    query = f"SELECT lesson, name, outcomes, badge, model, created, note, {labels} FROM board"
    rows = connection.execute(
        f"{query} WHERE ? IS NULL OR lesson = ? ORDER BY lesson, rowid", (lesson, lesson)
    )
    return [
        (number, Result(name, tuple(Outcome(**record) for record in json.loads(outcomes)), *rest))
        for number, name, outcomes, *rest in rows
    ]


def _packed(result: Result) -> str:
    records = [vars(outcome) | {"reply": plain_text(outcome.reply)} for outcome in result.outcomes]
    return json.dumps(records, ensure_ascii=False)


def _shown(lesson: str | None) -> list[tuple[str, Result]]:
    """The entries of a lesson; without one those whose rows are all tickets."""
    found = entries(lesson)
    if lesson:
        return found
    return [entry for entry in found if _routes_tickets(entry[1])]


def _looked_at(shown: Sequence[tuple[str, Result]]) -> str:
    """How often the test tickets were looked at; nothing where only other rows are shown."""
    return in_words() if not shown or any(_routes_tickets(result) for _, result in shown) else ""


def _routes_tickets(result: Result) -> bool:
    return all(row.expected in QUEUES for row in result.outcomes)


def _cost_note(result: Result) -> str:
    return "no cost known" if result.cost_per_1000 is None else f"{money(result.cost_per_1000)} per 1,000"


def _labels_note(result: Result) -> str:
    return "" if result.labels is None else f", {result.labels:,} labels"


def _power_of_cost(result: Result) -> float | None:
    """The place on the axis of cost: log10 of the dollars for 1,000 rows, None where they are unknown."""
    return None if result.cost_per_1000 is None else math.log10(max(result.cost_per_1000, _LOWEST_COST))


def _layout(subtitle: str, left: float, right: float, edge: float, height: int) -> go.Layout:
    powers = range(math.ceil(left), math.floor(right) + 1)
    step = 2 if len(powers) > 6 else 1
    shown = [power for power in powers if (power - powers[0]) % step == 0]
    return go.Layout(
        title={
            "text": "Quality against cost",
            "subtitle": {"text": subtitle},
            "x": 0,
            "xref": "paper",
        },
        template="plotly_white",
        height=height,
        margin=_MARGIN,
        hoverlabel={"align": "left"},
        xaxis={
            "type": "log",
            "range": [left, edge],
            "title": {"text": "cost of 1,000 rows ($, logarithmic)"},
            "tickvals": [10.0**power for power in shown],
            "ticktext": [
                f"{'up to ' * (10.0**power <= _LOWEST_COST)}{10.0**power:.{max(0, -power)}f}"
                for power in shown
            ],
        },
        yaxis={"range": [-3, 103], "title": {"text": "right answers (%), 95% interval"}, "zeroline": False},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "itemclick": False,
        },
    )


def _trace(result: Result, left: float, right: float, *, in_legend: bool) -> go.Scatter:
    colour, symbol = _LOOKS[result.badge_kind]
    percent_right = 100 * result.accuracy
    low, high = (100 * bound for bound in result.interval)
    common = {
        "name": result.badge_kind,
        "legendgroup": result.badge_kind,
        "legendrank": BADGE_KINDS.index(result.badge_kind) + 1,
        "showlegend": in_legend,
        "hovertemplate": f"{_hover(result)}<extra></extra>",
    }
    power = _power_of_cost(result)
    if power is None:
        ends = [10**left, 10 ** ((left + right) / 2), 10**right]
        line = {"color": colour, "dash": "dot", "width": 1.5}
        return go.Scatter(x=ends, y=[percent_right] * len(ends), mode="lines", line=line, **common)
    return go.Scatter(
        x=[10**power],
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
    lines = [
        f"<b>{html.escape(result.name)}</b>",
        f"right: {percent(result.accuracy)}% ({low}-{high}) of {result.n}",
        f"valid: {percent(result.valid)}%",
        ""
        if result.input_tokens is None
        else f"tokens: {result.input_tokens:.0f} in, {result.output_tokens:.0f} out",
        "" if result.seconds is None else f"time: {duration(result.seconds)} a row",
        f"{_cost_note(result)}{_labels_note(result)}",
        html.escape(result.badge),
        html.escape(result.note),
    ]
    return "<br>".join(line for line in lines if line)


def _labels(results: list[Result], right: float, edge: float, height: int) -> list[dict]:
    """A name for each result in a column right of the plot, none on another, with a line to its point."""
    names = Counter(result.name for result in results)

    def place(result: Result) -> float:
        power = _power_of_cost(result)
        return right if power is None else power

    def label(result: Result) -> str:
        model = f" ({result.model or 'no model'}, {result.n} rows)" if names[result.name] > 1 else ""
        full = f"{result.name}{model}"
        return html.escape(full if len(full) <= _LABEL_LENGTH else f"{full[: _LABEL_LENGTH - 3]}...")

    ordered = sorted(results, key=lambda result: (result.accuracy, -place(result)))
    gap = 106 * _LABEL_GAP / (height - _MARGIN["t"] - _MARGIN["b"])
    shares = [100 * result.accuracy for result in ordered]
    heights = _spread(shares, gap, lowest=-3 + gap / 2, highest=103 - gap / 2)
    return [
        {
            "text": label(result),
            "x": place(result),
            "y": share,
            "ax": edge,
            "ay": height,
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
        for result, share, height in zip(ordered, shares, heights, strict=True)
    ]


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
