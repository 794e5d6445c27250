"""Without a key nothing leaves the machine: no name is looked up, no address called, no child started."""

import os
import subprocess
import sys

import pytest

from course.paths import ROOT

WATCHED = """
import sys

asked = []
EVENTS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto", "os.fork"}
sys.addaudithook(lambda event, arguments: asked.append((event, arguments)) if event in EVENTS else None)
"""
USED = """
from course.material.data import handbook, tickets
from course.engine.client import connect
from course.rungs.retrieve import embed, nearest

client, model = connect()
question = [{"role": "user", "content": "Hello"}]
client.messages.create(model=model, max_tokens=3, messages=question)
embed(["a text that nobody has embedded before"])
nearest("Where is my parcel?", tickets("train")[:20], 3)
"""


def _asked_by(code: str, tmp_path) -> str:
    folders = {"COURSE_RESULTS": str(tmp_path / "results"), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", f"{WATCHED}{code}\nprint(asked)"]
    run = subprocess.run(
        command, cwd=ROOT, env=os.environ | folders, capture_output=True, text=True, timeout=240
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.splitlines()[-1]


@pytest.mark.slow
def test_the_local_models_call_nobody_and_a_call_would_be_seen(tmp_path):
    assert _asked_by(USED, tmp_path) == "[]"
    code = "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))"
    assert "socket.connect" in _asked_by(code, tmp_path)
