"""What more examples and more steps buy, from the readings of `labels`: lines, pairs, and both in words."""

from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import NamedTuple

from course.measuring.climb import by_question, points_span, verdicts_in_words
from course.measuring.results import Comparison
from course.tuning import labels
from course.tuning.labels import (
    ADAPTER,
    COMMAND,
    ENCODER,
    EPOCHS,
    EXPERTS,
    HEAD,
    SAME_STEPS,
    SEEDS,
    TEACHER,
    TEMPLATES,
    UPGRADED,
    LabelReading,
    Point,
    PointKey,
    steps_of,
)

Readings = Sequence[LabelReading]
# Question and seed -> what answers it.
Pairs = Mapping[tuple[str, int], Comparison]


class CurveQuestion(NamedTuple):
    """What one change buys: (examples, steps) after it and before it."""

    asked: str
    after: tuple[int, int]
    before: tuple[int, int]


_ALL, _MANY, _SOME, _FEW = 810, labels.HALF, 100, 50
_MOST_STEPS = steps_of(ADAPTER, _ALL)
QUESTIONS = (
    CurveQuestion(
        f"{SAME_STEPS} steps instead of {steps_of(ADAPTER, _FEW)}, same {_FEW} examples",
        (_FEW, SAME_STEPS),
        (_FEW, steps_of(ADAPTER, _FEW)),
    ),
    CurveQuestion(
        f"{_MOST_STEPS} steps instead of {SAME_STEPS}, same {_MANY} examples",
        (_MANY, _MOST_STEPS),
        (_MANY, SAME_STEPS),
    ),
    CurveQuestion(
        f"{_MOST_STEPS} steps instead of {SAME_STEPS}, same {_ALL} examples",
        (_ALL, _MOST_STEPS),
        (_ALL, SAME_STEPS),
    ),
    CurveQuestion(
        f"{_SOME} examples instead of {_FEW}, same {SAME_STEPS} steps",
        (_SOME, SAME_STEPS),
        (_FEW, SAME_STEPS),
    ),
    CurveQuestion(
        f"{_MANY} examples instead of {_SOME}, same {SAME_STEPS} steps",
        (_MANY, SAME_STEPS),
        (_SOME, SAME_STEPS),
    ),
    CurveQuestion(
        f"{_ALL} examples instead of {_MANY}, same {SAME_STEPS} steps",
        (_ALL, SAME_STEPS),
        (_MANY, SAME_STEPS),
    ),
    CurveQuestion(
        f"{_ALL} examples instead of {_MANY}, same {_MOST_STEPS} steps",
        (_ALL, _MOST_STEPS),
        (_MANY, _MOST_STEPS),
    ),
    CurveQuestion(
        f"{_ALL} examples instead of {_MANY}, same {EPOCHS[ADAPTER]} epochs",
        (_ALL, _MOST_STEPS),
        (_MANY, steps_of(ADAPTER, _MANY)),
    ),
)
SAME_EPOCHS = f"tuned, {EPOCHS[ADAPTER]} epochs each"
FIXED_STEPS = f"tuned, {SAME_STEPS} steps each"
HEADS, ENCODERS = "linear head", "encoder"
LINES: Mapping[str, Callable[[LabelReading], bool]] = {
    SAME_EPOCHS: lambda each: each.learner == ADAPTER and each.steps == steps_of(ADAPTER, each.examples),
    FIXED_STEPS: lambda each: each.learner == ADAPTER and each.steps == SAME_STEPS,
    HEADS: lambda each: each.learner == HEAD,
    ENCODERS: lambda each: each.learner == ENCODER,
}


def lines(readings: Readings) -> dict[str, list[LabelReading]]:
    """What each learner reached with the experts' labels, by their number. No line is without a reading."""
    by_experts = sorted((each for each in readings if each.labels == EXPERTS), key=lambda each: each.examples)
    found = {name: [each for each in by_experts if belongs(each)] for name, belongs in LINES.items()}
    return {name: line for name, line in found.items() if line}


def means(line: Readings) -> dict[int, float]:
    """Number of examples -> the mean accuracy of the seeds, 0 to 1."""
    counts = dict.fromkeys(each.examples for each in line)
    return {count: mean(each.accuracy for each in line if each.examples == count) for count in counts}


def ranked(drawn: Mapping[str, Readings], examples: int) -> str:
    """Who is right how often with so many examples: means of the seeds, the best first. Empty without one."""
    reached = {name: found[examples] for name, line in drawn.items() if examples in (found := means(line))}
    best_first = sorted(reached.items(), key=lambda each: -each[1])
    shares = "; ".join(f"{share:.1%} ({name})" for name, share in best_first)
    return f"Right with {examples} examples: {shares}." if shares else ""


