"""Answering from the handbook: what is asked, what a hit is, and which half of a failure failed."""

import pytest

from course.material import data
from course.rungs import rag
from course.rungs.chunks import by_section
from course.rungs.retrieve import search
from tests.rungs.answering import answering

HANDBOOK = data.handbook()
SECTIONS = by_section(HANDBOOK)
FEE = next(question for question in data.questions() if question.answer == "€2.40")


def sections_of(article):
    return [passage for passage in SECTIONS if passage.article == article]


def test_the_texts_stand_before_the_question_and_the_whole_handbook_is_every_article():
    client, asked = answering(" 30 days \n")
    assert rag.answer(client, "a model", FEE) == "30 days"
    rag.answer(client, "a model", FEE, ["One.", "Two."])
    closed, opened = (request["messages"][0]["content"] for request in asked)
    assert closed == FEE.text
    assert opened == f"Handbook:\nOne.\n\nTwo.\n\nQuestion: {FEE.text}"
    assert {request["system"] for request in asked} == {rag.SYSTEM}
    texts = rag.whole_articles(HANDBOOK)
    assert len(texts) == 30
    assert all(text.startswith(f"{article.title}\n") for text, article in zip(texts, HANDBOOK, strict=True))


@pytest.mark.slow
def test_hit_rates_rise_with_the_passages_and_leave_out_what_has_no_answer():
    questions = data.questions()
    assert len(rag.answerable(questions)) == 67
    rates = rag.hit_rates(questions, SECTIONS, "vector")
    shares = [int(rate.partition("%")[0]) for rate in rates.values()]
    assert list(rates) == ["hit at 1", "hit at 3", "hit at 5"] and shares == sorted(shares)
    hits = sum(rag.hit(q, search(q.text, SECTIONS, 3, "vector")) for q in rag.answerable(questions))
    assert shares[1] == round(100 * hits / 67)


@pytest.mark.parametrize(
    ("reply", "passages", "said"),
    [
        ("€2.40", [], rag.RIGHT),
        ("€9.00", sections_of("hub-wifi"), rag.NOT_FOUND),
        ("€9.00", [p for p in sections_of("spare-parts") if "2.40" not in p.text], rag.NOT_THE_SECTION),
        ("€9.00", sections_of("spare-parts"), rag.NOT_READ),
    ],
)
def test_a_failure_is_the_search_or_the_reading(reply, passages, said):
    assert rag.outcome(FEE, passages, reply) == said
