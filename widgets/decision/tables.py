"""data/decision.toml as checked records: the questions, the limits, the ladder, and every sentence."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from course.files import checked, read_toml
from course.measuring.results import percent
from course.paths import DATA

PATH = DATA / "decision.toml"
Sentence = tuple[str, str]
"""A text with {places}, and its source."""


@dataclass(frozen=True)
class Limits:
    """The thresholds of the rules; decision.toml says what each counts and where it comes from."""

    slow_from: float
    enough_months: float
    style_only_below: int
    no_tolerance_below: float
    enough_rows: int
    narrow_interval: float
    many_models: int
    near_enough: int
    nearest_instead: int
    classifier_from: int
    automatic_from: int
    good_labels: int


@dataclass
class FormQuestion:
    """One question: one of `choices`, several of them where `many`, a number within `limits`, or yes or no.

    `stops` are the numbers on offer; a `share` is from 0 to 1, and `missing` says what no number means.
    """

    name: str
    group: str
    text: str
    choices: dict[str, str] = field(default_factory=dict)
    stops: tuple[int | float, ...] = ()
    limits: tuple[float, float] | None = None
    unit: str = ""
    missing: str = ""
    many: bool = False
    whole: bool = False
    share: bool = False

    @cached_property
    def options(self) -> dict[Any, str]:
        """Each value on offer and what is shown of it."""
        if self.stops:
            nothing = {None: self.missing} if self.missing else {}
            return nothing | {stop: self.said(stop) for stop in self.stops}
        return self.choices or {False: "no", True: "yes"}

    def said(self, value: Any) -> str:
        """A value as people read it."""
        if self.limits is None or value is None:
            return self.options[value]
        return f"{percent(value)}%" if self.share else f"{number(value)} {self.unit}".strip()


@dataclass(frozen=True)
class LadderRung:
    """A rung of the ladder: its steps on lesson 00's map, the lesson about it, and what is said of it."""

    key: str
    title: str
    lesson: str
    steps: tuple[int, ...] = ()
    why: Sentence | None = None
    otherwise: Sentence | None = None

    @property
    def helps(self) -> frozenset[str]:
        """The faults that it helps with; none for a rung that is not a remedy."""
        return frozenset(fault for fault, keys in TABLES.remedies.items() if self.key in keys)


@dataclass(frozen=True)
class ArticleVolume:
    """A volume in an article, in outputs a month, and the `rule` by which it speaks of a case."""

    low: int
    high: int
    says: str
    source: str
    rule: str


@dataclass(frozen=True)
class DimensionRow:
    """A row of the comparison table: what each side wins, and this case, which rests on some answers."""

    key: str
    title: str
    prompting: str
    tuning: str
    yours: str
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tables:
    """The whole file."""

    about_answers: frozenset[str]
    limits: Limits
    labels_needed: dict[str, int]
    labels_claims: dict[str, str]
    questions: tuple[FormQuestion, ...]
    remedies: dict[str, tuple[str, ...]]
    rungs: tuple[LadderRung, ...]
    volume_reasons: dict[str, str]
    volumes: tuple[ArticleVolume, ...]
    points: dict[str, tuple[tuple[str, str], ...]]
    dimensions: tuple[DimensionRow, ...]
    parts: dict[str, str]
    rests_on: dict[str, tuple[str, ...]]
    reasons: dict[str, Sentence]


def number(value: float) -> str:
    """A number with thousands apart and three decimal places at most."""
    return f"{round(value, 3):,}".removesuffix(".0")


def tables_of(path: Path) -> Tables:
    """The tables in a file. CourseError names the first thing in it that is not possible."""
    return checked(Tables, read_toml(path), path.name)


TABLES = tables_of(PATH)
LIMITS = TABLES.limits
QUESTIONS = TABLES.questions
QUESTION = {question.name: question for question in QUESTIONS}
PROBLEMS, TRIABLE = QUESTION["wrong"].choices, QUESTION["tried"].choices
RUNGS = TABLES.rungs
RUNG = {rung.key: rung for rung in RUNGS}
