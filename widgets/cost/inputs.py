"""What the cost model is given: each input as low, base and high, with its unit, its source and its date.

data/cost_definitions.csv says what an input is; its figures are in data/cost_inputs.csv, token prices in
data/prices.csv. A new approach is a row of data/cost_approaches.csv and its rows of figures; a new input is a
row in each of the first two files and its place in the formulas of widgets/cost/model.py.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course.errors import CourseError
from course.files import checked, csv_rows, parsed_json, read_csv, read_text, write_text
from course.material.prices import TIERS, Model, model, tier
from course.paths import DATA, results_dir

COST_INPUTS = DATA / "cost_inputs.csv"
STATE_FILE = "cost_state.json"
STATE_FORMAT = 1
KINDS = ("assumed", "claimed", "measured", "price")
CASE, ANY, MODEL = "case", "any", "model"
TUNED, UNPRICED = "tuned", "none"
LONGEST = 120  # months
NO_LIMIT = 1e9  # tokens
NEVER_ENDS = 1_200.0  # months
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class Approach:
    """A way to do the task: its name in the files, and as people read it; what it is, for newcomers."""

    id: str
    name: str
    meaning: str


_APPROACHES = read_csv(DATA / "cost_approaches.csv", Approach)
APPROACHES = {each.id: each.name for each in _APPROACHES}
MEANINGS = {each.id: each.meaning for each in _APPROACHES}


@dataclass(frozen=True)
class Definition:
    """What an input of the case or of every approach is, in which unit, and the bounds of its values."""

    owner: str
    input: str
    label: str
    unit: str
    lowest: float
    highest: float

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        return f"between {self.lowest:,g} and {self.highest:,g}"


@cache
def definitions() -> Mapping[str, Mapping[str, Definition]]:
    """Every input by its owner ("case" or "approach") and its name."""
    rows = read_csv(DATA / "cost_definitions.csv", Definition, unique="input")
    return {owner: {row.input: row for row in rows if row.owner == owner} for owner in (CASE, "approach")}


def keys(approaches: Iterable[str]) -> list[str]:
    """The key of every input of the case and of these approaches."""
    known = definitions()
    owned = [(CASE, known[CASE]), *((name, known["approach"]) for name in approaches)]
    return [f"{owner}.{name}" for owner, names in owned for name in names]


def definition(key: str) -> Definition:
    """What the input of that key is. An unknown key raises CourseError."""
    owner, _, name = key.partition(".")
    if owner not in (CASE, *APPROACHES):
        fix = f"begin it with {CASE!r} or one of {', '.join(APPROACHES)}"
        raise CourseError(f"{key!r} is not an input; {fix}.")
    known = definitions()[CASE if owner == CASE else "approach"]
    if name not in known:
        raise CourseError(f"{key!r} is not an input; {owner!r} has: {', '.join(known)}.")
    return known[name]


@dataclass(frozen=True)
class InputRange:
    """What is held of one input: a low, a base and a high value, where they come from, and of what kind.

    The base is the middle: as likely too low as too high. `outcomes` belongs to a measured error rate: the
    name of the rows, a colon, and a 1 for each row that was wrong and a 0 for each that was right. What
    `follows` an approach is taken to be that approach's error rate.
    """

    low: float
    base: float
    high: float
    source: str
    date: str
    kind: str
    outcomes: str = ""
    follows: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether the three values are one."""
        return self.low == self.high


