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
A grammar from `output_config` alone constrains the complete answer; beside tools it constrains the reply.
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
from course.engine.replies import misfit
from course.engine.requests import ApiError, Chat, InvalidRequest, read_chat
from course.engine.sizes import local_models
from course.errors import CourseError

# Model name -> how to get its engine. A tuned model is served by adding its name here.
MODELS: dict[str, Callable[[], embedded.Engine]] = {
    model.model: partial(embedded.engine, model.size) for model in local_models()
}


class LocalTransport(httpx2.BaseTransport):
    """Answers the Messages API's requests from the embedded engine, in the thread that asks."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Route one request. Errors come back as responses in the API's shape, never as exceptions."""
        request_id = f"req_local_{uuid.uuid4().hex[:20]}"
        try:
            response = _route(request)
        except ApiError as error:
            response = _error(error, request_id)
        except CourseError as error:
            response = _error(ApiError(500, "api_error", str(error)), request_id)
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
        body = json.loads(request.read(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request body is not a JSON object")
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


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


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise ApiError(404, "not_found_error", f"model: {name} (the local models are: {', '.join(MODELS)})")
    return name


def _count_tokens(body: dict) -> httpx2.Response:
    chat = read_chat(body, counting=True)
    engine = MODELS[_known_model(chat.model)]()
    return httpx2.Response(200, json={"input_tokens": engine.count(engine.chat_prompt(chat.turns))})


def _messages(body: dict) -> httpx2.Response:
    chat = read_chat(body)
    engine = MODELS[_known_model(chat.model)]()
    prompt = engine.chat_prompt(chat.turns)
    # A tool call is only known when it is complete, so its text is not watched as it grows.
    watched = chat.stream and not chat.tools
    try:
        generation = engine.start(
            prompt,
            max_tokens=chat.max_tokens,
            stop=() if chat.tools else chat.stop,
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
            else _events(chat, _answer(chat, generation.completion), generation.completion)
        )
        return httpx2.Response(
            200, headers={"content-type": "text/event-stream"}, stream=EventStream(events, generation)
        )
    message = _message(chat, generation.completion)
    seconds = f"{generation.completion.seconds:.6f}"
    return httpx2.Response(200, headers={"x-course-seconds": seconds}, json=message)


# Writing an answer.


@dataclass(frozen=True)
class Answer:
    """The content blocks of one answer, and why it ended."""

    blocks: list[dict]
    stop_reason: str
    stop_sequence: str | None


def _answer(chat: Chat, completion: embedded.Completion) -> Answer:
    """The finished answer. One that does not fit the schema as it was sent is an ApiError."""
    stop_reason, stop_sequence = completion.finish_reason, completion.stop_sequence
    if stop_reason == "max_tokens" and completion.output_tokens < chat.max_tokens:
        stop_reason = "model_context_window_exceeded"
    text = completion.text
    if chat.tools:
        # An answer that was cut is read as far as it goes; half a call is not a call.
        parsed = from_json(text, allow_partial="trailing-strings")
        if "tool" in parsed and stop_reason == "end_turn":
            return Answer([_call(chat, parsed, text)], "tool_use", None)
        reply = parsed.get("reply", "")
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        found = embedded.first_stop(text, chat.stop)
        if found:
            text, stop_reason, stop_sequence = text[: found[0]], "stop_sequence", found[1]
    if chat.schema is not None and stop_reason == "end_turn":
        _check(text if not chat.tools else json.dumps(reply), chat.schema, "output_config.format.schema")
    return Answer([{"type": "text", "text": text}] if text else [], stop_reason, stop_sequence)


def _call(chat: Chat, parsed: dict, text: str) -> dict:
    [tool] = [tool for tool in chat.tools if tool.name == parsed["tool"]]
    _check(json.dumps(parsed["input"]), tool.shown["input_schema"], f"the input_schema of {tool.name}")
    return {
        "type": "tool_use",
        "id": f"toolu_local_{_digest(chat, text)}",
        "name": tool.name,
        "input": parsed["input"],
    }


def _check(text: str, schema: dict, name: str) -> None:
    # The grammar holds the answer to the schema. Should it fail, nobody goes on with a wrong answer.
    if wrong := misfit(text, schema):
        raise ApiError(500, "api_error", f"The answer does not fit {name}: {wrong}. Ask in another way")


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
        answer = _answer(chat, generation.completion)
    except (ApiError, CourseError) as error:
        yield {"type": "error", "error": {"type": "api_error", "message": str(error)}}
        return
    if started:
        yield {"type": "content_block_stop", "index": 0}
    yield from _closing_events(answer, generation.completion)


def _chain(first: str, pieces: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from pieces


def _events(chat: Chat, answer: Answer, completion: embedded.Completion) -> Iterator[dict]:
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


def _error(error: ApiError, request_id: str) -> httpx2.Response:
    details = {"details": error.details} if error.details else {}
    described = {"type": error.kind, "message": str(error), **details}
    return httpx2.Response(error.status, json={"type": "error", "error": described, "request_id": request_id})
