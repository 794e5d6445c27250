"""The grid of lesson 05 counts what the searches found and names the cheapest choice that is as good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.data import Question
from course.rungs.chunks import Passage
from widgets.lessons.retrieval_model import Grid, advice_in_words, in_words

PRICE = Question("Q1", "What does it cost?", "€4.75", (), ("prices",), "single")
DAYS = Question("Q2", "How long?", "5 days", ("five days",), ("returns",), "single")
QUESTIONS = [PRICE, DAYS]


def passage(article: str, text: str) -> Passage:
    return Passage(article, "Title", "", 0, len(text), text)


PRICES, DATES, OTHER = (
    passage("prices", "It costs €4.75."),
    passage("returns", "Send it back."),
    passage("other", "After 5 days, €4.75."),
)
FOUND = {
    ("sections", "vector"): [[PRICES, OTHER], [OTHER, DATES]],
    ("50 words", "vector"): [[OTHER, PRICES], [DATES, passage("returns", "Within five days.")]],
}


@pytest.fixture
def grid() -> Grid:
    return Grid(QUESTIONS, FOUND, most=2, tokens_per_word=1.5)


def test_articles_answers_tokens_and_words_are_counted_within_k(grid):
    assert [grid.at("sections", "vector", k).found for k in (1, 2)] == [1, 2]
    assert [grid.at("50 words", "vector", k).found for k in (1, 2)] == [1, 2]
    assert [grid.at("sections", "vector", k).stated for k in (1, 2)] == [1, 1]
    assert [grid.at("50 words", "vector", k).stated for k in (1, 2)] == [0, 2]
    # 'Title It costs 4.75' and 'Title After 5 days, 4.75': 4 and 5 words
    assert grid.at("sections", "vector", 1).tokens == pytest.approx(1.5 * 4.5)
    point = grid.at("sections", "vector", 2)
    assert "2 passages of sections, vector search" in in_words(point)
    assert "2 of 2 questions, 100%" in in_words(point) and "in the passages for 1, 50%" in in_words(point)
    best = grid.at("sections", "vector", 1)
    assert "1 of 2 for about 7 tokens" in advice_in_words(point, best)
    assert advice_in_words(best, best).startswith("Nothing measured here")


@given(st.integers(1, 2), st.sampled_from(["sections", "50 words"]))
def test_the_cheapest_is_as_good_and_no_dearer(k, cut):
    grid = Grid(QUESTIONS, FOUND, most=2, tokens_per_word=1.5)
    point = grid.at(cut, "vector", k)
    best = grid.cheapest_as_good(point)
    assert best.stated >= point.stated and best.tokens <= point.tokens


@pytest.mark.parametrize(
    "cut, mode, k", [("pages", "vector", 1), ("sections", "magic", 1), ("sections", "vector", 3)]
)
def test_what_was_not_measured_is_named(grid, cut, mode, k):
    with pytest.raises(CourseError, match=f"{cut}, {mode}, {k} passages.*1 to 2"):
        grid.at(cut, mode, k)


def test_a_search_too_few_is_refused():
    with pytest.raises(CourseError, match="1 searches for 2 questions"):
        Grid(QUESTIONS, {("sections", "vector"): [[PRICES]]}, most=1, tokens_per_word=1)
    with pytest.raises(CourseError, match="0 questions"):
        Grid([], {}, most=1, tokens_per_word=1)
    with pytest.raises(CourseError, match="50 words, lexical"):
        uneven = {("sections", "lexical"): FOUND["sections", "vector"], **FOUND}
        Grid(QUESTIONS, uneven, most=2, tokens_per_word=1)
