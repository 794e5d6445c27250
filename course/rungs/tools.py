"""The tools of the order desk: what a model may look up for the customer who is signed in.

The model chooses a tool and its arguments; everything else is decided here. The customer is set by the
program, never by an argument, and the database cannot be written. Whatever goes wrong becomes a result that
the model can read, with `is_error`.
"""

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

from anthropic.lib.tools import ToolError  # what the model is to read when a tool cannot do what it was asked
from anthropic.types import ToolParam, ToolResultBlockParam, ToolUseBlock
from jsonschema import Draft202012Validator

from course.errors import CourseError
from course.files import read_text
from course.material.orders import FOLDER, database, discounted, euros, read_only

SECONDS = 30.0  # the longest that one call may take; a busy embedded model holds the interpreter for some
UNEXPLAINED = "Error."
MOST = 99  # of one product, so that a typing error does not become a price


TOOLS: tuple[ToolParam, ...] = tuple(json.loads(read_text(FOLDER / "tools.json")))
_SCHEMAS = {tool["name"]: tool["input_schema"] for tool in TOOLS}


class Desk:
    """The tools of one signed-in customer. Safe for threads: each look-up has its own connection.

    `notes` says whether an order comes with the note that was written when it was placed, `explains` whether
    an error says what is wrong. Raises CourseError when the database is missing, damaged or locked, or has no
    such customer.
    """

    def __init__(
        self, customer: str, *, path: Path | None = None, notes: bool = True, explains: bool = True
    ) -> None:
        self._path = path or database()
        self._customer = customer
        self._notes = notes
        self._explains = explains
        row = self._one("SELECT club FROM customers WHERE id = ?", customer)
        if row is None:
            raise CourseError(f"There is no customer {customer!r}; take one from data/orders/customers.csv.")
        self._club = row["club"]
        self.functions: dict[str, Callable[..., dict]] = {name: getattr(self, name) for name in _SCHEMAS}

    def find_order(self, order: str) -> dict:
        """Status, day, items, shipping and total of an order of this customer."""
        row = self._own_order(order)
        items = self._all(
            "SELECT quantity, name FROM items JOIN products ON code = product WHERE order_id = ?", order
        )
        found = {
            "order": order,
            "status": row["status"],
            "placed_on": row["placed_on"],
            "items": ", ".join(f"{item['quantity']} x {item['name']}" for item in items),
            "shipping": euros(row["shipping"]),
            "total": euros(row["total"]),
        }
        return found | ({"note": row["note"]} if self._notes and row["note"] else {})

    def find_parcel(self, order: str) -> dict:
        """The days on which the parcel of an order of this customer left and is or was due."""
        self._own_order(order)
        row = self._one("SELECT * FROM parcels WHERE order_id = ?", order)
        if row is None:
            raise ToolError(f"Order {order} has not left the warehouse: there is no parcel.")
        found = {"order": order, "left_on": row["left_on"], "expected_on": row["expected_on"]}
        return found | {"delivered_on": row["delivered_on"] or "not yet"}

    def find_refund(self, order: str) -> dict:
        """State, amount and days of the refund for an order of this customer."""
        self._own_order(order)
        row = self._one("SELECT * FROM refunds WHERE order_id = ?", order)
        if row is None:
            raise ToolError(f"There is no refund for order {order}.")
        found = {"order": order, "status": row["status"], "amount": euros(row["amount"])}
        approved, due = row["approved_on"] or "not yet", row["due_on"] or "not known"
        return found | {"approved_on": approved, "arrives_by": due}

    def price(self, product: str, quantity: int) -> dict:
        """What `quantity` of a product cost this customer, whose tier is in the database."""
        if not 1 <= quantity <= MOST:
            raise ToolError(f"quantity is {quantity}; give 1 to {MOST}.")
        row = self._one("SELECT * FROM products WHERE code = ?", product)
        if row is None:
            products = self._all("SELECT code, name FROM products ORDER BY code")
            codes = ", ".join(f"{each['code']} ({each['name']})" for each in products)
            raise ToolError(f"There is no product {product}; the codes are {codes}.")
        club = self._one("SELECT discount FROM club WHERE tier = ?", self._club)
        percent = club["discount"] if club and row["club_counts"] else 0
        total = quantity * discounted(row["price"], percent)
        found = {"product": row["name"], "quantity": quantity, "discount": f"{percent}%"}
        return found | {"total": euros(total)}

    def answer(self, call: ToolUseBlock, seconds: float = SECONDS) -> ToolResultBlockParam:
        """The result of a call, as the block to send back. It never raises."""
        text, is_error = self.run(call.name, call.input, seconds)
        result: ToolResultBlockParam = {"type": "tool_result", "tool_use_id": call.id, "content": text}
        if is_error:
            result["is_error"] = True
        return result

    def run(self, name: str, arguments: object, seconds: float = SECONDS) -> tuple[str, bool]:
        """The text that a call gives, and whether it is an error."""
        try:
            function = self.functions.get(name)
            if function is None:
                raise ToolError(f"There is no tool {name}; the tools are {', '.join(self.functions)}.")
            given = checked(arguments, _SCHEMAS[name])
            return json.dumps(within(seconds, lambda: function(**given)), ensure_ascii=False), False
        except ToolError as error:
            return (str(error) if self._explains else UNEXPLAINED), True
        except Exception as error:
            # The model may repeat what it reads, so no path and no query: the kind of error is all it gets.
            return f"{name} failed ({type(error).__name__}). Say that this cannot be looked up now.", True

    def _own_order(self, order: str) -> Any:
        row = self._one("SELECT * FROM orders WHERE id = ? AND customer = ?", order, self._customer)
        if row is None:
            # The same words for an order of somebody else: whether it exists must stay unknown.
            raise ToolError(f"There is no order {order} in this customer's account.")
        return row

    def _one(self, query: str, *values: str) -> Any:
        with read_only(self._path) as connection:
            return connection.execute(query, values).fetchone()

    def _all(self, query: str, *values: str) -> list:
        with read_only(self._path) as connection:
            return connection.execute(query, values).fetchall()


def checked(arguments: Any, schema: Mapping) -> dict:
    """The arguments of a call. ToolError in words that a model can act on when they do not fit the schema."""
    for error in Draft202012Validator(schema).iter_errors(arguments):
        place = ".".join(map(str, error.absolute_path)) or "input"
        raise ToolError(f"{place}: {error.message}")
    return dict(arguments)


def within(seconds: float, function: Callable[[], Any]) -> Any:
    """What `function` returns or raises, or ToolError after `seconds`.

    Python cannot stop a thread. The one that hangs is left behind, and does not keep the process from ending.
    """
    answer: Future = Future()

    def run() -> None:
        try:
            answer.set_result(function())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    if not wait([answer], seconds).done:
        raise ToolError(f"The tool did not answer within {seconds:g} seconds.")
    return answer.result()
