"""The board keeps every rung with its rows, replaces a rerun, and shows it as a table, a chart and words."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import plotly.graph_objects as go
import plotly.io as pio
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material import data
from course.measuring import board
from course.measuring.evaluate import Result, compare, evaluate
from course.measuring.results import BADGE_KINDS, Verdict

ROWS = data.lesson_sample()[:8]


def measured(name: str = "oracle", right: int = 8, **changes) -> Result:
    def predict(row):
        return row.queue if ROWS.index(row) < right else "no queue"

    return replace(evaluate(ROWS, predict, name=name), **changes)


def reading(name: str = "large model") -> Result:
    return Result.from_replies(ROWS, data.readings()["policy"], name=name)


def test_entries_are_whole_results_in_order_and_come_back_with_every_row(results_dir):
    board.add(measured("later"), lesson="03")
    board.add(measured("sooner", right=5), lesson="01")
    found = [(lesson, result.name, result.right) for lesson, result in board.entries()]
    assert found == [("01", "sooner", 5), ("03", "later", 8)]
    assert [result.name for _, result in board.entries("03")] == ["later"]
    result = measured(right=5, note="first try")
    board.add(result, lesson="01")
    again = board.get("oracle")
    assert again.outcomes == result.outcomes
    assert (again.badge, again.note, again.created) == (result.badge, "first try", result.created)
    assert compare(again, result).p_value == 1.0


def test_a_rerun_replaces_and_keeps_its_place(results_dir):
    board.add(measured("first"), measured("second"), lesson="01")
    board.add(measured("first", right=3), lesson="01")
    board.add(measured("first", right=4), lesson="02")
    board.add(measured("first", right=2, model="another"), lesson="01")
    table = board.table()
    assert table["name"].tolist() == ["first", "second", "first", "first"]
    assert table["accuracy"].tolist() == [3 / 8, 1.0, 2 / 8, 4 / 8]
    assert board.table("02")["lesson"].tolist() == ["02"]


def test_only_results_go_on_the_board_and_get_gives_the_newest(results_dir):
    with pytest.raises(CourseError, match="not 0.9"):
        board.add(0.9, lesson="01")
    assert board.table().empty
    with pytest.raises(CourseError, match="no 'oracle' on the board; it has: nothing yet"):
        board.get("oracle")
    board.add(measured(right=1, created="2026-11-20T10:00:00+00:00"), lesson="02")
    board.add(measured(right=2, created="2026-11-20T09:00:00+00:00"), lesson="03")
    assert board.get("oracle").right == 1
    with pytest.raises(CourseError, match="no 'oracel' on the board; it has: oracle"):
        board.get("oracel")


def test_labels_stand_beside_the_dollars(results_dir):
    board.add(measured("head", labels=810), measured("prompt"), lesson="03")
    assert board.get("head").labels == 810 and board.get("prompt").labels is None
    assert board.table()["labels"].fillna(-1).tolist() == [810, -1]
    head, prompt, _ = board.text().splitlines()
    assert "per 1,000, 810 labels (measured here" in head and "labels" not in prompt
    assert "810 labels" in board.show().data[0].hovertemplate


def test_a_board_from_before_labels_were_counted_is_read_and_goes_on(results_dir):
    board.add(measured("old"), lesson="01")
    path = results_dir / "board.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE board DROP COLUMN labels")
    assert [result.labels for _, result in board.entries_in(path)] == [None]
    board.add(measured("new", labels=18), lesson="02")
    found = [(result.name, result.labels) for _, result in board.entries_in(path)]
    assert found == [("old", None), ("new", 18)]


def test_a_damaged_board_is_named(results_dir):
    results_dir.mkdir()
    (results_dir / "board.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(CourseError, match=r"board\.sqlite cannot be used .* Move the file away"):
        board.table()


def test_a_board_that_another_kernel_keeps_is_named(results_dir, monkeypatch):
    board.add(measured(), lesson="01")
    monkeypatch.setattr(board, "WAIT_SECONDS", 0.1)
    with FileLock(results_dir / "board.lock"), pytest.raises(CourseError, match="in use by another kernel"):
        board.add(measured("second"), lesson="01")


def test_several_kernels_may_write_at_once(results_dir):
    results = [measured(str(number)) for number in range(24)]
    # Each call opens a connection of its own, as another kernel would; the first ones race to make the file.
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda result: board.add(result, lesson="01"), results))
    assert sorted(board.table()["name"]) == sorted(result.name for result in results)


def test_the_words_say_what_the_chart_shows(results_dir):
    assert board.text() == "The board is empty."
    board.add(measured("TF-IDF", right=6), reading(), lesson="03")
    first, second, looked = board.text().splitlines()
    assert looked == "The test tickets were looked at once, for 1 rung."
    assert first.startswith("03  TF-IDF: 75% (40.9-92.9) of 8 right, 75% valid") and " per 1,000 (" in first
    assert second.endswith("no cost known (recorded reading)")
    assert board.text("04") == "The board is empty."


def test_the_chart_has_points_intervals_and_lines_says_when_it_is_empty_and_asks_no_cloud(results_dir):
    assert board.show().layout.annotations[0].text == "Nothing measured yet"
    assert board.show()._config["showSendToCloud"] is False
    assert pio.renderers["plotly_mimetype"].config["showSendToCloud"] is False
    board.add(measured("half", right=4), measured("all", model="m"), reading(), lesson="03")
    figure = board.show()
    assert type(figure) is go.Figure
    point, other, line = figure.data
    assert (point.mode, point.y, point.name) == ("markers", (50.0,), "measured here")
    assert 50 - point.error_y.arrayminus[0] == pytest.approx(21.5, abs=0.1)
    assert (point.showlegend, other.showlegend, line.showlegend) == (True, False, True)
    assert (line.mode, line.line.dash, set(line.y)) == ("lines", "dot", {100.0})
    assert figure.layout.xaxis.type == "log"
    assert "$" in figure.layout.xaxis.title.text and "%" in figure.layout.yaxis.title.text
    assert {"half", "all", "large model"} == {annotation.text for annotation in figure.layout.annotations}
    for said in ("50% (21.5-78.5) of 8", "valid: 50%", "measured here", " per 1,000"):
        assert said in point.hovertemplate


def test_names_in_the_chart_are_no_html_and_the_same_from_two_models_told_apart(results_dir):
    board.add(measured("names"), measured("names", model="big"), measured("n" * 60), lesson="03")
    labels = {annotation.text for annotation in board.show().layout.annotations}
    assert {"names (no model, 8 rows)", "names (big, 8 rows)", "n" * 39 + "..."} == labels
    board.add(measured("<b>bold"), lesson="03")
    assert "<b>bold" not in json.dumps(board.show().to_dict())


def test_a_price_below_the_axis_stands_at_its_end(results_dir):
    free = replace(measured(), outcomes=tuple(replace(row, seconds=0.0) for row in measured().outcomes))
    board.add(free, lesson="03")
    figure = board.show()
    assert figure.data[0].x == (0.00001,)
    assert figure.layout.xaxis.ticktext[0] == "up to 0.00001"
    assert "under $0.00001 per 1,000" in figure.data[0].hovertemplate


def test_every_kind_of_badge_has_a_colour_and_a_symbol_of_its_own():
    assert tuple(board._LOOKS) == BADGE_KINDS
    colours, symbols = zip(*board._LOOKS.values(), strict=True)
    assert len(set(colours)) == len(set(symbols)) == len(BADGE_KINDS)


@given(st.lists(st.floats(0, 100), max_size=15))
def test_labels_never_overlap(wanted):
    places = board._spread(sorted(wanted), 6, lowest=0, highest=100)
    assert all(high - low >= 6 - 1e-9 for low, high in zip(places, places[1:], strict=False))
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in places)


def test_other_tasks_than_the_tickets_stand_under_their_own_lesson_only(results_dir):
    questions = data.questions()[:3]
    answered = evaluate(
        questions, lambda q: q.answer, name="answers", check=lambda q, reply: Verdict(True, reply == q.answer)
    )
    routed = evaluate(data.tickets("test")[:3], lambda ticket: ticket.queue, name="tickets")
    board.add(routed, answered, lesson="05")
    assert list(board.table().name) == ["tickets"] and "answers" not in board.text()
    assert list(board.table("05").name) == ["tickets", "answers"] and "answers" in board.text("05")
    assert len(board.show("05").data) == 1 + len(board.show().data)
    assert board.get("answers").right == 3
