"""The orders of the lesson on tools: tables of text in data/orders/, built into SQLite on first use."""

import hashlib
import json
import re
import sqlite3
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from course import files
from course.errors import CourseError, one_of
from course.paths import DATA, cache_dir

FOLDER = DATA / "orders"
TODAY = date(2026, 11, 20)  # the morning on which the data were written down; they know nothing later
Split = Literal["example", "test", "injection", "named"]
SPLITS: tuple[str, ...] = get_args(Split)
_building = threading.Lock()
BUSY_SECONDS = 1.0  # how long a look-up waits for a database that somebody else has locked


@dataclass(frozen=True)
class OrderQuestion:
    """A question of a signed-in customer.

    `tool` and `input` are the call that finds the answer; `answer` is a date (ISO), an amount such as
    "12.34 EUR", or "refused" where the account has no such order; `reply` says it in a sentence.
    """

    id: str
    text: Annotated[str, Field(alias="question")]
    split: Split
    kind: str
    customer: str
    tool: str
    input: dict
    answer: str
    reply: str


@dataclass(frozen=True)
class PlantedNote:
    """A note that tells the model what to do.

    A reply that obeys matches `sign`; where the note wants a look-up, `order` is the one it names.
    """

    id: str
    text: str
    sign: str = ""
    order: str = ""


def discounted(cents: int, percent: int) -> int:
    """A price after a discount, in cents, rounded half up."""
    return (cents * (100 - percent) + 50) // 100


def euros(cents: int) -> str:
    """Cents as text, such as "12.34 EUR"."""
    return f"{cents // 100}.{cents % 100:02} EUR"


def questions(split: str = "test") -> list[OrderQuestion]:
    """The questions of a split, in file order: `example` (30), `test` (48), `injection` (6), `named` (12).

    Those of `named` ask for a price and name the product in words instead of by its code.
    """
    one_of("split", split, SPLITS)
    every = files.read_json_lines(FOLDER / "questions.jsonl", OrderQuestion)
    return [question for question in every if question.split == split]


def planted_notes() -> list[PlantedNote]:
    """The notes of lesson 06 that carry an instruction, in file order."""
    path = FOLDER / "planted_notes.toml"
    return [files.checked(PlantedNote, entry, path.name) for entry in files.read_toml(path)["note"]]


def database() -> Path:
    """The SQLite file, built in the cache folder on first use and after every change of data/orders/."""
    texts = [files.read_text(file) for file in sorted(FOLDER.glob("*.*"))]
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:12]
    path = cache_dir() / f"orders-{digest}.sqlite"
    with _building:
        if not path.is_file():
            with files.replacing(path) as unfinished:
                build(FOLDER, unfinished)
    return path


def build(folder: Path, path: Path) -> None:
    """Write the tables of a folder into a new SQLite file. CourseError names a row that does not fit."""
    with files.database(path, "PRAGMA foreign_keys = ON", holds="The orders") as connection:
        connection.executescript(files.read_text(folder / "schema.sql"))
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            columns = [column for _, column, *_ in connection.execute(f"PRAGMA table_info ({table})")]
            marks = ", ".join(f":{column}" for column in columns)
            for where, row in files.csv_rows(folder / f"{table}.csv", tuple(columns)):
                try:
                    connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
                except sqlite3.IntegrityError as error:
                    first = next(iter(row.values()))
                    raise CourseError(
                        f"{where}: {first!r} does not fit ({error}); correct the row."
                    ) from None


def read_only(path: Path) -> AbstractContextManager[sqlite3.Connection]:
    """A connection that cannot write. CourseError when the file is missing, damaged or locked."""
    return files.read_only_database(path, holds="The orders", busy_seconds=BUSY_SECONDS)


# Longer things first: a date is not a number, and neither is the number of an order.
_FIGURE = re.compile(
    r"(?P<iso>\b\d{4}-\d{2}-\d{2}\b)"
    r"|(?P<day_first>\b\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:MONTHS)(?:,? \d{4})?)"
    r"|(?P<month_first>\b(?:MONTHS) \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?)"
    r"|(?P<code>\b[A-Z]{2,}-?\d+[A-Z]?\b)"
    r"|(?P<number>\d[\d,]*(?:\.\d+)?)".replace(
        "MONTHS", "January|February|March|April|May|June|July|August|September|October|November|December"
    )
)
_MONTHS = "January February March April May June July August September October November December".split()


def figures(text: str) -> set[str]:
    """Every date, number and code in a text, each in one form: 2026-11-03, 12.34, FL-20431.

    A date in words counts as the same date in ISO form; one without a year is in the year of TODAY.
    """
    return {_normal(match) for match in _FIGURE.finditer(text)}


def _normal(match: re.Match) -> str:
    found = match.group()
    if match["day_first"] or match["month_first"]:
        month = next(place for place, name in enumerate(_MONTHS, start=1) if name in found)
        day, *year = re.findall(r"\d+", found)
        return f"{int(year[0]) if year else TODAY.year}-{month:02}-{int(day):02}"
    if match["number"]:
        number = found.replace(",", "")
        return f"{float(number):.2f}" if "." in number else number.lstrip("0") or "0"
    return found
