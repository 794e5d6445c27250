"""The rules of the decision: which rung is next, what holds, and which way a volume sends a case.

widgets/static/decision_model.js has the same rules, and tests hold the two together.
"""

import math
from dataclasses import dataclass

from course.measuring import gap
from course.measuring.results import Z_95
from widgets.decision.answers import Answers
from widgets.decision.tables import LIMITS, RUNG, TABLES, TRIABLE

# Which way a volume, or the cost model, sends a case.
TUNE, STAY, SILENT = "fine-tune", "do not", "says nothing"


@dataclass(frozen=True)
class VolumeMark:
    """A volume in an article, `low` to `high` outputs a month, and which way it sends this case."""

    low: int
    high: int
    says: str
    source: str
    sends: str
    why: str


def next_rung(answers: Answers) -> str:
    """The key of the rung that is next: the first remedy of the first fault that was not tried.

    What was tried is never advised again. Nothing leads to fine-tuning without a price, without rows enough
    to see the gap, or where a tuned model was tried.
    """
    quality, tuned = standing(answers), "tuned" in answers.tried
    if tuned and quality == "too many" and not answers.failures_sorted:
        return "benchmark"
    if remedy := next_remedy(answers):
        return remedy[1]
    if not benchmark_done(answers):
        return "benchmark"
    if not has_gap(answers):
        return "stop"
    if quality == "too many" and answers.problems & {"knowledge", "capability"}:
        return "benchmark"
    worth = worth_it(answers)
    if worth == STAY or tuned:
        return "stop"
    if answers.evaluation_rows < LIMITS.enough_rows:
        return "benchmark"
    if worth == SILENT:
        return "price" if stands_still(answers) else "prepare"
    return "fine_tune" if all_holds(answers) else "prepare"


def next_remedy(answers: Answers) -> tuple[str, str] | None:
    """The first fault with a remedy that was not tried, and that remedy."""
    faults = to_solve(answers)
    for fault, keys in TABLES.remedies.items():
        for key in keys:
            if fault in faults and applies(answers, key) and not is_tried(answers, key):
                return fault, key
    return None


def is_tried(answers: Answers, key: str) -> bool:
    """Whether a remedy was tried. Nothing is left to rewrite in the best prompt that one can write."""
    return key in answers.tried or (key == "prompt" and answers.prompt_maximised)


def applies(answers: Answers, key: str) -> bool:
    """Whether the case has what a remedy needs."""
    if key == "few_shot":
        return answers.labels < LIMITS.nearest_instead
    if key == "retrieved_examples":
        return answers.labels >= LIMITS.near_enough
    if key in ("encoder", "cascade"):
        return answers.task == "narrow" and answers.labels >= LIMITS.classifier_from
    return True


def helps(answers: Answers, key: str) -> bool:
    """Whether a rung is a remedy for something that is wrong here."""
    return key in RUNG and applies(answers, key) and bool(RUNG[key].helps & to_solve(answers))


def untried(answers: Answers) -> list[str]:
    """The remedies that help here and were not tried."""
    return [key for key in TRIABLE if helps(answers, key) and not is_tried(answers, key)]


def standing(answers: Answers) -> str:
    """'unmeasured', 'accepted', 'undecided' or 'too many': where the interval of the failure rate lies.

    An interval that is narrow beside what is accepted is decided by its middle: no more rows would help.
    """
    accepted = answers.accepted_rate
    if answers.interval is None or answers.failure_rate is None:
        return "unmeasured"
    low, high = answers.interval
    if high - low < LIMITS.narrow_interval * accepted:
        return "accepted" if answers.failure_rate <= accepted else "too many"
    if high <= accepted:
        return "accepted"
    return "too many" if low > accepted else "undecided"


