"""Thirty learners at once at a room's server with the small model: tickets per second, and what a kill loses.

Every learner edits the prompt, so nothing is shared. Then all ask the same again, which the memory answers;
then a learner and the server are killed in the middle of new questions, and it is started again. The seconds
belong to this machine. `python -m tests.bench.room`
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import anthropic
import numpy as np

from course.material.data import Ticket, tickets
from course.paths import ROOT
from course.rungs.routing import as_turns, one_per_queue, system_prompt
from tests.room_server import RoomServer, room_server

RETRIES = 20  # of a learner, who waits while the server is started again
ASKING = "from tests.bench.room import ask_for_ever; ask_for_ever({url!r}, {token!r})"


@dataclass(frozen=True)
class Answered:
    """One ticket: its request, the id of the message that came, and the seconds until it came."""

    request: dict
    id: str
    seconds: float


def main() -> None:
    """Run the rounds against one server and print a report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--tickets", type=int, default=4, help="of each learner in a round (default: 4)")
    arguments = parser.parse_args()
    learners, count = arguments.learners, arguments.tickets
    print(f"{learners} learners at once on {os.cpu_count()} cores, {count} tickets each")
    with (
        tempfile.TemporaryDirectory() as folder,
        room_server(Path(folder), "--learners", str(learners)) as room,
    ):
        clients = [
            anthropic.Anthropic(base_url=room.url, auth_token=token, max_retries=RETRIES)
            for token in room.tokens
        ]
        first = ask_all(clients, tickets("dev")[:count])
        again = ask_all(clients, tickets("dev")[:count])
        lost = [a.request for a, b in zip(first, again, strict=True) if a.id != b.id]
        print(f"  the same again: {len(lost)} of {len(first)} answers differ from the first")
        after_kills(room, clients, tickets("dev")[count : 2 * count])


def ask_all(clients: list[anthropic.Anthropic], rows: list[Ticket]) -> list[Answered]:
    """What every learner gets for every ticket. Prints how fast it came; an error ends the bench."""
    shown()
    started = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        asked = pool.map(lambda number: ask(clients[number], number, rows), range(len(clients)))
        answers = [answer for learner in asked for answer in learner]
    elapsed = time.perf_counter() - started
    middle, slow = np.percentile([answer.seconds for answer in answers], [50, 95])
    print(f"  {len(answers) / elapsed:6.1f} tickets a second, {elapsed:.0f} s; ", end="")
    print(f"seconds until an answer: p50 {middle:.2f}, p95 {slow:.2f}")
    return answers


@cache
def shown() -> tuple[Ticket, ...]:
    """The examples in every prompt."""
    return tuple(one_per_queue(tickets("train"))[:5])


def ask(client: anthropic.Anthropic, number: int, rows: list[Ticket]) -> list[Answered]:
    answers = []
    for row in rows:
        request = {
            "model": "local",
            "max_tokens": 24,
            "system": f"Learner {number}. {system_prompt()}",
            "messages": as_turns(shown(), row.text),
        }
        started = time.perf_counter()
        message = client.messages.create(**request)
        answers.append(Answered(request, message.id, time.perf_counter() - started))
    return answers


def after_kills(room: RoomServer, clients: list[anthropic.Anthropic], rows: list[Ticket]) -> None:
    """Kill the server and one learner in the middle of new questions; ask all again and compare."""
    command = [sys.executable, "-c", ASKING.format(url=room.url, token=room.tokens[0])]
    learner = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert learner.stdout
    printed = [learner.stdout.readline().split() for _ in range(2)]
    os.kill(learner.pid, signal.SIGKILL)
    printed += [line.split() for line in learner.communicate()[0].splitlines()]

    def kill_and_start() -> None:
        answered = room.log.count("200 POST")
        while room.log.count("200 POST") < answered + len(clients):
            time.sleep(0.1)
        room.kill()
        room.start()

    killer = threading.Thread(target=kill_and_start)
    killer.start()
    answers = ask_all(clients, rows)
    killer.join()
    lost = sum(clients[0].messages.create(**answer.request).id != answer.id for answer in answers)
    print(f"  the server killed and started again: {lost} of {len(answers)} answers lost, 0 requests failed")
    lost = sum(clients[0].messages.create(**_endless(int(number))).id != id for number, id in printed)
    print(f"  a learner killed: {lost} of {len(printed)} answers lost")


def ask_for_ever(url: str, token: str) -> None:
    """A learner to kill: prints the number and the id of each answer."""
    client = anthropic.Anthropic(base_url=url, auth_token=token, max_retries=RETRIES)
    for number in range(10_000):
        print(number, client.messages.create(**_endless(number)).id, flush=True)


def _endless(number: int) -> dict:
    text = f"This learner is killed after question {number}."
    return {"model": "local", "max_tokens": 8, "messages": [{"role": "user", "content": text}]}


if __name__ == "__main__":
    main()
