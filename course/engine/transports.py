"""What stands between the SDK and a server: small transports over one another, with one job each.

From the outside in: `Gate` lets through what a budget can hold and no key in a
text, `Explaining` gives a broken stream the SDK's own error, `Metering` counts what every answer used,
`Recalling` looks answers up and keeps new ones, `Budgeting` reserves the worst price, `Checking` refuses what
is not an answer, `Masking` keeps keys out of headers and errors, and `Opening` opens the server's transport.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import anthropic
import httpx2

from course.engine import meter
from course.engine.api_errors import broken_answer, is_key, mask
from course.engine.recordings import Recording, Recordings
from course.engine.replies import event, fault, parsed
from course.errors import CourseError

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
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


class Layer(httpx2.BaseTransport):
    """A transport over another one."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def close(self) -> None:
        self._inner.close()


class Gate(Layer):
    """Refuses what has no price, so that the budget holds, and a request whose text holds a key."""

    def __init__(self, inner: httpx2.BaseTransport, *, mode: str, secrets: tuple[str, ...]) -> None:
        super().__init__(inner)
        self._mode = mode
        self._keys = tuple(filter(is_key, secrets))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        # An upload asks no model, so it has no price and no answer to replay.
        uploads = request.method == "POST" and path.endswith("/v1/skills") and self._mode == "live"
        if request.method != "GET" and not uploads and Call.of(request) is None:
            raise CourseError(
                f"{request.method} {path} is not metered, so no budget could hold: send messages only."
            )
        if any(key.encode() in request.read() for key in self._keys):
            raise CourseError("The text of the request holds your key, so it was not sent: take the key out.")
        if uploads and meter.planning():
            raise meter.RequestCaptured
        return self._inner.handle_request(request)


class Explaining(Layer):
    """Gives a stream that breaks the SDK's own error, with a plain sentence."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        explain: Callable[[anthropic.APIError], anthropic.APIError],
    ) -> None:
        super().__init__(inner)
        self._explain = explain

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        call = Call.of(request)
        if call is not None and call.streams and response.status_code == 200:
            response.stream = _Explained(response.stream, request, self._explain)
        return response


class Metering(Layer):
    """Counts in `client_meter` what every answer used, replayed ones too."""

    def __init__(
        self, inner: httpx2.BaseTransport, client_meter: meter.Meter, price: Callable[..., float]
    ) -> None:
        super().__init__(inner)
        self._meter = client_meter
        self._price = price

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        call = Call.of(request)
        if call is not None and not call.is_count:
            _watch(response, call, lambda answer: self._count(call, answer, response))
        return response

    def _count(self, call: Call, answer: str, response: httpx2.Response) -> None:
        recording: Recording = response.extensions["recording"]
        replayed: bool = response.extensions["replayed"]
        if meter.planning():
            meter.plan(meter.Planned(True, call.input_bound, call.max_tokens, 0.0))
            return
        tokens = _tokens(call, answer)
        self._meter.add(
            meter.Usage(
                model=call.model,
                mode=recording.mode,
                **tokens,
                seconds=recording.seconds,
                cost=self._price(call.model, **tokens),
                replayed=replayed,
                created=recording.created,
                place=recording.place,
            )
        )


class Recalling(Layer):
    """Answers from the recordings what was asked before, and keeps each complete new answer.

    An answer is on disk before its last event is handed on. No header is ever kept.
    """

    def __init__(self, inner: httpx2.BaseTransport, recordings: Recordings, *, mode: str, place: str) -> None:
        super().__init__(inner)
        self._recordings = recordings
        self._mode = mode
        self._place = place

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call = Call.of(request)
        if call is None:
            return self._inner.handle_request(request)
        found = self._recordings.find(call.key, self._place)
        if found:
            response = _replay(call, found)
        else:
            begun = time.monotonic()
            response = self._inner.handle_request(request)
            _watch(response, call, lambda answer: self._keep(call, answer, response, begun))
        return response

    def close(self) -> None:
        self._recordings.close()
        super().close()

    def _keep(self, call: Call, answer: str, response: httpx2.Response, begun: float) -> None:
        seconds = float(response.headers.get("x-course-seconds") or time.monotonic() - begun)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        request = json.dumps(call.body, ensure_ascii=False)
        recording = Recording(
            self._place, call.key, self._mode, call.model, created, request, answer, seconds
        )
        self._recordings.save(recording)
        response.extensions |= {"recording": recording, "replayed": False}


class Budgeting(Layer):
    """Reserves the worst price of a request before it is sent, and settles what it cost.

    While an estimate runs, it sends nothing.
    """

    def __init__(
        self, inner: httpx2.BaseTransport, budget: meter.Budget, price: Callable[..., float]
    ) -> None:
        super().__init__(inner)
        self._budget = budget
        self._price = price

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call = Call.of(request)
        if call is None or call.is_count:
            return self._inner.handle_request(request)
        worst = self._price(call.model, call.input_bound, call.max_tokens)
        if meter.planning():
            meter.plan(meter.Planned(False, call.input_bound, call.max_tokens, worst))
        self._budget.reserve(worst)
        try:
            response = self._inner.handle_request(request)
        except NOT_SENT:
            self._budget.settle(worst, 0.0)
            raise
        except BaseException:
            # Nobody knows whether this request will be billed, so it counts in full.
            self._budget.settle(worst, worst)
            raise
        if response.status_code != 200:
            self._budget.settle(worst, 0.0)
        _watch(
            response,
            call,
            lambda answer: self._budget.settle(worst, self._price(call.model, **_tokens(call, answer))),
            lost=lambda: self._budget.settle(worst, worst),
        )
        return response


class Checking(Layer):
    """Refuses an answer that is not one: nothing of it is counted as a reply or kept."""

    def __init__(self, inner: httpx2.BaseTransport, *, server: str, secrets: tuple[str, ...]) -> None:
        super().__init__(inner)
        self._server = server
        self._keys = tuple(filter(is_key, secrets))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        call = Call.of(request)
        if call is not None:
            _watch(response, call, lambda answer: self._check(call, answer))
        return response

    def _check(self, call: Call, answer: str) -> None:
        if any(key in answer for key in self._keys):
            raise CourseError(f"{self._server} repeated your key in its answer, which is not kept.")
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
                f"{self._server} sent an answer that cannot be used, and it is not kept: {wrong}. Check "
                "ANTHROPIC_BASE_URL and COURSE_MODEL, or work with the local model."
            )


class Masking(Layer):
    """Keeps keys out of the headers of an answer and out of errors. The body of an answer stays as it is."""

    def __init__(self, inner: httpx2.BaseTransport, secrets: tuple[str, ...]) -> None:
        super().__init__(inner)
        self._secrets = secrets

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        response.headers = httpx2.Headers(
            [(name, mask(value, self._secrets)) for name, value in response.headers.multi_items()]
        )
        if response.is_success:
            return response
        text = mask(response.text, tuple(filter(is_key, self._secrets)))
        if response.status_code in (401, 403):
            text = self._masked_message(text)
        return httpx2.Response(response.status_code, headers=_headers(response), content=text.encode())

    def _masked_message(self, text: str) -> str:
        # These are about the key. A token that is a word may be the name of a field too.
        try:
            body = json.loads(text)
            body["error"]["message"] = mask(body["error"]["message"], self._secrets)
        except (ValueError, LookupError, TypeError):
            return mask(text, self._secrets)
        return json.dumps(body, ensure_ascii=False)


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
            return httpx2.Response(200, headers=headers, stream=_Lines(response))
        return httpx2.Response(response.status_code, headers=headers, content=response.read())

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class _Lines(httpx2.SyncByteStream):
    """The decoded body of a response, line by line."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        unfinished = b""
        for chunk in self._response.iter_bytes():
            *lines, unfinished = (unfinished + chunk).split(b"\n")
            yield from (line + b"\n" for line in lines)
        if unfinished:
            yield unfinished

    def close(self) -> None:
        self._response.close()