def rows_missing(answers: Answers) -> int:
    """How many more rows decide an undecided rate if it stays the same, rounded up to two digits; else 0.

    They decide it 4 times in 5 (`gap.rows_to_decide`).
    """
    if standing(answers) != "undecided" or answers.failure_rate is None:
        return 0
    rate, accepted = answers.failure_rate, answers.accepted_rate
    # The number of rows at which Wilson's interval is narrow enough to be decided by its middle.
    square, width = Z_95 * Z_95, LIMITS.narrow_interval * accepted
    half = square * (2 * rate * (1 - rate) - width * width)
    narrow = half + math.sqrt(half * half + width * width * square * square * (1 - width * width))
    needed = math.ceil(narrow / (width * width))
    missing = max(min(needed, gap.rows_to_decide(rate, accepted) or needed) - answers.evaluation_rows, 1)
    unit = 10 ** max(len(str(missing)) - 2, 0)
    return math.ceil(missing / unit) * unit


def contradictions(answers: Answers) -> list[str]:
    """The keys of what does not go together in the answers."""
    found = {
        "not_slow": "latency" in answers.wrong and answers.latency_now <= answers.latency_needed,
        "unlabelled": answers.labels > 0 and answers.labelled_by == "nobody",
    }
    return [key for key, is_so in found.items() if is_so]


def to_solve(answers: Answers) -> frozenset[str]:
    """The problems that a rung has to help with. A failure rate that is accepted leaves only the others.

    Where nothing is named and the rate is accepted but for the width of its interval, nothing is to be
    solved: more rows decide it.
    """
    quality, about = standing(answers), TABLES.about_answers
    if quality == "accepted":
        return answers.problems - about
    if (
        quality == "undecided"
        and not answers.problems
        and (answers.failure_rate or 0) <= answers.accepted_rate
    ):
        return frozenset()
    if not answers.problems or (quality == "too many" and not answers.problems & about):
        return answers.problems | {"unnamed"}
    return answers.problems


def benchmark_done(answers: Answers) -> bool:
    """Whether the gap is measured, and where there is one, read."""
    quality = standing(answers)
    if quality == "too many":
        return kind_known(answers) and answers.spread != "not looked"
    return quality == "accepted"


def kind_known(answers: Answers) -> bool:
    """Whether somebody has said what is wrong, from reading the failures where there are too many."""
    if standing(answers) == "accepted":
        return bool(answers.problems)
    return answers.failures_sorted and bool(answers.problems & TABLES.about_answers)


def has_gap(answers: Answers) -> bool:
    """Too many failures, or an accepted rate that is too slow or expensive. Privacy alone is not a gap."""
    quality = standing(answers)
    return quality == "too many" or (quality == "accepted" and bool(answers.problems & {"latency", "cost"}))


def stands_still(answers: Answers) -> bool:
    """Whether the task stays as it is for long enough to train on it."""
    return rarely_changes(answers) and answers.stable_months >= LIMITS.enough_months


def rarely_changes(answers: Answers) -> bool:
    """Twice a year, or less often."""
    return answers.changes in ("twice a year", "yearly")


def well_labelled(answers: Answers) -> bool:
    """By experts, or by a model that was checked."""
    return answers.labelled_by in ("a checked model", "experts")


def worth_it(answers: Answers) -> str:
    """TUNE, STAY or SILENT: whether training pays.

    Only the reader's own price says that it does. The articles' volumes can say that it does not, where all
    that say something agree and neither speed nor privacy asks for it.
    """
    if answers.cost_says != "not priced":
        return TUNE if answers.cost_says == "costs less" else STAY
    sends = {mark.sends for mark in volumes(answers)} - {SILENT}
    return STAY if sends == {STAY} and not answers.problems & {"latency", "privacy"} else SILENT


def volumes(answers: Answers) -> tuple[VolumeMark, ...]:
    """The volumes that the articles name, the lowest first, and which way each would send this case."""
    marks = []
    for each in TABLES.volumes:
        sends, why = _sends(answers, each.rule, each.low, each.high)
        marks.append(
            VolumeMark(each.low, each.high, each.says, each.source, sends, TABLES.volume_reasons[why])
        )
    return tuple(marks)


