"""The memo's first page: the recommendation, and seven questions with their answers in plain sentences.

Everything here is pure. What an answer needs and is not there is named in its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from scipy.stats import binom

from course.measuring.results import READING, Result, compare, percent
from widgets.cost.inputs import APPROACHES
from widgets.cost.model import VOLUME, TurningPoint, verdict
from widgets.cost.presets import approach_of
from widgets.decision.answers import Answers
from widgets.decision.model import Advice, AnswerChange, what_would_change
from widgets.decision.rules import rows_missing, standing
from widgets.decision.tables import QUESTION, RUNG
from widgets.decision.words import Words
from widgets.memo.finance import WAY_OF_STEP, cost_sentences, rough, step_in_words, step_rows, table
from widgets.memo.sources import ANSWERS, BOARD, COSTS, FILLED_BY, FINE_TUNED, Sources, deciding_rung
from widgets.memo.ways import (
    NOTHING_TO_JUDGE,
    Consequence,
    PricedWays,
    Table,
    adapted_model,
    bar_in_words,
    best_of_smaller,
    best_rung,
    called,
    fallback,
    follows,
    in_memo_words,
    kind_of_rows,
    leads_to,
    more_rows,
    moved,
    not_the_next_step,
    origin,
    outcomes,
    shown_rungs,
    to_ask,
    tuned_rungs,
    turned,
)

DECIDES = "who decides"
NOBODY_NAMED = "Who decides, and by which day, is not named yet."
CHEAP_FIRST = "Why this step: it is the next of the cheap ones."
_EXPECTED = {"accepted": "meet the bar", "undecided": "stay undecided", "too many": "miss the bar"}
_MEANS = {"accepted": "the bar is met", "undecided": "still undecided", "too many": "the bar is missed"}
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
    """Something that the decision depends on and nobody has settled, with its kind in a word or two."""

    kind: str
    text: str


def recommendation(sources: Sources, ways: PricedWays | None, advice: Advice | None) -> str:
    """The first line: to fine-tune exactly when the decision model says so, else the whole next step."""
    if advice is None:
        return "No recommendation yet: the answers are missing."
    deciding = deciding_rung(sources)
    stay = called(deciding) if deciding else "what you have"
    if advice.next.key == "fine_tune":
        return f"Fine-tune now, and keep {stay} ready to go back to."
    if advice.next.key == "stop":
        if deciding and approach_of(deciding) in FINE_TUNED:
            return f"Stay on {stay}, which is fine-tuned already. Do not train further."
        return f"Do not fine-tune. Stay on {stay}."
    return f"Do not fine-tune yet. Next: {step_in_words(sources, ways, advice)}."


def about(sources: Sources, ways: PricedWays | None) -> str:
    """What the system does, and what is known of what runs today."""
    known = sources.task
    if ways is not None:
        rate = ways.costs.estimates["case.rate_now"]
        wrong = f"{percent(rate.base)}% of the outputs wrong until another way is live"
        if rate.follows:
            like = APPROACHES[rate.follows]
            known += f" What runs today is not known; the bill assumes that it is '{like}', with {wrong}."
        else:
            known += f" The bill counts what runs today with {wrong} ({rate.kind})."
    return known.strip()


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
    over = ways.costs.over if ways else "over eighteen months"
    named = decides and by
    return (
        Section(
            f"What does it cost, and what does it save, now and {over}?",
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
            "the engineer",
            tuple(_triggers(sources, ways, turning, advice)),
            missing=no_answers,
        ),
        Section("What do we fall back on?", "the engineer", tuple(_fallback(sources, ways, advice))),
        Section(
            "Who decides what, and by when?",
            "the product lead",
            (f"{decides} decides, by {by}, {_to_decide(advice)}. Until then nothing changes.",)
            if named
            else (),
            missing="" if named else NOBODY_NAMED,
        ),
    )


def _to_decide(advice: Advice | None) -> str:
    if advice is None:
        return "what to do, once the missing answers are there"
    if advice.next.key == "fine_tune":
        return "whether to fine-tune"
    if advice.next.key == "stop":
        return "whether to stop here"
    return "whether to take this step, before any fine-tuning"


def _if_wrong(sources: Sources) -> Iterator[str]:
    """How many outputs a month are wrong with what decides, and what these cost; both with their range."""
    answers, costs = sources.answers, sources.costs
    if answers is not None and costs is not None and answers.interval and answers.failure_rate is not None:
        volume, each = costs.estimates[VOLUME].base, costs.estimates["case.error_cost"]
        low, high = (volume * share for share in answers.interval)
        wrong = volume * answers.failure_rate
        deciding = deciding_rung(sources)
        of_what = f"With {called(deciding)}, " if deciding else "In the case as answered, "
        yield (
            f"{of_what}about {rough(wrong)} of {volume:,.0f} outputs a month at the start are wrong "
            f"({rough(low)} to {rough(high)}). They cost ${rough(wrong * each.base)} a month "
            f"(${rough(low * each.low)} to ${rough(high * each.high)})."
        )


def _why(sources: Sources, ways: PricedWays | None, advice: Advice | None) -> Iterator[str]:
    """What the decision rests on, the step's reasons, and why not the cheapest or the best way."""
    answers, deciding = sources.answers, deciding_rung(sources)
    if answers is not None and sources.rungs:
        yield from _rests_on(answers, deciding, best_rung(sources, reading=False))
    if advice is not None and answers is not None:
        rate = Words(answers).say("rate"), Words(answers).say("more_rows")
        reasons = [each for each in advice.reasons[:_POINTS] if not (deciding and each in rate)]
        told = _only_measuring_tells(sources, advice) or [in_memo_words(each.text) for each in reasons]
        order = f"{CHEAP_FIRST} " if RUNG[advice.next.key].helps else ""
        yield from (f"{order if place == 0 else ''}{each}" for place, each in enumerate(told))
    if advice is not None and advice.next.key != "fine_tune":
        way = WAY_OF_STEP.get(advice.next.key, "")
        new = step_rows(sources, advice) if advice.next.key == "benchmark" else 0
        yield from not_the_next_step(sources, ways, way, new > 0)
        if answers is not None and deciding and new:
            found = outcomes(answers, deciding.n + new, advice.next.key)
            yield _chances(found, new, to_ask(sources, ways), ways)


