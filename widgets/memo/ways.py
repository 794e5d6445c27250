"""Which ways the first page holds against one another, and what is said of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from course.measuring import gap
from course.measuring.results import READING, Result, percent
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import Bill, TurningPoint, bills, dollars, label
from widgets.cost.presets import approach_of, rungs
from widgets.cost.units import in_short, with_unit
from widgets.decision.answers import Answers
from widgets.decision.model import AnswerChange, stops_with
from widgets.decision.rules import next_rung, rows_missing, standing
from widgets.decision.tables import QUESTION
from widgets.memo.sources import FINE_TUNED, Sources, deciding_rung

_STANDINGS = (gap.ABOVE, gap.UNDECIDED, gap.BELOW)


class Table(NamedTuple):
    """A small table: its heads, and rows of texts that begin with the name of the row."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class PricedWays:
    """The ways in a bill, priced once for both pages; `bills` has the cheapest first.

    `own` is the way that the answers rest on, `rival` the cheapest fine-tune beside it whose error rate meets
    the bar (`meets`), else the cheapest of all; empty without one. They are the pair of `costs`; without a
    rival that is the pair of the saved bill, which `saved_pair` keeps.
    """

    costs: Assumptions
    bills: Mapping[str, Bill]
    own: str
    rival: str
    meets: bool
    saved_pair: tuple[str, str]

    @property
    def cheapest(self) -> str:
        """The way with the lowest total."""
        return next(iter(self.bills))

    def total(self, name: str) -> float:
        """$ of a way over the horizon."""
        return float(self.bills[name].total)


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
    return PricedWays(compared, priced, own, rival, bool(meeting), costs.pair)


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


def shown_ways(ways: PricedWays, shown: Sequence[Result]) -> list[str]:
    """The ways of the first page's bill, the cheapest first; those of the `shown` results are among them."""
    wanted = {*_priced_for_itself(ways), *map(approach_of, shown)}
    return [name for name in ways.bills if name in wanted]


def _priced_for_itself(ways: PricedWays) -> list[str]:
    return [ways.own, *ways.costs.pair, ways.cheapest]


def bar_in_words(result: Result, accepted_share: float) -> str:
    """Where the interval of a result lies against the bar."""
    low, high = (percent(end) for end in result.interval)
    return {
        gap.ABOVE: f"all of its interval ({low} to {high}%) is at or above the bar",
        gap.BELOW: f"all of its interval ({low} to {high}%) is below the bar",
        gap.UNDECIDED: f"the bar is inside its interval ({low} to {high}%)",
    }[gap.position(result.interval, accepted_share)]


def not_the_next_step(
    sources: Sources, ways: PricedWays | None, step_way: str, new_rows: bool
) -> Iterator[str]:
    """Why the next step is neither the cheapest way in the bill nor the one that is right most often.

    `step_way` is the way in the bill that the next step tries, `new_rows` whether it labels rows.
    """
    deciding = deciding_rung(sources)
    if deciding is None:
        return
    best: Result | None = max(sources.rungs, key=lambda rung: rung.accuracy)
    best = best if best and best.accuracy > deciding.accuracy else None
    cheap = rungs(sources.rungs).get(ways.cheapest) if ways else None
    most = f"is right on most rows, {percent(best.accuracy)}% of {best.n}" if best else ""
    if ways and ways.cheapest not in (ways.own, step_way):
        cheapest = ways.cheapest
        least = f"costs the least of all {len(ways.bills)} ways in the bill, {dollars(ways.total(cheapest))}"
        if cheap is None:
            rate = ways.costs.estimates[f"{cheapest}.error_rate"]
            why = f"it is {rate.kind} that {percent(rate.base)}% are wrong, and nobody measured it"
            yield f"{APPROACHES[cheapest]} {least}. It is not the next step: {why}."
        else:
            named = f"{APPROACHES[cheapest]}, measured as '{cheap.name}',"
            both = f"{least}, and {most}" if cheap is best else least
            yield f"{named} {both}. {_not_next(sources, cheap, deciding, new_rows)}"
    if best and best is not cheap and approach_of(best) != (step_way or None):
        yield f"'{best.name}' {most}. {_not_next(sources, best, deciding, new_rows)}"


def _not_next(sources: Sources, rung: Result, deciding: Result, new_rows: bool) -> str:
    answers = sources.answers
    bar = 1.0 if answers is None else 1 - answers.accepted_rate
    if rung.badge_kind == READING:
        again = "let it answer the new rows as well" if new_rows else "measure it here first"
        return f"It is not the next step: it is a {READING}, and {bar_in_words(rung, bar)}; {again}."
    if gap.position(rung.interval, bar) == gap.BELOW:
        return f"It is not the next step: {bar_in_words(rung, bar)}."
    if rung.accuracy <= deciding.accuracy:
        shares = f"{percent(rung.accuracy)}% against {percent(deciding.accuracy)}%"
        return f"It is not the next step: '{deciding.name}' is right on more rows ({shares})."
    return "The answers do not rest on it: if it may be used, answer lesson 10 again."


def error_kind(sources: Sources, ways: PricedWays, name: str) -> str:
    """Where an error rate is from: of a measured one, whether it was measured here or only recorded."""
    kind = ways.costs.estimates[f"{name}.error_rate"].kind
    rung = rungs(sources.rungs).get(name)
    return rung.badge_kind if rung and kind == "measured" else kind


def moved(answers: Answers, change: AnswerChange) -> str:
    """An answer at the value that alters the advice; "or more" or "or less" where all beyond do the same."""
    question, now = QUESTION[change.name], getattr(answers, change.name)
    stops: Sequence = stops_with(question, now, change.value)
    at, from_here = stops.index(change.value), stops.index(now)
    further = stops[at:] if at > from_here else stops[: at + 1]
    same = all(next_rung(replace(answers, **{change.name: stop})) == change.leads_to.key for stop in further)
    onwards = (" or more" if at > from_here else " or less") if same and question.limits else ""
    return f"{question.text}: {question.said(change.value)}{onwards} (now {question.said(now)})"


def more_rows(answers: Answers) -> str:
    """How many more rows decide, and what they are in all."""
    rows = rows_missing(answers)
    return (
        f"{rows:,} more test rows ({answers.evaluation_rows + rows:,} in all): if the rate stays the same, "
        "they decide 4 times in 5 whether it is accepted."
    )


def turned(costs: Assumptions, turn: TurningPoint) -> str:
    """An input of the bill at the value from which on the other of the pair costs less."""
    base = costs.estimates[turn.key].base
    onwards = "or more" if turn.value > base else "or less"
    return f"{label(turn.key)}: {with_unit(turn.key, turn.value)} {onwards} (now {in_short(turn.key, base)})"


def follows(answers: Answers, change: AnswerChange) -> str:
    """What a change leads to. Of a stop, why: what is there is good enough, or nothing is left that pays."""
    step = f"then '{change.leads_to.title}' is next"
    if change.leads_to.key != "stop":
        return step
    enough = standing(replace(answers, **{change.name: change.value})) == "accepted"
    return f"{step}: {'what runs is good enough' if enough else 'too many are wrong, and no step is left'}"
