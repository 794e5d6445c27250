"""Pairs without names: drawn once and for all, and what a reader says of them kept."""

from dataclasses import replace

import pytest

from course.errors import CourseError
from course.measuring import blind
from course.measuring.blind import BOTH, LEFT, NEITHER, PAIRS, RIGHT, BlindChoice, drawn

NOTES = {f"W{number:03}": f"note {number}" for number in range(100)}
ONE = ("tuned", {id: f"tuned to {id}" for id in NOTES})
OTHER = ("prompt", {id: f"prompt to {id}" for id in NOTES})
CHOICE = BlindChoice("W001", "tuned", "prompt", LEFT, NEITHER)


def test_the_pairs_are_the_same_each_time_and_both_writers_stand_on_both_sides():
    found = drawn(NOTES, ONE, OTHER)
    assert found == drawn(dict(reversed(NOTES.items())), ONE, OTHER)
    assert len({pair.id for pair in found}) == PAIRS
    assert 8 <= sum(pair.left == "tuned" for pair in found) <= PAIRS - 8
    for pair in found:
        assert {pair.left, pair.right} == {"tuned", "prompt"} and pair.note == NOTES[pair.id]
        assert pair.left_reply == f"{pair.left} to {pair.id}"
        assert pair.right_reply == f"{pair.right} to {pair.id}"


def test_a_choice_is_kept_and_a_later_one_takes_its_place(results_dir):
    assert blind.own() == {}
    blind.keep(CHOICE)
    blind.keep(replace(CHOICE, choice=NEITHER, wrong=BOTH))
    swapped = replace(CHOICE, left="prompt", right="tuned", choice=RIGHT)
    blind.keep(swapped)
    assert blind.own() == {
        ("W001", "tuned", "prompt"): replace(CHOICE, choice=NEITHER, wrong=BOTH),
        ("W001", "prompt", "tuned"): swapped,
    }
    assert CHOICE.for_name(LEFT) == "tuned" and CHOICE.for_name(RIGHT) == "prompt"


@pytest.mark.parametrize("odd", [{"choice": "A"}, {"wrong": "all"}, {"choice": ""}])
def test_a_choice_that_does_not_exist_is_named(odd):
    with pytest.raises(CourseError, match="use one of"):
        replace(CHOICE, **odd)


def test_the_recorded_reading_is_one_of_thirty_pairs_of_the_same_two():
    found = blind.recorded()
    assert len({each.id for each in found}) == len(found) == PAIRS
    assert len({frozenset((each.left, each.right)) for each in found}) == 1
    assert {each.reader for each in found} != {""}


def test_a_damaged_file_is_named(results_dir):
    blind.keep(CHOICE)
    (results_dir / "blind_choices.sqlite").write_bytes(b"not a database, and long enough to be one" * 30)
    with pytest.raises(CourseError, match=r"blind_choices\.sqlite"):
        blind.own()
