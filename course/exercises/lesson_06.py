"""Exercises of lesson 06."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from course.exercises.checking import Exercise

TABLE = """
CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT, total INTEGER);
INSERT INTO orders VALUES ('FL-10001', 'C-1', 14900), ('FL-10002', 'C-2', 2200), ('FL-10003', 'C-1', 0);
"""
# customer, order, the total in cents that may come back
LOOK_UPS = (
    ("C-1", "FL-10001", 14_900),
    ("C-2", "FL-10002", 2_200),
    ("C-1", "FL-10003", 0),
    ("C-1", "FL-99999", None),
    ("C-1", "FL-10002", None),
    ("C-1", "x' OR '1'='1", None),
    ("C-1", "FL-10002' --", None),
    ("x' OR '1'='1", "FL-10001", None),
    ("C-1", "O'Neill", None),
)
FIND, OTHER = ("find_order", {"order": "FL-10001"}), ("find_order", {"order": "FL-10002"})
PARCEL = ("find_parcel", {"order": "FL-10001"})
PRICE, SAME_PRICE = (
    ("price", {"product": "PU-210", "quantity": 2}),
    ("price", {"quantity": 2, "product": "PU-210"}),
)
# calls, whether they go in circles
RUNS = (
    ([], False),
    ([FIND, FIND], False),
    ([FIND, FIND, FIND], True),
    ([FIND, OTHER, PARCEL], False),
    ([FIND, OTHER, FIND, OTHER, FIND], True),
    ([FIND, FIND, OTHER, OTHER, PARCEL, PARCEL], False),
    ([PRICE, SAME_PRICE, PRICE], True),
)


def _leaks_nothing(total_of: Callable) -> str | None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(TABLE)
        for customer, order, right in LOOK_UPS:
            given = total_of(connection, customer, order)
            if given != right:
                return f"customer {customer!r} asks for order {order!r} and gets {given!r}, not {right!r}."
    return None


def _sees_the_circles(in_circles: Callable) -> str | None:
    for calls, right in RUNS:
        given = in_circles([(name, dict(arguments)) for name, arguments in calls])
        if bool(given) != right:
            return f"for {calls} it says {given!r}, not {right}."
    return None


EXERCISES = [
    Exercise(
        id="06.1",
        title="A look-up that leaks",
        stub='''\
def total_of(connection, customer, order):
    """The total in cents of an order of this customer, or None."""
    row = connection.execute(f"SELECT total FROM orders WHERE id = '{order}'").fetchone()
    return row["total"] if row else None''',
        answer="total_of",
        hints=(
            "Two things must become part of the WHERE: the order and the customer.",
            "Write ? for each value and give the values as a tuple: execute(query, (order, customer)).",
        ),
        solution='''\
def total_of(connection, customer, order):
    """The total in cents of an order of this customer, or None."""
    query = "SELECT total FROM orders WHERE id = ? AND customer = ?"
    row = connection.execute(query, (order, customer)).fetchone()
    return row["total"] if row else None''',
        check=_leaks_nothing,
        why="A bound value stays a value, and the customer comes from the program, never from the model.",
    ),
    Exercise(
        id="06.2",
        title="Going in circles",
        stub='''\
def in_circles(calls):
    """Whether one call, a pair of tool and arguments, is among these three times or more."""
    return len(calls) > 2''',
        answer="in_circles",
        hints=(
            "Three calls are no circle when they differ. Count equal ones.",
            "list.count compares with ==, and two dicts are equal in whatever order their keys stand.",
        ),
        solution='''\
def in_circles(calls):
    """Whether one call, a pair of tool and arguments, is among these three times or more."""
    return any(calls.count(call) >= 3 for call in calls)''',
        check=_sees_the_circles,
        why="The order of keys in a call means nothing, and neither does what was called in between.",
    ),
]
