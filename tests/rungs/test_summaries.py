"""The prompt versions of lesson 01: each adds one part, and a template becomes the turns of a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.rungs.summaries import MAX_WORDS, PARTS, assemble, fill, messages, parts, version


@pytest.mark.parametrize("number", range(len(PARTS) + 1))
def test_a_version_is_its_parts(number):
    assert assemble(PARTS[:number]) == version(number)


def test_every_version_adds_one_part_and_keeps_the_others():
    assert list(parts()) == list(PARTS)
    assert all(parts().values())
    for number in range(2, len(PARTS) + 1):
        assert set(version(number - 1).split("\n\n")) < set(version(number).split("\n\n"))


@given(st.sets(st.sampled_from(PARTS)))
def test_any_choice_of_parts_holds_them_in_order_and_ends_with_the_message(chosen):
    template = assemble(chosen)
    places = [template.index(text) for name, text in parts().items() if name in chosen]
    assert places == sorted(places)
    assert template.endswith("Message: {message}")
    assert template.startswith("Summarize this.") == ("instruction" not in chosen)


def test_an_unknown_part_is_named():
    with pytest.raises(CourseError, match="'tone'.*instruction"):
        assemble(["tone"])


def test_examples_become_earlier_turns_in_the_same_frame():
    turns = messages("Sum up.\n\nMessage: one\nSummary: 1.\n\nMessage: {message}", "two")
    assert turns == [
        {"role": "user", "content": "Sum up.\n\nMessage: one"},
        {"role": "assistant", "content": "1."},
        {"role": "user", "content": "Sum up.\n\nMessage: two"},
    ]


@given(st.text())
def test_the_message_arrives_as_it_was_written(text):
    assert messages("Sum up: {message}", text) == [{"role": "user", "content": f"Sum up: {text}"}]


def test_the_word_limit_is_filled_in():
    assert f"at most {MAX_WORDS} words" in messages(version(6), "hello")[-1]["content"]


@pytest.mark.parametrize("template", ["no message here", "{message} {tone}", "{message} {", "{message} {}"])
def test_a_template_that_cannot_be_filled_says_so(template):
    with pytest.raises(CourseError, match="{message}"):
        fill(template, "hello")
