"""What the readings say of examples and steps: lines, pairs, and what is missing."""

from collections.abc import Sequence

import pytest

from course.tuning import curve, labels
from course.tuning.labels import (
    ADAPTER,
    ENCODER,
    EXPERTS,
    HEAD,
    SAME_STEPS,
    SEEDS,
    TEACHER,
    UPGRADED,
    LabelReading,
)

MEASURED = labels.read()
HEADS = [each for each in MEASURED if each.learner == HEAD]


def reading(examples: int, steps: int, right: Sequence[bool], seed: int = 1, **other) -> LabelReading:
    """What a learner reached that gets these of the test tickets right."""
    count = sum(right)
    kept = {"learner": ADAPTER, "labels": EXPERTS, "examples": examples, "steps": steps, "seed": seed}
    counts = {
        "n": len(right),
        "right": count,
        "valid": len(right),
        "typical": count,
        "hard": 0,
        "boundary": 0,
    }
    rows = "".join("01"[each] for each in right)
    return LabelReading(**{**vars(MEASURED[0]), **counts, "rows": rows, **kept, **other})


def first(count: int) -> list[bool]:
    return [place < count for place in range(100)]


# More steps help the fifty, and further steps change nothing; more examples help by less at one seed.
REACHED = {
    (50, 8): 20,
    (50, 50): 50,
    (100, 50): 60,
    (400, 50): 70,
    (400, 102): 79,
    (810, 50): 80,
    (810, 102): 80,
}
WHOLE = [
    reading(examples, steps, first(count + (10 if (examples, steps, seed) == (400, 50, 3) else 0)), seed)
    for seed in SEEDS
    for (examples, steps), count in REACHED.items()
]


def test_a_reading_of_both_rules_belongs_to_both_lines():
    lines = curve.lines([*WHOLE, *HEADS])
    assert list(lines) == [curve.SAME_EPOCHS, curve.FIXED_STEPS, curve.HEADS]
    assert {each.examples for each in lines[curve.SAME_EPOCHS]} == {50, 400, 810}
    assert [each.steps for each in lines[curve.FIXED_STEPS]] == [SAME_STEPS] * 12
    assert {each.labels for each in lines[curve.HEADS]} == {EXPERTS}
    assert curve.means(lines[curve.FIXED_STEPS]) == pytest.approx(
        {50: 0.5, 100: 0.6, 400: 0.7333, 810: 0.8}, abs=1e-4
    )


def test_the_ranking_at_a_number_has_who_was_measured_with_it_the_best_first():
    lines = curve.lines([*WHOLE, *HEADS])
    heads = curve.means(lines[curve.HEADS])[50]
    said = curve.ranked(lines, 50)
    best_first = sorted([(heads, "linear head"), (0.5, "tuned, 50 steps each")], reverse=True)
    assert [said.index(name) for _, name in best_first] == sorted(said.index(name) for _, name in best_first)
    assert "50.0% (tuned, 50 steps each)" in said and f"{heads:.1%} (linear head)" in said
    assert curve.ranked({curve.HEADS: lines[curve.HEADS]}, 51) == ""


def test_each_pair_differs_in_one_thing_and_stays_within_a_seed():
    compared = curve.pairs(WHOLE)
    assert len(compared) == len(curve.QUESTIONS) * len(SEEDS)
    for question in curve.QUESTIONS:
        same_examples = question.after[0] == question.before[0]
        same_steps = question.after[1] == question.before[1]
        same_epochs = all(
            labels.steps_of(ADAPTER, n) == steps for n, steps in (question.after, question.before)
        )
        assert same_examples + same_steps + same_epochs == 1
    more_steps = compared[curve.QUESTIONS[0].asked, 2]
    assert (more_steps.only_a, more_steps.only_b) == (30, 0)


def test_a_pair_with_a_half_missing_is_left_out():
    half = [each for each in WHOLE if (each.seed, each.steps) != (2, 8)]
    assert (curve.QUESTIONS[0].asked, 2) not in curve.pairs(half)
    assert len(curve.pairs(half)) == len(curve.pairs(WHOLE)) - 1
    assert curve.pairs(HEADS) == {} and curve.findings({}) == []


