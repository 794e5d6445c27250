"""Recordings on disk: what is kept, what a damaged or unwritable file does, and what is handed to a room."""

import sqlite3
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from course import files
from course.engine import recordings
from course.engine.recordings import Recording, Recordings, Replay, default_path, export
from course.errors import CourseError


def recording(
    key: str = "k", *, mode: str = "live", place: str = "there", response: str = '{"a":1}'
) -> Recording:
    return Recording(place, key, mode, "some-model", "2026-11-20T10:00:00+00:00", "{}", response, 0.25)


def test_an_answer_is_found_again_by_key_and_place_also_in_a_new_kernel(results_dir):
    Recordings(default_path()).save(recording())
    again = Recordings(default_path())
    assert again.find("k", "there") == recording()
    assert again.find("k", "elsewhere") is None
    assert again.find("other", "there") is None


def test_the_first_answer_to_a_request_stays(results_dir):
    store = Recordings(default_path())
    store.save(recording(response="first"))
    store.save(recording(response="second"))
    assert store.find("k", "there").response == "first"


def test_threads_share_one_file_and_a_slow_one_is_not_taken_for_another_kernel(results_dir, monkeypatch):
    store = Recordings(default_path())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.save(recording(str(number))), range(80)))
    assert all(store.find(str(number), "there") for number in range(80))
    writing: list[int] = []

    @contextmanager
    def slow_database(*given, **more):
        writing.append(1)
        time.sleep(0.02)
        assert len(writing) == 1, "two threads write at once"
        with files.database(*given, **more) as file:
            yield file
        writing.pop()

    monkeypatch.setattr(recordings, "database", slow_database)
    stores = [Recordings(default_path()), Recordings(default_path())]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: stores[n % 2].save(recording(str(n))), range(16)))
    assert all(stores[0].find(str(n), "there") for n in range(16))


@pytest.mark.parametrize("trouble", ["max_page_count = 3", "query_only = ON", "locked"])
def test_an_answer_that_cannot_be_saved_is_one_warning_and_is_not_lost(trouble, results_dir, monkeypatch):
    class Troubled(sqlite3.Connection):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            self.execute(f"PRAGMA {trouble}")

    store = Recordings(default_path())
    store.save(recording("before"))
    if trouble == "locked":
        monkeypatch.setattr(files, "BUSY_SECONDS", 0.05)
        other = sqlite3.connect(default_path())
        other.execute("BEGIN IMMEDIATE")
    else:
        monkeypatch.setattr(files.sqlite3, "connect", partial(sqlite3.connect, factory=Troubled))
    kept = [recording(key, response="x" * 50_000) for key in ("a", "b")]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for answer in kept:
            store.save(answer)
    assert [warning.category for warning in caught] == [UserWarning]
    said = "Until then new answers last only as long as this kernel, which saves them"
    assert said in str(caught[0].message)
    assert [store.find(key, "there") for key in "ab"] == kept
    monkeypatch.undo()
    if trouble == "locked":
        other.close()
    on_disk = Recordings(store.path)
    assert [on_disk.find(key, "there") for key in ("before", "a")] == [recording("before"), None]
    store.save(recording("after"))
    assert [on_disk.find(key, "there") for key in ("before", "a", "b", "after")] == [
        recording("before"),
        *kept,
        recording("after"),
    ]


def test_a_place_that_cannot_be_written_is_a_warning_and_answers_last_for_the_kernel(results_dir):
    default_path().mkdir()
    store = Recordings(default_path())
    assert store.find("k", "there") is None
    with pytest.warns(UserWarning, match="recordings.sqlite cannot be used"):
        store.save(recording())
    assert store.find("k", "there") == recording()


@pytest.mark.parametrize(("begin", "end"), [(0, 4096), (8192, 40_960)])
def test_a_damaged_file_is_named_and_stays(begin, end, results_dir):
    store = Recordings(default_path())
    for number in range(100):
        store.save(recording(str(number), response="x" * 1000))
    content = bytearray(store.path.read_bytes())
    content[begin:end] = b"?" * (end - begin)
    store.path.write_bytes(content)
    with pytest.raises(CourseError, match="recordings.sqlite cannot be used .* Move the file away to start"):
        for number in range(100):
            store.find(str(number), "there")
    assert store.path.read_bytes() == bytes(content)


def test_export_hands_on_the_live_answers_alone_or_says_what_is_missing(results_dir, tmp_path):
    with pytest.raises(CourseError, match="does not exist: run the lessons live first"):
        export(tmp_path / "room.sqlite")
    Recordings(default_path()).save(recording(mode="local"))
    with pytest.raises(CourseError, match="holds no live answer"):
        export(tmp_path / "room.sqlite")
    with pytest.raises(CourseError, match="is not a folder"):
        export(tmp_path / "missing" / "room.sqlite")
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


def test_a_handed_on_file_is_never_written_and_what_is_none_is_a_clear_error(results_dir, tmp_path):
    Recordings(default_path()).save(recording())
    room = tmp_path / "room with space #1?.sqlite"
    export(room)
    before = room.read_bytes()
    room.chmod(0o444)
    replay = Replay(room)
    assert replay.find("k", "")
    with pytest.raises(NotImplementedError):
        replay.save(recording("new"))
    assert room.read_bytes() == before
    with pytest.raises(CourseError, match="is not a file: correct the path or unset it"):
        Replay(tmp_path / "missing.sqlite")
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 100)
    with pytest.raises(CourseError, match="is not a file of recordings"):
        Replay(text)
    empty = tmp_path / "empty.sqlite"
    with files.database(empty, recordings.TABLE, holds="Nothing"):
        pass
    with pytest.raises(CourseError, match="holds no answer"):
        Replay(empty)
