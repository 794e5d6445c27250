"""Failures that somebody read: ours for the lesson, the reader's own in their place, kept at once."""

import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace

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


def test_a_code_without_a_kind_leaves_it_to_the_course_and_no_other_kind_is_known(results_dir):
    (id, reply), before = next(iter(coding.ours().items()))
    coding.keep(CodedFailure(id, reply, "not judged", ""))
    assert coding.own()[id, reply].code == "not judged" and coding.readings()[id, reply] == before
    kinds = Counter(each.kind for each in coding.ours().values())
    assert coding.counts() == dict.fromkeys(coding.KINDS_OF_FAILURE, 0) | kinds
    rows = lesson_sample("dev")[:2]
    said = {rows[0].id: "I think it is safety.", rows[1].id: "safety"}
    form, unread = Result.from_replies(rows, said, name="a rung").outcomes
    assert coding.of(form, {}).kind == coding.FORMAT and coding.of(unread, {}) is None
    with pytest.raises(CourseError, match="no kind 'bad luck'; use one of format, convention"):
        CodedFailure("T1", "safety", "a code", "bad luck")


def test_a_step_is_taken_back_as_a_whole_and_an_empty_code_is_none(results_dir):
    one, two = (CodedFailure(id, "safety", "a code", "") for id in ("T1", "T2"))
    coding.keep(one)
    merged = [replace(each, code="both", kind=coding.FORMAT) for each in (one, two)]
    coding.keep(*merged)
    coding.keep(replace(one, code=""))
    assert list(coding.own()) == [("T2", "safety")]
    assert coding.take_back() == [replace(one, code="")] and list(coding.own().values()) == merged
    assert coding.take_back() == merged and list(coding.own().values()) == [one]
    assert coding.take_back() == [one] and coding.take_back() == [] and coding.own() == {}


@pytest.mark.slow
def test_what_was_kept_outlives_a_process_that_is_killed(results_dir):
    kept = "coding.CodedFailure('T1', 'safety', 'a code', '')"
    script = f"import os; from course.measuring import coding; coding.keep({kept}); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert coding.own() == {("T1", "safety"): CodedFailure("T1", "safety", "a code", "")}
