"""Which ways the first page holds against one another, and what is said of each."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from course.engine.sizes import local_models
from course.measuring import gap
from course.measuring.results import READING, Result, percent
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import Bill, TurningPoint, bills, dollars, label
from widgets.cost.presets import approach_of, rungs
from widgets.cost.units import in_short, with_unit
from widgets.decision.answers import Answers
from widgets.decision.model import AnswerChange, stops_with
from widgets.decision.rules import next_rung, rows_missing, standing
from widgets.decision.tables import QUESTION, RUNG, TRIABLE
from widgets.memo.sources import FINE_TUNED, ON_DEV, Sources, deciding_rung

# Where a result is from, of what was not measured in this run.
ORIGINS = {"recorded": "recorded", READING: "another run"}
_MEANS = {
    "recorded": "the model answered the same requests earlier, and its answers are judged here",
    READING: "only its judged answers were kept, not its tokens and costs",
}
# Answers that are a number, as the beginning of a sentence that goes on with it.
_SUBJECTS = {
    "failure_rate": "the share of wrong outputs is",
    "accepted_rate": "the share of wrong outputs that we accept is",
    "stable_months": "the requirements stay as they are for",
    "latency_now": "a reply takes",
    "latency_needed": "a reply may take",
}
NOTHING_TO_JUDGE = ("stop", "price", "prepare")
_WORDS = {
    "your": "our",
    "Your": "Our",
    "you": "we",
    "failure rate": "share of wrong outputs",
    "failures": "wrong outputs",
    "Failures": "Wrong outputs",
}
_STANDINGS = (gap.ABOVE, gap.UNDECIDED, gap.BELOW)


class TableRow(NamedTuple):
    """A way in the table: its name, what it is, its cells, and whether it is the reference."""

    name: str
    note: str
    cells: tuple[str, ...]
    decides: bool = False


class Table(NamedTuple):
    """A small table: the heads of its columns, the first that of the names, its rows, and a note below."""

    heads: tuple[str, ...]
    rows: tuple[TableRow, ...]
    note: str = ""


@dataclass(frozen=True)
class PricedWays:
    """The ways in a bill, priced once for both pages; `bills` has the cheapest first.

    `own` is the way that the answers rest on, `rival` the cheapest fine-tune beside it whose error rate meets
    the bar (`meets`), else the cheapest of all; empty without one. They are the pair of `costs`; without a
    rival that is the pair of the saved bill.
    """

    costs: Assumptions
    bills: Mapping[str, Bill]
    own: str
    rival: str
    meets: bool

    @property
    def cheapest(self) -> str:
        """The way with the lowest total."""
        return next(iter(self.bills))

    def total(self, name: str) -> int:
        """$ of a way over the horizon, to the dollar: differences are those of the amounts shown."""
        return round(float(self.bills[name].total))


def priced_ways(sources: Sources) -> PricedWays | None:
    """The bill's ways with their prices, and which of them the memo compares. None without a bill."""
    if sources.costs is None:
        return None
    costs, answers, deciding = sources.costs, sources.answers, deciding_rung(sources)
    priced = dict(sorted(bills(costs).items(), key=lambda entry: float(entry[1].total)))
    found = approach_of(deciding) if deciding else None
    untuned = next((name for name in costs.pair if name not in FINE_TUNED), costs.pair[0])
    own = found if found in priced else untuned
    tuned = [name for name in priced if name in FINE_TUNED and name != own]
    accepted = -1.0 if answers is None else answers.accepted_rate
    meeting = [name for name in tuned if costs.estimates[f"{name}.error_rate"].base <= accepted]
    rival = next(iter(meeting or tuned), "")
    pair = (own, rival) if rival else costs.pair
    compared = costs.with_approaches(costs.approaches, pair)
    return PricedWays(compared, priced, own, rival, bool(meeting))


def tuned_rungs(sources: Sources) -> list[Result]:
    """The best result of each kind of fine-tuning, of the most rows and the most accurate first."""
    best = {name: result for name, result in rungs(sources.rungs).items() if name in FINE_TUNED}
    return sorted(best.values(), key=lambda rung: (-rung.n, -rung.accuracy))


