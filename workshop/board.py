"""The board of a room: `python -m workshop.board` shows where everybody stands, and takes votes.

instructor   who is where, behind the token of instructor.json in the room's folder
projector    everybody's best rung without a name, and the poll of the moment
vote         for learners, with their token

Learners' folders are read and never written to.
"""

import asyncio
import json
import logging
import os
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RedirectHandler, RequestHandler, StaticFileHandler

from course.errors import CourseError, as_command, command_line
from course.exercises.checking import exercise_ids
from workshop.learners import instructor_token, owner_of, read_learners, room_dir
from workshop.session import Refused, Session, polls
from workshop.standings import Standing, in_words, points, standing

STATIC = Path(__file__).parent / "static"
EVERY_SECONDS = 3  # between two readings of the learners' folders
LARGEST_BODY = 2000  # bytes; a vote has about 50
LARGEST_READ = 2**20  # what is read of a larger one so that its sender hears why it is refused
log = logging.getLogger(__name__)


class Watch:
    """The room as it was read last. A reading that fails leaves the one before, and `fault` says why."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.session = Session(room)
        self.instructor = instructor_token(room)
        self.learners = read_learners(room)
        self.standings: list[Standing] = []
        self.fault = ""
        self._read_at = monotonic()

    def refresh(self) -> None:
        """Read every learner's folder, and keep the anonymous part in the session's history."""
        try:
            self.learners = read_learners(self.room)
            self.standings = [standing(name, self.room / "learners" / name) for name in self.learners]
            self._read_at = monotonic()
            self.session.keep(self.anonymous())
            self.fault = ""
        except CourseError as error:
            self.fault = str(error)

    @property
    def age(self) -> float:
        """Seconds since the last reading."""
        return monotonic() - self._read_at

    def anonymous(self) -> dict[str, Any]:
        """What the whole room may see: no name, no name of a rung, and an order that tells nothing."""
        shown = points(self.standings)
        solved = sum((Counter(each.solved) for each in self.standings), Counter())
        return {
            "points": shown,
            "text": in_words(shown, len(self.learners)),
            "learners": len(self.learners),
            "solved": dict(sorted(solved.items())),
        }

    def named(self) -> dict[str, Any]:
        """What the instructor sees."""
        now = datetime.now(UTC)
        rows = [
            asdict(each)
            | {"seen": None, "minutes": each.seen and max(0, round((now - each.seen).total_seconds() / 60))}
            for each in self.standings
        ]
        states = self.session.states()
        listed = [
            asdict(poll) | {"state": states.get(poll.id, "new"), "votes": sum(self.session.counts(poll.id))}
            for poll in polls().values()
        ]
        counts = {lesson: len(ids) for lesson, ids in exercise_ids().items()}
        return {"learners": rows, "exercises": counts, "polls": listed}


class Api(RequestHandler):
    """JSON in and out; an error is one sentence with the status that fits."""

    def initialize(self, watch: Watch) -> None:
        self.watch = watch

    def prepare(self) -> None:
        if len(self.request.body) > LARGEST_BODY:
            raise Refused(
                413, f"The request has more than {LARGEST_BODY:,} bytes; send the poll and the option."
            )

    def reply(self, values: dict[str, Any]) -> None:
        self.set_header("Cache-Control", "no-store")
        self.finish(values | {"age": self.watch.age, "fault": self.watch.fault})

    def token(self) -> str:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(401, "Your token is missing; open the page again and enter it.")
        return token.strip()

    def learner(self) -> str:
        name = owner_of(self.token(), self.watch.learners)
        if name is None:
            raise Refused(401, "This is not a token of a learner in this room; check it, or ask for yours.")
        return name

    def only_instructor(self) -> None:
        known = self.watch.learners | {"": self.watch.instructor}
        match owner_of(self.token(), known):
            case "":
                return
            case None:
                raise Refused(
                    401, "This is not a token of this room; the instructor's is in instructor.json."
                )
        raise Refused(403, "This is a learner's token; this page is the instructor's.")

    def values(self) -> dict[str, Any]:
        try:
            values = json.loads(self.request.body)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise Refused(
                400, 'The request is not a JSON object; send something like {"poll": "floor", "option": 0}.'
            )
        return values

    def write_error(self, status_code: int, **details: Any) -> None:
        error = details.get("exc_info", (None, None))[1]
        if isinstance(error, Refused):
            sentence = error.sentence
        elif isinstance(error, HTTPError):
            sentence = f"{self._reason}: {self.request.method} {self.request.path[:80]} is not offered here."
        else:
            sentence = str(error) if isinstance(error, CourseError) else "The board failed; its log says why."
        self.finish({"error": sentence})


class Projector(Api):
    def get(self) -> None:
        self.reply(self.watch.anonymous() | {"poll": self.watch.session.shown()})


class Instructor(Api):
    def get(self) -> None:
        self.only_instructor()
        self.reply(self.watch.named())

    def post(self) -> None:
        self.only_instructor()
        values = self.values()
        self.watch.session.set_state(values.get("poll"), values.get("state"))
        self.reply(self.watch.named())


class Vote(Api):
    def get(self) -> None:
        self._reply(self.learner())

    def post(self) -> None:
        learner, values = self.learner(), self.values()
        self.watch.session.vote(values.get("poll"), learner, values.get("option"))
        self._reply(learner)

    def _reply(self, learner: str) -> None:
        poll = self.watch.session.shown()
        self.reply({"poll": poll, "mine": poll and self.watch.session.vote_of(poll["id"], learner)})


class Nothing(Api):
    def prepare(self) -> None:
        raise Refused(
            404, f"There is no page {self.request.path[:80]}; there are projector, vote and instructor."
        )


class Page(StaticFileHandler):
    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-cache")
        self.set_header(
            "Content-Security-Policy",
            "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'",
        )
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        return super().get_absolute_path(root, path if "." in path else f"{path}.html")


def application(watch: Watch, prefix: str = "/") -> Application:
    """The pages and their data under `prefix`, which begins and ends with a slash."""
    shared = {"watch": watch}
    routes: list[Any] = [
        (prefix, RedirectHandler, {"url": f"{prefix}projector", "permanent": False}),
        (f"{prefix}api/projector", Projector, shared),
        (f"{prefix}api/instructor", Instructor, shared),
        (f"{prefix}api/vote", Vote, shared),
        (f"{prefix}(projector|vote|instructor|[a-z]+\\.(?:js|css))", Page, {"path": STATIC}),
    ]
    return Application(
        routes, default_handler_class=Nothing, default_handler_args=shared, log_function=_log_faults
    )


async def serve(room: Path, host: str, port: int, prefix: str) -> None:
    """Serve until stopped. CourseError where the room is not set up or the port is taken."""
    watch = Watch(room)
    try:
        sockets = bind_sockets(port, host)
    except OSError as error:
        raise CourseError(
            f"nothing can listen on {host}, port {port} ({error.strerror}): choose others."
        ) from None
    # The room is read before the first page is asked for, which would show nobody otherwise.
    loop, reader = asyncio.get_running_loop(), ThreadPoolExecutor(1)
    await loop.run_in_executor(reader, watch.refresh)
    HTTPServer(application(watch, prefix), max_body_size=LARGEST_READ).add_sockets(sockets)
    address = f"http://{host}:{sockets[0].getsockname()[1]}{prefix}"
    print(f"{len(watch.learners)} learners. On the projector: {address}projector. They vote: {address}vote.")
    print(f"Yours: {address}instructor, with the token in {room / 'instructor.json'}.", flush=True)
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await loop.run_in_executor(reader, watch.refresh)


@as_command
def main(given: Sequence[str] | None = None) -> None:
    parser = command_line("workshop.board", __doc__)
    add = parser.add_argument
    add("--room", type=Path, default=room_dir(), help="the room's folder (default: COURSE_ROOM, else room)")
    add("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    add("--port", type=int, default=8020, help="0 takes a free one (default: %(default)s)")
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
    add("--prefix", default=prefix, help="of the addresses, such as /services/board/ behind a hub")
    arguments = parser.parse_args(given)
    # Votes are on disk when they are answered, so nothing has to be waited for.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.basicConfig(format="%(asctime)s %(message)s")
    asyncio.run(serve(arguments.room, arguments.host, arguments.port, arguments.prefix))


def _log_faults(handler: RequestHandler) -> None:
    # Pages ask every few seconds. Headers, which hold tokens, and queries are not logged.
    if handler.get_status() >= 400:
        log.warning("%s %s %s", handler.get_status(), handler.request.method, handler.request.path)


if __name__ == "__main__":
    main()
