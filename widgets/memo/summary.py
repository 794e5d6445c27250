"""The memo's first page: the recommendation, and seven questions with their answers in plain sentences.

Everything here is pure. What an answer needs and is not there is named in its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from course.measuring import gap
from course.measuring.results import READING, Result, percent
from course.own.walk import against
from widgets.cost.inputs import APPROACHES
from widgets.cost.model import VOLUME, TurningPoint, verdict
from widgets.cost.presets import approach_of
from widgets.decision.model import Advice, AnswerChange, what_would_change
from widgets.decision.rules import rows_missing, standing
from widgets.decision.tables import QUESTION
from widgets.memo.finance import WAY_OF_STEP, cost_sentences, cost_table, rough, step_rows
from widgets.memo.sources import ANSWERS, BOARD, COSTS, FILLED_BY, FINE_TUNED, Sources, deciding_rung
from widgets.memo.ways import (
    PricedWays,
    Table,
    bar_in_words,
    fallback,
    follows,
    more_rows,
    moved,
    not_the_next_step,
    shown_rungs,
    tuned_rungs,
    turned,
)

DECIDES = "who decides"
NOBODY_NAMED = (
    'A name and a day are needed. Give both: decides="Head of support", by="2026-12-18" '
    "(with make own: DECIDES= and BY=)."
)
# Where a result is from, of what was not measured in this run.
MEANS = {
    "recorded": "the model's replies come with the course, and are judged here",
    READING: "only the judged replies of another run are kept, without its tokens and costs",
}
_POINTS = 3  # of each list on the first page
# Kinds of open points that are a risk to the decision, the gravest first.
_RISKS = ("missing", "files differ", "contradiction", "not measured", "assumed", "sets")


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


def recommendation(advice: Advice | None, deciding: Result | None, rows: int = 0) -> str:
    """The first line: to fine-tune exactly when the decision model says so. `rows` are to be labelled."""
    if advice is None:
        return "No recommendation yet: the answers are missing."
    stay = f"'{deciding.name}'" if deciding else "what you have"
    if advice.next.key == "fine_tune":
        return f"Fine-tune now, and keep {stay} ready to go back to."
    if advice.next.key == "stop":
        if deciding and approach_of(deciding) in FINE_TUNED:
            return f"Stay on {stay}, which is fine-tuned already. Do not train further."
        return f"Do not fine-tune. Stay on {stay}."
    on_rows = f", on about {rows:,} more test rows" if rows else ""
    return f"Do not fine-tune yet. {advice.sentence.removesuffix('.')}{on_rows}."


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
    shown = shown_rungs(sources, ways)
    named = decides and by
    rows = 0 if advice is None else step_rows(sources, advice)
    return (
        Section(
            "Who decides what, and by when?",
            "the product lead",
            (f"{decides} decides, by {by}, {_to_decide(advice, rows)}. Until then nothing changes.",)
            if named
            else (),
            missing="" if named else NOBODY_NAMED,
        ),
        Section("Why?", "the product lead", tuple(_reasons(sources, ways, advice)), missing=no_answers),
        Section(
            f"What does it cost, and what does it save, over {over}?",
            "finance",
            () if ways is None else tuple(cost_sentences(sources, ways, advice)),
            None if ways is None else cost_table(sources, ways, shown),
            "" if ways else missing[COSTS],
        ),
        _measured(sources, shown, missing[BOARD]),
        Section(
            "What can go wrong?",
            "the product lead",
            (*_if_wrong(sources), *_risks(open_points, sources))
            or ("Nothing that was measured or priced stands against it.",),
        ),
        Section(
            "When do we look again?", "finance", tuple(_triggers(sources, ways, turning)), missing=no_answers
        ),
        Section("What do we fall back on?", "the engineer", tuple(_fallback(sources, advice))),
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


def _reasons(sources: Sources, ways: PricedWays | None, advice: Advice | None) -> Iterator[str]:
    """The reasons of the advice, what came of fine-tuning, and why the cheapest or the best is not next."""
    if advice is None or sources.answers is None:
        return
    # Where rows are missing, the first reason has all that the others say.
    few = advice.next.key == "benchmark" and rows_missing(sources.answers)
    yield from (reason.text for reason in advice.reasons[: 1 if few else _POINTS])
    deciding = deciding_rung(sources)
    if tuned := [rung for rung in tuned_rungs(sources) if rung != deciding]:
        tried = " and ".join(f"'{rung.name}' is right on {_share(rung)}" for rung in tuned)
        beside = f"; '{deciding.name}' on {_share(deciding)}" if deciding else ""
        yield f"Fine-tuning was tried: {tried}{beside}."
    if advice.next.key != "fine_tune":
        way = WAY_OF_STEP.get(advice.next.key, "")
        yield from not_the_next_step(sources, ways, way, step_rows(sources, advice) > 0)


def _share(rung: Result) -> str:
    return f"{percent(rung.accuracy)}% of {rung.n} rows"


def _risks(open_points: Sequence[OpenPoint], sources: Sources) -> list[str]:
    """The gravest open points; what is assumed stands beside the figures already where there is a bill."""
    said = sources.assumed if sources.costs else ""
    graded = [point for point in open_points if point.kind in _RISKS and point.text != said]
    return [point.text for point in sorted(graded, key=lambda point: _RISKS.index(point.kind))][:_POINTS]


def _triggers(sources: Sources, ways: PricedWays | None, turning: Sequence[TurningPoint]) -> Iterator[str]:
    """What the reader confirmed, two answers that move by themselves, and the nearest turn of the cost."""
    answers = sources.answers
    if answers is not None:
        if answers.turns_when:
            yield f"Confirmed in lesson 10: {answers.turns_when}"
        if rows := rows_missing(answers):
            yield more_rows(answers)
        # Where more failures lead to a stop, that is because nothing is left to try.
        moving = [
            change
            for change in what_would_change(answers)
            if QUESTION[change.name].limits
            and not (rows and change.name == "evaluation_rows")
            and (change.leads_to.key, standing(replace(answers, **{change.name: change.value})))
            != ("stop", "too many")
        ]
        moving.sort(key=lambda change: change.leads_to.key != "fine_tune")
        nearest_to: dict[str, AnswerChange] = {}
        for change in moving:
            nearest_to.setdefault(change.leads_to.key, change)
        for change in list(nearest_to.values())[: 1 if rows else 2]:
            yield f"{moved(answers, change)}: {follows(answers, change)}."
    if ways is not None:
        for turn in turning[:1]:
            found = verdict(ways.costs)
            less, more = APPROACHES[found.costlier], APPROACHES[found.cheaper]
            yield f"{turned(ways.costs, turn)}: then {less} costs less than {more}."


# What was measured


def _measured(sources: Sources, shown: Sequence[Result], missing: str) -> Section:
    question = "What was measured, and against which bar?"
    if not sources.rungs:
        return Section(question, "the engineer", missing=missing)
    accepted = None if sources.answers is None else 1 - sources.answers.accepted_rate
    heads = ("way", "in the bill", "rows", "right, %", "95% interval", "against the bar", "from")
    rows = tuple(_measured_row(result, accepted) for result in shown)
    return Section(
        question,
        "the engineer",
        tuple(_measured_sentences(sources, accepted, shown)),
        Table(heads, rows),
    )


def _measured_row(result: Result, accepted: float | None) -> tuple[str, ...]:
    low, high = result.interval
    where = "no bar" if accepted is None else gap.position(result.interval, accepted)
    return (
        result.name,
        APPROACHES.get(approach_of(result) or "", "-"),
        str(result.n),
        percent(result.accuracy),
        f"{percent(low)} to {percent(high)}",
        where,
        result.badge_kind,
    )


def _measured_sentences(sources: Sources, accepted: float | None, shown: Sequence[Result]) -> Iterator[str]:
    deciding, tuned = deciding_rung(sources), tuned_rungs(sources)
    if accepted is not None:
        yield f"The bar, set before looking: {percent(accepted)}% right."
    if deciding is None:
        yield "The answers rest on no measurement that is on the board."
    elif accepted is not None:
        yield (
            f"The decision rests on '{deciding.name}': {deciding.right} of {deciding.n} rows right; "
            f"{bar_in_words(deciding, accepted)}."
        )
    if deciding and deciding.note:
        yield deciding.note
    if not tuned:
        yield "No tuned model was measured."
    for rung in tuned if deciding else ():
        if deciding is None or rung == deciding:
            continue
        if {row.id for row in rung.outcomes} == {row.id for row in deciding.outcomes}:
            yield against(rung, deciding)
        else:
            yield f"'{rung.name}' was measured on other rows, so no paired test holds it against that."
    if kinds := [f"{kind}: {MEANS[kind]}" for kind in MEANS if kind in {rung.badge_kind for rung in shown}]:
        yield f"{'; '.join(kinds)}."


def _fallback(sources: Sources, advice: Advice | None) -> Iterator[str]:
    deciding = deciding_rung(sources)
    if advice is not None and advice.next.key == "fine_tune":
        if deciding:
            yield f"'{deciding.name}' stays in service until the tuned model is measured above it."
        yield "Adapters are kept by version, with the hash of data and base: going back loads the one before."
        return
    second = fallback(sources)
    if second is None:
        yield "Nothing: no second way was measured. Measure one before the first is relied on."
    else:
        where = (
            "" if sources.answers is None else f"; {bar_in_words(second, 1 - sources.answers.accepted_rate)}"
        )
        yield (
            f"'{second.name}', the best of the other ways that can be used: right on {_share(second)} "
            f"({second.badge_kind}){where}.{f' {second.note}' if second.note else ''}"
        )
