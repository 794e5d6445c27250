"""Failures that somebody read: ours for the lesson, the reader's own in their place, kept at once."""

import pytest

from course.errors import CourseError
from course.material.data import lesson_sample
from course.measuring import coding
from course.measuring.coding import CodedFailure
from course.measuring.results import Result
from tests.notebooks.test_taught import maximal_on_dev


def test_our_reading_covers_exactly_what_the_maximal_prompt_gets_wrong_on_dev(results_dir):
    wrong = [outcome for outcome in maximal_on_dev().outcomes if not outcome.correct]
    assert {(each.id, each.reply) for each in wrong if each.valid} == set(coding.ours())
    codes = [each.code for each in coding.ours().values()]
    assert 5 <= len(set(codes)) < len(codes) / 2
    assert sum(coding.counts().values()) == len(codes)


def test_the_readers_own_takes_the_place_of_ours_and_is_on_disk_at_once(results_dir):
    (id, reply), before = next(iter(coding.ours().items()))
    for code in ("a first thought", "a better word"):
        coding.keep(CodedFailure(id, reply, code, coding.KNOWLEDGE))
    assert coding.own() == {(id, reply): CodedFailure(id, reply, "a better word", coding.KNOWLEDGE)}
    assert coding.readings()[id, reply].code == "a better word"
    assert coding.counts()[coding.KNOWLEDGE] == 1 + sum(
        each.kind == coding.KNOWLEDGE for each in coding.ours().values() if each != before
    )


def test_a_kind_that_does_not_exist_is_named():
    with pytest.raises(CourseError, match="no kind 'bad luck'; use one of format, convention"):
        CodedFailure("T1", "safety", "a code", "bad luck")


def test_a_reply_in_no_valid_form_is_one_of_form_and_another_reply_is_unread(results_dir):
    rows = lesson_sample("dev")[:2]
    said = {rows[0].id: "I think it is safety.", rows[1].id: "safety"}
    form, unread = Result.from_replies(rows, said, name="a rung").outcomes
    assert coding.of(form, {}).kind == coding.FORMAT and coding.of(unread, {}) is None
