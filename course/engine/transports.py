"""The layers between the SDK and a server: small transports, one above another, with one job each.

From the outside in: `Gate` lets through what a budget can hold and no key in a text, `Explaining` gives a
broken stream the SDK's own error, `Metering` counts what every answer used, `Recalling` looks answers up and
keeps new ones, `Budgeting` reserves the worst price, `Checking` refuses what is not an answer, `Masking`
keeps keys out of headers and errors, and `Opening` opens the server's transport.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol

import anthropic
import httpx2

from course.engine.api_errors import broken_answer, is_key, mask
from course.engine.meter import Meter, Planned, RequestCaptured, Usage, plan, planning
from course.engine.recordings import Recording, Recordings
from course.engine.replies import event, fault, parsed
from course.errors import CourseError

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
# Who made an answer: the local model of a room. Its server names its models in the header ROOM_HEADER, and in
# ORIGIN who made an answer that it found in its recordings, where and when.
ROOM, ROOM_HEADER, ORIGIN = "room", "x-course-room", "x-course-origin"
CONTAINER_TOKENS = 100_000  # ten turns over 10,000 tokens: a skill of this course has under 3,000
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@dataclass(frozen=True)
class Call:
    """A request for a message or a count of tokens."""

    path: str
    body: dict

    @classmethod
    def of(cls, request: httpx2.Request) -> "Call | None":
        """The call that a request makes; None when it asks for something else."""
        path = request.url.raw_path.decode("ascii")
        if request.method != "POST" or not path.partition("?")[0].endswith((MESSAGES, COUNT)):
            return None
        return cls(path, json.loads(request.read()))

    @cached_property
    def key(self) -> str:
        """A hash of what decides the answer: the path and the body."""
        # Only the outermost names are sorted: inside a schema the order of properties shapes the answer.
        body = json.dumps(dict(sorted(self.body.items())), ensure_ascii=False, separators=(",", ":"))
        # The version in a tuned model's name is the reader's own count: the hash after it tells which it is.
        body = re.sub(r'("model":"local\+[a-z0-9-]+)-v\d+-', r"\1-", body)
        # A text read from a file of a Windows checkout is the same text.
        body = body.replace("\\r\\n", "\\n")
        return hashlib.sha256(f"{self.path}\n{body}".encode()).hexdigest()

    @property
    def is_count(self) -> bool:
        return self.path.partition("?")[0].endswith(COUNT)

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def model(self) -> str:
        return str(self.body.get("model"))

    @property
    def input_bound(self) -> int:
        """More tokens than text has in practice: one for two bytes, and what tools and skills add.

        With skills the server asks the model again after each file that it reads, and bills every turn.
        """
        added = 1000 if "tools" in self.body else 100
        if "container" in self.body:
            added += CONTAINER_TOKENS
        return len(json.dumps(self.body, ensure_ascii=False).encode()) // 2 + added

    @property
    def max_tokens(self) -> int:
        return 0 if self.is_count else int(self.body.get("max_tokens") or 0)


@dataclass(eq=False)
class Layer(httpx2.BaseTransport):
    """A transport over another one. What asks for neither a message nor a count passes through."""

    inner: httpx2.BaseTransport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call = Call.of(request)
        return self.inner.handle_request(request) if call is None else self.handle_call(call, request)

    def handle_call(self, call: Call, request: httpx2.Request) -> httpx2.Response:
        raise NotImplementedError

    def close(self) -> None:
        self.inner.close()


@dataclass(eq=False)
class Gate(Layer):
    """Refuses what has no price, so that the budget holds, and a request whose text holds a key."""

    mode: str
    secrets: tuple[str, ...]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        # An upload asks no model, so it has no price and no answer to replay.
        uploads = request.method == "POST" and path.endswith("/v1/skills") and self.mode == "live"
        if request.method != "GET" and not uploads and Call.of(request) is None:
            raise CourseError(
                f"{request.method} {path} is not metered, so no budget could hold: send messages only."
            )
        if any(key.encode() in request.read() for key in filter(is_key, self.secrets)):
            raise CourseError("The text of the request holds your key, so it was not sent: take the key out.")
        if uploads and planning():
            raise RequestCaptured
        return self.inner.handle_request(request)


@dataclass(eq=False)
class Explaining(Layer):
    """Gives a stream that breaks the SDK's own error, with a plain sentence."""

    explain: Callable[[anthropic.APIError], None]

    def handle_call(self, call: Call, request: httpx2.Request) -> httpx2.Response:
        response = self.inner.handle_request(request)
        if call.streams and response.status_code == 200:
            stream = _lines_of(response)
            response.stream = _Lines(self._explained(stream, request), stream.close)
        return response

    def _explained(self, lines: Iterable[bytes], request: httpx2.Request) -> Iterator[bytes]:
        try:
            yield from lines
        except (httpx2.TransportError, ValueError) as error:
            broken = broken_answer(request, error)
            self.explain(broken)
            raise broken from None


