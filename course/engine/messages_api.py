"""The Messages API in the process: an HTTP transport that answers from the embedded engine.

`anthropic.Anthropic(api_key="local", http_client=DefaultHttpxClient(transport=LocalTransport()))` talks to
it as it talks to the API: same paths, same bodies, same errors. What the local model cannot do is a 400 that
says so.

Tools. SmolLM2 was trained without tools, so they become text, in one form:
- the system prompt ends with the tools as JSON, one a line, and with how to answer;
- an answer is one JSON object, held to that by a grammar: {"tool": name, "input": {...}} or {"reply": text};
- earlier calls and replies are shown in that same form, a result as {"result": text}, with "is_error": true
  where the tool failed.
A grammar from `output_config` alone constrains the complete answer; beside tools it constrains the reply.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import httpx2
from pydantic_core import from_json

from course.engine import embedded
from course.engine.replies import message, misfit, usage
from course.engine.requests import ApiError, Chat, InvalidRequest, read_chat
from course.engine.sizes import local_models
from course.errors import CourseError

# Model name -> how to get its engine. A tuned model is served by adding its name here.
MODELS: dict[str, Callable[[], embedded.Engine]] = {
    model.model: partial(embedded.engine, model.size) for model in local_models()
}
NO_TEXT = {"type": "text", "text": ""}


class LocalTransport(httpx2.BaseTransport):
    """Answers the Messages API's requests from the embedded engine, in the thread that asks."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Route one request. Errors come back as responses in the API's shape, never as exceptions."""
        return respond(_route, request)


def respond(handler: Callable[[httpx2.Request], httpx2.Response], request: httpx2.Request) -> httpx2.Response:
    """What `handler` answers, or its error in the API's shape, under a request id of its own."""
    request_id = f"req_local_{uuid.uuid4().hex[:20]}"
    try:
        response = handler(request)
    except ApiError as error:
        response = _error(error, request_id)
    except CourseError as error:
        response = _error(ApiError(500, "api_error", str(error)), request_id)
    response.headers["request-id"] = request_id
    return response


def _route(request: httpx2.Request) -> httpx2.Response:
    path = request.url.path.rstrip("/")
    match request.method, path:
        case "POST", "/v1/messages":
            return _messages(read_body(request))
        case "POST", "/v1/messages/count_tokens":
            chat = read_chat(read_body(request), counting=True)
            engine = _engine(chat.model)
            return httpx2.Response(200, json={"input_tokens": engine.count(engine.chat_prompt(chat.turns))})
        case "GET", "/v1/models":
            return _list_models(request)
        case "GET", _ if path.startswith("/v1/models/"):
            return httpx2.Response(200, json=_model_info(_known_model(path.removeprefix("/v1/models/"))))
    raise ApiError(404, "not_found_error", f"{request.method} {path}: the local model does not offer this")


