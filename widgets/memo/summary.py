"""The memo's first page: the recommendation, and seven questions with their answers in plain sentences.

Everything here is pure. What an answer needs and is not there is named in its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from course.measuring import gap
from course.measuring.results import Result, percent
from course.own.walk import against
from widgets.cost.chance import chance
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import VOLUME, Bill, TurningPoint, bills, dollars, label, verdict
from widgets.cost.presets import approach_of, rungs
from widgets.cost.units import in_short, with_unit
from widgets.decision.model import Advice, AnswerChange, in_words, what_would_change
from widgets.decision.rules import rows_missing, standing
from widgets.decision.tables import QUESTION
from widgets.memo.sources import ANSWERS, BOARD, COSTS, FILLED_BY, TUNED, Sources, deciding_rung

DECIDES = "who decides"
NOBODY_NAMED = (
    'A name and a day are needed. Give both: decides="Head of support", by="2026-12-18" '
    "(with make own: DECIDES= and BY=)."
)
_POINTS = 3  # of each list on the first page
# Kinds of open points that are a risk to the decision, the gravest first.
_RISKS = ("missing", "files differ", "contradiction", "not measured", "assumed", "sets")
_KINDS_OF_COST = {
    "tokens and machines": ("tokens", "hosting"),
    "people's time": ("review", "upkeep", "evaluation", "retraining"),
    "wrong outputs": ("errors",),
}


class Table(NamedTuple):
    """A small table: its heads, and rows of texts that begin with the name of the row."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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


def recommendation(advice: Advice | None, deciding: Result | None) -> str:
    """The first line. It says to fine-tune exactly when the decision model does."""
    if advice is None:
        return "No recommendation yet: the answers are missing."
    stay = f"'{deciding.name}'" if deciding else "what you have"
    if advice.next.key == "fine_tune":
        return f"Fine-tune now, and keep {stay} ready to go back to."
    if advice.next.key == "stop":
        if deciding and approach_of(deciding) in TUNED:
            return f"Stay on {stay}, which is fine-tuned already. Do not train further."
        return f"Do not fine-tune. Stay on {stay}."
    return f"Do not fine-tune yet. {advice.sentence}"


def sections(
    sources: Sources,
    advice: Advice | None,
    turning: Sequence[TurningPoint],
    open_points: Sequence[OpenPoint],
    decides: str,
    by: str,
) -> tuple[Section, ...]:
    """The questions, in the order of the page."""
    missing = FILLED_BY | dict(sources.faults)
    no_answers = missing[ANSWERS] if advice is None else ""
    over = f"{sources.costs.horizon} months" if sources.costs else "eighteen months"
    named = decides and by
    return (
        Section(
            "Who decides what, and by when?",
            "the product lead",
            (f"{decides} decides, by {by}, {_to_decide(advice)}. Until then nothing changes.",)
            if named
            else (),
            missing="" if named else NOBODY_NAMED,
        ),
        Section("Why?", "the product lead", tuple(_reasons(sources, advice)), missing=no_answers),
        _costs(f"What does it cost, and what does it save, over {over}?", sources, missing[COSTS]),
        _measured(sources, missing[BOARD]),
        Section(
            "What can go wrong?",
            "the product lead",
            (*_if_wrong(sources), *_risks(open_points))
            or ("Nothing that was measured or priced stands against it.",),
        ),
        Section("When do we look again?", "finance", tuple(_triggers(sources, turning)), missing=no_answers),
        Section("What do we fall back on?", "the engineer", tuple(_fallback(sources, advice))),
    )


def _to_decide(advice: Advice | None) -> str:
    if advice is None:
        return "what to do, once the missing answers are there"
    if advice.next.key == "fine_tune":
        return "whether to fine-tune"
    if advice.next.key == "stop":
        return "whether to stop here"
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
            f"Of {volume:,.0f} outputs a month at the start about {_rough(wrong)} are wrong "
            f"({_rough(low)} to {_rough(high)}). They cost ${_rough(wrong * each.base)} a month "
            f"(${_rough(low * each.low)} to ${_rough(high * each.high)})."
        )


def _rough(amount: float) -> str:
    """Two digits: the ranges are rougher than that."""
    return f"{float(f'{amount:.2g}'):,.0f}"


