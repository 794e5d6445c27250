"""The recording: one page that names nobody, needs nothing, and says what the room did."""

import re
import stat
from pathlib import Path

import pytest

from tests.browser import open_page
from tests.workshop.rooms import make_room, measure, solve
from workshop import recording
from workshop.board import Watch
from workshop.session import AWAY, CLOSED, OPEN, polls

NAMES = ("ada", "bea", "cyd")
POLL = next(iter(polls()))


def record(room: Path) -> None:
    recording.main(["--room", str(room)])


@pytest.fixture
def recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    room = make_room(tmp_path, *NAMES)
    watch = Watch(room)
    watch.refresh()
    for right, name in zip((10, 30, 60), NAMES, strict=True):
        measure(room, name, right, rung=f"{name}'s rung </script>")
        solve(room, name, "00.1", "00.2")
    watch.refresh()
    watch.session.set_state(POLL, OPEN)
    for option, name in zip((1, 1, 0), NAMES, strict=True):
        watch.session.vote(POLL, name, option)
    watch.session.set_state(POLL, CLOSED)
    watch.session.set_state(POLL, AWAY)
    record(room)
    assert "2 changes and 1 polls" in capsys.readouterr().out
    return room / "recording.html"


def test_it_is_read_only_names_nobody_and_can_be_made_again(recorded, tmp_path_factory):
    text = recorded.read_text(encoding="utf-8")
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o444
    assert not re.search(r"ada|bea|cyd|src=|href=", text)
    assert "3 learners solved 6 exercises" in text and "11.1% to 66.7%" in text
    assert '<td class="number">2</td><td class="number">66.7%</td>' in text
    record(recorded.parent)
    with pytest.raises(SystemExit, match="missing"):
        record(make_room(tmp_path_factory.mktemp("empty")))


@pytest.mark.slow
def test_its_chart_goes_back_in_time(recorded):
    with open_page(360, 740) as page:
        errors: list[Exception] = []
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(recorded.as_uri())
        page.wait_for_function("() => document.querySelectorAll('#chart circle').length === 3")
        page.locator("#time").press("ArrowLeft")
        page.wait_for_function("() => document.querySelectorAll('#chart circle').length === 0")
        assert "begins when" in page.text_content("#text")
        assert page.evaluate("document.documentElement.scrollWidth") == 360 and errors == []
