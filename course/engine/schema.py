"""JSON schemas for the local model: which ones its grammar can enforce, and in what form it takes them.

A schema for `output_config`, or of a strict tool, may use what the API itself accepts, so that a cell which
runs here runs against Claude too. Other tools may also bound numbers, lengths and lists. Anything else is
refused by name: the grammar engine would ignore it without a word.
"""

import json
import re

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from course.engine.embedded import Grammar

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
NOTES = {"title", "description", "default", "examples", "$schema", "$id", "$comment"}
DEFINITIONS = ("$defs", "definitions")
KEYS_OF_TYPE = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems"},
    "string": {"format", "pattern"},
}
BOUNDS_OF_TYPE = {
    "array": {"maxItems"},
    "string": {"minLength", "maxLength"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
}
UNSUPPORTED_PATTERN = re.compile(r"\(\?[=!<P]|\\[bB1-9]")


class SchemaError(ValueError):
    """A schema that the grammar cannot enforce. The message names the place and the feature."""


def enforceable(schema: object, *, where: str, strict: bool) -> dict:
    """The schema with references put in place and notes left out, as the grammar takes it.

    `strict` keeps to what the API enforces; without it bounds are allowed and objects are closed where they
    do not say. Raises SchemaError, beginning with `where`, for anything else.
    """
    if not isinstance(schema, dict):
        raise SchemaError(f"{where}: Input should be a valid dictionary")
    return _Reader(schema, strict).read(schema, where, ())


def grammar(schema: dict) -> Grammar:
    """The grammar of an `enforceable` schema.

    A choice, which is an object with one required property and a list of strings to choose from, is told to
    the engine in two parts: what every answer begins with, and the rest. That saves half of its tokens.
    """
    properties = schema.get("properties", {})
    values = [value for held_to in properties.values() for value in held_to.get("enum", [None])]
    if schema.get("required") != list(properties) or len(properties) != 1 or not _all_strings(values):
        return Grammar("json_schema", _json(schema))
    [name] = properties
    rest = "|".join(re.escape(_json(value)[1:]) for value in values)
    return Grammar("regex", rf"({rest})\}}", head=f'{{{_json(name)}: "')


def _all_strings(values: list) -> bool:
    return all(isinstance(value, str) for value in values)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Reader:
    def __init__(self, root: dict, strict: bool):
        self.root = root
        self.strict = strict

    def read(self, schema: object, where: str, inside: tuple[str, ...]) -> dict:
        """`inside` names the references being followed, to notice a schema that contains itself."""
        if not isinstance(schema, dict):
            raise SchemaError(f"{where}: Input should be a valid dictionary")
        if "$ref" in schema:
            return self._follow(schema, where, inside)
        left = {key: value for key, value in schema.items() if key not in NOTES and key not in DEFINITIONS}
        if "anyOf" in left:
            branches = self._branches(left.pop("anyOf"), f"{where}.anyOf", inside)
            self._refuse(left.keys() - {"type"}, where, "beside 'anyOf'")
            return {"anyOf": branches}
        if "allOf" in left:
            branches = self._branches(left.pop("allOf"), f"{where}.allOf", inside)
            self._refuse(left.keys(), where, "beside 'allOf'")
            if len(branches) > 1:
                raise SchemaError(f"{where}: 'allOf' with several schemas is not supported")
            return branches[0]
        if "enum" in left or "const" in left:
            return self._values(left, where)
        kinds = left.pop("type", None)
        if isinstance(kinds, list) and kinds:
            return {"anyOf": [self._of_type(kind, left, where, inside, several=True) for kind in kinds]}
        if kinds is None:
            self._refuse(left.keys(), where, "without 'type'")
            raise SchemaError(
                f"{where}: Schema must have a 'type', 'anyOf', 'allOf', 'enum' or 'const' field"
            )
        return self._of_type(kinds, left, where, inside)

    def _follow(self, schema: dict, where: str, inside: tuple[str, ...]) -> dict:
        reference = schema["$ref"]
        self._refuse(schema.keys() - NOTES - {"$ref", *DEFINITIONS}, where, "beside '$ref'")
        parts = reference.split("/") if isinstance(reference, str) else []
        if len(parts) != 3 or parts[0] != "#" or parts[1] not in DEFINITIONS:
            raise SchemaError(f"{where}: $ref {reference!r} is not supported; it must be like '#/$defs/Name'")
        if reference in inside:
            raise SchemaError(f"{where}: Recursive schemas ($ref {reference!r}) are not supported")
        name = parts[2].replace("~1", "/").replace("~0", "~")
        try:
            target = self.root[parts[1]][name]
        except (KeyError, TypeError):
            raise SchemaError(f"{where}: $ref {reference!r} points to nothing") from None
        return self.read(target, f"{where}({name})", (*inside, reference))

    def _branches(self, branches: object, where: str, inside: tuple[str, ...]) -> list[dict]:
        if not isinstance(branches, list) or not branches:
            raise SchemaError(f"{where}: Input should be a list of at least one schema")
        return [self.read(branch, f"{where}.{number}", inside) for number, branch in enumerate(branches)]

    def _values(self, left: dict, where: str) -> dict:
        kinds = left.pop("type", None)
        keyword = "enum" if "enum" in left else "const"
        values = left.pop(keyword)
        self._refuse(left.keys(), where, f"beside '{keyword}'")
        if keyword == "const":
            values = [values]
        if (
            not isinstance(values, list)
            or not values
            or any(isinstance(value, dict | list) for value in values)
        ):
            raise SchemaError(f"{where}: '{keyword}' must hold strings, numbers, booleans or null")
        wanted = kinds if isinstance(kinds, list) else [kinds]
        if kinds is not None and not all(any(_is_type(value, kind) for kind in wanted) for value in values):
            raise SchemaError(f"{where}: '{keyword}' holds a value that is not of type {kinds!r}")
        return {"enum": values}

    def _of_type(
        self, kind: object, left: dict, where: str, inside: tuple[str, ...], several: bool = False
    ) -> dict:
        if kind not in TYPES:
            raise SchemaError(f"{where}: type {kind!r} is not supported; use one of {', '.join(TYPES)}")
        known = KEYS_OF_TYPE.get(kind, set()) | (set() if self.strict else BOUNDS_OF_TYPE.get(kind, set()))
        if not several:
            self._refuse(left.keys() - known, where, f"for type '{kind}'")
        rest = {key: value for key, value in left.items() if key in known}
        if several:
            everything = set().union(
                *KEYS_OF_TYPE.values(), *([] if self.strict else BOUNDS_OF_TYPE.values())
            )
            self._refuse(left.keys() - everything, where, "in a schema of several types")
        if kind == "object":
            rest = self._object(rest, where, inside)
        elif kind == "array":
            rest = self._array(rest, where, inside)
        elif kind == "string":
            self._check_string(rest, where)
        return {"type": kind, **rest}

    def _object(self, rest: dict, where: str, inside: tuple[str, ...]) -> dict:
        properties = rest.get("properties") or {}
        if not isinstance(properties, dict):
            raise SchemaError(f"{where}.properties: Input should be a valid dictionary")
        required = rest.get("required") or []
        if not isinstance(required, list) or any(name not in properties for name in required):
            raise SchemaError(f"{where}.required: every required name must be among the properties")
        if self.strict and rest.get("additionalProperties") is not False:
            raise SchemaError(
                f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false"
            )
        if rest.get("additionalProperties", False) is not False:
            raise SchemaError(f"{where}: 'additionalProperties' other than false is not supported")
        read = {
            name: self.read(value, f"{where}.properties.{name}", inside) for name, value in properties.items()
        }
        return {"properties": read, "required": required, "additionalProperties": False}

    def _array(self, rest: dict, where: str, inside: tuple[str, ...]) -> dict:
        if "items" not in rest:
            raise SchemaError(f"{where}: For 'array' type, 'items' is needed")
        if self.strict and rest.get("minItems", 0) not in (0, 1):
            raise SchemaError(
                f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
            )
        return {**rest, "items": self.read(rest["items"], f"{where}.items", inside)}

    def _check_string(self, rest: dict, where: str) -> None:
        if "format" in rest and rest["format"] not in FORMATS:
            raise SchemaError(
                f"{where}: format {rest['format']!r} is not supported; use one of {', '.join(FORMATS)}"
            )
        pattern = rest.get("pattern", "")
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise SchemaError(f"{where}: pattern {pattern!r} is not a regular expression: {error}") from None
        if UNSUPPORTED_PATTERN.search(pattern):
            raise SchemaError(
                f"{where}: pattern {pattern!r} uses a look-around, a boundary, a named group or a "
                "back-reference, which are not supported"
            )

    def _refuse(self, keys: set[str], where: str, how: str) -> None:
        if keys:
            raise SchemaError(f"{where}: {', '.join(map(repr, sorted(keys)))} {how} is not supported")


def _is_type(value: object, kind: object) -> bool:
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    types = {"string": str, "integer": int, "number": int | float, "null": type(None)}
    return isinstance(value, types.get(kind, ()))


def misfit(value: object, schema: dict) -> str | None:
    """How a value differs from a schema, in one line; None when it fits."""
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    return error and f"{error.json_path}: {error.message[:200]}"
