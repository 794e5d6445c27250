"""Checks of the exercises of lesson 11."""

from collections.abc import Callable, Sequence

from course.exercises.cases import as_truth, tried
from course.material.data import QUEUES, tickets
from course.measuring.results import Result
from course.tuning.chats import Chats, TrainingChat, routing_chats

# Of so many tickets: right with both, right only with the new one, right only with the old one.
CHOICES = (
    ("24 of 72 only with the new one, 6 only with the old one", 72, 40, 24, 6, True),
    ("7 only with the new one, 4 only with the old one", 72, 50, 7, 4, False),
    ("40 only with the new one, 15 only with the old one", 300, 200, 40, 15, True),
    ("3 only with the new one, 20 only with the old one", 72, 40, 3, 20, False),
    ("no ticket on which they differ", 72, 50, 0, 0, False),
)


def planted() -> tuple[list[TrainingChat], list[TrainingChat], list[int]]:
    """40 training chats, 30 that measure, and the rows of the first that are in the second as well."""
    measured = routing_chats(tickets("test")[:30])
    chats = routing_chats(tickets("train")[:40])
    copies = {
        4: measured[3].text,
        17: measured[11].text.upper(),
        23: f"  {measured[20].text}\n",
        31: measured[7].text.replace(" ", "  "),
    }
    for row, text in copies.items():
        chats[row] = TrainingChat(chats[row].system, text, chats[row].answer)
    return chats, measured, sorted(copies)


def _finds_the_leaks(
    leaked: Callable[[Chats, Chats], Sequence[int]],
) -> str | None:
    chats, measured, right = planted()
    found = leaked(chats, measured)
    if found is None:
        return "it returns None; return the rows of chats, counted from 0."
    found = sorted(set(found))
    if missed := [row for row in right if row not in found]:
        row = missed[0]
        return f"row {row}, {chats[row].text!r}, is a text of the test set as well, and it is not found."
    if more := [row for row in found if row not in right]:
        return f"row {more[0]}, {chats[more[0]].text!r}, is in no other set."
    if leaked(chats[:4], measured):
        return "it finds leaks in rows that have none."
    return None


def results(n: int, both: int, only_new: int, only_old: int) -> tuple[Result, Result]:
    """(new, old): two results that are right on so many of the same tickets."""
    rows = tickets("test")[:n]
    wrong = {queue: QUEUES[place - 1] for place, queue in enumerate(QUEUES)}

    def result(name: str, is_right: Callable[[int], bool]) -> Result:
        pairs = ((row, row.queue if is_right(place) else wrong[row.queue]) for place, row in enumerate(rows))
        return Result.from_replies(rows, {row.id: reply for row, reply in pairs}, name=name)

    new = result("new", lambda place: place < both + only_new)
    old = result("old", lambda place: place < both or both + only_new <= place < both + only_new + only_old)
    return new, old


def _chooses_by_a_test(replaces: Callable[[Result, Result], bool]) -> str | None:
    def answer(case: str, *counts: int) -> bool:
        return replaces(*results(*counts))

    return tried(answer, CHOICES, "{1} tickets, {0}: it gives {given}, not {right}.", as_truth)


CHECKS = {"11.1": _finds_the_leaks, "11.2": _chooses_by_a_test}
