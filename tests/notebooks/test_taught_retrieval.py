"""What lesson 05 and its deeper notebooks teach, with margins, from the answers that the course carries."""

from dataclasses import replace
from functools import cache

from course.engine.client import connect
from course.material import data
from course.material.large_model import handbook_answers
from course.measuring.answers import figures, judge, refuses, states
from course.measuring.climb import HELPED, verdict
from course.measuring.evaluate import Result, compare, evaluate
from course.rungs import rag
from course.rungs.chunks import by_section, by_words
from course.rungs.retrieve import search

HANDBOOK, QUESTIONS = data.handbook(), data.questions()
SECTIONS = by_section(HANDBOOK)
ASKED = QUESTIONS[::3]
OTHERS = [question for place, question in enumerate(QUESTIONS) if place % 3]


@cache
def found(text: str, k: int):
    return search(text, SECTIONS, k, "vector")


def answered(k: int) -> Result:
    """The large model's answers with `k` retrieved sections."""
    client, model = connect("large")

    def ask(question):
        texts = [passage.searched for passage in found(question.text, 3)[:k]]
        return rag.answer(client, model, question, texts)

    return evaluate(ASKED, ask, name=f"{k} sections", check=judge, client=client)


def short_answer(client, model, question, passages) -> str:
    """What more/05_small_reader.ipynb asks."""
    book = "\n\n".join(passage.searched for passage in passages)
    text = f"Handbook:\n{book}\n\nQuestion: {question.text}" if passages else question.text
    turn = [{"role": "user", "content": text}]
    reply = client.messages.create(model=model, max_tokens=30, system=rag.SYSTEM, messages=turn)
    return "".join(block.text for block in reply.content if block.type == "text").strip()


def gold(question):
    wordings = (question.answer, *question.accept)
    chosen = []
    for article in question.articles:
        own = [passage for passage in SECTIONS if passage.article == article]
        exact = [passage for passage in own if states(passage.text, wordings)]
        chosen += search(question.text, exact or own, 1, "vector")
    return chosen


def of_the_small_reader(read) -> Result:
    client, model = connect("small")
    return evaluate(
        QUESTIONS, lambda q: short_answer(client, model, q, read(q)), name="small", check=judge, client=client
    )


def hits(questions, k: int, passages=SECTIONS, mode: str = "vector") -> float:
    asked = rag.answerable(questions)
    return sum(rag.hit(q, search(q.text, passages, k, mode)) for q in asked) / len(asked)


def test_search_by_meaning_finds_nearly_every_article_for_few_words_and_less_in_german():
    assert hits(OTHERS, 3) > 0.9
    assert hits(QUESTIONS, 3) >= hits(QUESTIONS, 1) + 0.04
    assert hits(OTHERS, 3, mode="lexical") < hits(OTHERS, 3)
    whole = by_words(HANDBOOK, 400)

    def words_read(passages):
        taken = [search(q.text, passages, 3, "vector") for q in rag.answerable(QUESTIONS)]
        return sum(len(p.searched.split()) for each in taken for p in each)

    assert words_read(SECTIONS) < 0.5 * words_read(whole)
    assert hits(QUESTIONS, 3) >= hits(QUESTIONS, 3, whole)
    german = "Wie lange bewahren Sie Aufzeichnungen meiner Telefonate mit dem Support auf?"
    question = next(q for q in QUESTIONS if q.id == "Q050")
    assert rag.hit(question, search(question.text, SECTIONS, 3, "vector"))
    assert not rag.hit(question, search(german, SECTIONS, 3, "vector"))


def test_sections_make_the_large_model_answer_and_closed_book_it_cannot():
    closed, one = answered(0), answered(1)
    assert closed.badge.startswith("recorded: ")
    assert verdict(compare(one, closed)) == HELPED and one.right >= closed.right + 6


def test_the_whole_handbook_helps_a_large_claude():
    closed, opened = (
        Result.from_replies(
            QUESTIONS, {each.id: each.answer for each in handbook_answers(book)}, name=book, check=judge
        )
        for book in ("closed", "open")
    )
    assert verdict(compare(opened, closed)) == HELPED and opened.accuracy > 0.95


def test_a_changed_article_is_found_and_answered_from():
    client, model = connect("large")
    paper = next(q for q in QUESTIONS if q.id == "Q066")
    changed = [replace(each, text=each.text.replace("€2.50", "€3.80")) for each in HANDBOOK]
    (passage,) = search(paper.text, by_section(changed), 1, "vector")
    assert "€3.80" in passage.text and "€2.50" not in passage.text
    assert "3.80" in rag.answer(client, model, paper, [passage.searched])


def test_a_small_reader_copies_is_distracted_and_seldom_refuses():
    closed, one, three = (of_the_small_reader(lambda q, k=k: found(q.text, 3)[:k]) for k in (0, 1, 3))
    golden = of_the_small_reader(gold)
    assert closed.right <= 3 and golden.right >= closed.right + 6 and one.right >= closed.right + 4
    assert three.right <= golden.right - 3
    said = dict(zip((q.id for q in QUESTIONS), one.frame.reply, strict=True))
    silent = [q for q in QUESTIONS if q.kind == "unanswerable"]
    assert sum(refuses(said[q.id]) for q in silent) <= len(silent) / 2
    halves = [
        rag.outcome(q, found(q.text, 3), reply)
        for q, reply in zip(QUESTIONS, three.frame.reply, strict=True)
        if q.kind != "unanswerable"
    ]
    assert halves.count(rag.NOT_READ) > halves.count(rag.NOT_FOUND) + halves.count(rag.NOT_THE_SECTION) + 10
    misled = [
        q
        for q in QUESTIONS
        if figures(said[q.id])
        and not refuses(said[q.id])
        and not judge(q, said[q.id]).correct
        and figures(said[q.id]) <= figures(q.text) | figures(found(q.text, 3)[0].searched)
    ]
    assert len(misled) >= 10
