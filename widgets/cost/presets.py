"""The articles' cases as assumptions of the cost model, each with the article's figures beside ours.

The cases are in data/cost_presets.toml, whose head says how one is written. `from_board` makes a case of what
the reader has measured. `python -m widgets.cost.presets` prints every figure beside ours as a table.
"""

import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from course.errors import CourseError, one_of
from course.files import checked, read_toml
from course.material.claims import claim as find_claim
from course.material.prices import machine_price_per_hour
from course.material.prices import models as priced_models
from course.measuring.results import Result, significant
from course.paths import DATA
from widgets.cost.inputs import APPROACHES, NEVER_ENDS, UNPRICED, Assumptions, definition, load
from widgets.cost.model import Bill, bills, break_even_volumes, evaluation_tax

COST_PRESETS = DATA / "cost_presets.toml"
AGREES, DIFFERS = "agrees", "differs"
GIVEN = "given"  # the preset is built on the figure, so that nothing is learned from finding it again
NOT_STATED = "not stated"  # the article has no such figure, and its argument needs one
TOLERANCE = 0.1  # a tenth, as lesson 03 has it: the articles round
YOURS = "your_own"
YOUR_BOARD = "your board"
HOURS_PER_MONTH = 730
CASE_DATE = "2026-11-28"

Figure = float | tuple[float, float] | str


@dataclass(frozen=True)
class CheckEntry:
    """A figure of an article, as data/cost_presets.toml has it, whose head says what each field means.

    `claim` is its id in data/claims.csv, empty where the article states none. A figure is a number, a range
    (low, high) or the name of an approach; None where the article has none.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    text: str
    unit: str
    measure: str
    of: tuple[str, ...]
    claim: str = ""
    figure: Figure | None = None
    why: str = ""
    differs: str = ""
    given: bool = False
    models: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    over: str = ""

    def held_against(self, assumptions: Assumptions) -> "Check":
        """The figure beside ours: at the base values, or from the low to the high of the input `over`."""
        if self.claim:
            find_claim(self.claim)
        exact = {key: (value,) * 3 for key, value in self.values.items()}
        moved = _lasting(_with_models(assumptions, self.models).with_values(exact), self.models)
        if not self.over:
            return Check(self, measure(self.measure, moved, *self.of))
        definition(self.over)
        ends = moved.estimates[self.over].low, moved.estimates[self.over].high
        found = [measure(self.measure, moved.with_values({self.over: (x,) * 3}), *self.of) for x in ends]
        return Check(self, (min(found), max(found)))


@dataclass(frozen=True)
class Check:
    """A figure of an article beside ours, which is computed from the preset by `measure`."""

    entry: CheckEntry
    ours: Figure

    @property
    def verdict(self) -> str:
        """`AGREES`, `DIFFERS`, `GIVEN` or `NOT_STATED`: computed, whatever the file says."""
        figure = self.entry.figure
        if figure is None:
            return NOT_STATED
        if self.entry.given:
            return GIVEN
        if isinstance(figure, str) or isinstance(self.ours, str):
            return AGREES if figure == self.ours else DIFFERS
        (low, high), (least, most) = _range(figure), _range(self.ours)
        overlap = low * (1 - TOLERANCE) <= most and least <= high * (1 + TOLERANCE)
        return AGREES if overlap else DIFFERS

    @property
    def stands(self) -> bool:
        """Whether the figures differ exactly if the file says why, and a given figure is found again."""
        figure = self.entry.figure
        if self.verdict == GIVEN and isinstance(figure, float) and isinstance(self.ours, float):
            return math.isclose(self.ours, figure, rel_tol=1e-6)
        return bool(self.entry.differs) == (self.verdict == DIFFERS)

    def row(self) -> dict[str, str]:
        """The check as texts for a table."""
        figure = self.entry.figure
        return {
            "claim": self.entry.claim,
            "what": self.entry.text,
            "article": "-" if figure is None else _in_words(figure),
            "ours": _in_words(self.ours),
            "unit": self.entry.unit,
            "verdict": self.verdict,
            "why": self.entry.differs or self.entry.why,
        }


@dataclass(frozen=True)
class Preset:
    """A case with its assumptions. `article` is its source in data/claims_sources.csv, or empty."""

    id: str
    title: str
    article: str
    note: str
    assumptions: Assumptions
    checks: tuple[Check, ...] = ()


def course_case() -> Preset:
    """The course's own assumptions: ticket routing, a prompt against a hosted fine-tune."""
    note = "As this course has it: measured where it measures, assumed elsewhere. Put in your own."
    return Preset(
        "course", "Ticket routing, this course", "", note, load(pair=("prompt", "hosted_fine_tune"))
    )


