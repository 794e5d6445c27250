"""The reader's versions: what a draft asks, what is kept, and the one look at test."""

from dataclasses import replace

import pytest

from course.errors import CourseError
from course.material.data import QUEUES, queue_descriptions, tickets
from course.rungs import workbench
from course.rungs.workbench import Draft, looks_at_test, measure, versions
from tests.rungs.answering import answering

ROWS = tickets("dev")[:6]


def test_a_prompt_names_queues_and_descriptions_where_it_asks_for_them():
    system = Draft("One of {queues}.\n{descriptions}\nNo {braces} else.").system
    assert all(f"- {name}: {what}" in system for name, what in queue_descriptions().items())
    assert ", ".join(QUEUES) in system and "{braces}" in system


@pytest.mark.parametrize(
    ("examples", "count", "turns"), [("none", 5, 1), ("fixed", 3, 7), ("retrieved", 4, 9)]
)
def test_a_draft_shows_its_examples(results_dir, examples, count, turns):
    client, asked = answering("safety")
    measure(Draft(examples=examples, count=count), client, "a model", rows=ROWS)
    assert {len(request["messages"]) for request in asked} == {turns}


def test_a_version_is_kept_with_its_result_and_asked_once(results_dir):
    client, asked = answering("safety")
    version = measure(Draft(), client, "a model", rows=ROWS)
    assert (version.number, version.dev.n, version.test) == (1, len(ROWS), None)
    again = measure(Draft(), client, "a model", rows=ROWS)
    assert len(asked) == len(ROWS)
    assert again.dev.outcomes == version.dev.outcomes
    second = measure(Draft("Another prompt."), client, "a model", rows=ROWS)
    assert [kept.draft for kept in versions()] == [Draft(), second.draft]


def test_each_look_at_test_is_counted_and_none_is_repeated(results_dir):
    client, asked = answering("safety")
    for draft in (Draft(), Draft("Another prompt."), Draft()):
        measure(draft, client, "a model", "test", rows=ROWS)
    assert looks_at_test(versions()) == 2 and len(asked) == 2 * len(ROWS)


def test_a_stopped_run_keeps_the_version_without_a_result(results_dir):
    def stop(count):
        raise CourseError("Stopped.")

    client, _ = answering("safety")
    with pytest.raises(CourseError, match="Stopped"):
        measure(Draft(), client, "a model", rows=ROWS, on_progress=stop)
    assert versions()[0].dev is None
    assert measure(Draft(), client, "a model", rows=ROWS).dev is not None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": " \n"}, "prompt is empty"),
        ({"prompt": "x" * 20_001}, "20,001 characters"),
        ({"size": "huge"}, "no size 'huge'"),
        ({"examples": "best"}, "'best'; use one of none, fixed, retrieved"),
        ({"count": 0}, "0 examples cannot be shown"),
        ({"count": 19}, "choose 1 to 18"),
    ],
)
def test_a_draft_that_nobody_can_ask_is_refused(changes, said):
    with pytest.raises(CourseError, match=said):
        replace(Draft(), **changes)


def test_a_damaged_file_is_named_and_left_alone(results_dir):
    path = workbench.results_dir() / "workbench.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(CourseError, match=r"Your versions of the workbench in .* cannot be used"):
        workbench.versions()
    assert path.read_bytes().startswith(b"not a database")
