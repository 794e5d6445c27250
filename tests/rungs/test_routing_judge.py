"""A judge of routed tickets: what it is shown, and its errors counted against exact scoring."""

import json

import pytest

from course.material.data import QUEUES, tickets
from course.rungs.routing_judge import VERDICTS, against_exact, fits
from tests.rungs.answering import answering


def test_its_errors_are_counted_apart():
    judged = against_exact([True, True, True, False, False], [True, True, False, True, False])
    assert (judged.right_passed, judged.right_stopped) == (2, 1)
    assert (judged.wrong_passed, judged.wrong_stopped) == (1, 1)
    assert (judged.n, judged.agrees) == (5, 3)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_it_sees_the_ticket_the_queue_and_all_descriptions_and_never_the_label(verdict):
    client, requests = answering(json.dumps({"verdict": verdict}))
    ticket = tickets("dev")[0]
    assert fits(client, "a model", ticket, "safety") == (verdict == VERDICTS[0])
    (asked,) = requests
    assert asked["messages"][0]["content"] == f"Ticket: {ticket.text}\n\nQueue: safety"
    assert all(f"- {queue}: " in asked["system"] for queue in QUEUES)
