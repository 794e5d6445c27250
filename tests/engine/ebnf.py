"""The engine's grammars read without the engine: as a regular expression, and by drawing texts from it."""

import re
from collections.abc import Iterator
from random import Random
from re import _constants as opcode
from re import _parser as parser

from course.engine.grammar import Grammar

TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|\[((?:\\.|[^\]\\])*)\]|([a-z]+\d*)|\{(\d+),(\d*)\}|([()|?*])|\s+')
ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))")
CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def as_regex(grammar: Grammar) -> str:
    """What a grammar without recursion matches from end to end, its head included."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.text.split("\n"))

    def regex(rule: str) -> str:
        parts = []
        for token in _tokens(rules[rule]):
            text, characters, name, low, high, sign = token.groups()
            if text is not None:
                parts.append(f"(?:{re.escape(ESCAPE.sub(_character, text))})")
            elif characters is not None:
                parts.append(f"[{characters}]")
            elif name:
                parts.append(regex(name))
            elif low:
                parts.append(f"{{{low},{high}}}")
            elif sign:
                parts.append("(?:" if sign == "(" else sign)
        return f"(?:{''.join(parts)})"

    return re.escape(grammar.head) + regex("root")


def drawn(grammar: Grammar, random: Random) -> str:
    """One text that the grammar matches."""

    def draw(kind: object, value: object) -> str:
        match kind:
            case opcode.LITERAL:
                return chr(value)
            case opcode.RANGE:
                return chr(random.randint(*value))
            case opcode.IN:
                return draw(*random.choice(value))
            case opcode.BRANCH:
                return draw_all(random.choice(value[1]))
            case opcode.SUBPATTERN:
                return draw_all(value[-1])
            case opcode.MAX_REPEAT:
                low, high, items = value
                return "".join(draw_all(items) for _ in range(random.randint(low, min(high, low + 4))))
        raise AssertionError(kind)

    def draw_all(items: object) -> str:
        return "".join(draw(*item) for item in items)

    return draw_all(parser.parse(as_regex(grammar)))


def _tokens(right: str) -> Iterator[re.Match]:
    position = 0
    while position < len(right):
        token = TOKEN.match(right, position)
        assert token, right[position:]
        position = token.end()
        yield token


def _character(found: re.Match) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else CONTROLS.get(found[3], found[3])
