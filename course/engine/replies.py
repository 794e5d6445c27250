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


def message(
    identifier: str, model: str, content: list, stop_reason: str | None, stop_sequence: str | None, used: dict
) -> dict:
    """A message in the API's own shape; `used` is from `usage`."""
    return {
        "id": identifier,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "usage": used,
    }


def usage(input_tokens: int, output_tokens: int) -> dict:
    """What a message used, in the API's own shape. Nothing here is cached."""
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "service_tier": "standard",
    }


def parsed(answer: str, *, streams: bool) -> dict:
    """The message in an answer; the events of a stream are put together. ValueError when it is not one."""
    try:
        answered = _assembled(answer) if streams else json.loads(answer)
        if not isinstance(answered, dict):
            raise ValueError(f"a {type(answered).__name__} instead of an object")
        return answered
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def event(line: str) -> dict:
    """The data of one line of a stream, or {} for a line without data. ValueError when it is not JSON."""
    data = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
    return data if isinstance(data, dict) else {}


def fault(answered: dict, body: dict) -> str | None:
    """What makes a server's message unusable as the answer to the request `body`, or None.

    The schema of `output_config` has to hold, and that of a strict tool's input.
    """
    if not isinstance(answered.get("usage"), dict) or not isinstance(answered.get("content"), list):
        return "it is not a message of this API"
    reason = answered.get("stop_reason")
    texts, calls = [], []
    for block in answered["content"]:
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
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    if reason == "end_turn" and texts and schema is not None and (wrong := misfit("".join(texts), schema)):
        return f"this server does not hold the schema of output_config: {wrong}"
    schemas = {tool["name"]: tool["input_schema"] for tool in body.get("tools") or () if tool.get("strict")}
    for call in calls if reason == "tool_use" else ():
        if wrong := misfit(json.dumps(call["input"]), schemas.get(call["name"], {})):
            return f"the input of {call['name']} does not fit its schema: {wrong}"
    return None


def misfit(text: str, schema: dict) -> str | None:
    """How a JSON text differs from a schema, in one line; None when it fits."""
    try:
        error = best_match(Draft202012Validator(schema).iter_errors(json.loads(text)))
    except ValueError as not_json:
        return f"it is not JSON ({not_json})"
    return error and f"{error.json_path}: {error.message[:200]}"


def _assembled(answer: str) -> dict:
    answered: dict = {}
    pieces: dict[int, list[str]] = {}
    for line in answer.split("\n"):
        match event(line):
            case {"type": "message_start", "message": started}:
                answered = {**started, "content": [], "usage": dict(started.get("usage") or {})}
            case {"type": "content_block_start", "content_block": block}:
                answered["content"].append(dict(block))
            case {"type": "content_block_delta", "index": index, "delta": {"text": text}}:
                answered["content"][index]["text"] += text
            case {"type": "content_block_delta", "index": index, "delta": {"partial_json": piece}}:
                pieces.setdefault(index, []).append(piece)
            case {"type": "message_delta", "delta": delta, **rest}:
                counts = (rest.get("usage") or {}).items()
                answered["usage"] |= {name: count for name, count in counts if count is not None}
                answered |= delta
    for index, parts in pieces.items():
        answered["content"][index]["input"] = from_json("".join(parts) or "{}", allow_partial=True)
    return answered
