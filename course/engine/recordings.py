"""Every answer on disk, found again by its whole request.

So a rerun costs nothing and an interrupted run goes on where it stopped. The file is
results/recordings.sqlite; `export("room.sqlite")` copies the live answers for a room without keys.
"""

import hashlib
import json
import os
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import anthropic
import httpx2

from course.engine import meter
from course.engine.api_errors import broken_answer, mask
from course.errors import CourseError
from course.paths import results_dir

TABLE = """CREATE TABLE IF NOT EXISTS recordings (
    place TEXT, key TEXT, mode TEXT, model TEXT, created TEXT, request TEXT, response TEXT, seconds REAL,
    PRIMARY KEY (place, key))"""
BUSY_SECONDS = 2.0
CONTAINER_TOKENS = 100_000  # ten turns over 10,000 tokens: a skill of this course has under 3,000


@dataclass(frozen=True)
class Recording:
    """One complete answer.

    `place` is the server asked, or the local weights and engine; `key` is the hash of path and body;
    `request` and `response` are the bodies as text, JSON or the events of a stream; `seconds` is how long it
    took.
    """

    place: str
    key: str
    mode: str
    model: str
    created: str
    request: str
    response: str
    seconds: float


COLUMNS = ", ".join(field.name for field in fields(Recording))
MARKS = ", ".join("?" for _ in fields(Recording))


class Recordings:
    """The answers in one SQLite file. Safe for threads and for several processes at once.

    A file that cannot be read is set aside, never deleted. When an answer cannot be kept (disk full, file
    locked), one warning says so and work goes on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._warned = False
        self._connection = self._open()

    def find(self, key: str, place: str) -> Recording | None:
        """The answer to the request with this key from this place."""
        return self._one(f"SELECT {COLUMNS} FROM recordings WHERE key = ? AND place = ?", key, place)

    def save(self, recording: Recording) -> None:
        """Keep an answer. It is on disk when this returns, unless a warning says why not."""
        try:
            with self._lock:
                self._connection.execute(
                    f"INSERT OR IGNORE INTO recordings ({COLUMNS}) VALUES ({MARKS})", astuple(recording)
                )
        except sqlite3.Error as error:
            self._warn(f"This answer is not kept, because {self.path} cannot be written ({error}).")

    def close(self) -> None:
        self._connection.close()

    def _one(self, query: str, *values: str) -> Recording | None:
        try:
            with self._lock:
                row = self._connection.execute(query, values).fetchone()
        except sqlite3.DatabaseError as error:
            raise CourseError(
                f"{self.path} cannot be read ({error}): restart the kernel, which sets it aside."
            ) from None
        return Recording(*row) if row else None

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect_to_write(self.path)
        except sqlite3.OperationalError as error:
            self._warn(f"Answers are not kept, because {self.path} cannot be written ({error}).")
        except sqlite3.DatabaseError as error:
            aside = _set_aside(self.path)
            warnings.warn(
                f"{self.path.name} was damaged ({str(error).splitlines()[-1]}). "
                f"It is set aside as {aside} and a new one begun.",
                stacklevel=4,
            )
            return _connect_to_write(self.path)
        try:
            return _connect_to_read(self.path)
        except sqlite3.DatabaseError:
            return _in_memory()

    def _warn(self, sentence: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{sentence} Free some space or set COURSE_RESULTS to another folder.", stacklevel=2
            )


class Replay(Recordings):
    """A recorded file that somebody handed on. It is read and never written."""

    def _open(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise CourseError(
                f"COURSE_RECORDING names {str(self.path)!r}, which is no file: correct the path or unset it."
            )
        try:
            connection = _connect_to_read(self.path)
            self.answers, self.recorded = connection.execute(
                "SELECT count(*), max(created) FROM recordings"
            ).fetchone()
            rows = connection.execute(
                "SELECT model FROM recordings GROUP BY model ORDER BY count(*) DESC, model"
            )
            self.models = [model for (model,) in rows]
        except sqlite3.DatabaseError as error:
            raise CourseError(
                f"COURSE_RECORDING names {str(self.path)!r}, which holds no recordings ({error})."
            ) from None
        if not self.answers:
            raise CourseError(
                f"COURSE_RECORDING names {str(self.path)!r}, which holds no answer: record some first."
            )
        return connection

    def find(self, key: str, place: str) -> Recording | None:
        """The answer to the request with this key, wherever it came from; a live one before a local one."""
        return self._one(
            f"SELECT {COLUMNS} FROM recordings WHERE key = ? ORDER BY mode = 'live' DESC, created DESC", key
        )

    def save(self, recording: Recording) -> None:
        raise NotImplementedError("a recorded file that was handed on is never written")


def default_path() -> Path:
    """Where this reader's answers are kept."""
    return results_dir() / "recordings.sqlite"


