"""Where every learner of the room stands, read from their results folders, which are never written to."""

import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.exercises.checking import exercise_ids
from course.exercises.progress import CORRECT, outcomes_in
from course.material.lessons import lessons
from course.measuring import board
from course.measuring.results import Result, percent

LARGEST_FILE = 256 * 2**20  # bytes; a full board takes about 5 MB
TOO_FEW = 3  # of fewer learners than this nothing is shown on the projector: it would name them
_ITEM = re.compile(r"(exercise|quiz) (\d\d)\.\d+")


@dataclass(frozen=True)
class BestRung:
    """The rung whose 95% interval, `low` to `high` (0 to 1), begins highest: `right` of `n` tickets."""

    lesson: str
    name: str
    right: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """One learner: lesson and time of the last trace, exercises solved by lesson, the best rung.

    `faults` says in a sentence each what could not be read of this learner.
    """

    learner: str
    lesson: str | None
    seen: datetime | None
    solved: Mapping[str, int]
    best: BestRung | None
    faults: tuple[str, ...]


def standing(learner: str, folder: Path) -> Standing:
    """What the learner's folder (results/ and notebooks/ in it) says. Damage is a fault and never raises."""
    faults: list[str] = []

    def read(name: str, what: str, reader: Callable[[Path, int, int], Any]) -> Any:
        try:
            return _read(folder / "results" / name, reader)
        except CourseError as error:
            faults.append(str(error))
        except Exception as error:  # the file is another's, and anything may be in it
            faults.append(f"{what} in {name} cannot be read ({type(error).__name__}: {error}).")
        return ()

    outcomes = read("progress.sqlite", "The progress", _outcomes)
    results = read("board.sqlite", "The board", _results)
    traces = [(when, lesson) for lesson, _, _, when in outcomes]
    traces += [(when, lesson) for lesson, when, _ in results]
    traces += _saved_notebooks(folder / "notebooks")
    seen, lesson = max(traces, default=(None, None))
    solved = Counter(
        lesson
        for lesson, id, state, _ in outcomes
        if state == CORRECT and id in exercise_ids().get(lesson, ())
    )
    best = next((rung for *_, rung in results if rung), None)
    return Standing(learner, lesson, seen, dict(solved), best, tuple(faults))


def points(standings: Iterable[Standing]) -> list[dict[str, Any]]:
    """The best rungs without anything that names a learner, from the lowest share to the highest.

    Empty below TOO_FEW learners; a lesson that fewer of them share is "".
    """
    best = [each.best for each in standings if each.best]
    if len(best) < TOO_FEW:
        return []
    shared = Counter(rung.lesson for rung in best)
    found = [
        {
            "right": rung.right,
            "n": rung.n,
            "low": round(rung.low, 4),
            "high": round(rung.high, 4),
            "lesson": rung.lesson if shared[rung.lesson] >= TOO_FEW else "",
        }
        for rung in best
    ]
    return sorted(found, key=lambda point: (point["right"] / point["n"], *map(str, point.values())))


def in_words(points: list[dict[str, Any]], learners: int) -> str:
    """The chart in a few sentences."""
    if not points:
        return f"The chart begins when {TOO_FEW} learners have measured a rung; the room has {learners}."
    shares = [point["right"] / point["n"] for point in points]
    middle = shares[(len(shares) - 1) // 2]
    return (
        f"{len(points)} of {learners} learners have measured a rung. Their best ones are right on "
        f"{percent(shares[0])}% to {percent(shares[-1])}% of the tickets, half of them on at most "
        f"{percent(middle)}%. Each line is a 95% interval."
    )


def _read(path: Path, reader: Callable[[Path, int, int], Any]) -> Any:
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
        raise CourseError(f"{path.name} is not one of the course's files; ask the learner to move it away.")
    return reader(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2000)
def _outcomes(path: Path, changed: int, size: int) -> list[tuple[str, str, str, datetime]]:
    """(lesson, id, state, when) of all that was tried; read again when the file changes."""
    found = []
    for item, state, when in outcomes_in(path):
        if match := _ITEM.fullmatch(item):
            id = item.removeprefix("exercise ")
            found.append((match[2], id, state, _time(when)))
    return found


@lru_cache(maxsize=2000)
def _results(path: Path, changed: int, size: int) -> list[tuple[str, datetime, BestRung | None]]:
    """(lesson, when, the rung if it is the best one)."""
    entries = [entry for entry in board.entries_in(path) if entry[0] in exercise_ids()]
    best = board.best(entries)
    return [
        (lesson, _time(result.created), _rung(lesson, result) if (lesson, result) == best else None)
        for lesson, result in entries
    ]


def _rung(lesson: str, result: Result) -> BestRung:
    return BestRung(lesson, result.name, result.right, result.n, *result.interval)


def _saved_notebooks(folder: Path) -> list[tuple[datetime, str]]:
    """(when, lesson) of the lessons that are no longer as the course hands them out."""
    found = []
    for lesson in lessons():
        try:
            own = (folder / lesson.path.name).stat()
        except OSError:
            continue
        if own.st_size != lesson.path.stat().st_size:
            found.append((datetime.fromtimestamp(own.st_mtime, UTC), lesson.number))
    return found


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
