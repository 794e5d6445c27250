"""Self-checking exercises: `exercise("01.1").check(answer)`, `.hint()`, `.solution()`; and progress."""

import html
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import display

from course.errors import one_of
from course.exercises.progress import CORRECT, NOT_TRIED, NOT_YET, record, tries
from course.files import checked, read_toml
from course.material.lessons import lessons
from course.paths import DATA

TEXTS = DATA / "exercises"


@dataclass(frozen=True)
class Exercise:
    """One exercise: its texts from data/exercises/, its check from course/exercises/lesson_NN.py.

    `stub` is the exact source of the cell that the reader edits, `answer` the name it binds, `solution`
    source that binds the same name. `check` takes the answer and returns None when it is right, else the
    reason as a sentence. `why` is said after "Correct."; `hints` come one by one.
    """

    id: str
    title: str
    stub: str
    answer: str
    hints: tuple[str, ...]
    solution: str
    check: Callable[[Any], str | None]
    why: str


@dataclass(frozen=True)
class Message:
    """A heading in words and a text, shown as HTML in a notebook and as plain text anywhere else."""

    heading: str
    text: str
    code: str = ""

    def __repr__(self) -> str:
        return "\n".join(part for part in (f"{self.heading} {self.text}".strip(), self.code) if part)

    def _repr_html_(self) -> str:
        code = f"<pre>{html.escape(self.code)}</pre>" if self.code else ""
        return f'<div role="status"><b>{html.escape(self.heading)}</b> {html.escape(self.text)}{code}</div>'


class OpenExercise:
    """An exercise in the hands of a reader."""

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self._hints_shown = 0

    def __repr__(self) -> str:
        return f"Exercise {self._exercise.id}, {self._exercise.title}: check(answer), hint(), solution()"

    def check(self, answer: object) -> None:
        """Show whether the answer is right, and keep the outcome. A wrong answer never raises."""
        state, reason = grade(self._exercise, answer)
        if state != NOT_TRIED:
            record(f"exercise {self._exercise.id}", state)
        display(_verdict(self._exercise, state, reason))

    def hint(self) -> None:
        """Show the next hint; after the last one, the last one again."""
        hints = self._exercise.hints
        self._hints_shown = min(self._hints_shown + 1, len(hints))
        more = "" if self._hints_shown < len(hints) else " This was the last hint; solution() shows one way."
        display(Message(f"Hint {self._hints_shown} of {len(hints)}:", hints[self._hints_shown - 1] + more))

    def solution(self) -> None:
        """Show one way to solve it, as source to copy into the cell above."""
        display(Message("One solution:", "", self._exercise.solution))


def exercise(id: str) -> OpenExercise:
    """The exercise with this id, such as "01.2". Raises CourseError for an id that no lesson has."""
    return OpenExercise(all_exercises()[one_of("exercise", id, all_exercises())])


@cache
def all_exercises() -> dict[str, Exercise]:
    """Every exercise of every lesson by its id, in order."""
    return {exercise.id: exercise for path in sorted(TEXTS.glob("*.toml")) for exercise in _of_lesson(path)}


@cache
def exercise_ids() -> dict[str, tuple[str, ...]]:
    """Lesson -> the ids of its exercises, without the checks, whose imports take seconds."""
    ids = {path.stem: [each["id"] for each in read_toml(path)["exercise"]] for path in TEXTS.glob("*.toml")}
    return {each.number: tuple(ids.get(each.number, ())) for each in lessons()}


def _of_lesson(path: Path) -> Iterator[Exercise]:
    lesson = importlib.import_module(f"course.exercises.lesson_{path.stem}")
    for texts in read_toml(path)["exercise"]:
        computed = {"check": lesson.CHECKS[texts["id"]], "why": texts.get("why") or lesson.WHY[texts["id"]]}
        yield checked(Exercise, texts | computed, path.name)


def grade(exercise: Exercise, answer: object) -> tuple[str, str]:
    """State of an answer and the reason, which is empty unless the state is "not yet"."""
    if answer is None or answer is ...:
        return NOT_TRIED, ""
    try:
        reason = exercise.check(answer)
    except Exception as error:  # the reader's own code runs in there and may raise anything
        reason = f"checking your answer raised {type(error).__name__}: {error}"
    return (NOT_YET, reason) if reason else (CORRECT, "")


def progress() -> pd.DataFrame:
    """One row for every exercise and quiz question: lesson, item, title, state, tries."""
    items = [(e.id.split(".")[0], f"exercise {e.id}", e.title) for e in all_exercises().values()]
    for lesson in lessons():
        for place, question in enumerate(lesson.quiz, start=1):
            items.append((lesson.number, f"quiz {lesson.number}.{place}", question.question))
    done = tries()
    rows = [(*item, *done.get(item[1], (NOT_TRIED, 0))) for item in sorted(items)]
    return pd.DataFrame(rows, columns=["lesson", "item", "title", "state", "tries"])


def show_progress() -> None:
    """Show for every lesson how many exercises and quiz questions are correct."""
    items = progress()
    rows = []
    for lesson in lessons():
        mine = items[items.lesson == lesson.number]
        rows.append((f"{lesson.number} {lesson.title}", _count(mine, "exercise"), _count(mine, "quiz")))
    display(pd.DataFrame(rows, columns=["lesson", "exercises correct", "quiz correct"]).set_index("lesson"))


def _count(items: pd.DataFrame, kind: str) -> str:
    states = items.state[items["item"].str.startswith(kind)]
    return f"{(states == CORRECT).sum()} of {len(states)}"


def _verdict(exercise: Exercise, state: str, reason: str) -> Message:
    if state == NOT_TRIED:
        return Message("Not tried.", f"Give {exercise.answer} a value in the cell above, then check again.")
    if state == NOT_YET:
        return Message("Not yet:", reason)
    return Message("Correct.", exercise.why)
