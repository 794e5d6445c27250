"""A linter for prompts: `lint(text)` finds contradictions, gaps and vague words that are written plainly.

It reads words, not meaning: silence is no proof that a prompt is sound, and a finding is a question to its
author.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

LONG_PROMPT = 1000  # tokens; the length from which an article of the course expects contradictions
CHARACTERS_PER_TOKEN = 4  # a rule of thumb for English; count_tokens of the client is exact

_NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
} | {"a single": 1, "single": 1}
_NUMBER = rf"(?P<number>\d{{1,6}}|{'|'.join(_NUMBERS)})"
_UNIT = r"(?:\w+ )?(?P<unit>words?|sentences?|characters?|lines?|bullets?|items?|paragraphs?)\b"
_UPPER = r"(?:at most|not? more than|a maximum of|maximum|max\.?|up to|under|fewer than|less than|within)"
_LOWER = r"(?:at least|no fewer than|no less than|a minimum of|minimum|more than|over)"
_EXACT = r"(?:exactly|in|write|use|with|as|give|return|is|be|only|the)"
_UPPER_FIRST = {"fewer than", "less than", "under"}
_NEGATION = re.compile(r"\b(?:never|do not|don't|must not|mustn't|should not|avoid)\b", re.IGNORECASE)
# With one of these a prohibition has an exception or a boundary, and need not contradict what it repeats.
_QUALIFIED = re.compile(
    r"\b(?:unless|except|other|else|more|only|without|if|when|that|before|until)\b", re.IGNORECASE
)
_FILLERS = frozenset(
    "a an the and or to of in on for with it its is are be always must should please you your this them they "
    "any every each all as by at".split()
)
_PLACEHOLDERS = re.compile(
    r"\{\{?\s*[A-Za-z_]\w*\s*\}\}?|<[A-Z][A-Z_ ]{2,}>|\[(?:insert|your|add|name of)\b[^\]]*\]"
    r"|\b(?:TODO|TBD|XXX)\b"
)
_VAGUE = re.compile(
    r"\b(?:appropriate(?:ly)?|good|nice(?:ly)?|proper(?:ly)?|suitabl[ey]|reasonabl[ey]|high[- ]quality"
    r"|as needed|if necessary|and so on|concise(?:ly)?|brief(?:ly)?|etc)\b",
    re.IGNORECASE,
)
_CRITERION = re.compile(
    rf"\d|:|\b(?:such as|for example|that is|which means|{'|'.join(_NUMBERS)})\b", re.IGNORECASE
)
_FORMAT = re.compile(
    r"\b(?:sentences?|words?|lines?|lists?|bullets?|json|yaml|csv|xml|markdown|tables?|paragraphs?|numbers?|"
    r"yes or no|exactly one of|one of (?:these|the)|format|nothing else)\b",
    re.IGNORECASE,
)
_JSON_WANTED = re.compile(r"(?<!no )(?<!not )(?<!never )(?<!without )(?<!avoid )\bJSON\b")
_JSON_REFUSED = re.compile(
    r"\bplain (?:text|prose)\b|\b(?:no|without|never use|do not use|avoid) (?:curly )?(?:braces|JSON)\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"^\s*(?:Summary|Answer|Output|Reply|Response|Assistant):[ \t]*(?P<text>\S.*)$", re.MULTILINE
)
_EXAMPLE = re.compile(r"^\s*(?:Message|Question|Input|User|Customer):", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One remark: `line` counts from 1, `quote` stands there, `fix` says what to do about `problem`."""

    rule: str
    line: int
    quote: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.rule}: {self.quote!r} {self.problem}. {self.fix}."


@dataclass(frozen=True)
class _Piece:
    """A sentence of the prompt and where it stands."""

    line: int
    text: str


@dataclass(frozen=True)
class _Limit:
    """A stated amount: from `low` to `high` of `unit`; None is no limit on that side."""

    piece: _Piece
    quote: str
    unit: str
    low: int | None
    high: int | None


def lint(text: str) -> list[Finding]:
    """What looks wrong in a prompt, in the order of its lines. Any text will do; it never raises."""
    found = [finding for rule in _RULES for finding in rule(text)]
    return sorted(found, key=lambda finding: finding.line)


def _too_long(text: str) -> Iterator[Finding]:
    tokens = len(text) // CHARACTERS_PER_TOKEN
    if tokens > LONG_PROMPT:
        problem = f"begins a prompt of about {tokens:,} tokens, more than {LONG_PROMPT:,}"
        fix = "Read it for rules that contradict each other, and drop those that no measurement needs"
        yield Finding("too long", 1, _short(text), problem, fix)


