"""A room on one machine: `python -m workshop.room` starts a hub, its proxy and one engine for all learners.

Each learner logs in with a name and a token and works in a folder of their own. A program that ends is
started again; Ctrl-C ends them all, with the learners' servers.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

from course.engine.sizes import local_models
from course.errors import CourseError, as_command, command_line
from course.files import write_text
from course.paths import ROOT
from workshop.learners import instructor_token, read_learners, room_dir

INSTRUCTOR = "instructor"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
SECRETS = ("CONFIGPROXY_AUTH_TOKEN", "ROOM_TOKEN", "ROOM_CULLER_TOKEN")  # made at each start, in no file
# Where the kernels' sockets lie: a path may have 103 characters on macOS, and its usual folder for temporary
# files takes about 50 of them.
SOCKETS = Path("/tmp")
BOARD = "/services/board/"
PROXY = ROOT / "workshop" / "node_modules" / ".bin" / "configurable-http-proxy"
START_SECONDS = 180.0  # until all programs answer; the engine loads its models
STOP_SECONDS = 60.0
AGAIN_SECONDS = 3.0  # at least, from one start of a program to the next
SMALLEST_MEMORY = 0.5  # GB; Jupyter's server takes 0.2, a kernel that has imported the course as well


@dataclass(frozen=True)
class Ports:
    """Where the programs listen: `room` is the port for learners, the others are for this machine alone."""

    room: int

    @property
    def proxy(self) -> int:
        return self.room + 1

    @property
    def hub(self) -> int:
        return self.room + 2

    @property
    def engine(self) -> int:
        return self.room + 3

    @property
    def board(self) -> int:
        return self.room + 4

    def all(self) -> range:
        return range(self.room, self.room + 5)


class Program:
    """One program of the room, with its log in `folder`/logs."""

    def __init__(
        self, name: str, command: Sequence[str], environment: dict[str, str], folder: Path, answers: str = ""
    ) -> None:
        """`answers`: an address on this machine that answers, with any status, once the program is ready."""
        self.name = name
        self.log = folder / "logs" / f"{name}.log"
        self._command = command
        self._environment = environment
        self._answers = answers
        self._process: subprocess.Popen | None = None
        self._started = 0.0

    def start(self) -> None:
        self._started = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the room, which ends its programs in order
            )

    @property
    def ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    @property
    def may_start_again(self) -> bool:
        return time.monotonic() - self._started > AGAIN_SECONDS

    @property
    def ready(self) -> bool:
        return not self._answers or status_of(urllib.request.Request(self._answers)) > 0

    def stop(self, *, asked: bool = False) -> None:
        """Ask the program to end, unless it was asked already, and kill it where it does not."""
        if self._process is None:
            return
        if not asked:
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


@as_command
def main(given: Sequence[str] | None = None) -> None:
    """Start the room, and keep it until it is stopped."""
    parser = command_line("workshop.room", __doc__)
    add = parser.add_argument
    add("--learners", type=int, default=30, help="how many have a token at least (default: %(default)s)")
    add(
        "--address",
        default="127.0.0.1",
        help="to listen on; 0.0.0.0 for a room (default: this machine alone)",
    )
    add("--port", type=int, default=8000, help="the first of five in a row (default: %(default)s)")
    add("--memory", type=float, default=2.0, help="GB for each process of a learner (default: %(default)s)")
    add(
        "--idle-hours",
        type=float,
        default=3.0,
        help="until an unused server is stopped (default: %(default)s)",
    )
    sizes = [model.size for model in local_models()]
    add("--sizes", nargs="+", choices=sizes, help="models of the engine (default: all on this machine)")
    arguments = parser.parse_args(given)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    folder = room_dir().resolve()
    check(arguments, folder)
    for name, token in new_learners(folder, arguments.learners).items():
        print(f"  {name:14} {token}")
    tokens = {name: secrets.token_hex(32) for name in SECRETS}
    with tempfile.TemporaryDirectory(prefix="room-", dir=SOCKETS, ignore_cleanup_errors=True) as sockets:
        run(programs(arguments, folder, Path(sockets), tokens), arguments, tokens["ROOM_TOKEN"])


def check(arguments: argparse.Namespace, folder: Path) -> None:
    """CourseError for what would stop the room: an option, the folder, a port, or a missing proxy."""
    if arguments.learners < 1:
        raise CourseError(f"--learners is {arguments.learners}: a room needs 1 or more.")
    if not arguments.memory >= SMALLEST_MEMORY:
        raise CourseError(f"--memory is {arguments.memory}: a kernel needs {SMALLEST_MEMORY} GB or more.")
    if not arguments.idle_hours > 0:
        raise CourseError(f"--idle-hours is {arguments.idle_hours}: give a time above 0.")
    if not 1 <= arguments.port <= 65535 - 4:
        raise CourseError(f"--port is {arguments.port}: choose one from 1024 to 65531.")
    if shutil.which("node") is None or not PROXY.exists():
        raise CourseError(
            "The proxy is missing: run `python -m workshop.install`, which needs Node.js and npm."
        )
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        (folder / "engine").mkdir(exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise CourseError(
            f"{folder} cannot be written ({error.strerror}): name another in COURSE_ROOM."
        ) from None
    for port in Ports(arguments.port).all():
        address = arguments.address if port == arguments.port else "127.0.0.1"
        try:
            socket.create_server((address, port)).close()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise CourseError(
                f"nothing can listen on {address}, port {port} ({reason}): "
                "stop what uses it, or choose others with --port or --address."
            ) from None


def new_learners(folder: Path, count: int) -> dict[str, str]:
    """Add learners until there are that many, and a token for the instructor. Returns those that are new."""
    path = folder / "learners.json"
    known = read_learners(folder) if path.exists() else {}
    for name in known:
        if not NAME.fullmatch(name) or name == INSTRUCTOR:
            raise CourseError(
                f"{path.name}: {name!r} is not a name that the hub takes: use a to z, digits, - and _, "
                f"and not {INSTRUCTOR!r}."
            )
    names = (f"learner-{number:02}" for number in range(1, count + 1))
    missing = [name for name in names if name not in known][: max(0, count - len(known))]
    new = {name: secrets.token_urlsafe(12) for name in missing}
    if new:
        write_text(path, json.dumps(known | new, indent=1) + "\n", private=True)
    is_new_room = not (folder / "instructor.json").exists()
    instructor = instructor_token(folder)
    members = read_learners(folder) | {INSTRUCTOR: instructor}
    rows = [f"{name},{token}" for name, token in members.items()]
    write_text(folder / "engine" / "tokens.csv", "\n".join(["learner,token", *rows]) + "\n", private=True)
    return new | ({INSTRUCTOR: instructor} if is_new_room else {})


def programs(
    arguments: argparse.Namespace, folder: Path, sockets: Path, tokens: dict[str, str]
) -> list[Program]:
    """What runs in the room, in the order in which it is started. The kernels' sockets lie in `sockets`."""
    ports = Ports(arguments.port)
    settings = {
        "COURSE_ROOM": str(folder),
        "ROOM_ADDRESS": arguments.address,
        "ROOM_PORT": str(arguments.port),
        "ROOM_MEMORY": str(arguments.memory),
        "ROOM_SOCKETS": str(sockets),
    }
    environment = {**os.environ, **settings, **tokens}
    python = [sys.executable, "-m"]
    engine = [*python, "course.serve", "--port", str(ports.engine), "--folder", str(folder / "engine")]
    if arguments.sizes:
        engine += ["--sizes", *arguments.sizes]
    proxy = [str(PROXY), "--ip", arguments.address, "--port", str(ports.room)]
    proxy += ["--api-ip", "127.0.0.1", "--api-port", str(ports.proxy)]
    # The hub answers for routes that a new proxy does not know yet; otherwise a websocket would hang.
    proxy += ["--default-target", f"http://127.0.0.1:{ports.hub}"]
    api = f"http://127.0.0.1:{ports.hub}/hub/api"
    culling = {"JUPYTERHUB_API_URL": api, "JUPYTERHUB_API_TOKEN": tokens["ROOM_CULLER_TOKEN"]}
    cull = [*python, "jupyterhub_idle_culler", f"--timeout={round(3600 * arguments.idle_hours)}"]
    hub = [*python, "jupyterhub", "-f", str(ROOT / "workshop" / "jupyterhub_config.py")]
    board = [*python, "workshop.board", "--room", str(folder), "--port", str(ports.board), "--prefix", BOARD]
    return [
        Program("engine", engine, environment, folder, f"http://127.0.0.1:{ports.engine}/"),
        Program("proxy", proxy, environment, folder, f"http://127.0.0.1:{ports.proxy}/"),
        Program("hub", hub, environment, folder, f"{api}/"),
        Program("board", board, environment, folder, f"http://127.0.0.1:{ports.board}{BOARD}"),
        Program("culler", cull, environment | culling, folder),
    ]


