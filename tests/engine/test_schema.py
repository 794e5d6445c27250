"""Schemas: what a request may hold, and what is refused by name because no grammar could hold it."""

import pytest

from course.engine.schema import SchemaError, enforceable

COLOURS = {"enum": ["red", "blue"]}
STRING = {"type": "string"}
TREE = {"$ref": "#/$defs/Tree", "$defs": {"Tree": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("string", "Input should be a valid dictionary"),
        ({}, "must have a 'type'"),
        ({"type": "banana"}, "'banana' is not"),
        ({"not": STRING}, "'not'"),
        ({"type": "integer", "minimum": 1}, "'minimum' for type 'integer'"),
        ({"type": "integer", "multipleOf": 7}, "'multipleOf'"),
        ({"type": "any"}, "type: 'any' is not one of object, array, string"),
        ({"type": "object", "properties": {"a": {"type": "STRING"}}}, "a.type: 'STRING' is not .* object"),
        ({"type": ["string", "int"]}, r"type: \['string', 'int'\] is not one of object"),
        ({"type": "string", "pattern": r"^\p{L}+$"}, r"pattern .* cannot be read as one of Python's: bad"),
        ({"type": "string", "pattern": "^(?<year>[0-9]{4})$"}, "pattern .* cannot be read as one of Pyth"),
        ({"type": "string", "maxLength": 3}, "'maxLength'"),
        ({"type": "string", "format": "postcode"}, "format 'postcode'"),
        ({"type": "string", "pattern": "(?=a)b"}, "look-around"),
        ({"type": "string", "pattern": r"a\b"}, "boundary"),
        ({"type": "string", "pattern": "a^b|^c"}, "boundary or an anchor inside"),
        ({"type": "string", "pattern": r"(a)\1"}, "back-reference"),
        ({"type": "string", "pattern": "(?i)a"}, "flags"),
        ({"type": "string", "pattern": "("}, "cannot be read as one of Python's: missing"),
        ({"type": "string", "pattern": "[0-9]{101}"}, "more than 100 times"),
        ({"type": "string", "pattern": "(a{20}){20}"}, "more than 100 times"),
        ({"type": "string", "pattern": r"\x00"}, "no character can fill"),
        ({"type": "string", "pattern": "^a$", "format": "date"}, "'format' beside 'pattern'"),
        ({"type": "object", "properties": {}}, "'additionalProperties' must be explicitly set to false"),
        ({"type": "object", "required": [["a"]], "additionalProperties": False}, r"required\[0\]: \['a'\]"),
        ({"type": "object", "properties": [], "additionalProperties": False}, r"properties: \[\] is .* type"),
        ({"type": "array"}, "'items' is needed"),
        ({"type": "array", "items": COLOURS, "minItems": 2}, "'minItems' values other than 0 or 1"),
        ({"type": "array", "items": COLOURS, "minItems": "1"}, "minItems: '1' is not of type"),
        ({"type": "array", "items": COLOURS, "uniqueItems": True}, "'uniqueItems'"),
        ({"oneOf": [COLOURS]}, "'oneOf'"),
        ({"allOf": [COLOURS, COLOURS]}, "'allOf' with several"),
        ({"type": "string", "anyOf": [{"type": "integer"}]}, "'type' beside 'anyOf'"),
        ({"if": COLOURS, "type": "string"}, "'if'"),
        ({"enum": []}, "'enum' must hold"),
        ({"enum": [{"a": 1}]}, "'enum' must hold"),
        ({"enum": ["a"], "const": "b"}, "'const' beside 'enum'"),
        ({"enum": ["\ud800"]}, "lone surrogate"),
        ({"enum": [float("inf")]}, "a number that JSON does not have"),
        ({"type": "integer", "enum": ["a"]}, "not of type 'integer'"),
        ({"$ref": "https://example.com/schema"}, "must be like '#/\\$defs/Name'"),
        ({"$ref": "#/$defs/Gone", "$defs": {}}, "points to nothing"),
        (TREE, "Recursive schemas"),
    ],
)
def test_what_cannot_be_held_is_named(schema, message):
    with pytest.raises(SchemaError, match=f"^here.*{message}"):
        enforceable(schema, where="here", strict=True)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "integer", "multipleOf": 7}, "'multipleOf'"),
        ({"type": "object", "properties": {"a": {"type": "object"}}}, "a: an object with any .* supp"),
        ({"type": "array", "items": {"type": ["object", "null"]}}, "items: an object with any keys"),
        ({"type": "number", "minimum": 0.5}, "'minimum' 0.5 for type 'number' .* use a whole number"),
        ({"type": "number", "maximum": 1e300}, "'maximum' 1e\\+300 .* between -9007199254740992 and"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "its bounds leave no value"),
        ({"type": "number", "minimum": 3, "exclusiveMaximum": 3}, "its bounds leave no value"),
        ({"type": "integer", "minimum": True}, "minimum: True is not of type 'number'"),
        ({"type": "string", "maxLength": 5000}, "'maxLength' 5000 is not supported; use at most 100"),
        ({"type": "string", "minLength": 9, "maxLength": 3}, "'minLength' is greater than 'maxLength'"),
        ({"type": "string", "pattern": "^a+$", "maxLength": 3}, "'maxLength' beside 'pattern'"),
        ({"type": "array", "items": COLOURS, "minItems": 3, "maxItems": 2}, "'minItems' is greater than"),
    ],
)
def test_what_a_tool_cannot_hold_is_named(schema, message):
    with pytest.raises(SchemaError, match=f"^here.*{message}"):
        enforceable(schema, where="here", strict=False)


def test_tool_schemas_may_bound_values_and_references_are_put_in_place():
    bounded = {"type": "integer", "minimum": 1}
    schema = {"type": "object", "properties": {"n": bounded}, "required": ["n"]}
    read = enforceable(schema, where="here", strict=False)
    assert (read["additionalProperties"], read["properties"]) == (False, {"n": bounded})
    schema = {
        "type": "object",
        "properties": {"leaf": {"$ref": "#/$defs/Leaf"}},
        "required": ["leaf"],
        "additionalProperties": False,
        "$defs": {"Leaf": {"title": "Leaf", **COLOURS}},
    }
    assert enforceable(schema, where="here", strict=True)["properties"] == {"leaf": COLOURS}


@pytest.mark.parametrize("schema", [{"type": "object"}, {"type": "object", "properties": {}}])
def test_a_tool_may_take_nothing(schema):
    assert enforceable(schema, where="here", strict=False)["properties"] == {}
    inner = {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": False}}}
    assert enforceable(inner, where="here", strict=False)["properties"]["a"]["properties"] == {}