def test_findings_count_seeds_and_name_the_range():
    said = dict(sentence.rsplit(": ", 1) for sentence in curve.findings(curve.pairs(WHOLE)))
    assert said["50 steps instead of 8, same 50 examples"] == "helped at 3 of 3 seeds, +30.0 points."
    assert said["102 steps instead of 50, same 810 examples"] == "undecided at 3 of 3 seeds, +0.0 points."
    assert said["400 examples instead of 100, same 50 steps"].endswith(" of 3 seeds, +10.0 to +20.0 points.")
    assert said["810 examples instead of 400, same 102 steps"] == "undecided at 3 of 3 seeds, +1.0 points."


def test_the_pairs_are_corrected_together():
    one = {"a": labels.compared(reading(50, 50, first(26)), reading(50, 8, first(20)))}
    assert "helped" in curve.findings({("a", 1): one["a"]})[0]
    many = {("a", seed): one["a"] for seed in range(1, 11)}
    assert "undecided at 10 of 10" in curve.findings(many)[0]


def test_the_teacher_is_compared_with_the_experts_of_the_same_seed_number_and_steps():
    compared = curve.taught(MEASURED)
    assert {seed for _, seed in compared} == set(SEEDS)
    asked = compared["head, 810 examples", 1]
    assert asked.a == "head, 810 of teacher" and asked.b == "head, 810 of experts"
    other_steps = [reading(50, 8, first(20)), reading(50, 50, first(20), labels=TEACHER)]
    assert curve.taught(other_steps) == {}


def test_the_upgrade_is_held_to_the_small_adapter_and_the_head_of_its_seed():
    larger = reading(810, 102, first(90), 2, learner=UPGRADED)
    head = reading(810, 0, first(85), 2, learner=HEAD)
    by_small, by_head = curve.upgraded([*WHOLE, head, larger]).values()
    assert (by_small.only_a, by_small.only_b, by_head.only_a, by_head.only_b) == (10, 0, 5, 0)
    assert len(curve.upgraded([*WHOLE, larger])) == 1 and curve.upgraded(WHOLE) == {}


def test_what_the_last_examples_brought_is_per_hundred():
    one_seed = [reading(400, 50, first(70)), reading(810, 50, first(80)), reading(810, 50, first(94), 2)]
    said = "from 400 to 810 examples +10.0 points (one seed), +2.44 for a hundred more."
    assert said in curve.last_examples("x", one_seed)
    both = sorted([*one_seed, reading(400, 50, first(80), 2)], key=lambda each: each.examples)
    assert "+12.0 points (+10.0 to +14.0 at 2 seeds), +2.93 for a hundred" in curve.last_examples("x", both)
    assert "one number of examples so far" in curve.last_examples("x", both[:1])
    assert "400 and 810 examples have no seed in common" in curve.last_examples("x", [both[0], one_seed[2]])


def test_each_cure_is_held_to_the_labels_as_they_are_at_its_own_seed():
    def of(labels_: str, right: int, seed: int, examples: int = 810):
        return reading(examples, 0, first(right), seed, learner=HEAD, labels=labels_)

    readings = [of(TEACHER, 60, 1), of(TEACHER, 50, 2), of(TEACHER, 40, 1, 50)]
    readings += [of(f"{TEACHER}, surest 90%", 70, seed, 729) for seed in (1, 2, 3)]
    found = curve.cured(readings)
    assert [(key, pair.only_a) for key, pair in found.items()] == [
        (("head, teacher, surest 90%", 1), 10),
        (("head, teacher, surest 90%", 2), 20),
    ]


def test_what_is_left_is_counted_with_its_minutes_and_its_command():
    points = labels.curve()
    done = [reading(len(each.source.tickets), each.steps, first(9), each.seed) for each in points]
    assert curve.not_measured(points, done, "command") == ""
    minutes = sum(each.seconds for each in points[1:]) / 60
    left = curve.not_measured(points, done[:1], "make it")
    assert left.startswith(f"Not measured yet: {len(points) - 1} of {len(points)} trainings. `make it`")
    assert f"about {minutes:.0f} minutes" in left


def test_the_encoder_is_a_line_of_its_own():
    assert list(curve.lines([reading(50, 20, first(3), learner=ENCODER)])) == [curve.ENCODERS]
