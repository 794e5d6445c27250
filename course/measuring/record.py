"""Record what the local models answer in the lessons: the files of data/recordings/.

Each lesson runs as it is, with its notebooks in notebooks/more/, on the models of this machine. What an
earlier lesson asked already is answered from its file, so each request is in one file.
"""

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from course.engine import carried
from course.engine.carried import Head
from course.engine.recordings import COLUMNS, HOLDS, Recording
from course.engine.sizes import local_models
from course.errors import one_of
from course.files import read_only_database, replacing
from course.material.lessons import Lesson, lessons
from course.measuring.ladder import run_notebook
from course.measuring.provenance import processor
from course.paths import recordings_dir, results_dir

CHANGES_SHOWN = 5


def record(numbers: Sequence[str]) -> None:
    """Run the lessons with these numbers (none: all) and print what changed in their answers.

    A stopped run resumes with the lesson where it stopped. Raises CourseError for an unknown number.
    """
    known = {lesson.number: lesson for lesson in lessons()}
    chosen = [
        known[number] for number in sorted({one_of("lesson", each, known) for each in numbers} or known)
    ]
    target = recordings_dir()
    scratch = results_dir() / "recording"
    finished = scratch / "recordings"
    if not scratch.is_dir():
        finished.mkdir(parents=True)
        for file in target.glob("*.jsonl"):
            if file.name.partition(".")[0] not in [lesson.number for lesson in chosen]:
                shutil.copy(file, finished)
    os.environ |= {"COURSE_RESULTS": str(scratch), "COURSE_RECORDINGS": str(finished), "COURSE_MODE": "local"}
    for lesson in chosen:
        done = scratch / f"{lesson.number}.done"
        if not done.exists():
            for notebook in lesson.notebooks:
                run_notebook(notebook)
            _keep(lesson, scratch / "recordings.sqlite", finished)
            done.touch()
        _replace(lesson, finished, target)
    shutil.rmtree(scratch)


def _keep(lesson: Lesson, database: Path, folder: Path) -> None:
    """Move the answers that a lesson's run left in the database to its files, one for each size."""
    if not database.is_file():
        return
    with read_only_database(database, holds=HOLDS) as connection:
        answers = [Recording(*row) for row in connection.execute(f"SELECT {COLUMNS} FROM recordings")]
    for model in local_models():
        own = [answer for answer in answers if answer.place.startswith(f"local/{model.sha256[:16]}/")]
        if own:
            head = Head(
                lesson=lesson.number,
                size=model.size,
                name=model.name,
                model=model.model,
                place=own[0].place.rpartition("-")[0],
                engine=f"openvino-genai {version('openvino-genai')}",
                machine=f"{os.cpu_count()} cores of {processor()}",
                date=f"{datetime.now(UTC):%Y-%m-%d}",
            )
            carried.write(folder / f"{lesson.number}.{model.size}.jsonl", head, own)
    for part in database.parent.glob(f"{database.name}*"):
        part.unlink()


def _replace(lesson: Lesson, finished: Path, target: Path) -> None:
    """Put a lesson's new files in the place of the old ones, and print what changed."""
    target.mkdir(parents=True, exist_ok=True)
    for model in local_models():
        name = f"{lesson.number}.{model.size}.jsonl"
        new, old = finished / name, target / name
        if new.is_file():
            print(*changes(old, new), sep="\n", flush=True)
            with replacing(old) as unfinished:
                shutil.copy(new, unfinished)
        elif old.is_file():
            print(f"{name}: the lesson no longer asks this model")
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
