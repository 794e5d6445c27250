"""A room's folder with learners who have done something, made through the course's own files."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import httpx2

from course.exercises.progress import CORRECT, record
from course.material import data
from course.measuring import board
from course.measuring.results import Outcome, Result, now
from course.paths import ROOT

INSTRUCTOR = "instructors-own-token"


def make_room(folder: Path, *names: str) -> Path:
    """The folder with learners of these names; NAME's token is token-of-NAME."""
    for name in names:
        (folder / "learners" / name / "results").mkdir(parents=True)
        (folder / "learners" / name / "notebooks").mkdir()
    tokens = {name: f"token-of-{name}" for name in names}
    (folder / "learners.json").write_text(json.dumps(tokens), encoding="utf-8")
    (folder / "instructor.json").write_text(json.dumps({"token": INSTRUCTOR}), encoding="utf-8")
    return folder


def results_of(room: Path, name: str) -> Path:
    return room / "learners" / name / "results"


def solve(room: Path, name: str, *exercises: str, state: str = CORRECT) -> None:
    with patch.dict(os.environ, COURSE_RESULTS=str(results_of(room, name))):
        for id in exercises:
            record(f"exercise {id}", state)


def measure(
    room: Path, name: str, right: int, rung: str = "a rung", of: int = 90, lesson: str = "02", **fields: str
) -> None:
    """Put a rung on the learner's board; `fields` are those of the result."""
    rows = data.tickets("test")[:of]
    outcomes = tuple(
        Outcome(row.id, row.text, row.queue, row.queue, True, place < right, row.kind)
        for place, row in enumerate(rows)
    )
    usual = {"badge": "measured here", "model": "small", "created": now()}
    with patch.dict(os.environ, COURSE_RESULTS=str(results_of(room, name))):
        board.add(Result(rung, outcomes, **usual | fields), lesson=lesson)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class BoardServer:
    """`python -m workshop.board` as a process of its own, on one port for all its starts."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "workshop.board", "--room", self.room, "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx2.get(f"{self.url}/api/projector")
                return
            except httpx2.TransportError:
                assert self.process.poll() is None and time.monotonic() < deadline, "the board did not start"
                time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def get(self, path: str, token: str = "") -> httpx2.Response:
        return httpx2.get(f"{self.url}/{path}", headers=_bearer(token))

    def post(self, path: str, token: str = "", **values: object) -> httpx2.Response:
        return httpx2.post(f"{self.url}/{path}", headers=_bearer(token), json=values)


@contextmanager
def board_server(room: Path) -> Iterator[BoardServer]:
    server = BoardServer(room)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
