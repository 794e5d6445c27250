"""The board: what it reads of every learner, what it shows to whom, and what it answers to bad input."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from course.material.lessons import lessons
from course.measuring.results import wilson
from tests.browser import open_page
from tests.workshop.rooms import (
    INSTRUCTOR,
    BoardServer,
    board_server,
    make_room,
    measure,
    results_of,
    solve,
)
from workshop.board import LARGEST_BODY, Watch
from workshop.learners import instructor_token
from workshop.session import CLOSED, OPEN, Session, polls
from workshop.standings import TOO_FEW, in_words, points, standing

NAMES = ("ada", "bea", "cyd", "dot")
POLL = next(iter(polls()))


@pytest.fixture
def room(tmp_path: Path) -> Path:
    return make_room(tmp_path, *NAMES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardServer]:
    room = make_room(tmp_path_factory.mktemp("room"), *NAMES)
    for right, name in enumerate(NAMES, start=40):
        measure(room, name, right, rung=f"what {name} wrote")
    with board_server(room) as started:
        yield started


def of(room: Path, name: str):
    return standing(name, room / "learners" / name)


def test_a_standing_says_lesson_exercises_and_best_rung(room):
    solve(room, "ada", "00.1", "00.2", "02.3")
    solve(room, "ada", "01.1", state="not yet")
    measure(room, "ada", 9, of=10, rung="few rows")
    measure(room, "ada", 80, rung="many rows")
    ada = of(room, "ada")
    assert ada.solved == {"00": 2, "02": 1}
    assert (ada.best.name, ada.best.right, ada.best.n) == ("many rows", 80, 90)
    assert (ada.best.low, ada.best.high) == wilson(80, 90)
    assert ada.seen is not None and not ada.faults


def test_a_board_that_is_being_written_is_read_and_no_reading_is_anybodys_best(room):
    measure(room, "ada", 90, badge="recorded reading")
    measure(room, "ada", 30, rung="own", badge="recorded: local model")
    assert of(room, "ada").best.name == "own"
    measure(room, "bea", 50)
    with closing(sqlite3.connect(results_of(room, "bea") / "board.sqlite")) as writer:
        writer.execute("begin immediate")
        writer.execute("update board set name = 'unfinished'")
        assert of(room, "bea").best.name == "a rung" and not of(room, "bea").faults


def test_the_last_trace_says_where_a_learner_is(room):
    assert (of(room, "ada").lesson, of(room, "ada").seen) == (None, None)
    measure(room, "ada", 5, lesson="03", created="2026-01-01T10:00:00+00:00")
    assert of(room, "ada").lesson == "03"
    source = lessons()[4].path
    saved = room / "learners" / "ada" / "notebooks" / source.name
    saved.write_bytes(source.read_bytes())
    assert of(room, "ada").lesson == "03", "an untouched copy is not a trace"
    saved.write_bytes(source.read_bytes() + b"\n")
    assert of(room, "ada").lesson == "04"


def test_damage_is_the_learners_fault_line_and_leaves_the_rest(room):
    solve(room, "ada", "00.1")
    board_file = results_of(room, "ada") / "board.sqlite"
    for content in (b"", b"no database", os.urandom(5000)):
        board_file.write_bytes(content)
        assert of(room, "ada").solved == {"00": 1} and of(room, "ada").best is None
        assert len(of(room, "ada").faults) == 1 and "board.sqlite" in of(room, "ada").faults[0]
        assert board_file.read_bytes() == content
    board_file.unlink()
    measure(room, "ada", 5)
    for outcomes in ("[", "[]", '[{"id": 1}]', '"text"', '[{"expected": []}]'):
        with closing(sqlite3.connect(board_file)) as connection, connection:
            connection.execute("update board set outcomes = ?", (outcomes,))
        assert of(room, "ada").best is None
    board_file.unlink()
    os.mkfifo(board_file)
    assert "not one of the course's files" in of(room, "ada").faults[0]


def test_points_name_nobody_and_are_in_the_order_of_the_shares(room):
    for right, name in zip((50, 20, 80, 50), NAMES, strict=True):
        measure(room, name, right, lesson="03" if name == "dot" else "02")
    shown = points(of(room, name) for name in NAMES)
    assert [point["right"] for point in shown] == [20, 50, 50, 80]
    assert [point["lesson"] for point in shown].count("") == 1, "one learner alone at 03"
    assert not any(name in json.dumps(shown) for name in (*NAMES, "a rung"))
    assert "20 / 90" not in in_words(shown, 4) and "22.2% to 88.9%" in in_words(shown, 4)
    few = points(of(room, name) for name in NAMES[: TOO_FEW - 1])
    assert few == [] and "begins when 3" in in_words(few, 4)


def test_a_room_that_cannot_be_read_keeps_what_was_read_before(room):
    measure(room, "ada", 50)
    watch = Watch(room)
    watch.refresh()
    (room / "learners.json").write_text("{")
    watch.refresh()
    assert watch.standings[0].best.right == 50 and "not JSON" in watch.fault


def test_the_instructors_token_is_made_once_and_for_one_reader(tmp_path):
    token = instructor_token(tmp_path)
    assert instructor_token(tmp_path) == token and len(token) > 20
    assert (tmp_path / "instructor.json").stat().st_mode & 0o077 == 0


def test_the_history_keeps_changes_and_no_name(room):
    watch = Watch(room)
    watch.refresh()
    watch.refresh()
    for name in NAMES:
        measure(room, name, 44)
        solve(room, name, "00.1")
    watch.refresh()
    history = [state for _, state in watch.session.history()]
    assert [len(state["points"]) for state in history] == [0, 4]
    assert history[1]["solved"] == {"00": 4}
    assert not any(name in (room / "session.sqlite").read_text("latin-1") for name in NAMES)


@pytest.mark.slow
def test_the_instructor_sees_names_and_nobody_else_does(server):
    wait = server.get("api/instructor", INSTRUCTOR).json()
    assert [row["learner"] for row in wait["learners"]] == list(NAMES)
    assert wait["learners"][0]["best"]["name"] == "what ada wrote"
    anonymous = server.get("api/projector").text
    assert len(json.loads(anonymous)["points"]) == 4 and "ada" not in anonymous
    for page in ("projector", "vote", "instructor", ""):
        answer = server.get(page)
        assert "<title>" in answer.text or answer.status_code == 302
        assert "http" not in answer.text.replace("http-equiv", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "token", "values", "status", "says"),
    [
        ("api/vote", "", {"poll": POLL, "option": 0}, 401, "token is missing"),
        ("api/vote", "wrong", {"poll": POLL, "option": 0}, 401, "not a token of a learner"),
        ("api/vote", INSTRUCTOR, {"poll": POLL, "option": 0}, 401, "not a token of a learner"),
        ("api/vote", "token-of-ada", {"poll": "no-such", "option": 0}, 404, "There is no poll 'no-such'"),
        ("api/vote", "token-of-ada", {"poll": ["a"], "option": 0}, 404, "There is no poll"),
        ("api/vote", "token-of-ada", {}, 404, "There is no poll"),
        ("api/vote", "token-of-ada", {"poll": POLL, "option": 99}, 400, "'99' is not an option"),
        ("api/vote", "token-of-ada", {"poll": POLL, "option": [0, 1]}, 400, "is not an option"),
        ("api/vote", "token-of-ada", {"poll": POLL, "option": True}, 400, "is not an option"),
        ("api/vote", "token-of-ada", {"poll": POLL, "option": 0}, 409, "not open"),
        ("api/vote", "token-of-ada", {"poll": "x" * LARGEST_BODY}, 413, "more than 2,000 bytes"),
        ("api/instructor", "token-of-ada", {"poll": POLL, "state": OPEN}, 403, "a learner's token"),
        ("api/instructor", "wrong", {"poll": POLL, "state": OPEN}, 401, "not a token of this room"),
        ("api/instructor", INSTRUCTOR, {"poll": POLL, "state": "ajar"}, 400, "'ajar' is not a state"),
        ("api/instructor", INSTRUCTOR, {"poll": POLL, "state": CLOSED}, 409, "cannot be closed"),
        ("api/projector", "", {}, 405, "POST /api/projector is not offered"),
        ("api/nothing", "", {}, 404, "There is no page /api/nothing"),
    ],
)
def test_bad_input_gets_a_sentence_and_the_right_status(server, path, token, values, status, says):
    answer = server.post(path, token, **values)
    assert answer.status_code == status and says in answer.json()["error"]


def test_a_vote_counts_once_changes_until_the_end_and_shows_after_it(room):
    session = Session(room)
    session.set_state(POLL, OPEN)
    for voter, option in (("ada", 0), ("ada", 2), ("bea", 1)):
        session.vote(POLL, voter, option)
    assert session.vote_of(POLL, "ada") == 2 and session.vote_of(POLL, "cyd") is None
    assert session.shown()["votes"] == 2 and "counts" not in session.shown()
    session.set_state(POLL, CLOSED)
    assert session.shown()["counts"][:3] == [0, 1, 1]


@pytest.mark.slow
def test_votes_survive_kill_9(tmp_path):
    with board_server(make_room(tmp_path, *NAMES)) as server:
        assert server.post("api/instructor", INSTRUCTOR, poll=POLL, state=OPEN).status_code == 200
        for name in NAMES:
            assert server.post("api/vote", f"token-of-{name}", poll=POLL, option=1).status_code == 200
        server.kill()
        server.start()
        assert server.get("api/vote", "token-of-ada").json()["mine"] == 1
        assert server.post("api/instructor", INSTRUCTOR, poll=POLL, state=CLOSED).status_code == 200
        assert server.get("api/projector").json()["poll"]["counts"][:2] == [0, 4]


@pytest.mark.slow
def test_the_projector_draws_every_learner_and_says_when_data_are_old(server):
    with open_page(360, 740) as page:
        errors: list[Exception] = []
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(f"{server.url}/projector")
        page.wait_for_function("() => document.querySelectorAll('#chart circle').length === 4")
        assert "4 of 4 learners" in page.text_content("#text").replace("\u00a0", " ")
        assert page.locator("#table tbody tr").count() == 4
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.locator("#chart text").first.evaluate("each => each.getBoundingClientRect().left") >= 0
        measure(server.room, "ada", 90, rung="new")
        page.wait_for_function("() => document.querySelector('#text').textContent.includes('100')")
        server.kill()
        page.evaluate("() => { const now = performance.now(); performance.now = () => now + 60000; }")
        page.wait_for_function("() => document.querySelector('#warning').textContent.includes('seconds ago')")
        server.start()
        page.wait_for_function("() => document.querySelector('#warning').textContent === ''")
        assert errors == []
