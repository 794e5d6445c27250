"""Inputs that nobody trained for: tickets about new products, and tickets in another language."""

from dataclasses import dataclass, replace

from course.files import read_csv
from course.material import data
from course.material.data import Queue, Text, Ticket
from course.measuring.results import Result
from course.paths import DATA

NEW_PRODUCTS, GERMAN, ENGLISH = "new products", "German", "English"


@dataclass(frozen=True)
class ShiftedTicket:
    """A ticket of a `shift`; `of` is the id of the test ticket that it translates."""

    id: str
    text: Text
    queue: Queue
    shift: str
    of: str | None = None


def tickets(shift: str) -> list[Ticket]:
    """The tickets of a shift. ENGLISH are the originals of the GERMAN ones, in the same order."""
    test = {ticket.id: ticket for ticket in data.tickets("test")}
    found = read_csv(DATA / "tickets" / "shifted.csv", ShiftedTicket)
    if shift == ENGLISH:
        return [test[each.of] for each in found if each.of]
    return [Ticket(each.id, each.text, each.queue, "typical", None) for each in found if each.shift == shift]


def as_original(result: Result) -> Result:
    """A result on the GERMAN tickets under the ids of their originals, to be compared by pairs."""
    pairs = zip(result.outcomes, tickets(ENGLISH), strict=True)
    return replace(
        result,
        outcomes=tuple(replace(outcome, id=original.id, text=original.text) for outcome, original in pairs),
    )
