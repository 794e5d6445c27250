"""Recordings on disk: what is kept, what a damaged or unwritable file does, and what is handed to a room."""

import sqlite3
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course.engine import recordings
from course.engine.recordings import Recording, Recordings, Replay, default_path, export
from course.errors import CourseError
from course.paths import ROOT

WRITER = """
import sys
from pathlib import Path
from course.engine.recordings import Recording, Recordings
path, name = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
store = Recordings(path)
for number in range(50):
    store.save(Recording("there", f"{name}-{number}", "live", "m", "2026-11-20", "{}", "{}", 0.1))
"""


def recording(
    key: str = "k", *, mode: str = "live", place: str = "there", response: str = '{"a":1}'
) -> Recording:
    return Recording(place, key, mode, "some-model", "2026-11-20T10:00:00+00:00", "{}", response, 0.25)


def test_an_answer_is_found_again_by_key_and_place_also_in_a_new_kernel(results_dir: Path) -> None:
    Recordings(default_path()).save(recording())
    again = Recordings(default_path())
    assert again.find("k", "there") == recording()
    assert again.find("k", "elsewhere") is None
    assert again.find("other", "there") is None


def test_the_first_answer_to_a_request_stays(results_dir: Path) -> None:
    store = Recordings(default_path())
    store.save(recording(response="first"))
    store.save(recording(response="second"))
    assert store.find("k", "there").response == "first"


def test_threads_share_one_file(results_dir: Path) -> None:
    store = Recordings(default_path())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.save(recording(str(number))), range(80)))
    assert all(store.find(str(number), "there") for number in range(80))


@pytest.mark.slow
def test_two_processes_that_begin_at_once_lose_nothing(results_dir: Path) -> None:
    path = default_path()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.communicate(timeout=60)[1] for writer in writers] == ["", ""]
    store = Recordings(path)
    assert all(store.find(f"{name}-{number}", "there") for name in ("one", "two") for number in range(50))


@pytest.mark.parametrize("trouble", ["disk full", "read-only", "locked"])
def test_an_answer_that_cannot_be_kept_is_one_warning(
    trouble: str, results_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "BUSY_SECONDS", 0.05)
    store = Recordings(default_path())
    other = sqlite3.connect(default_path())
    match trouble:
        case "disk full":
            store._connection.execute("PRAGMA max_page_count = 3")
        case "read-only":
            store._connection.execute("PRAGMA query_only = ON")
        case "locked":
            other.execute("BEGIN IMMEDIATE")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        store.save(recording("a", response="x" * 50_000))
        store.save(recording("b", response="x" * 50_000))
    other.close()
    assert len(caught) == 1
    assert "This answer is not kept" in str(caught[0].message)
    assert "set COURSE_RESULTS to another folder" in str(caught[0].message)
    assert store.find("a", "there") is None


def test_a_place_that_cannot_be_written_is_a_warning_and_answers_last_for_the_kernel(
    results_dir: Path,
) -> None:
    default_path().mkdir()
    with pytest.warns(UserWarning, match="Answers are not kept"):
        store = Recordings(default_path())
    store.save(recording())
    assert store.find("k", "there") == recording()


@pytest.mark.parametrize("damage", ["not a database", "torn in the middle"])
def test_a_damaged_file_is_set_aside_whole(damage: str, results_dir: Path) -> None:
    path = default_path()
    store = Recordings(path)
    for number in range(200):
        store.save(recording(str(number), response="x" * 500))
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    content = bytearray(path.read_bytes())
    begin, end = (0, 4096) if damage == "not a database" else (8192, 40_960)
    content[begin:end] = b"?" * (end - begin)
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"was damaged .* set aside as recordings-damaged-[\d-]+\.sqlite"):
        fresh = Recordings(path)
    (aside,) = results_dir.glob("recordings-damaged-*.sqlite")
    assert aside.read_bytes() == bytes(content)
    fresh.save(recording("new"))
    assert fresh.find("new", "there")


def test_a_file_that_breaks_while_it_is_open_is_a_clear_error(results_dir: Path) -> None:
    store = Recordings(default_path())
    store._connection.execute("DROP TABLE recordings")
    with pytest.raises(CourseError, match="cannot be read"):
        store.find("k", "there")


def test_export_hands_on_the_live_answers_alone(results_dir: Path, tmp_path: Path) -> None:
    store = Recordings(default_path())
    store.save(recording("live"))
    store.save(recording("here", mode="local"))
    assert export(tmp_path / "room.sqlite") == 1
    replay = Replay(tmp_path / "room.sqlite")
    assert (replay.answers, replay.models, replay.recorded[:10]) == (1, ["some-model"], "2026-11-20")
    assert replay.find("live", "") == recording("live")
    assert replay.find("here", "") is None
    with pytest.raises(CourseError, match="exists already"):
        export(tmp_path / "room.sqlite")


def test_export_says_what_is_missing(results_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="does not exist: run the lessons live first"):
        export(tmp_path / "room.sqlite")
    Recordings(default_path()).save(recording(mode="local"))
    with pytest.raises(CourseError, match="holds no live answer"):
        export(tmp_path / "room.sqlite")
    with pytest.raises(CourseError, match="is not a folder"):
        export(tmp_path / "missing" / "room.sqlite")


def test_a_handed_on_file_is_never_written(results_dir: Path, tmp_path: Path) -> None:
    Recordings(default_path()).save(recording())
    room = tmp_path / "room with space #1?.sqlite"
    export(room)
    before = room.read_bytes()
    replay = Replay(room)
    assert replay.find("k", "")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        replay._connection.execute("DELETE FROM recordings")
    assert room.read_bytes() == before


def test_a_file_that_is_no_recording_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="is not a file: correct the path or unset it"):
        Replay(tmp_path / "missing.sqlite")
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 100)
    with pytest.raises(CourseError, match="is not a file of recordings"):
        Replay(text)
    empty = tmp_path / "empty.sqlite"
    Recordings(empty).close()
    with pytest.raises(CourseError, match="holds no answer"):
        Replay(empty)
