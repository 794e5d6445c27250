"""The advice on a case: the next rung, why, what is missing before fine-tuning, and what would change it."""

from collections.abc import Collection, Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from course.errors import CourseError
from widgets.decision.answers import Answers
from widgets.decision.rules import (
    VolumeMark,
    contradictions,
    has_gap,
    kind_known,
    ladder,
    next_rung,
    rarely_changes,
    standing,
    stands_still,
    to_solve,
    volumes,
    well_labelled,
)
from widgets.decision.tables import LIMITS, QUESTION, QUESTIONS, RUNG, TABLES, FormQuestion, LadderRung
from widgets.decision.words import Reason, Requirement, Words

PROMPTING, TUNING, BETWEEN = "prompting", "fine-tuning", "between"


@dataclass(frozen=True)
class LadderStep:
    """A rung in this case: its `state` ('done', 'next', 'ruled out' or 'later'), as `shown`, and why."""

    rung: LadderRung
    state: str
    shown: str
    why: Reason


@dataclass(frozen=True)
class Dimension:
    """One row of the comparison table: what each side wins, and the `side` that this case falls on."""

    title: str
    prompting: str
    tuning: str
    side: str
    yours: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    """What to do next with a case, and everything behind it."""

    next: LadderRung
    reasons: tuple[Reason, ...]
    ladder: tuple[LadderStep, ...]
    gates: tuple[Requirement, ...]
    checks: tuple[Requirement, ...]
    questions: tuple[Requirement, ...]
    conditions: tuple[Requirement, ...]
    dimensions: tuple[Dimension, ...]
    volumes: tuple[VolumeMark, ...]
    contradictions: tuple[Reason, ...]

    @property
    def open(self) -> tuple[Requirement, ...]:
        """The gates and the points of the check that do not hold."""
        return tuple(point for point in (*self.gates, *self.checks) if not point.holds)

    @property
    def sentence(self) -> str:
        """The advice in one line."""
        return f"Next: {self.next.title[0].lower()}{self.next.title[1:]}."


def advise(answers: Answers) -> Advice:
    """The advice for any answers."""
    key, words = next_rung(answers), Words(answers)
    reasons = tuple(dict.fromkeys(_reasons(words, key)))
    return Advice(
        next=RUNG[key],
        reasons=reasons,
        ladder=_ladder(words, reasons[0]),
        gates=words.points("gates"),
        checks=words.points("checks"),
        questions=words.points("questions"),
        conditions=words.points("conditions"),
        dimensions=_dimensions(words),
        volumes=volumes(answers),
        contradictions=tuple(words.say(key) for key in contradictions(answers)),
    )


def _reasons(words: Words, key: str) -> Iterator[Reason]:
    """Why this rung is next, one sentence or more."""
    answers, rung = words.answers, RUNG[key]
    if rung.why is not None:
        only_speed = key == "trim" and "cost" not in to_solve(answers)
        yield words.say("trim_speed") if only_speed else words.fill(rung.why)
        if words.places["fault"] and words.places["later"]:
            yield words.say("order")
        if key == "another_model" and "privacy" in answers.problems:
            yield words.say("in_house_schema" if "format" in answers.problems else "in_house")
    if answers.reviewed and key in ("skill", "stop", "price", "prepare"):
        yield words.say("skills_learn")
    if key == "benchmark":
        yield words.say(_why_benchmark(answers))
    if key == "stop":
        yield from _why_stop(words)
    if key == "price":
        yield words.say("no_price")
    if key == "prepare":
        yield from (point.why for point in words.points("checks") if not point.holds)
    if key == "fine_tune":
        yield words.say("all_hold")
        yield words.worth()
        yield words.say("open_weights" if "privacy" in answers.problems else "hosted")
    if standing(answers) != "unmeasured":
        yield words.say("rate")
    if not answers.evaluation_rows and key != "benchmark":
        yield words.say("build_set")


