"""What the decision model asks of a case: answers, their checks, their file, and answers from the board."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.files import parsed_json, read_text, replacing
from course.measuring import gap
from course.measuring.results import percent, wilson
from course.paths import results_dir

FORMAT, STYLE, KNOWLEDGE, CAPABILITY = "format", "style", "knowledge", "capability"
BEHAVIOUR, LATENCY, COST, PRIVACY = "behaviour", "latency", "cost", "privacy"
PROBLEMS = {
    FORMAT: "Replies have the wrong shape",
    STYLE: "Voice or style is off",
    KNOWLEDGE: "It lacks facts, ours or recent ones",
    CAPABILITY: "It cannot look things up live, or act",
    BEHAVIOUR: "It breaks our rules, terms or way of reasoning",
    LATENCY: "It is too slow",
    COST: "It costs too much",
    PRIVACY: "Texts leave our machines and must not",
}
OF_THE_ANSWERS = frozenset({FORMAT, STYLE, KNOWLEDGE, CAPABILITY, BEHAVIOUR})

PROMPT, FEW_SHOT, RETRIEVED_EXAMPLES = "prompt", "few_shot", "retrieved_examples"
ANOTHER_MODEL, SMALLER_MODEL, TRIM = "another_model", "smaller_model", "trim"
ENCODER, CASCADE, SCHEMA = "encoder", "cascade", "schema"
RETRIEVAL, TOOLS, SKILL, TUNED = "retrieval", "tools", "skill", "tuned"
TRIABLE = {
    PROMPT: "A rewritten prompt",
    FEW_SHOT: "A few worked examples",
    RETRIEVED_EXAMPLES: "Retrieved examples",
    ANOTHER_MODEL: "Another model",
    SMALLER_MODEL: "A smaller model",
    TRIM: "Cache, batch, shorter texts",
    ENCODER: "A trained classifier",
    CASCADE: "A cascade of two models",
    SCHEMA: "A schema for the reply",
    RETRIEVAL: "Retrieval",
    TOOLS: "Tools",
    SKILL: "A skill",
    TUNED: "A tuned model",
}

# Each of these runs from what speaks against fine-tuning to what speaks for it.
NOT_LAUNCHED, WEEKLY, MONTHLY, QUARTERLY = "not launched", "weekly", "monthly", "quarterly"
TWICE_A_YEAR, YEARLY = "twice a year", "yearly"
CHANGES = {
    NOT_LAUNCHED: "not launched yet",
    WEEKLY: "every week",
    MONTHLY: "every month",
    QUARTERLY: "every quarter",
    TWICE_A_YEAR: "twice a year",
    YEARLY: "once a year or less",
}
NOBODY, A_MODEL, OLD_OUTPUTS, PEOPLE = "nobody", "a model", "old outputs", "people"
CHECKED_MODEL, EXPERTS = "a checked model", "experts"
LABELLERS = {
    NOBODY: "nobody yet",
    A_MODEL: "a model, unchecked",
    OLD_OUTPUTS: "taken from old outputs",
    PEOPLE: "people, each alone",
    CHECKED_MODEL: "a model, checked on a sample",
    EXPERTS: "experts, disputes settled",
}
REASONING, VARIED, NARROW = "reasoning", "varied", "narrow"
TASKS = {
    REASONING: "many kinds of reasoning",
    VARIED: "one task, varied inputs",
    NARROW: "one narrow task",
}
SLOW_FROM = 1.1  # times what is needed: less than that is within the noise of a measurement
# Claimed: the least of each range (C112 to C114).
LABELS_NEEDED = {NARROW: 500, VARIED: 2_000, REASONING: 10_000}
NOT_LOOKED, ONE_KIND, ALIKE = "not looked", "one kind", "alike"
SPREADS = {
    NOT_LOOKED: "nobody has looked",
    ONE_KIND: "one kind fails most",
    ALIKE: "all kinds fail alike",
}
NOT_PRICED, COSTS_MORE, COSTS_LESS = "not priced", "costs more", "costs less"
PRICED = {NOT_PRICED: "not priced yet", COSTS_MORE: "tuning costs more", COSTS_LESS: "tuning costs less"}


@dataclass(frozen=True)
class Answers:
    """One case. CourseError names the answer that cannot be.

    `wrong` holds keys of PROBLEMS, what is wrong now; `tried` keys of TRIABLE, what was tried and measured.
    Rates are shares from 0 to 1. `failure_rate` is that of the best rung that may be used, on
    `evaluation_rows` rows (0: there is no evaluation set), or None. `volume` is outputs a month, latencies
    are ms. `cost_says` is what a cost model says of tuning, `measured_on` where the failure rate comes from,
    and `turns_when` what would change the reader's mind, in a sentence.
    """

    wrong: frozenset[str] = frozenset()
    tried: frozenset[str] = frozenset()
    prompt_maximised: bool = False
    evaluation_rows: int = 0
    failure_rate: float | None = None
    accepted_rate: float = 0.05
    failures_sorted: bool = False
    spread: str = NOT_LOOKED
    changes: str = MONTHLY
    stable_months: float = 3
    reviewed: bool = True
    volume: int = 1_000
    task: str = NARROW
    labels: int = 0
    labelled_by: str = NOBODY
    latency_now: float = 1_000
    latency_needed: float = 5_000
    local_only: bool = False
    curation_budget: bool = False
    retraining_budget: bool = False
    tuned_models: int = 0
    cost_says: str = NOT_PRICED
    measured_on: str = ""
    turns_when: str = ""

    def __post_init__(self) -> None:
        for name, known in (("wrong", PROBLEMS), ("tried", TRIABLE)):
            object.__setattr__(self, name, _known_set(name, getattr(self, name), known))
        for question in QUESTIONS:
            _check(question, getattr(self, question.name))
            if question.whole:
                object.__setattr__(self, question.name, int(getattr(self, question.name)))
        for name in ("measured_on", "turns_when"):
            if not isinstance(getattr(self, name), str):
                raise CourseError(f"{name} is {getattr(self, name)!r}; say it in words.")

    @property
    def problems(self) -> frozenset[str]:
        """What is wrong, with what follows from the latencies and from `local_only`."""
        slow = {LATENCY} if self.latency_now > SLOW_FROM * self.latency_needed else set()
        private = {PRIVACY} if self.local_only else set()
        return self.wrong | slow | private

    @property
    def measured_rate(self) -> float | None:
        """The failure rate, or None: without an evaluation set a rate is a guess."""
        return self.failure_rate if self.evaluation_rows else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the measured failure rate (Wilson), None while there is no rate."""
        if self.measured_rate is None:
            return None
        return _interval(self.measured_rate, self.evaluation_rows)


