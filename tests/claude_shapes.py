"""Replies in the shapes that Claude gives: sentences, fences, refusals, values that fit a schema, tool calls.

They test that the lessons read such replies for what they are. They measure nothing.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from course.material import data

WORDED = (
    "{answer}",
    "Based on the ticket, the right queue is **{answer}**.",
    "```\n{answer}\n```",
    '```json\n{{"queue": "{answer}"}}\n```',
    "I'd route this to `{answer}`: the customer's wording points there.",
)
REFUSED = "I'm sorry, but I can't help with this request."


def replying(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of a message that answer this request, the same each time."""
    turns = json.dumps(body["messages"])
    number = int(hashlib.sha256(turns.encode()).hexdigest()[:8], 16)
    if number % 23 == 0:
        return {"content": [], "stop_reason": "refusal"}
    last = body["messages"][-1]["content"]
    if body.get("tools") and isinstance(last, str):
        tool = body["tools"][number % len(body["tools"])]
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": tool["name"]}
        call["input"] = fitting(tool["input_schema"], number)
        return {"content": [{"type": "text", "text": "Let me look."}, call], "stop_reason": "tool_use"}
    schema = body.get("output_config", {}).get("format", {}).get("schema")
    if schema:
        text = json.dumps(fitting(schema, number))
    elif number % 11 == 0:
        text = REFUSED
    else:
        text = WORDED[number % len(WORDED)].format(answer=_queue(str(last), number))
    return {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}


def _queue(text: str, number: int) -> str:
    """The right queue of a ticket four times in five, else another one."""
    right = _right().get(text)
    return right if right and number % 5 else data.QUEUES[number % len(data.QUEUES)]


@cache
def _right() -> dict[str, str]:
    return {ticket.text: ticket.queue for split in ("dev", "test") for ticket in data.tickets(split)}


def fitting(schema: dict[str, Any], number: int) -> Any:
    """A value that fits a schema of the kinds that the lessons send."""
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    if choices := schema.get("anyOf"):
        return fitting(choices[number % len(choices)], number)
    kind = schema.get("type", "object")
    values: dict[str, Callable[[], Any]] = {
        "object": lambda: {name: fitting(part, number) for name, part in schema["properties"].items()},
        "array": lambda: [fitting(schema["items"], number + each) for each in range(2)],
        "string": lambda: "FL-10234",
        "integer": lambda: 1 + number % 9,
        "number": lambda: 1.5,
        "boolean": lambda: bool(number % 2),
        "null": lambda: None,
    }
    return values[kind if isinstance(kind, str) else kind[number % len(kind)]]()
