"""Grammars of JSON: they let through what fits the schema and nothing else, in the engine too."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.engine import embedded
from course.engine.grammar import FORMATS, RAW_CHARACTER, Grammar, grammar
from course.engine.replies import misfit
from course.engine.schema import enforceable
from tests.engine.ebnf import as_regex, drawn


def closed(properties: dict, required: list[str] | None = None) -> dict:
    """A closed object; without `required` every property is."""
    names = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def held(schema: dict) -> Grammar:
    return grammar(enforceable(schema, where="here", strict=False))


COLOURS = {"enum": ["red", "blue"]}
STRING, NULL = {"type": "string"}, {"type": "null"}


def pattern(text: str) -> dict:
    return {"type": "string", "pattern": text}


def number(kind: str = "number", **bounds: float) -> dict:
    return {"type": kind, **bounds}


def array(**rest: object) -> dict:
    return {"type": "array", "items": NULL, **rest}


ODD_ENUM = {"enum": ["on hold", "C & A", 'a "b"\\', 3, 1.5, None, True]}
BOOLEANS = array(items={"type": "boolean"})
CODE = closed({"c\u00f3digo": {"type": "boolean"}, "a": NULL}, ["a"])
CODES = ['{"c\u00f3digo":true,"a":null}', '{"a": null}', '{ "c\u00f3digo" : false ,\n"a":null }']
NO_CODES = ['{"c\u00f3digo":true}', '{"a":null,"c\u00f3digo":true}', "{}", '{"a":null,}']
TWO = ["{}", '{"x":null}', '{"y":null}', '{"x":null,"y":null}']
QUEUE = closed({"queue": {"enum": ["a", 'b"', "\u00fcb"]}})
# A schema, what fits it and what does not; of numbers each is a word.
CASES = [
    (number("integer"), "0 -1 123456", ["01", "-0", "1.0", "1e3", ""]),
    (number("integer", minimum=-3, exclusiveMaximum=117), "-3 0 9 116", "-4 117 120 999"),
    (number("integer", minimum=98, maximum=1203), "98 100 999 1000 1203", "97 9 1204 9999"),
    (number("integer", exclusiveMinimum=2.5), "3 10 2000", "2 -1 0"),
    (
        number("integer", exclusiveMinimum=0, maximum=2**53 - 1),
        f"1 443 {2**53 - 1}",
        f"0 -1 {2**53} {10**16}",
    ),
    (number("integer", exclusiveMaximum=0), "-1 -99", "0 -0 5"),
    (number(), "0 -0.5 1e10 3.25 -2E-7", "01 .5 1. +1 1e999"),
    (number(minimum=0, maximum=1), "0 1 0.5 0.001 1.0", "1.5 -0.5 1.01 2"),
    (number(exclusiveMinimum=0), "0.5 1 22.5 0.0001", "0 0.0 -1 -0"),
    (number(exclusiveMinimum=-3, exclusiveMaximum=2), "-2 -2.999 0 1.999 -0.5", "-3 -3.0 2 2.0 5"),
    (number(maximum=-5), "-5 -5.0 -5.5 -99", "-4.9 0 5"),
    (number(exclusiveMaximum=0), "-0.1 -7", "0 -0 -0.0"),
    (
        STRING,
        ['""', '"\\n\\u00e9\\""', '"\u00e9\u65e5\U0001f600"'],
        ['"a', '"a"b"', '"\t"', '"\\ud83d"', '"\\x"'],
    ),
    ({**STRING, "minLength": 2, "maxLength": 3}, ['"ab"', '"\u00e9\u00e9\\n"'], ['"a"', '"abcd"', '"a\tb"']),
    (pattern("^.{1,30}$"), ['"a b"', '"\\"yes\\""', '"a\\\\b"'], ['""', '"a"b"', f'"{31 * "a"}"']),
    (pattern(r"^C:\\bin$"), ['"C:\\\\bin"'], ['"C:bin"', '"C:\\bin"']),
    (pattern(r"^[^a]\D\S[\w-]+(?:x|y)?$"), ['"bcdw-"', '"b\\"d1x"'], ['"acdw"', '"b1dw"', '"b""1x"']),
    (pattern("^(Stra\u00dfe|m\u00e9decin)$"), '"Stra\u00dfe" "m\u00e9decin"', '"Strasse" "medecin"'),
    (pattern(r"[\d\s.]{2}"), ['"1 "', '"\\t."'], ['"1a"', '"123"']),
    (pattern(""), ['""', '"anything"'], ["anything"]),
    (pattern(r"^\W?\w$"), ['"-a"', '"_"'], ['"ab"', '"\u00e9"']),
    (CODE, CODES, NO_CODES),
    (closed({"x": NULL, "y": NULL}, []), TWO, ['{"x":null,}', '{,"y":null}', '{"z":null}']),
    (array(minItems=1, maxItems=2), ["[null]", "[null, null]"], ["[]", "[null,null,null]"]),
    (array(maxItems=0), ["[]"], ["[null]"]),
    (array(items=COLOURS), ["[]", '["red", "blue","red"]'], ['["red",]', '["green"]']),
    ({"anyOf": [NULL, BOOLEANS]}, ["null", "[true]"], ["true", "[null]"]),
    (ODD_ENUM, ['"C & A"', "1.5", "null", r'"a \"b\"\\"'], ["2", '"C"']),
    ({"type": ["string", "null"], "pattern": "^x$"}, ['"x"', "null"], ['"y"', "x"]),
    (QUEUE, [r'{"queue": "b\""}', '{"queue": "\u00fcb"}'], ['{"queue": "c"}']),
]


@pytest.mark.parametrize(("schema", "fits", "fails"), CASES, ids=lambda part: str(part)[:60])
def test_a_grammar_lets_through_what_fits_its_schema(schema, fits, fails):
    allowed = re.compile(as_regex(held(schema)))
    for text in fits.split() if isinstance(fits, str) else fits:
        assert allowed.fullmatch(text), text
        assert misfit(text, schema) is None, text
    for text in fails.split() if isinstance(fails, str) else fails:
        assert not allowed.fullmatch(text), text


def test_the_choices_of_a_character_stand_side_by_side_so_that_the_engine_is_fast():
    rules = [line.partition(" ::= ")[2] for line in held(STRING).text.split("\n")]
    (character,) = (right for right in rules if right.startswith(f"{RAW_CHARACTER} | "))
    assert not re.search(r"\(|rule", character.removeprefix(RAW_CHARACTER))


FORMATTED = {
    "date": (
        ["2024-02-29", "2000-02-29", "2023-12-31"],
        ["1900-02-29", "2023-02-29", "2023-13-01", "2023-04-31"],
    ),
    "time": (["23:59:59Z", "01:02:03.5+01:00"], ["24:00:00Z", "01:02"]),
    "date-time": (["2024-01-01T00:00:00Z"], ["2024-01-01 00:00:00Z"]),
    "duration": (["P1Y2M", "PT5M", "P3W", "P1DT1H"], ["P", "PT", "P1Y2D"]),
    "email": (["a.b@c.de"], ["a@b", "@c.de"]),
    "hostname": (["a.b", "x1-y"], ["-a", "a..b"]),
    "uri": (["https://x.org/a?b=c#d", "mailto:a@b.c"], ["abc", "http//x"]),
    "ipv4": (["255.0.10.1"], ["256.0.0.1", "1.2.3"]),
    "ipv6": (["1:2:3:4:5:6:7:abcd"], ["1:2", "1:2:3:4:5:6:7:x"]),
    "uuid": (["12345678-1234-1234-1234-1234567890ab"], ["12345678"]),
}


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_held(form):
    allowed = re.compile(as_regex(held({"type": "string", "format": form})))
    good, bad = FORMATTED[form]
    assert all(allowed.fullmatch(f'"{text}"') for text in good)
    assert not any(allowed.fullmatch(f'"{text}"') for text in bad)


SOME = [".{1,30}", "^[^a-z]+$", r"^\S+ \W$", r"\\[\]}]\"?", "^(a|.b)*$", r"[\x00-\x7f]{2}", "[^\\\\]{1,3}"]
PATTERNS = st.sampled_from([*SOME, "^\u00e9[a-f]"])
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
LOW, HIGH = st.integers(-1200, 90), st.integers(100, 1300)
VALUES = st.one_of(NAMES, st.integers(-(10**9), 10**9), st.booleans(), st.none(), st.floats(-1e6, 1e6))
LEAVES = st.one_of(
    st.sampled_from([{"type": kind} for kind in ("string", "integer", "number", "boolean", "null")]),
    st.fixed_dictionaries({"type": st.just("number"), "minimum": LOW, "exclusiveMaximum": HIGH}),
    st.fixed_dictionaries({"type": st.just("integer"), "exclusiveMinimum": LOW, "maximum": HIGH}),
    st.fixed_dictionaries(
        {"type": st.just("string"), "minLength": st.integers(0, 5), "maxLength": st.integers(5, 9)}
    ),
    st.builds(pattern, PATTERNS),
    st.builds(lambda form: {"type": "string", "format": form}, st.sampled_from(sorted(FORMATS))),
    st.builds(lambda values: {"enum": values}, st.lists(VALUES, min_size=1, max_size=4)),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda items, least: {"type": "array", "items": items, "minItems": least},
            inner,
            st.integers(0, 2),
        ),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
        st.dictionaries(NAMES, inner, max_size=3).flatmap(
            lambda properties: st.sets(st.sampled_from(sorted(properties) or [""])).map(
                lambda names: closed(properties, sorted(names & set(properties)))
            )
        ),
    ),
    max_leaves=4,
)


@settings(max_examples=50)
@given(schema=SCHEMAS, random=st.randoms(use_true_random=False))
def test_whatever_a_grammar_lets_through_is_json_that_fits(schema, random):
    text = drawn(held(schema), random)
    assert misfit(text, schema) is None
    json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False).encode()


def said(engine: embedded.Engine, schema: dict, request: str, max_tokens: int = 60) -> object:
    """The engine's answer to a request, held to the schema; it has to fit."""
    prompt = engine.chat_prompt([{"role": "user", "content": request}])
    done = engine.generate(prompt, max_tokens=max_tokens, grammar=held(schema))
    assert done.finish_reason == "end_turn", done.text
    assert misfit(done.text, schema) is None
    return json.loads(done.text)