@dataclass(frozen=True)
class FormQuestion:
    """One answer as it is asked: `options` maps each value on offer to what is shown.

    Between them they run from the least to the most. `limits` are the bounds of a number; other values than
    those on offer are allowed within them. `many` is true where several options may be chosen.
    """

    name: str
    group: str
    text: str
    options: Mapping[Any, str]
    unit: str = ""
    limits: tuple[float, float] | None = None
    whole: bool = False
    many: bool = False


def _numbers(*values: float) -> dict[float, str]:
    return {value: f"{value:,g}" for value in values}


YES_NO = {False: "no", True: "yes"}
WRONG_NOW, TRIED, MEASURED = "What is wrong now", "What was tried and measured", "The measurement"
TASK, DATA, MEANS = "The task", "The examples", "People and money"
_RATES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3, 0.5)
_LATENCIES = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)

QUESTIONS = (
    FormQuestion("wrong", WRONG_NOW, "What is wrong", PROBLEMS, many=True),
    FormQuestion("tried", TRIED, "What was tried", TRIABLE, many=True),
    FormQuestion("prompt_maximised", TRIED, "Best prompt you can write, 10 examples in it", YES_NO),
    FormQuestion(
        "evaluation_rows",
        MEASURED,
        "Rows in the evaluation set",
        _numbers(0, 50, 72, 100, 200, 360, 500, 1_000, 2_000, 5_000, 20_000),
        limits=(0, 10_000_000),
        whole=True,
    ),
    FormQuestion(
        "failure_rate",
        MEASURED,
        "Failures of the best usable rung",
        {None: "not measured"} | {rate: f"{100 * rate:g} %" for rate in (0.0, *_RATES)},
        limits=(0, 1),
    ),
    FormQuestion(
        "accepted_rate",
        MEASURED,
        "Failures you accept",
        {rate: f"{100 * rate:g} %" for rate in _RATES},
        limits=(0.0001, 0.9999),
    ),
    FormQuestion("failures_sorted", MEASURED, "Failures read and sorted by kind", YES_NO),
    FormQuestion("spread", MEASURED, "Failures across kinds of input", SPREADS),
    FormQuestion("changes", TASK, "Requirements changed so far", CHANGES),
    FormQuestion(
        "stable_months",
        TASK,
        "They will stay as they are for",
        _numbers(0, 1, 3, 6, 9, 12, 18, 24),
        unit="months",
        limits=(0, 120),
    ),
    FormQuestion("reviewed", TASK, "A person reviews each output", {True: "yes", False: "no"}),
    FormQuestion(
        "volume",
        TASK,
        "Volume",
        _numbers(
            *(100, 500, 1_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000, 150_000, 300_000, 500_000),
            *(1_000_000, 1_500_000, 3_000_000, 10_000_000),
        ),
        unit="a month",
        limits=(1, 10_000_000_000),
        whole=True,
    ),
    FormQuestion("task", DATA, "What the examples must cover", TASKS),
    FormQuestion(
        "labels",
        DATA,
        "Labelled examples",
        _numbers(0, 50, 100, 200, 300, 500, 800, 1_000, 1_600, 2_000, 5_000, 10_000, 20_000),
        limits=(0, 100_000_000),
        whole=True,
    ),
    FormQuestion("labelled_by", DATA, "Labelled by", LABELLERS),
    FormQuestion(
        "latency_now", TASK, "A reply takes", _numbers(*_LATENCIES), unit="ms", limits=(1, 3_600_000)
    ),
    FormQuestion(
        "latency_needed", TASK, "It may take", _numbers(*_LATENCIES), unit="ms", limits=(1, 3_600_000)
    ),
    FormQuestion("local_only", TASK, "Only models on our own machines", YES_NO),
    FormQuestion("curation_budget", MEANS, "Budget for preparing the data", YES_NO),
    FormQuestion("retraining_budget", MEANS, "Budget for training again", YES_NO),
    FormQuestion(
        "tuned_models",
        MEANS,
        "Tuned models already kept",
        _numbers(0, 1, 2, 3, 5, 8, 14, 20, 30),
        limits=(0, 1_000),
        whole=True,
    ),
    FormQuestion("cost_says", MEANS, "The cost model of lesson 09 says", PRICED),
)
QUESTION = {question.name: question for question in QUESTIONS}
GROUPS = tuple(dict.fromkeys(question.group for question in QUESTIONS))


