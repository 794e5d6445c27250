"""The engine's grammars read without the engine: as a regular expression, and by drawing texts from them."""

import re
from random import Random

from course.engine.grammar import Grammar

TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|\[((?:\\.|[^\]\\])*)\]|([a-z]+\d*)|\{(\d+),(\d*)\}|([()|?*])|\s+')
ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))")
CODE = r"\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\.|[^\\]"
CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def as_regex(grammar: Grammar) -> str:
    """What a grammar without recursion matches from end to end, its head included."""
    return re.escape(grammar.head) + _Reader(grammar).regex("root")


def drawn(grammar: Grammar, random: Random) -> str:
    """One text that the grammar matches."""
    return grammar.head + _Reader(grammar).draw("root", random)


class _Reader:
    def __init__(self, grammar: Grammar) -> None:
        self._rules = dict(line.split(" ::= ", 1) for line in grammar.text.split("\n"))

    def regex(self, rule: str) -> str:
        parts = []
        for token in self._tokens(rule):
            text, characters, name, low, high, sign = token.groups()
            if text is not None:
                parts.append(f"(?:{re.escape(_plain(text))})")
            elif characters is not None:
                parts.append(f"[{characters}]")
            elif name:
                parts.append(self.regex(name))
            elif low:
                parts.append(f"{{{low},{high}}}")
            elif sign:
                parts.append("(?:" if sign == "(" else sign)
        return f"(?:{''.join(parts)})"

    def draw(self, rule: str, random: Random) -> str:
        return _Drawing(self, list(self._tokens(rule)), random).choice()

    def _tokens(self, rule: str):
        right, position = self._rules[rule], 0
        while position < len(right):
            token = TOKEN.match(right, position)
            assert token, right[position:]
            position = token.end()
            if not token[0].isspace():
                yield token


class _Drawing:
    def __init__(self, reader: _Reader, tokens: list[re.Match], random: Random) -> None:
        self._reader, self._tokens, self._random = reader, tokens, random

    def choice(self) -> str:
        """All alternatives are drawn, since that is how one reads past them, and one is taken."""
        texts = [self._sequence()]
        while self._tokens and self._tokens[0][0] == "|":
            self._tokens.pop(0)
            texts.append(self._sequence())
        return self._random.choice(texts)

    def _sequence(self) -> str:
        text = ""
        while self._tokens and self._tokens[0][0] not in ("|", ")"):
            before = list(self._tokens)
            item = self._item()
            low, high = self._repetition()
            after = self._tokens
            count = self._random.randint(low, min(high, low + 4))
            for _ in range(count - 1):
                self._tokens = list(before)
                text += self._item()
            self._tokens = after
            text += item if count else ""
        return text

    def _repetition(self) -> tuple[int, int]:
        token = self._tokens[0] if self._tokens else None
        if token and (token[4] or token[0] in ("?", "*")):
            self._tokens.pop(0)
            if token[4]:
                return int(token[4]), int(token[5] or int(token[4]) + 2)
            return 0, 1 if token[0] == "?" else 2
        return 1, 1

    def _item(self) -> str:
        text, characters, name, *_ = (token := self._tokens.pop(0)).groups()
        if text is not None:
            return _plain(text)
        if characters is not None:
            return self._character(characters)
        if name:
            return self._reader.draw(name, self._random)
        assert token[0] == "("
        drawn = self.choice()
        assert self._tokens.pop(0)[0] == ")"
        return drawn

    def _character(self, characters: str) -> str:
        low, high = self._random.choice(re.findall(rf"({CODE})(?:-({CODE}))?", characters))
        first = ord(_plain(low))
        return chr(self._random.randint(first, ord(_plain(high)) if high else first))


def _plain(text: str) -> str:
    return ESCAPE.sub(_character, text)


def _character(found: re.Match) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else CONTROLS.get(found[3], found[3])
