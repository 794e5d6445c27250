"""Cutting loses nothing, keeps the order, overlaps as asked, and each passage says where it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material import data
from course.material.data import Article
from course.rungs.chunks import Passage, by_section, by_words

HANDBOOK = data.handbook()
LINES = st.lists(st.sampled_from(["", "## Money", "### Deep", "one two", "#no heading", "é €4.75  x", " y"]))
TEXTS = LINES.map("\n".join).filter(str.strip)
ARTICLES = st.lists(TEXTS, min_size=1, max_size=3).map(
    lambda texts: [Article(f"a{place}", f"Title {place}", text) for place, text in enumerate(texts)]
)


def of(passages: list[Passage], article: Article) -> list[Passage]:
    return [passage for passage in passages if passage.article == article.id]


@given(ARTICLES)
def test_the_sections_together_are_the_article(articles):
    passages = by_section(articles)
    assert [passage.article for passage in passages] == sorted(passage.article for passage in passages)
    for article in articles:
        own = of(passages, article)
        assert [word for passage in own for word in passage.text.split()] == article.text.split()
        assert [passage.start for passage in own] == sorted({passage.start for passage in own})


@given(ARTICLES, st.integers(1, 12), st.data())
def test_the_words_are_all_there_in_order_with_the_overlap_asked_for(articles, size, draw):
    overlap = draw.draw(st.integers(0, size - 1))
    passages = by_words(articles, size, overlap)
    for article in articles:
        pieces = [passage.text.split() for passage in of(passages, article)]
        assert pieces[0] + [word for piece in pieces[1:] for word in piece[overlap:]] == article.text.split()
        assert all(len(piece) == size for piece in pieces[:-1])
        assert overlap < len(pieces[-1]) <= size or len(pieces) == 1
        for before, after in zip(pieces, pieces[1:], strict=False):
            assert before[size - overlap :] == after[:overlap]


@given(ARTICLES, st.integers(1, 12))
def test_a_passage_is_a_slice_of_its_article(articles, size):
    texts = {article.id: article.text for article in articles}
    passages = by_section(articles) + by_words(articles, size, size // 2)
    for passage in passages:
        assert passage.text == texts[passage.article][passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""


def test_the_sections_of_the_handbook_are_its_headings():
    passages = by_section(HANDBOOK)
    assert all(passage.text.startswith(f"## {passage.heading}\n") for passage in passages)
    assert len({passage.id for passage in passages}) == len(passages)
    first = of(passages, next(article for article in HANDBOOK if article.id == "hub-wifi"))
    headings = ["The network", "Signal and ports", "When the network is gone", "Number of hubs"]
    assert [passage.heading for passage in first] == headings
    assert first[0].searched.startswith("Wi-Fi requirements of the hub\n## The network\nThe hub speaks")


def test_what_stands_above_the_first_heading_is_kept_and_a_passage_cut_by_size_knows_its_heading():
    article = Article("a", "A", "An introduction.\n\n## Money\nIt costs 3 euros.\n## Empty")
    assert [(p.heading, p.text) for p in by_section([article])] == [
        ("", "An introduction."),
        ("Money", "## Money\nIt costs 3 euros."),
        ("Empty", "## Empty"),
    ]
    article = Article("a", "A", "one two\n## Money\nthree four five")
    cut = [("", "one two"), *(("Money", text) for text in ("## Money", "three four", "five"))]
    assert [(p.heading, p.text) for p in by_words([article], 2)] == cut


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("## Setup\n```sh\n# install first\nrun\n```\nDone.\n## Use\nRun it.", ["Setup", "Use"]),
        ("## Setup\n~~~\n# not one\n```\n## nor this\n~~~\nDone.", ["Setup"]),
        ("## Setup\nText.\n\n    # indented code\n\n## Use\nRun it.", ["Setup", "Use"]),
        ("Setup\n=====\nText.\n\nUse\n---\nRun it.", ["Setup", "Use"]),
        ("## Closed ##\nText.\n##No heading\n####### seven", ["Closed"]),
        ("## Set *up* & `use`\nText.\n> # quoted\n- # in a list", ["Set *up* & `use`"]),
        ("```\n# a fence that never ends\n## nothing", [""]),
        ("# Setup\rText.\r## Use\rRun it.\r", ["Setup", "Use"]),
        ("# Setup\r\nText.\r## Use\nRun it.", ["Setup", "Use"]),
        ("---\ntitle: Wi-Fi\norder: 3\n---\n# Setup\nText.", ["", "Setup"]),
        ("+++\ntitle = 'Wi-Fi'\n+++\n\nText.\n\n# Use\nRun it.", ["", "Use"]),
        ("---\r\ntitle: Wi-Fi\r\n---\r\nText only.", [""]),
        ("---\n\n# Setup\nText.\n\n---\nMore.", ["", "Setup"]),
        ("\ufeff# Setup\nText.", ["Setup"]),
        ("<h1 align='center'>Name</h1>\n<!--\n# hidden\n-->\n\n## Use\nRun it.", ["", "Use"]),
        ("1. Step\n   ```sh\n   # comment\n   ```\n## Use\nRun it.", ["", "Use"]),
    ],
)
def test_headings_are_those_of_markdown(text, headings):
    passages = by_section([Article("a", "A", text)])
    assert [passage.heading for passage in passages] == headings
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())


@pytest.mark.parametrize("size, overlap", [(0, 0), (-5, 0), (10, 10), (10, 11), (10, -1)])
def test_a_size_that_cannot_be_is_named(size, overlap):
    with pytest.raises(CourseError, match=f"size is {size} and overlap {overlap} words"):
        by_words(HANDBOOK, size, overlap)


@pytest.mark.parametrize("cut", [by_section, lambda articles: by_words(articles, 50)])
def test_an_empty_handbook_is_refused(cut):
    with pytest.raises(CourseError, match="0 articles"):
        cut([])
    with pytest.raises(CourseError, match="'money' is empty"):
        cut([Article("money", "Money", " \n")])
    with pytest.raises(CourseError, match="the article 'money': .*half of a character"):
        cut([Article("money", "Money", "It costs \ud83d.")])
