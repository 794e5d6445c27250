"""What a server's answer says: the message in it, its text, and whether it is one at all."""

import json

from anthropic.types import Message
from anthropic.types.beta import BetaMessage
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from pydantic_core import from_json

# With these reasons a reply may be empty, and the reason says why.
MAY_BE_EMPTY = {"max_tokens", "stop_sequence", "refusal", "pause_turn", "model_context_window_exceeded"}


def text_of(message: Message | BetaMessage) -> str:
    """The text of a reply: its text blocks, joined; "" when it has none."""
    return "".join(block.text for block in message.content if block.type == "text")


def parsed(answer: str, *, streams: bool) -> dict:
    """The message in an answer; the events of a stream are put together. ValueError when it is not one."""
    try:
        message = _assembled(answer) if streams else json.loads(answer)
        if not isinstance(message, dict):
            raise ValueError(f"a {type(message).__name__} instead of an object")
        return message
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def event(line: str) -> dict:
    """The data of one line of a stream, or {} for a line without data. ValueError when it is not JSON."""
    data = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
    return data if isinstance(data, dict) else {}


def fault(message: dict, body: dict) -> str | None:
    """What makes a server's message unusable as the answer to the request `body`, or None.

    The schema of `output_config` has to hold, and that of a strict tool's input.
    """
    if not isinstance(message.get("usage"), dict) or not isinstance(message.get("content"), list):
        return "it is not a message of this API"
    reason = message.get("stop_reason")
    texts, calls = [], []
    for block in message["content"]:
        match block:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "tool_use", "name": str(), "input": dict()}:
                calls.append(block)
            case {"type": "text" | "tool_use"} | {"type": None}:
                return f"its block {json.dumps(block)[:80]} is incomplete"
            case {"type": str()}:
                continue
            case _:
                return f"{json.dumps(block)[:80]} is not a block of a message"
    if not texts and not calls and reason not in MAY_BE_EMPTY:
        return f"it holds no text (stop_reason {reason!r})"
    if reason == "end_turn" and texts and (schema := _schema(body)) is not None:
        try:
            wrong = misfit(json.loads("".join(texts)), schema)
        except ValueError as error:
            wrong = f"it is not JSON ({error})"
        if wrong:
            return f"this server does not hold the schema of output_config: {wrong}"
    tools = {tool.get("name"): tool for tool in body.get("tools") or ()}
    for call in calls:
        tool = tools.get(call["name"], {})
        if (
            tool.get("strict")
            and reason == "tool_use"
            and (wrong := misfit(call["input"], tool["input_schema"]))
        ):
            return f"the input of {call['name']} does not fit its schema: {wrong}"
    return None


def misfit(value: object, schema: dict) -> str | None:
    """How a value differs from a schema, in one line; None when it fits."""
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    return error and f"{error.json_path}: {error.message[:200]}"


def _schema(body: dict) -> dict | None:
    form = (body.get("output_config") or {}).get("format") or {}
    return form.get("schema")


def _assembled(answer: str) -> dict:
    message: dict = {}
    pieces: dict[int, list[str]] = {}
    for line in answer.split("\n"):
        match event(line):
            case {"type": "message_start", "message": started}:
                message = {**started, "content": [], "usage": dict(started.get("usage") or {})}
            case {"type": "content_block_start", "content_block": block}:
                message["content"].append(dict(block))
            case {"type": "content_block_delta", "index": index, "delta": {"text": text}}:
                message["content"][index]["text"] += text
            case {"type": "content_block_delta", "index": index, "delta": {"partial_json": piece}}:
                pieces.setdefault(index, []).append(piece)
            case {"type": "message_delta", "delta": delta, **rest}:
                counts = (rest.get("usage") or {}).items()
                message["usage"] |= {name: count for name, count in counts if count is not None}
                message |= delta
    for index, parts in pieces.items():
        message["content"][index]["input"] = from_json("".join(parts) or "{}", allow_partial=True)
    return message
