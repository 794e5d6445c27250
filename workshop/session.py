"""What a session leaves behind: the polls with their votes, and how the room's chart changed.

All of it is in the room's session.sqlite, committed before an answer: a killed server loses nothing.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from course.files import checked, database, read_only_database, read_toml
from course.material.lessons import lesson
from course.measuring.results import now

POLLS = Path(__file__).parent / "polls.toml"
OPEN, CLOSED, AWAY = "open", "closed", "away"
_SCHEMA = (
    "create table if not exists polls (poll text primary key, state text not null, changed text not null)",
    "create table if not exists votes "
    "(poll text, voter text, option integer not null, primary key (poll, voter))",
    "create table if not exists history (at text not null, room text not null)",
)


class Refused(HTTPError):
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, sentence: str):
        super().__init__(status)
        self.sentence = sentence


@dataclass(frozen=True)
class Poll:
    """A question before a result, which the lesson shows in the cells under `heading`."""

    id: str
    lesson: str
    heading: str
    question: str
    options: tuple[str, ...]


@cache
def polls() -> dict[str, Poll]:
    """The polls of polls.toml by id, in their order."""
    entries = read_toml(POLLS)["poll"]
    found = [checked(Poll, entry, f"polls.toml, poll {n}") for n, entry in enumerate(entries, start=1)]
    for poll in found:
        lesson(poll.lesson)
    return {poll.id: poll for poll in found}


class Session:
    """The file of one room."""

    def __init__(self, room: Path) -> None:
        self._path = room / "session.sqlite"

    def states(self) -> dict[str, str]:
        """Poll -> open, closed or away, of those that were ever opened."""
        with self._file() as file:
            return dict(file.execute("select poll, state from polls order by changed"))

    def set_state(self, poll: Any, state: Any) -> None:
        """Open, close or put away a poll. One poll at a time is open; opening it puts a closed one away."""
        _known(poll)
        if state not in (OPEN, CLOSED, AWAY):
            raise Refused(400, f"{state!r} is not a state of a poll; send {OPEN}, {CLOSED} or {AWAY}.")
        with self._file() as file:
            file.execute("begin immediate")
            shown = dict(file.execute("select poll, state from polls where state != ?", (AWAY,)))
            if state == OPEN and any(
                shown[other] == OPEN for other in shown if other != poll and other in polls()
            ):
                raise Refused(409, "Another poll is open; close it first.")
            if state == CLOSED and shown.get(poll) != OPEN:
                raise Refused(409, "This poll is not open, so it cannot be closed.")
            if state != AWAY:
                file.execute("update polls set state = ?", (AWAY,))
            file.execute("insert or replace into polls values (?, ?, ?)", (poll, state, now()))

    def vote(self, poll: Any, voter: str, option: Any) -> None:
        """Count the option (its place, from 0) as this voter's only vote; an earlier one is replaced."""
        options = _known(poll).options
        if not isinstance(option, int) or isinstance(option, bool) or option not in range(len(options)):
            raise Refused(
                400, f"{str(option)[:40]!r} is not an option; send a number from 0 to {len(options) - 1}."
            )
        with self._file() as file:
            file.execute("begin immediate")
            state = file.execute("select state from polls where poll = ?", (poll,)).fetchone()
            if state != (OPEN,):
                raise Refused(409, "This poll is not open, so the vote was not counted.")
            file.execute("insert or replace into votes values (?, ?, ?)", (poll, _digest(voter), option))

    def vote_of(self, poll: str, voter: str) -> int | None:
        """The option that this voter chose."""
        query = "select option from votes where poll = ? and voter = ?"
        with self._file() as file:
            row = file.execute(query, (poll, _digest(voter))).fetchone()
        return row and row[0]

    def counts(self, poll: str) -> list[int]:
        """Votes for each option."""
        with self._file() as file:
            votes = Counter(
                row[0] for row in file.execute("select option from votes where poll = ?", (poll,))
            )
        return [votes[place] for place in range(len(_known(poll).options))]

    def shown(self) -> dict[str, Any] | None:
        """The poll that is open or closed, with the number of votes; once it is closed, by option."""
        for id, state in self.states().items():
            if state != AWAY and id in polls():
                counts = self.counts(id)
                poll = {"id": id, "question": polls()[id].question, "options": polls()[id].options}
                result = {"counts": counts} if state == CLOSED else {}
                return poll | {"state": state, "votes": sum(counts)} | result
        return None

    def asked(self) -> list[str]:
        """The polls that are over and had a vote, in the order in which they were closed."""
        with self._file() as file:
            over = "select poll from polls where state != ? order by changed"
            voted = {row[0] for row in file.execute("select poll from votes")}
            return [row[0] for row in file.execute(over, (OPEN,)) if row[0] in voted]

    def keep(self, room: Mapping[str, Any]) -> None:
        """Add the anonymous state of the room to its history, unless it is the same as the last one."""
        text = json.dumps(room)
        with self._file() as file:
            last = file.execute("select room from history order by rowid desc limit 1").fetchone()
            if last != (text,):
                file.execute("insert into history values (?, ?)", (now(), text))

    def history(self) -> list[tuple[str, dict[str, Any]]]:
        """(when, state of the room) in their order; the file is only read."""
        with read_only_database(self._path, holds="The session") as file:
            return [
                (at, json.loads(room))
                for at, room in file.execute("select at, room from history order by rowid")
            ]

    def _file(self):
        return database(self._path, *_SCHEMA, holds="The polls and the history of the room")


def _known(poll: Any) -> Poll:
    if not isinstance(poll, str) or poll not in polls():
        raise Refused(404, f"There is no poll {str(poll)[:40]!r}; there are {', '.join(polls())}.")
    return polls()[poll]


def _digest(voter: str) -> str:
    # The file tells one vote from another without a name.
    return hashlib.sha256(voter.encode()).hexdigest()
