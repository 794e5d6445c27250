"""The workbench without a browser: buttons, versions, and what it says of a result."""

import pytest

from course.errors import CourseError
from course.material.data import QUEUES, lesson_sample
from course.measuring.results import Result
from course.rungs.workbench import Draft, Version
from tests.rungs.answering import answering
from widgets.lessons import workbench_view
from widgets.lessons.workbench_model import change, figures, looks, mistakes, worst_pairs
from widgets.lessons.workbench_view import Workbench

ROWS = lesson_sample("dev")
RIGHT = {row.id: row.queue for row in ROWS}
WRONG = RIGHT | {row.id: QUEUES[0] for row in ROWS[:30]}


def version(number: int, replies: dict[str, str]) -> Version:
    return Version(number, Draft(), dev=Result.from_replies(ROWS, replies, name=f"version {number}"))


@pytest.fixture
def asked(results_dir, monkeypatch) -> list[dict]:
    client, requests = answering("safety")
    monkeypatch.setattr(workbench_view, "connect", lambda size: (client, f"the {size} model"))
    return requests


def test_a_run_is_a_version_with_its_figures_and_mistakes(asked):
    bench = Workbench()
    bench.size.value = "small"
    bench.actions.press("Run on dev")
    bench.wait()
    assert len(asked) == len(ROWS) and {request["model"] for request in asked} == {"the small model"}
    right = sum(row.queue == "safety" for row in ROWS)
    assert f"{100 * right / len(ROWS):.1f}% of the {len(ROWS)} dev tickets are right" in bench.words.value
    assert "safety" in bench.mistakes.value and bench.version.value == 1
    assert "version 1" in bench.chart.summary


def test_it_opens_with_its_draft_and_moving_a_control_keeps_the_others(asked, results_dir):
    draft = Draft(examples="retrieved", schema=True)
    assert Workbench(draft).draft == draft and Workbench().draft == Draft()
    bench = Workbench(Draft(examples="retrieved"))
    before = bench._controls.children
    bench.count.value = 7
    assert bench._controls.children == before and bench.draft.count == 7


def test_the_controls_that_matter_are_shown_with_what_a_run_asks(asked):
    bench = Workbench()
    assert bench.count not in bench._controls.children and bench.version not in bench._controls.children
    bench.examples.value, bench.size.value = "fixed", "small"
    assert bench.count in bench._controls.children
    assert "A run asks: small, 5 fixed examples, free reply." in bench.asks.value
    bench.prompt.value = ""  # what cannot be asked can still be set
    bench.schema.value = True
    assert "5 fixed examples, schema." in bench.asks.value
    bench.prompt.value = "Route it."
    bench.actions.press("Run on dev")
    bench.wait()
    assert bench.version in bench._controls.children


def test_choosing_a_version_goes_back_to_its_draft(asked):
    bench = Workbench()
    bench.actions.press("Run on dev")
    bench.wait()
    first = bench.draft
    bench.prompt.value, bench.examples.value, bench.schema.value = "Route it.", "fixed", False
    bench.actions.press("Run on dev")
    bench.wait()
    assert "Against version 1: 0 tickets turned right and 0 wrong" in bench.words.value
    bench.version.value = 1
    assert bench.draft == first
    assert Workbench().version.options[1].startswith("1: large")


def test_comes_after_dev_and_what_cannot_run_says_why(asked):
    bench = Workbench()
    bench.prompt.value = "  "
    assert "prompt is empty" in bench.actions.press("Run on dev")["say"]
    assert "Nothing is running" in bench.actions.press("Stop")["say"]
    assert not asked
    bench = Workbench()
    assert "Run this version on dev first" in bench.actions.press("Look at test")["say"]
    bench.actions.press("Run on dev")
    bench.wait()
    assert "No version was measured on test yet" in bench.words.value
    bench.actions.press("Look at test")
    bench.wait()
    assert len(asked) == len(ROWS) + len(lesson_sample("test"))
    assert "On test:" in bench.words.value and "One version was measured on test" in bench.words.value


def test_an_error_of_the_run_stands_in_the_status(results_dir, monkeypatch):
    def refuse(size):
        raise CourseError("The large model is not here: run a command.")

    monkeypatch.setattr(workbench_view, "connect", refuse)
    bench = Workbench()
    bench.actions.press("Run on dev")
    bench.wait()
    assert "The large model is not here" in bench.status.value


def test_a_change_is_better_worse_or_undecided():
    turned = sum(RIGHT[row.id] != WRONG[row.id] for row in ROWS)
    assert f"{turned} tickets turned right and 0 wrong" in change(version(2, RIGHT), version(1, WRONG))
    assert change(version(2, RIGHT), version(1, WRONG)).endswith("it is better.")
    assert change(version(2, WRONG), version(1, RIGHT)).endswith("it is worse.")
    nearly = RIGHT | {ROWS[0].id: QUEUES[0]}
    assert "undecided" in change(version(2, nearly), version(1, RIGHT))
    assert change(version(2, RIGHT), Version(1, Draft())) == ""


def test_figures_and_mistakes_are_those_of_the_result_and_text():
    result = version(1, WRONG).dev
    assert figures(result, "dev").startswith(f"{100 * result.accuracy:.1f}% of the {len(ROWS)} dev tickets")
    pairs = worst_pairs(result)
    assert sum(count for _, _, count in pairs) <= result.n - result.right
    assert [count for *_, count in pairs] == sorted((count for *_, count in pairs), reverse=True)
    assert all(said == QUEUES[0] != expected for expected, said, _ in pairs)
    odd = RIGHT | {ROWS[0].id: "<script>alert(1)</script>"}
    assert "<script>" not in mistakes(version(1, odd).dev)


@pytest.mark.parametrize(
    ("count", "said"), [(0, "No version"), (1, "can be quoted"), (3, "best of 3 looks better")]
)
def test_the_looks_at_test_are_said(count, said):
    assert said in looks(count)