@dataclass(eq=False)
class Metering(Layer):
    """Counts in `meter` what every answer used, replayed ones too."""

    meter: Meter
    price: Callable[..., float]

    def handle_call(self, call: Call, request: httpx2.Request) -> httpx2.Response:
        response = self.inner.handle_request(request)
        if not call.is_count:
            _watch(response, call, lambda answer: self._count(call, answer, response))
        return response

    def _count(self, call: Call, answer: str, response: httpx2.Response) -> None:
        recording: Recording = response.extensions["recording"]
        if planning():
            plan(Planned(True, call.input_bound, call.max_tokens, 0.0))
            return
        tokens = _tokens(call, answer)
        self.meter.add(
            Usage(
                model=call.model,
                mode=recording.mode,
                **tokens,
                seconds=recording.seconds,
                cost=self.price(call.model, **tokens),
                replayed=response.extensions["replayed"],
                created=recording.created,
                place=recording.place,
            )
        )


@dataclass(eq=False)
class Recalling(Layer):
    """Answers from the recordings what was asked before, and keeps each complete new answer.

    An answer is on disk before its last event is handed on. No header is ever kept.
    """

    recordings: Recordings
    mode: str
    place: str

    def handle_call(self, call: Call, request: httpx2.Request) -> httpx2.Response:
        if found := self.recordings.find(call.key, self.place):
            return _replay(call, found)
        begun = time.monotonic()
        response = self.inner.handle_request(request)
        _watch(response, call, lambda answer: self._keep(call, answer, response, begun))
        return response

    def _keep(self, call: Call, answer: str, response: httpx2.Response, begun: float) -> None:
        recording = Recording(
            place=self.place,
            key=call.key,
            mode=self.mode,
            model=call.model,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            request=json.dumps(call.body, ensure_ascii=False),
            response=answer,
            seconds=float(response.headers.get("x-course-seconds") or time.monotonic() - begun),
        )
        if self.mode == ROOM:
            recording = replace(recording, **json.loads(response.headers.get(ORIGIN, "{}")))
        self.recordings.save(recording)
        response.extensions |= {"recording": recording, "replayed": False}


class Limit(Protocol):
    """What `Budgeting` draws on: a budget of dollars, or what a learner may ask of a room."""

    def reserve(self, amount: float) -> None: ...

    def settle(self, reserved: float, paid: float) -> None: ...


@dataclass(eq=False)
class Budgeting(Layer):
    """Reserves the worst price of a request before it is sent, and settles what it cost.

    While an estimate runs, it sends nothing.
    """

    budget: Limit
    price: Callable[..., float]

    def handle_call(self, call: Call, request: httpx2.Request) -> httpx2.Response:
        if call.is_count:
            return self.inner.handle_request(request)
        worst = self.price(call.model, call.input_bound, call.max_tokens)
        if planning():
            plan(Planned(False, call.input_bound, call.max_tokens, worst))
        self.budget.reserve(worst)
        try:
            response = self.inner.handle_request(request)
        except BaseException as error:
            # A request that was sent may be billed, so it counts in full.
            self.budget.settle(worst, 0.0 if isinstance(error, NOT_SENT) else worst)
            raise
        if response.status_code != 200:
            self.budget.settle(worst, 0.0)
        _watch(
            response,
            call,
            lambda answer: self.budget.settle(worst, self.price(call.model, **_tokens(call, answer))),
            lost=lambda: self.budget.settle(worst, worst),
        )
        return response


@dataclass(eq=False)
class Checking(Layer):
    """Refuses an answer that is not one: nothing of it is counted as a reply or kept."""

    server: str
    secrets: tuple[str, ...]

    def handle_call(self, call: Call, request: httpx2.Request) -> httpx2.Response:
        response = self.inner.handle_request(request)
        _watch(response, call, lambda answer: self._check(call, answer))
        return response

    def _check(self, call: Call, answer: str) -> None:
        if any(key in answer for key in filter(is_key, self.secrets)):
            raise CourseError(f"{self.server} repeated your key in its answer, which is not kept.")
        try:
            message = parsed(answer, streams=call.streams)
        except ValueError:
            message = {}
        if call.is_count:
            wrong = None if isinstance(message.get("input_tokens"), int) else "it is not a count of tokens"
        else:
            wrong = fault(message, call.body)
        if wrong:
            raise CourseError(
                f"{self.server} sent an answer that cannot be used, and it is not kept: {wrong}. Check "
                "ANTHROPIC_BASE_URL and COURSE_MODEL, or work with the local model."
            )