def presets() -> tuple[Preset, ...]:
    """The articles' cases, in the order of the file."""
    return _presets(COST_PRESETS)


def preset(id: str) -> Preset:
    """The preset of that id. CourseError names those that there are."""
    by_id = {one.id: one for one in presets()}
    return by_id[one_of("preset", id, by_id)]


def markdown() -> str:
    """Each article's case as a table: its figures beside ours, whether they agree, and why."""
    parts = []
    for case in presets():
        rows = [check.row() for check in case.checks]
        head = [" | ".join(rows[0]), " | ".join("---" for _ in rows[0])]
        lines = [*head, *(" | ".join(row.values()) for row in rows)]
        parts.append("\n".join([f"## {case.title} ({case.article})", "", *(f"| {line} |" for line in lines)]))
    return "\n\n".join(parts)


def rungs(results: Iterable[Result]) -> dict[str, Result]:
    """For each approach the most accurate result, known by the names that the lessons give."""
    best: dict[str, Result] = {}
    for result in results:
        name = approach_of(result)
        if name and (name not in best or result.accuracy > best[name].accuracy):
            best[name] = result
    return best


def approach_of(result: Result) -> str | None:
    """The approach that a result measures, by the names that the lessons give; None for any other."""
    return next((approach for part, approach in _RUNGS.items() if part in result.name), None)


def with_error_rates(assumptions: Assumptions, measured: Mapping[str, Result]) -> Assumptions:
    """The assumptions with these approaches' measured error rates, 95% interval and rows.

    What follows one of them, such as the rate of what runs before an approach is live, goes with it.
    """
    for name in set(measured) & set(assumptions.approaches):
        result, rate = measured[name], f"{name}.error_rate"
        low, high = result.interval
        shares = {rate: (1 - high, 1 - result.accuracy, 1 - low)}
        assumptions = assumptions.with_values(shares, _source(result), "measured", result.created[:10])
        with_rows = replace(assumptions.estimates[rate], outcomes=_outcomes(result))
        assumptions = replace(assumptions, estimates={**assumptions.estimates, rate: with_rows})
        followers = [key for key, one in assumptions.estimates.items() if one.follows == name]
        assumptions = as_often_wrong(assumptions, followers, name)
    return assumptions


def as_often_wrong(assumptions: Assumptions, keys: Iterable[str], name: str) -> Assumptions:
    """The assumptions in which these shares follow an approach's error rate."""
    rate = assumptions.estimates[f"{name}.error_rate"]
    source = f"as '{APPROACHES[name]}': {rate.source}"
    like_it = replace(rate, source=source, kind="assumed", outcomes="", follows=name)
    return replace(assumptions, estimates={**assumptions.estimates, **dict.fromkeys(keys, like_it)})


def from_board(measured: Mapping[str, Result]) -> Preset:
    """The course's assumptions with what was measured of some approaches in their place.

    Error rates take their 95% interval; labels, tokens, their prices and the time on a rented machine come
    along where a result has them. Everything else stays, and an error rate that is not on the board says so.
    """
    assumptions = load()
    for name, result in measured.items():
        if name not in APPROACHES:
            raise CourseError(f"{name!r} is not an approach; choose from {', '.join(APPROACHES)}.")
        if not isinstance(result, Result):
            raise CourseError(f"{name!r} needs a result of the board, not {result!r}.")
        assumptions = _measured(assumptions, name, result)
    estimates = dict(assumptions.estimates)
    for name in APPROACHES:
        if name not in measured:
            key = f"{name}.error_rate"
            rate = estimates[key]
            what = "a measurement" if rate.kind == "measured" else "an assumption"
            estimates[key] = replace(rate, source=f"not on your board, {what} of this course: {rate.source}")
    named = ", ".join(f"{APPROACHES[name]} from '{result.name}'" for name, result in measured.items())
    note = f"From your board: {named or 'nothing yet'}. All else is as this course has it."
    title = "Your own"
    return Preset(YOURS, title, "", note, replace(assumptions, title=title, estimates=estimates))