def read_body(request: httpx2.Request) -> dict:
    """The JSON object that a request sends. Raises InvalidRequest."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not a JSON value")

    try:
        body = json.loads(request.read(), parse_constant=refuse)
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
        "display_name": f"{name} (a local model)",
        "lifecycle": "active",
        "created_at": "1970-01-01T00:00:00Z",
    }


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise ApiError(404, "not_found_error", f"model: {name} (the local models are: {', '.join(MODELS)})")
    return name


def _engine(name: str) -> embedded.Engine:
    return MODELS[_known_model(name)]()


def _started(chat: Chat, watched: bool) -> tuple[embedded.Generation, Iterator[str], str]:
    """A generation under way, the pieces that follow, and the first: all of it where nobody watches."""
    engine = _engine(chat.model)
    try:
        generation = engine.start(
            engine.chat_prompt(chat.turns),
            max_tokens=chat.max_tokens,
            stop=() if chat.tools else chat.stop,
            grammar=chat.grammar,
            watched=watched,
        )
        pieces = iter(generation)
        # What the engine cannot do, it says before the first piece.
        return generation, pieces, next(pieces, "") if watched else generation.result().text
    except embedded.PromptTooLong as error:
        raise InvalidRequest(f"prompt is too long: {error.tokens} tokens > {error.limit} maximum") from None
    except embedded.GrammarError as error:
        raise InvalidRequest(f"output_config.format.schema: {error}") from None


def _messages(body: dict) -> httpx2.Response:
    chat = read_chat(body)
    # A tool call is only known when it is complete, so its text is not watched as it grows.
    watched = chat.stream and not chat.tools
    try:
        generation, pieces, first = _started(chat, watched)
    except embedded.EngineClosed:
        # Another size took its memory before it had begun. It is loaded again.
        generation, pieces, first = _started(chat, watched)
    if watched:
        deltas = (_text_delta(piece) for piece in chain([first], pieces) if piece)
        events = _events(chat, generation, NO_TEXT, deltas)
    else:
        completion = generation.result()
        answer = _answer(chat, completion)
        if not chat.stream:
            used = usage(completion.input_tokens, completion.output_tokens)
            ended = answer.stop_reason, answer.stop_sequence
            reply = message(_message_id(), chat.model, answer.content, *ended, used)
            seconds = {"x-course-seconds": f"{completion.seconds:.6f}"}
            return httpx2.Response(200, headers=seconds, json=reply)
        events = _events(chat, generation, *_in_one_piece(answer))
    headers = {"content-type": "text/event-stream"}
    return httpx2.Response(200, headers=headers, stream=EventStream(events, generation))


def _message_id() -> str:
    return f"msg_local_{uuid.uuid4().hex[:20]}"


# Writing an answer.


@dataclass(frozen=True)
class Answer:
    """The content of one answer, which is one block at most, and why it ended."""

    content: list[dict]
    stop_reason: str
    stop_sequence: str | None


def _answer(chat: Chat, completion: embedded.Completion) -> Answer:
    """The finished answer. One that does not fit the schema as it was sent is an ApiError."""
    stop_reason: str = completion.finish_reason
    stop_sequence = completion.stop_sequence
    if stop_reason == "max_tokens" and completion.output_tokens < chat.max_tokens:
        stop_reason = "model_context_window_exceeded"
    text = written = completion.text
    if chat.tools:
        # A truncated answer is read as far as it goes; half a call is not a call.
        parsed = from_json(text, allow_partial="trailing-strings")
        if "tool" in parsed and stop_reason == "end_turn":
            return Answer([_call(chat, parsed, text)], "tool_use", None)
        reply = parsed.get("reply", "")
        written = json.dumps(reply)
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        found = embedded.first_stop(text, chat.stop)
        if found:
            text, stop_reason, stop_sequence = text[: found[0]], "stop_sequence", found[1]
    if chat.schema is not None and stop_reason == "end_turn":
        _check(written, chat.schema, "output_config.format.schema")
    return Answer([{"type": "text", "text": text}] if text else [], stop_reason, stop_sequence)


def _call(chat: Chat, parsed: dict, text: str) -> dict:
    [tool] = [tool for tool in chat.tools if tool.name == parsed["tool"]]
    _check(json.dumps(parsed["input"]), tool.shown["input_schema"], f"the input_schema of {tool.name}")
    # A tool's result repeats the id of its call, so the same call has the same id when it is asked again.
    digest = hashlib.sha256(json.dumps([chat.turns, text]).encode()).hexdigest()[:20]
    return {"type": "tool_use", "id": f"toolu_local_{digest}", "name": tool.name, "input": parsed["input"]}


def _check(text: str, schema: dict, name: str) -> None:
    # The grammar holds the answer to the schema. This catches an answer that does not fit all the same.
    if wrong := misfit(text, schema):
        raise ApiError(500, "api_error", f"The answer does not fit {name}: {wrong}. Ask in another way")


@dataclass
class EventStream(httpx2.SyncByteStream):
    """Server-sent events. Closing it before the end cancels the request in the engine."""

    events: Iterator[dict]
    generation: embedded.Generation

    def __iter__(self) -> Iterator[bytes]:
        for event in self.events:
            yield f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()

    def close(self) -> None:
        self.generation.cancelled.set()


def _events(
    chat: Chat, generation: embedded.Generation, block: dict, deltas: Iterable[dict]
) -> Iterator[dict]:
    """The events of a message with one block, which begins as `block`, or with none if nothing is added."""
    begun = message(_message_id(), chat.model, [], None, None, usage(generation.input_tokens, 1))
    yield {"type": "message_start", "message": begun}
    has_block = False
    try:
        for delta in deltas:
            if not has_block:
                yield {"type": "content_block_start", "index": 0, "content_block": block}
                has_block = True
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        completion = generation.result()
        answer = _answer(chat, completion)
    except (ApiError, CourseError) as error:
        yield {"type": "error", "error": {"type": "api_error", "message": str(error)}}
        return
    if has_block:
        yield {"type": "content_block_stop", "index": 0}
    ending = {"stop_reason": answer.stop_reason, "stop_sequence": answer.stop_sequence}
    used = usage(completion.input_tokens, completion.output_tokens)
    del used["service_tier"]
    yield {"type": "message_delta", "delta": ending, "usage": used}
    yield {"type": "message_stop"}


def _in_one_piece(answer: Answer) -> tuple[dict, list[dict]]:
    match answer.content:
        case [{"type": "tool_use", "input": arguments} as call]:
            written = json.dumps(arguments, ensure_ascii=False)
            return {**call, "input": {}}, [{"type": "input_json_delta", "partial_json": written}]
        case [{"text": text}]:
            return NO_TEXT, [_text_delta(text)]
    return NO_TEXT, []


def _text_delta(text: str) -> dict:
    return {"type": "text_delta", "text": text}


def _error(error: ApiError, request_id: str) -> httpx2.Response:
    details = {"details": error.details} if error.details else {}
    described = {"type": error.kind, "message": str(error), **details}
    body = {"type": "error", "error": described, "request_id": request_id}
    return httpx2.Response(error.status, json=body, headers=error.headers)
