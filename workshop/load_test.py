"""A room under load: `python -m workshop.load_test` opens one of its own, on this machine alone.

Learners log in at the real hub in steps, and each runs the first cells of a lesson in a kernel over its
websocket. Then all ask new questions of the room's engine at once, and with --kill the hub, the proxy, the
engine and a learner's kernel are killed in the middle: nothing may be lost, and everybody can continue.
"""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from course.errors import command_line
from course.files import read_json
from course.material.lessons import lesson
from course.paths import ROOT, results_dir
from workshop.browser import Browser, CellFailed, KernelDied
from workshop.room import STOP_SECONDS, Ports

LESSON = lesson("01").path.name
ANSWERED = {"asked": "client.meter.requests", "replayed": "client.meter.replayed"}
# What a learner does who edits a prompt: a new request to the small model each time.
ASKING = """
from course.engine.client import connect
from course.material.data import tickets
from course.rungs.routing import as_turns, one_per_queue, system_prompt

client, model = connect("small")
shown = one_per_queue(tickets("train"))[:5]


def answer(name, number):
    turns = as_turns(shown, tickets("dev")[number].text)
    system = f"Learner {name}. {system_prompt()}"
    return client.messages.create(model=model, max_tokens=24, system=system, messages=turns).id
"""
PARTS = {  # of a room, and what the command line of its process holds
    "proxy": "configurable-http-proxy",
    "engine": "course.serve",
    "hub": "jupyterhub_config.py",
    "learners' servers": "jupyterhub.singleuser",
    "kernels": "ipykernel_launcher",
}
MB = 2**20
TRIES = 3  # of one cell, whose kernel may be killed


@dataclass
class OpenRoom:
    """A room that runs in a process of its own."""

    address: str
    folder: Path
    process: subprocess.Popen

    @property
    def tokens(self) -> dict[str, str]:
        return read_json(self.folder / "learners.json")

    def processes(self, part: str) -> list[psutil.Process]:
        """Those of this room that run a part of PARTS."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_part = any(PARTS[part] in word for word in process.cmdline())
                if is_part and self._owns(process):
                    found.append(process)
        return found

    def _owns(self, process: psutil.Process) -> bool:
        places = [process.environ().get(name, "") for name in ("COURSE_ROOM", "COURSE_RESULTS")]
        return any(Path(place).is_relative_to(self.folder) for place in places)

    def memory(self) -> dict[str, list[float]]:
        """MB of each process of each part; a page that several processes share is divided among them."""
        return {
            part: [process.memory_full_info().pss / MB for process in self.processes(part)] for part in PARTS
        }


@contextmanager
def open_room(folder: Path, learners: int, *options: str) -> Iterator[OpenRoom]:
    """A room with the small model that listens on this machine alone; closed at the end."""
    port = free_ports()
    command = [sys.executable, "-m", "workshop.room", "--learners", str(learners), "--port", str(port)]
    environment = {**os.environ, "COURSE_ROOM": str(folder), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, "--sizes", "small", *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("The room is open"):
            break
    else:
        raise RuntimeError(f"The room did not open: {said[-1:]}")
    try:
        yield OpenRoom(f"http://127.0.0.1:{port}", folder, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5 * STOP_SECONDS)


def free_ports() -> int:
    """The first of the free ports in a row that a room takes."""
    while True:
        ports = Ports(20_000 + secrets.randbelow(20_000))
        with suppress(OSError):
            for port in ports.all():
                socket.create_server(("127.0.0.1", port)).close()
            return ports.room


@dataclass
class Round:
    """What one row of the table says: seconds of each learner's step, and what failed."""

    name: str
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    memory: dict[str, list[float]] = field(default_factory=dict)

    async def timed(self, step: Coroutine) -> None:
        started = time.perf_counter()
        try:
            await step
            self.seconds.append(time.perf_counter() - started)
        except Exception as error:  # whatever a learner would have seen counts
            self.failures.append(f"{type(error).__name__}: {error}")

    def row(self) -> str:
        middle, slow = np.percentile(self.seconds, [50, 95]) if self.seconds else (np.nan, np.nan)
        all_mb = sum(map(sum, self.memory.values()))
        count = len(self.seconds) + len(self.failures)
        return (
            f"| {self.name} | {middle:.1f} | {slow:.1f} | {len(self.failures)} of {count} | {all_mb:,.0f} |"
        )


