"""A judge for routed tickets: a model that says whether a queue fits, without knowing the right one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from course.engine.client import CourseClient
from course.material.data import queue_descriptions
from course.rungs.routing import HasText, one_of, reply

VERDICTS = ("fits", "does not fit")
SYSTEM = (
    "A support ticket was put into a queue. Say whether it fits there, or whether another queue fits "
    "better.\n\n"
)


@dataclass(frozen=True)
class Judged:
    """How often a judge passed and stopped what is right and what is wrong by exact scoring."""

    right_passed: int
    right_stopped: int
    wrong_passed: int
    wrong_stopped: int

    @property
    def n(self) -> int:
        """Number of replies judged."""
        return self.right_passed + self.right_stopped + self.wrong_passed + self.wrong_stopped

    @property
    def agrees(self) -> int:
        """How often judge and exact scoring say the same."""
        return self.right_passed + self.wrong_stopped


def fits(client: CourseClient, model: str, ticket: HasText, queue: str) -> bool:
    """Whether the model says that the queue fits the ticket. It sees what belongs in each queue.

    A judge that refuses, or whose verdict is cut off, has passed nothing.
    """
    queues = "\n".join(f"- {name}: {about}" for name, about in queue_descriptions().items())
    request = {
        "model": model,
        "max_tokens": 20,
        "system": SYSTEM + queues,
        "messages": [{"role": "user", "content": f"Ticket: {ticket.text}\n\nQueue: {queue}"}],
    }
    try:
        return reply(client, request, one_of("verdict", VERDICTS), "verdict") == VERDICTS[0]
    except json.JSONDecodeError:
        return False


def against_exact(correct: Sequence[bool], passed: Sequence[bool]) -> Judged:
    """What a judge passed, beside what exact scoring says, reply by reply."""
    pairs = list(zip(correct, passed, strict=True))
    return Judged(
        *(pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False)))
    )
