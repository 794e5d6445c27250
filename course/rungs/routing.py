"""The task of the whole course, as lesson 02 builds it: one ticket in, one queue name out."""

import json
from collections.abc import Sequence

from anthropic import Anthropic
from anthropic.types import MessageParam

from course.engine.replies import text_of
from course.material.data import QUEUES, Ticket, kinds_before_mending, prompt

QUEUE_SCHEMA = {
    "type": "object",
    "properties": {"queue": {"type": "string", "enum": list(QUEUES)}},
    "required": ["queue"],
    "additionalProperties": False,
}


def system_prompt() -> str:
    """The instruction with all queue names, from data/prompts/route_names.txt."""
    return prompt("route_names").format(queues=", ".join(QUEUES))


def one_per_queue(examples: Sequence[Ticket]) -> list[Ticket]:
    """The first typical ticket of each queue, in the order of the queues: the course's fixed examples.

    Typical by the kinds before mending, so that the examples stay those that were measured.
    """
    before = kinds_before_mending()
    first = {each.queue: each for each in reversed(examples) if before.get(each.id, each.kind) == "typical"}
    return [first[queue] for queue in QUEUES]


def as_turns(examples: Sequence[Ticket], text: str, *, as_json: bool = False) -> list[MessageParam]:
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
    ticket: Ticket,
    examples: Sequence[Ticket] = (),
    *,
    system: str | None = None,
    constrained: bool = False,
) -> str:
    """The reply to one ticket: free text, or a queue name for certain when `constrained` by the schema.

    `system` is the instruction, by default the one with all queue names.
    """
    request = {
        "model": model,
        "max_tokens": 24,
        "system": system_prompt() if system is None else system,
        "messages": as_turns(examples, ticket.text, as_json=constrained),
    }
    if constrained:
        request["max_tokens"] = 60  # room for the object and its white space: a reply cut off is not valid
        request["output_config"] = {"format": {"type": "json_schema", "schema": QUEUE_SCHEMA}}
    message = client.messages.create(**request)
    reply = text_of(message)
    return json.loads(reply)["queue"] if constrained else reply.strip()
