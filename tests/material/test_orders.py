"""The orders keep the handbook's rules, and the questions about them have right answers."""

import re
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material import data, orders
from course.material.orders import discounted, euros, figures
from course.rungs.tools import Desk

HANDBOOK = {article.id: article.text for article in data.handbook()}
TODAY = orders.TODAY.isoformat()
ZONES = {"A": "BE NL LU DE", "B": "FR AT DK IE", "C": "ES IT PT PL CZ SE FI", "D": "CH NO GB"}
ZONE_OF = {country: zone for zone, countries in ZONES.items() for country in countries.split()}
DELIVERY_DAYS = {"A": 2, "B": 4, "C": 6, "D": 9}
RETURN_DAYS = {"DE": 45, "NL": 45, "BE": 40, "LU": 40, "FR": 30, "GB": 28, "CH": 16, "NO": 16}
REFUND_DAYS = {"PayPal": 1, "SEPA bank transfer": 2, "Bancontact": 4, "iDEAL": 4, "credit card": 7}
HOLIDAYS = ["2026-11-01", "2026-12-25"]


def after(day: str, count: int) -> str:
    """The `count`th working day after an ISO date; for 0 the day itself, or the next working day."""
    return str(np.busday_offset(day, count, roll="backward" if count else "forward", holidays=HOLIDAYS))


def is_working_day(day: str) -> bool:
    return bool(np.is_busday(day, holidays=HOLIDAYS))


def table(name: str) -> pd.DataFrame:
    with orders.read_only(orders.database()) as connection:
        return pd.read_sql(f"SELECT * FROM {name}", connection)


CUSTOMERS, PRODUCTS = table("customers").set_index("id"), table("products").set_index("code")
DISCOUNT = table("club").set_index("tier").discount
ITEMS = table("items").join(PRODUCTS.rename(columns={"price": "listed"}), on="product")
PARCELS, REFUNDS = table("parcels").set_index("order_id"), table("refunds").set_index("order_id")
ORDERS = table("orders").set_index("id").join(CUSTOMERS, on="customer")
ORDERS["zone"] = ORDERS.country.map(ZONE_OF)
ORDERS["products"] = ITEMS.groupby("order_id")["product"].agg(set)
ORDERS["box"] = ORDERS.products.map(lambda codes: any(code.startswith("BOX") for code in codes))
ORDERS["garden"] = ORDERS.products.map(lambda codes: bool(codes & {"ONE", "DUO", "WALL"}))
ORDERS["wall"] = ORDERS.products.map(lambda codes: "WALL" in codes)