# Part of a result's name in the lessons, and the approach that it measures; the first part that fits counts.
_RUNGS: dict[str, str | None] = {
    "vote": None,
    "skill": "skill",
    "cascade": "cascade",
    "retrieved section": "rag",
    "retrieved": "retrieved_examples",
    "fixed examples": "few_shot",
    "maximal prompt": "few_shot",  # all instructions and one example of each queue
    "optimised prompt": "few_shot",
    "small tier": "prompt",
    "medium tier": "stronger_model",
    "large model": "stronger_model",
    "large Claude": "stronger_model",
    "queue names": "prompt",
    "label names": "prompt",
    "descriptions": "prompt",
    "all instructions": "prompt",
    "whole policy": "prompt",
    "logistic regression": "linear_head",
    "MiniLM fine-tuned": "encoder",
    "tuned": "self_hosted_lora",
}


@dataclass(frozen=True)
class _Priced:
    """One approach of a case, for `MEASURES`."""

    case: Assumptions
    name: str

    @cached_property
    def bill(self) -> Bill:
        return bills(self.case, approaches=(self.name,))[self.name]

    def price(self, column: str) -> float:
        """$ per million tokens."""
        return self.case.estimates[f"{self.name}.{column}"].base

    @property
    def tokens(self) -> float:
        """$ of the tokens of 1,000 outputs."""
        return float(self.bill.tokens_per_1000)

    @property
    def serving(self) -> float:
        """The same and the hosting, which is that of the last month, when every approach is live."""
        return self.tokens + float(1000 * self.bill.monthly_parts["hosting"][-1] / self.bill.volume[-1])

    @property
    def training(self) -> float:
        """$ of one training."""
        return float(self.bill.upfront_parts["training"])

    @property
    def each(self) -> float:
        """$ that one more output of the first month costs, hosting left out."""
        return float(sum(self.bill.each.values()))

    @property
    def fixed(self) -> float:
        """$ over the horizon of what does not go by the output, at the first month's prices."""
        return float(self.bill.total) - self.each * float(self.bill.volume.sum())


def _cheaper(a: _Priced, b: _Priced) -> str:
    return min((a, b), key=lambda one: float(one.bill.total)).name


def _payback_outputs(a: _Priced, b: _Priced) -> float:
    saving, extra = a.each - b.each, float(b.bill.upfront - a.bill.upfront)
    return max(extra, 0.0) / saving if saving > 0 else math.inf


def _break_even_volume(a: _Priced, b: _Priced) -> float:
    crossings = break_even_volumes(a.case, a.name, b.name)
    if not crossings:
        return 0.0 if _cheaper(a, b) == b.name else math.inf
    return next((crossing.at for crossing in crossings if crossing.cheaper == b.name), math.inf)


def _evaluation_hours(one: _Priced) -> float:
    case = one.case.base()
    return float(
        evaluation_tax(*(case[f"case.{name}"] for name in ("tuned_models", "tax_hours", "tax_power")))
    )


MEASURES: Mapping[str, Callable[..., Any]] = {
    "tokens_per_1000": lambda one: one.tokens,
    "serving_per_1000": lambda one: one.serving,
    "serving_ratio": lambda a, b: a.serving / b.serving,
    "input_price": lambda one: one.price("input_price"),
    "output_price": lambda one: one.price("output_price"),
    "price_ratio": lambda a, b: a.price("output_price") / b.price("output_price"),
    "training_price": lambda one: one.price("training_price"),
    "training_price_ratio": lambda a, b: a.price("training_price") / b.price("training_price"),
    "training": lambda one: one.training,
    "training_and_use": lambda one: one.training + one.tokens * one.case.base()["case.volume"] / 1000,
    "upfront": lambda one: float(one.bill.upfront),
    "cheaper": _cheaper,
    "saving_per_1000": lambda a, b: 1000 * (a.each - b.each),
    "needed_per_1000": lambda a, b: float(1000 * (b.fixed - a.fixed) / b.bill.volume.sum()),
    "payback_outputs": _payback_outputs,
    "payback_volume": lambda a, b: _payback_outputs(a, b) / a.case.horizon,
    "break_even_volume": _break_even_volume,
    "evaluation_hours": _evaluation_hours,
}
"""What of ours a figure can be held against, for the approaches that a check names in `of`.

Of two: `saving` is what the second saves on tokens, errors and review, `needed` what it would have to save
to be even, `payback` the outputs after which its higher start is paid back, `break_even` the volume from
which it is cheaper. `evaluation_hours` are those a month of watching all tuned models.
"""


