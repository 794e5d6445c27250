"""A room's server in a process of its own, as `python -m course.serve` starts it."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from course.paths import ROOT

LONGEST_WAIT = 120.0  # seconds


@dataclass
class RoomServer:
    """One that serves the small model from `folder`, with `options` for limits. Its log is `folder`/log."""

    folder: Path
    options: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen = field(init=False)

    def start(self) -> None:
        """Start it, on the same port as before, and wait until it listens."""
        command = [sys.executable, "-m", "course.serve", "--sizes", "small", "--folder", str(self.folder)]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self.options],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self.process.stdout
        said = self.process.stdout.readline()
        assert said.startswith("The local models of this room, SmolLM2-135M, at http"), self.log
        self.port = int(said.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def tokens(self) -> list[str]:
        with (self.folder / "tokens.csv").open() as file:
            return [row["token"] for row in csv.DictReader(file)]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def wait_for(self, line: str, times: int) -> None:
        """Until the log holds it that often."""
        deadline = time.monotonic() + LONGEST_WAIT
        while self.log.count(line) < times:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)


@contextmanager
def room_server(folder: Path, *options: str) -> Iterator[RoomServer]:
    folder.mkdir(parents=True, exist_ok=True)
    server = RoomServer(folder, options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
