"""Judging an answer to a question about the handbook by its words and figures: no model is asked."""

import re
import unicodedata
from collections.abc import Sequence

from course.material.data import Question
from course.measuring.results import Verdict

REFUSAL = "not in the handbook"
REFUSALS = (
    REFUSAL,
    "the handbook does not",
    "not stated in the handbook",
    "not answered in the handbook",
    "no information",
)

_EURO = re.compile(r"(?:\beur|€)\s*(\d+(?:[.,]\d+)?)|(\d+(?:[.,]\d+)?)\s*(?:euros?\b|eur\b|€)")
_PERCENT = re.compile(r"(\d)\s*(?:%|per ?cent\b)")
_WORD = re.compile(r"€?\d+(?:[.,:]\d+)*%?|[^\W\d_]+\d*")
_ZERO_CENTS = re.compile(r"(?<=\d)[.,]00?(?=%|$)")
_SHORT = 5  # letters; 'no' or 'nine' stand in many a sentence by accident


def words(text: str) -> list[str]:
    """The words and figures of a text in one spelling: lower case, '56 euros' and 'EUR 56.00' as '€56'."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = _EURO.sub(lambda match: f" €{match[1] or match[2]} ", text)
    text = _PERCENT.sub(r"\1% ", text)
    return [_ZERO_CENTS.sub("", word) for word in _WORD.findall(text)]


def figures(text: str) -> set[str]:
    """The numbers of a text, without their units."""
    bare = (word.strip("€%") for word in words(text))
    return {word for word in bare if word[:1].isdigit()}


def refuses(reply: str) -> bool:
    """Whether the reply says that the handbook has no answer."""
    return any(_within(words(wording), words(reply)) for wording in REFUSALS)


def states(text: str, wordings: Sequence[str]) -> bool:
    """Whether one of the wordings stands in the text, word for word after `words`.

    A lone number ('20') counts only as the one number of the text, and a lone short word ('no') only as its
    first word: elsewhere they would be found by accident.
    """
    return any(_stands(words(wording), text) for wording in wordings)


def hedges(question: Question, reply: str) -> bool:
    """Whether the reply names figures that neither the question nor an accepted wording has."""
    known = (question.text, question.answer, *question.accept)
    return not figures(reply) <= set().union(*map(figures, known))


def judge(question: Question, reply: str) -> Verdict:
    """Right: the answer or an accepted wording, and no other figure beside it. Valid: not empty.

    Where the handbook has no answer, right is to say so, and nowhere else.
    """
    if question.kind == "unanswerable":
        return Verdict(bool(reply.strip()), refuses(reply))
    stated = states(reply, (question.answer, *question.accept))
    return Verdict(bool(reply.strip()), stated and not hedges(question, reply) and not refuses(reply))


def _stands(wording: list[str], text: str) -> bool:
    said = words(text)
    if len(wording) == 1 and wording[0].isdigit():
        return figures(text) == set(wording)
    if len(wording) == 1 and wording[0].isalpha() and len(wording[0]) <= _SHORT:
        return said[:1] == wording
    return _within(wording, said)


def _within(part: list[str], whole: list[str]) -> bool:
    return any(whole[place : place + len(part)] == part for place in range(len(whole) - len(part) + 1))
