"""Recording the lessons: which file an answer goes to, what a stopped run keeps, and what is printed."""

import json
import os
from pathlib import Path

import pytest

from course.engine import carried, messages_api
from course.engine.client import connect
from course.engine.sizes import local_model
from course.errors import CourseError
from course.material.lessons import lesson
from course.measuring import record
from tests.stub_server import echo_transport


@pytest.fixture
def folder(tmp_path: Path, results_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of recordings. The command sets variables for its kernels, which are unset again."""
    for name in ("COURSE_RECORDINGS", "COURSE_MODE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("COURSE_RECORDINGS", str(tmp_path / "recordings"))
    return tmp_path / "recordings"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the lessons ask as (size, text), which a test fills; each lesson asks all of it, of an echo."""
    asked: list[tuple[str, str]] = []

    def run(notebook: Path) -> None:
        for size, text in asked:
            client, model = connect(size)
            messages = [{"role": "user", "content": text.format(lesson=notebook.name[:2])}]
            client.messages.create(model=model, max_tokens=9, messages=messages)

    monkeypatch.setattr(record, "run_notebook", run)
    monkeypatch.setattr(messages_api, "LocalTransport", lambda: echo_transport([]))
    return asked


def _record(folder: Path, *lessons: str) -> None:
    results = os.environ["COURSE_RESULTS"]
    try:
        record.record(lessons)
    finally:
        os.environ |= {"COURSE_RESULTS": results, "COURSE_RECORDINGS": str(folder)}


def _answers(folder: Path) -> dict[str, list[str]]:
    found = {}
    for file in sorted(folder.iterdir()):
        _, answers = carried.read(file)
        replies = [json.loads(answer.response) for answer in answers.values()]
        found[file.name] = sorted(reply["content"][0]["text"] for reply in replies)
    return found


def test_each_size_and_lesson_has_its_file_and_each_request_stands_in_one(folder, asked):
    asked += [("small", "shared"), ("small", "of {lesson}"), ("large", "of {lesson}")]
    _record(folder, "01", "02")
    assert _answers(folder) == {
        "01.large.jsonl": ["echo of 01"],
        "01.small.jsonl": ["echo of 01", "echo shared"],
        "02.large.jsonl": ["echo of 02"],
        "02.small.jsonl": ["echo of 02"],
    }
    head, _ = carried.read(folder / "02.large.jsonl")
    large = local_model("large")
    assert (head.lesson, head.size, head.name, head.model) == ("02", "large", large.name, large.model)
    assert head.machine.startswith(f"{os.cpu_count()} cores of ")
    assert connect("large")[0].badge.startswith(f"recorded: {head}")


def test_one_lesson_again_leaves_the_others_and_prints_what_changed(folder, asked, monkeypatch, capsys):
    asked += [("small", "of {lesson}"), ("small", "shared")]
    _record(folder, "01", "02")
    before = (folder / "01.small.jsonl").read_bytes()
    path = folder / "02.small.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("echo of 02", "echo of old"), encoding="utf-8")
    capsys.readouterr()
    asked.append(("small", "new in {lesson}"))
    _record(folder, "02")
    assert (folder / "01.small.jsonl").read_bytes() == before
    assert _answers(folder)["02.small.jsonl"] == ["echo new in 02", "echo of 02"]
    printed = capsys.readouterr().out
    assert "02.small.jsonl: 2 answers, 1 changed, 1 new, 0 gone" in printed
    assert "'echo of old'" in printed and "'echo of 02'" in printed


def test_a_size_that_a_lesson_no_longer_asks_loses_its_file(folder, asked, capsys):
    asked += [("small", "a"), ("large", "a")]
    _record(folder, "01")
    del asked[1]
    _record(folder, "01")
    assert list(_answers(folder)) == ["01.small.jsonl"]
    assert "01.large.jsonl: the lesson no longer asks this model" in capsys.readouterr().out


def test_a_stopped_run_goes_on_with_the_lesson_where_it_stopped(folder, asked, monkeypatch):
    asked.append(("small", "of {lesson}"))
    run, begun = record.run_notebook, []

    def stop_in_02(notebook: Path) -> None:
        begun.append(notebook.name[:2])
        run(notebook)
        if begun == [each.name[:2] for each in lesson("01").notebooks] + ["02"]:
            raise KeyboardInterrupt

    monkeypatch.setattr(record, "run_notebook", stop_in_02)
    with pytest.raises(KeyboardInterrupt):
        _record(folder, "01", "02")
    assert list(_answers(folder)) == ["01.small.jsonl"]
    _record(folder, "01", "02")
    assert begun.count("01") == len(lesson("01").notebooks)
    assert begun.count("02") == 1 + len(lesson("02").notebooks)
    assert _answers(folder)["02.small.jsonl"] == ["echo of 02"]


def test_a_lesson_runs_with_what_goes_deeper_and_an_unknown_one_is_named(folder, monkeypatch):
    ran: list[Path] = []
    monkeypatch.setattr(record, "run_notebook", ran.append)
    _record(folder, "01")
    assert ran == lesson("01").notebooks
    assert ran[0] == lesson("01").path and all(each.parent.name == "more" for each in ran[1:])
    with pytest.raises(CourseError, match="no lesson '77'; use one of 00, 01"):
        record.record(["77"])
