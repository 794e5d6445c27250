"""Record what the local models answer in the lessons: the files of data/recordings/.

Each lesson runs as it stands, on the models of this machine. What an earlier lesson asked already is
answered from its file, so each request stands in one file.
"""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from course.engine import carried
from course.engine.carried import Head
from course.engine.recordings import COLUMNS, Recording
from course.engine.sizes import LocalModel, local_models
from course.errors import CourseError
from course.material.lessons import Lesson, lessons
from course.measuring.ladder import run_lesson
from course.measuring.provenance import processor
from course.paths import recordings_dir, results_dir

CHANGES_SHOWN = 5


def record(numbers: Sequence[str]) -> None:
    """Run the lessons with these numbers (none: all) and print what changed in their answers.

    A run that was stopped goes on with the lesson where it stopped. Raises CourseError for an unknown number.
    """
    chosen = _chosen(numbers)
    target = recordings_dir()
    scratch = results_dir() / "recording"
    finished = scratch / "recordings"
    if not scratch.is_dir():
        finished.mkdir(parents=True)
        for file in target.glob("*.jsonl"):
            if file.name.partition(".")[0] not in {lesson.number for lesson in chosen}:
                shutil.copy(file, finished)
    os.environ |= {"COURSE_RESULTS": str(scratch), "COURSE_RECORDINGS": str(finished), "COURSE_MODE": "local"}
    for lesson in chosen:
        done = scratch / f"{lesson.number}.done"
        if not done.exists():
            run_lesson(lesson)
            _keep(lesson, scratch / "recordings.sqlite", finished)
            done.touch()
        _replace(lesson, finished, target)
    shutil.rmtree(scratch)


def _chosen(numbers: Sequence[str]) -> list[Lesson]:
    known = {lesson.number: lesson for lesson in lessons()}
    for number in numbers:
        if number not in known:
            raise CourseError(f"{number!r} is not a lesson: choose from {', '.join(known)}.")
    return [lesson for number, lesson in known.items() if not numbers or number in numbers]


def _keep(lesson: Lesson, database: Path, folder: Path) -> None:
    """Move the answers that a lesson's run left in the database to its files, one for each size."""
    if not database.is_file():
        return
    with closing(sqlite3.connect(database)) as connection:
        answers = [Recording(*row) for row in connection.execute(f"SELECT {COLUMNS} FROM recordings")]
    for model in local_models():
        own = [answer for answer in answers if answer.place.startswith(f"local/{model.sha256[:16]}/")]
        if own:
            carried.write(folder / _file_name(lesson, model), _head(lesson, model, own[0].place), own)
    for part in database.parent.glob(f"{database.name}*"):
        part.unlink()


def _file_name(lesson: Lesson, model: LocalModel) -> str:
    return f"{lesson.number}.{model.size}.jsonl"


def _head(lesson: Lesson, model: LocalModel, place: str) -> Head:
    return Head(
        lesson=lesson.number,
        size=model.size,
        name=model.name,
        model=model.model,
        place=place.rpartition("-")[0],
        engine=f"openvino-genai {version('openvino-genai')}",
        machine=f"{os.cpu_count()} cores of {processor()}",
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def _replace(lesson: Lesson, finished: Path, target: Path) -> None:
    """Put a lesson's new files in the place of the old ones, and print what changed."""
    target.mkdir(parents=True, exist_ok=True)
    for model in local_models():
        new, old = finished / _file_name(lesson, model), target / _file_name(lesson, model)
        if new.is_file():
            print(*changes(old, new), sep="\n", flush=True)
            shutil.copy(new, old)
        elif old.is_file():
            print(f"{old.name}: the lesson no longer asks this model")
            old.unlink()


def changes(old: Path, new: Path) -> list[str]:
    """What is different in the new file: one line of counts, then the first answers that changed."""
    before, after = _contents(old), _contents(new)
    changed = [key for key in after if key in before and after[key] != before[key]]
    counts = f"{len(changed)} changed, {len(after.keys() - before)} new, {len(before.keys() - after)} gone"
    return [f"{new.name}: {len(after)} answers, {counts}"] + [
        f"  {key}: {before[key]!r} -> {after[key]!r}" for key in changed[:CHANGES_SHOWN]
    ]


def _contents(file: Path) -> dict[str, object]:
    if not file.is_file():
        return {}
    return {key: carried.content(answer) for key, answer in carried.read(file)[1].items()}
