"""A linter for prompts: `lint(text)` finds contradictions, gaps and vague words that are written plainly.

It reads the prompt as it is sent. It reads words, not meaning, and would rather miss a fault than invent one:
sentences with a condition, quotations, code and examples are left alone, and two limits are compared only
where they bound the same thing. Silence does not prove that a prompt is sound.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

LONG_PROMPT = 1000  # tokens; the length from which an article of the course expects contradictions
CHARACTERS_PER_TOKEN = 4  # a rule of thumb for English; count_tokens of the client is exact

_NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
} | {"a single": 1, "single": 1}
_UPPER = (
    r"(?:at most|not? more than|not? exceed|exceed|a maximum of|maximum|max\.?|up to|under|fewer than"
    r"|less than|within)"
)
_LOWER = r"(?:at least|not? fewer than|not? less than|a minimum of|minimum|more than|over)"
_LIMIT = re.compile(
    rf"\b(?P<how>{_UPPER}|{_LOWER}|exactly|in|write|use|give|return) "
    rf"(?P<number>\d{{1,6}}|{'|'.join(_NUMBERS)}) (?:(?:short|full|complete|plain|simple|brief) )?"
    r"(?P<unit>words?|sentences?|characters?|lines?|bullets?|bullet points?|items?|paragraphs?)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\b(?:never|do not|don't|must not|mustn't|should not|avoid)\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:if(?! you can| possible)|when|whenever|unless|except|otherwise|where|while|until|before|after|once"
    r"|without|only|but|instead|other|else|or|ideally|preferably|usually|typically|generally|aim|about|around"
    r"|first|last|first-time|for example|e\.g)\b",
    re.IGNORECASE,
)
_PARTITIVE = re.compile(
    r"\b(?:each|every|per|any|apiece)\b(?! (?:message|article|text|review|ticket))", re.IGNORECASE
)
_FILLERS = frozenset(
    "a an the and or to of in on for with it its is are be has have always must should please you your this "
    "them they can will shall that all each as by at if possible may".split()
)
# A limit on one of these is a limit on the reply as a whole.
_REPLY = frozenset(
    "answer answers reply replies respond response responses output line text write use give return keep "
    "limit make stay summarize summarise say produce never do not don't exceed length itself only".split()
)
_GENERAL_HEADING = re.compile(
    r"\b(?:rules?|format|formatting|style|output|constraints?|guidelines?|length|requirements?|instructions?"
    r"|contract|steps|tone|notes?|answer|reply|response)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\{\{?\s*[A-Za-z_][\w.]*\s*\}\}?|<[A-Z]+[_ ][A-Z_ ]+>"
    r"|\[(?:insert|your(?! (?:answer|reply|response|reasoning|analysis|text))|add|name of)\b[^\]\n]{0,80}\]"
    r"|\b(?:TODO|TBD|FIXME|XXX):|(?<=[\[(<])(?:TODO|TBD|XXX)\b"
)
# {context} alone or behind a label is where a program puts the input, and a tag that is closed is not a gap.
_SLOT = re.compile(rf"(?:[\w ]+:)?\s*(?:{_PLACEHOLDER.pattern})")
_TAG = re.compile(r"</([A-Z_ ]+)>|<([A-Z_ ]+)> tag")
_VAGUE = re.compile(
    r"\b(?:be|stay|sound|keep|write|use|make|give|answer|reply|respond)\b(?: \w+){0,3}? "
    r"(?P<word>appropriate(?:ly)?|good|nice(?:ly)?|proper(?:ly)?|suitabl[ey]|reasonabl[ey]|high[- ]quality"
    r"|concise(?:ly)?|brief(?:ly)?)\b(?= (?:tone|style|way|manner|length|format|language|answer|reply"
    r"|response|summary|english|and\b)|[.,;!\n]|$| for\b)",
    re.IGNORECASE,
)
_LENGTH_WORDS = ("concise", "brief")
_CRITERION = re.compile(
    rf"\d|:|\b(?:such as|for example|that is|which means|{'|'.join(_NUMBERS)})\b", re.IGNORECASE
)
_FORMAT = re.compile(
    r"\b(?:sentences?|words?|lines?|lists?|bullets?|json|yaml|csv|xml|html|sql|markdown|tables?|paragraphs?"
    r"|numbers?|yes or no|one of|format|nothing else|only|just|label|code|functions?|script|e-?mail|title"
    r"|haiku|poem|essay|story|translat\w+|query|(?:reply|answer|respond|return) with)\b|[`<]",
    re.IGNORECASE,
)
# The words that say what a reply looks like are English, so nothing is missed in another language.
_ENGLISH = re.compile(r"\b(?:the|this|these|and|of|your?)\b", re.IGNORECASE)
_SHORT_PROMPT = 40  # words; a longer one may say by its examples or its role what a reply looks like
_JSON_WANTED = re.compile(
    r"^(?:always )?(?:answer|reply|respond|return|output|write|give)\b.*(?<!no )(?<!not )\bJSON\b"
    r"|^(?:the|your) (?:answer|reply|response|output) (?:is|must be|should be) .*\bJSON\b",
    re.IGNORECASE,
)
_JSON_REFUSED = re.compile(
    r"^(?:always |then |also )?(?:use|answer|reply|respond|write|output|say|explain)(?: only)?(?: in| with)? "
    r"plain (?:text|prose)(?:,|$)"
    r"|^(?:never|do not|don't|avoid)(?: use| using| return| output| write)? (?:JSON|(?:curly )?braces)$",
    re.IGNORECASE,
)
_BRANCH = re.compile(r"\b(?:if|when|unless|otherwise|instead|for)\b", re.IGNORECASE)
_ANSWER = re.compile(r"^\s*(?:Summary|Answer|Output|Reply|Response|Assistant):[ \t]*(?P<text>\S.*)$")
_EXAMPLE = re.compile(r"^\s*(?:Message|Question|Input|User|Customer):")
_EXAMPLE_TAG = re.compile(r"^\s*<(/?)(?:examples?|documents?|context|transcript|input)\b[^>]*>\s*$", re.I)
# No quotation holds its own opening mark: each mark is read once, however many are never closed.
_QUOTED = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"|“[^“”\n]*”")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s")
_MARKER = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")


@dataclass(frozen=True)
class Finding:
    """One remark: `line` counts from 1, `quote` is what it says, `fix` says what to do about `problem`."""

    rule: str
    line: int
    quote: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.rule}: {self.quote!r} {self.problem}. {self.fix}."


class _Order(NamedTuple):
    """A sentence of the prompt that is not an example: its line, and the heading above it in small letters.

    A heading that names no part, such as "Rules", is "". `holds_always`: neither the sentence nor its
    heading has a condition or an exception.
    """

    line: int
    heading: str
    text: str
    holds_always: bool


class _Limit(NamedTuple):
    """A stated amount: from `low` to `high` units, either may be infinite. `bounds` is what it is for."""

    line: int
    quote: str
    unit: str
    low: float
    high: float
    bounds: tuple[str, frozenset[str]]


_Lines = Iterable[tuple[int, str]]
_WHOLE_REPLY: tuple[str, frozenset[str]] = ("", frozenset())


def lint(text: str) -> list[Finding]:
    """What looks wrong in a prompt, in the order of its lines. Any text will do; it never raises."""
    prose = list(_prose_lines(text))
    orders = list(_orders(prose))
    limits = [limit for order in orders for limit in _limits(order)]
    found = [
        *_too_long(text),
        *_opposite_orders(orders),
        *_two_limits(limits),
        *_json_and_plain(orders),
        *_placeholders(text, prose),
        *_vague_words(orders),
        *_no_format(text),
        *_examples_break_rules(text, limits),
    ]
    return sorted(found, key=lambda finding: finding.line)


def _too_long(text: str) -> Iterator[Finding]:
    tokens = len(text) // CHARACTERS_PER_TOKEN
    if tokens > LONG_PROMPT:
        problem = f"begins a prompt of about {tokens:,} tokens, more than {LONG_PROMPT:,}"
        fix = "Read it for rules that contradict each other, and drop those that no measurement needs"
        yield Finding("too long", 1, _short(text), problem, fix)


def _opposite_orders(orders: list[_Order]) -> Iterator[Finding]:
    wanted: dict[tuple[str, ...], _Order] = {}
    banned = []
    for order in orders:
        negation = _NEGATION.search(order.text)
        if not order.holds_always:
            continue
        if negation is None:
            wanted.setdefault(_content_words(order.text), order)
        elif not _content_words(order.text[: negation.start()]):
            banned.append((_content_words(order.text[negation.end() :]), order))
    for words, order in banned:
        if words and words in wanted:
            other = wanted[words]
            problem = f"contradicts line {other.line}, {_short(other.text)!r}"
            yield Finding("contradiction", order.line, _short(order.text), problem, "Keep only one")


def _two_limits(limits: list[_Limit]) -> Iterator[Finding]:
    same: dict[tuple, dict[tuple, _Limit]] = defaultdict(dict)
    for limit in limits:
        # Equal limits are kept once, so that a long prompt is compared in little time.
        same[limit.unit, limit.bounds].setdefault((limit.low, limit.high), limit)
    for group in same.values():
        first, *others = group.values()
        for other in others:
            both_cap = first.low == other.low == -math.inf
            if both_cap or first.low > other.high or other.low > first.high:
                problem = f"does not agree with {first.quote!r} in line {first.line}"
                fix = f"State one limit in {first.unit}s"
                yield Finding("contradiction", other.line, other.quote, problem, fix)


def _json_and_plain(orders: list[_Order]) -> Iterator[Finding]:
    said = [(order, order.text.rstrip(".!;")) for order in orders if not _BRANCH.search(order.text)]
    wanted = next(
        (order for order, text in said if _JSON_WANTED.search(text) and not _NEGATION.search(text)), None
    )
    refused = next((order for order, text in said if _JSON_REFUSED.search(text)), None)
    if wanted and refused:
        problem = f"does not agree with 'JSON' in line {wanted.line}"
        yield Finding("contradiction", refused.line, _short(refused.text), problem, "Name one format")


def _placeholders(text: str, prose: _Lines) -> Iterator[Finding]:
    tags = {closed or named for closed, named in _TAG.findall(text)}
    seen = set()
    for number, line in prose:
        if _SLOT.fullmatch(line.strip()):
            continue
        for match in _PLACEHOLDER.finditer(_QUOTED.sub("", line)):
            if match[0] not in seen and match[0].strip("<>") not in tags:
                seen.add(match[0])
                fix = "Fill it before the prompt is sent"
                yield Finding("placeholder", number, match[0], "is still to be filled", fix)


def _vague_words(orders: list[_Order]) -> Iterator[Finding]:
    length_is_said = any(_LIMIT.search(order.text) for order in orders)
    for order in orders:
        if _CRITERION.search(order.text):
            continue
        for match in _VAGUE.finditer(order.text):
            if not (length_is_said and match["word"].lower().startswith(_LENGTH_WORDS)):
                fix = "Say how anybody could tell, in a number, a list or an example"
                yield Finding("vague", order.line, match["word"], "has no criterion", fix)


def _no_format(text: str) -> Iterator[Finding]:
    is_short = 0 < len(text.split()) <= _SHORT_PROMPT and not text.startswith("You are")
    if is_short and _ENGLISH.search(text) and not _FORMAT.search(text):
        fix = "Say the form and the length of the reply"
        yield Finding("no format", 1, _short(text), "does not say what a reply looks like", fix)


def _examples_break_rules(text: str, limits: list[_Limit]) -> Iterator[Finding]:
    caps = {limit.unit: limit for limit in limits if limit.high < math.inf and limit.bounds == _WHOLE_REPLY}
    asked = False
    for number, line in enumerate(text.split("\n"), start=1):
        asked = bool(line.strip()) and (asked or bool(_EXAMPLE.match(line)))
        match = _ANSWER.match(line)
        if not (asked and match):
            continue
        answer = match["text"].strip()
        sizes = {"word": len(answer.split()), "sentence": len(re.findall(r"[.!?](?=\s|$)", answer))}
        for unit, size in sizes.items():
            if unit in caps and size > caps[unit].high:
                problem = f"has {size} {unit}s, against {caps[unit].quote!r} in line {caps[unit].line}"
                fix = "Shorten the example: a model follows it rather than the rule"
                yield Finding("example", number, _short(answer), problem, fix)


def _prose_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside code fences and tags of examples, with their numbers."""
    fenced = tagged = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif tag := _EXAMPLE_TAG.match(line):
            tagged = not tag[1]
        elif not (fenced or tagged):
            yield number, line


