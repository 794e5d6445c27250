"""Two replies to the same note side by side, without names: which one reads better, in whose eyes.

Rules and facts are counted by code. How a reply reads is not, so a reader who does not know which is which
says it, pair by pair. What the reader says is kept in results/ at once.
"""

import random
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass
from sqlite3 import Connection

from course.errors import one_of
from course.files import database, read_csv
from course.measuring.provenance import FOLDER
from course.paths import results_dir

LEFT, RIGHT, NEITHER, BOTH = "left", "right", "neither", "both"
BETTER = (LEFT, RIGHT, NEITHER)
WRONG = (NEITHER, LEFT, RIGHT, BOTH)
PAIRS, SEED = 30, 15
FILE = FOLDER / "voice_blind.csv"
_TABLE = (
    "PRAGMA synchronous = FULL",
    "CREATE TABLE IF NOT EXISTS choices "
    "(id TEXT, left TEXT, right TEXT, choice TEXT, wrong TEXT, PRIMARY KEY (id, left, right))",
)


@dataclass(frozen=True)
class BlindPair:
    """Two replies to one note; `left` and `right` name who wrote them, which the reader does not see."""

    id: str
    note: str
    left: str
    right: str
    left_reply: str
    right_reply: str


@dataclass(frozen=True)
class BlindChoice:
    """What a reader says of a pair: which reply reads better, and in which one a fact is wrong or missing.

    CourseError for a choice that is not in BETTER or WRONG.
    """

    id: str
    left: str
    right: str
    choice: str
    wrong: str

    def __post_init__(self) -> None:
        one_of("choice", self.choice, BETTER)
        one_of("reply with a wrong fact", self.wrong, WRONG)

    def for_name(self, side: str) -> str:
        """Whose reply stood on this side."""
        return self.left if side == LEFT else self.right


@dataclass(frozen=True)
class RecordedChoice(BlindChoice):
    """One that travels with the course; `reader` says who read."""

    reader: str


ChoiceKey = tuple[str, str, str]


def drawn(
    notes: Mapping[str, str], one: tuple[str, Mapping[str, str]], other: tuple[str, Mapping[str, str]]
) -> tuple[BlindPair, ...]:
    """PAIRS of these notes with the replies of two named writers, notes and sides drawn from SEED.

    Notes and replies are by id. The same names and notes always give the same pairs in the same order.
    """
    draw = random.Random(SEED)
    found = []
    for id in draw.sample(sorted(notes), PAIRS):
        (left, lefts), (right, rights) = draw.sample((one, other), 2)
        found.append(BlindPair(id, notes[id], left, right, lefts[id], rights[id]))
    return tuple(found)


def recorded() -> list[RecordedChoice]:
    """What a reader said of the pairs, as it travels with the course. CourseError for a damaged file."""
    return read_csv(FILE, RecordedChoice)


def keep(choice: BlindChoice) -> None:
    """Keep a choice, in the place of an earlier one for that pair; it is on disk when this returns."""
    with _opened() as connection:
        connection.execute("INSERT OR REPLACE INTO choices VALUES (?, ?, ?, ?, ?)", astuple(choice))


def own() -> dict[ChoiceKey, BlindChoice]:
    """What the reader has said of any pair, by id and the two names."""
    with _opened() as connection:
        rows = connection.execute("SELECT id, left, right, choice, wrong FROM choices").fetchall()
    return {row[:3]: BlindChoice(*row) for row in rows}


def _opened() -> AbstractContextManager[Connection]:
    return database(results_dir() / "blind_choices.sqlite", *_TABLE, holds="Your choices")
