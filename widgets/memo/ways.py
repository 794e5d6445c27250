"""Which ways the first page holds against one another, and what is said of each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from course.measuring import gap
from course.measuring.results import Result, percent
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import TurningPoint, bills, dollars, label
from widgets.cost.presets import approach_of, rungs
from widgets.cost.units import in_short, with_unit
from widgets.decision.answers import Answers
from widgets.decision.model import AnswerChange, stops_with
from widgets.decision.rules import next_rung, rows_missing, standing
from widgets.decision.tables import QUESTION
from widgets.memo.sources import FINE_TUNED, Sources, deciding_rung

READING = "recorded reading"
_STANDINGS = (gap.ABOVE, gap.UNDECIDED, gap.BELOW)


class Table(NamedTuple):
    """A small table: its heads, and rows of texts that begin with the name of the row."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def totals(costs: Assumptions) -> dict[str, float]:
    """$ over the horizon of each way in the bill, the cheapest first."""
    priced = {name: float(bill.total) for name, bill in bills(costs).items()}
    return dict(sorted(priced.items(), key=lambda entry: entry[1]))


def own_way(sources: Sources, costs: Assumptions) -> str:
    """The approach that the answers rest on; where that is not in the bill, the pair's untuned one."""
    deciding = deciding_rung(sources)
    found = approach_of(deciding) if deciding else None
    if found in costs.approaches:
        return str(found)
    return next((name for name in costs.pair if name not in FINE_TUNED), costs.pair[0])


def rival(sources: Sources, costs: Assumptions) -> tuple[str, bool] | None:
    """The cheapest fine-tune in the bill whose error rate meets the bar, and True.

    Where none does, or nobody set a bar, the cheapest of all and False. None without a fine-tune in the bill.
    """
    own = own_way(sources, costs)
    tuned = [name for name in totals(costs) if name in FINE_TUNED and name != own]
    accepted = -1.0 if sources.answers is None else sources.answers.accepted_rate
    meeting = [name for name in tuned if costs.estimates[f"{name}.error_rate"].base <= accepted]
    return ((meeting or tuned)[0], bool(meeting)) if tuned else None


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


def shown_rungs(sources: Sources) -> list[Result]:
    """The results of the first page's table, the best first: those above, and those of the ways it prices."""
    chosen = [deciding_rung(sources), *tuned_rungs(sources)]
    chosen += [best_rung(sources, reading=False), best_rung(sources, reading=True), fallback(sources)]
    if sources.costs is not None:
        measured = rungs(sources.rungs)
        chosen += [measured.get(name) for name in _priced_for_itself(sources, sources.costs)]
    found = {id(result): result for result in chosen if result}
    return sorted(found.values(), key=lambda result: -result.accuracy)


def shown_ways(sources: Sources, costs: Assumptions) -> list[str]:
    """The ways of the first page's bill, the cheapest first: those above, and those of the measured table."""
    measured = {approach_of(result) for result in shown_rungs(sources)}
    wanted = {*_priced_for_itself(sources, costs), *measured}
    return [name for name in totals(costs) if name in wanted]


def _priced_for_itself(sources: Sources, costs: Assumptions) -> list[str]:
    against = rival(sources, costs)
    return [
        own_way(sources, costs),
        *costs.pair,
        next(iter(totals(costs))),
        *(against[:1] if against else ()),
    ]


def bar_in_words(result: Result, accepted_share: float) -> str:
    """Where the interval of a result lies against the bar."""
    low, high = (percent(end) for end in result.interval)
    return {
        gap.ABOVE: f"all of its interval ({low} to {high}%) is at or above the bar",
        gap.BELOW: f"all of its interval ({low} to {high}%) is below the bar",
        gap.UNDECIDED: f"the bar is inside its interval ({low} to {high}%)",
    }[gap.position(result.interval, accepted_share)]


def not_the_next_step(sources: Sources, step_way: str, new_rows: bool) -> Iterator[str]:
    """Why the next step is neither the cheapest way in the bill nor the one that is right most often.

    `step_way` is the way in the bill that the next step tries, `new_rows` whether it labels rows.
    """
    deciding, costs = deciding_rung(sources), sources.costs
    if deciding is None:
        return
    best: Result | None = max(sources.rungs, key=lambda rung: rung.accuracy)
    best = best if best and best.accuracy > deciding.accuracy else None
    cheapest, price = next(iter(totals(costs).items())) if costs else ("", 0.0)
    cheap = rungs(sources.rungs).get(cheapest)
    most = f"is right on most rows, {percent(best.accuracy)}% of {best.n}" if best else ""
    if costs and cheapest not in (own_way(sources, costs), step_way):
        least = f"costs the least of all {len(costs.approaches)} ways in the bill, {dollars(price)}"
        if cheap is None:
            rate = costs.estimates[f"{cheapest}.error_rate"]
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
        return f"It is not the next step: it is a recorded reading, and {bar_in_words(rung, bar)}; {again}."
    if gap.position(rung.interval, bar) == gap.BELOW:
        return f"It is not the next step: {bar_in_words(rung, bar)}."
    if rung.accuracy <= deciding.accuracy:
        shares = f"{percent(rung.accuracy)}% against {percent(deciding.accuracy)}%"
        return f"It is not the next step: '{deciding.name}' is right on more rows ({shares})."
    return "The answers do not rest on it: if it may be used, answer lesson 10 again."


def error_kind(sources: Sources, costs: Assumptions, name: str) -> str:
    """Where an error rate is from: of a measured one, whether it was measured here or only recorded."""
    kind = costs.estimates[f"{name}.error_rate"].kind
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