def best_rung(sources: Sources, reading: bool) -> Result | None:
    """The best of the recorded readings, or of all others."""
    kind = [rung for rung in sources.rungs if (rung.badge_kind == READING) == reading]
    return max(kind, key=lambda rung: (rung.n, rung.accuracy), default=None)


def fallback(sources: Sources) -> Result | None:
    """Of the other ways that can be used, the one that stands best against the bar; a reading is not used."""
    deciding, answers = deciding_rung(sources), sources.answers
    others = [rung for rung in sources.rungs if rung != deciding and rung.badge_kind != READING]
    bar = 0.0 if answers is None else 1 - answers.accepted_rate

    def rank(rung: Result) -> tuple[int, int, float]:
        return _STANDINGS.index(gap.position(rung.interval, bar)), -rung.n, -rung.accuracy

    return min(others, key=rank, default=None)


def shown_rungs(sources: Sources, ways: PricedWays | None) -> list[Result]:
    """The results of the first page's table, the best first: those above, and those of the ways it prices."""
    chosen = [deciding_rung(sources), *tuned_rungs(sources)]
    chosen += [best_rung(sources, reading=False), best_rung(sources, reading=True), fallback(sources)]
    if ways is not None:
        measured = rungs(sources.rungs)
        chosen += [measured.get(name) for name in _priced_for_itself(ways)]
    found = {id(result): result for result in chosen if result}
    return sorted(found.values(), key=lambda result: -result.accuracy)


def _priced_for_itself(ways: PricedWays) -> list[str]:
    return [ways.own, *ways.costs.pair, ways.cheapest]


def rows_of(sources: Sources, ways: PricedWays | None) -> list[tuple[Result | None, str]]:
    """The rows of the first page's table, the cheapest first: what was measured, and the way of the bill.

    A result has the way whose bill counts with its error rate, or none; a way that nobody measured has no
    result.
    """
    shown = shown_rungs(sources, ways)
    if ways is None:
        return [(result, "") for result in shown]
    found: list[tuple[Result | None, str]] = [(result, _billed(result, ways)) for result in shown]
    priced = {way for _, way in found}
    found += [(None, way) for way in dict.fromkeys(_priced_for_itself(ways)) if way not in priced]
    order = ["", *ways.bills]
    return sorted(found, key=lambda row: (not row[1], order.index(row[1])))


def _billed(result: Result, ways: PricedWays) -> str:
    name = approach_of(result) or ""
    if name not in ways.bills:
        return ""
    rate = ways.costs.estimates[f"{name}.error_rate"].base
    return name if math.isclose(rate, 1 - result.accuracy, abs_tol=1e-9) else ""


def called(result: Result) -> str:
    """A measured way by the name that it has in the table."""
    return f"'{APPROACHES.get(approach_of(result) or '', result.name)}'"


def adapted_model(result: Result) -> str:
    """The local model under the adapter that a result asked; empty for a result that asked none."""
    base, adapter = result.model.partition("+")[::2]
    return next((model.name for model in local_models() if adapter and model.model == base), "")


def best_of_smaller(sources: Sources) -> Result | None:
    """The best way that asks a smaller local model than the largest; None without one."""
    smaller = {model.model for model in local_models()[:-1]}
    asking = (each for each in sources.rungs if each.model in smaller)
    return max(asking, key=lambda each: each.accuracy, default=None)


def kind_of_rows(result: Result) -> str:
    """Whether the rows are those to choose on or those to judge by."""
    return "dev" if result.name.endswith(ON_DEV) else "test"


def in_memo_words(text: str) -> str:
    """A sentence of the decision model as the memo says it."""
    for theirs, ours in _WORDS.items():
        text = re.sub(rf"\b{theirs}\b", ours, text)
    return text


