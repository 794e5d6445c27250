"""The sentences of the decision: which one is said of a point or a rung, and what fills its places.

widgets/static/decision_model.js says the same, and tests hold the two together.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from course.errors import CourseError
from course.material.claims import ID, claim, claims
from course.measuring.results import percent
from widgets.decision.answers import Answers
from widgets.decision.rules import (
    STAY,
    TUNE,
    has_gap,
    holds,
    next_remedy,
    rarely_changes,
    rows_missing,
    standing,
    to_solve,
    untried,
    volumes,
)
from widgets.decision.tables import LIMITS, PROBLEMS, QUESTION, RUNG, TABLES, Sentence, number

ANSWERS, COURSE = "your answers", "this course"


@dataclass(frozen=True)
class Reason:
    """One sentence, who says so, and the answers that it rests on.

    The source is a claim by its id, an article by its key, ANSWERS or COURSE.
    """

    text: str
    source: str
    rests_on: tuple[str, ...] = ()

    @property
    def credit(self) -> str:
        """The source in words. A claim says what became of it, and an article who published it."""
        return credit(self.source)

    def __str__(self) -> str:
        return f"{self.text} ({self.credit})"


@dataclass(frozen=True)
class Requirement:
    """One thing that has to hold: what is asked, whether it `holds`, and the reason in this case."""

    title: str
    holds: bool
    why: Reason


@cache
def credit(source: str) -> str:
    """A source in words. CourseError for a claim or an article that does not exist."""
    if source in (ANSWERS, COURSE):
        return source
    if ID.fullmatch(source):
        claimed = claim(source)
        return f"{claimed.source.publisher}, claim {claimed.id}: {claimed.verdict}"
    articles = {each.source.source: each.source for each in claims()}
    if source not in articles:
        raise CourseError(f"There is no source {source!r}; there are {', '.join(articles)}.")
    return articles[source].publisher


def named(answers: Answers) -> str:
    """What is wrong, in words."""
    shown = [text.lower() for key, text in PROBLEMS.items() if key in answers.problems]
    return "; ".join(shown) or TABLES.parts["nothing_named"]


class Words:
    """What is said of one case."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.held = answers, holds(answers)
        self.places = _places(answers, self.held)

    def say(self, key: str) -> Reason:
        """A sentence of decision.toml by its key."""
        unmeasured = key == "rate" and not self.answers.interval
        return self.fill(TABLES.reasons[key], "no_set" if unmeasured else key)

    def fill(self, sentence: Sentence, key: str = "") -> Reason:
        """A sentence with its places filled. `key` is that of the answers that it rests on."""
        text, source = (part.format_map(self.places) for part in sentence)
        return Reason(text, source, TABLES.rests_on.get(key, ()))

    def points(self, group: str) -> tuple[Requirement, ...]:
        """A list of points of decision.toml in this case."""
        return tuple(
            Requirement(title.format_map(self.places), self.held[point], self.why(point))
            for point, title in TABLES.points[group]
        )

    def why(self, point: str) -> Reason:
        """Why a point holds or is open."""
        usual = f"{point}_{'holds' if self.held[point] else 'open'}"
        return self.say(_special(self.answers, point, self.held[point]) or usual)

    def worth(self) -> Reason:
        """Why the volume does or does not pay for training, where that is known."""
        key = self.answers.cost_says.replace(" ", "_")
        return self.say("volumes_agree" if key == "not_priced" else key)


def assumption(answers: Answers, rests_on: Collection[str], given: Collection[str]) -> str:
    """The answers that a sentence rests on and nobody has given; empty where all are given."""
    assumed = [QUESTION[name] for name in rests_on if name not in given]
    if not assumed:
        return ""
    said = "; ".join(f"{each.text.lower()}: {each.said(getattr(answers, each.name))}" for each in assumed)
    return TABLES.parts["assumption"].format(assumed=said)