@dataclass(eq=False)
class Masking(Layer):
    """Keeps keys out of the headers of an answer and out of errors. The body of an answer stays as it is."""

    secrets: tuple[str, ...]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self.inner.handle_request(request)
        response.headers = httpx2.Headers(
            [(name, mask(value, self.secrets)) for name, value in response.headers.multi_items()]
        )
        if response.is_success:
            return response
        text = mask(response.text, tuple(filter(is_key, self.secrets)))
        if response.status_code in (401, 403):
            # These are about the key. A token that is a word may be the name of a field too.
            try:
                body = json.loads(text)
                body["error"]["message"] = mask(body["error"]["message"], self.secrets)
                text = json.dumps(body, ensure_ascii=False)
            except (ValueError, LookupError, TypeError):
                text = mask(text, self.secrets)
        return httpx2.Response(response.status_code, headers=_headers(response), content=text.encode())


class Opening(httpx2.BaseTransport):
    """Opens the server's transport at the first request, and decodes what it sends."""

    def __init__(self, open_server: Callable[[], httpx2.BaseTransport]) -> None:
        self._open = open_server
        self._opening = threading.Lock()
        self._server: httpx2.BaseTransport | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with self._opening:
            if self._server is None:
                self._server = self._open()
        response = self._server.handle_request(request)
        headers = _headers(response)
        call = Call.of(request)
        if call is not None and call.streams and response.status_code == 200:
            return httpx2.Response(200, headers=headers, stream=_decoded(response))
        return httpx2.Response(response.status_code, headers=headers, content=response.read())

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


@dataclass
class _Lines(httpx2.SyncByteStream):
    """The body of a response, line by line."""

    lines: Iterable[bytes]
    close: Callable[[], None]

    def __iter__(self) -> Iterator[bytes]:
        yield from self.lines


def _lines_of(response: httpx2.Response) -> _Lines:
    """The lines that a layer below made of a streamed body."""
    assert isinstance(response.stream, _Lines)
    return response.stream


def _decoded(response: httpx2.Response) -> _Lines:
    def lines() -> Iterator[bytes]:
        unfinished = b""
        for chunk in response.iter_bytes():
            *finished, unfinished = (unfinished + chunk).split(b"\n")
            yield from (line + b"\n" for line in finished)
        if unfinished:
            yield unfinished

    return _Lines(lines(), response.close)


def _watch(
    response: httpx2.Response,
    call: Call,
    done: Callable[[str], None],
    lost: Callable[[], None] = lambda: None,
) -> None:
    """Call `done` with the complete answer of a successful response: now, or before its last event is handed
    on. `lost` is called when a stream is closed without it.
    """
    if response.status_code != 200:
        return
    if not call.streams:
        done(response.text)
        return
    stream = _lines_of(response)
    is_open = True

    def lines() -> Iterator[bytes]:
        nonlocal is_open
        received: list[str] = []
        for line in stream:
            received.append(line.decode())
            if "message_stop" in received[-1] and event(received[-1]).get("type") == "message_stop":
                done("".join(received) + "\n")
                is_open = False
            yield line
        if is_open:
            raise httpx2.RemoteProtocolError("The stream ended before its message did.")

    def close() -> None:
        nonlocal is_open
        stream.close()
        if is_open:
            is_open = False
            lost()

    response.stream = _Lines(lines(), close)


def _tokens(call: Call, answer: str) -> dict[str, int]:
    usage = parsed(answer, streams=call.streams)["usage"]
    return {
        "input_tokens": usage.get("input_tokens") or 0,
        "output_tokens": usage.get("output_tokens") or 0,
        "cache_read": usage.get("cache_read_input_tokens") or 0,
        "cache_write": usage.get("cache_creation_input_tokens") or 0,
    }


def _replay(call: Call, recording: Recording) -> httpx2.Response:
    extensions = {"recording": recording, "replayed": True}
    response = httpx2.Response(200, content=recording.response.encode(), extensions=extensions)
    if call.streams:
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=_decoded(response), extensions=extensions)
    response.headers["content-type"] = "application/json"
    return response


def _headers(response: httpx2.Response) -> list[tuple[str, str]]:
    """The headers that still hold for a body that was decoded or masked."""
    changed = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in response.headers.multi_items() if name not in changed]
