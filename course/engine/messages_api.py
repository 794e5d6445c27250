"""The Messages API in the process: an HTTP transport that answers from the embedded engine.

`anthropic.Anthropic(api_key="local", http_client=DefaultHttpxClient(transport=LocalTransport()))` talks to
it as it talks to the API: same paths, same bodies, same errors. What the local model cannot do is a 400 that
says so.

Tools. SmolLM2 was trained without tools, so they become text, in one form:
- the system prompt ends with the tools as JSON, one a line, and with how to answer;
- an answer is one JSON object, held to that by a grammar: {"tool": name, "input": {...}} or {"reply": text};
- earlier calls and replies are shown in that same form; a result is shown to the model as {"result": text},
with
  "is_error": true where the tool failed.
A grammar from `output_config` alone constrains the whole answer; beside tools it constrains the reply.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import httpx2
from pydantic_core import from_json

from course.engine import embedded
from course.engine.grammar import Grammar, grammar
from course.engine.schema import SchemaError, enforceable
from course.engine.sizes import local_models
from course.errors import CourseError

# Model name -> how to get its engine. A tuned model is served by adding its name here.
MODELS: dict[str, Callable[[], embedded.Engine]] = {
    model.model: partial(embedded.engine, model.size) for model in local_models()
}

MESSAGE_KEYS = {
    "model",
    "messages",
    "max_tokens",
    "system",
    "stop_sequences",
    "stream",
    "output_config",
    "tools",
    "tool_choice",
    "metadata",
    "thinking",
}
COUNT_KEYS = {"model", "messages", "system", "output_config", "tools", "tool_choice", "thinking"}
# Parts of the API that exist, so that the message can tell them from a misspelt key.
UNSUPPORTED_KEYS = {
    "temperature",
    "top_p",
    "top_k",
    "cache_control",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "mcp_servers",
    "output_format",
    "service_tier",
    "speed",
    "user_profile_id",
}
CONTROL_TOKENS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
TOOL_NAME_LIMIT = 128
TOOL_INSTRUCTIONS = (
    "You can call these tools:\n{tools}\n"
    'Answer with one JSON object: {{"tool": name, "input": {{...}}}} to call a tool, '
    'or {{"reply": text}} to answer.'
)


class ApiError(Exception):
    """An answer other than 200, in the API's own shape."""

    def __init__(self, status: int, kind: str, message: str):
        super().__init__(message)
        self.status, self.kind = status, kind


class InvalidRequest(ApiError):
    """A 400: the message begins with the place at fault."""

    def __init__(self, message: str):
        super().__init__(400, "invalid_request_error", message)


@dataclass(frozen=True)
class Chat:
    """A checked request in the form the engine takes: plain turns, and the grammar of the answer."""

    model: str
    turns: list[dict[str, str]]
    max_tokens: int
    stop: tuple[str, ...]
    stream: bool
    grammar: Grammar | None
    has_tools: bool


class LocalTransport(httpx2.BaseTransport):
    """Answers the Messages API's requests from the embedded engine, in the thread that asks."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Route one request. Errors come back as responses in the API's shape, never as exceptions."""
        request_id = f"req_local_{uuid.uuid4().hex[:20]}"
        try:
            response = _route(request)
        except ApiError as error:
            response = httpx2.Response(error.status, json=_error_body(error.kind, str(error), request_id))
        except CourseError as error:
            response = httpx2.Response(500, json=_error_body("api_error", str(error), request_id))
        response.headers["request-id"] = request_id
        return response


def _route(request: httpx2.Request) -> httpx2.Response:
    path = request.url.path.rstrip("/")
    route = (request.method, path)
    if route == ("POST", "/v1/messages"):
        return _messages(_body(request))
    if route == ("POST", "/v1/messages/count_tokens"):
        return _count_tokens(_body(request))
    if request.method == "GET" and path == "/v1/models":
        return _list_models(request)
    if request.method == "GET" and path.startswith("/v1/models/"):
        return httpx2.Response(200, json=_model_info(_known_model(path.removeprefix("/v1/models/"))))
    raise ApiError(404, "not_found_error", f"{request.method} {path}: the local model does not offer this")


def _body(request: httpx2.Request) -> dict:
    try:
        body = json.loads(request.read())
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request body is not a JSON object")
    return body


def _list_models(request: httpx2.Request) -> httpx2.Response:
    if request.url.params:
        raise InvalidRequest(f"{', '.join(request.url.params)}: the local list of models is not paged")
    names = list(MODELS)
    page = {"data": [_model_info(name) for name in names], "has_more": False}
    return httpx2.Response(200, json={**page, "first_id": names[0], "last_id": names[-1]})


