"""One engine for a room: `python -m course.serve` answers the Messages API for every learner with a token.

Learners set ANTHROPIC_BASE_URL to its address and ANTHROPIC_AUTH_TOKEN to their token. Every finished answer
is on disk before it is sent, so it may be stopped or killed at any time: started again, it continues.
"""

import argparse
import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import httpx2
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, stream_request_body

from course.engine import messages_api
from course.engine.client import Served, served
from course.engine.requests import ApiError
from course.engine.room import Busy, Room, RoomLimits, checked, read_tokens
from course.engine.sizes import local_models
from course.engine.weights import chosen_model, gguf_path
from course.errors import CourseError, as_command, command_line
from course.paths import results_dir

SIZES = tuple(model.size for model in local_models())
LARGEST_BODY = 2 * 2**20  # bytes; the longest context has about 130,000
BODY_SECONDS = 60.0  # for a request to arrive
LONGEST_READ = 32 * 2**20  # what is read of a larger one so that its sender hears why it is refused
log = logging.getLogger(__name__)


class TooLarge(ApiError):
    """A 413: the body is larger than any request that the models can take."""

    def __init__(self) -> None:
        message = f"The request is larger than the {LARGEST_BODY:,} bytes that this server reads"
        super().__init__(413, "request_too_large", message)


class WaitingRoom:
    """Where requests wait: a bounded number of them, and one at a time of those that are the same."""

    def __init__(self, room: Room, queue: int) -> None:
        self.room = room
        self._queue = queue
        self._under_way = 0
        self._threads = ThreadPoolExecutor(queue)
        self._same: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def in_thread(self, function: Callable[..., Any], *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *values)

    async def serve(self, learner: str, request: httpx2.Request, send: Callable[..., Any]) -> None:
        """Send the answer. The same request of another learner waits, and finds it in the memory."""
        if self._under_way >= self._queue:
            raise Busy(f"{self._queue} requests wait in this room already: wait")
        self._under_way += 1
        try:
            call = await self.in_thread(checked, request)
            lock = self._same.setdefault(call.key, asyncio.Lock()) if call else asyncio.Lock()
            async with lock:
                await send(await self.in_thread(self.room.answer, learner, request, call))
        finally:
            self._under_way -= 1


