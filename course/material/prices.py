"""The only table of model names and prices: data/prices.csv. Prices are in dollars per million tokens."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from course.errors import CourseError, one_of
from course.files import read_csv
from course.paths import DATA

if TYPE_CHECKING:
    from pandas import DataFrame

PRICES = DATA / "prices.csv"
TIERS = ("small", "medium", "large")
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None


@dataclass(frozen=True)
class Model:
    """A row of data/prices.csv. An unpublished price is None."""

    id: str
    kind: str
    provider: str
    tier: str
    status: str
    input: Price
    output: Price
    cache_write: Price
    cache_read: Price
    batch_input: Price
    batch_output: Price
    long_above: Price
    long_input: Price
    long_output: Price
    tuned_input: Price
    tuned_output: Price
    training: Price
    per_hour: Price
    ends: str
    source: str
    date: str
    note: str

    def cost(
        self,
        input_tokens: float,
        output_tokens: float,
        *,
        cache_read: float = 0,
        cache_write: float = 0,
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
        if not is_long:
            return self._known(column)
        # The published long prices of batch and cache are the same multiples of the short ones.
        plain = "output" if "output" in column else "input"
        return self._known(column) * self._known(f"long_{plain}") / self._known(plain)

    def _known(self, column: str) -> float:
        price = getattr(self, column)
        if price is None:
            raise CourseError(
                f"No {column} price is known for {self.id!r}: add it to that row of {PRICES.name}."
            )
        return price


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
    one_of("tier", name, TIERS)
    for row in models():
        if row.tier == name:
            return row
    raise CourseError(
        f"No row of data/{PRICES.name} has the tier {name!r}: put it into the tier column of one model."
    )


def machine_price_per_hour() -> float:
    """Dollars an hour for the two rented cores that local answers are priced with, which is an assumption."""
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
    return tuple(read_csv(path, Model))