def _why_benchmark(answers: Answers) -> str:
    """The key of what is to be measured or read."""
    quality = standing(answers)
    if not answers.evaluation_rows:
        return "no_set"
    if quality in ("unmeasured", "undecided"):
        return "not_measured" if quality == "unmeasured" else "more_rows"
    if not kind_known(answers):
        return "read_failures"
    if answers.problems & {"knowledge", "capability"}:
        return "count_apart"
    return "look_apart" if answers.spread == "not looked" else "few_rows"


def _why_stop(words: Words) -> Iterator[Reason]:
    answers = words.answers
    if not has_gap(answers):
        yield words.say("good_enough")
    elif "tuned" in answers.tried:
        yield words.say("tuned_before")
    else:
        yield words.worth()
        yield words.say("live_with_it")
        if not stands_still(answers):
            yield words.why("stands_still")


def _ladder(words: Words, why_next: Reason) -> tuple[LadderStep, ...]:
    steps = []
    for key, (state, why) in ladder(words.answers).items():
        otherwise = RUNG[key].otherwise
        if state == "next":
            reason = why_next
        elif why == "otherwise" and otherwise is not None:
            reason = words.fill(otherwise, key)
        elif why == "worth":
            reason = words.worth()
        else:
            reason = words.why(why) if why in words.held else words.say(why)
        steps.append(LadderStep(RUNG[key], state, _shown(words.answers, RUNG[key], state), reason))
    return tuple(steps)


def _shown(answers: Answers, rung: LadderRung, state: str) -> str:
    """A state in words: of a remedy that is ruled out, whether it is not needed, or what it lacks."""
    if state != "ruled out" or rung.otherwise is None:
        return state
    if rung.key == "few_shot" or not rung.helps & to_solve(answers):
        return "not needed"
    if rung.key == "retrieved_examples":
        return TABLES.parts["needs_labels"].format(needed=LIMITS.near_enough)
    key = "needs_labels" if answers.task == "narrow" else "needs_narrow"
    return TABLES.parts[key].format(needed=LIMITS.classifier_from)


def _dimensions(words: Words) -> tuple[Dimension, ...]:
    """The table of Modulus, with this case."""
    answers, held = words.answers, words.held
    strict = answers.accepted_rate < LIMITS.no_tolerance_below and not answers.reviewed
    tuning = {
        "shape": strict,
        "definition": answers.stable_months >= LIMITS.enough_months,
        "labels": answers.labels >= LIMITS.good_labels and well_labelled(answers),
        "volume": answers.volume > 1_000_000,
        "latency": answers.latency_needed < 100,
        "knowledge": held["facts"],
        "pace": rarely_changes(answers),
        "style": words.places["style"] == TABLES.parts["style_untold"],
    }
    between = {
        "volume": 500_000 <= answers.volume <= 1_000_000,
        "latency": 100 <= answers.latency_needed < 200,
    }
    sides = {
        key: TUNING if wins else BETWEEN if between.get(key) else PROMPTING for key, wins in tuning.items()
    }
    return tuple(
        Dimension(
            row.title,
            row.prompting,
            row.tuning,
            sides[row.key],
            row.yours.format_map(words.places),
            row.rests_on,
        )
        for row in TABLES.dimensions
    )


# What would change it


@dataclass(frozen=True)
class AnswerChange:
    """Another value of one answer that alters the advice, `steps` options away, and the rung it leads to."""

    name: str
    value: Any
    steps: int
    leads_to: LadderRung


def what_would_change(answers: Answers) -> tuple[AnswerChange, ...]:
    """The nearest value of each answer, on either side, that alters the next rung; the fewest steps first.

    A rung that was tried stays tried.
    """
    now = next_rung(answers)
    found: dict[tuple, AnswerChange] = {}
    for question in QUESTIONS:
        for way, value, steps in _moves(answers, question):
            rung = next_rung(_with(answers, question.name, value))
            if rung != now and (way not in found or steps < found[way].steps):
                found[way] = AnswerChange(question.name, value, steps, RUNG[rung])
    return tuple(sorted(found.values(), key=lambda change: change.steps))