class LoadTest:
    """The learners of an open room, and the rounds that they went through."""

    def __init__(self, room: OpenRoom, questions: int) -> None:
        """`questions`: how many new ones each learner asks in a round."""
        self.room = room
        self.rounds: list[Round] = []
        self.browsers: list[Browser] = []
        self.answers: dict[tuple[str, int], str] = {}  # (learner, question) -> the id of the message
        self.not_replayed: list[str] = []
        self.killed: list[str] = []
        self.servers_lost = self.differing = 0
        self._questions = questions
        self._prepared: set[Browser] = set()

    async def join(self, learners: Sequence[Browser]) -> None:
        """Log in, start a server, and run the lesson's cells as they are until a model has answered."""
        self.browsers += learners
        await self._round(f"{len(self.browsers)} log in and see a first result", self._join, learners)

    async def edit(self, name: str, first: int) -> None:
        """Everybody asks new questions, from number `first` on; the seconds are of one question."""

        async def ask(browser: Browser, current: Round) -> None:
            for number in range(first, first + self._questions):
                await current.timed(self._ask(browser, number))

        await self._round(name, ask, self.browsers)

    async def edit_while_killed(self, first: int) -> None:
        """The same; one program after the other is killed in the middle, and each is waited for."""
        before = len(self.answers)
        servers = {process.pid for process in self.room.processes("learners' servers")}
        round_of_questions = asyncio.create_task(
            self.edit("new questions, and everything is killed once", first)
        )
        for number, part in enumerate(("proxy", "engine", "hub", "kernels"), start=1):
            wanted = before + number * len(self.browsers) * self._questions // 6
            while len(self.answers) < wanted and not round_of_questions.done():
                await asyncio.sleep(0.1)
            victim = self.room.processes(part)[0]
            count = len(self.room.processes(part))
            victim.kill()
            while len(self.room.processes(part)) < count or victim.is_running():
                await asyncio.sleep(0.1)
            self.killed.append(part)
        await round_of_questions
        now = {process.pid for process in self.room.processes("learners' servers")}
        self.servers_lost = len(servers - now)

    async def again(self) -> int:
        """Ask everything again, each learner a neighbour's questions too. Returns how many answers differ."""
        names = [browser.name for browser in self.browsers]
        neighbours = dict(zip(names, names[1:] + names[:1], strict=True))

        async def differing(browser: Browser) -> int:
            asked = [key for key in self.answers if key[0] in (browser.name, neighbours[browser.name])]
            return sum([await self._id(browser, *key) != self.answers[key] for key in asked])

        return sum(await asyncio.gather(*map(differing, self.browsers)))

    async def come_back(self) -> None:
        """Everybody closes the browser, logs in anew and opens the lesson, as after a break."""

        async def log_in(browser: Browser, current: Round) -> None:
            async def notebook() -> None:
                async with Browser(self.room.address, browser.name, self.room.tokens[browser.name]) as anew:
                    await anew.log_in()
                    await anew.start_server()
                    assert browser.kernel in await anew.kernels()

            await current.timed(notebook())

        await self._round("all log in again and find their kernels", log_in, self.browsers)

    @property
    def passed(self) -> bool:
        failed = any(current.failures for current in self.rounds)
        return not (failed or self.differing or self.servers_lost or self.not_replayed)

    def report(self) -> list[str]:
        """The table in Markdown, and what was checked beside it."""
        again = sum(browser.run_again for browser in self.browsers)
        return [
            "| | p50, s | p95, s | failed | memory, MB |",
            "|---|---|---|---|---|",
            *(current.row() for current in self.rounds),
            "",
            f"{len(self.browsers)} learners on {os.cpu_count()} cores.",
            f"First results that the course did not carry: {len(self.not_replayed)}.",
            f"Killed in the middle: {', '.join(self.killed) or 'nothing'}.",
            f"Cells that were run again because their connection broke: {again}.",
            f"Learners' servers lost: {self.servers_lost}. "
            f"Answers that differ when asked again: {self.differing} of {len(self.answers)}.",
            "",
            "| MB at the end | processes | each | all |",
            "|---|---|---|---|",
            *(
                f"| {part} | {len(sizes)} | {np.mean(sizes):.0f} | {sum(sizes):.0f} |"
                for part, sizes in self.rounds[-1].memory.items()
            ),
        ]

    async def _join(self, browser: Browser, current: Round) -> None:
        async def first_result() -> None:
            await browser.log_in()
            await browser.start_server()
            for cell in await browser.open(LESSON):
                values = (await browser.run(cell, **ANSWERED)).values
                if int(values.get("asked", 0)):
                    if values["asked"] != values["replayed"]:
                        self.not_replayed.append(browser.name)
                    return

        await current.timed(first_result())

    async def _ask(self, browser: Browser, number: int) -> None:
        self.answers[browser.name, number] = await self._id(browser, browser.name, number)

    async def _id(self, browser: Browser, name: str, number: int) -> str:
        """The id of the message that answers the question. A kernel that was killed is prepared again."""
        for _ in range(TRIES):
            try:
                if browser not in self._prepared:
                    await browser.until_ready()
                    await browser.run(ASKING)
                    self._prepared.add(browser)
                asked = await browser.run(f"id = answer({name!r}, {number})", id="id")
                return asked.values["id"]
            except KernelDied:
                self._prepared.discard(browser)
            except CellFailed as error:
                # A new kernel may answer before Jupyter has said that it is one: it has no answer().
                if error.kind != "NameError":
                    raise
                self._prepared.discard(browser)
        raise KernelDied(browser.name)

    async def _round(
        self, name: str, step: Callable[[Browser, Round], Coroutine], browsers: Sequence[Browser]
    ) -> None:
        current = Round(name)
        self.rounds.append(current)
        await asyncio.gather(*(step(browser, current) for browser in browsers))
        current.memory = self.room.memory()
        print(current.row(), *current.failures, sep="\n  ", flush=True)


