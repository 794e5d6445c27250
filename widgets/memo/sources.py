"""What a memo is made from: the reader's board, bill and answers, brought up to what the board says now."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from course.engine.sizes import local_models
from course.measuring.results import READING, Result, percent
from course.tuning.adapters import Adapter
from widgets.cost.inputs import APPROACHES, Assumptions
from widgets.cost.model import VOLUME, verdict
from widgets.cost.presets import rungs, with_error_rates
from widgets.decision.answers import Answers, as_measured_on, tried_in
from widgets.decision.tables import QUESTION, TRIABLE

BOARD, COSTS, ANSWERS = "board.sqlite", "cost_state.json", "decision.json"
FILLED_BY = {
    BOARD: "Nothing that routes tickets is on the board. Lessons 00 to 07 and 11 measure the rungs.",
    COSTS: "There is no saved bill. Lesson 09 saves it with the button 'Save'.",
    ANSWERS: "There are no answers. Lesson 10 saves them with the button 'Save'.",
}
TUNED = frozenset({"hosted_fine_tune", "on_demand_fine_tune", "self_hosted_lora", "skill_with_adapter"})
FINE_TUNED = TUNED | {"encoder"}  # a small model that sorts, trained on labels as well
ON_DEV = ", on dev"  # at the end of the name of what was judged on the rows to choose on
_LARGE = "large model"
_NAMED = 3  # of the changed error rates
# What the board has tried, beside what `tried_in` knows of each lesson, by the approach that a rung measures.
_TRIES = {name: name for name in ("retrieved_examples", "encoder", "cascade", "skill")}
_TRIES |= {"linear_head": "encoder", "self_hosted_lora": "tuned"}


@dataclass(frozen=True)
class Sources:
    """What a memo is made from. What is not there is None or empty; `faults` says which file is damaged.

    `board` holds (lesson, result) of every measurement, `rungs` those of its results that route tickets, one
    for each name and model. `dates` is the day of each file, `versions` pairs of a name and what it is.
    `updates` says in sentences where `as_of_now` left the files behind, `assumed` what nobody answered,
    `not_billed` what was measured and is not in the bill, `again` how it is all measured again, and
    `next_model` a model that answered nothing so far. `task` says what the system does, `rows_so_far` who
    wrote the rows and checked their labels, `on_dev` is the way that decides on the rows to choose on.
    """

    board: Sequence[tuple[str, Result]] = ()
    rungs: Sequence[Result] = ()
    costs: Assumptions | None = None
    answers: Answers | None = None
    adapters: Sequence[Adapter] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    versions: Sequence[tuple[str, str]] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    updates: Sequence[str] = ()
    assumed: str = ""
    not_billed: str = ""
    again: str = ""
    next_model: str = ""
    task: str = ""
    rows_so_far: str = ""
    on_dev: Result | None = None


def with_model_names(sources: Sources) -> Sources:
    """The sources with each "large model" in a name of a rung said as the model that it was.

    Lessons call two of them so: the Claude whose readings the course brings, and the largest local one.
    """
    board = [(lesson, _with_model_name(result)) for lesson, result in sources.board]
    rungs_ = [_with_model_name(result) for result in sources.rungs]
    answers, deciding = sources.answers, deciding_rung(sources)
    if answers is not None and deciding:
        answers = replace(answers, measured_on=as_measured_on(_with_model_name(deciding)))
    return replace(sources, board=board, rungs=rungs_, answers=answers)


def _with_model_name(result: Result) -> Result:
    asked = re.split(" on |, ", result.badge.partition(": ")[2])[0]
    return replace(result, name=result.name.replace(_LARGE, asked)) if asked else result


def as_of_now(sources: Sources) -> Sources:
    """The sources with what the board has measured since the bill and the answers were saved.

    The bill takes its error rates from the board. The answers take from there what was tried and the failure
    rate of the rung that they rest on, and from the new bill what it says of cost.
    """
    costs, answers, updates = sources.costs, sources.answers, list(sources.updates)
    if costs is not None:
        saved, costs = costs, with_error_rates(costs, rungs(sources.rungs))
        updates += _new_rates(saved, costs)
    if answers is not None:
        known: dict[str, Any] = {
            "tried": answers.tried | tried_by(sources.rungs) | tried_in(lesson for lesson, _ in sources.board)
        }
        if deciding := deciding_rung(sources):
            known |= {"failure_rate": round(1 - deciding.accuracy, 12), "evaluation_rows": deciding.n}
        if costs is not None and (says := cost_says(costs)) != "not priced":
            known["cost_says"] = says
        saved_answers, answers = answers, replace(answers, **known)
        updates += _new_answers(saved_answers, answers)
    return replace(sources, costs=costs, answers=answers, updates=updates)


def model_to_try(asked: Collection[str]) -> str:
    """The largest local model, by its name, where only smaller ones were asked so far; else empty."""
    *smaller, largest = local_models()
    is_next = largest.model not in asked and any(model.model in asked for model in smaller)
    return largest.name if is_next else ""


def tried_by(results: Iterable[Result]) -> frozenset[str]:
    """Keys of TRIABLE: what these rungs try, by the approach that each measures."""
    return frozenset(_TRIES[name] for name in rungs(results) if name in _TRIES)


def deciding_rung(sources: Sources) -> Result | None:
    """The result on the board that the failure rate of the answers is from."""
    if sources.answers is None:
        return None
    said = sources.answers.measured_on
    return next((rung for rung in sources.rungs if said == as_measured_on(rung)), None)


def cost_says(costs: Assumptions) -> str:
    """The answer of lesson 10 that a bill gives: does the tuned one of its pair cost less?"""
    tuned = TUNED & set(costs.pair)
    if len(tuned) != 1:
        return "not priced"
    return "costs less" if verdict(costs).cheaper in tuned else "costs more"


def disagreements(sources: Sources) -> Iterator[str]:
    """Where one file says other than another, and only the reader can tell which is right."""
    answers, costs, deciding = sources.answers, sources.costs, deciding_rung(sources)
    if answers is not None and costs is not None:
        volume = costs.estimates[VOLUME].base
        if volume != answers.volume:
            yield f"The cost state has {volume:,.0f} outputs a month, the answers {answers.volume:,}."
        said = QUESTION["cost_says"].said
        if (found := cost_says(costs)) != answers.cost_says:
            yield f"On cost the answers say '{said(answers.cost_says)}', the cost state '{said(found)}'."
    if answers is not None and answers.measured_on and sources.rungs and deciding is None:
        yield f"The failure rate rests on '{answers.measured_on}', which is not on the board any more."
    if deciding:
        usable = [rung for rung in sources.rungs if rung.badge_kind != READING]
        others = (rung for rung in usable if _ids(rung) >= _ids(deciding))
        best = max(others, key=lambda rung: rung.accuracy, default=deciding)
        if best.accuracy > deciding.accuracy:
            yield (
                f"'{best.name}' gets {percent(best.accuracy)}% right, more than '{deciding.name}', on which "
                "the answers rest: if it may be used, give the answers again."
            )


def saved_before(sources: Sources) -> Iterator[str]:
    """Which files of the author are older than the newest measurement, and what of them is."""
    newest = max((result.created[:10] for result in sources.rungs), default="")
    for name in (COSTS, ANSWERS):
        if sources.dates.get(name, newest) < newest:
            yield (
                f"{name} was saved on {sources.dates[name]}, before the newest measurement ({newest}). Only "
                "what it takes from the board is today's."
            )


def _ids(result: Result) -> set[str]:
    return {row.id for row in result.outcomes}


def _new_rates(saved: Assumptions, now: Assumptions) -> Iterator[str]:
    changed: dict[str, float] = {}
    for name in now.approaches:
        before, after = (each.estimates[f"{name}.error_rate"] for each in (saved, now))
        if after.kind == "measured" and percent(before.base) != percent(after.base):
            was = f"{percent(before.base)}%, {before.kind}"
            changed[f"{APPROACHES[name]} {percent(after.base)}% (was {was})"] = -abs(after.base - before.base)
    if changed:
        largest, others = sorted(changed, key=lambda text: changed[text])[:_NAMED], len(changed) - _NAMED
        also = f"; and {others} smaller {'change' if others == 1 else 'changes'}" if others > 0 else ""
        yield f"Wrong outputs measured since the bill was saved: {'; '.join(largest)}{also}."


def _new_answers(saved: Answers, now: Answers) -> Iterator[str]:
    if since := [text.lower() for key, text in TRIABLE.items() if key in now.tried - saved.tried]:
        yield f"Measured since the answers were saved: {'; '.join(since)}."
    for name in ("failure_rate", "evaluation_rows", "cost_says"):
        question, before, after = QUESTION[name], getattr(saved, name), getattr(now, name)
        if before != after:
            now_, then = question.said(after), question.said(before)
            yield f"'{question.text}': '{now_}' now, '{then}' when the answers were saved. Today's counts."
