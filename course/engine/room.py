"""Who may ask the engine of a room, and how much; and the one memory of answers for all who do.

Every learner has transports of their own over one engine and one set of recordings. They are those of
`connect()`, with a limit in tokens where a notebook has a budget in dollars.
"""

import hashlib
import json
import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2

from course.engine.carried import CarriedAnswers
from course.engine.client import Served
from course.engine.embedded import KV_BLOCKS, TOKENS_PER_BLOCK
from course.engine.messages_api import LocalTransport, read_body, respond
from course.engine.requests import ApiError, InvalidRequest, read_chat
from course.engine.transports import ORIGIN, ROOM, ROOM_HEADER, Budgeting, Call, Opening, Recalling
from course.errors import CourseError
from course.files import read_csv, write_text

LONGEST = KV_BLOCKS * TOKENS_PER_BLOCK  # tokens that one request can take of the engine
WAIT_SECONDS = 10  # until a refused request is worth another try, where nothing tells it better


@dataclass(frozen=True)
class Learner:
    """A line of the file of tokens."""

    learner: str
    token: str


@dataclass(frozen=True)
class RoomLimits:
    """What a learner may ask for, in tokens of prompt and answer, and how many requests wait in the room."""

    in_flight: int = 8 * LONGEST  # evaluate() has eight workers
    per_minute: int = 200_000
    queue: int = 256


class Busy(ApiError):
    """A 429 that says after how many seconds to ask again."""

    def __init__(self, message: str, seconds: int = WAIT_SECONDS):
        super().__init__(429, "rate_limit_error", message, headers={"retry-after": str(seconds)})


class Allowance:
    """What one learner may ask for. A request reserves its worst case, and what it did not use comes back."""

    def __init__(self, limits: RoomLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._in_flight = 0.0
        self._left = float(limits.per_minute)
        self._filled = clock()

    def reserve(self, amount: float) -> None:
        """Set tokens aside, or raise Busy. A request larger than a limit passes when nothing else runs."""
        amount = self._bounded(amount)
        with self._lock:
            self._refill()
            if self._in_flight + amount > self._limits.in_flight:
                raise Busy(
                    f"Your requests under way may use {self._in_flight:,.0f} tokens, with this one more than "
                    f"the {self._limits.in_flight:,} of a learner: wait for their answers"
                )
            if amount > self._left:
                missing = amount - self._left
                raise Busy(
                    f"This request may use {amount:,.0f} tokens, and you have {max(0, self._left):,.0f} left "
                    f"of your {self._limits.per_minute:,} a minute: wait",
                    math.ceil(60 * missing / self._limits.per_minute),
                )
            self._in_flight += amount
            self._left -= amount

    def settle(self, reserved: float, paid: float) -> None:
        """Give back what was set aside and not used."""
        reserved = self._bounded(reserved)
        with self._lock:
            self._refill()
            self._in_flight -= reserved
            self._left = min(self._limits.per_minute, self._left + reserved - paid)

    def _bounded(self, amount: float) -> float:
        return min(amount, self._limits.in_flight, self._limits.per_minute)

    def _refill(self) -> None:
        now = self._clock()
        gained = (now - self._filled) * self._limits.per_minute / 60
        self._left = min(self._limits.per_minute, self._left + gained)
        self._filled = now


class Room:
    """Answers the requests of learners from one engine and one memory of answers. Safe for threads."""

    def __init__(
        self, learners: Sequence[Learner], models: Mapping[str, Served], database: Path, limits: RoomLimits
    ) -> None:
        """`models`: size -> the model as this machine serves it; `database`: where its answers are kept."""
        engine = Opening(LocalTransport)
        self._engine = engine
        self._header = json.dumps({size: asdict(model) for size, model in models.items()})
        self._learners = {_digest(row.token): row.learner for row in learners}
        memories = {model: CarriedAnswers(database, model.weights) for model in models.values()}
        self._transports: dict[tuple[str, str], Recalling] = {}
        for row in learners:
            allowance = Allowance(limits)
            for model, memory in memories.items():
                self._transports[row.learner, model.model] = Recalling(
                    Budgeting(engine, allowance, _tokens), memory, mode=ROOM, place=model.place
                )

    def learner(self, headers: Mapping[str, str]) -> str:
        """Whose token the headers hold. Raises a 401."""
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        token = headers.get("x-api-key") or (bearer.strip() if scheme.lower() == "bearer" else "")
        try:
            return self._learners[_digest(token)]
        except KeyError:
            raise ApiError(
                401,
                "authentication_error",
                "x-api-key, or authorization with Bearer, has to hold your token of this room",
            ) from None

    def answer(self, learner: str, request: httpx2.Request, call: Call | None) -> httpx2.Response:
        """The answer to a request that `checked` let through, errors as responses too."""
        transport = self._transports.get((learner, call.model)) if call else None
        # The models are listed, and one that the room does not have is refused, by the API itself.
        response = respond((transport or self._engine).handle_request, request)
        if response.extensions.get("replayed"):
            found = response.extensions["recording"]
            response.headers["x-course-seconds"] = f"{found.seconds:.6f}"
            origin = {"mode": found.mode, "place": found.place, "created": found.created}
            response.headers[ORIGIN] = json.dumps(origin)
        if response.status_code >= 500:
            response.headers["x-should-retry"] = "false"  # the local model fails in the same way again
        response.headers[ROOM_HEADER] = self._header
        return response


def checked(request: httpx2.Request) -> Call | None:
    """The call that a POST makes, None for any other method. Raises ApiError where it does not make one."""
    if request.method != "POST":
        return None
    body = read_body(request)
    call = Call.of(request)
    if call is None:
        raise ApiError(
            404, "not_found_error", f"POST {request.url.path}: the local model does not offer this"
        )
    read_chat(body, counting=call.is_count)
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise InvalidRequest("metadata: holds half a character, or is nested too deeply") from None
    return call


def read_tokens(path: Path, learners: int) -> list[Learner]:
    """The learners of a file of tokens. Where it is missing it is made, for this machine's user alone."""
    if not path.exists():
        lines = [f"learner-{number:02},{secrets.token_urlsafe(24)}" for number in range(1, learners + 1)]
        write_text(path, "\n".join(["learner,token", *lines]) + "\n", private=True)
    rows = read_csv(path, Learner, unique="learner")
    if len({row.token for row in rows}) < len(rows) or not all(row.token.strip() for row in rows):
        raise CourseError(
            f"{path.name}: a token is empty or appears twice; give every learner one of their own."
        )
    return rows


def _tokens(model: str, input_tokens: int, output_tokens: int, **cached: int) -> float:
    return min(input_tokens + output_tokens, LONGEST)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
