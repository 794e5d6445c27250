"""What the reader has tried and solved, kept in results/progress.sqlite."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from course.errors import CourseError
from course.files import database, read_only_database
from course.paths import results_dir

NOT_TRIED, NOT_YET, CORRECT = "not tried", "not yet", "correct"

_TABLE = """
create table if not exists progress (item text primary key, state text, tries integer, updated text)
"""
# What was solved once stays solved: going back to play with an answer loses nothing.
_RECORD = f"""
insert into progress values (?, ?, 1, ?)
on conflict (item) do update set tries = tries + 1, updated = excluded.updated,
    state = case when state = '{CORRECT}' then state else excluded.state end
"""

T = TypeVar("T")


def record(item: str, state: str) -> None:
    """Keep the outcome of one try. `item` is such as "exercise 01.2" or "quiz 00.3".

    A file that cannot be written costs a printed message, never the reader's answer.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _with_file(lambda file: file.execute(_RECORD, (item, state, now)), otherwise=None)


def tries() -> dict[str, tuple[str, int]]:
    """State and number of tries of every item that was tried."""
    select = "select item, state, tries from progress"
    rows: list[tuple[str, str, int]] = _with_file(lambda file: file.execute(select).fetchall(), otherwise=[])
    return {item: (state, count) for item, state, count in rows}


def outcomes_in(path: Path) -> list[tuple[str, str, str]]:
    """(item, state, when) of another's file, which is read and never changed; its owner may be writing."""
    with read_only_database(path, holds="The outcomes", busy_seconds=1) as file:
        return [tuple(row) for row in file.execute("select item, state, updated from progress")]


def _with_file(use: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
    path = results_dir() / "progress.sqlite"
    try:
        try:
            return _use(path, use)
        except CourseError as error:
            if getattr(error.__cause__, "sqlite_errorname", "") not in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
                raise
            _set_aside(path)
            return _use(path, use)
    except CourseError as error:
        print(f"Your progress could not be kept. {error} The lesson continues without it.")
        return otherwise


def _use(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    with database(path, _TABLE, holds="Your outcomes") as file:
        return use(file)


def _set_aside(path: Path) -> None:
    aside = path.with_name(f"progress-damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite")
    path.replace(aside)
    # SQLite would play a journal of the old file into the new one.
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
    print(f"{path.name} was damaged. It was set aside as {aside.name}, and your progress starts again.")
