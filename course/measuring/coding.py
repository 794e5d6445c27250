"""Failures read by somebody: for each a code in the reader's own words, and the kind of failure that it is.

No rule finds the kind. Our reading of one rung travels in data/measured/; the reader's own goes before it.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass
from typing import Any

from course.errors import one_of
from course.files import database, read_csv
from course.measuring.provenance import FOLDER
from course.measuring.results import Outcome, plain_text
from course.paths import results_dir

FORMAT, CONVENTION, KNOWLEDGE, CAPABILITY = "format", "convention", "knowledge", "capability"
KINDS_OF_FAILURE = {
    FORMAT: "the reply is not the name of a queue",
    CONVENTION: "a rule of the company decides this ticket, and the reply breaks it",
    KNOWLEDGE: "one has to know something that neither the ticket nor the prompt says",
    CAPABILITY: "the prompt and common sense are enough, and the model still reads it wrongly",
}
REMEDIES = {
    FORMAT: "fix the shape with a schema (step 4)",
    CONVENTION: "write the rule where the model reads it (step 1, lesson 07), or show examples (step 2)",
    KNOWLEDGE: "put the text that has it in front of the model (step 5)",
    CAPABILITY: "a stronger model (step 3), or, with enough labels, training (step 9)",
}
FILE = FOLDER / "failure_codes.csv"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS codes (id TEXT, reply TEXT, code TEXT, kind TEXT, PRIMARY KEY (id, reply))"
)


@dataclass(frozen=True)
class CodedFailure:
    """What somebody says of one wrong reply. CourseError for an unknown kind."""

    id: str
    reply: str
    code: str
    kind: str

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS_OF_FAILURE)


Readings = Mapping[tuple[str, str], CodedFailure]


def ours() -> Readings:
    """Our reading of what the maximal prompt of lesson 01 gets wrong on dev, by id and reply."""
    return _by_reply(read_csv(FILE, CodedFailure, unique=None))


def own() -> Readings:
    """What the reader has kept, by id and reply."""
    with _opened() as connection:
        rows = connection.execute("SELECT id, reply, code, kind FROM codes ORDER BY rowid").fetchall()
    return _by_reply(CodedFailure(*row) for row in rows)


def readings() -> Readings:
    """Ours, and in its place the reader's own where there is one."""
    return {**ours(), **own()}


def counts() -> dict[str, int]:
    """How many of the replies that were read are of each kind, all four of them."""
    counted = Counter(each.kind for each in readings().values())
    return {kind: counted[kind] for kind in KINDS_OF_FAILURE}


def keep(reading: CodedFailure) -> None:
    """Keep the reader's reading of a reply. It is on disk when this returns; a later one takes its place."""
    with _opened() as connection:
        connection.execute("INSERT OR REPLACE INTO codes VALUES (?, ?, ?, ?)", astuple(reading))


def of(outcome: Outcome, known: Readings) -> CodedFailure | None:
    """The reading of a wrong reply. One in no valid form is of the kind FORMAT, whoever reads it."""
    if not outcome.valid:
        return CodedFailure(outcome.id, plain_text(outcome.reply), "not the name of a queue", FORMAT)
    return known.get((outcome.id, plain_text(outcome.reply)))


def _by_reply(found: Any) -> dict[tuple[str, str], CodedFailure]:
    return {(each.id, each.reply): each for each in found}


def _opened() -> AbstractContextManager[sqlite3.Connection]:
    return database(results_dir() / "failure_codes.sqlite", _SCHEMA, holds="Your codes")
