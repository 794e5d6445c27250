"""The check of the evening before: each line passes on what is in order, and else says what to do."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from course.engine.sizes import local_model, local_models
from course.errors import CourseError
from tests.workshop.rooms import make_room
from workshop import check


def test_models_memory_disk_and_proxy_are_in_order_or_say_what_to_do(tmp_path):
    assert local_model("small").name in check.models(["small"])
    assert "kept requests are answered" in check.recordings([model.size for model in local_models()])
    needed = local_model("small").memory_mb / 1000 + 30 * check.SMALLEST_MEMORY
    assert "30 learners" in check.memory(30, ["small"], needed)
    with pytest.raises(CourseError, match="larger machine"):
        check.memory(30, ["small"], needed - 0.1)
    assert check.disk(30, 30 * check.DISK_EACH)
    with pytest.raises(CourseError, match="COURSE_ROOM"):
        check.disk(30, 30 * check.DISK_EACH - 0.1)
    program = tmp_path / "proxy"
    with pytest.raises(CourseError, match="the proxy is missing: run"):
        check.proxy("/usr/bin/node", program)
    program.touch()
    assert check.proxy("/usr/bin/node", program)
    with pytest.raises(CourseError, match="Node.js is missing"):
        check.proxy(None, program)


def test_a_model_or_recordings_that_are_missing_name_what_brings_them(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    with pytest.raises(CourseError, match="course.engine.downloads large"):
        check.models(["large"])
    monkeypatch.setenv("COURSE_RECORDINGS", str(tmp_path))
    with pytest.raises(CourseError, match="restore data/recordings"):
        check.recordings(["small"])


def test_a_clock_in_the_past_and_a_port_in_use_fail():
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CourseError, match=f"nothing can listen on port {port}"):
            check.ports([port])
    assert check.ports([port])
    assert "UTC" in check.clock(datetime.now(UTC))
    with pytest.raises(CourseError, match="2020-01-01, before"):
        check.clock(datetime(2020, 1, 1, tzinfo=UTC))


def test_folders_are_tried_and_a_room_without_learners_is_not_ready(tmp_path: Path):
    room = make_room(tmp_path / "room", "ada", "bea")
    assert "2 learners' folders" in check.folders(room)
    (room / "learners" / "bea" / "results").rmdir()
    (room / "learners" / "bea" / "results").write_text("a file in its place")
    with pytest.raises(CourseError, match="bea cannot be written to"):
        check.folders(room)
    with pytest.raises(CourseError, match="no learners yet"):
        check.folders(tmp_path)


def test_one_line_each_and_a_failure_leaves_the_others():
    def fails() -> str:
        raise CourseError("too little: add more.")

    lines = list(check.report({"a": lambda: "fine", "b": fails, "c": lambda: "fine"}))
    assert lines == [
        (True, "ok    a: fine"),
        (False, "FAIL  b: too little: add more."),
        (True, "ok    c: fine"),
    ]


@pytest.mark.slow
def test_the_engine_is_asked_something_new():
    assert "answered in" in check.engine("small")