def stops_with(question: FormQuestion, *values: Any) -> list[Any]:
    """The values that a question offers, with `values` in their places among them."""
    stops = list(question.options)
    more = [value for value in values if value not in stops]
    if not more:
        return stops
    return [stop for stop in stops if stop is None] + sorted(
        {stop for stop in [*stops, *more] if stop is not None}
    )


def answer_text(question: FormQuestion, value: Any) -> str:
    """An answer as people read it."""
    if value in question.options and type(value) in {type(option) for option in question.options}:
        text = question.options[value]
    elif isinstance(value, float) and question.limits and question.limits[1] <= 1:
        text = f"{percent(value)} %"
    else:
        text = f"{value:,g}"
    return f"{text} {question.unit}".strip()


# What lesson 08's kinds of failure are here. Its 'capability' is reading badly, which no tool repairs.
_PROBLEM_OF_KIND = {
    gap.FORMAT: FORMAT,
    gap.CONVENTION: BEHAVIOUR,
    gap.KNOWLEDGE: KNOWLEDGE,
    gap.CAPABILITY: BEHAVIOUR,
}
_WORTH_NAMING = 0.1  # a kind with a smaller share of the failures is not what is wrong
_RUNG_OF_LESSON = {
    "01": PROMPT,
    "02": FEW_SHOT,
    "03": ANOTHER_MODEL,
    "04": SCHEMA,
    "05": RETRIEVAL,
    "06": TOOLS,
    "07": SKILL,
    "11": TUNED,
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
    `failures` the `gap.failure_counts` of the verdict's rung. The rest stays as `base` has it.
    """
    rung = decided.rung
    known = {
        "tried": frozenset(_RUNG_OF_LESSON[lesson] for lesson in lessons if lesson in _RUNG_OF_LESSON),
        "evaluation_rows": rung.n,
        # 1 - 0.9 is a hair off 0.1, and would be a second stop beside it.
        "failure_rate": round(1 - rung.accuracy, 12),
        "accepted_rate": round(1 - acceptance.overall, 12),
        "spread": _spread(rung),
        "measured_on": f"{rung.name}, {rung.n} tickets, {rung.badge}",
    }
    if failures:
        least = _WORTH_NAMING * sum(failures.values())
        known["wrong"] = frozenset(
            _PROBLEM_OF_KIND[kind] for kind, count in failures.items() if count > least
        )
        known["failures_sorted"] = True
    return replace(base or Answers(), **known)


def _spread(rung: gap.Result) -> str:
    """ONE_KIND when a kind of ticket is surely worse than all tickets together, by their intervals."""
    return ONE_KIND if (rung.slices()["high"] < rung.interval[0]).any() else ALIKE


def to_json(answers: Answers) -> str:
    """The answers as a JSON object, readable and in the order of the questions."""
    return json.dumps(to_plain(answers), indent=2)


def to_plain(answers: Answers) -> dict[str, Any]:
    """The answers as JSON has them: sets are sorted lists."""
    return asdict(answers) | {name: sorted(getattr(answers, name)) for name in ("wrong", "tried")}


def from_json(text: str, where: str = "The answers") -> Answers:
    """The answers of `to_json`. CourseError for text that holds none, or for an answer that cannot be."""
    plain = parsed_json(text, where)
    names = [each.name for each in fields(Answers)]
    for name in plain:
        if name not in names:
            raise CourseError(f"There is no question {name!r}; the questions are {', '.join(names)}.")
    return Answers(**plain)


def save(answers: Answers, path: Path | None = None) -> Path:
    """Write the answers to `path`, by default results/decision.json."""
    path = path or default_path()
    try:
        with replacing(path) as unfinished:
            unfinished.write_text(to_json(answers) + "\n", encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path.name} cannot be written ({error.strerror}); check the folder.") from None
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


def _known_set(name: str, given: Any, known: Mapping[str, str]) -> frozenset[str]:
    if isinstance(given, str) or not isinstance(given, Collection):
        raise CourseError(f"{name} is {given!r}; give a set of {', '.join(known)}.")
    for item in given:
        if not isinstance(item, str) or item not in known:
            raise CourseError(f"{name} has {item!r}; choose from {', '.join(known)}.")
    return frozenset(given)


def _check(question: FormQuestion, value: Any) -> None:
    if question.many or (value is None and None in question.options):
        return
    if question.limits is None:
        # True == 1 in Python, so the type counts as well.
        if not any(value == option and type(value) is type(option) for option in question.options):
            options = ", ".join(map(str, question.options))
            raise CourseError(f"{question.name} is {value!r}; choose one of {options}.")
        return
    low, high = question.limits
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise CourseError(f"{question.name} is {value!r}; give a number from {low:,g} to {high:,g}.")
    if question.whole and value != int(value):
        raise CourseError(f"{question.name} is {value!r}; give a whole number.")


@lru_cache(maxsize=1024)
def _interval(rate: float, rows: int) -> tuple[float, float]:
    return wilson(rate * rows, rows)
