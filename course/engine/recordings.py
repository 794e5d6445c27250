"""Every answer on disk, found again by its whole request.

So a rerun costs nothing and an interrupted run goes on where it stopped. The file is
results/recordings.sqlite; `export("room.sqlite")` copies the live answers for a room without keys.
"""

import os
import sqlite3
import threading
import time
import warnings
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from course.errors import CourseError
from course.paths import results_dir

TABLE = """CREATE TABLE IF NOT EXISTS recordings (
    place TEXT, key TEXT, mode TEXT, model TEXT, created TEXT, request TEXT, response TEXT, seconds REAL,
    PRIMARY KEY (place, key))"""
BUSY_SECONDS = 2.0


@dataclass(frozen=True)
class Recording:
    """One complete answer.

    `place` is the server asked, or the local weights and engine; `key` is the hash of path and body;
    `request` and `response` are the bodies as text, JSON or the events of a stream; `seconds` is how long it
    took.
    """

    place: str
    key: str
    mode: str
    model: str
    created: str
    request: str
    response: str
    seconds: float


COLUMNS = ", ".join(field.name for field in fields(Recording))
MARKS = ", ".join("?" for _ in fields(Recording))


class Recordings:
    """The answers in one SQLite file. Safe for threads and for several processes at once.

    A file that cannot be read is set aside, never deleted. When an answer cannot be kept (disk full, file
    locked), one warning says so and work goes on.
    """

    on_conflict = "IGNORE"  # the first answer to a request stays

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._warned = False
        self._connection = self._open()

    def find(self, key: str, place: str) -> Recording | None:
        """The answer to the request with this key from this place."""
        return self._one(f"SELECT {COLUMNS} FROM recordings WHERE key = ? AND place = ?", key, place)

    def save(self, recording: Recording) -> None:
        """Keep an answer. It is on disk when this returns, unless a warning says why not."""
        try:
            with self._lock:
                self._connection.execute(
                    f"INSERT OR {self.on_conflict} INTO recordings ({COLUMNS}) VALUES ({MARKS})",
                    astuple(recording),
                )
        except sqlite3.Error as error:
            self._warn(f"This answer is not kept, because {self.path} cannot be written ({error}).")

    def close(self) -> None:
        self._connection.close()

    def _one(self, query: str, *values: str) -> Recording | None:
        try:
            with self._lock:
                row = self._connection.execute(query, values).fetchone()
        except sqlite3.DatabaseError as error:
            raise CourseError(
                f"{self.path} cannot be read ({error}): restart the kernel, which sets it aside."
            ) from None
        return Recording(*row) if row else None

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect_to_write(self.path)
        except sqlite3.OperationalError as error:
            self._warn(f"Answers are not kept, because {self.path} cannot be written ({error}).")
        except sqlite3.DatabaseError as error:
            aside = _set_aside(self.path)
            warnings.warn(
                f"{self.path.name} was damaged ({str(error).splitlines()[-1]}). "
                f"It is set aside as {aside} and a new one begun.",
                stacklevel=4,
            )
            return _connect_to_write(self.path)
        try:
            return _connect_to_read(self.path)
        except sqlite3.DatabaseError:
            return _in_memory()

    def _warn(self, sentence: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{sentence} Free some space or set COURSE_RESULTS to another folder.", stacklevel=2
            )


class Replay(Recordings):
    """A recorded file that somebody handed on. It is read and never written."""

    def _open(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise CourseError(
                f"COURSE_RECORDING names {str(self.path)!r}, which is not a file: "
                "correct the path or unset it."
            )
        try:
            connection = _connect_to_read(self.path)
            self.answers, self.recorded = connection.execute(
                "SELECT count(*), max(created) FROM recordings"
            ).fetchone()
            rows = connection.execute(
                "SELECT model FROM recordings GROUP BY model ORDER BY count(*) DESC, model"
            )
            self.models = [model for (model,) in rows]
        except sqlite3.DatabaseError as error:
            raise CourseError(
                f"COURSE_RECORDING names {str(self.path)!r}, which is not a file of recordings ({error})."
            ) from None
        if not self.answers:
            raise CourseError(
                f"COURSE_RECORDING names {str(self.path)!r}, which holds no answer: record some first."
            )
        return connection

    def find(self, key: str, place: str) -> Recording | None:
        """The answer to the request with this key, wherever it came from; a live one before a local one."""
        return self._one(
            f"SELECT {COLUMNS} FROM recordings WHERE key = ? ORDER BY mode = 'live' DESC, created DESC", key
        )

    def save(self, recording: Recording) -> None:
        raise NotImplementedError("a recorded file that was handed on is never written")


def default_path() -> Path:
    """Where this reader's answers are kept."""
    return results_dir() / "recordings.sqlite"


def export(path: str | Path) -> int:
    """Copy the live answers into a new file for a room without keys and return how many there are.

    Each reader sets COURSE_RECORDING to that file. It holds requests and answers, and no key.
    """
    target = Path(path).resolve()
    if target.exists():
        raise CourseError(
            f"{str(path)!r} exists already: choose another name, so that nothing is overwritten."
        )
    if not target.parent.is_dir():
        raise CourseError(f"{str(target.parent)!r} is not a folder: make it first or choose another one.")
    if not default_path().is_file():
        raise CourseError(f"{default_path()} does not exist: run the lessons live first.")
    with closing(_connect_to_read(default_path())) as source:
        rows = source.execute(f"SELECT {COLUMNS} FROM recordings WHERE mode = 'live'").fetchall()
    if not rows:
        raise CourseError(
            f"{default_path()} holds no live answer: set ANTHROPIC_API_KEY and run the lessons first."
        )
    with closing(sqlite3.connect(target)) as copy, copy:
        copy.execute(TABLE)
        copy.executemany(f"INSERT INTO recordings ({COLUMNS}) VALUES ({MARKS})", rows)
    return len(rows)


def _connect_to_write(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        # What is committed survives a killed process. A power cut can lose the last answers only.
        connection.execute("PRAGMA synchronous = NORMAL")
        _use_write_ahead_log(connection)
        connection.execute(TABLE)
        (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if health != "ok":
            raise sqlite3.DatabaseError(health)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for its busy timeout when two processes switch a new file at once.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a file for reading.

    In a folder that cannot be written only `immutable` works, which skips a log beside the file.
    """
    options = {"uri": True, "timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", **options)
    try:
        connection.execute("SELECT 1 FROM recordings LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", **options)
        connection.execute("SELECT 1 FROM recordings LIMIT 1")
    return connection


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute(TABLE)
    return connection


def _set_aside(path: Path) -> str:
    # The number of the process keeps two that find the damage at once from taking the same name.
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}{suffix}"))
    return f"{path.stem}-damaged-{stamp}{path.suffix}"
