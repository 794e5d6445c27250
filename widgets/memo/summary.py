"""The memo's first page: the recommendation, and seven questions with their answers in plain sentences.

Everything here is pure. What an answer needs and is not there is named in its place.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from course.measuring.results import Z_95, Result, compare, percent
from widgets.cost.inputs import APPROACHES
from widgets.cost.model import VOLUME, TurningPoint, verdict
from widgets.cost.presets import approach_of
from widgets.decision.answers import Answers
from widgets.decision.model import Advice, AnswerChange, what_would_change
from widgets.decision.rules import rows_missing, standing
from widgets.decision.tables import QUESTION
from widgets.decision.words import Words
from widgets.memo.finance import WAY_OF_STEP, cost_sentences, rough, step_rows, table
from widgets.memo.sources import ANSWERS, BOARD, COSTS, FILLED_BY, FINE_TUNED, Sources, deciding_rung
from widgets.memo.ways import (
    PricedWays,
    Table,
    bar_in_words,
    called,
    fallback,
    follows,
    marks,
    more_rows,
    moved,
    not_the_next_step,
    origin,
    tuned_rungs,
    turned,
)

DECIDES = "who decides"
NOBODY_NAMED = "Who decides, and by which day, is not named yet."
_NOTHING_TO_JUDGE = ("stop", "price", "prepare")
_POINTS = 3  # of each list on the first page
# Kinds of open points that are a risk to the decision, the gravest first.
_RISKS = ("missing", "files differ", "contradiction", "assumed", "sets")


@dataclass(frozen=True)
class Section:
    """A question, the reader who asks it first, and its answer. `missing` says what is not there."""

    question: str
    reader: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None
    missing: str = ""


class OpenPoint(NamedTuple):
    """Something that the decision hangs on and nobody has settled, with its kind in a word or two."""

    kind: str
    text: str


def recommendation(
    advice: Advice | None, deciding: Result | None, rows: int = 0, next_model: str = ""
) -> str:
    """The first line: to fine-tune exactly when the decision model says so.

    `rows` are to be labelled; `next_model` is the one to try, where that is the step.
    """
    if advice is None:
        return "No recommendation yet: the answers are missing."
    stay = called(deciding) if deciding else "what you have"
    if advice.next.key == "fine_tune":
        return f"Fine-tune now, and keep {stay} ready to go back to."
    if advice.next.key == "stop":
        if deciding and approach_of(deciding) in FINE_TUNED:
            return f"Stay on {stay}, which is fine-tuned already. Do not train further."
        return f"Do not fine-tune. Stay on {stay}."
    on_rows = f", on about {rows:,} more test rows" if rows else ""
    model = f", {next_model}" if next_model and advice.next.key == "another_model" else ""
    return f"Do not fine-tune yet. {advice.sentence.removesuffix('.')}{on_rows}{model}."


def sections(
    sources: Sources,
    ways: PricedWays | None,
    turning: Sequence[TurningPoint],
    advice: Advice | None,
    open_points: Sequence[OpenPoint],
    decides: str,
    by: str,
) -> tuple[Section, ...]:
    """The questions, in the order of the page. `turning` are the inputs that turn the pair's verdict."""
    missing = FILLED_BY | dict(sources.faults)
    no_answers = missing[ANSWERS] if advice is None else ""
    over = f"{ways.costs.horizon} months" if ways else "eighteen months"
    named = decides and by
    rows = 0 if advice is None else step_rows(sources, advice)
    return (
        Section(
            f"What does it cost, and what does it save, now and over {over}?",
            "finance",
            () if ways is None else tuple(cost_sentences(sources, ways, advice)),
            missing="" if ways else missing[COSTS],
        ),
        Section(
            "Why?",
            "the product lead",
            tuple(_why(sources, ways, advice)),
            missing=no_answers,
        ),
        Section(
            "What was measured, and against which bar?",
            "the engineer",
            (_tuned(sources),) if sources.rungs else (),
            table(sources, ways) if sources.rungs or ways else None,
            "" if sources.rungs else missing[BOARD],
        ),
        Section(
            "What can go wrong?",
            "the product lead",
            (*_if_wrong(sources), *_risks(open_points, sources))
            or ("Nothing that was measured or priced stands against it.",),
        ),
        Section(
            "When do we look again?",
            "finance",
            tuple(_triggers(sources, ways, turning, advice)),
            missing=no_answers,
        ),
        Section("What do we fall back on?", "the engineer", tuple(_fallback(sources, advice))),
        Section(
            "Who decides what, and by when?",
            "the product lead",
            (f"{decides} decides, by {by}, {_to_decide(advice, rows)}. Until then nothing changes.",)
            if named
            else (),
            missing="" if named else NOBODY_NAMED,
        ),
    )


