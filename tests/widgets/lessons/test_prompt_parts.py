"""The control of lesson 01, without a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.rungs.summaries import PARTS, assemble, version
from widgets.lessons.prompt_parts_view import PromptParts, Score, sentence

MEASURED = {frozenset(): Score(1, 24, 48.4), frozenset(["format"]): Score(24, 24, 1234.0)}


def never() -> int:
    raise AssertionError("a measured choice needs no count")


@given(st.sets(st.sampled_from(PARTS)), st.integers(0, 5000))
def test_the_sentence_names_what_is_on_and_nothing_else(chosen, tokens):
    words = sentence(chosen, {}, lambda: tokens).partition(".")[0]
    assert {part for part in PARTS if part in words} == chosen
    assert ("none" in words) == (not chosen)


def test_a_choice_says_its_share_and_interval_or_that_it_was_not_measured():
    words = sentence({"format"}, MEASURED, never)
    assert "1,234 tokens" in words
    assert "24 of 24 lines pass every checker, 100% (86% to 100%)" in words
    words = sentence({"reasoning"}, MEASURED, lambda: 1009)
    assert "1,009 tokens" in words and "not measured" in words


@pytest.mark.parametrize(("passed", "n"), [(-1, 4), (5, 4), (0, 0)])
def test_an_impossible_score_is_refused(passed, n):
    with pytest.raises(CourseError, match=f"{passed} of {n}"):
        Score(passed, n, 50.0)


def test_switching_parts_changes_prompt_and_words_and_every_box_has_its_name():
    control = PromptParts(MEASURED, len)
    assert "none, the vague prompt" in control.sentence.value
    assert "Summarize this." in control.prompt.value
    control.boxes["format"].value = True
    assert control.chosen == {"format"}
    assert "1,234 tokens" in control.sentence.value and "24 of 24" in control.sentence.value
    control.boxes["examples"].value = True
    assert f"{len(assemble(['format', 'examples'])):,} tokens" in control.sentence.value
    assert "not measured" in control.sentence.value
    control.boxes["examples"].value = False
    control.boxes["format"].value = False
    assert "1 of 24" in control.sentence.value
    control = PromptParts({}, len)
    for part, box in control.boxes.items():
        assert box.description == part
        box.value = True
    assert version(6).splitlines()[0].split("'")[0] in control.prompt.value
    assert control.chosen == set(PARTS)

    def not_recorded(template: str) -> int:
        raise CourseError("room.sqlite holds no answer <here>.")

    assert "room.sqlite holds no answer &lt;here&gt;." in PromptParts({}, not_recorded).sentence.value
