"""How far a reply keeps the house voice: its fifteen rules, and the facts of the note that it answers.

The rules are those of data/voice/voice_guide.md, in its order. They hold the form: a reply can keep all of
them and still read badly, which only a reader can say.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from course.material.voice import CLOSING

NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
CURRENCIES = "EUR|GBP|USD|CHF|SEK|DKK|NOK|PLN"
MOST_WORDS = 18

IMAGE = re.compile(
    r"\b(bloom(s|ed|ing)?|root(s|ed|ing)?|leaf(y|ed|ing)?|sunlight|sunlit|soils?|season(s|ed|al)?"
    r"|bud(s|ded|ding)?|branch(es|ed|ing)?|shoots?|shooting|dewy?)\b",
    re.IGNORECASE,
)
AMOUNT_BEFORE_CODE = re.compile(rf"(\S*\d\S*)\s(?:{CURRENCIES})\b")
AMOUNT = re.compile(r"[\d,]*\d\.\d\d")


@dataclass(frozen=True)
class Rule:
    """One rule of the guide: its number there, what it asks in a few words, and whether a reply keeps it."""

    number: int
    asks: str
    keeps: Callable[[str], bool]


def sentences(reply: str) -> list[str]:
    """The sentences above the closing line."""
    above = " ".join(line for line in reply.split("\n") if line.strip() != CLOSING)
    return [part for part in re.split(r"(?<=[.!?])\s+", above.strip()) if part]


def rules_kept(reply: str) -> dict[int, bool]:
    """For each rule, by its number in the guide, whether the reply keeps it."""
    return {rule.number: rule.keeps(reply) for rule in RULES}


def facts(text: str) -> set[str]:
    """What a reply must not lose or add: numbers, codes, amounts, times, weekdays, months and currencies.

    Numbers in words count as digits, so that a note may say "two" where the reply says "2".
    """
    found = set(re.findall(rf"\b(?:{MONTHS}|{WEEKDAYS}|{CURRENCIES})\b", text))
    found |= {
        str(NUMBER_WORDS.index(word) + 2)
        for word in re.findall(r"[a-z]+", text.lower())
        if word in NUMBER_WORDS
    }
    return found | set(re.findall(r"(?:[A-Z]+-?)?\d+(?:[.,:]\d+)*", text))


def facts_kept(note: str, reply: str) -> bool:
    """Whether the reply has all facts of the note and no others."""
    return facts(note) == facts(reply)


def _never(*patterns: str, case: bool = False) -> Callable[[str], bool]:
    found = re.compile("|".join(patterns), 0 if case else re.IGNORECASE)
    return lambda reply: found.search(reply) is None


def _money_has_its_form(reply: str) -> bool:
    wrong = re.search(rf"[$€£¥]|\d({CURRENCIES})\b|\b({CURRENCIES})\s?\d", reply)
    return wrong is None and all(map(AMOUNT.fullmatch, AMOUNT_BEFORE_CODE.findall(reply)))


def _ends_with_next(reply: str) -> bool:
    above = sentences(reply)
    return bool(above) and above[-1].startswith("Next,")


RULES = (
    Rule(1, "two to four sentences", lambda reply: 2 <= len(sentences(reply)) <= 4),
    Rule(
        2,
        "at most 18 words a sentence",
        lambda reply: all(len(each.split()) <= MOST_WORDS for each in sentences(reply)),
    ),
    Rule(3, 'begins with "Your"', lambda reply: re.match(r"Your\b", reply) is not None),
    Rule(4, "ends with the closing line", lambda reply: reply.rstrip().split("\n")[-1] == CLOSING),
    Rule(
        5,
        '"we", never "I"',
        lambda reply: (
            bool(re.search(r"\bwe\b", reply, re.I)) and not re.search(r"\bI\b|\b[Mm](e|y|ine)\b", reply)
        ),
    ),
    Rule(
        6, "no regrets", _never(r"\bsorry\b", r"\bapolog", r"\bunfortunately\b", r"\bregret", r"\bafraid\b")
    ),
    Rule(7, "no pleading", _never(r"\bplease\b", r"\bkindly\b")),
    Rule(8, "no ! and no ?", _never(r"[!?]")),
    Rule(9, "numbers as digits", _never(rf"\b({'|'.join(NUMBER_WORDS)}|dozens?)\b")),
    Rule(10, "34.00 EUR", _money_has_its_form),
    Rule(
        11,
        "4 March, weekdays in full",
        _never(
            r"\b\d+(st|nd|rd|th)\b",
            r"\b\d{1,2}/\d{1,2}\b",
            rf"\b({MONTHS}) \d{{1,2}}\b(?![:.]\d)",
            r"\b\d{1,2} (Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b",
            r"\b(Mon|Tues?|Wed|Thu(rs?)?|Fri)\b",
            case=True,
        ),
    ),
    Rule(12, "one image from growing", lambda reply: len(IMAGE.findall(reply)) == 1),
    Rule(13, 'ends with "Next, ..."', _ends_with_next),
    Rule(
        14,
        "no contractions",
        _never(r"n['’]t\b", r"['’](ll|re|ve|d|m)\b", r"\b(it|that|there|here|what|let)['’]s\b"),
    ),
    Rule(
        15,
        "no office words",
        _never(
            r"\b(ticket|case|customer|system|department)s?\b",
            r"\b(policy|policies|issue[ds]?)\b",
            r"\b(process|escalat|inconvenien)",
        ),
    ),
)
