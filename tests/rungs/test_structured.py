"""What lesson 04 sends: a schema is all that differs, and a broken reply is complained about."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from anthropic.types import TextBlock
from jsonschema import Draft202012Validator

from course.engine.schema import enforceable
from course.material.data import LETTER_FIELDS, letters, tickets
from course.rungs import structured
from course.rungs.routing import QUEUE_SCHEMA, held_by

TICKET, LETTER = tickets("dev")[0], letters()[4]


class Answering:
    """A client that gives these texts one after the other and keeps what was asked."""

    def __init__(self, *texts: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self.messages, self._texts = self, iter(texts)

    def create(self, **request: Any) -> SimpleNamespace:
        self.asked.append(json.loads(json.dumps(request)))
        return SimpleNamespace(content=[TextBlock(type="text", text=next(self._texts))])


def test_a_schema_is_all_that_a_held_request_adds():
    client = Answering(" safety ", '{"queue": "safety"}')
    replies = [structured.ask(client, "m", TICKET, "a prompt", schema) for schema in (None, QUEUE_SCHEMA)]
    free, held = client.asked
    assert replies == ["safety", "safety"]
    assert held == free | held_by(QUEUE_SCHEMA)


def test_a_reply_that_was_cut_off_is_an_error():
    with pytest.raises(json.JSONDecodeError):
        structured.ask(Answering('{"queue": "saf'), "m", TICKET, "a prompt", QUEUE_SCHEMA)


def test_the_field_to_think_in_stands_before_the_answer():
    client = Answering('{"customer_wants": "help", "queue": "safety"}')
    assert structured.ask(client, "m", TICKET, "a prompt", structured.THINKING_SCHEMA) == "safety"
    assert list(structured.THINKING_SCHEMA["properties"]) == ["customer_wants", "queue"]
    assert structured.THINKING_SCHEMA["required"] == ["customer_wants", "queue"]


@pytest.mark.parametrize(
    ("texts", "said", "asked"),
    [
        (["safety"], "safety", 1),
        (["`safety`", "safety"], "safety", 2),
        (["", "`safety`", "`safety`", "safety"], "`safety`", structured.TRIES),
    ],
)
def test_a_broken_reply_is_asked_for_again_but_not_for_ever(texts, said, asked):
    client = Answering(*texts)
    assert structured.ask_again(client, "m", TICKET, "a prompt") == said
    assert len(client.asked) == asked
    turns = client.asked[-1]["messages"]
    assert [turn["content"] for turn in turns[2::2]] == [structured.COMPLAINT] * (asked - 1)
    assert all(turn["content"] for turn in turns)


def test_the_letters_schema_takes_every_gold_record_and_the_engine_can_hold_it():
    enforceable(structured.LETTER_SCHEMA, where="the letters' schema", strict=True)
    assert tuple(structured.LETTER_SCHEMA["properties"]) == tuple(LETTER_FIELDS)
    validator = Draft202012Validator(structured.LETTER_SCHEMA)
    assert all(validator.is_valid(letter.gold) for letter in letters())
    assert not validator.is_valid(LETTER.gold | {"remote": "maybe"})


def test_a_letter_and_its_reply_stand_side_by_side():
    said = LETTER.gold | {"name": "Somebody Else"}
    table = structured.beside(LETTER, f"Here it is:\n{json.dumps(said)}")
    assert list(table.index) == list(LETTER_FIELDS)
    assert table["the reply"]["name"] == "Somebody Else" != table["the letter"]["name"]
    assert structured.beside(LETTER, "I cannot help with that.")["the reply"].isna().all()


def test_each_letter_asks_for_the_keys_and_the_rules_add_to_them():
    client = Answering("{}", "{}")
    structured.read_letter(client, "m", LETTER)
    structured.read_letter(client, "m", LETTER, structured.RULES, structured.LETTER_SCHEMA)
    keys, rules = client.asked
    assert rules["system"].startswith(keys["system"]) and "output_config" not in keys
    assert rules["output_config"]["format"]["schema"] == structured.LETTER_SCHEMA
    assert keys["messages"] == rules["messages"] == [{"role": "user", "content": LETTER.text}]
