"""The prompt versions of lesson 01: each adds one part, and a template becomes the turns of a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.data import lesson_sample, tickets
from course.rungs.summaries import (
    CHECKERS,
    EMPTY_LINES,
    MAX_WORDS,
    PARTS,
    assemble,
    check,
    fill,
    floor,
    messages,
    parts,
    passed,
    version,
)

MESSAGE = "Where is my parcel FL-20418? It was due on Monday and I am at home."
GOOD = "The customer waits for parcel FL-20418, which was due on Monday."


@pytest.mark.parametrize("number", range(len(PARTS) + 1))
def test_a_version_is_its_parts(number):
    assert assemble(PARTS[:number]) == version(number)


def test_every_version_adds_one_part_and_the_last_the_word_limit():
    assert list(parts()) == list(PARTS)
    assert all(parts().values())
    for number in range(2, len(PARTS) + 1):
        assert set(version(number - 1).split("\n\n")) < set(version(number).split("\n\n"))
    assert f"at most {MAX_WORDS} words" in messages(version(6), "hello")[-1]["content"]


@given(st.sets(st.sampled_from(PARTS)))
def test_any_choice_of_parts_holds_them_in_order_and_ends_with_the_message(chosen):
    template = assemble(chosen)
    places = [template.index(text) for name, text in parts().items() if name in chosen]
    assert places == sorted(places)
    assert template.endswith("Message: {message}")
    assert template.startswith("Summarize this.") == ("instruction" not in chosen)


def test_examples_become_earlier_turns_and_an_unknown_part_is_named():
    with pytest.raises(CourseError, match="'tone'.*instruction"):
        assemble(["tone"])
    turns = messages("Sum up.\n\nMessage: one\nSummary: 1.\n\nMessage: {message}", "two")
    assert turns == [
        {"role": "user", "content": "Sum up.\n\nMessage: one"},
        {"role": "assistant", "content": "1."},
        {"role": "user", "content": "Sum up.\n\nMessage: two"},
    ]


@given(st.text())
def test_the_message_arrives_as_it_was_written(text):
    assert messages("Sum up: {message}", text) == [{"role": "user", "content": f"Sum up: {text}"}]


@pytest.mark.parametrize("template", ["no message here", "{message} {tone}", "{message} {", "{message} {}"])
def test_a_template_that_cannot_be_filled_says_so(template):
    with pytest.raises(CourseError, match="{message}"):
        fill(template, "hello")


def stopped_by(line, message):
    return [checker.__name__ for checker in CHECKERS if not checker(line, message)]


@pytest.mark.parametrize(
    ("line", "checkers"),
    [
        (GOOD, []),
        ("The customer cancelled the parcel and waits at home.", []),
        ("The parcel of Monday is late", ["one_sentence"]),
        ("The parcel was due on Monday. The customer waits.", ["one_sentence"]),
        ("", ["one_sentence", "at_most_20_words", "own_words", "says_what"]),
        ("The parcel due on Monday " + "is very late " * 6 + ".", ["at_most_20_words", "no_repeats"]),
        ("My parcel was due on Monday.", ["third_person"]),
        ("Parcel is my home.", ["third_person"]),
        ("It was due on Monday and I am at home.", ["third_person", "own_words"]),
        ("The parcel FL-99999 was due on Monday.", ["no_new_numbers"]),
        ("The customer cannot log in to the app since the update.", ["not_an_example", "says_what"]),
        ("The customer has a problem.", ["says_what"]),
        ("The customer asks about a parcel.", ["says_what"]),
    ],
)
def test_each_checker_stops_what_it_is_for(line, checkers):
    assert stopped_by(line, MESSAGE) == checkers


def test_worked_examples_and_empty_lines_are_judged_and_shares_are_of_rows():
    for text in version(len(PARTS)).split("\n\n"):
        if "\nSummary: " in text:
            message, line = text.removeprefix("Message: ").split("\nSummary: ")
            assert stopped_by(line, message) == ["not_an_example"]
    rows = [*tickets("dev"), *tickets("test")]
    measured = floor(rows)
    assert set(measured) == set(EMPTY_LINES)
    for shares in measured.values():
        assert shares["all"] < 0.03
        assert all(share > 0.97 for name, share in shares.items() if name not in ("says_what", "all"))
    rows = lesson_sample("dev")[:4]
    lines = [row.text for row in rows]
    verdicts = [check(row, line) for row, line in zip(rows, lines, strict=True)]
    assert not any(verdict.correct or verdict.valid for verdict in verdicts)
    shares = passed(lines, rows)
    assert shares["all"] == 0 and shares["own_words"] == 0 and shares["says_what"] == 1