def test_there_are_a_few_hundred_orders_and_every_key_meets(tmp_path):
    with orders.read_only(orders.database()) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert tuple(connection.execute("PRAGMA integrity_check").fetchone()) == ("ok",)
    assert 250 <= len(ORDERS) <= 400
    assert list(CUSTOMERS) == ["country", "club"], "no customer is a person"
    statuses = Counter(ORDERS.status)
    assert set(statuses) == {"preparing", "shipped", "delivered", "returned", "cancelled"}
    assert min(statuses.values()) >= 5
    for name in ("a", "b"):
        orders.build(orders.FOLDER, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_rules_prices_tiers_and_fees_are_those_of_the_handbook():
    for zone, days in DELIVERY_DAYS.items():
        assert re.search(rf"Zone {zone} .*: {days} days", HANDBOOK["shipping-zones"])
    rule = r"Zone D .*€17\.50.*never free in zone D.*€49\.00"
    assert re.search(rule, HANDBOOK["shipping-zones"], re.DOTALL)
    for method, days in REFUND_DAYS.items():
        lines = HANDBOOK["refund-timeline"].lower().splitlines()
        assert f": {days} working day" in next(line for line in lines if method.lower() in line)
    parts = dict(re.findall(r"- .*?([A-Z]{2}-\w+): €([\d.]+)", HANDBOOK["spare-parts"]))
    assert parts.keys() <= set(PRODUCTS.index)
    for code, product in PRODUCTS.iterrows():
        price = f"€{product.price / 100:.2f}"
        if code in parts:
            assert f"€{parts[code]}" == price and product.club_counts == (code != "HB-3"), product["name"]
        if product.kind == "garden":
            assert f"{product['name'].split()[1]} {price}" in HANDBOOK["trade-in"]
        if product.kind == "box":
            assert f"for {price} a month" in HANDBOOK["pod-club-tiers"]
    assert f"Leaf or Fruit bottle: €{PRODUCTS.price['LEAF'] / 100:.2f}" in HANDBOOK["spare-parts"]
    for tier, percent in DISCOUNT.items():
        assert f"{percent}% with {tier}" in HANDBOOK["pod-club-tiers"]


def test_amounts_add_up_orders_are_numbered_as_they_came_and_norway_gets_no_pods():
    goods = (ITEMS.quantity * ITEMS.price).groupby(ITEMS.order_id).sum()
    assert (ORDERS.goods == goods).all() and (goods > 0).all()
    assert (ORDERS.total == ORDERS.goods + ORDERS.shipping).all()
    for item in ITEMS.itertuples():
        club = DISCOUNT.get(ORDERS.club[item.order_id], 0)
        assert item.discount == (club if item.club_counts else 0)
        assert item.price == discounted(item.listed, item.discount)
    placed = list(zip(ORDERS.placed_on, ORDERS.placed_at, strict=True))
    assert placed == sorted(placed) and placed[-1][0] <= TODAY
    assert list(ORDERS.index) == sorted(set(ORDERS.index))
    assert not CUSTOMERS.club[CUSTOMERS.country == "NO"].any()
    boxes = ORDERS[ORDERS.box]
    assert "NO" not in set(boxes.country)
    assert {date.fromisoformat(day).day for day in boxes.placed_on} <= {3, 12, 21}


def test_shipping_and_parcels_follow_zone_kind_and_the_days_of_the_handbook():
    for order in ORDERS.itertuples():
        if order.wall:
            expected = 4_900
        elif order.garden:
            expected = 1_750 if order.zone == "D" else 0
        elif order.box:
            passport = 630 if order.country in ("CH", "GB") else 0
            expected = passport + (460 if order.zone in "CD" else 295 if order.club == "Sprout" else 0)
        else:
            expected = 390
        assert order.shipping == expected, order
    assert set(PARCELS.index) == set(ORDERS.index[ORDERS.status.isin(["shipped", "delivered", "returned"])])
    for parcel in PARCELS.join(ORDERS).itertuples():
        same_day = parcel.box or (is_working_day(parcel.placed_on) and parcel.placed_at < "13:20")
        assert parcel.left_on == (parcel.placed_on if same_day else after(parcel.placed_on, 1))
        assert parcel.expected_on == after(parcel.left_on, DELIVERY_DAYS[parcel.zone] + 3 * parcel.wall)
        assert parcel.left_on < TODAY and bool(parcel.delivered_on) == (parcel.status != "shipped")
        if parcel.delivered_on:
            assert parcel.expected_on <= parcel.delivered_on < TODAY and is_working_day(parcel.delivered_on)


def test_refunds_keep_window_inspection_finance_and_method():
    assert set(REFUNDS.index) == set(ORDERS.index[ORDERS.status.isin(["returned", "cancelled"])])
    assert set(REFUNDS.status) == {"in inspection", "approved", "paid"}
    for refund in REFUNDS.join(ORDERS.drop(columns="status")).join(PARCELS).itertuples():
        assert refund.method == refund.payment and 0 < refund.amount <= refund.total
        assert (refund.reason == "cancelled") == (refund.Index not in PARCELS.index)
        if refund.reason == "returned":
            assert refund.garden and refund.delivered_on < refund.received_on < TODAY
            window = 14 if refund.wall else RETURN_DAYS.get(refund.country, 21)
            last_day = str(np.datetime64(refund.delivered_on) + window)
            assert refund.received_on <= after(last_day, DELIVERY_DAYS[refund.zone])
            way = 6_200 if refund.wall else 0 if refund.zone == "A" else 950
            assert refund.total - refund.amount in (way, way + 1_800)
        if refund.status == "in inspection":
            assert not (refund.reference or refund.approved_on or refund.due_on)
            continue
        approved = start = refund.approved_on
        assert refund.reference.startswith("RF-") and is_working_day(approved) and approved <= TODAY
        if refund.amount > 40_000:
            start = str(np.busday_offset(approved, 0, roll="forward", weekmask="Tue Thu", holidays=HOLIDAYS))
        assert refund.due_on == after(start, REFUND_DAYS[refund.method])
        assert (refund.status == "paid") == (refund.due_on < TODAY)
        if refund.reason == "returned":
            assert approved <= after(refund.received_on, 3)


def test_there_are_48_questions_of_six_kinds_none_is_an_example_and_no_other_split_is_known():
    test, example = orders.questions("test"), orders.questions("example")
    kinds = {"order": 10, "parcel": 10, "refund": 8, "price": 8, "other_customer": 6, "no_such_order": 6}
    assert Counter(question.kind for question in test) == kinds
    assert (len(example), len(orders.questions("injection")), len(orders.questions("named"))) == (30, 6, 12)
    everything = [question for split in orders.SPLITS for question in orders.questions(split)]
    assert len({question.text for question in everything}) == len(everything)
    about = [question.input["order"] for question in everything if "order" in question.input]
    assert len(set(about)) == len(about)
    with pytest.raises(CourseError, match="'exam'.*example, test, injection, named"):
        orders.questions("exam")


@pytest.mark.parametrize(
    "question", [q for split in orders.SPLITS for q in orders.questions(split)], ids=lambda q: q.id
)
def test_the_gold_call_finds_the_gold_answer(question):
    """Checked against the database through the tools, not against the script that wrote the questions."""
    text, is_error = Desk(question.customer).run(question.tool, question.input)
    if question.answer == "refused":
        assert is_error and "There is no order" in text
        owner = ORDERS.customer.get(question.input["order"])
        assert (owner is None) == (question.kind == "no_such_order") and owner != question.customer
    else:
        assert not is_error
        assert question.answer in text and question.answer in question.reply
    asked = question.input.get("order", question.input.get("product"))
    # A question of `named` names its product in words.
    assert (asked in question.text) != (question.split == "named")
    assert asked in question.reply or question.kind == "price"


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
