"""The orders keep the handbook's rules and come out the same each time; the questions have right answers."""

import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.files import csv_rows
from course.material import data, make_orders, orders
from course.material.make_orders import ZONE_OF, add_working_days, is_working_day, leaves_on, return_window
from course.material.orders import TODAY, discounted, euros, figures
from course.rungs.tools import Desk


def table(name: str) -> list[SimpleNamespace]:
    """The rows of a table in data/orders, with its numbers as int."""
    columns = orders.TABLES[name]
    return [
        SimpleNamespace(**{c: int(v) if "INTEGER" in columns[c] else v for c, v in row.items()})
        for _, row in csv_rows(orders.FOLDER / f"{name}.csv", tuple(columns))
    ]


ORDERS, CUSTOMER = table("orders"), {row.id: row for row in table("customers")}
ORDER = {row.id: row for row in ORDERS}
PARCEL = {row.order_id: row for row in table("parcels")}
REFUND = {row.order_id: row for row in table("refunds")}
ITEMS = table("items")
PRODUCT = {row.code: row for row in table("products")}
DISCOUNT = {row.tier: row.discount for row in table("club")}
HANDBOOK = {article.id: article.text for article in data.handbook()}
dates = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def items_of(order: str) -> list[SimpleNamespace]:
    return [item for item in ITEMS if item.order_id == order]


def codes_of(order: str) -> list[str]:
    return [item.product for item in items_of(order)]


