"""Checks of the exercises of lesson 06."""

import sqlite3
from contextlib import closing
from functools import partial
from typing import Any

from course.exercises.cases import as_truth, tried

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
RUNS: tuple[tuple[list[tuple], bool], ...] = (
    ([], False),
    ([FIND, FIND], False),
    ([FIND, FIND, FIND], True),
    ([FIND, OTHER, PARCEL], False),
    ([FIND, OTHER, FIND, OTHER, FIND], True),
    ([FIND, FIND, OTHER, OTHER, PARCEL, PARCEL], False),
    ([PRICE, SAME_PRICE, PRICE], True),
)


def _leaks_nothing(total_of: Any) -> str | None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(TABLE)
        sentence = "customer {0!r} asks for order {1!r} and gets {given!r}, not {right!r}."
        return tried(partial(total_of, connection), LOOK_UPS, sentence)


def _sees_the_circles(in_circles: object) -> str | None:
    return tried(in_circles, RUNS, "for {0} it says {given!r}, not {right}.", as_truth)


CHECKS = {"06.1": _leaks_nothing, "06.2": _sees_the_circles}