def measure(name: str, assumptions: Assumptions, *of: str) -> Any:
    """What the measure of that name is in a case for these approaches: a number, or the name of one."""
    return MEASURES[one_of("measure", name, MEASURES)](*(_Priced(assumptions, one) for one in of))


@dataclass(frozen=True)
class _Value:
    """An input that a case sets: a number or three, a sure number, another key's, or what a price implies."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key: str
    source: str
    kind: str
    date: str
    value: float | tuple[float, float, float] | None = None
    exact: float | None = None
    same: str | None = None
    per_1000: float | None = None
    at: str | None = None

    def set_in(self, assumptions: Assumptions) -> Assumptions:
        """The assumptions with this input."""
        ways = {"value": self.value, "exact": self.exact, "same": self.same, "per_1000": self.per_1000}
        if sum(way is not None for way in ways.values()) != 1:
            raise CourseError(f"{self.key} needs one of {', '.join(ways)}.")
        value: float | Sequence[float] | None = self.value
        if self.same is not None:
            definition(self.same)
            other = assumptions.estimates[self.same]
            value = (other.low, other.base, other.high)
        elif self.per_1000 is not None:
            value = (_implied(assumptions, self.key, self.per_1000, self.at),) * 3
        elif self.exact is not None:
            value = (self.exact,) * 3
        assert value is not None  # one of the ways is there
        return assumptions.with_values({self.key: value}, self.source, self.kind, self.date)


@dataclass(frozen=True)
class _Entry:
    """A [[preset]] of the file."""

    id: str
    title: str
    article: str
    note: str
    approaches: tuple[str, ...]
    pair: tuple[str, str]
    check: tuple[CheckEntry, ...]
    like: str | None = None
    horizon: int | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    values: tuple[_Value, ...] = ()

    def preset(self, found: Mapping[str, Preset]) -> Preset:
        """The case that it describes; `found` are those before it."""
        if self.like is not None and self.like not in found:
            raise CourseError(f"like is {self.like!r}, which is not an earlier preset: {', '.join(found)}.")
        start = load() if self.like is None else found[self.like].assumptions
        assumptions = start.with_approaches(self.approaches, self.pair)
        assumptions = replace(assumptions, title=self.title, horizon=self.horizon or assumptions.horizon)
        # A case is told at its own date: its models are there for all of it.
        assumptions = _lasting(_with_models(assumptions, self.models), self.approaches)
        for value in self.values:
            assumptions = value.set_in(assumptions)
        checks = tuple(check.held_against(assumptions) for check in self.check)
        return Preset(self.id, self.title, self.article, self.note, assumptions, checks)


@cache
def _presets(path: Path) -> tuple[Preset, ...]:
    entries = read_toml(path).get("preset", [])
    if not entries:
        raise CourseError(f"{path.name} has no [[preset]]; restore the file.")
    found: dict[str, Preset] = {}
    for entry in entries:
        id = entry.get("id", "a preset without an id")
        if id in found:
            raise CourseError(f"{path.name}: the id {id!r} appears twice; make it unique.")
        read = checked(_Entry, entry, f"{path.name}, {id}")
        try:
            found[id] = read.preset(found)
        except CourseError as error:
            raise CourseError(f"{path.name}, {id}: {error}") from None
    return tuple(found.values())


def _with_models(assumptions: Assumptions, models: Mapping[str, str]) -> Assumptions:
    return assumptions.with_values({f"{name}.model": model for name, model in models.items()})


def _lasting(assumptions: Assumptions, approaches: Iterable[str]) -> Assumptions:
    """The assumptions with models of these approaches that do not end."""
    lasting = {f"{name}.ends_after": (NEVER_ENDS,) * 3 for name in approaches}
    return assumptions.with_values(lasting, source="the case is priced at its own date", date=CASE_DATE)


def _implied(assumptions: Assumptions, key: str, per_1000: float, model: str | None) -> float:
    """The value of an input at which the tokens of 1,000 outputs cost this many $, at a model's prices."""
    owner = key.partition(".")[0]
    priced = assumptions.with_values({f"{owner}.model": model}) if model else assumptions
    none, some = (_Priced(priced.with_values({key: (x,) * 3}), owner).tokens for x in (0.0, 1000.0))
    if some == none:
        raise CourseError(f"{key} does not change what tokens cost, so no price implies it.")
    return 1000 * (per_1000 - none) / (some - none)