def _model_info(name: str) -> dict:
    return {
        "type": "model",
        "id": name,
        "display_name": f"{name} (in this process)",
        "lifecycle": "active",
        "created_at": "1970-01-01T00:00:00Z",
    }


def _known_model(name: object) -> str:
    if not isinstance(name, str):
        raise InvalidRequest(
            "model: Input should be a valid string" if name is not None else "model: Field required"
        )
    if name not in MODELS:
        raise ApiError(404, "not_found_error", f"model: {name} (the local models are: {', '.join(MODELS)})")
    return name


def _count_tokens(body: dict) -> httpx2.Response:
    chat = read_chat(body, counting=True)
    engine = MODELS[chat.model]()
    return httpx2.Response(200, json={"input_tokens": engine.count(engine.chat_prompt(chat.turns))})


def _messages(body: dict) -> httpx2.Response:
    chat = read_chat(body)
    engine = MODELS[chat.model]()
    prompt = engine.chat_prompt(chat.turns)
    # A tool call is only known when it is complete, so its text is not watched as it grows.
    watched = chat.stream and not chat.has_tools
    try:
        generation = engine.start(
            prompt,
            max_tokens=chat.max_tokens,
            stop=() if chat.has_tools else chat.stop,
            grammar=chat.grammar,
            watched=watched,
        )
        pieces = iter(generation)
        first = next(pieces, "")
        if not watched:
            for _ in pieces:
                pass
    except embedded.PromptTooLong as error:
        raise InvalidRequest(f"prompt is too long: {error.tokens} tokens > {error.limit} maximum") from None
    except embedded.GrammarError as error:
        raise InvalidRequest(f"output_config.format.schema: {error}") from None
    if chat.stream:
        events = (
            _text_events(chat, generation, first, pieces)
            if watched
            else _whole_events(chat, generation.completion)
        )
        return httpx2.Response(
            200, headers={"content-type": "text/event-stream"}, stream=EventStream(events, generation)
        )
    message = _message(chat, generation.completion)
    seconds = f"{generation.completion.seconds:.6f}"
    return httpx2.Response(200, headers={"x-course-seconds": seconds}, json=message)


# Reading a request: every key is either used or refused.


def read_chat(body: dict, *, counting: bool = False) -> Chat:
    """Check a request body and render it for the engine. Raises InvalidRequest (400) or ApiError (404)."""
    _check_keys(body, COUNT_KEYS if counting else MESSAGE_KEYS)
    model = _known_model(body.get("model"))
    tools = _tools(body.get("tools") or [])
    system = _system(body.get("system"))
    if tools:
        lines = "\n".join(json.dumps(tool, ensure_ascii=False) for tool, _ in tools)
        system = "\n\n".join(filter(None, [system, TOOL_INSTRUCTIONS.format(tools=lines)]))
    turns = _turns(body.get("messages"), bool(tools))
    if system:
        turns.insert(0, {"role": "system", "content": system})
    stream = body.get("stream") or False
    if not isinstance(stream, bool):
        raise InvalidRequest("stream: Input should be a valid boolean")
    return Chat(
        model=model,
        turns=turns,
        max_tokens=1 if counting else _max_tokens(body),
        stop=_stop_sequences(body.get("stop_sequences") or []),
        stream=stream,
        grammar=_grammar(
            _format_schema(body.get("output_config")), tools, _may_call(body.get("tool_choice"), tools)
        ),
        has_tools=bool(tools),
    )


def _check_keys(body: dict, allowed: set[str]) -> None:
    for key in body.keys() - allowed:
        if key not in UNSUPPORTED_KEYS:
            raise InvalidRequest(f"{key}: Extra inputs are not permitted")
        if body[key] is not None:
            raise InvalidRequest(f"{key}: the local model does not support this. Remove it, or use live mode")
    if body.get("thinking", {"type": "disabled"}) != {"type": "disabled"}:
        raise InvalidRequest("thinking: the local model does not think. Remove it, or use live mode")


def _only(value: object, where: str, allowed: set[str]) -> dict:
    """`value` as an object that holds no other keys than these (a null one counts as absent)."""
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where}: Input should be a valid dictionary")
    given = {key: part for key, part in value.items() if part is not None}
    for key in given.keys() - allowed:
        raise InvalidRequest(
            f"{where}.{key}: the local model does not support this. Remove it, or use live mode"
        )
    return given


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{where}: Input should be a valid string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{where}: the text holds half a character (a lone surrogate)") from None
    for token in CONTROL_TOKENS:
        if token in value:
            raise InvalidRequest(
                f"{where}: the text holds {token}, which the local model would take for the end of a turn"
            )
    return value


