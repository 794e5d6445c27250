"""What lesson 04 sends: a schema is all that differs, and a broken reply is complained about."""

import json

import pytest
from jsonschema import Draft202012Validator

from course.engine.schema import enforceable
from course.material.data import LETTER_FIELDS, letters, tickets
from course.rungs import structured
from course.rungs.routing import QUEUE_SCHEMA, held_by
from tests.rungs.answering import answering

TICKET, LETTER = tickets("dev")[0], letters()[4]


def test_a_schema_is_all_that_a_held_request_adds_and_a_field_to_think_in_comes_first():
    client, asked = answering(" safety ", '{"queue": "safety"}')
    replies = [structured.ask(client, "m", TICKET, "a prompt", schema) for schema in (None, QUEUE_SCHEMA)]
    free, held = asked
    assert replies == ["safety", "safety"]
    assert held == free | held_by(QUEUE_SCHEMA)
    with pytest.raises(json.JSONDecodeError):
        structured.ask(answering('{"queue": "saf')[0], "m", TICKET, "a prompt", QUEUE_SCHEMA)
    client, asked = answering('{"customer_wants": "help", "queue": "safety"}')
    assert structured.ask(client, "m", TICKET, "a prompt", structured.THINKING_SCHEMA) == "safety"
    assert list(structured.THINKING_SCHEMA["properties"]) == ["customer_wants", "queue"]
    assert structured.THINKING_SCHEMA["required"] == ["customer_wants", "queue"]


@pytest.mark.parametrize(
    ("texts", "said", "count"),
    [
        (["safety"], "safety", 1),
        (["`safety`", "safety"], "safety", 2),
        (["", "`safety`", "`safety`", "safety"], "`safety`", structured.TRIES),
    ],
)
def test_a_broken_reply_is_asked_for_again_but_not_for_ever(texts, said, count):
    client, asked = answering(*texts)
    assert structured.ask_again(client, "m", TICKET, "a prompt") == said
    assert len(asked) == count
    turns = asked[-1]["messages"]
    assert [turn["content"] for turn in turns[2::2]] == [structured.COMPLAINT] * (count - 1)
    assert all(turn["content"] for turn in turns)


def test_the_letters_schema_takes_every_gold_record_and_a_request_asks_for_its_keys():
    enforceable(structured.LETTER_SCHEMA, where="the letters' schema", strict=True)
    assert tuple(structured.LETTER_SCHEMA["properties"]) == tuple(LETTER_FIELDS)
    validator = Draft202012Validator(structured.LETTER_SCHEMA)
    assert all(validator.is_valid(letter.gold) for letter in letters())
    assert not validator.is_valid(LETTER.gold | {"remote": "maybe"})
    said = LETTER.gold | {"name": "Somebody Else"}
    table = structured.beside(LETTER, f"Here it is:\n{json.dumps(said)}")
    assert list(table.index) == list(LETTER_FIELDS)
    assert table["the reply"]["name"] == "Somebody Else" != table["the letter"]["name"]
    assert structured.beside(LETTER, "I cannot help with that.")["the reply"].isna().all()
    client, asked = answering("{}", "{}")
    structured.read_letter(client, "m", LETTER)
    structured.read_letter(client, "m", LETTER, structured.RULES, structured.LETTER_SCHEMA)
    keys, rules = asked
    assert rules["system"].startswith(keys["system"]) and "output_config" not in keys
    assert rules["output_config"]["format"]["schema"] == structured.LETTER_SCHEMA
    assert keys["messages"] == rules["messages"] == [{"role": "user", "content": LETTER.text}]
