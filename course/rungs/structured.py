"""What lesson 04 asks: tickets and letters, free or held by a schema, and again where a reply is broken."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
from anthropic import Anthropic
from anthropic.types import Message, MessageParam

from course.engine.replies import text_of
from course.material.data import LETTER_FIELDS, QUEUES, Letter
from course.measuring.letters import read
from course.rungs.routing import QUEUE_SCHEMA, HasText, as_turns, held_by, reply

TRIES = 3
COMPLAINT = "That is not valid: answer with the name of one queue alone. Try again."
THINKING_SCHEMA = QUEUE_SCHEMA | {
    "properties": {"customer_wants": {"type": "string"}, **QUEUE_SCHEMA["properties"]},
    "required": ["customer_wants", "queue"],
}
KEYS = (
    "Read the job application and answer with one JSON object with the keys "
    f"{', '.join(LETTER_FIELDS)}. Use null where the letter does not say."
)
RULES = (
    f"{KEYS} Write pay as a whole number for a year, experience in whole years, dates as YYYY-MM-DD, the "
    "currency as a code of three letters, and remote as yes, hybrid or no. Skills are in lower case, each as "
    "short as the letter allows."
)


def _or_null(**kind: Any) -> dict[str, Any]:
    return {"anyOf": [kind, {"type": "null"}]}


_VALUES: dict[str, dict[str, Any]] = {
    "name": {"type": "string"},
    "role": {"type": "string"},
    "skills": {"type": "array", "items": {"type": "string"}},
    "years_experience": _or_null(type="integer"),
    "salary_expectation": _or_null(type="integer"),
    "currency": _or_null(type="string", enum=["EUR", "USD", "GBP", "CHF", "SEK"]),
    "available_from": _or_null(type="string", format="date"),
    "remote": _or_null(type="string", enum=["yes", "hybrid", "no"]),
}
LETTER_SCHEMA = {
    "type": "object",
    "properties": _VALUES,
    "required": list(_VALUES),
    "additionalProperties": False,
}


def ask(
    client: Anthropic,
    model: str,
    ticket: HasText,
    system: str,
    schema: dict[str, Any] | None = None,
    max_tokens: int = 24,
) -> str:
    """The reply to a ticket as text, or with a schema the queue, as `reply` has it. Nothing else differs."""
    turns = as_turns([], ticket.text)
    request = {"model": model, "max_tokens": max_tokens, "system": system, "messages": turns}
    return reply(client, request, schema)


def ask_again(client: Anthropic, model: str, ticket: HasText, system: str) -> str:
    """The last of at most `TRIES` free replies: each one that is not a queue's name is complained about."""
    turns = as_turns([], ticket.text)
    for _ in range(TRIES):
        message = client.messages.create(model=model, max_tokens=24, system=system, messages=turns)
        said = text_of(message).strip()
        if said in QUEUES:
            break
        turns += [
            {"role": "assistant", "content": said or "(nothing)"},
            {"role": "user", "content": COMPLAINT},
        ]
    return said


def read_letter(
    client: Anthropic,
    model: str,
    letter: Letter,
    system: str = KEYS,
    schema: dict[str, Any] | None = None,
    max_tokens: int = 200,
) -> Message:
    """The reply to a letter, free or held by a schema."""
    return client.messages.create(
        model=model,
        max_tokens=max_tokens,
        system=system,
        messages=letter_turns(letter),
        **(held_by(schema) if schema else {}),
    )


def as_json(letter: Letter) -> str:
    """The right reply to a letter."""
    return json.dumps(letter.gold, ensure_ascii=False)


def letter_turns(letter: Letter, examples: Sequence[Letter] = ()) -> list[MessageParam]:
    """The turns that ask for a letter, after examples with their right replies.

    The first example comes last: of the course's it has every field.
    """
    turns: list[MessageParam] = []
    for example in reversed(examples):
        turns.append({"role": "user", "content": example.text})
        turns.append({"role": "assistant", "content": as_json(example)})
    return [*turns, {"role": "user", "content": letter.text}]


def beside(letter: Letter, answer: Any) -> pd.DataFrame:
    """Each field as the letter has it and as the reply says; empty where the reply has no such object."""
    said = pd.Series(read(answer).fields or {}, index=list(LETTER_FIELDS), dtype=object)
    return pd.DataFrame({"the letter": letter.gold, "the reply": said})