def test_two_builds_are_equal_and_the_files_are_what_the_script_writes(tmp_path):
    first, second = make_orders.files(), make_orders.files()
    assert first == second
    assert first == {name: (orders.FOLDER / name).read_text(encoding="utf-8") for name in first}
    orders.build(orders.FOLDER, tmp_path / "a")
    orders.build(orders.FOLDER, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_there_are_a_few_hundred_orders_and_every_key_meets(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    with closing(sqlite3.connect(orders.database())) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert 250 <= connection.execute("SELECT count(*) FROM orders").fetchone()[0] <= 400
    statuses = Counter(order.status for order in ORDERS)
    assert set(statuses) == {"preparing", "shipped", "delivered", "returned", "cancelled"}
    assert min(statuses.values()) >= 5


def test_prices_tiers_and_fees_are_those_of_the_handbook():
    parts = dict(re.findall(r"- .*?([A-Z]{2}-\w+): €([\d.]+)", HANDBOOK["spare-parts"]))
    for code, product in PRODUCT.items():
        if code in parts:
            assert parts[code] == f"{product.price / 100:.2f}", product.name
            assert product.club_counts == (code != "HB-3")
        if product.kind == "garden":
            assert f"{product.name.split()[1]} €{product.price / 100:.2f}" in HANDBOOK["trade-in"]
        if product.kind == "box":
            assert f"for €{product.price / 100:.2f} a month" in HANDBOOK["pod-club-tiers"]
    bottle = PRODUCT["LEAF"].price / 100
    assert f"Leaf or Fruit bottle: €{bottle:.2f}" in HANDBOOK["spare-parts"]
    assert parts.keys() <= PRODUCT.keys()
    for tier, percent in DISCOUNT.items():
        assert f"{percent}% with {tier}" in HANDBOOK["pod-club-tiers"]
    for zone in make_orders.ZONES:
        assert re.search(
            rf"Zone {zone.name} .*: {zone.days} days.*€{zone.shipping / 100:.2f}", HANDBOOK["shipping-zones"]
        )
    for method, days in make_orders.REFUND_DAYS.items():
        line = next(
            line for line in HANDBOOK["refund-timeline"].splitlines() if method.lower() in line.lower()
        )
        assert f": {days} working day" in line


def test_amounts_add_up():
    for order in ORDERS:
        items = items_of(order.id)
        assert order.goods == sum(item.quantity * item.price for item in items) > 0
        assert order.total == order.goods + order.shipping
        for item in items:
            product, club = PRODUCT[item.product], DISCOUNT.get(CUSTOMER[order.customer].club, 0)
            assert item.discount == (club if product.club_counts else 0)
            assert item.price == discounted(product.price, item.discount)


def test_shipping_follows_zone_and_kind():
    for order in ORDERS:
        customer, codes = CUSTOMER[order.customer], set(codes_of(order.id))
        zone = ZONE_OF[customer.country]
        if "WALL" in codes:
            assert order.shipping == 4_900
        elif codes & {"ONE", "DUO"}:
            assert order.shipping == (1_750 if zone.name == "D" else 0)
        elif codes & {"BOX-S", "BOX-G", "BOX-H"}:
            passport = 630 if customer.country in ("CH", "GB") else 0
            box = 460 if zone.name in "CD" else 295 if customer.club == "Sprout" else 0
            assert order.shipping == box + passport
        else:
            assert order.shipping == 390


def test_norway_gets_neither_pods_nor_pod_club():
    for customer in CUSTOMER.values():
        assert customer.country != "NO" or not customer.club
    for order in ORDERS:
        if any(code.startswith("BOX") for code in codes_of(order.id)):
            assert CUSTOMER[order.customer].country != "NO"
            assert date.fromisoformat(order.placed_on).day in (3, 12, 21)


def test_parcels_leave_and_arrive_on_the_days_that_the_handbook_names():
    assert set(PARCEL) == {o.id for o in ORDERS if o.status in ("shipped", "delivered", "returned")}
    for id, parcel in PARCEL.items():
        order, codes = ORDER[id], codes_of(id)
        left, expected = date.fromisoformat(parcel.left_on), date.fromisoformat(parcel.expected_on)
        placed = date.fromisoformat(order.placed_on)
        is_box = codes[0].startswith("BOX")
        assert left == (placed if is_box else leaves_on(placed, order.placed_at))
        days = ZONE_OF[CUSTOMER[order.customer].country].days + (3 if "WALL" in codes else 0)
        assert expected == add_working_days(left, days)
        assert left < TODAY and bool(parcel.delivered_on) == (order.status != "shipped")
        if parcel.delivered_on:
            assert expected <= date.fromisoformat(parcel.delivered_on) < TODAY
            assert is_working_day(date.fromisoformat(parcel.delivered_on))


def test_orders_are_numbered_as_they_came_and_none_is_later_than_today():
    placed = [(order.placed_on, order.placed_at) for order in ORDERS]
    assert placed == sorted(placed) and placed[-1][0] <= TODAY.isoformat()
    assert [order.id for order in ORDERS] == sorted(ORDER) and len(ORDER) == len(ORDERS)


def test_refunds_keep_window_inspection_finance_and_method():
    assert set(REFUND) == {order.id for order in ORDERS if order.status in ("returned", "cancelled")}
    assert {refund.status for refund in REFUND.values()} == {"in inspection", "approved", "paid"}
    for id, refund in REFUND.items():
        order = ORDER[id]
        customer, codes = CUSTOMER[order.customer], codes_of(id)
        assert refund.method == order.payment and 0 < refund.amount <= order.total
        assert (refund.reason == "cancelled") == (id not in PARCEL)
        if refund.reason == "returned":
            received = date.fromisoformat(refund.received_on)
            delivered = date.fromisoformat(PARCEL[id].delivered_on)
            assert set(codes) & {"ONE", "DUO", "WALL"} and delivered < received < TODAY
            back = ZONE_OF[customer.country].days
            assert received <= add_working_days(
                date.fromordinal(delivered.toordinal() + return_window(customer.country, codes)), back
            )
            way = 6_200 if "WALL" in codes else 0 if ZONE_OF[customer.country].name == "A" else 950
            assert order.total - refund.amount in (way, way + 1_800)
        if refund.status == "in inspection":
            assert not (refund.reference or refund.approved_on or refund.due_on)
            continue
        approved, due = date.fromisoformat(refund.approved_on), date.fromisoformat(refund.due_on)
        assert refund.reference.startswith("RF-") and is_working_day(approved) and approved <= TODAY
        start = approved
        while refund.amount > 40_000 and start.weekday() not in (1, 3):
            start = date.fromordinal(start.toordinal() + 1)
        assert due == add_working_days(start, make_orders.REFUND_DAYS[refund.method])
        assert (refund.status == "paid") == (due < TODAY)
        if refund.reason == "returned":
            assert approved <= add_working_days(date.fromisoformat(refund.received_on), 3)


@given(dates, st.integers(0, 20))
def test_working_days_count_as_on_a_calendar(day, count):
    later = add_working_days(day, count)
    assert is_working_day(later) and later >= day
    between = range(day.toordinal() + 1, later.toordinal() + 1)
    counted = sum(is_working_day(date.fromordinal(each)) for each in between)
    assert counted == (count if count or is_working_day(day) else 1)


def test_the_last_minute_of_a_working_day():
    friday, saturday, monday = date(2026, 11, 13), date(2026, 11, 14), date(2026, 11, 16)
    assert leaves_on(friday, "13:19") == friday
    assert leaves_on(friday, "13:20") == leaves_on(saturday, "09:00") == monday


# Questions


def test_there_are_48_questions_of_six_kinds_and_none_is_an_example():
    test, example = orders.questions("test"), orders.questions("example")
    assert Counter(question.kind for question in test) == {
        "order": 10,
        "parcel": 10,
        "refund": 8,
        "price": 8,
        "other_customer": 6,
        "no_such_order": 6,
    }
    assert (len(example), len(orders.questions("injection"))) == (30, 6)
    everything = [*test, *example, *orders.questions("injection")]
    assert len({question.text for question in everything}) == len(everything)
    about = [question.input["order"] for question in everything if "order" in question.input]
    assert len(set(about)) == len(about)


@pytest.mark.parametrize(
    "question", [q for split in orders.SPLITS for q in orders.questions(split)], ids=lambda q: q.id
)
def test_the_gold_call_finds_the_gold_answer(question):
    """Checked against the database through the tools, not against the script that wrote the questions."""
    text, is_error = Desk(question.customer).run(question.tool, question.input)
    if question.answer == "refused":
        assert is_error and "There is no order" in text
        owner = ORDER.get(question.input["order"])
        assert (owner is None) == (question.kind == "no_such_order")
        assert owner is None or owner.customer != question.customer
    else:
        assert not is_error
        assert question.answer in text and question.answer in question.reply
    asked = question.input.get("order", question.input.get("product"))
    assert asked in question.text and (asked in question.reply or question.kind == "price")


def test_an_unknown_split_of_the_questions_is_named():
    with pytest.raises(CourseError, match="'exam'.*example, test, injection"):
        orders.questions("exam")


# The database file


@pytest.fixture
def folder(tmp_path) -> Path:
    return shutil.copytree(orders.FOLDER, tmp_path / "orders")


def test_a_change_of_the_data_gives_another_file(monkeypatch, tmp_path, folder):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(orders, "FOLDER", folder)
    first = orders.database()
    assert orders.database() == first
    with (folder / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("C-9999,BE,\n")
    assert orders.database() != first
    assert not list((tmp_path / "cache").glob("*.tmp"))


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("orders", "FL-99999,C-0,2026-11-01,10:00,shipped,PayPal,100,0,100,"),
        ("orders", "FL-99999,C-1001,2026-11-01,10:00,shipped,PayPal,ten,0,10,"),
        ("customers", "C-1001,BE,"),
    ],
)
def test_a_row_that_does_not_fit_is_named(table, row, folder, tmp_path):
    with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    with pytest.raises(CourseError, match=rf"{table}\.csv, line .*'{row.split(',')[0]}' does not fit"):
        orders.build(folder, tmp_path / "a")


# Money and figures


@given(st.integers(0, 10**7), st.integers(0, 100))
def test_a_discount_is_rounded_to_the_nearest_cent(cents, percent):
    exact = cents * (100 - percent) / 100
    assert abs(discounted(cents, percent) - exact) <= 0.5
    assert figures(euros(cents)) == {f"{cents / 100:.2f}"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It left on 2026-11-03.", {"2026-11-03"}),
        ("on 3 November 2026, the 3rd of November, November 3", {"2026-11-03"}),
        ("November 3, 2025", {"2025-11-03"}),
        ("FL-20431 costs 1,234.50 EUR or €12.3", {"FL-20431", "1234.50", "12.30"}),
        ("2 pumps PU-210, 12% off", {"2", "PU-210", "12"}),
        ("one FA-24M", {"FA-24M"}),
        ("no figure at all", set()),
    ],
)
def test_figures_come_in_one_form(text, found):
    assert figures(text) == found


def test_no_customer_has_a_name():
    assert set(orders.TABLES["customers"]) == {"id", "country", "club"}