LETTERS = (
    "c\u00f3digo|Stra\u00dfe|cr\u00e9dito|m\u00e9decin|\u00e9\u00e9a0|fa\u00e7ade|\u00c5ber|\u00ff0|"
    'na\u00efve \u00e9f|\u0142\u00f3d\u017a|\u65e5\u672cad|\U0001f6001a|\u00a0b|q"\u00fcb\\|x\u0080f'
)


@pytest.mark.parametrize("name", LETTERS.split("|"))
def test_the_engine_keeps_letters_of_all_languages(engine, name, capfd):
    one = array(items={"enum": [f"{name}e"]}, minItems=1, maxItems=1)
    schema = closed({name: one, "n": NULL})
    assert said(engine, schema, "Fill in the form.") == {name: [f"{name}e"], "n": None}
    assert said(engine, closed({name: {"enum": [name]}}), "Fill in the form.") == {name: name}
    assert said(engine, pattern(f"^{re.escape(name)}[0-9a-f]?$"), "Say it.").startswith(name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("schema", "request_"),
    [
        (pattern("^.{1,30}$"), 'Repeat exactly: He said "yes" twice'),
        (pattern("^[^0-9]{1,40}$"), 'Repeat exactly: a "quoted" back\\slash'),
        ({**STRING, "maxLength": 40}, "Repeat exactly: a\tb\tc"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "Say 1.5"),
        ({"type": "number", "exclusiveMinimum": 0}, "Say 0"),
        ({"type": "integer", "exclusiveMinimum": 3, "maximum": 12}, "Say 99"),
        (closed({"due": {"type": "string", "format": "date"}}), "It is due on 30 February 2026."),
        ({"enum": ["on hold", "C & A", "a-b", "x#y", "~"]}, "Say C & A"),
    ],
    ids=str,
)
def test_the_engine_holds_what_it_used_to_ignore(engine, schema, request_, capfd):
    said(engine, schema, request_)
    assert capfd.readouterr() == ("", "")


