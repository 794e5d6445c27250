"""JSON schemas for the local model: which ones its grammar can enforce, and in what form it takes them.

A schema for `output_config`, or of a strict tool, may use what the API itself accepts, so that a cell which
runs here runs against Claude too. Other tools may also bound numbers, lengths and lists. Anything else is
refused by name.
"""

import json
from collections.abc import Iterable
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as NotASchema

from course.engine.grammar import FORMATS, number
from course.engine.patterns import MOST_REPETITIONS, PatternError, grammar_of

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
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
# Beyond it a JSON number loses its last digits. Many generators write it as the bound of every integer.
LARGEST_BOUND = 2**53


class SchemaError(ValueError):
    """A schema that the grammar cannot enforce. The message names the place and the feature."""


def enforceable(schema: object, *, where: str, strict: bool) -> dict:
    """The schema with references put in place and notes left out, as the grammar takes it.

    `strict` keeps to what the API enforces; without it bounds are allowed and objects are closed where they
    do not say. Raises SchemaError, beginning with `where`, for anything else.
    """
    if not isinstance(schema, dict):
        raise SchemaError(f"{where}: Input should be a valid dictionary")
    try:
        # What a pattern may be, its own reader says.
        Draft202012Validator.check_schema(schema, format_checker=None)
        json.dumps(schema, ensure_ascii=False, allow_nan=False).encode()
    except NotASchema as error:
        place = f"{where}{error.json_path.removeprefix('$')}"
        if error.path and error.path[-1] == "type":
            raise SchemaError(f"{place}: {error.instance!r} is not one of {', '.join(TYPES)}") from None
        raise SchemaError(f"{place}: {error.message[:200]}") from None
    except UnicodeEncodeError:
        raise SchemaError(f"{where}: the schema holds half of a character (a lone surrogate)") from None
    except ValueError:
        raise SchemaError(f"{where}: the schema holds a number that JSON does not have") from None
    return _Reader(schema, strict, where).read(schema, where, ())


class _Reader:
    def __init__(self, root: dict, strict: bool, where: str):
        self.root = root
        self.strict = strict
        self.where = where

    def read(self, schema: object, where: str, inside: tuple[str, ...]) -> dict:
        """`inside` names the references being followed, to notice a schema that contains itself."""
        if not isinstance(schema, dict):
            raise SchemaError(f"{where}: Input should be a valid dictionary")
        if "$ref" in schema:
            return self._follow(schema, where, inside)
        left = {key: value for key, value in schema.items() if key not in NOTES and key not in DEFINITIONS}
        if "anyOf" in left:
            branches = self._branches(left.pop("anyOf"), f"{where}.anyOf", inside)
            if all(branch.get("type") == left.get("type") for branch in branches):
                left.pop("type", None)
            self._refuse(left.keys(), where, "beside 'anyOf'")
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
        if isinstance(kinds, list):
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

    def _branches(self, branches: list, where: str, inside: tuple[str, ...]) -> list[dict]:
        return [self.read(branch, f"{where}.{number}", inside) for number, branch in enumerate(branches)]

    def _values(self, left: dict, where: str) -> dict:
        kinds = left.pop("type", None)
        keyword = "enum" if "enum" in left else "const"
        values = left.pop(keyword)
        self._refuse(left.keys(), where, f"beside '{keyword}'")
        if keyword == "const":
            values = [values]
        if not values or any(isinstance(value, dict | list) for value in values):
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
        tables = [KEYS_OF_TYPE] if self.strict else [KEYS_OF_TYPE, BOUNDS_OF_TYPE]
        known = set().union(*(table.get(kind, ()) for table in tables))
        if several:
            everything = set().union(*(keys for table in tables for keys in table.values()))
            self._refuse(left.keys() - everything, where, "in a schema of several types")
        else:
            self._refuse(left.keys() - known, where, f"for type '{kind}'")
        rest = {key: value for key, value in left.items() if key in known}
        if kind == "object":
            rest = self._object(rest, where, inside)
        elif kind == "array":
            rest = self._array(rest, where, inside)
        elif kind == "string":
            self._check_string(rest, where)
        elif kind in ("integer", "number"):
            self._check_number(kind, rest, where)
        return {"type": kind, **rest}

    def _object(self, rest: dict, where: str, inside: tuple[str, ...]) -> dict:
        properties, required = rest.get("properties", {}), rest.get("required", [])
        if any(name not in properties for name in required):
            raise SchemaError(f"{where}.required: every required name must be among the properties")
        if self.strict and rest.get("additionalProperties") is not False:
            raise SchemaError(
                f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false"
            )
        if where != self.where and not rest.keys() & {"properties", "additionalProperties"}:
            raise SchemaError(
                f"{where}: an object with any keys is not supported; name its 'properties', or set "
                "'additionalProperties' to false"
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
        self._check_counts(rest, "minItems", "maxItems", where)
        return {**rest, "items": self.read(rest["items"], f"{where}.items", inside)}

    def _check_string(self, rest: dict, where: str) -> None:
        for keyword in ("pattern", "format"):
            if keyword in rest:
                self._refuse(rest.keys() - {keyword}, where, f"beside '{keyword}'")
        if "format" in rest and rest["format"] not in FORMATS:
            raise SchemaError(
                f"{where}: format {rest['format']!r} is not supported; use one of {', '.join(FORMATS)}"
            )
        try:
            grammar_of(rest.get("pattern", ""))
        except PatternError as error:
            raise SchemaError(f"{where}: the pattern {rest['pattern']!r} {error}") from None
        self._check_counts(rest, "minLength", "maxLength", where)

    def _check_number(self, kind: str, rest: dict, where: str) -> None:
        for keyword, bound in rest.items():
            if abs(bound) > LARGEST_BOUND or (kind == "number" and bound != int(bound)):
                raise SchemaError(
                    f"{where}: '{keyword}' {bound} for type '{kind}' is not supported; use a whole number "
                    f"between -{LARGEST_BOUND} and {LARGEST_BOUND}"
                )
        try:
            number({"type": kind, **rest})
        except ValueError as error:
            raise SchemaError(f"{where}: {error}") from None

    def _check_counts(self, rest: dict, least: str, most: str, where: str) -> None:
        for keyword in rest.keys() & {least, most}:
            if rest[keyword] > MOST_REPETITIONS:
                raise SchemaError(
                    f"{where}: '{keyword}' {rest[keyword]} is not supported; use at most {MOST_REPETITIONS}"
                )
        if rest.get(least, 0) > rest.get(most, MOST_REPETITIONS):
            raise SchemaError(f"{where}: '{least}' is greater than '{most}'")

    def _refuse(self, keys: Iterable[str], where: str, how: str) -> None:
        if refused := ", ".join(map(repr, sorted(keys))):
            raise SchemaError(f"{where}: {refused} {how} is not supported")


def _is_type(value: object, kind: Any) -> bool:
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    types = {"string": str, "integer": int, "number": int | float, "null": type(None)}
    return isinstance(value, types.get(kind, ()))