def _reasons(sources: Sources, advice: Advice | None) -> Iterator[str]:
    """The reasons of the advice, and what came of a tuned model, if one was measured."""
    if advice is None:
        return
    yield from (reason.text for reason in advice.reasons[:_POINTS])
    deciding, tuned = deciding_rung(sources), _best_tuned(sources)
    if deciding and tuned and tuned != deciding:
        yield (
            f"A tuned model was tried: '{tuned.name}' is right on {percent(tuned.accuracy)} % of {tuned.n} "
            f"rows, '{deciding.name}' on {percent(deciding.accuracy)} % of {deciding.n}."
        )


def _risks(open_points: Sequence[OpenPoint]) -> list[str]:
    graded = [point for point in open_points if point.kind in _RISKS]
    return [point.text for point in sorted(graded, key=lambda point: _RISKS.index(point.kind))][:_POINTS]


def _triggers(sources: Sources, turning: Sequence[TurningPoint]) -> Iterator[str]:
    """What the reader confirmed, two answers that move by themselves, and the nearest turn of the cost."""
    answers, costs = sources.answers, sources.costs
    if answers is not None:
        if answers.turns_when:
            yield f"Confirmed in lesson 10: {answers.turns_when}"
        if rows := rows_missing(answers):
            yield f"{rows:,} more test rows: if the rate stays the same, they decide whether it is accepted."
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
            title = change.leads_to.title
            yield f"{in_words(answers, change)}. The next step is then to {title[0].lower()}{title[1:]}."
    if costs is not None and turning:
        nearest, other = turning[0], APPROACHES[verdict(costs).costlier]
        base = in_short(nearest.key, costs.estimates[nearest.key].base)
        value = with_unit(nearest.key, nearest.value)
        yield f"{label(nearest.key)}: {value} (now {base}). {other} then costs less."


# What it costs


def _costs(question: str, sources: Sources, missing: str) -> Section:
    costs = sources.costs
    if costs is None:
        return Section(question, "finance", missing=missing)
    priced = bills(costs)
    cheapest = min(costs.approaches, key=lambda name: float(priced[name].total))
    shown = sorted({*costs.pair, cheapest}, key=lambda name: float(priced[name].total))
    heads = (f"$ {costs.over}", "before the start", *_KINDS_OF_COST, "in all", "wrong, %")
    table = Table(
        heads,
        tuple(_cost_row(costs, name, priced[name], _error_kind(sources, costs, name)) for name in shown),
    )
    return Section(
        question, "finance", tuple(_cost_sentences(sources, costs, cheapest, priced[cheapest])), table
    )


def _error_kind(sources: Sources, costs: Assumptions, name: str) -> str:
    """Where an error rate is from: of a measured one, whether it was measured here or only recorded."""
    kind = costs.estimates[f"{name}.error_rate"].kind
    rung = rungs(sources.rungs).get(name)
    return rung.badge_kind if rung and kind == "measured" else kind


def _cost_row(costs: Assumptions, name: str, bill: Bill, error_kind: str) -> tuple[str, ...]:
    parts = [sum(float(bill.parts[part]) for part in kinds) for kinds in _KINDS_OF_COST.values()]
    amounts = (float(bill.upfront), *parts, float(bill.total))
    error = costs.estimates[f"{name}.error_rate"]
    return (
        APPROACHES[name],
        *(f"{amount:,.0f}" for amount in amounts),
        f"{percent(error.base)}, {error_kind}",
    )


def _cost_sentences(sources: Sources, costs: Assumptions, cheapest: str, least: Bill) -> Iterator[str]:
    yield f"Counted with: {_counted_with(costs)}."
    found = verdict(costs)
    less, more = APPROACHES[found.cheaper], APPROACHES[found.costlier]
    if found.saving:
        yield f"{less} costs {dollars(found.saving)} less than {more} {costs.over}."
    else:
        yield f"{less} and {more} cost the same {costs.over}."
    yield f"With all inputs drawn at once: {chance(costs.with_approaches(costs.pair, costs.pair)).sentence}"
    if cheapest not in costs.pair:
        yield (
            f"Of all {len(costs.approaches)} ways in the bill, {APPROACHES[cheapest]} costs the least: "
            f"{dollars(float(least.total))} (error rate: {_error_kind(sources, costs, cheapest)})."
        )
    yield from (
        text for text in sources.updates if text.startswith(tuple(APPROACHES[name] for name in costs.pair))
    )