def _orders(prose: _Lines) -> Iterator[_Order]:
    """The sentences of the prompt, without examples, code and quotations."""
    heading, applies = "", True
    for number, line in prose:
        bare = line.strip().strip("*_")
        if bare.startswith("#") or bare.endswith(":"):
            part, applies = bare.strip("#*: ").lower(), not _CONDITION.search(bare)
            heading = "" if _GENERAL_HEADING.search(part) else part
        elif bare and not (_ANSWER.match(line) or _EXAMPLE.match(line)):
            for text in map(str.strip, _SENTENCE_END.split(_QUOTED.sub('""', _MARKER.sub("", line)))):
                if len(text) > 2:  # less is not a sentence, and a prompt may have very many lines of it
                    yield _Order(number, heading, text, applies and not _CONDITION.search(text))


def _limits(order: _Order) -> Iterator[_Limit]:
    if not order.holds_always or _PARTITIVE.search(order.text):
        return
    matches = list(_LIMIT.finditer(order.text))
    for index, match in enumerate(matches):
        before = order.text[matches[index - 1].end() if index else 0 : match.start()]
        after = order.text[match.end() : matches[index + 1].start() if index + 1 < len(matches) else None]
        how, number = match["how"].lower(), match["number"].lower()
        amount = _NUMBERS.get(number) or int(number)
        at_most, at_least = (re.fullmatch(side, how) for side in (_UPPER, _LOWER))
        negated = _NEGATION.search(before) is not None
        if negated and not (at_most or at_least):
            continue
        if negated and how != "exceed" and not how.startswith("no"):
            # "Never more than 3" is a cap of 3, "do not use fewer than 3" a floor of 3.
            low, high = (amount, math.inf) if at_most else (-math.inf, amount)
        else:
            low = -math.inf if at_most else amount + (how in ("more than", "over"))
            high = math.inf if at_least else amount - (how in ("fewer than", "less than", "under"))
        unit = match["unit"].lower().removesuffix("s").removesuffix(" point")
        yield _Limit(order.line, match[0], unit, low, high, _bounded(order.heading, before, after))


def _bounded(heading: str, before: str, after: str) -> tuple[str, frozenset[str]]:
    """What a limit is for: the part under the heading above, and the words around the limit."""
    subject = re.sub(r"(?i)\b(?:summari[sz]e|sum up|describe) .*", "", before)
    label, colon, _ = before.rpartition(":")
    of_a_part = re.match(r"(?i) (?:for|in|of|as|about|long)\b", after)
    scope = re.split(r"[.,;]| and ", after)[0] if of_a_part else ""
    words = frozenset(_content_words(f"{label if colon else subject} {scope}")) - _REPLY
    return heading, words


def _content_words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.findall(r"[a-z0-9']+", text.lower()) if word not in _FILLERS)


def _short(text: str) -> str:
    line = " ".join(text[:1000].split())
    return line if len(line) <= 50 else f"{line[:47]}..."