def last_examples(name: str, line: Readings) -> str:
    """What the last examples of a line brought, in a sentence."""
    found = {(each.examples, each.seed): each.accuracy for each in line}
    counts = list(dict.fromkeys(each.examples for each in line))
    if len(counts) < 2:
        return f"{name}: measured with one number of examples so far."
    fewer, more = counts[-2:]
    # The same draw on both sides: the mean of other seeds would count their luck as well.
    gains = sorted(
        100 * (found[more, seed] - found[fewer, seed])
        for seed in SEEDS
        if (more, seed) in found and (fewer, seed) in found
    )
    if not gains:
        return f"{name}: {fewer} and {more} examples have no seed in common so far."
    several = f"{gains[0]:+.1f} to {gains[-1]:+.1f} at {len(gains)} seeds"
    span = f" ({several if len(gains) > 1 else 'one seed'})"
    return (
        f"{name}: from {fewer} to {more} examples {mean(gains):+.1f} points{span}, "
        f"{100 * mean(gains) / (more - fewer):+.2f} for a hundred more."
    )


def pairs(readings: Readings) -> dict[tuple[str, int], Comparison]:
    """The adapter after and before one change, for each of QUESTIONS and each seed that has both."""
    found = {
        (each.examples, each.steps, each.seed): each
        for each in readings
        if (each.learner, each.labels) == (ADAPTER, EXPERTS)
    }
    return {
        (question.asked, seed): labels.compared(found[*question.after, seed], found[*question.before, seed])
        for question in QUESTIONS
        for seed in SEEDS
        if (*question.after, seed) in found and (*question.before, seed) in found
    }


def _usual_key(learner: str, of: str, examples: int, seed: int) -> PointKey:
    """That of the reading of a learner's usual epochs, with these labels."""
    return learner, of, examples, steps_of(learner, examples), seed


def upgraded(readings: Readings) -> dict[tuple[str, int], Comparison]:
    """The adapter of the medium size against that of the small one and the head, from the same tickets."""
    found = {each.key: each for each in readings}
    rivals = {
        "medium size instead of small, both trained": ADAPTER,
        "medium size trained, instead of the linear head": HEAD,
    }
    return {
        (asked, each.seed): labels.compared(each, rival)
        for asked, learner in rivals.items()
        for each in readings
        if each.learner == UPGRADED
        and (rival := found.get(_usual_key(learner, each.labels, each.examples, each.seed)))
    }


def taught(readings: Readings) -> dict[tuple[str, int], Comparison]:
    """The teacher's labels against the experts', for each learner, number and seed that has both."""
    found = {each.key: each for each in readings}
    usual = [each for each in readings if each.steps == steps_of(each.learner, each.examples)]
    by_teacher = [
        (each, found.get((each.learner, EXPERTS, *each.key[2:]))) for each in usual if each.labels == TEACHER
    ]
    return {
        (f"{each.learner}, {each.examples} examples", each.seed): labels.compared(each, expert)
        for each, expert in by_teacher
        if expert
    }


def cured(readings: Readings) -> dict[tuple[str, int], Comparison]:
    """Each cure of a teacher's labels, and made-up texts, against those labels as they are.

    By learner and seed.
    """
    found = {each.key: each for each in readings}
    whole = max((each.examples for each in readings if each.labels == TEACHER), default=0)
    cures = [each for each in readings if each.labels.startswith((f"{TEACHER}, ", TEMPLATES))]
    return {
        (f"{each.learner}, {each.labels}", each.seed): labels.compared(each, plain)
        for each in sorted(cures, key=lambda each: labels.LEARNERS.index(each.learner))
        if (plain := found.get(_usual_key(each.learner, TEACHER, whole, each.seed)))
    }


def findings(compared: Pairs) -> list[str]:
    """A sentence for each question: at how many seeds the change helped or hurt, and by how many points.

    McNemar's p-values of all pairs are corrected together.
    """
    return [
        f"{asked}: {verdicts_in_words(found)}, {points_span(found)} points."
        for asked, found in by_question(compared).items()
    ]


def not_measured(points: Sequence[Point], readings: Readings, command: str = COMMAND) -> str:
    """What is left of these points in a sentence; empty when all have a reading."""
    left = labels.unmeasured(points, readings)
    if not left:
        return ""
    minutes = sum(point.seconds for point in left) / 60
    return (
        f"Not measured yet: {len(left)} of {len(points)} trainings. `{command}` measures them, in about "
        f"{minutes:.0f} minutes on two quiet cores."
    )
