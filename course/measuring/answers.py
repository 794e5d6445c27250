"""Judging an answer to a question about the handbook by its words and figures: no model is asked.

How often the judge is wrong is measured itself: data/measured/graded_answers.csv and its test.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, takewhile

from course.material import data
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

# The same in the words of a chat model: the book is silent, or something is not in the book.
_BOOK = r"(?:handbook|sections?|passages?|excerpts?|context|documents?|texts?)"
_SAY = r"(?:say|state|mention|specify|cover|include|contain|provide|list|address|answer|give|tell)s?"
_SAID = r"(?:said|stated|mentioned|specified|covered|included|contained|provided|listed|addressed|found)"
_REFUSED = re.compile(
    rf"\b{_BOOK}\b[^.!?;]{{0,30}}\b(?:do|does|did)(?: not|n't)\b[^.!?;]{{0,20}}\b{_SAY}\b"
    rf"|(?:\bnot|n't)\b[^.!?;]{{0,20}}\b{_SAID}\b[^.!?;]{{0,10}}\b(?:in|by)\b[^.!?;]{{0,20}}\b{_BOOK}\b"
    rf"|\bno (?:mention|answer)\b[^.!?;]{{0,30}}\b{_BOOK}\b"
)
_EURO = re.compile(r"(?:\beur|€)\s*(\d+(?:[.,]\d+)?)|(\d+(?:[.,]\d+)?)\s*(?:euros?\b|eur\b|€)")
_OTHER_MONEY = re.compile(r"[$£]\s*(\d+(?:[.,]\d+)?)")
_PERCENT = re.compile(r"(\d)\s*(?:%|per ?cent\b)")
_WORD = re.compile(r"€?\d+(?:[.,:]\d+)*%?|[^\W\d_]+\d*")
_ZERO_CENTS = re.compile(r"(?<=\d)[.,]00?(?=%|$)")
_SHORT = 5  # letters; 'no' or 'nine' appear in many sentences by chance
_UNITS = {
    "min": "minute",
    "h": "hour",
    "hr": "hour",
    "sec": "second",
    "mm": "millimetre",
    "millimeter": "millimetre",
    "cm": "centimetre",
    "m": "metre",
    "meter": "metre",
    "ml": "millilitre",
    "milliliter": "millilitre",
    "l": "litre",
    "liter": "litre",
    "c": "degree",
}
# A unit ends before such a word: '20 of the 30 days' are not 20 days.
_NO_UNIT = set(
    "a an and are at before after by for from if in is it of off on or per plus so than that the then to "
    "until when with".split()
)


def words(text: str) -> list[str]:
    """The words and figures of a text in one spelling: lower case, '56 euros' and 'EUR 56.00' as '€56'."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = _EURO.sub(lambda match: f" €{match[1] or match[2]} ", text)
    text = _OTHER_MONEY.sub(r" \1 dollars ", text)
    text = _PERCENT.sub(r"\1% ", text)
    return [_ZERO_CENTS.sub("", word) for word in _WORD.findall(text)]


def figures(text: str) -> set[str]:
    """The numbers of a text, without their units."""
    bare = (word.strip("€%") for word in words(text))
    return {word for word in bare if word[:1].isdigit()}


