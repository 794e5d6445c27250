"""A killed run resumes where it stopped."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course.paths import ROOT
from tests.own.test_task import saved

pytestmark = pytest.mark.slow
RUNGS_THAT_ASK = 3  # names, examples, schema
DEV_ROWS = 6


def kept(store: Path) -> dict[str, str]:
    """Key -> when it was asked, of each answer on disk."""
    if not store.is_file():
        return {}
    with sqlite3.connect(store) as connection:
        try:
            return dict(connection.execute("SELECT key, created FROM recordings"))
        except sqlite3.OperationalError:  # the table is not there yet
            return {}


def test_a_killed_run_goes_on(tmp_path):
    settings = {"COURSE_RESULTS": str(tmp_path / "results"), "COURSE_RECORDINGS": os.devnull}
    command = [sys.executable, "-m", "course.own", str(saved(tmp_path))]
    store = tmp_path / "results" / "recordings.sqlite"
    first = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while len(kept(store)) < 2 and first.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    first.kill()
    first.wait()
    before = kept(store)
    again = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    after = kept(store)
    assert 2 <= len(before) < len(after) and before.items() <= after.items()
    assert len(after) >= RUNGS_THAT_ASK * DEV_ROWS
    assert (tmp_path / "results" / "own" / "mine" / "report.md").is_file()
