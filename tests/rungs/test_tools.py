"""The desk gives a customer her own rows and nobody else's, whatever the arguments say, and never crashes."""

import hashlib
import json
import shutil
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from anthropic.lib.tools import ToolError
from anthropic.types import ToolUseBlock
from hypothesis import given
from hypothesis import strategies as st

from course.engine.schema import enforceable
from course.errors import CourseError
from course.material import orders
from course.material.orders import read_only
from course.rungs.tools import MOST, TOOLS, Desk, within

LOOK_UPS = ("find_order", "find_parcel", "find_refund")
HOSTILE = ("x' OR '1'='1", "FL-20431' OR 1=1 --", "'; DROP TABLE orders; --", "FL-%", "FL-_____", "*", "")
HOSTILE += ("FL-20431\x00", "FL-20431' UNION SELECT * FROM customers --")
QUESTION = orders.questions("test")[0]
CUSTOMER, OWN = QUESTION.customer, QUESTION.input["order"]


def rows(query: str, *values: str) -> list[sqlite3.Row]:
    with read_only(orders.database()) as connection:
        return connection.execute(query, values).fetchall()


@pytest.fixture
def desk() -> Desk:
    return Desk(CUSTOMER)


def call(name: str, arguments: object) -> ToolUseBlock:
    return ToolUseBlock(id="toolu_1", type="tool_use", name=name, input=arguments)


