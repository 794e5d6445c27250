"""Answering from the handbook: the texts that a search found go into the prompt, and the model answers."""

from collections.abc import Sequence

from anthropic import Anthropic
from anthropic.types import MessageParam

from course.engine.replies import text_of
from course.material.data import Article, Question
from course.measuring.answers import judge, states
from course.measuring.results import wilson
from course.rungs.chunks import Passage
from course.rungs.retrieve import search

SYSTEM = (
    "Answer the question from the handbook in a few words. "
    "If the handbook does not say, reply: not in the handbook"
)
MOST_TOKENS = 60  # a sentence: some models answer in full ones
RIGHT = "right"
NOT_FOUND = "search: not the right article"
NOT_THE_SECTION = "search: the article, not the section"
NOT_READ = "reading: the answer was there"


def answer(client: Anthropic, model: str, question: Question, texts: Sequence[str] = ()) -> str:
    """The model's reply with these texts in front of the question; without a text it is closed book."""
    turns = _turns(question, texts)
    message = client.messages.create(model=model, max_tokens=MOST_TOKENS, system=SYSTEM, messages=turns)
    return text_of(message).strip()


def tokens(client: Anthropic, model: str, question: Question, texts: Sequence[str] = ()) -> int:
    """The length of that request."""
    turns = _turns(question, texts)
    return client.messages.count_tokens(model=model, system=SYSTEM, messages=turns).input_tokens


def _turns(question: Question, texts: Sequence[str]) -> list[MessageParam]:
    book = "\n\n".join(texts)
    asked = f"Handbook:\n{book}\n\nQuestion: {question.text}" if texts else question.text
    return [{"role": "user", "content": asked}]


def whole_articles(handbook: Sequence[Article]) -> list[str]:
    """Every article with its title, in the order of the handbook."""
    return [f"{article.title}\n{article.text}" for article in handbook]


def answerable(questions: Sequence[Question]) -> list[Question]:
    """Those that the handbook answers."""
    return [question for question in questions if question.kind != "unanswerable"]


def hit(question: Question, passages: Sequence[Passage]) -> bool:
    """Whether one of the passages comes from a right article."""
    return any(passage.article in question.articles for passage in passages)


def hit_rates(questions: Sequence[Question], passages: Sequence[Passage], mode: str) -> dict[str, str]:
    """In words, for 1, 3 and 5 passages: for how many of the answerable questions one of them is a hit."""
    asked = answerable(questions)
    found = [search(question.text, passages, 5, mode) for question in asked]
    rates = {}
    for k in (1, 3, 5):
        hits = sum(hit(question, five[:k]) for question, five in zip(asked, found, strict=True))
        low, high = wilson(hits, len(asked))
        rates[f"hit at {k}"] = f"{hits / len(asked):.0%} ({low:.0%} to {high:.0%})"
    return rates


def outcome(question: Question, passages: Sequence[Passage], reply: str) -> str:
    """Whether the reply to an answerable question is right, and if not, which half failed."""
    if judge(question, reply).correct:
        return RIGHT
    if not hit(question, passages):
        return NOT_FOUND
    wordings = (question.answer, *question.accept)
    if not any(states(passage.text, wordings) for passage in passages):
        return NOT_THE_SECTION
    return NOT_READ