def with_range(costs: Assumptions, key: str) -> str:
    """An input of the bill: its base, the ends of its range, and where it is from."""
    estimate = costs.estimates[key]
    ends = f"{in_short(key, estimate.low)} to {in_short(key, estimate.high)}, "
    return f"{with_unit(key, estimate.base)} ({'' if estimate.is_sure else ends}{estimate.kind})"


def _counted_with(costs: Assumptions) -> str:
    """The two inputs that any bill hangs on most."""
    wrong = with_range(costs, "case.error_cost")
    return f"{with_range(costs, VOLUME)} at the start; a wrong output costs {wrong}"


# What was measured


def _measured(sources: Sources, missing: str) -> Section:
    question = "What was measured, and against which bar?"
    if not sources.rungs:
        return Section(question, "the engineer", missing=missing)
    accepted = None if sources.answers is None else 1 - sources.answers.accepted_rate
    deciding, tuned = deciding_rung(sources), _best_tuned(sources)
    chosen = [deciding, tuned, _best(sources, recorded=False), _best(sources, recorded=True)]
    shown = list({id(result): result for result in chosen if result}.values())
    shown.sort(key=lambda result: -result.accuracy)
    heads = ("way", "in the bill", "rows", "right, %", "95 % interval", "against the bar", "from")
    rows = tuple(_measured_row(result, accepted) for result in shown)
    return Section(
        question,
        "the engineer",
        tuple(_measured_sentences(sources, accepted, deciding, tuned)),
        Table(heads, rows),
    )


def _best(sources: Sources, recorded: bool) -> Result | None:
    kind = [rung for rung in sources.rungs if (rung.badge_kind == "recorded reading") == recorded]
    return max(kind, key=lambda rung: (rung.n, rung.accuracy), default=None)


def _best_tuned(sources: Sources) -> Result | None:
    tuned = [rung for rung in sources.rungs if approach_of(rung) in TUNED]
    return max(tuned, key=lambda rung: (rung.n, rung.accuracy), default=None)


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


def _measured_sentences(
    sources: Sources, accepted: float | None, deciding: Result | None, tuned: Result | None
) -> Iterator[str]:
    if accepted is not None:
        yield f"The bar, set before looking: {percent(accepted)} % right."
    if deciding is None:
        yield "The answers rest on no measurement that is on the board."
    elif accepted is not None:
        ends = {
            gap.ABOVE: "all of its interval is at or above the bar",
            gap.BELOW: "all of its interval is below the bar",
            gap.UNDECIDED: "the bar is inside its interval, so more rows are needed",
        }
        yield (
            f"The decision rests on '{deciding.name}': {deciding.right} of {deciding.n} rows right; "
            f"{ends[gap.position(deciding.interval, accepted)]}."
        )
    if deciding and deciding.note:
        yield deciding.note
    if tuned is None:
        yield "No tuned model was measured."
    elif deciding and tuned != deciding:
        if {row.id for row in tuned.outcomes} == {row.id for row in deciding.outcomes}:
            yield against(tuned, deciding)
        else:
            yield f"'{tuned.name}' was measured on other rows, so no paired test holds it against that."
    if sources.again:
        yield f"To measure it again: {sources.again}"


def _fallback(sources: Sources, advice: Advice | None) -> Iterator[str]:
    deciding = deciding_rung(sources)
    if advice is not None and advice.next.key == "fine_tune":
        if deciding:
            yield f"'{deciding.name}' stays in service until the tuned model is measured above it."
        yield "Adapters are kept by version, with the hash of data and base: going back loads the one before."
        return
    others = [rung for rung in sources.rungs if rung != deciding and rung.badge_kind != "recorded reading"]
    second = max(others, key=lambda rung: (rung.n, rung.accuracy), default=None)
    if second is None:
        yield "Nothing: no second way was measured. Measure one before the first is relied on."
    else:
        yield (
            f"'{second.name}', the best of the other ways that were measured here: "
            f"{percent(second.accuracy)} % of {second.n} rows right."
        )
    if sources.adapters:
        labels = ", ".join(adapter.label for adapter in sources.adapters)
        yield f"Kept with their cards, and not needed for this: the adapters {labels}."