async def measure(room: OpenRoom, learners: int, step: int, questions: int, kill: bool) -> LoadTest:
    """All rounds. The learners stay logged in to the end."""
    print("| | p50, s | p95, s | failed | memory, MB |\n|---|---|---|---|---|", flush=True)
    names = list(room.tokens.items())[:learners]
    test = LoadTest(room, questions)
    async with AsyncExitStack() as stack:
        for first in range(0, learners, step):
            joining = [Browser(room.address, *name) for name in names[first : first + step]]
            await test.join([await stack.enter_async_context(browser) for browser in joining])
        await test.edit("new questions of all to the room's engine", 0)
        if kill:
            await test.edit_while_killed(questions)
        test.differing = await test.again()
        await test.come_back()
    return test


def main() -> None:
    """Open a room, measure, print the table and write it."""
    parser = command_line("workshop.load_test", __doc__)
    add = parser.add_argument
    add("--learners", type=int, default=30, help="(default: %(default)s)")
    add("--step", type=int, default=10, help="how many join at once (default: %(default)s)")
    add("--questions", type=int, default=2, help="new ones of each in a round (default: %(default)s)")
    add("--kill", action="store_true", help="kill hub, proxy, engine and a kernel in the middle")
    add("--minutes", type=float, default=20.0, help="it may take at most (default: %(default)s)")
    add("--out", type=Path, help="the table as Markdown (default: room_load.md in the results)")
    arguments = parser.parse_args()
    for name in ("learners", "step", "questions", "minutes"):
        if not getattr(arguments, name) > 0:
            raise SystemExit(f"--{name} is {getattr(arguments, name)}: it must be above 0.")
    with tempfile.TemporaryDirectory() as folder, open_room(Path(folder), arguments.learners) as room:
        measuring = measure(room, arguments.learners, arguments.step, arguments.questions, arguments.kill)
        try:
            test = asyncio.run(asyncio.wait_for(measuring, 60 * arguments.minutes))
        except TimeoutError:
            raise SystemExit(f"Not done after {arguments.minutes} minutes: give --minutes more.") from None
    out = arguments.out or results_dir() / "room_load.md"
    out.write_text("\n".join(test.report()) + "\n", encoding="utf-8")
    print(*test.report()[len(test.rounds) + 2 :], f"Written to {out}", sep="\n")
    if not test.passed:
        raise SystemExit("Something failed or was lost; see above.")


if __name__ == "__main__":
    main()
