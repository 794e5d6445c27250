"""Inputs that nobody trained for: tickets about new products, and tickets in another language.

`python -m course.measure shift` asks the adapter of lesson 11; the head is trained and asked in the notebook.
"""

from dataclasses import asdict, dataclass, replace
from functools import partial

from course.engine.client import CourseClient
from course.files import read_csv
from course.material import data
from course.material.data import Queue, Text, Ticket
from course.measuring.evaluate import evaluate
from course.measuring.provenance import FOLDER, Provenance, read_rows
from course.measuring.results import Result
from course.paths import DATA
from course.tuning import aftermath, experiments

FILE = FOLDER / "shift.csv"
COMMAND = "python -m course.measure shift"
NEW_PRODUCTS, GERMAN, ENGLISH = "new products", "German", "English"


@dataclass(frozen=True)
class ShiftedTicket:
    """A ticket of a `shift`; `of` is the id of the test ticket that it translates."""

    id: str
    text: Text
    queue: Queue
    shift: str
    of: str | None = None


@dataclass(frozen=True, kw_only=True)
class ShiftReply(Provenance):
    """What the adapter replied to a ticket."""

    id: str
    reply: str


def tickets(shift: str) -> list[Ticket]:
    """The tickets of a shift. ENGLISH are the originals of the GERMAN ones, in the same order."""
    test = {ticket.id: ticket for ticket in data.tickets("test")}
    found = read_csv(DATA / "tickets" / "shifted.csv", ShiftedTicket)
    if shift == ENGLISH:
        return [test[each.of] for each in found if each.of]
    return [Ticket(each.id, each.text, each.queue, "typical", None) for each in found if each.shift == shift]


def sweep(client: CourseClient, base: str) -> list[ShiftReply]:
    """Ask the adapter about every ticket."""
    rows = [ticket for shift in (ENGLISH, GERMAN, NEW_PRODUCTS) for ticket in tickets(shift)]
    with aftermath.served(aftermath.routing_adapter()) as tuned:
        result = evaluate(rows, partial(experiments.route, client, tuned), name="adapter", client=client)
    print(result, flush=True)
    how = asdict(Provenance.now(COMMAND))
    return [ShiftReply(**how, id=each.id, reply=each.reply) for each in result.outcomes]


def read() -> list[ShiftReply]:
    """The replies as they were given. CourseError names what is wrong, or the command that makes them."""
    return read_rows(ShiftReply, FILE, COMMAND)


def recorded(shift: str) -> Result:
    """What the adapter reached on the tickets of a shift when it was measured."""
    replies = {reply.id: reply for reply in read()}
    said = {id: reply.reply for id, reply in replies.items()}
    badge = str(next(iter(replies.values())))
    return Result.from_replies(tickets(shift), said, name=f"adapter, {shift}", badge=badge)


def as_original(result: Result) -> Result:
    """A result on the GERMAN tickets under the ids of their originals, to be compared by pairs."""
    pairs = zip(result.outcomes, tickets(ENGLISH), strict=True)
    return replace(
        result,
        outcomes=tuple(replace(outcome, id=original.id, text=original.text) for outcome, original in pairs),
    )