@dataclass(frozen=True)
class Assumptions:
    """A case to price: every estimate by its key, such as "case.volume" or "prompt.error_rate".

    `approaches` are those to compare, `pair` the two of them that the break-even is about, `horizon` is in
    months. Nothing in it changes; the `with_...` methods return a changed copy.
    """

    title: str
    approaches: tuple[str, ...]
    pair: tuple[str, str]
    horizon: int
    estimates: Mapping[str, InputRange]

    def __post_init__(self) -> None:
        for name in (*self.approaches, *self.pair):
            if name not in APPROACHES:
                raise CourseError(f"{name!r} is not an approach; choose from {', '.join(APPROACHES)}.")
        if len(set(self.approaches)) != len(self.approaches):
            raise CourseError(f"The approaches {self.approaches} name one twice; name each once.")
        if not set(self.pair) <= set(self.approaches) or not len(set(self.pair)) == len(self.pair) == 2:
            raise CourseError(f"The pair {self.pair} must be two of the approaches {self.approaches}.")
        if not (isinstance(self.horizon, int) and 1 <= self.horizon <= LONGEST):
            raise CourseError(f"A horizon of {self.horizon} months: give a whole number from 1 to {LONGEST}.")
        for key in keys(self.approaches):
            if key not in self.estimates:
                raise CourseError(f"There is no estimate of {key!r}; give its low, base and high value.")
            _check(key, self.estimates[key])

    @property
    def over(self) -> str:
        """The horizon in words: "over 18 months"."""
        return f"over {self.horizon} month{'' if self.horizon == 1 else 's'}"

    def base(self) -> dict[str, float]:
        """The base value of every input."""
        return {key: self.estimates[key].base for key in keys(self.approaches)}

    @cached_property
    def base_by_owner(self) -> dict[str, dict[str, np.ndarray]]:
        """The base values once more, as arrays: of the case and of each approach, by the input's name."""
        owned: dict[str, dict[str, np.ndarray]] = {}
        for key, value in self.base().items():
            owner, _, name = key.partition(".")
            owned.setdefault(owner, {})[name] = np.asarray(value, dtype=float)
        return owned

    def uncertain(self, approaches: Iterable[str] | None = None) -> list[str]:
        """Keys of the case and of these approaches (all of them if None) whose low and high differ."""
        chosen = self.approaches if approaches is None else approaches
        return [key for key in keys(chosen) if not self.estimates[key].is_sure]

    def with_values(
        self,
        values: Mapping[str, float | Sequence[float] | str],
        source: str = "set by the reader",
        kind: str = "assumed",
        date: str = "",
    ) -> "Assumptions":
        """A copy in which these inputs are others.

        A number moves the base and takes low and high along by the same factor; three are low, base and high;
        "prompt.model" takes a tier or a model of data/prices.csv, ":tuned" behind it its tuned form, and sets
        the approach's prices. CourseError names a key or a value that is not possible.
        """
        estimates = dict(self.estimates)
        for key, value in values.items():
            owner, _, name = key.partition(".")
            if name == MODEL and owner in APPROACHES:
                estimates |= model_prices(owner, str(value))
                continue
            definition(key)
            if key not in estimates:
                raise CourseError(f"{owner!r} is not compared here; the approaches are {self.approaches}.")
            estimates[key] = InputRange(*_triple(key, estimates[key], value), source, date, kind)
        return replace(self, estimates=estimates)

    def with_approaches(self, approaches: Sequence[str], pair: tuple[str, str]) -> "Assumptions":
        """A copy that compares these; an estimate that is missing comes from data/cost_inputs.csv."""
        estimates = dict(read_estimates(COST_INPUTS)) | dict(self.estimates)
        return replace(self, approaches=tuple(approaches), pair=pair, estimates=estimates)

    def table(self) -> list[dict[str, str | float]]:
        """One row per input that counts: key, label, low, base, high, unit, kind, source and date."""
        rows = []
        for key in keys(self.approaches):
            owner, meaning = key.partition(".")[0], definition(key)
            label = meaning.label if owner == CASE else f"{APPROACHES[owner]}: {meaning.label}"
            rows.append({"key": key, "label": label, "unit": meaning.unit, **asdict(self.estimates[key])})
        return rows

    def to_json(self) -> str:
        """All of it as JSON, which `from_json` reads."""
        estimates = {key: asdict(self.estimates[key]) for key in keys(self.approaches)}
        case = {
            "title": self.title,
            "approaches": self.approaches,
            "pair": self.pair,
            "horizon": self.horizon,
        }
        return json.dumps({"format": STATE_FORMAT} | case | {"estimates": estimates}, indent=1)


def from_json(text: str, where: str = "The saved cost model") -> Assumptions:
    """The assumptions that `to_json` wrote. CourseError says what is wrong with the text."""
    state = parsed_json(text, where)
    if (found := state.pop("format", None)) != STATE_FORMAT:
        raise CourseError(f"{where} has the format {found!r}, not {STATE_FORMAT}; save it again.")
    return checked(Assumptions, state, where)