def quantities(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """(number, what follows it as a unit, up to three words) of each number of a text, in order."""
    found = words(text)
    return [(word.strip("€%"), _units(found, place)) for place, word in enumerate(found) if _is_number(word)]


def refuses(reply: str) -> bool:
    """Whether the reply says that the handbook has no answer."""
    said = unicodedata.normalize("NFKC", reply).lower().replace("\u2019", "'")
    return bool(_REFUSED.search(said)) or any(_within(words(wording), words(reply)) for wording in REFUSALS)


def states(text: str, wordings: Sequence[str]) -> bool:
    """Whether one of the wordings is in the text, word for word after `words`.

    A lone number ('20') counts only as the one number of the text, and a lone short word ('no') only as its
    first word or after 'the answer is': elsewhere they would be found by accident.
    """
    return any(_stands(words(wording), text) for wording in wordings)


def hedges(question: Question, reply: str) -> bool:
    """Whether the reply gives the answer as one of several, or beside a figure that is made up.

    Only figures in the answer's unit compete with it. One that the question or the evidence has may appear
    beside the answer, where the answer is the first or the last of them ('€34 plus €22 makes €56').
    """
    wordings = (question.answer, *question.accept)
    right = {number for wording in wordings for number, _ in quantities(wording)}
    unit = _unit_of(question)
    asked = figures(question.text) - right
    rivals = [number for number, units in quantities(reply) if unit in units and number not in asked]
    if set(rivals) <= right:
        return False
    if not set(rivals) <= right | _evidence(question.articles):
        return True
    return (rivals[0] not in right and rivals[-1] not in right) or _offers_a_choice(reply, right, unit)


def judge(question: Question, reply: str) -> Verdict:
    """Right: the answer or an accepted wording, in its unit, and not as one of several. Valid: not empty.

    Saying that there is no answer is right where the handbook has none, and only there.
    """
    if question.kind == "unanswerable":
        return Verdict(bool(reply.strip()), refuses(reply))
    wordings = [text for text in (question.answer, *question.accept) if not _is_lone_number(text)]
    stated = states(reply, wordings) or _gives_the_number(question, reply)
    correct = stated and not hedges(question, reply) and not refuses(reply)
    return Verdict(bool(reply.strip()), correct)


def _units(found: list[str], place: int) -> tuple[str, ...]:
    word = found[place]
    if word[0] == "€" or word[-1] == "%":
        return ("€" if word[0] == "€" else "%",)
    if ":" in word:
        return ("time of day",)
    units = takewhile(
        lambda each: each not in _NO_UNIT and not _is_number(each), found[place + 1 : place + 4]
    )
    return tuple(_UNITS.get(unit.rstrip("s") or unit, unit.rstrip("s")) for unit in units)


def _unit_of(question: Question) -> str | None:
    """The unit of the one quantity that answers the question; None for other answers."""
    units = [units for _, units in quantities(question.answer) if units]
    return units[0][-1] if len(units) == 1 else None


def _is_number(word: str) -> bool:
    return word.strip("€%")[:1].isdigit()


def _is_lone_number(text: str) -> bool:
    return words(text) == [text] and _is_number(text)


def _gives_the_number(question: Question, reply: str) -> bool:
    """Whether the one number of the reply is the answer's, without a unit or with the right one."""
    numbers = {text for text in question.accept if _is_lone_number(text)}
    unit = _unit_of(question)
    if unit:
        numbers.add(quantities(question.answer)[0][0])
    given = quantities(reply)
    return {number for number, _ in given} in ({number} for number in numbers) and all(
        not units or unit is None or unit in units for _, units in given
    )


def _offers_a_choice(reply: str, right: set[str], unit: str | None) -> bool:
    """Whether 'or' joins the answer and another figure of its unit."""
    parts = [quantities(part) for part in re.split(r"\bor\b", reply, flags=re.IGNORECASE)]
    for before, after in pairwise(parts):
        ends = [number for number, units in (*before[-1:], *after[:1]) if unit in units or not units]
        if len(ends) == 2 and len({number in right for number in ends}) == 2:
            return True
    return False


@cache
def _evidence(articles: tuple[str, ...]) -> set[str]:
    """The figures of these articles of the handbook."""
    texts = (article.text for article in data.handbook() if article.id in articles)
    return set().union(*map(figures, texts))


def _stands(wording: list[str], text: str) -> bool:
    said = words(text)
    if len(wording) == 1 and wording[0].isdigit():
        return figures(text) == set(wording)
    if len(wording) == 1 and wording[0].isalpha() and len(wording[0]) <= _SHORT:
        return (said[3:4] if said[:3] == ["the", "answer", "is"] else said[:1]) == wording
    return _within(wording, said)


def _within(part: list[str], whole: list[str]) -> bool:
    return any(whole[place : place + len(part)] == part for place in range(len(whole) - len(part) + 1))
