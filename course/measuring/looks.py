"""How often the test tickets were looked at. `evaluate` counts by itself, so no look is forgotten.

A look is a set of replies that nobody had seen judged on test before: running a cell again is the same look.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache

from course.files import database
from course.material.data import tickets
from course.measuring.results import Outcome, plain_text
from course.paths import results_dir

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS looks (replies TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL)"
)


def keep(name: str, outcomes: Sequence[Outcome], created: str) -> None:
    """Count a look, if any of the rows is a test ticket and these replies are new."""
    seen = {row.id: plain_text(row.reply) for row in outcomes if (row.id, row.text) in _test()}
    if seen:
        replies = hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
        with _opened() as connection:
            connection.execute("INSERT OR IGNORE INTO looks VALUES (?, ?, ?)", (replies, name, created))


def looks() -> list[str]:
    """The name of what was measured at each look, the first look first."""
    with _opened() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM looks ORDER BY rowid")]


def in_words() -> str:
    """How often test was looked at, and by how many rungs, in one sentence."""
    names = looks()
    if not names:
        return "Nobody has looked at the test tickets yet."
    times = "once" if len(names) == 1 else f"{len(names)} times"
    rungs = len(set(names))
    return f"The test tickets were looked at {times}, for {rungs} rung{'s' if rungs > 1 else ''}."


@cache
def _test() -> frozenset[tuple[str, str]]:
    return frozenset((ticket.id, ticket.text) for ticket in tickets("test"))


def _opened() -> AbstractContextManager[sqlite3.Connection]:
    return database(results_dir() / "looks.sqlite", _SCHEMA, holds="The looks at the test tickets")