def _to_decide(advice: Advice | None, rows: int) -> str:
    if advice is None:
        return "what to do, once the missing answers are there"
    if advice.next.key == "fine_tune":
        return "whether to fine-tune"
    if advice.next.key == "stop":
        return "whether to stop here"
    if rows:
        return f"whether to label about {rows:,} more test rows and measure on them before any fine-tuning"
    title = advice.next.title
    return f"whether to {title[0].lower()}{title[1:]} before any fine-tuning"


def _if_wrong(sources: Sources) -> Iterator[str]:
    """How many outputs a month are wrong with what decides, and what these cost; both with their range."""
    answers, costs = sources.answers, sources.costs
    if answers is not None and costs is not None and answers.interval and answers.failure_rate is not None:
        volume, each = costs.estimates[VOLUME].base, costs.estimates["case.error_cost"]
        low, high = (volume * share for share in answers.interval)
        wrong = volume * answers.failure_rate
        yield (
            f"Of {volume:,.0f} outputs a month at the start about {rough(wrong)} are wrong "
            f"({rough(low)} to {rough(high)}). They cost ${rough(wrong * each.base)} a month "
            f"(${rough(low * each.low)} to ${rough(high * each.high)})."
        )


def _why(sources: Sources, ways: PricedWays | None, advice: Advice | None) -> Iterator[str]:
    """What the decision rests on, the step's reasons, and why not the cheapest or the best way."""
    answers, deciding = sources.answers, deciding_rung(sources)
    if answers is not None and sources.rungs:
        yield from _rests_on(answers, deciding)
    if advice is not None and answers is not None:
        rate = Words(answers).say("rate"), Words(answers).say("more_rows")
        told = [reason for reason in advice.reasons[:_POINTS] if not (deciding and reason in rate)]
        yield from (reason.text for reason in told)
    if advice is not None and advice.next.key != "fine_tune":
        way = WAY_OF_STEP.get(advice.next.key, "")
        yield from not_the_next_step(sources, ways, way, step_rows(sources, advice) > 0)


def _rests_on(answers: Answers, deciding: Result | None) -> Iterator[str]:
    """The bar, and where the way that decides lies against it."""
    bar = 1 - answers.accepted_rate
    if deciding is None:
        yield f"The bar, set before looking: {percent(bar)}% right. No measurement here is held against it."
        return
    said = (
        f"The bar, set before looking: {percent(bar)}% right. {called(deciding)} is right on "
        f"{deciding.right} of {deciding.n} test rows, inputs whose right answer is known: "
        f"{bar_in_words(deciding, bar)}."
    )
    yield said + (f" About {more_rows(answers)}" if rows_missing(answers) else "")
    if deciding.note:
        yield deciding.note


def _tuned(sources: Sources) -> str:
    """What came of fine-tuning: each tuned model, against the way that decides if on the same rows."""
    deciding = deciding_rung(sources)
    tuned = [rung for rung in tuned_rungs(sources) if rung != deciding]
    if not tuned:
        no_other = "other " if deciding in tuned_rungs(sources) else ""
        return f"No {no_other}fine-tuned model was measured."
    said = []
    for rung in tuned:
        share = f"{called(rung)}, {percent(rung.accuracy)}% right"
        if deciding is None or {row.id for row in rung.outcomes} != {row.id for row in deciding.outcomes}:
            said.append(f"{share} on {rung.n} {'other ' if deciding else ''}rows")
            continue
        found = compare(rung, deciding)
        said.append(
            f"{share}, {found.direction or 'chance can explain the difference'} ({found.only_a} rows right "
            f"only with it, {found.only_b} only without, p = {found.p_value:.2g})"
        )
    beside = f" Beside {called(deciding)}:" if deciding else ""
    return f"Fine-tuning was tried.{beside} {'; '.join(said)}."


