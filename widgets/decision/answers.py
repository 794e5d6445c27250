"""What the decision model knows of a case: answers, their checks, their file, and answers from the board."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.files import parsed_json, read_text, write_text
from course.measuring import coding, gap
from course.measuring.results import Result, wilson
from course.paths import results_dir
from widgets.decision.tables import LIMITS, QUESTIONS, FormQuestion

_SHOWN = 60  # characters of a value in an error


@dataclass(frozen=True)
class Answers:
    """One case. CourseError names an answer that is not possible.

    `wrong` and `tried` are keys of PROBLEMS and TRIABLE. Rates are shares from 0 to 1; `failure_rate` is that
    of the best rung that may be used, measured on `evaluation_rows` rows (0: no evaluation set), or None.
    `volume` is outputs a month, latencies are ms, `turns_when` says what would change the reader's mind.
    """

    wrong: frozenset[str] = frozenset()
    tried: frozenset[str] = frozenset()
    prompt_maximised: bool = False
    evaluation_rows: int = 0
    failure_rate: float | None = None
    accepted_rate: float = 0.05
    failures_sorted: bool = False
    spread: str = "not looked"
    changes: str = "monthly"
    stable_months: float = 3
    reviewed: bool = True
    volume: int = 1_000
    task: str = "narrow"
    labels: int = 0
    labelled_by: str = "nobody"
    latency_now: float = 1_000
    latency_needed: float = 5_000
    local_only: bool = False
    curation_budget: bool = False
    retraining_budget: bool = False
    tuned_models: int = 0
    cost_says: str = "not priced"
    measured_on: str = ""
    turns_when: str = ""

    def __post_init__(self) -> None:
        for question in QUESTIONS:
            object.__setattr__(self, question.name, _checked(question, getattr(self, question.name)))
        for name in ("measured_on", "turns_when"):
            if not isinstance(getattr(self, name), str):
                raise CourseError(f"{name} is {_short(getattr(self, name))}; say it in words.")

    @property
    def problems(self) -> frozenset[str]:
        """What is wrong, with what follows from the latencies and from `local_only`."""
        slow = {"latency"} if self.latency_now > LIMITS.slow_from * self.latency_needed else set()
        return self.wrong | slow | ({"privacy"} if self.local_only else set())

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the failure rate (Wilson); None without rows, for then a rate is a guess."""
        if self.failure_rate is None or not self.evaluation_rows:
            return None
        return _interval(self.failure_rate, self.evaluation_rows)


# What lesson 08's kinds of failure are here. Its 'capability' is reading badly, which no tool repairs.
_PROBLEM_OF_KIND = {
    coding.FORMAT: "format",
    coding.CONVENTION: "behaviour",
    coding.KNOWLEDGE: "knowledge",
    coding.CAPABILITY: "behaviour",
}
_WORTH_NAMING = 0.1  # a kind with a smaller share of the failures is not what is wrong
_RUNG_OF_LESSON = {
    "01": "prompt",
    "02": "few_shot",
    "03": "another_model",
    "04": "schema",
    "05": "retrieval",
    "06": "tools",
    "07": "skill",
    "11": "tuned",
}


def from_board(
    decided: gap.GapVerdict,
    lessons: Collection[str],
    acceptance: gap.Acceptance,
    failures: Mapping[str, int] | None = None,
    base: Answers | None = None,
) -> Answers:
    """`base` with what the reader's own board knows: the failure rate, what was tried, how failures spread.

    `decided` is `gap.verdict` of the rungs that may be used, `lessons` the lesson of each rung on the board,
    `failures` the `coding.counts` of those that were read. The rest stays as `base` has it.
    """
    rung = decided.rung
    # One kind of ticket is surely worse than all tickets together, by their intervals.
    one_kind = (rung.slices()["high"] < rung.interval[0]).any()
    known: dict[str, Any] = {
        "tried": tried_in(lessons),
        "evaluation_rows": rung.n,
        # 1 - 0.9 is a hair off 0.1, and would be a second stop beside it.
        "failure_rate": round(1 - rung.accuracy, 12),
        "accepted_rate": round(1 - acceptance.overall, 12),
        "spread": "one kind" if one_kind else "alike",
        "measured_on": as_measured_on(rung),
    }
    if failures and any(failures.values()):
        least = _WORTH_NAMING * sum(failures.values())
        known["wrong"] = frozenset(
            _PROBLEM_OF_KIND[kind] for kind, count in failures.items() if count > least
        )
        known["failures_sorted"] = True
    return replace(base or Answers(), **known)


def as_measured_on(rung: Result) -> str:
    """A rung as `measured_on` names it."""
    return f"{rung.name}, {rung.n} rows, {rung.badge}"


def tried_in(lessons: Iterable[str]) -> frozenset[str]:
    """Keys of TRIABLE: what the rungs of these lessons try."""
    return frozenset(_RUNG_OF_LESSON[lesson] for lesson in lessons if lesson in _RUNG_OF_LESSON)


def to_json(answers: Answers) -> str:
    """The answers as a JSON object, readable and in the order of the fields; sets are sorted lists."""
    plain = asdict(answers) | {name: sorted(getattr(answers, name)) for name in ("wrong", "tried")}
    return json.dumps(plain, indent=2)


def from_json(text: str, where: str = "The answers") -> Answers:
    """The answers of `to_json`. CourseError for other text, or for an answer that is not possible."""
    plain = parsed_json(text, where)
    names = [each.name for each in fields(Answers)]
    for name in plain:
        if name not in names:
            raise CourseError(f"There is no question {_short(name)}; the questions are {', '.join(names)}.")
    return Answers(**plain)


def save(answers: Answers, path: Path | None = None) -> Path:
    """Write the answers to `path`, by default results/decision.json."""
    path = path or default_path()
    write_text(path, to_json(answers) + "\n")
    return path


def load(path: Path | None = None) -> Answers | None:
    """The answers that were saved, None where none were. CourseError for a file that holds none."""
    path = path or default_path()
    if not path.exists():
        return None
    try:
        return from_json(read_text(path), path.name)
    except CourseError as error:
        raise CourseError(f"{path.name} cannot be used: {error} Move it away to start again.") from None


def default_path() -> Path:
    """Where the reader's answers are kept."""
    return results_dir() / "decision.json"


def _checked(question: FormQuestion, value: Any) -> Any:
    """The value as the model keeps it. CourseError when it does not answer the question."""
    name, options = question.name, ", ".join(map(str, question.options))
    if question.many:
        if isinstance(value, str) or not isinstance(value, Collection):
            raise CourseError(f"{name} is {_short(value)}; give a set of {options}.")
        for item in value:
            if not isinstance(item, str) or item not in question.options:
                raise CourseError(f"{name} has {_short(item)}; choose from {options}.")
        return frozenset(value)
    if question.limits is None:
        # True == 1 in Python, so the type counts as well.
        if not any(value == option and type(value) is type(option) for option in question.options):
            raise CourseError(f"{name} is {_short(value)}; choose one of {options}.")
        return value
    if value is None and question.missing:
        return None
    low, high = question.limits
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise CourseError(f"{name} is {_short(value)}; give a number from {low:,g} to {high:,g}.")
    if not question.whole:
        return value
    if value != int(value):
        raise CourseError(f"{name} is {_short(value)}; give a whole number.")
    return int(value)


def _short(value: Any) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or lists in lists in lists
        return f"a value of type {type(value).__name__} that is too long to show"
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


@lru_cache(maxsize=1024)
def _interval(rate: float, rows: int) -> tuple[float, float]:
    return wilson(rate * rows, rows)
