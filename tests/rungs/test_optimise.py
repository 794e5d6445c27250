"""GEPA's loop on a model that follows one advice: found, chosen on dev, and ended by the budget."""

from types import SimpleNamespace

import pytest

from course.material.data import lesson_sample, tickets
from course.rungs import optimise
from course.rungs.optimise import NO_ADVICE, SHOWN, feedback, with_advice
from course.rungs.optimise import optimise as search

TRAIN, DEV = tickets("train")[:20], lesson_sample("dev")[:12]
GOOD = "Read what the customer wants."


class Writer:
    """A client whose model answers every request with the next of these texts, and counts as a meter does."""

    def __init__(self, *texts: str) -> None:
        self.meter = SimpleNamespace(requests=0)
        self.messages = SimpleNamespace(create=self._create)
        self.read: list[str] = []
        self._texts = iter(texts)

    def _create(self, *, messages: list, **_: object) -> SimpleNamespace:
        self.meter.requests += 1
        self.read.append(messages[0]["content"])
        text = next(self._texts, "```\nGuess.\n```")
        return SimpleNamespace(content=[SimpleNamespace(type="text", text=text)], stop_reason="end_turn")


def found(budget: int, *texts: str) -> tuple[optimise.Optimised, Writer]:
    client = Writer(*texts)

    def ask(advice: str, ticket) -> str:
        client.meter.requests += 1
        return ticket.queue if advice == GOOD else "safety"

    return search(client, "a model", ask, TRAIN, DEV, budget), client


def test_an_advice_that_helps_is_kept_and_one_that_does_not_is_dropped():
    result, client = found(60, "```\nGuess.\n```", f"```\n{GOOD}\n```")
    floor = sum(ticket.queue == "safety" for ticket in DEV)
    assert [(each.advice, each.right) for each in result.versions] == [(NO_ADVICE, floor), (GOOD, len(DEV))]
    assert result.best.advice == GOOD
    assert NO_ADVICE in client.read[0] and client.read[0].count("## Feedback") == SHOWN
    assert "Wrong. The right queue is" in client.read[0]


@pytest.mark.parametrize("budget", [20, 60])
def test_the_budget_of_requests_ends_the_search(budget):
    result, client = found(budget)
    assert budget <= result.requests == client.meter.requests < budget + len(DEV) + 2 * SHOWN + 1
    assert result.best.advice == NO_ADVICE


def test_advice_goes_below_the_prompt_and_feedback_names_the_right_queue():
    assert with_advice("Route it.", NO_ADVICE) == "Route it."
    assert with_advice("Route it.", GOOD) == f"Route it.\n\n{GOOD}"
    ticket = TRAIN[0]
    assert feedback(ticket, ticket.queue) == "Right."
    wrong = feedback(ticket, "press")
    assert wrong.startswith(f"Wrong. The right queue is {ticket.queue}: ") and len(wrong) > 60
