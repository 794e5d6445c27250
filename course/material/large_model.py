"""What a large model answered once, in batches and without the Messages API: data/README.md says how.

Its queues for the test tickets are `course.material.data.readings()`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from course.errors import one_of
from course.files import read_csv, read_json_lines
from course.material.data import Queue, Text
from course.paths import DATA

FOLDER = DATA / "measured"
Book = Literal["closed", "open"]
BOOKS: tuple[str, ...] = get_args(Book)


@dataclass(frozen=True)
class TeacherLabel:
    """The queue of a training ticket, chosen from the queue names alone."""

    id: str
    queue: Queue


@dataclass(frozen=True)
class HandbookAnswer:
    """The answer to a handbook question. `article`: the one it used, None without the book or an answer."""

    id: str
    answer: Text
    article: str | None = None


@dataclass(frozen=True)
class LetterReply:
    """The reply to a letter from the list of keys alone, as text."""

    id: str
    reply: Text


def teacher_labels() -> list[TeacherLabel]:
    """A label for each of the 810 training tickets."""
    return read_csv(FOLDER / "teacher_names.csv", TeacherLabel)


def handbook_answers(book: str) -> list[HandbookAnswer]:
    """An answer to each of the 76 questions: without the handbook (`closed`) or with all of it (`open`)."""
    return read_json_lines(FOLDER / f"handbook_{one_of('book', book, BOOKS)}.jsonl", HandbookAnswer)


def letter_replies() -> list[LetterReply]:
    """A reply to each of the 80 letters."""
    return read_json_lines(FOLDER / "letters_prompt_only.jsonl", LetterReply)