class _Explained(httpx2.SyncByteStream):
    def __init__(
        self,
        inner: httpx2.SyncByteStream,
        request: httpx2.Request,
        explain: Callable[[anthropic.APIError], anthropic.APIError],
    ) -> None:
        self._inner, self._request, self._explain = inner, request, explain

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._inner
        except (httpx2.TransportError, ValueError) as error:
            raise self._explain(broken_answer(self._request, error)) from None

    def close(self) -> None:
        self._inner.close()


class _Watched(httpx2.SyncByteStream):
    """Events on their way. `done` gets the complete answer before its last event is handed on; `lost` is
    called when the stream closes without it.
    """

    def __init__(
        self, inner: httpx2.SyncByteStream, done: Callable[[str], None], lost: Callable[[], None]
    ) -> None:
        self._inner, self._done, self._lost = inner, done, lost
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        received: list[str] = []
        for line in self._inner:
            received.append(line.decode())
            if "message_stop" in received[-1] and event(received[-1]).get("type") == "message_stop":
                self._done("".join(received) + "\n")
                self._is_open = False
            yield line
        if self._is_open:
            raise httpx2.RemoteProtocolError("The stream ended before its message did.")

    def close(self) -> None:
        self._inner.close()
        if self._is_open:
            self._is_open = False
            self._lost()


def _watch(
    response: httpx2.Response,
    call: Call,
    done: Callable[[str], None],
    lost: Callable[[], None] = lambda: None,
) -> None:
    """Call `done` with the complete answer of a successful response: now, or when its stream has come."""
    if response.status_code != 200:
        return
    if call.streams:
        response.stream = _Watched(response.stream, done, lost)
    else:
        done(response.text)


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
        return httpx2.Response(200, stream=_Lines(response), extensions=extensions)
    response.headers["content-type"] = "application/json"
    return response


def _headers(response: httpx2.Response) -> list[tuple[str, str]]:
    """The headers that still hold for a body that was decoded or masked."""
    changed = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in response.headers.multi_items() if name not in changed]
