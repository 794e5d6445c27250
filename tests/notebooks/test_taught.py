"""What lessons 00 and 01 teach, with margins, from the answers that the course carries: no model is asked."""

from functools import cache, partial

import pytest

from course.engine.client import CourseClient, connect
from course.material import data
from course.measuring.climb import HELPED, verdict
from course.measuring.evaluate import Result, compare, evaluate
from course.rungs import summaries
from course.rungs.routing import described, one_per_queue, queue_named, route, system_prompt, whole_policy

MESSAGES = data.lesson_sample("dev")[::3]


@pytest.fixture(autouse=True)
def _apart(results_dir, monkeypatch):
    monkeypatch.setenv("COURSE_MODE", "local")


def routed(system: str, examples=(), rows=None) -> Result:
    client, model = _connected("large")
    return evaluate(
        data.lesson_sample("dev") if rows is None else rows,
        lambda ticket: route(client, model, ticket, examples, system=system),
        name=system[:30],
        client=client,
    )


def summarized(template: str, rows=MESSAGES) -> Result:
    client, model = _connected("small")
    predict = partial(_line, client, model, template)
    return evaluate(rows, predict, name=template[:30], check=summaries.check, client=client)


def _line(client: CourseClient, model: str, template: str, row: data.Ticket) -> str:
    return summaries.summarize(client, model, template, row.text)


@cache
def _connected(size: str) -> tuple[CourseClient, str]:
    return connect(size)


def test_the_names_of_the_queues_beat_the_floor_and_are_far_from_enough():
    names = routed(system_prompt())
    assert 3 / len(data.QUEUES) < names.accuracy < 0.5
    on_test = routed(system_prompt(), rows=data.lesson_sample("test"))
    assert on_test.badge.startswith("recorded: ") and 3 / len(data.QUEUES) < on_test.accuracy < 0.6


def test_who_reads_the_reply_and_in_which_form_helps_and_so_does_the_maximal_prompt():
    names, edge_cases = routed(system_prompt()), routed(described("route_edge_cases"))
    told = routed(described("route_instructions"))
    maximal = routed(described("route_instructions"), one_per_queue(data.tickets("train")))
    assert verdict(compare(told, edge_cases)) == HELPED
    assert verdict(compare(maximal, names)) == HELPED and maximal.accuracy > names.accuracy + 0.2
    assert maximal.valid > 0.95


def test_the_policy_fails_in_its_form_and_hardly_in_its_answers():
    policy = routed(whole_policy())
    assert policy.valid < 0.1
    right = sum(queue_named(outcome.reply) == outcome.expected for outcome in policy.outcomes)
    assert right / policy.n > 0.4
    assert sum("`" in outcome.reply for outcome in policy.outcomes) / policy.n > 0.8


def test_a_specific_prompt_passes_far_more_often_than_a_vague_one_and_it_is_the_examples():
    vague, two_parts, three_parts = (summarized(summaries.version(number)) for number in (0, 2, 3))
    specific = summarized(summaries.version(4))
    assert specific.accuracy > vague.accuracy + 0.3 and verdict(compare(specific, vague)) == HELPED
    assert compare(three_parts, two_parts).p_value < 0.01


def test_a_part_that_cannot_be_told_from_luck_is_paid_for():
    before, after = (summarized(summaries.version(number)) for number in (4, 6))
    assert verdict(compare(after, before)) != HELPED
    assert after.input_tokens > before.input_tokens + 50


def test_how_to_begin_does_more_than_how_long_to_be():
    constraints, form = (summarized(summaries.assemble([part])) for part in ("constraints", "format"))
    assert constraints.accuracy > form.accuracy + 0.1
