"""What the cost model is given: each input as low, base and high, with its unit, its source and its date.

The figures are in data/cost_inputs.csv, token prices in data/prices.csv. A new approach is a name in
`APPROACHES` and its rows in that file; a new input is a field of `SharedInputs` or `Approach` and its rows.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course.errors import CourseError
from course.files import checked, csv_rows, parsed_json, read_text, replacing
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

APPROACHES = {
    "prompt": "Prompt",
    "few_shot": "Few-shot examples",
    "retrieved_examples": "Retrieved examples",
    "stronger_model": "Stronger model",
    "rag": "Retrieval (RAG)",
    "tools": "Tools",
    "skill": "Skill",
    "hosted_fine_tune": "Hosted fine-tune, by the hour",
    "on_demand_fine_tune": "Hosted fine-tune, by the token",
    "self_hosted_lora": "Self-hosted LoRA",
    "linear_head": "Linear head on embeddings",
    "distilled_head": "Linear head, labels by a model",
    "encoder": "Fine-tuned encoder",
    "cascade": "Cascade: linear head, large model",
    "skill_with_adapter": "Skill with adapter",
}
"""Name of each approach in the files, and as people read it."""


@dataclass(frozen=True)
class Definition:
    """What an input is, in which unit, and the bounds that no value may leave."""

    label: str
    unit: str
    lowest: float
    highest: float


def _is(label: str, unit: str, lowest: float, highest: float) -> np.ndarray:
    return field(metadata={"definition": Definition(label, unit, lowest, highest)})


@dataclass(frozen=True)
class SharedInputs:
    """Inputs that all approaches share. Each is an array; the shapes of all of them go together."""

    volume: np.ndarray = _is("Volume at the start", "outputs a month", 1, 1e9)
    growth: np.ndarray = _is("Growth of the volume", "share a month", -0.5, 0.5)
    rate_now: np.ndarray = _is("Wrong outputs until an approach is live", "share", 0, 1)
    error_caught: np.ndarray = _is("Errors that a review catches", "share", 0, 1)
    labels_owned: np.ndarray = _is("Labelled examples that you have already", "examples", 0, 1_000_000)
    gpu_decline: np.ndarray = _is("Decline of hosting and GPU prices", "share a year", 0, 0.95)
    decline: np.ndarray = _is("Decline of token prices", "share a year", 0, 0.95)
    error_cost: np.ndarray = _is("Cost of a wrong output", "$", 0, 10_000)
    rate: np.ndarray = _is("Engineer", "$ an hour", 0, 1_000)
    review_minutes: np.ndarray = _is("Reviewing one output", "minutes", 0, 240)
    reviewer_rate: np.ndarray = _is("Reviewer", "$ an hour", 0, 1_000)
    label_cost: np.ndarray = _is("Labelling one example", "$", 0, 1_000)
    curation: np.ndarray = _is("Curation as a share of the data work", "share", 0, 0.95)
    tuned_models: np.ndarray = _is("Tuned models that the team keeps", "models", 1, 100)
    tax_hours: np.ndarray = _is("Watching and evaluating one tuned model", "hours a month", 0, 200)
    tax_power: np.ndarray = _is("Growth of that work with the number of models", "exponent", 1, 3)


@dataclass(frozen=True)
class Approach:
    """Inputs of one approach. Tokens are those of one call; prices are those of the first month."""

    calls: np.ndarray = _is("Calls", "per output", 0, 100)
    prefix: np.ndarray = _is("Tokens repeated in every call", "tokens", 0, 1_000_000)
    variable: np.ndarray = _is("Input tokens that change", "tokens", 0, 1_000_000)
    output: np.ndarray = _is("Output tokens", "tokens", 0, 100_000)
    input_price: np.ndarray = _is("Price of input", "$ per million tokens", 0, 1_000)
    cached_price: np.ndarray = _is("Price of input from the cache", "$ per million tokens", 0, 1_000)
    output_price: np.ndarray = _is("Price of output", "$ per million tokens", 0, 1_000)
    write_price: np.ndarray = _is("Price of writing to the cache", "$ per million tokens", 0, 1_000)
    cached: np.ndarray = _is("Calls that use the prompt cache", "share", 0, 1)
    cache_minimum: np.ndarray = _is("Shortest prompt that is cached", "tokens", 0, 1_000_000)
    long_above: np.ndarray = _is("Longest prompt at the plain price", "tokens", 0, 1e9)
    long_input: np.ndarray = _is("Input price above that length", "times the plain price", 1, 100)
    long_output: np.ndarray = _is("Output price above that length", "times the plain price", 1, 100)
    token_factor: np.ndarray = _is("Tokens of this model for each one counted", "tokens", 0.2, 5)
    thinking: np.ndarray = _is("Thinking tokens", "tokens", 0, 100_000)
    retries: np.ndarray = _is("Calls that are repeated", "share", 0, 10)
    batch: np.ndarray = _is("Sent in batches", "share", 0, 1)
    batch_discount: np.ndarray = _is("Discount of a batch", "share", 0, 1)
    error_rate: np.ndarray = _is("Wrong outputs", "share", 0, 1)
    reviewed: np.ndarray = _is("Outputs that a person reviews", "share", 0, 1)
    hosting: np.ndarray = _is("Hosting", "$ a month for each machine", 0, 1_000_000)
    adapters: np.ndarray = _is("Models like this that share a machine", "models", 1, 1_000)
    capacity: np.ndarray = _is("Capacity of one machine", "outputs a month", 1_000, 1e12)
    upkeep: np.ndarray = _is("Upkeep", "hours a month", 0, 1_000)
    evaluated: np.ndarray = _is("Share of a tuned model's evaluation", "share", 0, 1)
    retrains: np.ndarray = _is("Retraining runs", "a month", 0, 31)
    retrain_hours: np.ndarray = _is("Work on one retraining", "hours", 0, 2_000)
    setup_hours: np.ndarray = _is("Set-up", "hours", 0, 10_000)
    delay: np.ndarray = _is("Months until it is live", "months", 0, 60)
    ends_after: np.ndarray = _is("Months until its model ends", "months", 0, 1_200)
    move_hours: np.ndarray = _is("Moving to the next model", "hours", 0, 2_000)
    labels_in_setup: np.ndarray = _is("Share of the labels that the set-up includes", "share", 0, 1)
    examples: np.ndarray = _is("Labelled examples", "examples", 0, 1_000_000)
    example_tokens: np.ndarray = _is("Tokens of one example", "tokens", 0, 100_000)
    epochs: np.ndarray = _is("Epochs", "epochs", 0, 100)
    training_price: np.ndarray = _is("Price of training", "$ per million tokens", 0, 1_000)
    gpu_hours: np.ndarray = _is("GPU time of one training run", "hours", 0, 10_000)
    gpu_price: np.ndarray = _is("GPU", "$ an hour", 0, 1_000)


@dataclass(frozen=True)
class InputRange:
    """What is held of one input: a low, a base and a high value, where they come from, and of what kind.

    The base is the middle: as likely too low as too high. `outcomes` belongs to a measured error rate: the
    name of the rows, a colon, and a 1 for each row that was wrong and a 0 for each that was right.
    """

    low: float
    base: float
    high: float
    source: str
    date: str
    kind: str
    outcomes: str = ""

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
        expected = keys(self.approaches)
        missing = [key for key in expected if key not in self.estimates]
        if missing:
            raise CourseError(f"There is no estimate of {missing[0]!r}; give its low, base and high value.")
        for key in expected:
            _check(key, self.estimates[key])

    @property
    def over(self) -> str:
        """The horizon in words: "over 18 months"."""
        return f"over {self.horizon} month{'' if self.horizon == 1 else 's'}"

    def base(self) -> dict[str, float]:
        """The base value of every input."""
        return {key: self.estimates[key].base for key in keys(self.approaches)}

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

        A number moves the base and takes low and high along by the same factor (an input whose base is 0
        becomes sure); three numbers are low, base and high; "prompt.model" takes a tier or a name of
        data/prices.csv and sets that approach's prices, and with ":tuned" behind it the prices of its
        tuned form. CourseError names a key or a value that is not possible.
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
        return replace(
            self,
            approaches=tuple(approaches),
            pair=pair,
            estimates=dict(read_estimates(COST_INPUTS)) | dict(self.estimates),
        )

    def table(self) -> list[dict[str, str | float]]:
        """One row per input that counts: key, label, low, base, high, unit, kind, source and date."""
        rows = []
        for key in keys(self.approaches):
            owner, meaning = key.partition(".")[0], definition(key)
            label = meaning.label if owner == CASE else f"{APPROACHES[owner]}: {meaning.label}"
            estimate = asdict(self.estimates[key])
            rows.append({"key": key, "label": label, "unit": meaning.unit, **estimate})
        return rows

    def to_json(self) -> str:
        """All of it as JSON, which `from_json` reads."""
        state = {
            "format": STATE_FORMAT,
            "title": self.title,
            "approaches": self.approaches,
            "pair": self.pair,
            "horizon": self.horizon,
            "estimates": {key: asdict(self.estimates[key]) for key in keys(self.approaches)},
        }
        return json.dumps(state, indent=1)


def from_json(text: str, where: str = "The saved cost model") -> Assumptions:
    """The assumptions that `to_json` wrote. CourseError says what is wrong with the text."""
    state = parsed_json(text, where)
    if state.get("format") != STATE_FORMAT:
        raise CourseError(
            f"{where} has the format {state.get('format')!r}, not {STATE_FORMAT}; save it again."
        )
    saved_state = checked(_State, state, where)
    estimates = {
        key: checked(InputRange, estimate, f"{where}, {key}")
        for key, estimate in saved_state.estimates.items()
    }
    return Assumptions(
        saved_state.title, saved_state.approaches, saved_state.pair, saved_state.horizon, estimates
    )


@dataclass(frozen=True)
class _State:
    """What `to_json` writes."""

    format: int
    title: str
    approaches: tuple[str, ...]
    pair: tuple[str, str]
    horizon: int
    estimates: dict[str, dict[str, Any]]


def save(assumptions: Assumptions, path: Path | None = None) -> Path:
    """Write the state to the results folder (or to `path`) and return where it is."""
    path = path or results_dir() / STATE_FILE
    with replacing(path) as unfinished:
        unfinished.write_text(assumptions.to_json() + "\n", encoding="utf-8")
    return path


def saved(path: Path | None = None) -> Assumptions | None:
    """The state that `save` wrote, or None when there is none."""
    path = path or results_dir() / STATE_FILE
    return from_json(read_text(path), path.name) if path.is_file() else None


def load(approaches: Sequence[str] = tuple(APPROACHES), pair: tuple[str, str] | None = None) -> Assumptions:
    """The course's own assumptions: data/cost_inputs.csv, over 18 months, for these approaches."""
    first_two = pair or (tuple(approaches)[0], tuple(approaches)[1])
    return Assumptions("Ticket routing", tuple(approaches), first_two, 18, read_estimates(COST_INPUTS))