def _special(answers: Answers, point: str, point_holds: bool) -> str | None:
    """The key of the reason for a point that has more than one to hold or to be open."""
    measured = standing(answers) == "too many"
    if point in ("rare_changes", "automatic"):
        return point
    if point == "labels_or_style" and point_holds and answers.labels < LIMITS.style_only_below:
        return "labels_for_style"
    if point == "criterion":
        return _special(answers, "stands_still", point_holds) if answers.evaluation_rows else None
    if point == "stands_still":
        if answers.changes == "not launched":
            return "not_launched"
        if not rarely_changes(answers):
            return "changes_often"
        return "stands_still_holds" if answers.stable_months >= LIMITS.enough_months else "few_months"
    if point == "measured" and point_holds:
        return "rate"
    if point == "gap":
        if measured:
            return {"not looked": "not_looked", "one kind": "one_kind", "alike": "rate"}[answers.spread]
        return "what_is_left" if point_holds else "rate"
    if point == "addressable" and not answers.problems:
        return "nothing_named"
    if point == "data" and answers.labels < TABLES.labels_needed[answers.task]:
        return "few_labels"
    if point == "schema" and "format" not in answers.problems:
        return "other_shape"
    if point == "retraining" and point_holds and answers.tuned_models:
        return "retraining_again"
    if point == "proven_gap" and not has_gap(answers):
        return "rate"
    if point == "proven_gap" and untried(answers):
        return "not_tried_yet"
    if point == "proven_gap" and not answers.prompt_maximised:
        return "prompt_unfinished"
    return None


def _places(answers: Answers, held: dict[str, bool]) -> dict[str, str]:
    """What fills the {places} of the sentences."""
    parts, problems = TABLES.parts, answers.problems
    low, high = answers.interval or (0, 0)
    sends = [mark.sends for mark in volumes(answers)]
    said = {name: QUESTION[name].said(getattr(answers, name)) for name in ("changes", "task", "labelled_by")}
    missing = [title.lower() for point, title in TABLES.points["conditions"] if not held[point]]
    fault, _ = next_remedy(answers) or ("", "")
    later = [each for each in TABLES.remedies if each in to_solve(answers) - {fault, "unnamed"}]
    described = not ("style" in problems and answers.prompt_maximised and "few_shot" in answers.tried)
    places = {
        **said,
        **{name: number(limit) for name, limit in vars(LIMITS).items()},
        "rows": number(answers.evaluation_rows),
        "failing": percent(answers.failure_rate or 0),
        "accepted": percent(answers.accepted_rate),
        "low": percent(low),
        "high": percent(high),
        "volume": number(answers.volume),
        "automatic": number(0 if answers.reviewed else answers.volume),
        "votes": f"{sends.count(TUNE)} of their volumes for training, {sends.count(STAY)} against",
        "labels": number(answers.labels),
        "labels_needed": number(TABLES.labels_needed[answers.task]),
        "labels_claim": TABLES.labels_claims[answers.task],
        "Changes": said["changes"].capitalize(),
        "changes_claim": "C095" if answers.changes == "weekly" else "C040",
        "months": number(answers.stable_months),
        "rows_missing": number(rows_missing(answers)),
        "latency_now": number(answers.latency_now),
        "latency_needed": number(answers.latency_needed),
        "named": named(answers),
        "fault": PROBLEMS.get(fault, "").lower(),
        "later": "; ".join(PROBLEMS[each].lower() for each in later),
        "missing": "; ".join(missing),
        "untried": "; ".join(RUNG[key].title for key in untried(answers)).lower(),
        "supply": parts["knowledge" if "knowledge" in problems else "capability"],
        "number": number(answers.tuned_models + 1),
        "reviewed": parts["reviewed" if answers.reviewed else "unreviewed"],
        "facts": parts["facts_there" if held["facts"] else "facts_missing"],
        "style": parts["style_told" if described else "style_untold"],
        "where": parts.get(standing(answers), ""),
        "measured_on": "",
    }
    if answers.measured_on:
        places["measured_on"] = parts["measured_on"].format(measured_on=answers.measured_on)
    unmeasured = "no_rate" if answers.evaluation_rows else "no_set"
    places["rate"] = parts["rate" if answers.interval else unmeasured].format_map(places)
    places["portfolio"] = parts["portfolio"].format_map(places) if answers.tuned_models else ""
    launched = answers.changes != "not launched"
    places["pace"] = parts["changes"].format_map(places) if launched else places["changes"]
    return places
