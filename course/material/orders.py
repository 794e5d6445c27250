"""The orders of the lesson on tools: tables of text in data/orders/, built into SQLite on first use."""

import csv
import hashlib
import io
import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from course.errors import CourseError
from course.paths import DATA, cache_dir, whole

FOLDER = DATA / "orders"
TODAY = date(2026, 11, 20)  # the morning on which the data were written down; they know nothing later
SPLITS = ("example", "test", "injection")
_building = threading.Lock()
BUSY_SECONDS = 1.0  # how long a look-up waits for a database that somebody else has locked

TEXT, WHOLE = "TEXT NOT NULL", "INTEGER NOT NULL"
ORDER_KEY = "TEXT NOT NULL REFERENCES orders (id)"
# Table -> column -> type, in an order in which every reference points back. Money is in cents.
TABLES: dict[str, dict[str, str]] = {
    "products": {
        "code": "TEXT PRIMARY KEY",
        "name": TEXT,
        "price": WHOLE,
        "kind": TEXT,
        "club_counts": WHOLE,
    },
    "club": {"tier": "TEXT PRIMARY KEY", "discount": WHOLE},
    "customers": {"id": "TEXT PRIMARY KEY", "country": TEXT, "club": TEXT},
    "orders": {
        "id": "TEXT PRIMARY KEY",
        "customer": "TEXT NOT NULL REFERENCES customers (id)",
        "placed_on": TEXT,
        "placed_at": TEXT,
        "status": TEXT,
        "payment": TEXT,
        "goods": WHOLE,
        "shipping": WHOLE,
        "total": WHOLE,
        "note": TEXT,
    },
    "items": {
        "order_id": ORDER_KEY,
        "product": "TEXT NOT NULL REFERENCES products (code)",
        "quantity": WHOLE,
        "discount": WHOLE,
        "price": WHOLE,
    },
    "parcels": {
        "order_id": f"{ORDER_KEY} PRIMARY KEY",
        "tracking": "TEXT NOT NULL UNIQUE",
        "left_on": TEXT,
        "expected_on": TEXT,
        "delivered_on": TEXT,
    },
    "refunds": {
        "order_id": f"{ORDER_KEY} PRIMARY KEY",
        "reference": TEXT,
        "reason": TEXT,
        "received_on": TEXT,
        "approved_on": TEXT,
        "method": TEXT,
        "amount": WHOLE,
        "due_on": TEXT,
        "status": TEXT,
    },
}


@dataclass(frozen=True)
class OrderQuestion:
    """A question of a signed-in customer.

    `tool` and `input` are the call that finds the answer; `answer` is a date (ISO), an amount such as
    "12.34 EUR", or "refused" where the account has no such order; `reply` says it in a sentence.
    """

    id: str
    text: str
    split: str
    kind: str
    customer: str
    tool: str
    input: dict
    answer: str
    reply: str


def discounted(cents: int, percent: int) -> int:
    """A price after a discount, in cents, rounded half up."""
    return (cents * (100 - percent) + 50) // 100


def euros(cents: int) -> str:
    """Cents as text, such as "12.34 EUR"."""
    return f"{cents // 100}.{cents % 100:02} EUR"


def questions(split: str = "test") -> list[OrderQuestion]:
    """The questions of a split: `example` (30), `test` (48) or `injection` (6), in file order."""
    if split not in SPLITS:
        raise CourseError(f"There is no split {split!r}; use one of {', '.join(SPLITS)}.")
    found = []
    for number, line in enumerate(_source("questions.jsonl").splitlines(), start=1):
        try:
            row = json.loads(line)
            found.append(OrderQuestion(text=row.pop("question"), **row))
        except (ValueError, KeyError, TypeError) as error:
            raise CourseError(
                f"questions.jsonl, line {number}: {line[:40]!r} is no question ({error}); "
                "run python -m course.material.make_orders."
            ) from None
    return [question for question in found if question.split == split]


def database() -> Path:
    """The SQLite file, built in the cache folder on first use and after every change of data/orders/."""
    texts = {table: _source(f"{table}.csv") for table in TABLES}
    digest = hashlib.sha256(json.dumps([TABLES, texts]).encode()).hexdigest()[:12]
    path = cache_dir() / f"orders-{digest}.sqlite"
    with _building:
        if not path.is_file():
            _build_whole(texts, path)
    return path


def _build_whole(texts: dict[str, str], path: Path) -> None:
    """Whole or not at all; what two processes build at once is the same file."""
    try:
        with whole(path) as unfinished:
            build(texts, unfinished)
    except sqlite3.OperationalError as error:
        raise CourseError(
            f"The order database {path} cannot be written ({error}); free some space or set COURSE_CACHE."
        ) from None


def build(texts: dict[str, str], path: Path) -> None:
    """Write the tables, given as CSV text, into a new SQLite file. CourseError for rows that do not fit."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for table, columns in TABLES.items():
            parts = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {table} ({parts}) STRICT")
            reader = csv.DictReader(io.StringIO(texts[table]))
            if reader.fieldnames != list(columns):
                raise CourseError(
                    f"{table}.csv has the columns {reader.fieldnames}, not {list(columns)}; "
                    "run python -m course.material.make_orders."
                )
            marks = ", ".join(f":{name}" for name in columns)
            for row in reader:
                try:
                    connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
                except sqlite3.IntegrityError as error:
                    raise CourseError(
                        f"{table}.csv, line {reader.line_num}: {next(iter(row.values()))!r} does not fit "
                        f"({error}); run python -m course.material.make_orders."
                    ) from None


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write: opened read-only, and told to refuse every change besides.

    CourseError when the file is missing, locked for longer than a second, or no database.
    """
    if not path.is_file():
        raise CourseError(
            f"The order database {path} is missing; call course.material.orders.database() to build it."
        )
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        ) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise CourseError(
                f"The order database {path} is locked by another program; close that one and try again."
            ) from None
        raise
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise CourseError(f"{path} is no database ({error}); delete it and it is built again.") from None
        raise


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


def _source(name: str) -> str:
    try:
        return (FOLDER / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CourseError(f"{FOLDER / name} is missing; run python -m course.material.make_orders.") from None