def test_a_choice_is_answered_as_its_full_schema_would_be(engine):
    values = ['a "quoted" one', "back\\slash", "d.o(t)s*", "tv\u00e5"]
    schema = closed({"the queue": {"enum": values}})
    choice = held(schema)
    assert choice.head == '{"the queue": "'
    for value in values:
        example = json.dumps({"the queue": value}, ensure_ascii=False)
        turns = [("user", "Say it."), ("assistant", example), ("user", "Say it once more.")]
        prompt = engine.chat_prompt([{"role": role, "content": text} for role, text in turns])
        in_full = held(closed({"the queue": {"anyOf": [{"enum": values}]}}))
        assert not in_full.head
        answers = [engine.generate(prompt, max_tokens=40, grammar=each) for each in (choice, in_full)]
        assert json.loads(answers[0].text) == json.loads(answers[1].text), value


@pytest.mark.parametrize(
    "changes",
    [
        {"required": []},
        {"properties": {"a": {"enum": ["x"]}, "b": {"enum": ["y"]}}, "required": ["a", "b"]},
        {"properties": {"a": {"enum": ["x", 1]}}},
        {"properties": {"a": STRING}},
    ],
)
def test_what_is_not_a_choice_has_no_head(changes):
    assert held(closed({"a": COLOURS})).head
    assert not held(closed({"a": COLOURS}) | changes).head
