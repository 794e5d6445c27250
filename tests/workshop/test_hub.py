"""The room as a whole: what stops it before it opens, and five learners while its parts are killed."""

import asyncio
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from course.errors import CourseError
from course.paths import NOTEBOOKS
from workshop import room
from workshop.browser import Browser, CellFailed
from workshop.load_test import LESSON, OpenRoom, free_ports, measure, open_room


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a room would be kept."""
    monkeypatch.setenv("COURSE_ROOM", str(tmp_path / "room"))
    return tmp_path / "room"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--learners 0", "--learners is 0: a room needs 1 or more."),
        ("--memory 0.1", "--memory is 0.1: a kernel needs 0.5 GB or more."),
        ("--memory nan", "--memory is nan: a kernel needs 0.5 GB or more."),
        ("--idle-hours 0", "--idle-hours is 0.0: give a time above 0."),
        ("--port 70000", "--port is 70000: choose one from 1024 to 65531."),
    ],
)
def test_an_option_that_cannot_be(options: str, sentence: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert message_of(options, monkeypatch) == sentence
    assert not folder.exists()


def test_a_missing_proxy_or_a_folder_that_cannot_be_written_is_named(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(room, "PROXY", folder / "no-such-proxy")
    said = message_of("", monkeypatch)
    assert said.endswith("run `python -m workshop.install`, which needs Node.js and npm.")
    monkeypatch.setattr(room, "PROXY", Path(__file__))
    monkeypatch.setattr(room.shutil, "which", lambda name: name)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_ROOM", str(tmp_path / "file" / "room"))
    said = message_of("", monkeypatch)
    assert f"{tmp_path / 'file' / 'room'} cannot be written" in said and "COURSE_ROOM" in said


@pytest.mark.parametrize("kind", range(5))
def test_a_port_that_is_taken(kind: int, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "PROXY", Path(__file__))
    monkeypatch.setattr(room.shutil, "which", lambda name: name)
    port = free_ports()
    with socket.create_server(("127.0.0.1", port + kind)):
        said = message_of(f"--port {port}", monkeypatch)
    assert f"nothing can listen on 127.0.0.1, port {port + kind}" in said and "--port" in said


def message_of(options: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.argv", ["room", *options.split()])
    with pytest.raises(SystemExit) as stopped:
        room.main()
    assert "\n" not in str(stopped.value)
    return str(stopped.value)


def test_tokens_are_made_once_for_their_owner_alone(folder: Path):
    (folder / "engine").mkdir(parents=True)
    first = room.new_learners(folder, 2)
    assert list(first) == ["learner-01", "learner-02", "instructor"]
    assert len(set(first.values())) == 3 and min(map(len, first.values())) >= 16
    assert room.new_learners(folder, 2) == {}
    assert list(room.new_learners(folder, 3)) == ["learner-03"]
    kept = json.loads((folder / "learners.json").read_text())
    assert list(kept) == ["learner-01", "learner-02", "learner-03"]
    assert kept["learner-01"] == first["learner-01"]
    rows = (folder / "engine" / "tokens.csv").read_text().splitlines()
    assert f"learner-01,{kept['learner-01']}" in rows and len(rows) == 5
    for name in ("learners.json", "instructor.json", "engine/tokens.csv"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["Ada", "ada lovelace", "instructor"])
def test_a_name_that_the_hub_does_not_take(name: str, folder: Path):
    folder.mkdir()
    (folder / "learners.json").write_text(json.dumps({name: "token"}))
    with pytest.raises(CourseError, match=f"{name}' is not a name"):
        room.new_learners(folder, 1)


@pytest.fixture(scope="module")
def open_to_six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenRoom]:
    folder = tmp_path_factory.mktemp("hub") / "room"
    with open_room(folder, 6, "--memory", "1.5") as opened:
        yield opened


@pytest.mark.slow
def test_five_learners_go_on_while_everything_is_killed(open_to_six: OpenRoom):
    test = asyncio.run(asyncio.wait_for(measure(open_to_six, 5, 5, 1, kill=True), 500))
    assert test.passed, test.report()
    assert test.killed == ["proxy", "engine", "hub", "kernels"]
    assert len(test.answers) == 10
    assert len(open_to_six.processes("learners' servers")) == 5
    # Servers that choose ports for their kernels at once may choose the same one.
    for kernel in open_to_six.processes("kernels"):
        assert json.loads(Path(kernel.cmdline()[-1]).read_text())["transport"] == "ipc"
    logs = "".join(path.read_text() for path in (open_to_six.folder / "logs").iterdir())
    for token in open_to_six.tokens.values():
        assert token not in logs


@pytest.mark.slow
def test_a_learner_is_held_to_a_token_and_to_memory_and_keeps_a_notebook(open_to_six: OpenRoom):
    name, token = list(open_to_six.tokens.items())[-1]
    own = open_to_six.folder / "learners" / name / "notebooks" / LESSON
    own.parent.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell("from course.engine.client import connect; connect()")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), own)

    async def work() -> None:
        async with Browser(open_to_six.address, name, token[:-1]) as stranger:
            with pytest.raises(PermissionError, match="403"):
                await stranger.log_in()
        async with Browser(open_to_six.address, name, token) as learner:
            await learner.log_in()
            await learner.start_server()
            cells = await learner.open(LESSON)
            assert cells == [cell.source]
            with pytest.raises(CellFailed, match="MemoryError"):
                await learner.run("bytearray(2**31)")
            assert "a changed request asks the model of this room" in (await learner.run(cells[0])).text

    asyncio.run(asyncio.wait_for(work(), 200))
    copied = {path.name for path in own.parent.glob("*.ipynb")}
    assert copied == {path.name for path in NOTEBOOKS.glob("*.ipynb")}
