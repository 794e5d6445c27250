"""A regular expression of a JSON schema as a grammar of JSON text: what it matches, between two quotes.

Everything is a choice of characters, in order or repeated. A character that JSON escapes is written escaped,
so that no quote of the pattern can end the string.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

# The parser behind re.compile. Reading patterns ourselves would be another 200 lines.
from re import _constants as opcode  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Ranges = tuple[tuple[int, int], ...]  # of code points, ends included, in order and apart

LAST = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)
# What a dot leaves out: line ends, where a JSON schema's pattern is JavaScript's.
LINE_ENDS = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
ESCAPES = {'"': '"', "\\": "\\", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
# In JavaScript these are ASCII, in Python all of Unicode. So a class is what both count to it, and its
# opposite is what neither does.
CLASSES = {
    opcode.CATEGORY_DIGIT: "[0-9]",
    opcode.CATEGORY_WORD: "[0-9A-Za-z_]",
    opcode.CATEGORY_SPACE: "[\t-\r ]",
    opcode.CATEGORY_NOT_DIGIT: r"\D",
    opcode.CATEGORY_NOT_WORD: r"\W",
    opcode.CATEGORY_NOT_SPACE: r"[^\s\ufeff]",
}
OPPOSITES = {
    opcode.CATEGORY_DIGIT: opcode.CATEGORY_NOT_DIGIT,
    opcode.CATEGORY_WORD: opcode.CATEGORY_NOT_WORD,
    opcode.CATEGORY_SPACE: opcode.CATEGORY_NOT_SPACE,
}
OPPOSITES |= {negative: positive for positive, negative in OPPOSITES.items()}
# With more the engine needs a minute to prepare one answer.
MOST_REPETITIONS = 100


class PatternError(ValueError):
    """A pattern that cannot become a grammar. The message ends the sentence "the pattern ..."."""


def literal(text: str) -> str:
    """Text as it is, in the grammar's notation."""
    # The engine prints a Latin-1 letter as \\xNN and reads a digit or a to f behind it as a part of it, so
    # what is not ASCII is a string of its own.
    pieces = re.findall(r"[ -~]+|[^ -~]", text)
    return (
        " ".join(
            '"' + piece.replace("\\", r"\\").replace('"', r"\"") + '"'
            if piece.isascii() and piece.isprintable()
            else f'"{_code(ord(piece))}"'
            for piece in pieces
        )
        or '""'
    )


def characters(ranges: Ranges) -> str:
    """One character of these, in a JSON string, in the grammar's notation."""
    raw = _without(ranges, ((0, 0x1F), (0x22, 0x22), (0x5C, 0x5C), SURROGATES))
    ascii_part = [(low, min(high, 0x7F)) for low, high in raw if low <= 0x7F]
    # Apart for the same reason as in `literal`.
    others = [(max(low, 0x80), high) for low, high in raw if high > 0x7F]
    choices = [
        "[" + "".join(f"{_code(low)}-{_code(high)}" for low, high in part) + "]"
        for part in (ascii_part, others)
        if part
    ]
    choices += [
        literal("\\" + letter)
        for character, letter in ESCAPES.items()
        if any(low <= ord(character) <= high for low, high in ranges)
    ]
    if not choices:
        raise PatternError("has a place that no character can fill")
    return choices[0] if len(choices) == 1 else f"({' | '.join(choices)})"


def grammar_of(pattern: str) -> str:
    """The strings that a pattern matches from end to end. Raises PatternError."""
    try:
        tree = parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"cannot be read as one of Python's: {error}") from None
    if tree.state.flags & ~re.UNICODE:
        raise PatternError("has flags, which are not supported")
    return _sequence(list(tree), 1)


def _sequence(items: list, repeated: int) -> str:
    if items and items[0] == (opcode.AT, opcode.AT_BEGINNING):
        items = items[1:]
    if items and items[-1] == (opcode.AT, opcode.AT_END):
        items = items[:-1]
    return " ".join(_item(kind, value, repeated) for kind, value in items) or '""'


def _item(kind: Any, value: Any, repeated: int) -> str:
    if kind in (opcode.LITERAL, opcode.NOT_LITERAL, opcode.ANY, opcode.IN):
        return characters(_set(kind, value))
    if kind is opcode.BRANCH:
        return "(" + " | ".join(_inside(list(branch), repeated) for branch in value[1]) + ")"
    if kind is opcode.SUBPATTERN and not value[1] and not value[2]:
        return f"({_inside(list(value[3]), repeated)})"
    if kind in (opcode.MAX_REPEAT, opcode.MIN_REPEAT):
        low, high, repeated_items = value
        most = low if high is opcode.MAXREPEAT else high
        if max(most, 1) * repeated > MOST_REPETITIONS:
            raise PatternError(f"repeats a part more than {MOST_REPETITIONS} times, which is not supported")
        bounds = f"{{{low},}}" if high is opcode.MAXREPEAT else f"{{{low},{high}}}"
        return f"({_inside(list(repeated_items), repeated * max(most, 1))}){bounds}"
    names = {
        opcode.AT: "a boundary or an anchor inside it",
        opcode.ASSERT: "a look-around",
        opcode.ASSERT_NOT: "a look-around",
        opcode.GROUPREF: "a back-reference",
    }
    raise PatternError(f"uses {names.get(kind, str(kind).lower())}, which is not supported")


def _inside(items: list, repeated: int) -> str:
    if any(kind is opcode.AT for kind, _ in items):
        raise PatternError("uses a boundary or an anchor inside it, which is not supported")
    return _sequence(items, repeated)


def _set(kind: Any, value: Any) -> Ranges:
    match kind, value:
        case opcode.LITERAL, code:
            return ((code, code),)
        case opcode.NOT_LITERAL, code:
            return _without(((0, LAST),), ((code, code),))
        case opcode.ANY, _:
            return _without(((0, LAST),), LINE_ENDS)
    negated = value[0][0] is opcode.NEGATE
    chosen: list[tuple[int, int]] = []
    for part, content in value[negated:]:
        if part is opcode.CATEGORY and negated:
            # What one of the two languages counts to the class stays out.
            chosen += _without(((0, LAST),), _category(OPPOSITES[content]))
        elif part is opcode.CATEGORY:
            chosen += _category(content)
        else:
            chosen.append((content, content) if part is opcode.LITERAL else content)
    ranges = _joined(chosen)
    return _without(((0, LAST),), ranges) if negated else ranges


@cache
def _category(category: Any) -> Ranges:
    found = re.compile(CLASSES[category])
    return _joined((code, code) for code in range(LAST + 1) if found.match(chr(code)))


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def _without(ranges: Iterable[tuple[int, int]], gone: Iterable[tuple[int, int]]) -> Ranges:
    left = _joined(ranges)
    for first, last in gone:
        left = tuple(part for low, high in left for part in _around(low, high, first, last))
    return left


def _around(low: int, high: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    if low <= min(high, first - 1):
        yield low, min(high, first - 1)
    if max(low, last + 1) <= high:
        yield max(low, last + 1), high


def _code(code: int) -> str:
    character = chr(code)
    if character.isascii() and character.isalnum():
        return character
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
