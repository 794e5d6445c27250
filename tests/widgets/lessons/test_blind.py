"""The blind sheet without a browser: what it keeps, what it never tells, and the tally."""

import json

import pytest

from course.errors import CourseError
from course.measuring import blind
from course.measuring.blind import BOTH, LEFT, NEITHER, RIGHT, BlindChoice, BlindPair
from widgets.lessons.blind_model import BlindSheetModel, tally
from widgets.lessons.blind_view import BlindSheet

ONE, OTHER = "small: tuned, seed 1", "large: guide"
PAIRS = tuple(
    BlindPair(f"W{place}", f"note {place}", *names, f"left {place}", f"right {place}")
    for place, names in enumerate([(ONE, OTHER), (OTHER, ONE), (ONE, OTHER)])
)


def choices(*said: tuple[str, str]) -> list[BlindChoice]:
    return [
        BlindChoice(pair.id, pair.left, pair.right, *each) for pair, each in zip(PAIRS, said, strict=False)
    ]


def model(*said: tuple[str, str]) -> BlindSheetModel:
    return BlindSheetModel(PAIRS, {(each.id, each.left, each.right): each for each in choices(*said)})


def test_the_first_pair_without_a_choice_is_next_and_the_names_come_at_the_end():
    assert model().first_open == 0 and model((LEFT, NEITHER)).first_open == 1
    some = model((LEFT, NEITHER), (RIGHT, NEITHER))
    assert some.in_words() == "2 of 3 pairs read. Who wrote which is said at the end."
    done = model((LEFT, NEITHER), (RIGHT, NEITHER), (NEITHER, BOTH))
    assert done.first_open == 2 and ONE in done.in_words() and OTHER in done.in_words()


def test_choices_of_other_pairs_are_left_alone():
    other = BlindChoice("W0", OTHER, ONE, LEFT, NEITHER)
    assert BlindSheetModel(PAIRS, {("W0", OTHER, ONE): other}).first_open == 0


def test_the_tally_goes_by_who_wrote_it_and_not_by_the_side():
    said = tally(choices((LEFT, RIGHT), (RIGHT, NEITHER), (NEITHER, BOTH)))
    assert f"'{OTHER}' reads better in 0, '{ONE}' in 2, and there is no difference in 1" in said
    assert "chance can explain that (sign test, p = 0.5)" in said
    assert said.endswith("A fact is wrong in 2 replies of the first and in 1 of the second.")


def test_a_clear_tally_is_hardly_chance():
    ahead = [BlindChoice(f"W{place}", ONE, OTHER, LEFT, NEITHER) for place in range(8)]
    assert "chance hardly explains that (sign test, p = 0.0078)" in tally(ahead)
    level = [BlindChoice("W1", ONE, OTHER, NEITHER, NEITHER)] * 3
    assert "p = 1)" in tally(level)


@pytest.mark.parametrize(("place", "said"), [(3, "no pair 4; the sheet has 3"), (-1, "no pair 0")])
def test_a_pair_that_is_not_there_is_named(place, said):
    with pytest.raises(CourseError, match=said):
        model().chosen(place, LEFT, NEITHER)


def test_the_sheet_keeps_each_choice_goes_on_and_tells_the_browser_no_name(results_dir):
    sheet = BlindSheet(PAIRS)
    sheet.choose(0, LEFT, NEITHER)
    assert (sheet.place, sheet.message, sheet.choices[0]) == (1, "Kept: pair 1.", [LEFT, NEITHER])
    again = BlindSheet(PAIRS)
    assert again.place == 1
    again.choose(1, NEITHER, RIGHT)
    state = json.dumps({name: getattr(again, name) for name in ("pairs", "choices", "summary", "message")})
    assert ONE not in state and OTHER not in state
    again.choose(2, RIGHT, LEFT)
    assert again.place == 2 and again.summary.startswith("All 3 pairs read.") and ONE in again.summary
    again.choose(0, RIGHT, NEITHER)
    assert again.choices[0] == [RIGHT, NEITHER] and len(blind.own()) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"place": 0, "choice": LEFT, "wrong": BOTH}, "Kept: pair 1."),
        ({"place": 0, "choice": "A", "wrong": BOTH}, "no choice 'A'"),
        ({"place": 9, "choice": LEFT, "wrong": BOTH}, "no pair 10"),
        ({"place": "0", "choice": LEFT, "wrong": BOTH}, ""),
        ({}, ""),
    ],
)
def test_what_the_browser_sends_is_done_or_refused_in_words(results_dir, content, said):
    sheet = BlindSheet(PAIRS)
    sheet._clicked(None, content, [])
    assert said in sheet.message and bool(sheet.message) == bool(said)
    assert len(blind.own()) == said.startswith("Kept")


def test_a_file_that_cannot_be_written_is_said_and_the_pair_stays(results_dir):
    sheet = BlindSheet(PAIRS)
    (results_dir / "blind_choices.sqlite").write_bytes(b"not a database, and long enough to be one" * 30)
    sheet.choose(0, LEFT, NEITHER)
    assert "blind_choices.sqlite" in sheet.message and sheet.place == 0 and sheet.choices[0] == []