def bar_in_words(result: Result, accepted: float) -> str:
    """Whether a result meets the bar, with its interval."""
    low, high = (percent(end) for end in result.interval)
    said = {
        gap.ABOVE: "it meets the bar",
        gap.BELOW: "it misses the bar",
        gap.UNDECIDED: f"{result.n:,} rows are too few to tell whether it meets the bar",
    }[gap.position(result.interval, accepted)]
    return f"{said} (95% interval {low} to {high}%)"


class Consequence(NamedTuple):
    """From `low` to `high` rows right: where that stands in the decision model, and the step that follows."""

    low: int
    high: int
    standing: str
    step: str


@lru_cache(maxsize=16)  # several sentences of one memo ask it of the same rows
def outcomes(answers: Answers, rows: int, tried: str = "") -> tuple[Consequence, ...]:
    """What each number of right rows leads to, the most right first, once the step `tried` was taken."""
    then = replace(answers, evaluation_rows=rows, tried=answers.tried | ({tried} & set(TRIABLE)))

    def after(right: int) -> tuple[str, str]:
        judged = replace(then, failure_rate=round(1 - right / rows, 12))
        return standing(judged), next_rung(judged)

    groups = [(found, list(rights)) for found, rights in groupby(range(rows, -1, -1), after)]
    return tuple(Consequence(rights[-1], rights[0], *found) for found, rights in groups)


def not_the_next_step(
    sources: Sources, ways: PricedWays | None, step_way: str, new_rows: bool
) -> Iterator[str]:
    """Why the next step is neither the cheapest way in the bill nor the one that is right most often.

    `step_way` is the way in the bill that the next step tries, `new_rows` whether it labels rows.
    """
    deciding = deciding_rung(sources)
    if deciding is None:
        return
    cheap, best = _cheapest_and_best(sources, ways, deciding)
    if ways and ways.cheapest not in (ways.own, step_way):
        total = ways.total(ways.cheapest)
        less = ways.total(ways.own) - total
        fewer = float(ways.bills[ways.own].parts["errors"] - ways.bills[ways.cheapest].parts["errors"])
        since = ", with fewer wrong outputs" if fewer > less / 2 else ""
        least = f"the cheapest in the bill ({dollars(total)}, {dollars(less)} less{since})"
        if cheap is None:
            rate = ways.costs.estimates[f"{ways.cheapest}.error_rate"]
            wrong = f"{percent(rate.base)}%"
            known = (
                f"Nobody has measured it here: elsewhere {wrong} were wrong."
                if rate.kind == "measured"
                else f"Nobody has measured it: it is only {rate.kind} that {wrong} are wrong."
            )
            yield f"Why not '{APPROACHES[ways.cheapest]}', {least}? {known}"
        else:
            most = " and right most often" if cheap is best else ""
            yield f"Why not {called(cheap)}, {least}{most}? {_not_next(sources, cheap, deciding, new_rows)}"
    if best and best is not cheap and approach_of(best) != (step_way or None):
        yield f"Why not {called(best)}, right most often? {_not_next(sources, best, deciding, new_rows)}"


def meeting(answers: Answers, rows: int) -> Consequence | None:
    """How many of so many rows have to be right to show that the bar is met; None where all are too few."""
    return next((each for each in outcomes(answers, rows) if each.standing == "accepted"), None)


def _cheapest_and_best(
    sources: Sources, ways: PricedWays | None, deciding: Result
) -> tuple[Result | None, Result | None]:
    """What was measured of the cheapest way in the bill, and what is right more often than all others."""
    best = max(sources.rungs, key=lambda rung: rung.accuracy)
    cheap = rungs(sources.rungs).get(ways.cheapest) if ways else None
    return cheap, best if best.accuracy > deciding.accuracy else None


def to_ask(sources: Sources, ways: PricedWays | None) -> list[Result]:
    """Who answers new rows: the way that decides, and the cheapest and the best where they ran elsewhere.

    All on the rows of the way that decides; what another run did not answer of them is left out.
    """
    deciding = deciding_rung(sources)
    if deciding is None:
        return []
    others = {id(each): each for each in _cheapest_and_best(sources, ways, deciding) if each}.values()
    elsewhere = (_on_rows_of(deciding, each) for each in others if each.badge_kind == READING)
    return [deciding, *filter(None, elsewhere)]


