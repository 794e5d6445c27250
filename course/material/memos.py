"""Memos of others to defend or reject: data/memos/, with a table of the sentences that are wrong.

A memo is Markdown in the form of the course's own; each of its list items is one sentence, counted from 1.
"""

import itertools
from dataclasses import dataclass
from functools import cache

from course.errors import CourseError, one_of
from course.files import csv_rows, read_text
from course.paths import DATA

FOLDER = DATA / "memos"
TABLE = FOLDER / "sentences.csv"
SOUND = "sound"
_ITEM = "- "


@dataclass(frozen=True)
class Sentence:
    """A sentence of a memo: its number, its `kind` (SOUND or the name of an error), why, and the lesson."""

    number: int
    text: str
    kind: str
    why: str
    lesson: str


@cache
def sentences(name: str) -> tuple[Sentence, ...]:
    """The numbered sentences of a memo. CourseError when memo and table do not fit."""
    rows = csv_rows(TABLE, ("memo", "kind", "lesson", "sentence", "why"))
    judged = {row["sentence"]: row for _, row in rows if row["memo"] == name}
    items = [line.removeprefix(_ITEM) for line in _lines(name) if line.startswith(_ITEM)]
    unknown = [text for text in items if text not in judged]
    if unknown or sorted(items) != sorted(judged):
        odd = (unknown or sorted(set(judged) - set(items)) or items)[0]
        raise CourseError(f"{TABLE.name} and the memo {name!r} differ at {odd!r}; restore both.")
    return tuple(
        Sentence(number, text, judged[text]["kind"], judged[text]["why"], judged[text]["lesson"])
        for number, text in enumerate(items, start=1)
    )


def numbered(name: str) -> str:
    """The memo as Markdown with the number of each sentence before it. It does not say which are wrong."""
    numbers = itertools.count(1)
    return "\n".join(
        f"- **({next(numbers)})** {line.removeprefix(_ITEM)}" if line.startswith(_ITEM) else line
        for line in _lines(name)
    )


def wrong(name: str) -> tuple[Sentence, ...]:
    """The sentences that are wrong."""
    return tuple(sentence for sentence in sentences(name) if sentence.kind != SOUND)


def _lines(name: str) -> list[str]:
    one_of("memo", name, sorted(path.stem for path in FOLDER.glob("*.md")))
    return read_text(FOLDER / f"{name}.md").splitlines()