@stream_request_body
class Handler(RequestHandler):
    """One request: the token is checked before the body is kept, and every error has the API's shape."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def initialize(self, waiting: WaitingRoom) -> None:
        self._waiting = waiting
        self._body = bytearray()
        self._refusal: ApiError | None = None
        self.learner = "nobody"

    def prepare(self) -> None:
        try:
            self.learner = self._waiting.room.learner(self.request.headers)
        except ApiError as refusal:
            self._refusal = refusal
        length = self.request.headers.get("content-length", "")
        if length.isdigit() and int(length) > LONGEST_READ:
            self._send_error(self._refusal or TooLarge())

    def data_received(self, chunk: bytes) -> None:
        if len(self._body) + len(chunk) > LARGEST_BODY:
            self._refusal = self._refusal or TooLarge()
        if self._refusal is None:
            self._body += chunk

    async def _answer(self) -> None:
        address = httpx2.URL("http://room").copy_with(raw_path=str(self.request.uri).encode("latin-1"))
        request = httpx2.Request(str(self.request.method), address, content=bytes(self._body))
        try:
            if self._refusal:
                raise self._refusal
            await self._waiting.serve(self.learner, request, self._send)
        except (ApiError, CourseError) as error:
            self._send_error(error)
        except StreamClosedError:
            return  # the client hung up

    get = head = post = put = patch = delete = options = _answer

    async def _send(self, response: httpx2.Response) -> None:
        self._start(response)
        if response.headers["content-type"] != "text/event-stream":
            self.finish(response.content)
            return
        pieces = response.iter_bytes()
        try:
            while (piece := await self._waiting.in_thread(next, pieces, None)) is not None:
                self.write(piece)
                await self.flush()
        except httpx2.TransportError:
            return  # an answer that failed in the middle: its last event says why
        finally:
            await self._waiting.in_thread(response.close)

    def _start(self, response: httpx2.Response) -> None:
        self.set_status(response.status_code)
        for name, value in response.headers.items():
            if name not in ("content-length", "transfer-encoding"):
                self.set_header(name, value)

    def _send_error(self, error: Exception) -> None:
        def fail(_: httpx2.Request) -> httpx2.Response:
            raise error

        response = messages_api.respond(fail, httpx2.Request("GET", "http://room"))
        self._start(response)
        self.finish(response.content)

    def write_error(self, status_code: int, **details: Any) -> None:
        self._send_error(ApiError(status_code, "api_error", f"The server failed: {self._reason}"))


@as_command
def main(given: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    parser = command_line("course.serve", __doc__)
    limits = RoomLimits()
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    add("--port", type=int, default=8010, help="0 takes a free one (default: %(default)s)")
    add("--folder", type=Path, help="of tokens and answers (default: room/ in the results)")
    add("--tokens", type=Path, help="a CSV file learner,token; made if missing (default: FOLDER/tokens.csv)")
    add("--learners", type=int, default=30, help="tokens to make (default: %(default)s)")
    add("--sizes", nargs="+", choices=SIZES, help="the models to serve (default: all that are here)")
    add("--in-flight", type=int, default=limits.in_flight, help="tokens under way of a learner (%(default)s)")
    add(
        "--per-minute", type=int, default=limits.per_minute, help="tokens a minute of a learner (%(default)s)"
    )
    add("--queue", type=int, default=limits.queue, help="requests under way in the room (%(default)s)")
    arguments = parser.parse_args(given)
    # What is finished is on disk, so nothing has to be waited for.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.basicConfig(format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    asyncio.run(_serve(arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    for name in ("in_flight", "per_minute", "queue", "learners"):
        if getattr(arguments, name) < 1:
            raise CourseError(
                f"--{name.replace('_', '-')} is {getattr(arguments, name)}: it must be 1 or more."
            )
    folder = arguments.folder or results_dir() / "room"
    tokens = arguments.tokens or folder / "tokens.csv"
    learners = read_tokens(tokens, arguments.learners)
    folder.mkdir(parents=True, exist_ok=True)
    limits = RoomLimits(arguments.in_flight, arguments.per_minute, arguments.queue)
    models = _loaded(arguments.sizes)
    room = Room(learners, models, folder / "answers.sqlite", limits)
    try:
        sockets = bind_sockets(arguments.port, arguments.host)
    except OSError as error:
        where = f"{arguments.host}, port {arguments.port}"
        raise CourseError(f"nothing can listen on {where} ({error.strerror}): choose others.") from None
    routes = [(".*", Handler, {"waiting": WaitingRoom(room, limits.queue)})]
    application = Application(routes, log_function=_log)
    server = HTTPServer(application, max_body_size=LONGEST_READ, body_timeout=BODY_SECONDS)
    server.add_sockets(sockets)
    address = f"http://{arguments.host}:{sockets[0].getsockname()[1]}"
    print(
        f"The local models of this room, {', '.join(model.name for model in models.values())}, at {address}"
    )
    print(
        f"{len(learners)} tokens in {tokens}: give each learner one of their own. A notebook takes them from"
    )
    print(f"  ANTHROPIC_BASE_URL={address}\n  ANTHROPIC_AUTH_TOKEN=<token>", flush=True)
    await asyncio.Event().wait()


def _loaded(sizes: Sequence[str] | None) -> dict[str, Served]:
    """The models to serve by size, each loaded once. No other model is answered for afterwards."""
    models = {}
    for size in SIZES:
        try:
            model = chosen_model(size)
            if model.size == size and size in (sizes or SIZES):
                gguf_path(model)
                messages_api.MODELS[model.model]()
                models[size] = served(size)
        except CourseError:
            if sizes:
                raise
    others = set(messages_api.MODELS) - {model.model for model in models.values()}
    for name in others:
        del messages_api.MODELS[name]
    if not models:
        raise CourseError("No model is on this machine. Run: python -m course.engine.downloads small")
    return models


def _log(handler: Handler) -> None:
    # Without the headers, which hold tokens, and without the query.
    request = handler.request
    asked = f"{request.method} {request.path}"
    log.info("%s %s %s %.0f ms", handler.learner, handler.get_status(), asked, 1000 * request.request_time())


if __name__ == "__main__":
    main()
