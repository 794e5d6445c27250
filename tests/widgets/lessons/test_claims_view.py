"""The table of claims: what is left after searching, filtering and sorting, without a browser and in one."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page

from course.errors import CourseError
from course.material.claims import VERDICTS, claim, claims
from tests.browser import draw_widgets, page_fixture
from widgets.lessons.claims_view import ORDERS, ClaimsTable, chosen

ALL = claims()


def test_every_word_has_to_be_found_and_an_order_that_is_no_column_is_named():
    assert chosen(ALL) == ALL
    assert claim("C004") in chosen(ALL, words="GPT-4O training")
    assert chosen(ALL, words="gpt-4o no-such-word") == ()
    assert chosen(ALL, words="c004") and claim("C004") in chosen(ALL, words="ends on 14 january")
    with pytest.raises(CourseError, match="no column to sort by 'price'; use one of id"):
        chosen(ALL, order="price")


@given(
    st.sampled_from(["", *VERDICTS]),
    st.sampled_from(["", "Modulus", "Periagoge"]),
    st.sampled_from(["", "03", "09"]),
)
def test_filters_hold_together(verdict, article, lesson):
    left = chosen(ALL, verdict=verdict, article=article, lesson=lesson)
    fits = [
        verdict in ("", each.verdict)
        and article in ("", each.source.publisher)
        and (not lesson or lesson in each.lessons)
        for each in ALL
    ]
    assert list(left) == [each for each, fit in zip(ALL, fits, strict=True) if fit]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_sorting_loses_nothing_sorts_and_puts_what_is_empty_last(order, descending):
    left = chosen(ALL, order=order, descending=descending)
    assert sorted(each.id for each in left) == sorted(each.id for each in ALL)
    keys = [ORDERS[order](each) for each in left]
    filled = [key for key in keys if key != ()]
    assert keys[: len(filled)] == filled and (len(filled) < len(keys)) == (order in ("figure", "lessons"))
    assert all(a >= b if descending else a <= b for a, b in pairwise(filled))


@pytest.fixture
def view() -> ClaimsTable:
    return ClaimsTable()


def shown(view: ClaimsTable) -> list[str]:
    return [view.rows[place]["id"] for place in view.shown]


def test_the_table_starts_with_everything_or_with_a_filter(view):
    assert shown(view) == [each.id for each in ALL]
    for verdict, count in Counter(each.verdict for each in ALL).items():
        assert f"{count} {verdict}" in view.sentence
    table = ClaimsTable(verdict="contradicted", lesson="09")
    assert shown(table) and all(claim(id).verdict == "contradicted" for id in shown(table))
    assert table.sentence.endswith(f"{len(shown(table))} contradicted.")


def test_every_control_changes_the_rows_or_their_order(view):
    changes = {
        "words": "examples",
        "verdict": "depends",
        "article": "Modulus",
        "lesson": "11",
        "descending": True,
    }
    for name, value in changes.items():
        before = shown(view)
        setattr(view, name, value)
        assert shown(view) != before
    before = shown(view)
    view.order = "claim"
    assert shown(view) != before and sorted(shown(view)) == sorted(before)


@pytest.mark.parametrize(("name", "value"), [("verdict", "true"), ("article", "a blog"), ("lesson", "77")])
def test_a_filter_that_does_not_exist_is_named(view, name, value):
    with pytest.raises(CourseError, match=f"There is no {name} '{value}'; use one of"):
        setattr(view, name, value)
    assert shown(view) == [each.id for each in ALL]


browser_page = page_fixture(570, 700)


@pytest.fixture
def page(browser_page: Page, view: ClaimsTable) -> Page:
    state = {name: getattr(view, name) for name in ClaimsTable.class_own_traits() if not name.startswith("_")}
    return draw_widgets(browser_page, "claims", state)


def test_controls_have_names_tab_reaches_them_and_typing_reaches_the_model(page):
    names = []
    for _ in range(11):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("""() => {
                const at = document.activeElement;
                return at.labels?.[0]?.textContent || at.getAttribute('aria-label') || at.textContent;
            }""")
        )
    assert names == ["Search", "Verdict", "Article", "Lesson", "Claims of the five articles", *ORDERS]
    page.get_by_label("Search").type("gpt")
    assert page.evaluate("models[0].state.words") == "gpt"
    page.get_by_label("Verdict").press("ArrowDown")
    assert page.evaluate("models[0].state.verdict") == "reproduced here"


def test_a_header_sorts_and_turns_round_and_evidence_opens_within_its_column(page):
    for expected in ("ascending", "descending", "ascending"):
        page.get_by_role("button", name="figure").press("Enter")
        state = page.evaluate("[models[0].state.order, models[0].state.descending]")
        assert state == ["figure", expected == "descending"]
        assert page.locator("th", has_text="figure").first.get_attribute("aria-sort") == expected
    first = page.locator("summary").first
    first.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None
    assert ALL[0].evidence in page.locator("details").first.inner_text()
    width = page.evaluate("document.querySelector('.course-claims-rows').scrollWidth")
    assert width <= page.evaluate("document.querySelector('main').clientWidth")
