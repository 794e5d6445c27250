"""The grammar (EBNF) of the JSON texts that fit a schema, as `schema.enforceable` gives it.

The engine has a reader of JSON schemas of its own. It mistakes letters, leaves bounds of numbers out and lets
quotes and tabs into strings, so the course writes the grammar itself.
"""

import json
import math
from dataclasses import dataclass

from course.engine.patterns import LAST, characters, grammar_of, literal

WHITE_SPACE = r"[ \n\r\t]*"
# As it is or escaped in any way, but no half of a character.
RAW_CHARACTER = characters(((0x20, 0x21), (0x23, 0x5B), (0x5D, LAST)))
HEX = "[0-9a-fA-F]"
ESCAPED = (
    r'"\\" [\u0022\u005c/bfnrt]'
    rf' | "\\u" [0-9A-CEFa-cef] {HEX} {HEX} {HEX} | "\\u" [Dd] [0-7] {HEX} {HEX}'
)
# Python reads no integer of more than 4,300 digits, and a number of more than 308 as infinite.
DIGIT, MOST_DIGITS = "[0-9]", 18
EXPONENT = '([eE] ("" | "+" | "-") [0-9]{1,2})'
LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
DATE = (
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{LEAP_YEAR}-02-29)"
)
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
COUNT = "[0-9]{1,6}"
DAYS = f"(?:{COUNT}Y(?:{COUNT}M(?:{COUNT}D)?)?|{COUNT}M(?:{COUNT}D)?|{COUNT}D)"
HOURS = f"(?:{COUNT}H(?:{COUNT}M(?:{COUNT}S)?)?|{COUNT}M(?:{COUNT}S)?|{COUNT}S)"
LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,20}[A-Za-z0-9])?"
BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
FORMATS = {
    "date": DATE,
    "time": TIME,
    "date-time": f"{DATE}T{TIME}",
    "duration": f"P(?:{COUNT}W|{DAYS}(?:T{HOURS})?|T{HOURS})",
    "email": rf"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@{LABEL}(?:\.{LABEL})+",
    "hostname": rf"{LABEL}(?:\.{LABEL})*",
    "uri": r"[a-z][a-z0-9+.-]*:(?://)?[A-Za-z0-9._~:/?#@!$&'()*+,;=-]+",
    "ipv4": rf"{BYTE}(?:\.{BYTE}){{3}}",
    "ipv6": f"(?:{HEX}{{1,4}}:){{7}}{HEX}{{1,4}}",
    "uuid": f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}",
}


@dataclass(frozen=True)
class Grammar:
    """What an answer must look like, as EBNF whose first rule is `root`.

    `head` comes before what the grammar describes, in every answer. It is read with the prompt, in one step,
    instead of written token by token, and counts as written.
    """

    text: str
    head: str = ""


def grammar(schema: dict) -> Grammar:
    """The grammar of an `enforceable` schema.

    A choice, which is an object with one required property and a list of strings to choose from, is told to
    the engine in two parts: what every answer begins with, and the rest. That saves half of its tokens.
    """
    properties = schema.get("properties", {})
    values = [value for held_to in properties.values() for value in held_to.get("enum", [None])]
    are_texts = all(isinstance(value, str) for value in values)
    if schema.get("required") != list(properties) or len(properties) != 1 or not are_texts:
        return Grammar(_Writer().grammar(schema))
    [name] = properties
    endings = " | ".join(literal(_json(value)[1:] + "}") for value in values)
    return Grammar(f"root ::= {endings}", head=f'{{{_json(name)}: "')


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Writer:
    def __init__(self) -> None:
        self._rules: dict[str, str] = {}  # right side -> name

    def grammar(self, schema: dict) -> str:
        root = self._value(schema)
        rules = [f"root ::= {root}", f"ws ::= {WHITE_SPACE}"]
        return "\n".join([*rules, *(f"{name} ::= {right}" for right, name in self._rules.items())])

    def _rule(self, right: str) -> str:
        return self._rules.setdefault(right, f"rule{len(self._rules)}")

    def _value(self, schema: dict) -> str:
        """The name of the rule for one value."""
        if "anyOf" in schema:
            return self._rule(" | ".join(self._value(branch) for branch in schema["anyOf"]))
        if "enum" in schema:
            return self._rule(" | ".join(literal(_json(value)) for value in schema["enum"]))
        writers = {"object": self._object, "array": self._array, "string": self._string}
        kind = schema["type"]
        if kind in writers:
            return self._rule(writers[kind](schema))
        if kind in ("integer", "number"):
            return self._rule(number(schema))
        return self._rule('"true" | "false"' if kind == "boolean" else '"null"')

    def _object(self, schema: dict) -> str:
        pairs = [
            (
                self._rule(f'{literal(_json(name))} ws ":" ws {self._value(held_to)}'),
                name in schema["required"],
            )
            for name, held_to in schema["properties"].items()
        ]
        # Behind a first property: each of the later ones, with a comma.
        later = [f'ws "," ws {pair}' if required else f'(ws "," ws {pair})?' for pair, required in pairs]
        firsts = []
        for number, (pair, required) in enumerate(pairs):
            firsts.append(" ".join([pair, *later[number + 1 :]]))
            if required:
                break
        else:
            firsts.append('""')
        return f'"{{" ws ({" | ".join(firsts)}) ws "}}"'

    def _array(self, schema: dict) -> str:
        item = self._value(schema["items"])
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        empty = '"[" ws "]"'
        if most == 0:
            return empty
        bounds = f"{{{max(least - 1, 0)},{'' if most is None else most - 1}}}"
        filled = f'"[" ws {item} (ws "," ws {item}){bounds} ws "]"'
        return filled if least else f"{filled} | {empty}"

    def _string(self, schema: dict) -> str:
        if schema.get("pattern") or "format" in schema:
            return f'"\\"" {grammar_of(schema.get("pattern") or FORMATS[schema["format"]])} "\\""'
        # With all choices side by side the engine knows beforehand which tokens fit. With one in a rule of
        # its own it tries the whole vocabulary at each step, and a token takes three times as long. But where
        # the length has a bound it would prepare each place of the string: 14 s for four strings.
        escaped = self._rule(ESCAPED) if "maxLength" in schema else ESCAPED
        bounds = f"{{{schema.get('minLength', 0)},{schema.get('maxLength', '')}}}"
        return f'"\\"" {self._rule(f"{RAW_CHARACTER} | {escaped}")}{bounds} "\\""'


