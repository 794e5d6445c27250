"""The task of the whole course, as lesson 02 builds it: one ticket in, one queue name out."""

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

from anthropic import Anthropic
from anthropic.types import MessageParam

from course.engine.replies import text_of
from course.errors import CourseError
from course.material.data import (
    QUEUES,
    Ticket,
    kinds_before_mending,
    policy,
    prompt,
    queue_descriptions,
    tie_breakers,
)


class HasText(Protocol):
    """What can be routed: tickets, requests."""

    @property
    def text(self) -> str: ...


class Labelled(HasText, Protocol):
    """What can be an example: a text and the queue that is right for it."""

    @property
    def queue(self) -> str: ...


def one_of(field: str, values: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an object with this one field, which holds one of the values."""
    return {
        "type": "object",
        "properties": {field: {"type": "string", "enum": list(values)}},
        "required": [field],
        "additionalProperties": False,
    }


REASONING_TOKENS = 120
QUEUE_SCHEMA = one_of("queue", QUEUES)


def system_prompt() -> str:
    """The instruction with all queue names, from data/prompts/route_names.txt."""
    return prompt("route_names").format(queues=", ".join(QUEUES))


def described(template: str = "route_names") -> str:
    """A prompt of data/prompts/ with what belongs in each queue and, where it asks for them, the rules."""
    lines = "\n".join(f"- {name}: {what}" for name, what in queue_descriptions().items())
    return prompt(template).format(queues=lines, rules=tie_breakers())


def whole_policy() -> str:
    """The company's policy as its people read it, and the question."""
    return f"{policy()}\n{prompt('route_short')}"


def queue_named(reply: str) -> str | None:
    """The one queue that a reply names, whatever is around it; None when it names none or several."""
    named = set(re.findall(rf"\b(?:{'|'.join(QUEUES)})\b", reply))
    return named.pop() if len(named) == 1 else None


def one_per_queue(examples: Sequence[Ticket]) -> list[Ticket]:
    """The first typical ticket of each queue, in the order of the queues: the course's fixed examples.

    Typical by the kinds before mending, so that the examples stay those that were measured.
    """
    before = kinds_before_mending()
    first = {each.queue: each for each in reversed(examples) if before.get(each.id, each.kind) == "typical"}
    return [first[queue] for queue in QUEUES]


def as_turns(examples: Sequence[Labelled], text: str, *, as_json: bool = False) -> list[MessageParam]:
    """Examples as earlier turns of the conversation, then the ticket to route.

    `as_json` writes the answers of the examples in the form of QUEUE_SCHEMA, so that prompt and schema ask
    for one thing (lesson 04 measures what it changes).
    """
    turns: list[MessageParam] = []
    for example in examples:
        answer = json.dumps({"queue": example.queue}) if as_json else example.queue
        turns += [{"role": "user", "content": example.text}, {"role": "assistant", "content": answer}]
    return [*turns, {"role": "user", "content": text}]


def route(
    client: Anthropic,
    model: str,
    ticket: HasText,
    examples: Sequence[Labelled] = (),
    *,
    system: str | None = None,
    constrained: bool = False,
) -> str:
    """The reply to one ticket: free text, or a queue name for certain when `constrained` by the schema.

    `system` is the instruction, by default the one with all queue names.
    """
    request = {
        "model": model,
        "max_tokens": 60 if constrained else 24,  # an object and its white space: cut off, it is not valid
        "system": system_prompt() if system is None else system,
        "messages": as_turns(examples, ticket.text, as_json=constrained),
    }
    return reply(client, request, QUEUE_SCHEMA if constrained else None)


def reason_first(client: Anthropic, model: str, ticket: HasText) -> str:
    """The last line of a reply to the descriptions that says first what the customer wants solved."""
    answer = client.messages.create(
        model=model,
        max_tokens=REASONING_TOKENS,
        system=f"{described()}\n{prompt('route_reasoning')}",
        messages=as_turns([], ticket.text),
    )
    return text_of(answer).strip().rpartition("\n")[2].strip()


def held_by(schema: dict[str, Any]) -> dict[str, Any]:
    """What a request needs so that its reply keeps to the schema."""
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def reply(
    client: Anthropic, request: dict[str, Any], schema: dict[str, Any] | None, field: str = "queue"
) -> str:
    """The text of a reply, or with a schema the value of its `field`.

    CourseError for a schema that does not require the field; json.JSONDecodeError for a reply that should
    keep to the schema and was cut off or refused.
    """
    if schema is None:
        return text_of(client.messages.create(**request)).strip()
    if field not in schema.get("required", ()):
        raise CourseError(f"The schema of the reply does not require {field!r}; add it to 'required'.")
    return json.loads(text_of(client.messages.create(**request | held_by(schema))))[field]