def _sends(answers: Answers, rule: str, low: int, high: int) -> tuple[str, str]:
    """Which way a volume sends the case by its rule, and the key of why."""
    volume = answers.volume
    if rule == "nothing":
        return SILENT, "in_all"
    if rule == "below":
        return (STAY, "no_larger") if volume <= low else (SILENT, "larger")
    if rule == "skills" and answers.reviewed:
        return STAY, "reviewed"
    if rule == "skills" and answers.tuned_models + 1 >= LIMITS.many_models:
        return STAY, "many"
    if rule == "between" and low <= volume <= high:
        return SILENT, "left_open"
    if rule == "above" and volume < low:
        return SILENT, "two_only"
    return (TUNE, "reached") if volume >= high else (STAY, "short")


def all_holds(answers: Answers) -> bool:
    """Whether all gates are open and all ten points hold."""
    held = holds(answers)
    return all(held[point] for group in ("gates", "checks") for point, _ in TABLES.points[group])


def holds(answers: Answers) -> dict[str, bool]:
    """Every point of decision.toml, and whether it holds."""
    problems, quality = answers.problems, standing(answers)
    has_rows, still, gap = answers.evaluation_rows > 0, stands_still(answers), has_gap(answers)
    addressable = bool(problems) and not problems & {"knowledge", "capability"}
    data = answers.labels >= TABLES.labels_needed[answers.task] and well_labelled(answers)
    # After every rung that helps, with the best prompt, of a kind that training can close.
    proven_gap = gap and answers.prompt_maximised and addressable and not untried(answers)
    automatic = not answers.reviewed and answers.volume >= LIMITS.automatic_from
    return {
        "evaluation": has_rows,
        "facts": "knowledge" not in problems,
        "ability": "capability" not in problems,
        "labels_or_style": answers.labels >= LIMITS.style_only_below or problems == {"style"},
        "stands_still": still,
        "criterion": has_rows and still,
        "data": data,
        "proven_gap": proven_gap,
        "conditions": has_rows and still and data and proven_gap,
        "best_prompt": answers.prompt_maximised,
        "measured": quality != "unmeasured" and answers.evaluation_rows >= LIMITS.enough_rows,
        "gap": answers.spread == "alike" if quality == "too many" else gap,
        "kind_known": kind_known(answers),
        "addressable": addressable,
        "curation": answers.curation_budget,
        "schema": "format" not in problems or "schema" in answers.tried,
        "retraining": answers.retraining_budget,
        "rare_changes": rarely_changes(answers),
        "unreviewed": not answers.reviewed,
        "automatic": automatic,
    }


def ladder(answers: Answers) -> dict[str, tuple[str, str]]:
    """Each rung's state ('done', 'next', 'ruled out' or 'later'), and the key of why in decision.toml."""
    next_key, held = next_rung(answers), holds(answers)
    return {key: _state(answers, key, next_key, held) for key in RUNG}


def _state(answers: Answers, key: str, next_key: str, held: dict[str, bool]) -> tuple[str, str]:
    if key == next_key:
        return "next", ""
    if remedy_for := RUNG[key].helps:
        if is_tried(answers, key):
            return "done", "tried"
        if helps(answers, key):
            return "later", "wait"
        wrong = bool(remedy_for & answers.problems)
        if not applies(answers, key):
            return "ruled out", "nearest" if wrong and key == "few_shot" else "otherwise"
        # It may help with something that is wrong, and yet with nothing that an accepted rate leaves.
        return "ruled out", "not_needed" if wrong else "otherwise"
    if key == "benchmark" and benchmark_done(answers):
        return "done", "rate"
    if key == "fine_tune" and (shut := [point for point, _ in TABLES.points["gates"] if not held[point]]):
        return "ruled out", shut[0]
    if not benchmark_done(answers) or key == "benchmark":
        return "later", "wait"
    if not has_gap(answers):
        return "ruled out", "not_needed"
    if key == "stop":
        return "ruled out", "larger_gap"
    if next_key == "stop":
        return "ruled out", "worth"
    if key == "price" and not stands_still(answers):
        return "ruled out", "nothing_to_price"
    if key == "price" and worth_it(answers) != SILENT:
        return "done", "worth"
    if key == "prepare" and next_key == "fine_tune":
        return "done", "nothing_open"
    return "later", "wait"