def keys(approaches: Iterable[str]) -> list[str]:
    """The key of every input of the case and of these approaches."""
    owned = [(CASE, part.name) for part in fields(SharedInputs)]
    owned += [(name, part.name) for name in approaches for part in fields(Approach)]
    return [f"{owner}.{name}" for owner, name in owned]


def definition(key: str) -> Definition:
    """What the input of that key is. An unknown key raises CourseError."""
    owner, _, name = key.partition(".")
    parts = fields(SharedInputs) if owner == CASE else fields(Approach) if owner in APPROACHES else ()
    for part in parts:
        if part.name == name:
            return part.metadata["definition"]
    known = ", ".join(part.name for part in parts)
    fix = f"{owner!r} has: {known}" if known else f"begin it with {CASE!r} or one of {', '.join(APPROACHES)}"
    raise CourseError(f"{key!r} is not an input; {fix}.")


def check_values(values: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """The values as arrays. CourseError names a key that is none and a value outside its bounds."""
    arrays = {key: np.asarray(value, dtype=float) for key, value in values.items()}
    for key, array in arrays.items():
        meaning = definition(key)
        inside = (array >= meaning.lowest) & (array <= meaning.highest)
        if not inside.all():
            worst = array[~inside].flat[0]
            raise CourseError(f"{key} is {worst:g} {meaning.unit}; {_bounds(meaning)}.")
    return arrays


def model_prices(owner: str, name: str) -> dict[str, InputRange]:
    """Estimates of an approach's token prices by a tier, or by a model's name in data/prices.csv.

    "NAME:tuned" takes the prices of its tuned form and of its training, "none" no token price at all.
    """
    if name == UNPRICED:
        free = dict.fromkeys(
            ("input_price", "cached_price", "write_price", "output_price", "batch_discount"), 0.0
        )
        plain = {"long_above": NO_LIMIT, "long_input": 1.0, "long_output": 1.0, "ends_after": NEVER_ENDS}
        return _estimates(owner, free | plain, "no tokens are paid for", "")
    plain, _, form = name.partition(":")
    row = tier(plain) if plain in TIERS else model(plain)
    if form and form != TUNED:
        raise CourseError(f"{name!r} is not a model; only {TUNED!r} may follow the colon.")
    prices = (_tuned(row) if form else _plain(row)) | {"ends_after": _months_left(row)}
    return _estimates(owner, prices, f"data/prices.csv: {row.id} ({row.status})", row.date)


def _plain(row: Model) -> dict[str, float]:
    if row.input is None or row.output is None:
        raise CourseError(f"data/prices.csv has no price of {row.id!r} in and out; choose another model.")
    return {
        "input_price": row.input,
        "cached_price": row.input if row.cache_read is None else row.cache_read,
        "write_price": row.input if row.cache_write is None else row.cache_write,
        "long_above": NO_LIMIT if row.long_above is None else row.long_above,
        "long_input": 1.0 if row.long_input is None else row.long_input / row.input,
        "long_output": 1.0 if row.long_output is None else row.long_output / row.output,
        "output_price": row.output,
        "batch_discount": 0.0 if row.batch_input is None else 1 - row.batch_input / row.input,
    }


def _tuned(row: Model) -> dict[str, float]:
    if row.tuned_input is None or row.tuned_output is None:
        raise CourseError(f"data/prices.csv has no price of a tuned {row.id!r}; choose another model.")
    prices = dict.fromkeys(("input_price", "cached_price", "write_price"), row.tuned_input)
    prices |= {"output_price": row.tuned_output, "batch_discount": 0.0}
    prices |= {"long_above": NO_LIMIT, "long_input": 1.0, "long_output": 1.0}
    return prices if row.training is None else prices | {"training_price": row.training}


def _months_left(row: Model) -> float:
    """Months from the date of the price to the end of the model, 0 when it has ended."""
    if not row.ends:
        return NEVER_ENDS
    days = (date.fromisoformat(row.ends) - date.fromisoformat(row.date)).days
    return max(days / DAYS_PER_MONTH, 0.0)


def _estimates(owner: str, values: Mapping[str, float], source: str, date: str) -> dict[str, InputRange]:
    return {
        f"{owner}.{name}": InputRange(value, value, value, source, date, "price")
        for name, value in values.items()
    }


@cache
def read_estimates(path: Path) -> Mapping[str, InputRange]:
    """Every estimate of the file by its key; an approach's own row goes before the one of "any".

    CourseError names the line and the value at fault.
    """
    rows = list(csv_rows(path, ("owner", "input", "low", "base", "high", "unit", "kind", "source", "date")))
    places: dict[tuple[str, str], str] = {}
    for where, row in rows:
        first = places.setdefault((row["owner"], row["input"]), where)
        if first != where:
            raise CourseError(
                f"{where}: {row['owner']},{row['input']} is already in {first}; keep one of the two."
            )
    estimates: dict[str, InputRange] = {}
    for where, row in rows:
        if row["owner"] == ANY:
            for name in APPROACHES:
                estimates |= _parsed(where, row | {"owner": name})
    for where, row in rows:
        if row["owner"] != ANY:
            estimates |= _parsed(where, row)
    return estimates


def _parsed(where: str, row: dict[str, str]) -> dict[str, InputRange]:
    try:
        if row["input"] == MODEL:
            return model_prices(row["owner"], row["base"])
        key = f"{row['owner']}.{row['input']}"
        low, base, high = (float(row[name]) for name in ("low", "base", "high"))
        estimate = InputRange(low, base, high, row["source"], row["date"], row["kind"])
        if row["unit"] != definition(key).unit:
            raise CourseError(f"{key} is in {row['unit']!r}; write it in {definition(key).unit!r}.")
        _check(key, estimate)
    except (TypeError, ValueError) as error:
        raise CourseError(f"{where}: {error}; write low, base and high as numbers.") from None
    except CourseError as error:
        raise CourseError(f"{where}: {error}") from None
    return {key: estimate}


def _check(key: str, estimate: InputRange) -> None:
    meaning = definition(key)
    triple = (estimate.low, estimate.base, estimate.high)
    if not all(math.isfinite(value) for value in triple):
        raise CourseError(f"{key} is {triple}; give three numbers.")
    if not meaning.lowest <= estimate.low <= estimate.base <= estimate.high <= meaning.highest:
        raise CourseError(
            f"{key} is {triple} {meaning.unit}; low, base and high must rise, {_bounds(meaning)}."
        )
    if estimate.kind not in KINDS:
        raise CourseError(f"The estimate of {key} is of the kind {estimate.kind!r}; choose from {KINDS}.")
    if not estimate.source:
        raise CourseError(f"The estimate of {key} has no source; say where it comes from.")
    if not re.fullmatch(r"(\w+:[01]+)?", estimate.outcomes):
        raise CourseError(
            f"The outcomes of {key} are {estimate.outcomes[:40]!r}; write rows:0110, or nothing."
        )
    if estimate.date and not _DATE.fullmatch(estimate.date):
        raise CourseError(f"The estimate of {key} has the date {estimate.date!r}; write it as 2026-11-21.")


def _triple(key: str, old: InputRange, value: float | Sequence[float]) -> tuple[float, float, float]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 3:
            raise CourseError(f"{key} is {tuple(value)}; give one number, or low, base and high.")
        return tuple(_number(key, part) for part in value)
    base = _number(key, value)
    meaning, factor = definition(key), base / old.base if old.base else 0.0
    if not factor:
        return base, base, base
    around = sorted((old.low * factor, old.high * factor))
    low, high = (min(max(end, meaning.lowest), meaning.highest) for end in around)
    return min(low, base), base, max(high, base)


def _number(key: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise CourseError(f"{key} is {value!r}; give a number.") from None
    except OverflowError:
        raise CourseError(f"{key} has {len(str(value))} digits; {_bounds(definition(key))}.") from None


_DATE = re.compile(r"20\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")


def _bounds(meaning: Definition) -> str:
    return f"between {meaning.lowest:,g} and {meaning.highest:,g}"