def _on_rows_of(deciding: Result, result: Result) -> Result | None:
    """A result on the rows of the one that decides; None where it has not answered all of them."""
    of_row = {outcome.id: outcome for outcome in result.outcomes}
    if not all(outcome.id in of_row for outcome in deciding.outcomes):
        return None
    return replace(result, outcomes=tuple(of_row[outcome.id] for outcome in deciding.outcomes))


def _not_next(sources: Sources, rung: Result, deciding: Result, new_rows: bool) -> str:
    answers = sources.answers
    bar = 1.0 if answers is None else 1 - answers.accepted_rate
    standing = bar_in_words(rung, bar)
    if rung.badge_kind == READING:
        again = "" if new_rows else " Measure it here first."
        return (
            "Its answers are another run's, without token counts, so its price is assumed; in them "
            f"{standing}.{f' {rung.note}' if rung.note else ''}{again}"
        )
    if gap.position(rung.interval, bar) == gap.BELOW:
        return f"{standing[0].upper()}{standing[1:]}."
    if rung.accuracy <= deciding.accuracy:
        shares = f"{percent(rung.accuracy)}% against {percent(deciding.accuracy)}%"
        return f"{called(deciding)} is right on more rows ({shares})."
    return "The answers behind this memo do not rest on it: if it may be used, give them again."


def origins_explained(results: Iterable[Result]) -> str:
    """What the origins of these results mean, where that is not clear; else empty."""
    kinds = {result.badge_kind for result in results}
    return "; ".join(f"{ORIGINS[kind]}: {meaning}" for kind, meaning in _MEANS.items() if kind in kinds)


def origin(result: Result) -> str:
    """Where a result is from, in a word or two."""
    return ORIGINS.get(result.badge_kind, result.badge_kind)


def moved(answers: Answers, change: AnswerChange) -> str:
    """An answer at the value that alters the advice; "or more" or "or less" where all beyond do the same."""
    question, now = QUESTION[change.name], getattr(answers, change.name)
    stops: Sequence = stops_with(question, now, change.value)
    at, from_here = stops.index(change.value), stops.index(now)
    further = stops[at:] if at > from_here else stops[: at + 1]
    same = all(next_rung(replace(answers, **{change.name: stop})) == change.leads_to.key for stop in further)
    onwards = (" or more" if at > from_here else " or less") if same and question.limits else ""
    subject = _SUBJECTS.get(change.name, f"'{question.text}' is")
    return f"{subject} {question.said(change.value)}{onwards} (now {question.said(now)})"


def more_rows(answers: Answers) -> str:
    """How many more rows decide, and what they are in all."""
    rows = rows_missing(answers)
    return (
        f"{rows:,} more test rows ({answers.evaluation_rows + rows:,} in all) would tell with a chance of "
        "4 in 5, if that share stays."
    )


def turned(costs: Assumptions, turn: TurningPoint) -> str:
    """An input of the bill at the value from which on the other of the pair costs less."""
    base = costs.estimates[turn.key].base
    onwards = "or more" if turn.value > base else "or less"
    said = f"{with_unit(turn.key, turn.value)} {onwards} (now {in_short(turn.key, base)})"
    return f"If '{label(turn.key)}' is {said}"


def follows(answers: Answers, change: AnswerChange) -> str:
    """What a change leads to. Of a stop: what is there is good enough, or nothing is left to try."""
    return leads_to(standing(replace(answers, **{change.name: change.value})), change.leads_to.key)


def leads_to(standing_then: str, step: str) -> str:
    """What is done next. Of a stop: what is there is good enough, or nothing is left to try."""
    if step == "benchmark" and standing_then == "undecided":
        return "more rows are needed"
    if step != "stop":
        return f"'{RUNG[step].title}' is next"
    if standing_then == "accepted":
        return "we use the cheapest way that meets the bar"
    return "we do not fine-tune, and use the cheapest way that was measured if it costs less than today's"