def in_words(answers: Answers, change: AnswerChange, given: Collection[str] = QUESTION) -> str:
    """A change in words: what the answer would be, and what it is now, or where not `given`, is assumed."""
    question, now = QUESTION[change.name], getattr(answers, change.name)
    if not question.many:
        is_now = "now" if change.name in given else "assumed"
        return f"{question.text}: {question.said(change.value)} ({is_now} {question.said(now)})"
    (option,) = now ^ change.value
    return (
        f"{question.text}: {'also' if option in change.value else 'no longer'} '{question.options[option]}'"
    )


def _moves(answers: Answers, question: FormQuestion) -> Iterator[tuple[tuple, Any, int]]:
    """(way, value, steps away) for each other value of one answer."""
    current = getattr(answers, question.name)
    if question.many:
        for option in question.options:
            if option not in current or question.name != "tried":
                yield (question.name, option), current ^ {option}, 1
        return
    stops = stops_with(question, current)
    place = stops.index(current)
    for other, value in enumerate(stops):
        if other != place:
            yield (question.name, other > place), value, abs(other - place)


def _with(answers: Answers, name: str, value: Any) -> Answers:
    """As `replace`, without the checks: what the questions offer is right, and there are hundreds."""
    other = copy(answers)
    vars(other)[name] = value
    return other


def stops_with(question: FormQuestion, *values: Any) -> list[Any]:
    """The values that a question offers, with `values` in their places among them."""
    stops = list(question.options)
    if all(value in stops for value in values):
        return stops
    numbers = {stop for stop in (*stops, *values) if stop is not None}
    return [stop for stop in stops if stop is None] + sorted(numbers)


@dataclass(frozen=True)
class Turn:
    """A reader's own threshold, tried out: the rung `now`, just short of the threshold, and `at` it."""

    name: str
    value: Any
    now: LadderRung
    before: LadderRung
    at: LadderRung

    @property
    def confirmed(self) -> bool:
        """Whether the advice is as now up to the threshold, and another one from there on."""
        return self.now == self.before != self.at

    @property
    def sentence(self) -> str:
        """The threshold and what happens there."""
        where = f"{QUESTION[self.name].text}: {QUESTION[self.name].said(self.value)}"
        if self.confirmed:
            return f"{where} turns the advice from '{self.before.title}' to '{self.at.title}'."
        if self.now == self.at:
            return f"{where} changes nothing: it is still '{self.at.title}'."
        return f"{where} lies beyond the turn: just before it, it is already '{self.before.title}'."


def turn(answers: Answers, name: str, value: Any) -> Turn:
    """Try out the threshold `value` of one answer, all others as they are.

    "Just before" is 5% (or one) nearer to the answer of now, and of a list the option before. CourseError
    for a question that has several answers or is not there, and for a threshold that is the answer of now.
    """
    question = QUESTION.get(name)
    if question is None or question.many:
        single = ", ".join(each.name for each in QUESTIONS if not each.many)
        raise CourseError(f"There is no threshold of {name!r}; choose one of {single}.")
    now = getattr(answers, name)
    there = replace(answers, **{name: value})
    if value == now:
        raise CourseError(f"{name} is {value!r} already; name a value at which you would decide otherwise.")
    before = replace(answers, **{name: _just_before(question, now, value)})
    return Turn(name, value, *(RUNG[next_rung(each)] for each in (answers, before, there)))


def _just_before(question: FormQuestion, now: Any, value: Any) -> Any:
    if question.limits is None or None in (now, value):
        options = stops_with(question, now, value)
        step = 1 if options.index(value) > options.index(now) else -1
        return options[options.index(value) - step]
    nearer = max(0.05 * abs(value), 1) if question.whole else 0.05 * abs(value)
    step = min(nearer, abs(value - now))
    short = value - step if value > now else value + step
    return round(short) if question.whole else short