def save(assumptions: Assumptions, path: Path | None = None) -> Path:
    """Write the state to the results folder (or to `path`) and return where it is."""
    path = path or results_dir() / STATE_FILE
    write_text(path, assumptions.to_json() + "\n")
    return path


def saved(path: Path | None = None) -> Assumptions | None:
    """The state that `save` wrote, or None when there is none."""
    path = path or results_dir() / STATE_FILE
    return from_json(read_text(path), path.name) if path.is_file() else None


def load(approaches: Sequence[str] = tuple(APPROACHES), pair: tuple[str, str] | None = None) -> Assumptions:
    """The course's own assumptions: data/cost_inputs.csv, over 18 months, for these approaches."""
    first_two = pair or (approaches[0], approaches[1])
    return Assumptions("Ticket routing", tuple(approaches), first_two, 18, read_estimates(COST_INPUTS))


def check_values(values: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """The values as arrays. CourseError names a key that is none and a value outside its bounds."""
    arrays = {key: np.asarray(value, dtype=float) for key, value in values.items()}
    for key, array in arrays.items():
        meaning = definition(key)
        inside = (array >= meaning.lowest) & (array <= meaning.highest)
        if not inside.all():
            raise CourseError(f"{key} is {array[~inside].flat[0]:g} {meaning.unit}; {meaning.bounds}.")
    return arrays


def model_prices(owner: str, name: str) -> dict[str, InputRange]:
    """Estimates of an approach's token prices by a tier, or by a model's name in data/prices.csv.

    "NAME:tuned" takes the prices of its tuned form and of its training, "none" no token price at all.
    """
    plain, _, form = name.partition(":")
    if name == UNPRICED:
        prices = _prices(0.0, 0.0) | {"ends_after": NEVER_ENDS}
        source, day = "no tokens are paid for", ""
    else:
        row = tier(plain) if plain in TIERS else model(plain)
        if form and form != TUNED:
            raise CourseError(f"{name!r} is not a model; only {TUNED!r} may follow the colon.")
        prices = (_tuned(row) if form else _plain(row)) | {"ends_after": _months_left(row)}
        source, day = f"data/prices.csv: {row.id} ({row.status})", row.date
    return {
        f"{owner}.{name}": InputRange(value, value, value, source, day, "price")
        for name, value in prices.items()
    }


def _prices(into: float, out: float) -> dict[str, float]:
    """Without a cache, a batch or a limit."""
    prices = dict.fromkeys(("input_price", "cached_price", "write_price"), into) | {"output_price": out}
    return prices | {"batch_discount": 0.0, "long_above": NO_LIMIT, "long_input": 1.0, "long_output": 1.0}


def _plain(row: Model) -> dict[str, float]:
    if row.input is None or row.output is None:
        raise CourseError(f"data/prices.csv has no price of {row.id!r} in and out; choose another model.")
    known = {
        "cached_price": row.cache_read,
        "write_price": row.cache_write,
        "long_above": row.long_above,
        "long_input": row.long_input and row.long_input / row.input,
        "long_output": row.long_output and row.long_output / row.output,
        "batch_discount": row.batch_input and 1 - row.batch_input / row.input,
    }
    return _prices(row.input, row.output) | {
        name: price for name, price in known.items() if price is not None
    }


def _tuned(row: Model) -> dict[str, float]:
    if row.tuned_input is None or row.tuned_output is None:
        raise CourseError(f"data/prices.csv has no price of a tuned {row.id!r}; choose another model.")
    training = {} if row.training is None else {"training_price": row.training}
    return _prices(row.tuned_input, row.tuned_output) | training


def _months_left(row: Model) -> float:
    """Months from the date of the price to the end of the model, 0 when it has ended."""
    if not row.ends:
        return NEVER_ENDS
    days = (date.fromisoformat(row.ends) - date.fromisoformat(row.date)).days
    return max(days / DAYS_PER_MONTH, 0.0)


@cache
def read_estimates(path: Path) -> Mapping[str, InputRange]:
    """Every estimate of the file by its key; an approach's own row goes before the one of "any".

    CourseError names the line and the value at fault.
    """
    columns = ("owner", "input", "low", "base", "high", "unit", "kind", "source", "date", "follows")
    places: dict[tuple[str, str], str] = {}
    common: dict[str, InputRange] = {}
    own: dict[str, InputRange] = {}
    for where, row in csv_rows(path, columns):
        owner, name = row["owner"], row["input"]
        first = places.setdefault((owner, name), where)
        if first != where:
            raise CourseError(f"{where}: {owner},{name} is already in {first}; keep one of the two.")
        try:
            if owner == ANY:
                for approach in APPROACHES:
                    common |= _parsed(row | {"owner": approach})
            else:
                own |= _parsed(row)
        except ValueError as error:
            raise CourseError(f"{where}: {error}; write low, base and high as numbers.") from None
        except CourseError as error:
            raise CourseError(f"{where}: {error}") from None
    return common | own


def _parsed(row: Mapping[str, str]) -> dict[str, InputRange]:
    if row["input"] == MODEL:
        return model_prices(row["owner"], row["base"])
    key = f"{row['owner']}.{row['input']}"
    if row["unit"] != definition(key).unit:
        raise CourseError(f"{key} is in {row['unit']!r}; write it in {definition(key).unit!r}.")
    low, base, high = (float(row[name]) for name in ("low", "base", "high"))
    estimate = InputRange(low, base, high, row["source"], row["date"], row["kind"], follows=row["follows"])
    _check(key, estimate)
    return {key: estimate}


def _check(key: str, estimate: InputRange) -> None:
    meaning = definition(key)
    triple = (estimate.low, estimate.base, estimate.high)
    if not all(math.isfinite(value) for value in triple):
        raise CourseError(f"{key} is {triple}; give three numbers.")
    if not meaning.lowest <= estimate.low <= estimate.base <= estimate.high <= meaning.highest:
        raise CourseError(
            f"{key} is {triple} {meaning.unit}; low, base and high must rise, {meaning.bounds}."
        )
    if estimate.kind not in KINDS:
        raise CourseError(f"The estimate of {key} is of the kind {estimate.kind!r}; choose from {KINDS}.")
    if not estimate.source:
        raise CourseError(f"The estimate of {key} has no source; say where it comes from.")
    if not re.fullmatch(r"(\w+:[01]+)?", estimate.outcomes):
        raise CourseError(
            f"The outcomes of {key} are {estimate.outcomes[:40]!r}; write rows:0110, or nothing."
        )
    if estimate.follows and estimate.follows not in APPROACHES:
        raise CourseError(f"{key} follows {estimate.follows!r}; choose from {', '.join(APPROACHES)}.")
    if estimate.date and not _is_date(estimate.date):
        raise CourseError(f"The estimate of {key} has the date {estimate.date!r}; write it as 2026-11-21.")


@cache
def _is_date(text: str) -> bool:
    """Whether it is a day or a month of this century, as 2026-11-21 or 2026-11."""
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return re.fullmatch(r"20\d\d-\d\d(-\d\d)?", text) is not None


def _triple(key: str, old: InputRange, value: float | Sequence[float] | str) -> tuple[float, float, float]:
    """Low, base and high: three numbers as they are; one is the base, and the others keep their distance."""
    given: Sequence[Any] = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    meaning = definition(key)
    try:
        numbers = tuple(float(part) for part in given)
    except (TypeError, ValueError):
        raise CourseError(f"{key} is {value!r}; give a number.") from None
    except OverflowError:
        raise CourseError(f"{key} has {len(str(value))} digits; {meaning.bounds}.") from None
    if len(numbers) == 3:
        return numbers[0], numbers[1], numbers[2]
    if len(numbers) != 1:
        raise CourseError(f"{key} is {numbers}; give one number, or low, base and high.")
    (base,) = numbers
    factor = base / old.base if old.base else 0.0
    if not factor:
        return base, base, base
    low, high = (
        min(max(end, meaning.lowest), meaning.highest)
        for end in sorted((old.low * factor, old.high * factor))
    )
    return min(low, base), base, max(high, base)
