"""The evening before: `python -m workshop.check` tries what a room needs, one line each.

A line that fails says what to do, and the exit status is 1. The engine is asked one question, so the model is
loaded once: stop the room first.
"""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import psutil
from anthropic.types import MessageParam

from course.engine import carried
from course.engine.carried import CarriedAnswers
from course.engine.client import connect, served
from course.engine.replies import text_of
from course.engine.sizes import local_model, local_models
from course.engine.weights import chosen_model, gguf_path, is_here, minilm_path
from course.errors import CourseError, command_line
from course.paths import cache_dir
from workshop.learners import read_learners, room_dir
from workshop.room import PROXY, SMALLEST_MEMORY, Ports

DISK_EACH = 0.5  # GB: the notebooks, a board, and the adapters that lesson 11 trains
SLOW = 30  # seconds for one answer; a learner's cell asks for dozens


def models(sizes: list[str]) -> str:
    """The files of these sizes and of the embeddings are there, with the hashes of the course."""
    for size in sizes:
        gguf_path(chosen_model(size))
    minilm_path()
    return f"{', '.join(local_model(size).name for size in sizes)} and the embeddings, with their hashes"


def memory(learners: int, sizes: list[str], available: float) -> str:
    """There is memory, in GB, for the models and for each learner's server and kernel."""
    engine = sum(local_model(size).memory_mb for size in sizes) / 1000
    needed = engine + learners * SMALLEST_MEMORY
    parts = (
        f"{learners} learners at {SMALLEST_MEMORY} GB and the engine at {engine:.1f} GB take {needed:.1f} GB"
    )
    if available < needed:
        raise CourseError(
            f"{parts}, and {available:.1f} GB are free: close programs, serve fewer sizes, or take a larger "
            "machine."
        )
    return f"{parts}; {available:.1f} GB are free"


def disk(learners: int, free: float) -> str:
    """There is disk, in GB, for what each learner makes."""
    needed = learners * DISK_EACH
    if free < needed:
        raise CourseError(
            f"{learners} learners may write {needed:.0f} GB and {free:.1f} GB are free: free some, or set "
            "COURSE_ROOM to a folder on another disk."
        )
    return f"{learners} learners may write {needed:.0f} GB; {free:.0f} GB are free"


def ports(numbers: list[int]) -> str:
    """Nothing listens yet where the room will."""
    for port in numbers:
        try:
            socket.create_server(("", port)).close()
        except OSError as error:
            raise CourseError(
                f"nothing can listen on port {port} ({error.strerror}): stop what uses it, or choose others "
                "with --port."
            ) from None
    return f"{', '.join(map(str, numbers))} are free"


def engine(size: str) -> str:
    """The largest model answers a question that nobody recorded."""
    question: MessageParam = {
        "role": "user",
        "content": f"It is {datetime.now(UTC):%H:%M:%S.%f}. Say good evening.",
    }
    with tempfile.TemporaryDirectory() as results, patch.dict(os.environ, COURSE_RESULTS=results):
        with redirect_stdout(StringIO()):
            client, model = connect(size, mode="local")
        begun = time.monotonic()
        answer = text_of(client.messages.create(model=model, max_tokens=20, messages=[question]))
    seconds = time.monotonic() - begun
    if not answer.strip():
        raise CourseError(f"{local_model(size).name} gave an empty answer: run `make test` on this machine.")
    if seconds > SLOW:
        raise CourseError(
            f"one answer took {seconds:.0f} s, more than {SLOW}: close other programs, or use --sizes small."
        )
    return f"{local_model(size).name} answered in {seconds:.1f} s with its loading: {answer.strip()[:40]!r}"


def recordings(sizes: list[str]) -> str:
    """Kept requests of every file with carried answers are answered from it again."""
    replayed = 0
    for size in sizes:
        model = served(size)
        answers = CarriedAnswers(cache_dir() / "no-recordings.sqlite", model.weights)
        for file in carried.files():
            head, _ = carried.read(file)
            if head.size != size:
                continue
            for call, recorded in carried.sample(file):
                found = answers.find(call.key, model.place)
                if found is None or found.response != recorded.response:
                    raise CourseError(
                        f"{file.name} does not answer for {model.name}: the model or the course was changed; "
                        "run `make measure`, or take the course anew."
                    )
                replayed += 1
    if not replayed:
        raise CourseError(
            "no lesson's answers are here: restore data/recordings, or every cell asks the model."
        )
    return f"{replayed} kept requests are answered from data/recordings"


def proxy(node: str | None, program: Path) -> str:
    """Node.js and the hub's proxy are installed."""
    if node is None or not program.exists():
        raise CourseError(
            f"{'Node.js' if node is None else 'the proxy'} is missing: run python -m workshop.install."
        )
    return f"{node} and {program.name}"


def folders(room: Path) -> str:
    """The learners' file is in order, and each learner's folder, or the place for it, can be written to."""
    names = read_learners(room) if (room / "learners.json").exists() else {}
    if not names:
        raise CourseError(
            f"{room} has no learners yet: start the room once with `make room`, which makes tokens."
        )
    for name in names:
        folder = room / "learners" / name / "results"
        while not folder.exists():
            folder = folder.parent
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CourseError(
                f"{folder} of {name} cannot be written to ({error.strerror}): give it to this user (chown)."
            ) from None
    return f"{len(names)} learners' folders under {room} can be written to"


def clock(now: datetime) -> str:
    """The clock is not behind the answers that the course carries."""
    newest = max((carried.read(file)[0].date for file in carried.files()), default="")
    if f"{now:%Y-%m-%d}" < newest:
        raise CourseError(
            f"the clock says {now:%Y-%m-%d}, before the recorded answers of {newest}: set it, or use NTP."
        )
    return f"{now:%Y-%m-%d %H:%M} UTC, {datetime.now().astimezone():%H:%M %Z} here"


def report(checks: dict[str, Callable[[], str]]) -> Iterator[tuple[bool, str]]:
    """(whether it is in order, its line) for each check."""
    for name, check in checks.items():
        try:
            yield True, f"ok    {name}: {check()}"
        except (CourseError, OSError) as error:
            yield False, f"FAIL  {name}: {error}"


def _here() -> list[str]:
    return [model.size for model in local_models() if is_here(model)]


def main() -> None:
    parser = command_line("workshop.check", __doc__)
    add = parser.add_argument
    add("--learners", type=int, default=30, help="how many will come (default: %(default)s)")
    add("--port", type=int, default=8000, help="the room's first port (default: %(default)s)")
    known = [model.size for model in local_models()]
    add("--sizes", nargs="+", choices=known, help="models of the engine (default: all on this machine)")
    arguments = parser.parse_args()
    room, sizes, learners = room_dir(), arguments.sizes or _here(), arguments.learners
    room_or_parent = next(folder for folder in (room.resolve(), *room.resolve().parents) if folder.exists())
    free = shutil.disk_usage(room_or_parent).free / 1e9
    checks = {
        "models": lambda: models(sizes),
        "memory": lambda: memory(learners, sizes, psutil.virtual_memory().available / 1e9),
        "disk": lambda: disk(learners, free),
        "ports": lambda: ports(list(Ports(arguments.port).all())),
        "proxy": lambda: proxy(shutil.which("node"), PROXY),
        "folders": lambda: folders(room),
        "clock": lambda: clock(datetime.now(UTC)),
        "recordings": lambda: recordings(sizes),
        "engine": lambda: engine(sizes[-1]),
    }
    failed = 0
    for in_order, line in report(checks):
        print(line, flush=True)
        failed += not in_order
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