def test_each_customer_sees_her_own_orders_only_and_nothing_called_changes_the_file(desk):
    for row in rows("SELECT id, customer FROM orders UNION SELECT 'FL-99999', ''"):
        order, is_own = row["id"], row["customer"] == CUSTOMER
        for tool in LOOK_UPS:
            text, is_error = desk.run(tool, {"order": order})
            is_unknown = (text, is_error) == (f"There is no order {order} in this customer's account.", True)
            assert is_unknown != is_own and (not is_error or not is_own or tool != "find_order")
    path = orders.database()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    for text in HOSTILE:
        for tool in LOOK_UPS:
            desk.run(tool, {"order": text})
    for statement in ("DELETE FROM orders", "UPDATE refunds SET amount = 1", "DROP TABLE orders"):
        with read_only(path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute(statement)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("text", HOSTILE)
def test_arguments_are_bound_so_a_query_in_them_finds_nothing(desk, text):
    for tool in LOOK_UPS:
        # Past the schema, straight to the query: binding alone must hold.
        with pytest.raises(ToolError, match="There is no order"):
            desk.functions[tool](text)
        assert desk.run(tool, {"order": text})[1]
    with pytest.raises(ToolError, match="There is no product"):
        desk.price(text, 1)


@given(st.text())
def test_no_text_at_all_opens_another_row(text):
    own = {row["id"] for row in rows("SELECT id FROM orders WHERE customer = ?", CUSTOMER)}
    if text not in own:
        with pytest.raises(ToolError):
            Desk(CUSTOMER).find_order(text)


def test_either_of_the_two_locks_alone_refuses_a_change_whatever_the_path(tmp_path):
    path = shutil.copy(orders.database(), tmp_path / "own.sqlite")
    for address, first in (
        (f"{path.as_uri()}?mode=ro", "SELECT 1"),
        (path.as_uri(), "PRAGMA query_only = ON"),
    ):
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute(first)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute("DELETE FROM orders")
    folder = tmp_path / "a?mode=rw"
    folder.mkdir()
    path = shutil.copy(orders.database(), folder / "own.sqlite")
    with read_only(path) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM orders")


def test_a_result_is_the_block_of_the_api_and_has_a_note_only_where_it_is_asked_for(desk):
    question = orders.questions("injection")[0]
    asked = (question.tool, question.input)
    assert "note" in json.loads(Desk(question.customer).run(*asked)[0])
    assert "note" not in json.loads(Desk(question.customer, notes=False).run(*asked)[0])
    good = desk.answer(call("find_order", {"order": OWN}))
    assert good.keys() == {"type", "tool_use_id", "content"} and good["tool_use_id"] == "toolu_1"
    assert desk.answer(call("find_order", {}))["is_error"] is True


def test_what_is_not_there_yet_is_said():
    [order] = rows("SELECT id, customer FROM orders WHERE status = 'preparing' LIMIT 1")
    desk = Desk(order["customer"])
    assert "has not left the warehouse" in desk.run("find_parcel", {"order": order["id"]})[0]
    assert "There is no refund" in desk.run("find_refund", {"order": order["id"]})[0]
    [row] = rows(
        "SELECT order_id, customer FROM refunds JOIN orders ON id = order_id "
        "WHERE refunds.status = 'in inspection' LIMIT 1"
    )
    found = Desk(row["customer"]).find_refund(row["order_id"])
    assert (found["approved_on"], found["arrives_by"]) == ("not yet", "not known")


@pytest.mark.parametrize(
    ("club", "product", "quantity", "total"),
    [
        ("Grow", "PU-210", 2, "38.72 EUR"),  # 22.00 less 12%, twice
        ("Sprout", "TL-11", 1, "9.02 EUR"),  # 9.80 less 8% is 9.016
        ("Harvest", "HB-3", 1, "56.00 EUR"),  # the hub has no discount
        ("Harvest", "ONE", 1, "149.00 EUR"),  # nor has a garden
        ("", "FA-48", 3, "81.00 EUR"),
    ],
)
def test_prices_have_the_discount_of_the_customers_own_tier(club, product, quantity, total):
    customer = rows("SELECT id FROM customers WHERE club = ? LIMIT 1", club)[0]["id"]
    assert Desk(customer).price(product, quantity)["total"] == total


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("find_order", {}, "'order' is a required property"),
        ("find_order", {"order": 20431}, "order: 20431 is not of type 'string'"),
        ("find_order", {"order": "my last one"}, "order: 'my last one' does not match"),
        ("find_order", {"order": OWN, "customer": "C-1001"}, "'customer' was unexpected"),
        ("find_order", "FL-20431", "is not of type 'object'"),
        ("find_order", None, "is not of type 'object'"),
        ("price", {"product": "PU-210", "quantity": 1.5}, "quantity: 1.5 is not of type 'integer'"),
        ("price", {"product": "PU-210", "quantity": 0}, "quantity is 0; give 1 to 99"),
        ("price", {"product": "PU-210", "quantity": 10**30}, "give 1 to 99"),
        ("price", {"product": "PU-9", "quantity": 1}, "There is no product PU-9; the codes are BOX-G (Pod"),
        ("delete_order", {"order": OWN}, "There is no tool delete_order; the tools are find_order"),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(desk, name, arguments, said):
    text, is_error = desk.run(name, arguments)
    assert is_error and said in text


def broken(order: str) -> dict:
    raise RuntimeError("SELECT secret FROM /srv/orders.sqlite")


@pytest.mark.parametrize(
    ("function", "kind"), [(broken, "RuntimeError"), (lambda order: {"order": object()}, "TypeError")]
)
def test_a_tool_that_raises_or_gives_no_json_is_an_error_that_gives_nothing_away(desk, function, kind):
    desk.functions["find_order"] = function
    said = f"find_order failed ({kind}). Say that this cannot be looked up now."
    assert desk.run("find_order", {"order": OWN}) == (said, True)


def test_a_tool_that_hangs_is_given_up_and_within_hands_on_what_comes(desk):
    over = threading.Event()
    desk.functions["find_order"] = lambda order: over.wait(60)
    started = time.perf_counter()
    text, is_error = desk.run("find_order", {"order": OWN}, seconds=0.05)
    over.set()
    assert is_error and text == "The tool did not answer within 0.05 seconds."
    assert time.perf_counter() - started < 5
    assert within(5, lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)


@pytest.mark.parametrize(
    ("customer", "content", "message"),
    [
        (CUSTOMER, None, "own.sqlite is missing: it should hold the orders"),
        (CUSTOMER, b"this is not a database" * 100, "own.sqlite cannot be used .*not a database.*Move"),
        ("C-1", orders.database().read_bytes(), "'C-1'"),
    ],
    ids=["missing", "damaged", "no such customer"],
)
def test_a_desk_that_cannot_be_opened_is_named(tmp_path, customer, content, message):
    path = tmp_path / "own.sqlite"
    if content:
        path.write_bytes(content)
    with pytest.raises(CourseError, match=message):
        Desk(customer, path=path)


def test_a_locked_database_is_named_and_in_the_loop_an_error_without_its_path(tmp_path, monkeypatch):
    monkeypatch.setattr(orders, "BUSY_SECONDS", 0.05)
    path = shutil.copy(orders.database(), tmp_path / "locked.sqlite")
    desk = Desk(CUSTOMER, path=path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match="locked.sqlite are in use by another kernel"):
            Desk(CUSTOMER, path=path)
        text, is_error = desk.run("find_order", {"order": OWN})
    assert is_error and text.startswith("find_order failed (CourseError)") and str(tmp_path) not in text
    assert not desk.run("find_order", {"order": OWN})[1]


def test_every_schema_is_one_that_the_local_model_can_be_held_to():
    for tool in TOOLS:
        assert enforceable(tool["input_schema"], where=tool["name"], strict=True)
        assert tool["description"].endswith(".")
    assert list(Desk(CUSTOMER).functions) == [tool["name"] for tool in TOOLS]
    assert f"1 to {MOST}" in TOOLS[3]["input_schema"]["properties"]["quantity"]["description"]