def _opposite_orders(text: str) -> Iterator[Finding]:
    pieces = _instructions(text)
    forbidden = [piece for piece in pieces if _NEGATION.search(piece.text)]
    for banned in forbidden:
        clause = banned.text[_NEGATION.search(banned.text).end() :]
        objects = _content_words(clause)
        if _QUALIFIED.search(clause) or not objects:
            continue
        for wanted in pieces:
            words = _content_words(wanted.text)
            if wanted not in forbidden and objects <= words and len(objects) >= len(words) / 2:
                problem = f"contradicts line {wanted.line}, {_short(wanted.text)!r}"
                yield Finding("contradiction", banned.line, _short(banned.text), problem, "Keep only one")


def _two_limits(text: str) -> Iterator[Finding]:
    for first, second in combinations(_limits(text), 2):
        if first.unit != second.unit or (first.low, first.high) == (second.low, second.high):
            continue
        both_cap = first.high is not None and second.high is not None
        if both_cap or _apart(first, second) or _apart(second, first):
            problem = f"does not agree with {first.quote!r} in line {first.piece.line}"
            fix = f"State one limit in {first.unit}s"
            yield Finding("contradiction", second.piece.line, second.quote, problem, fix)


def _json_and_plain(text: str) -> Iterator[Finding]:
    wanted, refused = _JSON_WANTED.search(text), _JSON_REFUSED.search(text)
    if wanted and refused:
        problem = f"does not agree with 'JSON' in line {_line(text, wanted.start())}"
        yield Finding("contradiction", _line(text, refused.start()), refused[0], problem, "Name one format")


def _placeholders(text: str) -> Iterator[Finding]:
    for match in _PLACEHOLDERS.finditer(text):
        fix = "Fill it before the prompt is sent"
        yield Finding("placeholder", _line(text, match.start()), match[0], "is still to be filled", fix)


def _vague_words(text: str) -> Iterator[Finding]:
    for piece in _instructions(text):
        if _CRITERION.search(piece.text):
            continue
        for match in _VAGUE.finditer(piece.text):
            fix = "Say how anybody could tell, in a number, a list or an example"
            yield Finding("vague", piece.line, match[0], "has no criterion", fix)


def _no_format(text: str) -> Iterator[Finding]:
    if text.strip() and not _FORMAT.search(text):
        fix = "Say the form and the length of the reply"
        yield Finding("no format", 1, _short(text), "does not say what a reply looks like", fix)


def _examples_break_rules(text: str) -> Iterator[Finding]:
    caps = {limit.unit: limit for limit in _limits(text) if limit.high is not None}
    for match in _ANSWER.finditer(text):
        answer = match["text"].strip()
        sizes = {"word": len(answer.split()), "sentence": len(re.findall(r"[.!?](?=\s|$)", answer))}
        for unit, size in sizes.items():
            if unit in caps and size > caps[unit].high:
                problem = f"has {size} {unit}s, against {caps[unit].quote!r} in line {caps[unit].piece.line}"
                fix = "Shorten the example: a model follows it rather than the rule"
                yield Finding("example", _line(text, match.start("text")), _short(answer), problem, fix)


_RULES: tuple[Callable[[str], Iterator[Finding]], ...] = (
    _too_long,
    _opposite_orders,
    _two_limits,
    _json_and_plain,
    _placeholders,
    _vague_words,
    _no_format,
    _examples_break_rules,
)


def _instructions(text: str) -> list[_Piece]:
    """The sentences of the prompt, without its worked examples."""
    pieces = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not (_ANSWER.match(line) or _EXAMPLE.match(line)):
            parts = (part.strip() for part in re.split(r"(?<=[.!?;])\s", line))
            pieces += [_Piece(number, part) for part in parts if part]
    return pieces


def _limits(text: str) -> list[_Limit]:
    return [limit for piece in _instructions(text) for limit in _limits_of(piece)]


def _limits_of(piece: _Piece) -> Iterator[_Limit]:
    pattern = rf"(?P<how>{_UPPER}|{_LOWER}|{_EXACT}) {_NUMBER} {_UNIT}"
    for match in re.finditer(pattern, piece.text, re.IGNORECASE):
        how, number = match["how"].lower(), match["number"].lower()
        amount = _NUMBERS.get(number) or int(number)
        at_least, at_most = (re.fullmatch(side, how) for side in (_LOWER, _UPPER))
        low = None if at_most else amount + (how in ("more than", "over"))
        high = None if at_least else amount - (how in _UPPER_FIRST)
        yield _Limit(piece, match[0], match["unit"].lower().removesuffix("s"), low, high)


def _apart(first: _Limit, second: _Limit) -> bool:
    return first.low is not None and second.high is not None and first.low > second.high


def _content_words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9']+", text.lower())) - _FILLERS


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _short(text: str, width: int = 50) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 3]}..."