def run(started: list[Program], arguments: argparse.Namespace, token: str) -> None:
    """Start the programs, and each one again when it ends, until Ctrl-C. `token` may shut the hub down."""
    try:
        *first, culler = started  # which asks the hub at once
        start(first)
        start([culler])
        print(
            f"The room is open at http://{arguments.address}:{arguments.port}. Ctrl-C closes it.", flush=True
        )
        while True:
            time.sleep(0.5)
            for program in started:
                if program.ended and program.may_start_again:
                    print(f"The {program.name} ended and is started again; see {program.log}.", flush=True)
                    program.start()
    except KeyboardInterrupt:
        print("Closing the room.", flush=True)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        asked = close_servers(Ports(arguments.port), token)
        hub = next(program for program in started if program.name == "hub")
        hub.stop(asked=asked)
        for program in started:
            program.stop()


def start(started: Sequence[Program]) -> None:
    """Start them, and wait for their answers. CourseError for one that ended, or does not answer in time."""
    for program in started:
        program.start()
    waiting = list(started)
    deadline = time.monotonic() + START_SECONDS
    while waiting := [program for program in waiting if not program.ready]:
        ended = next((program for program in started if program.ended), None)
        if ended or time.monotonic() > deadline:
            failed = ended or waiting[0]
            lines = failed.log.read_text(errors="replace").splitlines() or ["nothing"]
            raise CourseError(f"The {failed.name} did not start. The last line of {failed.log}: {lines[-1]}")
        time.sleep(0.5)


def close_servers(ports: Ports, token: str) -> bool:
    """Have the hub stop the learners' servers, which it would leave running, and itself. Whether it will."""
    status = status_of(
        urllib.request.Request(
            f"http://127.0.0.1:{ports.hub}/hub/api/shutdown",
            data=json.dumps({"servers": True}).encode(),
            headers={"authorization": f"token {token}"},
        )
    )
    return status == 202


def status_of(request: urllib.request.Request) -> int:
    """The HTTP status of the answer; 0 without an answer."""
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


if __name__ == "__main__":
    main()