def _only_measuring_tells(sources: Sources, advice: Advice) -> list[str]:
    """Why a larger model is tried: how the best way that asks a smaller one stands. Empty for other steps."""
    best, held = best_of_smaller(sources), sources.on_dev or deciding_rung(sources)
    if advice.next.key != "another_model" or not best or not held or best == held or best.n != held.n:
        return []
    return [
        f"With the smaller model {called(best)} is right on {best.right} of {best.n} {kind_of_rows(best)} "
        f"rows, {called(held)} on {held.right}: only a measurement can tell what the larger one brings."
    ]


def _rests_on(answers: Answers, deciding: Result | None, best: Result | None) -> Iterator[str]:
    """The bar, and where the way that decides lies against it. `best` is the best of those that ran here."""
    bar = 1 - answers.accepted_rate
    if deciding is None:
        yield f"The bar, set before looking: {percent(bar)}% right. No measurement here is held against it."
        return
    of_all = ", the best that ran here," if deciding == best else ""
    said = (
        f"The bar, set before looking: {percent(bar)}% right. {called(deciding)}{of_all} is right on "
        f"{deciding.right} of {deciding.n} test rows, inputs with a label, and "
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
    said, rows = [], " rows right"
    for rung in tuned:
        base = f" on {adapted}" if (adapted := adapted_model(rung)) else ""
        share = f"{called(rung)}{base} is right on {percent(rung.accuracy)}%"
        if deciding is None or {row.id for row in rung.outcomes} != {row.id for row in deciding.outcomes}:
            said.append(f"{share} of {rung.n} {'other ' if deciding else ''}rows")
            continue
        found = compare(rung, deciding)
        differs = found.direction or "a difference that chance can explain"
        only = f"{found.only_a}{rows} only with it, {found.only_b} only without"
        said.append(f"{share}, {differs} ({only}, p = {found.p_value:.2g})")
        rows = ""  # what is counted is said once
    compared = f"Compared with {called(deciding)}, " if deciding else ""
    return f"Fine-tuning was tried. {compared}{'; '.join(said)}."


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
        judged = deciding is not None and advice is not None and advice.next.key not in NOTHING_TO_JUDGE
        if judged and deciding and advice:
            new = step_rows(sources, advice)
            found = outcomes(answers, deciding.n + new, advice.next.key)
            asked = to_ask(sources, ways) if advice.next.key == "benchmark" and new else []
            yield from _judged(found, deciding.n, new, asked)
            lacking = missing_for_tuning(advice)
            if lacking and not any(each.step == "fine_tune" for each in found):
                yield f"None of these leads to a fine-tune. That would need: {'; '.join(lacking)}."
        if answers.turns_when:
            yield f"The author's own trigger: {answers.turns_when}"
        rows = rows_missing(answers)
        # Where more failures lead to a stop, that is because nothing is left to try.
        moving = [
            change
            for change in what_would_change(answers)
            if QUESTION[change.name].limits
            and change.name != "accepted_rate"  # which nothing but a decision moves
            and _is_near(getattr(answers, change.name), change.value)
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
            yield f"If {moved(answers, change)}, {follows(answers, change)}."
    if ways is not None:
        for turn in turning[:1]:
            cheaper = verdict(ways.costs)
            less, more = APPROACHES[cheaper.costlier], APPROACHES[cheaper.cheaper]
            subject = "it" if turn.key.startswith(f"{cheaper.costlier}.") else f"'{less}'"
            yield f"{turned(ways.costs, turn)}, {subject} costs less than '{more}'."


def _is_near(now: float | None, then: float | None) -> bool:
    """Whether a number can be expected to come to another: what has to grow tenfold is no trigger."""
    if now is None or then is None:
        return True
    low, high = sorted((now, then))
    return high < 10 * low


def missing_for_tuning(advice: Advice) -> list[str]:
    """The gates and conditions of a fine-tune that are not met, by their titles."""
    # The last gate is that all conditions hold, so those that do not are named instead.
    needed = (*advice.gates[:-1], *advice.conditions)
    return [point.title[0].lower() + point.title[1:] for point in needed if not point.holds]


def _judged(found: Sequence[Consequence], old: int, new: int, asked: Sequence[Result]) -> Iterator[str]:
    """What is done at each number of right rows, old and new together, as the decision model has it."""
    rows, each = old + new, len(asked) > 1
    so_far = f": {new:,} new ones, and the {old:,} so far again" if new else " again"
    yield f"Judge {'each way' if each else 'the step'} on {rows:,} test rows{so_far}."
    for one in found:
        many = f"{one.low:,} to {one.high:,} right" if one.low else f"{one.high:,} or fewer right"
        if one.high == rows:
            above = ", the whole interval above the bar" * (one.standing == "accepted")
            many = f"{one.low:,} or more right ({percent(one.low / rows)}%{above})"
        both = " where both ways miss it" if each and (one.standing, one.step) == ("too many", "stop") else ""
        yield f"At {many}: {_MEANS[one.standing]}, and{both} {leads_to(one.standing, one.step)}."


def _chances(found: Sequence[Consequence], new: int, asked: Sequence[Result], ways: PricedWays | None) -> str:
    """What is done if a way meets the bar, and how likely that is if each share stays as it is."""
    said, used = [], ""
    for rung in asked:
        name = approach_of(rung) or ""
        if ways and name in ways.bills and ways.total(ways.own) > ways.total(name):
            used += f"If {called(rung)} meets the bar, we use it. "
        rights = binom(new, rung.accuracy)
        share = dict.fromkeys(_MEANS, 0.0)
        for each in found:
            share[each.standing] += rights.cdf(each.high - rung.right) - rights.cdf(each.low - rung.right - 1)
        likely = max(share, key=share.__getitem__)
        said.append(f"{called(rung)} to {_EXPECTED[likely]} (chance: {_share(share[likely])})")
    return f"{used}If each share stays, expect {' and '.join(said)}."


def _share(chance: float) -> str:
    """A chance in whole per cent."""
    return "under 1%" if chance < 0.01 else "over 99%" if chance > 0.99 else f"about {100 * chance:.0f}%"


def _fallback(sources: Sources, ways: PricedWays | None, advice: Advice | None) -> Iterator[str]:
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
    dev = sources.on_dev if kind_of_rows(second) == "dev" else None
    worse = deciding is not None and second.accuracy < (dev or deciding).accuracy
    priced = ways.bills.get(approach_of(second) or "") if ways else None
    keep = worse and ways and priced and float(priced.total) > ways.total(ways.own)
    said = ""
    if deciding and keep:
        said = (
            "What runs today stays until the step is judged. If it has to go before, "
            f"{called(deciding)} comes next, bar or not. "
        )
    said += f"{called(second)}{tested} is the best of the other ways that can be used"
    said += ", but it costs more. It is right on " if keep else ". It is right on "
    said += f"{percent(second.accuracy)}% of {second.n} rows ({origin(second)}"
    said += f"; {second.right} right, and {dev.right} with {called(dev)})" if dev else ")"
    if sources.answers is not None:
        said += f", and {bar_in_words(second, 1 - sources.answers.accepted_rate)}"
    said += f".{f' {second.note}' if second.note else ''}"
    elsewhere = [each for each in shown_rungs(sources, ways) if each.badge_kind == READING]
    if better := [called(each) for each in elsewhere if each.accuracy > second.accuracy]:
        said += f" It cannot be {' or '.join(better)}, of which only answers of another run are known."
    yield said
