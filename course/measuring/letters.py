"""Scoring the JSON that a model reads out of a letter: its form, and beside it the values.

A reply that is more than one JSON object with the eight keys has a fault of form, and a program that parses
it fails. The object inside such a reply still says what the model has read, so it is scored as well.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from course.engine.replies import text_of
from course.material.data import LETTER_FIELDS, Letter
from course.measuring.results import Result, Verdict

FENCED, CHATTY, SEVERAL = "in a code fence", "among other words", "several objects"
OTHER_KEYS, NO_OBJECT = "other keys", "no JSON object"
FAULTS = (FENCED, CHATTY, SEVERAL, OTHER_KEYS, NO_OBJECT)
_FENCE = "```"


@dataclass(frozen=True)
class ReadLetter:
    """The object with the eight keys in a reply, None without exactly one, and the fault of its form."""

    fields: dict[str, Any] | None
    fault: str | None


def read(reply: Any) -> ReadLetter:
    """What a reply, a text or a message holds."""
    text = (reply if isinstance(reply, str) else text_of(reply)).strip()
    found = _objects(text)
    records = [fields for fields, _, _ in found if fields.keys() == set(LETTER_FIELDS)]
    if not found:
        return ReadLetter(None, NO_OBJECT)
    if not records:
        return ReadLetter(None, OTHER_KEYS)
    if any(one != other for one, other in pairwise(records)):
        return ReadLetter(None, SEVERAL)
    fields, start, end = next(each for each in found if each[0] == records[0])
    if (start, end) == (0, len(text)):
        return ReadLetter(fields, None)
    before, after = text[:start].strip(), text[end:].strip()
    fenced = before in (_FENCE, f"{_FENCE}json") and after == _FENCE
    return ReadLetter(fields, FENCED if fenced else CHATTY)


def is_right(field: str, said: object, gold: Any) -> bool:
    """Skills are compared as sets, the role without regard to case, everything else exactly."""
    if field == "skills":
        return isinstance(said, list) and {str(skill).lower() for skill in said} == set(gold)
    if field == "role":
        return str(said).lower() == gold.lower()
    # In Python True is 1; in JSON it is not.
    return said == gold and isinstance(said, bool) == isinstance(gold, bool)


def right_fields(letter: Letter, fields: dict[str, Any] | None) -> list[str]:
    """The names of the fields that are right; none where there are no fields."""
    return [name for name, gold in letter.gold.items() if fields and is_right(name, fields[name], gold)]


def check(letter: Letter, reply: Any) -> Verdict:
    """Valid: the reply is one object with the eight keys and nothing else. Correct: all are right too."""
    reading = read(reply)
    valid = reading.fault is None
    return Verdict(valid, valid and len(right_fields(letter, reading.fields)) == len(LETTER_FIELDS))


def counts(result: Result, letters: list[Letter]) -> pd.Series:
    """Counts of letters: valid, each fault of form, cut off; then right in each field and in all, by the
    object inside the reply, whatever its form.
    """
    replies = {outcome.id: outcome.reply for outcome in result.outcomes}
    readings = {letter.id: read(replies[letter.id]) for letter in letters}
    right = [right_fields(letter, readings[letter.id].fields) for letter in letters]
    faults = [reading.fault for reading in readings.values()]
    rows = {"letters": len(letters), "valid": faults.count(None)}
    rows |= {f"fault: {fault}": faults.count(fault) for fault in FAULTS}
    rows["cut off"] = sum(getattr(reply, "stop_reason", None) == "max_tokens" for reply in replies.values())
    rows |= {name: sum(name in names for names in right) for name in LETTER_FIELDS}
    rows["all eight, form aside"] = sum(len(names) == len(LETTER_FIELDS) for names in right)
    rows["all eight and valid"] = result.right
    return pd.Series(rows, name=result.name)


def _objects(text: str) -> list[tuple[dict[str, Any], int, int]]:
    """The outermost JSON objects in a text, each with its place."""
    found, at = [], text.find("{")
    while at >= 0:
        try:
            fields, end = json.JSONDecoder().raw_decode(text, at)
            found.append((fields, at, end))
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return found
