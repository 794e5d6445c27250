"""The articles' cases as assumptions of the cost model, each with the article's figures beside ours.

The cases are in data/cost_presets.toml, whose head says how one is written. `from_board` makes a case of what
the reader has measured.
"""

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.files import read_toml
from course.material.claims import claim as find_claim
from course.material.prices import machine_price_per_hour
from course.material.prices import models as priced_models
from course.measuring.results import Result, money
from course.paths import DATA
from widgets.cost.inputs import APPROACHES, NEVER_ENDS, UNPRICED, Assumptions, definition, load
from widgets.cost.model import bills, break_even_volumes, evaluation_tax

COST_PRESETS = DATA / "cost_presets.toml"
AGREES, DIFFERS = "agrees", "differs"
GIVEN = "given"  # the preset is built on the figure, so that nothing is learned from finding it again
NOT_STATED = "not stated"  # the article has no such figure, and its argument needs one
TOLERANCE = 0.1  # a tenth, as lesson 03 has it: the articles round
YOURS = "your_own"
HOURS_PER_MONTH = 730
CASE_DATE = "2026-11-28"


Figure = float | tuple[float, float] | str


@dataclass(frozen=True)
class Check:
    """A figure of an article beside ours.

    `claim` is its id in data/claims.csv, empty where the article states none. A figure is a number, a range
    (low, high) or the name of an approach; `figure` is None where the article has none. `ours` is computed
    from the preset by `MEASURES[measure]`. `why` says where a difference comes from (then `differs` is set),
    or on what an agreement rests.
    """

    claim: str
    text: str
    unit: str
    measure: str
    figure: Figure | None
    ours: Figure
    why: str
    differs: bool
    is_given: bool

    @property
    def verdict(self) -> str:
        """`AGREES`, `DIFFERS`, `GIVEN` or `NOT_STATED`: computed, whatever the file says."""
        if self.figure is None:
            return NOT_STATED
        if self.is_given:
            return GIVEN
        if isinstance(self.figure, str) or isinstance(self.ours, str):
            return AGREES if self.figure == self.ours else DIFFERS
        (low, high), (least, most) = _range(self.figure), _range(self.ours)
        overlap = low * (1 - TOLERANCE) <= most and least <= high * (1 + TOLERANCE)
        return AGREES if overlap else DIFFERS

    @property
    def stands(self) -> bool:
        """Whether the figures differ exactly if the file says why, and a given figure is found again."""
        if self.verdict == GIVEN:
            return math.isclose(self.ours, self.figure, rel_tol=1e-6)
        return self.differs == (self.verdict == DIFFERS)

    def row(self) -> dict[str, str]:
        """The check as texts for a table."""
        return {
            "claim": self.claim,
            "what": self.text,
            "article": "-" if self.figure is None else _in_words(self.figure),
            "ours": _in_words(self.ours),
            "unit": self.unit,
            "verdict": self.verdict,
            "why": self.why,
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
    for candidate in presets():
        if candidate.id == id:
            return candidate
    raise CourseError(f"There is no preset {id!r}; choose from {', '.join(one.id for one in presets())}.")


def rungs(results: Iterable[Result]) -> dict[str, Result]:
    """For each approach the most accurate result, known by the names that the lessons give."""
    best: dict[str, Result] = {}
    for result in results:
        name = next((approach for part, approach in _RUNGS.items() if part in result.name), None)
        if name and (name not in best or result.accuracy > best[name].accuracy):
            best[name] = result
    return best


def from_board(measured: Mapping[str, Result]) -> Preset:
    """The course's assumptions with what was measured of some approaches in their place.

    Error rates take their 95 % interval; tokens, their prices and the time on a rented machine come along
    where a result has them. All else keeps its assumption, and an error rate that nobody measured says so.
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
            estimates[key] = replace(
                estimates[key],
                source=f"not on your board, an assumption of this course: {estimates[key].source}",
            )
    named = ", ".join(f"{APPROACHES[name]} from '{result.name}'" for name, result in measured.items())
    note = f"From your board: {named or 'nothing yet'}. All else are assumptions of this course."
    title = "Your own"
    return Preset(YOURS, title, "", note, replace(assumptions, title=title, estimates=estimates))


# Part of a result's name in the lessons, and the approach that it measures; the first part that fits counts.
_RUNGS: dict[str, str | None] = {
    "vote": None,
    "skill": "skill",
    "retrieved": "retrieved_examples",
    "fixed examples": "few_shot",
    "queue names": "prompt",
    "small tier": "prompt",
    "medium tier": "stronger_model",
    "large model": "stronger_model",
    "cascade": "cascade",
    "logistic regression": "linear_head",
    "MiniLM fine-tuned": "encoder",
    "tuned": "self_hosted_lora",
}


def _tokens_per_1000(assumptions: Assumptions, name: str) -> float:
    return float(_bill(assumptions, name).tokens_per_1000)


def _serving_per_1000(assumptions: Assumptions, name: str) -> float:
    """Hosting is that of the last month, when every approach is live."""
    bill = _bill(assumptions, name)
    hosting = 1000 * bill.monthly_parts["hosting"][-1] / bill.volume[-1]
    return _tokens_per_1000(assumptions, name) + float(hosting)


def _serving_ratio(assumptions: Assumptions, a: str, b: str) -> float:
    return _serving_per_1000(assumptions, a) / _serving_per_1000(assumptions, b)


def _price(column: str) -> Callable[[Assumptions, str], float]:
    return lambda assumptions, name: assumptions.estimates[f"{name}.{column}"].base


def _price_ratio(column: str) -> Callable[[Assumptions, str, str], float]:
    price = _price(column)
    return lambda assumptions, a, b: price(assumptions, a) / price(assumptions, b)


def _training(assumptions: Assumptions, name: str) -> float:
    return float(_bill(assumptions, name).upfront_parts["training"])


def _training_and_use(assumptions: Assumptions, name: str) -> float:
    month = _tokens_per_1000(assumptions, name) * assumptions.estimates["case.volume"].base / 1000
    return _training(assumptions, name) + month


def _upfront(assumptions: Assumptions, name: str) -> float:
    return float(_bill(assumptions, name).upfront)


def _cheaper(assumptions: Assumptions, a: str, b: str) -> str:
    return min((a, b), key=lambda name: float(_bill(assumptions, name).total))


def _saving_per_1000(assumptions: Assumptions, a: str, b: str) -> float:
    return 1000 * (_per_output(assumptions, a) - _per_output(assumptions, b))


def _needed_per_1000(assumptions: Assumptions, a: str, b: str) -> float:
    volume = _bill(assumptions, b).volume.sum()
    return float(1000 * (_fixed(assumptions, b) - _fixed(assumptions, a)) / volume)


def _payback_outputs(assumptions: Assumptions, a: str, b: str) -> float:
    saving = _per_output(assumptions, a) - _per_output(assumptions, b)
    extra = _upfront(assumptions, b) - _upfront(assumptions, a)
    return max(extra, 0.0) / saving if saving > 0 else math.inf


def _payback_volume(assumptions: Assumptions, a: str, b: str) -> float:
    return _payback_outputs(assumptions, a, b) / assumptions.horizon


def _break_even_volume(assumptions: Assumptions, a: str, b: str) -> float:
    crossings = break_even_volumes(assumptions, a, b)
    if not crossings:
        return 0.0 if _cheaper(assumptions, a, b) == b else math.inf
    return next((crossing.at for crossing in crossings if crossing.cheaper == b), math.inf)


def _evaluation_hours(assumptions: Assumptions) -> float:
    case = {
        name: assumptions.estimates[f"case.{name}"].base
        for name in ("tuned_models", "tax_hours", "tax_power")
    }
    return float(evaluation_tax(case["tuned_models"], case["tax_hours"], case["tax_power"]))


MEASURES: Mapping[str, Callable[..., float | str]] = {
    "tokens_per_1000": _tokens_per_1000,  # of an approach: $ of the tokens of 1,000 outputs
    "serving_per_1000": _serving_per_1000,  # of an approach: the same and the hosting, at the preset's volume
    "serving_ratio": _serving_ratio,  # of two
    "input_price": _price("input_price"),  # of an approach: $ per million tokens
    "output_price": _price("output_price"),
    "price_ratio": _price_ratio("output_price"),  # of two
    "training_price": _price("training_price"),  # of an approach: $ per million tokens
    "training_price_ratio": _price_ratio("training_price"),  # of two
    "training": _training,  # of an approach: $ of one training
    "training_and_use": _training_and_use,  # and of the first month's tokens
    "upfront": _upfront,  # of an approach: $ before the first month
    "cheaper": _cheaper,  # of two: over the horizon
    "saving_per_1000": _saving_per_1000,  # of two: $ that the second saves on tokens, errors and review
    "needed_per_1000": _needed_per_1000,  # of two: $ that it would have to save to be even, all else counted
    "payback_outputs": _payback_outputs,  # of two: outputs after which the second's higher start is paid back
    "payback_volume": _payback_volume,  # of two: outputs a month that do so within the horizon
    "break_even_volume": _break_even_volume,  # of two: outputs a month from which the second is cheaper
    "evaluation_hours": _evaluation_hours,  # hours a month of watching all tuned models
}
"""What of ours a figure can be held against; a check's `of` names the approaches that it takes."""


def _bill(assumptions: Assumptions, name: str):
    return bills(assumptions, approaches=(name,))[name]


def _per_output(assumptions: Assumptions, name: str) -> float:
    """$ that one more output of the first month costs, hosting left out."""
    return float(sum(_bill(assumptions, name).each.values()))


def _fixed(assumptions: Assumptions, name: str) -> float:
    """$ over the horizon of what does not go by the output, at the first month's prices."""
    bill = _bill(assumptions, name)
    return float(bill.total) - _per_output(assumptions, name) * float(bill.volume.sum())


_FIELDS = {
    "id", "title", "article", "note", "like", "approaches", "pair", "horizon", "models", "values", "check",
}  # fmt: skip


@cache
def _presets(path: Path) -> tuple[Preset, ...]:
    entries = read_toml(path).get("preset", [])
    if not entries:
        raise CourseError(f"{path.name} has no [[preset]]; restore the file.")
    found: dict[str, Preset] = {}
    for entry in entries:
        id = entry.get("id", "a preset without an id")
        if id in found:
            raise CourseError(f"{path.name}: the id {id!r} is there twice; make it unique.")
        try:
            found[id] = _preset(entry, found)
        except (KeyError, TypeError, ValueError) as error:
            raise CourseError(f"{path.name}, {id}: {type(error).__name__} {error}; see its head.") from None
        except CourseError as error:
            raise CourseError(f"{path.name}, {id}: {error}") from None
    return tuple(found.values())


def _preset(entry: dict[str, Any], found: Mapping[str, Preset]) -> Preset:
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise CourseError(
            f"{unknown[0]!r} is not a field of a preset; choose from {', '.join(sorted(_FIELDS))}."
        )
    start = found[entry["like"]].assumptions if "like" in entry else load()
    assumptions = start.with_approaches(entry["approaches"], tuple(entry["pair"]))
    assumptions = replace(
        assumptions, title=entry["title"], horizon=entry.get("horizon", assumptions.horizon)
    )
    assumptions = _with_models(assumptions, entry.get("models", {}))
    # A case is told at its own date: its models are there for all of it.
    lasting = {f"{name}.ends_after": (NEVER_ENDS,) * 3 for name in assumptions.approaches}
    assumptions = assumptions.with_values(
        lasting, source="the case is priced at its own date", date=CASE_DATE
    )
    for value in entry.get("values", ()):
        assumptions = _with_value(assumptions, **value)
    checks = tuple(_check(assumptions, **check) for check in entry["check"])
    return Preset(entry["id"], entry["title"], entry["article"], entry["note"], assumptions, checks)


def _with_models(assumptions: Assumptions, models: Mapping[str, str]) -> Assumptions:
    return assumptions.with_values({f"{name}.model": model for name, model in models.items()})


def _with_value(
    assumptions: Assumptions,
    key: str,
    source: str,
    kind: str,
    date: str,
    value: float | list[float] | None = None,
    exact: float | None = None,
    same: str | None = None,
    per_1000: float | None = None,
    at: str | None = None,
) -> Assumptions:
    """One value of the file: a number or three, a sure number, another key's, or what a price implies."""
    ways = [way for way in (value, exact, same, per_1000) if way is not None]
    if len(ways) != 1:
        raise CourseError(f"{key} needs one of value, exact, same and per_1000.")
    if same is not None:
        definition(same)
        other = assumptions.estimates[same]
        value = [other.low, other.base, other.high]
    elif per_1000 is not None:
        implied = _implied(assumptions, key, per_1000, at)
        value = [implied, implied, implied]
    elif exact is not None:
        value = [exact, exact, exact]
    return assumptions.with_values({key: value}, source=source, kind=kind, date=date)


def _implied(assumptions: Assumptions, key: str, per_1000: float, model: str | None) -> float:
    """The value of an input at which the tokens of 1,000 outputs cost this many $, at a model's prices."""
    owner = key.partition(".")[0]
    priced = assumptions.with_values({f"{owner}.model": model}) if model else assumptions
    none, some = (_tokens_per_1000(priced.with_values({key: [x, x, x]}), owner) for x in (0.0, 1000.0))
    if some == none:
        raise CourseError(f"{key} does not change what tokens cost, so no price implies it.")
    return 1000 * (per_1000 - none) / (some - none)


def _check(
    assumptions: Assumptions,
    text: str,
    unit: str,
    measure: str,
    of: list[str],
    claim: str = "",
    figure: float | list[float] | str | None = None,
    why: str = "",
    differs: str = "",
    given: bool = False,
    models: Mapping[str, str] | None = None,
    values: Mapping[str, float] | None = None,
    over: str = "",
) -> Check:
    if measure not in MEASURES:
        raise CourseError(f"{measure!r} is not a measure; choose from {', '.join(MEASURES)}.")
    if claim:
        find_claim(claim)
    exact = {key: (value, value, value) for key, value in (values or {}).items()}
    lasting = {f"{name}.ends_after": (NEVER_ENDS,) * 3 for name in models or {}}
    moved = _with_models(assumptions, models or {}).with_values(exact | lasting)
    return Check(
        claim=claim,
        text=text,
        unit=unit,
        measure=measure,
        figure=tuple(figure) if isinstance(figure, list) else figure,
        ours=_ours(moved, MEASURES[measure], of, over),
        why=differs or why,
        differs=bool(differs),
        is_given=given,
    )


def _ours(assumptions: Assumptions, measure: Callable[..., Figure], of: list[str], over: str) -> Figure:
    """The measure at the base values, or from the low to the high of one input."""
    if not over:
        return measure(assumptions, *of)
    definition(over)
    estimate = assumptions.estimates[over]
    ends = [measure(assumptions.with_values({over: (x, x, x)}), *of) for x in (estimate.low, estimate.high)]
    return min(ends), max(ends)


def _range(figure: float | tuple[float, float]) -> tuple[float, float]:
    return figure if isinstance(figure, tuple) else (figure, figure)


def _measured(assumptions: Assumptions, name: str, result: Result) -> Assumptions:
    """The assumptions with one approach as the result has it."""
    source = f"your board: {result.name}, {result.n} rows, {result.badge}"
    date = result.created[:10]
    low, high = result.interval
    values = {f"{name}.error_rate": (1 - high, 1 - result.accuracy, 1 - low)}
    if result.input_tokens is not None:
        calls = assumptions.estimates[f"{name}.calls"].base
        variable = assumptions.estimates[f"{name}.variable"].base
        prefix = max(result.input_tokens / calls - variable, 0.0)
        output = result.output_tokens / calls
        values |= {f"{name}.prefix": (prefix,) * 3, f"{name}.output": (output,) * 3}
    assumptions = assumptions.with_values(values, source=source, kind="measured", date=date)
    key = f"{name}.error_rate"
    estimates = dict(assumptions.estimates) | {
        key: replace(assumptions.estimates[key], outcomes=_outcomes(result))
    }
    assumptions = replace(assumptions, estimates=estimates)
    if result.model in {row.id for row in priced_models()}:
        return assumptions.with_values({f"{name}.model": result.model})
    return (
        assumptions
        if result.seconds is None
        else _on_a_machine(assumptions, name, result.seconds, source, date)
    )


def _outcomes(result: Result) -> str:
    """The rows of a result in the order of their ids, as `InputRange.outcomes` has them."""
    rows = sorted((outcome.id, outcome.correct) for outcome in result.outcomes)
    ids = "\n".join(id for id, _ in rows)
    return f"{zlib.crc32(ids.encode()):08x}:{''.join('01'[not correct] for _, correct in rows)}"


def _on_a_machine(assumptions: Assumptions, name: str, seconds: float, source: str, date: str) -> Assumptions:
    """The approach on a rented machine of the kind that data/prices.csv assumes, paid by the month."""
    month = machine_price_per_hour() * HOURS_PER_MONTH
    most = HOURS_PER_MONTH * 3600 / max(seconds, 1e-6)
    bounds = definition(f"{name}.capacity")
    assumptions = assumptions.with_values({f"{name}.model": UNPRICED})
    assumptions = assumptions.with_values(
        {f"{name}.hosting": (month / 2, month, 2 * month)},
        source="data/prices.csv: machine, all hours of a month; half and double of it",
        kind="assumed",
        date=date,
    )
    capacity = tuple(min(max(share * most, bounds.lowest), bounds.highest) for share in (0.1, 0.3, 0.6))
    return assumptions.with_values(
        {f"{name}.capacity": capacity},
        source=f"{source}: {seconds:.2g} s each, and 10 to 60 % of the hours busy (assumed)",
        kind="assumed",
        date=date,
    )


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
    return money(figure) if figure > 0 else f"{figure:.2f}"