def _max_tokens(body: dict) -> int:
    if "max_tokens" not in body:
        raise InvalidRequest("max_tokens: Field required")
    value = body["max_tokens"]
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidRequest("max_tokens: Input should be a valid integer")
    if value < 1:
        raise InvalidRequest("max_tokens: Input should be greater than or equal to 1")
    return value


def _stop_sequences(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InvalidRequest("stop_sequences: Input should be a valid list")
    for number, sequence in enumerate(value):
        if not isinstance(sequence, str):
            raise InvalidRequest(f"stop_sequences.{number}: Input should be a valid string")
        if not sequence.strip():
            raise InvalidRequest("stop_sequences: each stop sequence must contain non-whitespace")
    return tuple(value)


def _system(value: object) -> str:
    if value is None or isinstance(value, str):
        return _text(value or "", "system")
    return _joined_text(value, "system")


def _joined_text(blocks: object, where: str) -> str:
    """Several text blocks become lines of one text."""
    if not isinstance(blocks, list):
        raise InvalidRequest(f"{where}: Input should be a valid string or a list of blocks")
    return "\n".join(_text_block(block, f"{where}.{number}") for number, block in enumerate(blocks))


def _text_block(block: object, where: str) -> str:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind != "text":
        raise InvalidRequest(f"{where}.type: the local model takes 'text' here, not {kind!r}")
    text = _text(_only(block, where, {"type", "text"}).get("text"), f"{where}.text")
    if not text:
        raise InvalidRequest(f"{where}: text content blocks must be non-empty")
    return text


def _turns(messages: object, has_tools: bool) -> list[dict[str, str]]:
    """The messages as alternating turns of plain text. Neighbours of one role become one turn, as in the
    API."""
    if not isinstance(messages, list):
        raise InvalidRequest(
            "messages: Field required" if messages is None else "messages: Input should be a valid list"
        )
    if not messages:
        raise InvalidRequest("messages: at least one message is required")
    turns: list[dict[str, str]] = []
    open_calls: dict[str, bool] = {}
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        message = _only(message, where, {"role", "content"})
        role = message.get("role")
        if role not in ("user", "assistant"):
            raise InvalidRequest(f"{where}.role: the local model takes 'user' and 'assistant', not {role!r}")
        text = _content(message.get("content"), where, role, has_tools, open_calls)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += "\n" + text
        else:
            turns.append({"role": role, "content": text})
    if turns[0]["role"] != "user":
        raise InvalidRequest('messages: first message must use the "user" role')
    if turns[-1]["role"] == "assistant":
        raise InvalidRequest(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    unanswered = [identifier for identifier, answered in open_calls.items() if not answered]
    if unanswered:
        raise InvalidRequest(
            f"messages: `tool_use` ids were found without `tool_result` blocks: {', '.join(unanswered)}"
        )
    return turns


def _content(content: object, where: str, role: str, has_tools: bool, open_calls: dict[str, bool]) -> str:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list):
        raise InvalidRequest(f"{where}.content: Input should be a valid string or a list of blocks")
    if not blocks or content == "":
        raise InvalidRequest(f"{where}: all messages must have non-empty content")
    lines = []
    for number, block in enumerate(blocks):
        place = f"{where}.content.{number}"
        kind = block.get("type") if isinstance(block, dict) else None
        if kind in ("tool_use", "tool_result") and not has_tools:
            raise InvalidRequest(
                "Requests which include `tool_use` or `tool_result` blocks must define tools."
            )
        if kind == "tool_use" and role == "assistant":
            lines.append(_call_line(block, place, open_calls))
        elif kind == "tool_result" and role == "user":
            lines.append(_result_line(block, place, open_calls))
        elif kind == "text":
            text = _text_block(block, place)
            lines.append(
                json.dumps({"reply": text}, ensure_ascii=False) if has_tools and role == "assistant" else text
            )
        else:
            raise InvalidRequest(
                f"{place}.type: the local model does not take {kind!r} in a message of the {role}"
            )
    return "\n".join(lines)


def _call_line(block: dict, where: str, open_calls: dict[str, bool]) -> str:
    # A call that the model made comes back with a `caller`; only the plain one means nothing more.
    if block.get("caller") == {"type": "direct"}:
        block = {key: value for key, value in block.items() if key != "caller"}
    call = _only(block, where, {"type", "id", "name", "input"})
    identifier = _text(call.get("id"), f"{where}.id")
    if identifier in open_calls:
        raise InvalidRequest(f"{where}.id: `tool_use` ids must be unique: {identifier}")
    if not isinstance(call.get("input"), dict):
        raise InvalidRequest(f"{where}.input: Input should be a valid dictionary")
    open_calls[identifier] = False
    line = json.dumps(
        {"tool": _text(call.get("name"), f"{where}.name"), "input": call["input"]}, ensure_ascii=False
    )
    return _text(line, f"{where}.input")


def _result_line(block: dict, where: str, open_calls: dict[str, bool]) -> str:
    result = _only(block, where, {"type", "tool_use_id", "content", "is_error"})
    identifier = result.get("tool_use_id")
    if identifier not in open_calls:
        raise InvalidRequest(f"{where}.tool_use_id: no earlier `tool_use` block has the id {identifier!r}")
    open_calls[identifier] = True
    content = result.get("content", "")
    text = (
        _text(content, f"{where}.content")
        if isinstance(content, str)
        else _joined_text(content, f"{where}.content")
    )
    failed = {"is_error": True} if result.get("is_error") else {}
    return json.dumps({"result": text, **failed}, ensure_ascii=False)


def _tools(tools: object) -> list[tuple[dict, dict]]:
    """Each tool as the model is told it, with the schema that its input is held to."""
    if not isinstance(tools, list):
        raise InvalidRequest("tools: Input should be a valid list")
    read = []
    for number, tool in enumerate(tools):
        where = f"tools.{number}"
        if isinstance(tool, dict) and tool.get("type") not in (None, "custom"):
            raise InvalidRequest(
                f"{where}.type: the local model does not have the server tool {tool['type']!r}"
            )
        tool = _only(tool, where, {"type", "name", "description", "input_schema", "strict"})
        name = _text(tool.get("name"), f"{where}.name")
        if not (
            0 < len(name) <= TOOL_NAME_LIMIT
            and name.replace("-", "_").replace("_", "a").isalnum()
            and name.isascii()
        ):
            raise InvalidRequest(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if any(name == other["name"] for other, _ in read):
            raise InvalidRequest("tools: Tool names must be unique.")
        schema = tool.get("input_schema")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise InvalidRequest(f"{where}.input_schema.type: Input should be 'object'")
        held_to = _checked_schema(schema, f"{where}.input_schema", strict=bool(tool.get("strict")))
        told = {"name": name, "description": _text(tool.get("description", ""), f"{where}.description")}
        shown = {**told, "input_schema": schema}
        _text(json.dumps(shown, ensure_ascii=False), where)
        read.append((shown, held_to))
    return read


def _may_call(choice: object, tools: list) -> bool:
    if choice is None:
        return True
    choice = _only(choice, "tool_choice", {"type", "disable_parallel_tool_use"})
    kind = choice.get("type")
    if kind not in ("auto", "none"):
        raise InvalidRequest(f"tool_choice.type: the local model takes 'auto' and 'none', not {kind!r}")
    if not tools:
        raise InvalidRequest("tool_choice: may only be specified while providing tools")
    return kind == "auto"


def _format_schema(config: object) -> dict | None:
    if config is None:
        return None
    form = _only(config, "output_config", {"format"}).get("format")
    if form is None:
        return None
    form = _only(form, "output_config.format", {"type", "schema"})
    if form.get("type") != "json_schema":
        raise InvalidRequest(
            f"output_config.format.type: Input should be 'json_schema', not {form.get('type')!r}"
        )
    return _checked_schema(form.get("schema"), "output_config.format.schema", strict=True)


def _checked_schema(schema: object, where: str, *, strict: bool) -> dict:
    try:
        return enforceable(schema, where=where, strict=strict)
    except SchemaError as error:
        raise InvalidRequest(str(error)) from None
    except RecursionError:
        raise InvalidRequest(f"{where}: the schema is nested too deeply") from None


def _grammar(schema: dict | None, tools: list[tuple[dict, dict]], may_call: bool) -> Grammar | None:
    if tools:
        forms = [_object(tool={"enum": [told["name"]]}, input=held_to) for told, held_to in tools if may_call]
        schema = {"anyOf": [*forms, _object(reply=schema or {"type": "string"})]}
    return grammar(schema) if schema else None


def _object(**properties: dict) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# Writing an answer.


@dataclass(frozen=True)
class Answer:
    """The content blocks of one answer, and why it ended."""

    blocks: list[dict]
    stop_reason: str
    stop_sequence: str | None


def _answer(chat: Chat, completion: embedded.Completion) -> Answer:
    stop_reason, stop_sequence = completion.finish_reason, completion.stop_sequence
    if stop_reason == "max_tokens" and completion.output_tokens < chat.max_tokens:
        stop_reason = "model_context_window_exceeded"
    text = completion.text
    if chat.has_tools:
        # An answer that was cut is read as far as it goes; half a call is no call.
        parsed = from_json(text, allow_partial="trailing-strings")
        if "tool" in parsed and stop_reason == "end_turn":
            call = {
                "type": "tool_use",
                "id": f"toolu_local_{_digest(chat, text)}",
                "name": parsed["tool"],
                "input": parsed["input"],
            }
            return Answer([call], "tool_use", None)
        reply = parsed.get("reply", "")
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        found = embedded.first_stop(text, chat.stop)
        if found:
            text, stop_reason, stop_sequence = text[: found[0]], "stop_sequence", found[1]
    return Answer([{"type": "text", "text": text}] if text else [], stop_reason, stop_sequence)


def _digest(chat: Chat, text: str) -> str:
    # A tool's result repeats the id of its call, so the same call has the same id when it is asked again.
    return hashlib.sha256(json.dumps([chat.turns, text]).encode()).hexdigest()[:20]


def _message(chat: Chat, completion: embedded.Completion) -> dict:
    answer = _answer(chat, completion)
    return {
        **_envelope(chat, _usage(completion.input_tokens, completion.output_tokens)),
        "content": answer.blocks,
        "stop_reason": answer.stop_reason,
        "stop_sequence": answer.stop_sequence,
    }


def _envelope(chat: Chat, usage: dict) -> dict:
    return {
        "id": f"msg_local_{uuid.uuid4().hex[:20]}",
        "type": "message",
        "role": "assistant",
        "model": chat.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _usage(input_tokens: int, output_tokens: int) -> dict:
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "service_tier": "standard",
    }


class EventStream(httpx2.SyncByteStream):
    """Server-sent events. Closing it before the end cancels the request in the engine."""

    def __init__(self, events: Iterator[dict], generation: embedded.Generation):
        self._events = events
        self._generation = generation

    def __iter__(self) -> Iterator[bytes]:
        for event in self._events:
            yield f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()

    def close(self) -> None:
        self._generation.cancelled.set()


def _text_events(
    chat: Chat, generation: embedded.Generation, first: str, pieces: Iterator[str]
) -> Iterator[dict]:
    yield {"type": "message_start", "message": _envelope(chat, _usage(generation.input_tokens, 1))}
    started = False
    try:
        for piece in _chain(first, pieces):
            if not started:
                yield _block_start(0, {"type": "text", "text": ""})
                started = True
            yield _delta(0, {"type": "text_delta", "text": piece})
    except CourseError as error:
        yield {"type": "error", "error": {"type": "api_error", "message": str(error)}}
        return
    if started:
        yield {"type": "content_block_stop", "index": 0}
    yield from _closing_events(_answer(chat, generation.completion), generation.completion)


def _chain(first: str, pieces: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from pieces


def _whole_events(chat: Chat, completion: embedded.Completion) -> Iterator[dict]:
    answer = _answer(chat, completion)
    yield {"type": "message_start", "message": _envelope(chat, _usage(completion.input_tokens, 1))}
    for index, block in enumerate(answer.blocks):
        if block["type"] == "text":
            yield _block_start(index, {"type": "text", "text": ""})
            yield _delta(index, {"type": "text_delta", "text": block["text"]})
        else:
            yield _block_start(index, {**block, "input": {}})
            arguments = json.dumps(block["input"], ensure_ascii=False)
            yield _delta(index, {"type": "input_json_delta", "partial_json": arguments})
        yield {"type": "content_block_stop", "index": index}
    yield from _closing_events(answer, completion)


def _closing_events(answer: Answer, completion: embedded.Completion) -> Iterator[dict]:
    delta = {"stop_reason": answer.stop_reason, "stop_sequence": answer.stop_sequence}
    usage = _usage(completion.input_tokens, completion.output_tokens)
    usage.pop("service_tier")
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


def _block_start(index: int, block: dict) -> dict:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int, delta: dict) -> dict:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _error_body(kind: str, message: str, request_id: str) -> dict:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}