def number(schema: dict) -> str:
    """An integer or a number within its bounds, as a rule. ValueError when they leave none."""
    choices = _integer(schema) if schema["type"] == "integer" else _number(schema)
    if not choices:
        raise ValueError("its bounds leave no value")
    return " | ".join(choices)


def _integer(schema: dict) -> list[str]:
    low, high = _bounds(schema)
    least = None if low is None else math.floor(low[0]) + 1 if low[1] else math.ceil(low[0])
    most = None if high is None else math.floor(high[0]) if high[1] else math.ceil(high[0]) - 1
    choices = [] if most is not None and most < 0 else _integers(max(least or 0, 0), most)
    if least is None or least < 0:
        first = 1 if most is None or most >= 0 else -most
        choices += [f'"-" {digits}' for digits in _integers(first, None if least is None else -least)]
    return choices


def _number(schema: dict) -> list[str]:
    low, high = _bounds(schema)
    if low is None and high is None:
        digits = " | ".join(_integers(0, None))
        return [f'("" | "-") ({digits}) ("" | "." {DIGIT}{{1,17}}) ("" | {EXPONENT})']
    choices = []
    if high is None or high >= (0, True):
        choices += _decimals(low if low and low[0] >= 0 else (0, False), high)
    if low is None or low[0] < 0:
        least = (-high[0], not high[1]) if high and high <= (0, False) else (0, False)
        most = None if low is None else (-low[0], not low[1])
        choices += [f'"-" {digits}' for digits in _decimals(least, most)]
    return choices


def _bounds(schema: dict) -> tuple[tuple[float, bool] | None, tuple[float, bool] | None]:
    """The lower bound and whether it is left out, the upper bound and whether it is included."""
    low = [(schema[name], name != "minimum") for name in ("minimum", "exclusiveMinimum") if name in schema]
    high = [(schema[name], name == "maximum") for name in ("maximum", "exclusiveMaximum") if name in schema]
    return max(low, default=None), min(high, default=None)


def _decimals(low: tuple[float, bool], high: tuple[float, bool] | None) -> list[str]:
    """Decimals from `low` on, which is at least 0, to `high`; both are whole numbers."""
    least, is_open = int(low[0]), low[1]
    most = None if high is None else int(high[0])
    fraction = f'("" | "." {DIGIT}{{1,17}})'
    choices = [
        f"{digits} {fraction}" for digits in _integers(least + is_open, None if most is None else most - 1)
    ]
    if is_open and (most is None or least < most):
        choices.append(f'"{least}." {DIGIT}{{0,8}} [1-9] {DIGIT}{{0,8}}')
    if (
        high is not None
        and most is not None
        and high[1]
        and (least < most or (least == most and not is_open))
    ):
        choices.append(f'"{most}" ("" | "." "0"{{1,17}})')
    return choices


def _integers(low: int, high: int | None) -> list[str]:
    """The digits of the integers from `low`, which is at least 0, to `high`, both included."""
    choices = ['"0"'] if low == 0 and (high is None or high >= 0) else []
    low = max(low, 1)
    while high is None or low <= high:
        length = len(str(low))
        if high is None and low == 10 ** (length - 1):
            return [*choices, f"[1-9] {DIGIT}{{{length - 1},{MOST_DIGITS - 1}}}"]
        last = 10**length - 1 if high is None else min(10**length - 1, high)
        choices += _digits(str(low), str(last))
        low = last + 1
    return choices


def _digits(low: str, high: str) -> list[str]:
    """The numbers between two of the same length."""
    if low == "0" * len(low) and high == "9" * len(high):
        return [f"{DIGIT}{{{len(low)},{len(low)}}}"]
    if len(low) == 1:
        return [f"[{low}-{high}]"]
    if low[0] == high[0]:
        return [f'"{low[0]}" {rest}' for rest in _digits(low[1:], high[1:])]
    nines, zeros = "9" * (len(low) - 1), "0" * (len(low) - 1)
    choices = [f'"{low[0]}" {rest}' for rest in _digits(low[1:], nines)]
    if int(high[0]) - int(low[0]) > 1:
        middle = f"[{int(low[0]) + 1}-{int(high[0]) - 1}]"
        choices += [f"{middle} {rest}" for rest in _digits(zeros, nines)]
    return choices + [f'"{high[0]}" {rest}' for rest in _digits(zeros, high[1:])]
