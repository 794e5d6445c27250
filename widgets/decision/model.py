"""The advice on a case: the next rung, why, what is missing before fine-tuning, and what would change it."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from course.errors import CourseError
from course.measuring.results import percent
from widgets.decision.answers import (
    ANOTHER_MODEL,
    CAPABILITY,
    CASCADE,
    CHANGES,
    CHECKED_MODEL,
    COSTS_MORE,
    ENCODER,
    EXPERTS,
    FEW_SHOT,
    FORMAT,
    KNOWLEDGE,
    LABELLERS,
    NOT_LAUNCHED,
    NOT_LOOKED,
    NOT_PRICED,
    PRIVACY,
    PROBLEMS,
    PROMPT,
    QUESTION,
    QUESTIONS,
    RETRIEVAL,
    RETRIEVED_EXAMPLES,
    SCHEMA,
    SKILL,
    SMALLER_MODEL,
    STYLE,
    TOOLS,
    TRIM,
    TUNED,
    TWICE_A_YEAR,
    YEARLY,
    Answers,
    FormQuestion,
    answer_text,
    stops_with,
)
from widgets.decision.rules import (
    ANSWERS,
    BENCHMARK,
    COURSE,
    DECISION_TREE,
    ENOUGH_MONTHS,
    ENOUGH_ROWS,
    FINE_TUNE,
    MODULUS,
    NO_TOLERANCE_BELOW,
    PREPARE,
    PRICE,
    PRODUCT_LEADER,
    REMEDIES,
    RUNG,
    RUNGS,
    SILENT,
    SKILLS,
    STAY,
    STOP,
    TUNE,
    UNDECIDED,
    UNMEASURED,
    UNNAMED,
    LadderRung,
    Reason,
    Requirement,
    VolumeMark,
    benchmark_done,
    checks,
    conditions,
    gate_changing,
    gates,
    has_gap,
    helps,
    is_tried,
    kind_known,
    next_remedy,
    next_rung,
    rate_text,
    standing,
    stands_still,
    to_solve,
    volumes,
    worth_it,
)

DONE, NEXT, RULED_OUT, LATER = "done", "next", "ruled out", "later"
PROMPTING, TUNING, BETWEEN = "prompting", "fine-tuning", "between"


@dataclass(frozen=True)
class LadderStep:
    """A rung in this case: its `state` (DONE, NEXT, RULED_OUT or LATER) and why."""

    rung: LadderRung
    state: str
    why: Reason


@dataclass(frozen=True)
class Dimension:
    """One row of the comparison table: what each side wins, and the `side` that this case falls on."""

    title: str
    prompting: str
    tuning: str
    side: str
    yours: str


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

    @property
    def open(self) -> tuple[Requirement, ...]:
        """The gates and the points of the check that do not hold."""
        return tuple(point for point in (*self.gates, *self.checks) if not point.holds)

    @property
    def sentence(self) -> str:
        """The advice in one line."""
        return f"Next: {_lower(self.next)}."


def advise(answers: Answers) -> Advice:
    """The advice for any answers."""
    key = next_rung(answers)
    return Advice(
        next=RUNG[key],
        reasons=_reasons(answers, key),
        ladder=_ladder(answers, key),
        gates=gates(answers),
        checks=checks(answers),
        questions=_three_questions(answers),
        conditions=conditions(answers),
        dimensions=_dimensions(answers),
        volumes=volumes(answers),
    )


def _reasons(answers: Answers, key: str) -> tuple[Reason, ...]:
    """Why this rung is next, one sentence or more."""
    return tuple(dict.fromkeys(_reasons_for(answers, key)))


def _reasons_for(answers: Answers, key: str) -> Iterator[Reason]:
    remedy = next_remedy(answers)
    if remedy and remedy[1] == key:
        yield WHY_FIRST[key]
        yield from _why_this_fault(answers, remedy[0])
        yield from _which_model(answers, *remedy)
    if answers.reviewed and key in (SKILL, STOP, PRICE, PREPARE):
        yield Reason("A person reviews each output, so corrections can go into a skill within hours.", SKILLS)
    if key == BENCHMARK:
        yield _why_benchmark(answers)
    if key == STOP:
        yield from _why_stop(answers)
    if key == PRICE:
        yield Reason(
            f"Nothing is tuned without a price. "
            f"On {answers.volume:,} a month the articles say: {_votes(answers)}. Your figures decide.",
            COURSE,
        )
    if key == PREPARE:
        yield from (point.why for point in checks(answers) if not point.holds)
    if key == FINE_TUNE:
        yield Reason("All gates are open, all ten points and all three conditions hold.", ANSWERS)
        yield _why_worth(answers)
        yield Reason(
            "Only a model with open weights on your own machines will do."
            if PRIVACY in answers.problems
            else "Several vendors are closing hosted tuning (November 2026): see lesson 11 for what is left.",
            COURSE,
        )
    if standing(answers) != UNMEASURED:
        yield Reason(rate_text(answers), ANSWERS)
    if not answers.evaluation_rows and key != BENCHMARK:
        yield Reason(
            "Build the evaluation set now: without one, no rung can be told from another.", PRODUCT_LEADER
        )


WHY_FIRST = {
    PROMPT: Reason(
        "An unclear instruction is the cheapest fault to repair, and this is undone in a second.", "C011"
    ),
    FEW_SHOT: Reason("Three to five examples show form, tone and edge cases.", "C062"),
    RETRIEVED_EXAMPLES: Reason("The labelled examples nearest to a request say most about it.", COURSE),
    ANOTHER_MODEL: Reason("Another model is one changed line. Note what it changes in cost.", "C064"),
    SMALLER_MODEL: Reason(
        "A smaller model is quicker and costs less. Measure on the same rows what it loses.", COURSE
    ),
    TRIM: Reason(
        "Cache what repeats, batch what can wait, and shorten prompt and reply: no answer changes.", COURSE
    ),
    ENCODER: Reason("200 to 500 labels are enough for a classifier that answers in milliseconds.", COURSE),
    CASCADE: Reason(
        "A small model keeps what it is sure of, and a large one gets the few that are left.", COURSE
    ),
    SCHEMA: Reason("A schema settles the shape of a reply. It says nothing of the values.", "C106"),
    RETRIEVAL: Reason("Missing facts have to stand in front of the model when it answers.", "C066"),
    TOOLS: Reason("What the model cannot do, a tool can do for it.", DECISION_TREE),
    SKILL: Reason("A skill is a file that people can read, and a changed one works within hours.", "C001"),
}


def _why_this_fault(answers: Answers, fault: str) -> Iterator[Reason]:
    """Where several things are wrong, which is taken first and why."""
    later = [PROBLEMS[key].lower() for key in REMEDIES if key in to_solve(answers) - {fault, UNNAMED}]
    if later and fault in PROBLEMS:
        yield Reason(
            f"First: {PROBLEMS[fault].lower()}. Then: {'; '.join(later)}.  "
            "What it knows and may use comes before how it answers, and what it costs comes last, since "
            "every step changes that.",
            COURSE,
        )


def _which_model(answers: Answers, fault: str, key: str) -> Iterator[Reason]:
    if key == ANOTHER_MODEL and PRIVACY in answers.problems:
        held = ", held to a schema" if FORMAT in answers.problems else ""
        yield Reason(f"It has to run on your own machines: try one with open weights{held}.", DECISION_TREE)


def _why_benchmark(answers: Answers) -> Reason:
    quality = standing(answers)
    if not answers.evaluation_rows:
        return Reason(
            "There is no evaluation set. Without one there is no gap and no fine-tuning.", PRODUCT_LEADER
        )
    if quality == UNMEASURED:
        return Reason(
            "The evaluation set is there. Nobody has measured the failure rate on it.", DECISION_TREE
        )
    if quality == UNDECIDED:
        return Reason("More rows decide it.", COURSE)
    if answers.problems & {KNOWLEDGE, CAPABILITY}:
        what = "Retrieval" if KNOWLEDGE in answers.problems else "Tools"
        return Reason(
            f"{what} and other models were tried. Count apart what was not found and what was used wrongly.",
            COURSE,
        )
    if not kind_known(answers):
        return Reason("Read the failures and sort them by kind: the remedy follows from the kind.", MODULUS)
    if answers.spread != NOT_LOOKED:
        return Reason(
            f"{answers.evaluation_rows} rows are too few to see a gap: take {ENOUGH_ROWS} or more.", COURSE
        )
    return Reason(
        "Look at each kind of input apart: one that fails alone needs a rule, not training.",
        MODULUS,
    )


def _why_stop(answers: Answers) -> Iterator[Reason]:
    if has_gap(answers) and TUNED in answers.tried:
        yield Reason(
            "A tuned model was tried and the gap is still there: a second training is no new idea.", COURSE
        )
    elif has_gap(answers):
        yield _why_worth(answers)
        yield Reason(
            "Live with the gap, go on with prompt and skill, or pay for a stronger model: it costs less.",
            DECISION_TREE,
        )
        if not stands_still(answers):
            yield gate_changing(answers).why
    else:
        yield Reason("The gap is small enough. What is done is good enough.", DECISION_TREE)


def _why_worth(answers: Answers) -> Reason:
    """Why the volume does or does not pay for training, where that is known."""
    if answers.cost_says != NOT_PRICED:
        more = answers.cost_says == COSTS_MORE
        return Reason(f"Your cost model says that training costs {'more' if more else 'less'}.", ANSWERS)
    return Reason(f"On {answers.volume:,} a month the articles agree: {_votes(answers)}.", ANSWERS)


def _votes(answers: Answers) -> str:
    sends = [mark.sends for mark in volumes(answers)]
    return f"{sends.count(TUNE)} of their volumes for training, {sends.count(STAY)} against"


# The ladder


def _ladder(answers: Answers, next_key: str) -> tuple[LadderStep, ...]:
    return tuple(_ladder_step(answers, rung, next_key) for rung in RUNGS)


def _ladder_step(answers: Answers, rung: LadderRung, next_key: str) -> LadderStep:
    if rung.key == next_key:
        return LadderStep(rung, NEXT, _reasons(answers, next_key)[0])
    state, why = _remedy(answers, rung) if rung.helps else _end(answers, rung.key, next_key)
    return LadderStep(rung, state, why)


_NOTHING_LEFT = Reason("The failure rate is within what you accept, so it is not needed.", ANSWERS)
_WAIT = Reason("What stands above comes first.", DECISION_TREE)


def _remedy(answers: Answers, rung: LadderRung) -> tuple[str, Reason]:
    """State of a rung that can be tried and is not next."""
    if is_tried(answers, rung.key):
        return DONE, Reason("Tried and measured.", ANSWERS)
    if helps(answers, rung.key):
        return LATER, _WAIT
    # It may help with something that is wrong, and yet with nothing that an accepted failure rate leaves.
    return RULED_OUT, _NOTHING_LEFT if rung.helps & answers.problems else rung.otherwise or _NOTHING_LEFT


def _end(answers: Answers, key: str, next_key: str) -> tuple[str, Reason]:
    """State of one of the rungs from the measurement on, where it is not next."""
    closed = [point.why for point in gates(answers) if not point.holds]
    if key == BENCHMARK and benchmark_done(answers):
        return DONE, Reason(rate_text(answers), ANSWERS)
    if key == FINE_TUNE and closed:
        return RULED_OUT, closed[0]
    if not benchmark_done(answers) or key == BENCHMARK:
        return LATER, _WAIT
    if not has_gap(answers):
        return RULED_OUT, _NOTHING_LEFT
    if key == STOP:
        return RULED_OUT, Reason("The gap is larger than what you accept.", ANSWERS)
    if next_key == STOP:
        return RULED_OUT, _why_worth(answers)
    if key == PRICE and not stands_still(answers):
        return RULED_OUT, Reason("A task that changes has nothing to price yet.", COURSE)
    if key == PRICE and worth_it(answers) != SILENT:
        return DONE, _why_worth(answers)
    if key == PREPARE and next_key == FINE_TUNE:
        return DONE, Reason("Nothing is open.", ANSWERS)
    return LATER, _WAIT


# The three questions and the eight dimensions


def _three_questions(answers: Answers) -> tuple[Requirement, ...]:
    """The questions of SKILLS; one `holds` where its answer points to fine-tuning."""
    rare = answers.changes in (TWICE_A_YEAR, YEARLY)
    automatic = 0 if answers.reviewed else answers.volume
    return (
        Requirement(
            "How often do requirements change?",
            rare,
            Reason(f"{CHANGES[answers.changes].capitalize()}. Every quarter or more often: skills.", "C040"),
        ),
        Requirement(
            "Does it need a person's review?",
            not answers.reviewed,
            Reason("Yes: skills." if answers.reviewed else "No: that points to fine-tuning.", SKILLS),
        ),
        Requirement(
            "How many outputs a month does nobody review?",
            automatic >= 50_000,
            Reason(f"{automatic:,}. Below 50,000: skills.", "C022"),
        ),
    )


def _dimensions(answers: Answers) -> tuple[Dimension, ...]:
    """The table of MODULUS, with this case."""
    strict = answers.accepted_rate < NO_TOLERANCE_BELOW and not answers.reviewed
    described = not (STYLE in answers.problems and answers.prompt_maximised and FEW_SHOT in answers.tried)
    labels, changes = f"{answers.labels:,}, {LABELLERS[answers.labelled_by]}", CHANGES[answers.changes]
    return (
        Dimension(
            "Shape of the reply",
            "a failure now and then is no harm",
            "no failure passes, and nobody looks",
            TUNING if strict else PROMPTING,
            f"{percent(answers.accepted_rate)} % accepted, " + ("reviewed" if answers.reviewed else "unseen"),
        ),
        Dimension(
            "Definition of the task",
            "still moving",
            "stable and clear",
            _side(answers.stable_months, ENOUGH_MONTHS, ENOUGH_MONTHS),
            f"stable for {answers.stable_months:g} months",
        ),
        Dimension(
            "Labelled examples",
            "few or none",
            "500 or more, of high quality",
            TUNING
            if answers.labels >= 500 and answers.labelled_by in (CHECKED_MODEL, EXPERTS)
            else PROMPTING,
            labels,
        ),
        Dimension(
            "Volume a month",
            "below 500,000",
            "above 1,000,000, and cost matters",
            _side(answers.volume, 500_000, 1_000_001),
            f"{answers.volume:,}",
        ),
        Dimension(
            "Time for a reply",
            "200 ms or more will do",
            "under 100 ms is a must",
            _side(-answers.latency_needed, -199.999, -99.999),
            f"{answers.latency_needed:,g} ms",
        ),
        Dimension(
            "Knowledge",
            "has to be up to date",
            "stands still",
            PROMPTING if KNOWLEDGE in answers.problems else TUNING,
            "facts are missing" if KNOWLEDGE in answers.problems else "no facts are missing",
        ),
        Dimension(
            "Speed of change",
            "has to change quickly",
            "can wait weeks for a new training",
            TUNING if answers.changes in (TWICE_A_YEAR, YEARLY) else PROMPTING,
            f"changes {changes}" if answers.changes != NOT_LAUNCHED else changes,
        ),
        Dimension(
            "Style",
            "can be described in words",
            "only examples can show it",
            PROMPTING if described else TUNING,
            "the best prompt did not do" if not described else "not shown that words fail",
        ),
    )


def _side(value: float, prompting_below: float, tuning_from: float) -> str:
    if value < prompting_below:
        return PROMPTING
    return TUNING if value >= tuning_from else BETWEEN


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
            rung = next_rung(_with(answers, {question.name: value}))
            if rung != now and (way not in found or steps < found[way].steps):
                found[way] = AnswerChange(question.name, value, steps, RUNG[rung])
    return tuple(sorted(found.values(), key=lambda change: change.steps))


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


def _with(answers: Answers, values: dict[str, Any]) -> Answers:
    """As `replace`, without the checks: what the questions offer is right, and there are hundreds."""
    other = copy(answers)
    vars(other).update(values)
    return other


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
        where = f"{QUESTION[self.name].text}: {answer_text(QUESTION[self.name], self.value)}"
        if self.confirmed:
            return f"{where} turns the advice from '{self.before.title}' to '{self.at.title}'."
        if self.now == self.at:
            return f"{where} changes nothing: it is still '{self.at.title}'."
        return f"{where} lies beyond the turn: just before it, it is already '{self.before.title}'."


def turn(answers: Answers, name: str, value: Any) -> Turn:
    """Try out the threshold `value` of one answer, all others as they are.

    "Just before" is 5 % (or one) nearer to the answer of now, and of a list the option before. CourseError
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


def _lower(rung: LadderRung) -> str:
    return f"{rung.title[0].lower()}{rung.title[1:]}"
