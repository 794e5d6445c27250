"""The review gate: its rules, its widget without a browser, and that no verdict is ever lost."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.data import QUEUES, queue_descriptions
from course.rungs.review import APPROVE, CORRECT, SKIP, UNDO, Decision, VerdictLog
from course.rungs.skills import Example
from tests.kernels import run_at_once
from widgets.lessons.review_model import Review, RoutedTicket
from widgets.lessons.review_view import ReviewGate

ITEMS = (
    RoutedTicket("T1", "The pump is silent.", "device_fault", ("device_setup", "device_fault", "safety")),
    RoutedTicket("T2", "Where is my box?", "order_status"),
    RoutedTicket("T3", "Please delete my data.", "cancellation", ("privacy_request",)),
)


@pytest.fixture
def log(results_dir: Path) -> VerdictLog:
    return VerdictLog()


@pytest.fixture
def gate(log: VerdictLog) -> ReviewGate:
    return ReviewGate(ITEMS, log)


def test_every_other_queue_is_a_choice_and_the_gate_shows_the_near_ones_first(gate):
    assert ITEMS[0].choices[:2] == ("device_setup", "safety")
    assert sorted([*ITEMS[0].choices, "device_fault"]) == list(QUEUES)
    assert (gate.ticket, gate.routed, gate.alternatives) == (ITEMS[0].text, "device_fault", 2)
    assert gate.choices[:2] == ["device_setup", "safety"]
    assert gate.lines == queue_descriptions()


DONE = tuple(Decision(item.id, item.text, item.routed, SKIP, "") for item in ITEMS)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: Review(()), "different ids"),
        (lambda: Review((ITEMS[0], ITEMS[0])), "different ids"),
        (lambda: Review(ITEMS).decide(CORRECT, "device_fault"), "'device_fault' is not a .* of 'devi"),
        (lambda: Review(ITEMS).decide(CORRECT, "complaints"), "'complaints' is not a .* of 'device_f"),
        (lambda: Review(ITEMS).decide(CORRECT, ""), "'' is not a correction of 'device_fault'"),
        (lambda: Review(ITEMS, DONE).decide(APPROVE), "Every ticket has a verdict"),
        (lambda: Review(ITEMS).decide(UNDO), "no verdict to undo"),
        (lambda: Decision("T1", "text", "safety", "maybe", "safety"), "action 'maybe'"),
        (lambda: Decision("T1", "text", "safety", CORRECT, "complaints"), "queue 'complaints'"),
        (lambda: RoutedTicket("T1", "Hello", "complaints"), "Ticket T1: queue 'complaints' is not known"),
        (lambda: RoutedTicket("T1", "Hello", "safety", ("moon",)), "Ticket T1: queue 'moon' is not known"),
    ],
)
def test_what_cannot_be_is_refused_by_name(act, message):
    with pytest.raises(CourseError, match=message):
        act()


@given(actions=st.lists(st.sampled_from([APPROVE, CORRECT, SKIP, UNDO]), max_size=12))
def test_any_sequence_of_actions_leaves_what_a_stack_would(tmp_path_factory, actions):
    log = VerdictLog(tmp_path_factory.mktemp("log") / "verdicts.sqlite")
    stack: list[Decision] = []
    for action in actions:
        review = Review(ITEMS, tuple(log.decisions()))
        assert review.decisions == tuple(stack)
        assert review.current == (ITEMS[len(stack)] if len(stack) < len(ITEMS) else None)
        if not (stack if action == UNDO else review.current):
            with pytest.raises(CourseError):
                review.decide(action, "safety")
            continue
        decision = review.decide(action, "safety")
        log.add(decision)
        stack.pop() if action == UNDO else stack.append(decision)
    assert f"{len(stack)} of 3" in Review(ITEMS, tuple(log.decisions())).in_words()


def test_approved_and_corrected_tickets_become_examples_and_skipped_ones_do_not(gate, log):
    for action, queue in ((APPROVE, ""), (SKIP, ""), (CORRECT, "privacy_request")):
        gate.decide(action, queue)
    kept = [(ITEMS[0], "device_fault"), (ITEMS[2], "privacy_request")]
    assert log.examples() == [Example(item.id, item.text, queue) for item, queue in kept]
    assert gate.ticket == ""
    assert "3 of 3 tickets reviewed: 1 approved, 1 corrected, 1 skipped." in gate.summary


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"action": "approve"}, "Saved: approve device_fault (T1)."),
        ({"action": "correct", "queue": "safety"}, "Saved: correct safety (T1)."),
        ({"action": "correct", "queue": "device_fault"}, "is not a correction"),
        ({"action": "skip"}, "Saved: skip (T1)."),
        ({"action": "undo"}, "no verdict to undo"),
        ({"action": "explode"}, ""),
        ({}, ""),
    ],
)
def test_what_the_browser_sends_is_done_or_refused_in_words(gate, content, said):
    gate._handle_custom_msg(content, [])
    assert said in gate.message
    assert bool(gate.message) == bool(said)


def test_undo_brings_the_ticket_back_and_the_gate_goes_on_where_the_log_ends(gate, log):
    gate.decide(APPROVE)
    gate.decide(UNDO)
    assert gate.ticket == ITEMS[0].text and log.decisions() == []
    gate.decide(APPROVE)
    assert ReviewGate(ITEMS, log).ticket == ITEMS[1].text


def test_a_second_kernel_sees_what_the_first_has_reviewed(gate, log):
    other = ReviewGate(ITEMS, VerdictLog(log.path))
    other.decide(APPROVE)
    gate.decide(APPROVE)
    assert [decision.id for decision in log.decisions()] == ["T1", "T2"]


def review_many(path: Path, letter: str) -> None:
    log = VerdictLog(path)
    for number in range(15):
        log.add(Decision(f"{letter}{number}", "text", "safety", APPROVE, "safety"))


@pytest.mark.slow
def test_two_kernels_that_write_at_once_lose_nothing(log):
    run_at_once(review_many, (log.path, "A"), (log.path, "B"))
    assert len(log.decisions()) == 30


@pytest.mark.slow
def test_a_killed_kernel_loses_nothing_that_it_said_was_saved(log):
    script = (
        "import sys; from pathlib import Path; from course.rungs.review import Decision, VerdictLog\n"
        "log = VerdictLog(Path(sys.argv[1]))\n"
        "for number in range(10_000):\n"
        "    log.add(Decision(f'T{number}', 'text', 'safety', 'approve', 'safety'))\n"
        "    print(number, flush=True)\n"
    )
    run = [sys.executable, "-c", script, str(log.path)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as kernel:
        said = [kernel.stdout.readline() for _ in range(20)]
        kernel.send_signal(signal.SIGKILL)
        said += kernel.stdout.read().split("\n")[:-1]
    saved = {decision.id for decision in log.decisions()}
    assert {f"T{line.strip()}" for line in said} <= saved


def test_on_a_full_disk_the_gate_says_so_and_keeps_the_ticket(gate, log, monkeypatch):
    gate.decide(APPROVE)

    class Full(sqlite3.Connection):
        def execute(self, statement, *values):
            if statement.startswith("INSERT"):
                super().execute("PRAGMA max_page_count = 1")  # SQLite's own error for a disk without room
                statement, values = "INSERT INTO verdicts (text) VALUES (zeroblob(100000))", ()
            return super().execute(statement, *values)

    whole = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: whole(*args, **options, factory=Full))
    gate.decide(APPROVE)
    monkeypatch.undo()
    assert "cannot be saved: the disk" in gate.message
    assert gate.ticket == ITEMS[1].text
    assert [decision.id for decision in VerdictLog(log.path).decisions()] == ["T1"]
    gate.decide(APPROVE)
    assert len(log.decisions()) == 2


def test_a_damaged_file_is_named_and_not_touched(log):
    log.path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(CourseError, match=r"verdicts.sqlite cannot be used .*Move the file away"):
        ReviewGate(ITEMS, log)
    assert log.path.read_bytes().startswith(b"this is not a database")


def test_a_file_that_another_kernel_holds_is_waited_for_or_named(log, monkeypatch):
    monkeypatch.setattr("course.files.BUSY_SECONDS", 0.1)
    log.add(Review(ITEMS).decide(APPROVE))
    other = sqlite3.connect(log.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CourseError, match="in use by another kernel"):
        log.add(Review(ITEMS).decide(SKIP))
    other.execute("COMMIT")
    other.close()
    assert len(log.decisions()) == 1
