"""The only table of model names and prices: data/prices.csv. Prices are in dollars per million tokens."""

import csv
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from course.errors import CourseError
from course.paths import DATA

if TYPE_CHECKING:
    from pandas import DataFrame

PRICES = DATA / "prices.csv"
TIERS = ("small", "medium", "large")


@dataclass(frozen=True)
class Model:
    """A row of data/prices.csv. A price that nobody published is None."""

    id: str
    kind: str
    provider: str
    tier: str
    status: str
    input: float | None
    output: float | None
    cache_write: float | None
    cache_read: float | None
    batch_input: float | None
    batch_output: float | None
    long_above: float | None
    long_input: float | None
    long_output: float | None
    tuned_input: float | None
    tuned_output: float | None
    training: float | None
    per_hour: float | None
    ends: str
    source: str
    date: str
    note: str

    def cost(
        self,
        input_tokens: int,
        output_tokens: int,
        *,
        cache_read: int = 0,
        cache_write: int = 0,
        batch: bool = False,
    ) -> float:
        """Dollars for one request. `input_tokens` leaves out those read from or written to the cache.

        Some models charge the whole request more when the prompt is long (`long_above` tokens). A price that
        the table does not hold raises CourseError, unless no token asks for it.
        """
        tokens = {
            "batch_input" if batch else "input": input_tokens,
            "batch_output" if batch else "output": output_tokens,
            "cache_read": cache_read,
            "cache_write": cache_write,
        }
        is_long = self.long_above is not None and input_tokens + cache_read + cache_write > self.long_above
        return sum(self._price(column, is_long) * count for column, count in tokens.items() if count) / 1e6

    def _price(self, column: str, is_long: bool) -> float:
        price = getattr(self, column)
        if price is None:
            raise CourseError(
                f"No {column} price is known for {self.id!r}: add it to that row of {PRICES.name}."
            )
        if not is_long:
            return price
        # The published long prices of batch and cache are the same multiples of the short ones.
        return price * (
            self.long_output / self.output if "output" in column else self.long_input / self.input
        )


def models() -> list[Model]:
    """Every model of the table, in its order."""
    return [row for row in _rows(PRICES) if row.kind == "model"]


def rows() -> tuple[Model, ...]:
    """Every row of the table: models, training, machines and storage."""
    return _rows(PRICES)


def model(id: str) -> Model:
    """The model of that name. An unknown name raises CourseError."""
    for row in models():
        if row.id == id:
            return row
    raise CourseError(f"No price is known for the model {id!r}: add a row for it to data/{PRICES.name}.")


def tier(name: str) -> Model:
    """The Claude model that the course asks for "small", "medium" or "large"."""
    if name not in TIERS:
        raise CourseError(f"{name!r} is no tier: choose one of {', '.join(TIERS)}.")
    for row in models():
        if row.tier == name:
            return row
    raise CourseError(
        f"No row of data/{PRICES.name} has the tier {name!r}: put it into the tier column of one model."
    )


def machine_price_per_hour() -> float:
    """Dollars an hour for the two rented cores that local answers are priced with. An assumption: see its
    row.
    """
    for row in _rows(PRICES):
        if row.id == "machine" and row.per_hour is not None:
            return row.per_hour
    raise CourseError(f"data/{PRICES.name} has no per_hour price in a row 'machine': add it.")


def table() -> "DataFrame":
    """All of data/prices.csv: models, training and machines, with source and date."""
    import pandas

    return pandas.DataFrame(_rows(PRICES)).set_index("id")


@cache
def _rows(path: Path) -> tuple[Model, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = [field.name for field in fields(Model)]
        if reader.fieldnames != names:
            raise CourseError(
                f"{path.name} has the columns {reader.fieldnames}, not {names}: restore its first line."
            )
        rows = tuple(_row(path, reader.line_num, record) for record in reader)
    ids = [row.id for row in rows]
    for id in ids:
        if ids.count(id) > 1:
            raise CourseError(f"{path.name} has more than one row for {id!r}: keep one.")
    return rows


def _row(path: Path, line: int, record: dict[str, str | None]) -> Model:
    if None in record or None in record.values():
        raise CourseError(
            f"{path.name}, line {line}: the number of fields is wrong; quote a field that holds a comma."
        )
    values: dict[str, str | float | None] = {}
    for field in fields(Model):
        text = record[field.name].strip()
        values[field.name] = text if field.type is str else _price(path, line, field.name, text)
    return Model(**values)


def _price(path: Path, line: int, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise CourseError(
            f"{path.name}, line {line}, column {column}: {text!r} is no price; write a number such as 0.25."
        )
    return price