def _risks(open_points: Sequence[OpenPoint], sources: Sources) -> list[str]:
    """The gravest open points; what is assumed stands beside the figures already where there is a bill."""
    said = sources.assumed if sources.costs else ""
    graded = [point for point in open_points if point.kind in _RISKS and point.text != said]
    return [point.text for point in sorted(graded, key=lambda point: _RISKS.index(point.kind))][:_POINTS]


def _triggers(
    sources: Sources, ways: PricedWays | None, turning: Sequence[TurningPoint], advice: Advice | None
) -> Iterator[str]:
    """How the step is judged, the author's own trigger, answers that move by themselves, and the cost."""
    answers, deciding = sources.answers, deciding_rung(sources)
    if answers is not None:
        judged = deciding is not None and advice is not None and advice.next.key not in _NOTHING_TO_JUDGE
        if judged and deciding and advice:
            yield _judged(deciding.n + step_rows(sources, advice), 1 - answers.accepted_rate)
        if answers.turns_when:
            yield f"The author's own trigger: {answers.turns_when}"
        rows = rows_missing(answers)
        # Where more failures lead to a stop, that is because nothing is left to try.
        moving = [
            change
            for change in what_would_change(answers)
            if QUESTION[change.name].limits
            and change.name != "accepted_rate"  # which nothing but a decision moves
            and not (rows and change.name == "evaluation_rows")
            and not (judged and change.name == "failure_rate")
            and (change.leads_to.key, standing(replace(answers, **{change.name: change.value})))
            != ("stop", "too many")
        ]
        moving.sort(key=lambda change: change.leads_to.key != "fine_tune")
        nearest_to: dict[str, AnswerChange] = {}
        for change in moving:
            nearest_to.setdefault(change.leads_to.key, change)
        for change in list(nearest_to.values())[: 1 if judged else 2]:
            yield f"{moved(answers, change)}: {follows(answers, change)}."
    if ways is not None:
        for turn in turning[:1]:
            found = verdict(ways.costs)
            less, more = APPROACHES[found.costlier], APPROACHES[found.cheaper]
            yield f"{turned(ways.costs, turn)}: then '{less}' costs less than '{more}'."


def _judged(rows: int, bar: float) -> str:
    """How many of the test rows have to be right, and from how few on it is not worth going on."""
    meets, misses = marks(rows, bar)
    said = f"Judge the step on {rows:,} test rows. "
    if meets is not None:
        said += f"{meets:,} or more right: the bar is met, and we stop there."
    else:
        least = math.ceil(Z_95**2 * bar / (1 - bar))
        said += f"They cannot show that the bar is met: that takes {least:,} rows, all of them right."
    if misses >= 0:
        said += f" {misses:,} or fewer right: it is missed, and another step is needed."
    return f"{said} Anything else is undecided."


def _fallback(sources: Sources, advice: Advice | None) -> Iterator[str]:
    deciding = deciding_rung(sources)
    if advice is not None and advice.next.key == "fine_tune":
        if deciding:
            yield f"{called(deciding)} stays in service until the tuned model is measured above it."
        yield "Adapters are kept by version, with the hash of data and base: going back loads the one before."
        return
    second = fallback(sources)
    if second is None:
        yield "Nothing: no second way was measured. Measure one before the first is relied on."
        return
    tested = f", tested as '{second.name}'," if deciding and called(second) == called(deciding) else ""
    said = f"{called(second)}{tested} is the best of the other ways that can be used. It is right on "
    said += f"{percent(second.accuracy)}% of {second.n} rows ({origin(second)})"
    if sources.answers is not None:
        said += f": {bar_in_words(second, 1 - sources.answers.accepted_rate)}"
    yield f"{said}.{f' {second.note}' if second.note else ''}"
