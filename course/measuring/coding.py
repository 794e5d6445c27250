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
# Rows are added, and taken away only by `take_back`; `step` numbers what was kept together.
_SCHEMA = (
    "PRAGMA synchronous = FULL",
    "CREATE TABLE IF NOT EXISTS readings "
    "(number INTEGER PRIMARY KEY, step INTEGER, id TEXT, reply TEXT, code TEXT, kind TEXT)",
)


@dataclass(frozen=True)
class CodedFailure:
    """What somebody says of one wrong reply; `kind` is "" until it is judged. CourseError for an odd kind."""

    id: str
    reply: str
    code: str
    kind: str

    def __post_init__(self) -> None:
        if self.kind:
            one_of("kind", self.kind, KINDS_OF_FAILURE)


Readings = Mapping[tuple[str, str], CodedFailure]


def ours() -> Readings:
    """Our reading of what the maximal prompt of lesson 01 gets wrong on dev, by id and reply."""
    return _by_reply(read_csv(FILE, CodedFailure, unique=None))


def own() -> Readings:
    """What holds of what the reader has kept, by id and reply."""
    with _opened() as connection:
        rows = connection.execute("SELECT id, reply, code, kind FROM readings ORDER BY number").fetchall()
    kept = _by_reply(CodedFailure(*row) for row in rows)
    return {key: reading for key, reading in kept.items() if reading.code}


def readings() -> Readings:
    """Ours, and in its place the reader's own where its kind is judged."""
    return {**ours(), **{key: reading for key, reading in own().items() if reading.kind}}


def counts() -> dict[str, int]:
    """How many of `readings` are of each kind, all four of them."""
    counted = Counter(each.kind for each in readings().values())
    return {kind: counted[kind] for kind in KINDS_OF_FAILURE}


def keep(*step: CodedFailure) -> None:
    """Keep the reader's readings as one step; they are on disk when this returns.

    A later reading of a reply takes an earlier one's place. One with the code "" says that it has none.
    """
    with _opened() as connection:
        connection.execute("BEGIN IMMEDIATE")
        (number,) = connection.execute("SELECT coalesce(max(step), 0) + 1 FROM readings").fetchone()
        rows = [(number, *astuple(reading)) for reading in step]
        connection.executemany(
            "INSERT INTO readings (step, id, reply, code, kind) VALUES (?, ?, ?, ?, ?)", rows
        )


def take_back() -> list[CodedFailure]:
    """Undo the last step, in whichever kernel it was made, and return it; empty where there is none."""
    last = "FROM readings WHERE step = (SELECT max(step) FROM readings)"
    with _opened() as connection:
        connection.execute("BEGIN IMMEDIATE")
        rows = connection.execute(f"SELECT id, reply, code, kind {last} ORDER BY number").fetchall()
        connection.execute(f"DELETE {last}")
    return [CodedFailure(*row) for row in rows]


def of(outcome: Outcome, known: Readings) -> CodedFailure | None:
    """The reading of a wrong reply. One in no valid form is of the kind FORMAT, whoever reads it."""
    if not outcome.valid:
        return CodedFailure(outcome.id, plain_text(outcome.reply), "not the name of a queue", FORMAT)
    return known.get((outcome.id, plain_text(outcome.reply)))


def _by_reply(found: Any) -> dict[tuple[str, str], CodedFailure]:
    return {(each.id, each.reply): each for each in found}


def _opened() -> AbstractContextManager[sqlite3.Connection]:
    return database(results_dir() / "failure_codes.sqlite", *_SCHEMA, holds="Your codes")