def _range(figure: float | tuple[float, float]) -> tuple[float, float]:
    return figure if isinstance(figure, tuple) else (figure, figure)


def _measured(assumptions: Assumptions, name: str, result: Result) -> Assumptions:
    """The assumptions with one approach as the result has it."""
    source, day = _source(result), result.created[:10]
    assumptions = with_error_rates(assumptions, {name: result})
    if result.labels is not None:
        used = {f"{name}.examples": (result.labels,) * 3}
        assumptions = assumptions.with_values(used, source, "measured", day)
    if result.input_tokens is not None and result.output_tokens is not None:
        asked = sum(row.input_tokens is not None for row in result.outcomes) / result.n
        calls = assumptions.estimates[f"{name}.calls"].base
        if asked < 1:  # a cascade, which asks the model for some of its rows only
            calls = asked
            assumptions = assumptions.with_values({f"{name}.calls": (asked,) * 3}, source, "measured", day)
        variable = assumptions.estimates[f"{name}.variable"].base
        prefix = max(result.input_tokens / calls - variable, 0.0)
        tokens = {f"{name}.prefix": (prefix,) * 3, f"{name}.output": (result.output_tokens / calls,) * 3}
        assumptions = assumptions.with_values(tokens, source, "measured", day)
    if result.model in {row.id for row in priced_models()}:
        return assumptions.with_values({f"{name}.model": result.model})
    if result.seconds is None:
        return assumptions
    # It ran on a machine of the reader's: one of the kind that data/prices.csv assumes, paid by the month.
    month = machine_price_per_hour() * HOURS_PER_MONTH
    most = HOURS_PER_MONTH * 3600 / max(result.seconds, 1e-6)
    bounds = definition(f"{name}.capacity")
    capacity = tuple(min(max(share * most, bounds.lowest), bounds.highest) for share in (0.1, 0.3, 0.6))
    machine = "data/prices.csv: machine, all hours of a month; half and double of it"
    busy = f"{source}: {result.seconds:.2g} s each, and 10 to 60% of the hours busy (assumed)"
    hosting: dict[str, str | Sequence[float]] = {
        f"{name}.model": UNPRICED,
        f"{name}.hosting": (month / 2, month, 2 * month),
    }
    assumptions = assumptions.with_values(hosting, machine, date=day)
    return assumptions.with_values({f"{name}.capacity": capacity}, busy, date=day)


def _source(result: Result) -> str:
    return f"{YOUR_BOARD}: {result.name}, {result.n} rows, {result.badge}"


def _outcomes(result: Result) -> str:
    """The rows of a result in the order of their ids, as `InputRange.outcomes` has them."""
    rows = sorted((outcome.id, outcome.correct) for outcome in result.outcomes)
    ids = "\n".join(id for id, _ in rows)
    return f"{zlib.crc32(ids.encode()):08x}:{''.join('01'[not correct] for _, correct in rows)}"


def _in_words(figure: Figure) -> str:
    if isinstance(figure, tuple):
        low, high = figure
        if low == 0:
            return f"up to {_in_words(high)}"
        return f"over {_in_words(low)}" if math.isinf(high) else f"{_in_words(low)} to {_in_words(high)}"
    if isinstance(figure, str):
        return APPROACHES[figure]
    if math.isinf(figure):
        return "never"
    if abs(figure) >= 100 or figure == int(figure):
        return f"{figure:,.0f}"
    return significant(figure) if figure > 0 else f"{figure:.2f}"


if __name__ == "__main__":
    print(markdown())