def export(path: str | Path) -> int:
    """Copy the live answers into a new file for a room without keys and return how many there are.

    Each reader sets COURSE_RECORDING to that file. It holds requests and answers, and no key.
    """
    target = Path(path).resolve()
    if target.exists():
        raise CourseError(
            f"{str(path)!r} exists already: choose another name, so that nothing is overwritten."
        )
    if not target.parent.is_dir():
        raise CourseError(f"{str(target.parent)!r} is no folder: make it first or choose another one.")
    if not default_path().is_file():
        raise CourseError(f"{default_path()} does not exist: run the lessons live first.")
    with closing(_connect_to_read(default_path())) as source:
        rows = source.execute(f"SELECT {COLUMNS} FROM recordings WHERE mode = 'live'").fetchall()
    if not rows:
        raise CourseError(
            f"{default_path()} holds no live answer: set ANTHROPIC_API_KEY and run the lessons first."
        )
    with closing(sqlite3.connect(target)) as copy, copy:
        copy.execute(TABLE)
        copy.executemany(f"INSERT INTO recordings ({COLUMNS}) VALUES ({MARKS})", rows)
    return len(rows)


def _connect_to_write(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        # What is committed survives a killed process. A power cut can lose the last answers only.
        connection.execute("PRAGMA synchronous = NORMAL")
        _use_write_ahead_log(connection)
        connection.execute(TABLE)
        (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if health != "ok":
            raise sqlite3.DatabaseError(health)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for its busy timeout when two processes switch a new file at once.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a file for reading.

    In a folder that cannot be written only `immutable` works, which skips a log beside the file.
    """
    options = {"uri": True, "timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", **options)
    try:
        connection.execute("SELECT 1 FROM recordings LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", **options)
        connection.execute("SELECT 1 FROM recordings LIMIT 1")
    return connection


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute(TABLE)
    return connection


def _set_aside(path: Path) -> str:
    # The number of the process keeps two that find the damage at once from taking the same name.
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}{suffix}"))
    return f"{path.stem}-damaged-{stamp}{path.suffix}"


@dataclass(frozen=True)
class _Call:
    """A request as the recordings see it. `key` hashes what decides the answer: the path and the body."""

    path: str
    body: dict

    @property
    def key(self) -> str:
        # Only the outermost names are sorted: inside a schema the order of properties shapes the answer.
        body = json.dumps(dict(sorted(self.body.items())), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(f"{self.path}\n{body}".encode()).hexdigest()

    @property
    def is_count(self) -> bool:
        return self.path.partition("?")[0].endswith("/count_tokens")

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


NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


class RecordingTransport(httpx2.BaseTransport):
    """Stands between the SDK and the server: looks an answer up, else sends, records and meters it.

    `open_inner` makes the transport that sends, at the first request that is not recorded; None means replay
    only. `budget` holds before anything is sent. `price` gives dollars for a model name and token counts;
    `explain` puts a plain sentence into an error. No header is ever stored, and no text of `secrets`.
    """

    def __init__(
        self,
        recordings: Recordings,
        client_meter: meter.Meter,
        *,
        mode: str,
        place: str,
        budget: meter.Budget,
        price: Callable[..., float],
        open_inner: Callable[[], httpx2.BaseTransport] | None,
        explain: Callable[[anthropic.APIError], anthropic.APIError],
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._recordings = recordings
        self._meter = client_meter
        self._mode = mode
        self._place = place
        self._budget = budget
        self._price = price
        self._open_inner = open_inner
        self._inner: httpx2.BaseTransport | None = None
        self._opening = threading.Lock()
        self._explain = explain
        self._secrets = secrets

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode("ascii")
        if request.method == "GET":
            return self._masked(self._network().handle_request(request))
        is_upload = request.method == "POST" and path.partition("?")[0].endswith("/v1/skills")
        if is_upload and self._mode == "live":
            # It asks no model, so it has no price and no answer to replay.
            if meter.planning():
                raise meter.RequestCaptured
            return self._masked(self._network().handle_request(request))
        if request.method != "POST" or not path.partition("?")[0].endswith(
            ("/v1/messages", "/v1/messages/count_tokens")
        ):
            raise CourseError(
                f"{request.method} {path} is not metered, so no budget could hold: send messages only."
            )
        call = _Call(path, json.loads(request.read()))
        found = self._recordings.find(call.key, self._place)
        if call.is_count:
            return _replay(call, found) if found else self._send(request, call, 0.0)
        cost = 0.0 if found else self._price(call.model, call.input_bound, call.max_tokens)
        if meter.planning():
            meter.plan(meter.Planned(found is not None, call.input_bound, call.max_tokens, cost))
        elif found:
            self._count(call, _usage(call, found.response), found, replayed=True)
        return _replay(call, found) if found else self._send(request, call, cost)

    def close(self) -> None:
        self._recordings.close()
        if self._inner is not None:
            self._inner.close()

    def _network(self) -> httpx2.BaseTransport:
        if self._open_inner is None:
            raise CourseError(
                f"{self._recordings.path.name} holds no answer to this request: unset COURSE_RECORDING to "
                "work with the local model, or ask for a file recorded with this version of the lesson."
            )
        with self._opening:
            if self._inner is None:
                self._inner = self._open_inner()
        return self._inner

    def _send(self, request: httpx2.Request, call: _Call, worst_cost: float) -> httpx2.Response:
        network = self._network()
        self._budget.reserve(worst_cost)
        begun = time.monotonic()
        try:
            response = network.handle_request(request)
            if response.status_code != 200:
                refused = self._masked(response)
                self._budget.settle(worst_cost, 0.0)
                return refused
            if call.streams:
                stream = _RecordedStream(self, request, response, call, worst_cost, begun)
                return httpx2.Response(200, headers=_headers(response), stream=stream)
            answer = mask(response.read().decode(), self._secrets)
            usage = _usage(call, answer)
        except NOT_SENT:
            self._budget.settle(worst_cost, 0.0)
            raise
        except BaseException:
            # Nobody knows whether this request will be billed, so it counts in full.
            self._budget.settle(worst_cost, worst_cost)
            raise
        seconds = float(response.headers.get("x-course-seconds") or time.monotonic() - begun)
        self._finish(call, answer, usage, seconds, worst_cost)
        return httpx2.Response(200, headers=_headers(response), content=answer.encode())

    def _finish(self, call: _Call, answer: str, usage: dict, seconds: float, worst_cost: float) -> None:
        """Record a complete answer, then count it. The caller has not seen it yet."""
        request = mask(json.dumps(call.body, ensure_ascii=False), self._secrets)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        recording = Recording(
            self._place, call.key, self._mode, call.model, created, request, answer, seconds
        )
        self._recordings.save(recording)
        cost = 0.0
        if not call.is_count:
            cost = self._count(call, usage, recording, replayed=False)
        self._budget.settle(worst_cost, cost)

    def _count(self, call: _Call, usage: dict, recording: Recording, *, replayed: bool) -> float:
        tokens = {
            "input_tokens": usage.get("input_tokens") or 0,
            "output_tokens": usage.get("output_tokens") or 0,
            "cache_read": usage.get("cache_read_input_tokens") or 0,
            "cache_write": usage.get("cache_creation_input_tokens") or 0,
        }
        cost = self._price(call.model, **tokens)
        self._meter.add(
            meter.Usage(
                model=call.model,
                mode=recording.mode,
                **tokens,
                seconds=recording.seconds,
                cost=cost,
                replayed=replayed,
                created=recording.created,
            )
        )
        return cost

    def _masked(self, response: httpx2.Response) -> httpx2.Response:
        text = mask(response.read().decode(errors="replace"), self._secrets)
        return httpx2.Response(response.status_code, headers=_headers(response), content=text.encode())


class _RecordedStream(httpx2.SyncByteStream):
    """Hands a stream on line by line.

    The answer is recorded before its last event leaves; a broken one never is.
    """

    def __init__(
        self,
        transport: RecordingTransport,
        request: httpx2.Request,
        response: httpx2.Response,
        call: _Call,
        worst_cost: float,
        begun: float,
    ) -> None:
        self._transport = transport
        self._request = request
        self._response = response
        self._call = call
        self._worst_cost = worst_cost
        self._begun = begun
        self._settled = False

    def __iter__(self) -> Iterator[bytes]:
        transport = self._transport
        received: list[str] = []
        failure: Exception | None = None
        try:
            for line in _lines(self._response.iter_bytes()):
                text = mask(line.decode(), transport._secrets)
                received.append(text)
                if _event(text).get("type") == "message_stop":
                    answer = "".join(received) + "\n"
                    seconds = time.monotonic() - self._begun
                    self._settled = True
                    transport._finish(
                        self._call, answer, _usage(self._call, answer), seconds, self._worst_cost
                    )
                yield text.encode()
        except (httpx2.TransportError, ValueError) as error:
            failure = error
        if not self._settled:
            raise transport._explain(broken_answer(self._request, failure))

    def close(self) -> None:
        self._response.close()
        if not self._settled:
            self._settled = True
            self._transport._budget.settle(self._worst_cost, self._worst_cost)


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def _event(line: str) -> dict:
    """The data of one line of a stream, or {} for a line without data."""
    return json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}


def _usage(call: _Call, answer: str) -> dict:
    """The usage that a complete answer reports. An answer that is none raises CourseError."""
    try:
        if not call.streams:
            message = json.loads(answer)
            return message if call.is_count else message["usage"]
        usage: dict = {}
        for line in answer.split("\n"):
            event = _event(line)
            reported = event.get("usage") or event.get("message", {}).get("usage") or {}
            usage |= {name: count for name, count in reported.items() if count is not None}
        return usage
    except (ValueError, KeyError, TypeError):
        raise CourseError(
            "The server sent something that is no message of this API: check ANTHROPIC_BASE_URL."
        ) from None


def _replay(call: _Call, recording: Recording) -> httpx2.Response:
    kind = "text/event-stream" if call.streams else "application/json"
    return httpx2.Response(200, headers={"content-type": kind}, content=recording.response.encode())


def _headers(response: httpx2.Response) -> list[tuple[str, str]]:
    """The headers that still hold for a body that was decoded and may have been masked."""
    changed = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in response.headers.multi_items() if name not in changed]
