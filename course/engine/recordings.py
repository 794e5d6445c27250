"""Every answer on disk, found again by its whole request.

So a rerun costs nothing and an interrupted run resumes where it stopped. The file is
results/recordings.sqlite; `export("room.sqlite")` copies the live answers for a room without keys.
"""

import threading
import warnings
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from course.errors import CourseError
from course.files import database, read_only_database
from course.paths import results_dir

TABLE = """CREATE TABLE IF NOT EXISTS recordings (
    place TEXT, key TEXT, mode TEXT, model TEXT, created TEXT, request TEXT, response TEXT, seconds REAL,
    PRIMARY KEY (place, key))"""
HOLDS = "The recorded answers"


@dataclass(frozen=True)
class Recording:
    """One complete answer.

    `place` is the server asked, or the local weights and engine; `key` is the hash of path and body;
    `request` and `response` are the bodies, JSON or the events of a stream; `seconds` is how long it took.
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


# While the engine works, a thread can wait for seconds in the middle of its writing. Other threads would take
# it for another kernel.
_one_at_a_time = threading.Lock()


class Recordings:
    """The answers in one SQLite file. Safe for threads and for several processes at once.

    A file that cannot be read is a CourseError. When an answer cannot be saved (disk full, file locked), one
    warning says so; it lasts as long as the kernel and is saved with the next one that can be.
    """

    on_conflict = "IGNORE"  # the first answer to a request stays

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unsaved: dict[tuple[str, str], Recording] = {}

    def find(self, key: str, place: str) -> Recording | None:
        """The answer to the request with this key from this place."""
        unsaved = self._unsaved.get((place, key))
        if unsaved or not self.path.is_file():
            return unsaved
        with database(self.path, TABLE, holds=HOLDS) as file:
            row = file.execute(
                f"SELECT {COLUMNS} FROM recordings WHERE place = ? AND key = ?", (place, key)
            ).fetchone()
        return Recording(*row) if row else None

    def save(self, recording: Recording) -> None:
        """Keep an answer, and those that could not be saved before. A warning says what went wrong."""
        with _one_at_a_time:
            self._save(recording)

    def _save(self, recording: Recording) -> None:
        waiting = {**self._unsaved, (recording.place, recording.key): recording}
        try:
            with database(self.path, TABLE, holds=HOLDS) as file:
                file.executemany(
                    f"INSERT OR {self.on_conflict} INTO recordings ({COLUMNS}) VALUES ({MARKS})",
                    [astuple(each) for each in waiting.values()],
                )
        except CourseError as error:
            if not self._unsaved:
                warnings.warn(
                    f"{error} Until then new answers last only as long as this kernel, which saves them with "
                    "the next answer that can be saved; COURSE_RESULTS may name another folder.",
                    stacklevel=2,
                )
            self._unsaved[recording.place, recording.key] = recording
            return
        for saved in waiting:
            self._unsaved.pop(saved, None)


class Replay(Recordings):
    """A recorded file that somebody handed on. It is read and never written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        named = f"COURSE_RECORDING names {str(path)!r}, which"
        if not path.is_file():
            raise CourseError(f"{named} is not a file: correct the path or unset it.")
        try:
            with read_only_database(path, holds=HOLDS) as file:
                self.answers, self.recorded = file.execute(
                    "SELECT count(*), max(created) FROM recordings"
                ).fetchone()
                models = file.execute(
                    "SELECT model FROM recordings GROUP BY model ORDER BY count(*) DESC, model"
                )
                self.models = [model for (model,) in models]
        except CourseError as error:
            raise CourseError(f"{named} is not a file of recordings ({error.__cause__}).") from None
        if not self.answers:
            raise CourseError(f"{named} holds no answer: record some first.")

    def find(self, key: str, place: str) -> Recording | None:
        """The answer to the request with this key, wherever it came from; a live one before a local one."""
        with read_only_database(self.path, holds=HOLDS) as file:
            row = file.execute(
                f"SELECT {COLUMNS} FROM recordings WHERE key = ? ORDER BY mode = 'live' DESC, created DESC",
                (key,),
            ).fetchone()
        return Recording(*row) if row else None

    def save(self, recording: Recording) -> None:
        raise NotImplementedError("a recorded file that was handed on is never written")


def default_path() -> Path:
    """Where this reader's answers are kept."""
    return results_dir() / "recordings.sqlite"


def export(path: str | Path) -> int:
    """Copy the live answers into a new file for a room without keys and return how many there are.

    Each reader sets COURSE_RECORDING to that file. It holds requests and answers, and no key.
    """
    source, target = default_path(), Path(path).resolve()
    if target.exists():
        raise CourseError(f"{path} exists already: choose another name, so that nothing is overwritten.")
    if not target.parent.is_dir():
        raise CourseError(f"{target.parent} is not a folder: make it first or choose another one.")
    if not source.is_file():
        raise CourseError(f"{source} does not exist: run the lessons live first.")
    with read_only_database(source, holds=HOLDS) as file:
        rows = file.execute(f"SELECT {COLUMNS} FROM recordings WHERE mode = 'live'").fetchall()
    if not rows:
        raise CourseError(f"{source} holds no live answer: set ANTHROPIC_API_KEY and run the lessons first.")
    with database(target, TABLE, holds=HOLDS) as copy:
        copy.executemany(f"INSERT INTO recordings ({COLUMNS}) VALUES ({MARKS})", rows)
    return len(rows)
