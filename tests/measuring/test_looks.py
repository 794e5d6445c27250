"""Every look at the test tickets is counted, once, and said on the board."""

import pytest

from course.material.data import QUEUES, questions, tickets
from course.measuring import board
from course.measuring.answers import judge
from course.measuring.evaluate import evaluate
from course.measuring.looks import in_words, looks

TEST, DEV = tickets("test")[:6], tickets("dev")[:6]


def test_a_look_is_counted_by_itself_and_a_rerun_is_the_same_look(results_dir):
    assert looks() == [] and "Nobody has looked" in in_words()
    for _ in range(2):
        evaluate(TEST, lambda ticket: QUEUES[0], name="floor")
    assert looks() == ["floor"]
    assert in_words() == "The test tickets were looked at once, for 1 rung."


def test_another_prompt_under_the_same_name_is_another_look(results_dir):
    for queue in QUEUES[:3]:
        evaluate(TEST, lambda ticket, queue=queue: queue, name="mine")
    evaluate(TEST, lambda ticket: ticket.queue, name="cheat")
    assert looks() == ["mine"] * 3 + ["cheat"]
    assert in_words() == "The test tickets were looked at 4 times, for 2 rungs."


@pytest.mark.parametrize(("rows", "counted"), [(DEV, 0), (DEV + TEST[:1], 1)])
def test_only_test_tickets_make_a_look(results_dir, rows, counted):
    evaluate(rows, lambda ticket: QUEUES[0], name="floor")
    assert len(looks()) == counted


def test_the_board_says_it_in_words_and_in_its_title(results_dir):
    board.add(evaluate(TEST, lambda ticket: QUEUES[0], name="floor"), lesson="00")
    assert board.text().endswith(in_words()) and "looked at once" in board.text()
    assert board.show().layout.title.subtitle.text == in_words()


def test_where_no_ticket_is_shown_the_board_does_not_speak_of_them(results_dir):
    question = questions()[0]
    board.add(evaluate([question], lambda row: "", name="closed book", check=judge), lesson="05")
    assert "test tickets" not in board.text("05") and board.text("05").startswith("05  closed book")
    assert board.show("05").layout.title.subtitle.text == ""
