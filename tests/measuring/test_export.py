"""What other tools read of the board: the same answers and the same shares, in all three forms."""

import csv
import json
from pathlib import Path

import pytest

from course.errors import CourseError
from course.material import data
from course.measuring import board, export
from course.measuring.evaluate import evaluate

ROWS = data.lesson_sample()[:6]


def failing(row):
    if row is ROWS[0]:
        raise ValueError("no answer")
    return row.queue if ROWS.index(row) < 4 else {"queue": 'with "quotes",\nand a line'}


@pytest.fixture
def folder(results_dir, tmp_path: Path) -> Path:
    board.add(evaluate(ROWS, failing, name="a / rung"), lesson="02")
    board.add(evaluate(ROWS[:3], lambda row: row.queue, name="fewer rows"), lesson="03")
    export.write(board.entries(), tmp_path)
    return tmp_path


def test_all_three_forms_hold_every_answer_and_the_boards_shares(folder):
    with (folder / "board.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["lesson"], row["id"]) for row in rows[5:7]] == [("02", ROWS[5].id), ("03", ROWS[0].id)]
    assert [row["correct"] for row in rows] == ["False"] + ["True"] * 3 + ["False"] * 2 + ["True"] * 3
    assert json.loads(rows[4]["reply"]) == {"queue": 'with "quotes",\nand a line'}
    assert "no answer" in rows[0]["error"] and rows[0]["input_tokens"] == ""
    logs = [json.loads(path.read_text("utf-8")) for path in sorted((folder / "inspect").iterdir())]
    by_task = {log["eval"]["task"]: log for log in logs}
    log, result = by_task["a / rung"], board.get("a / rung")
    right = [sample["scores"]["correct"]["value"] for sample in log["samples"]]
    assert right.count("C") == result.right and len(right) == result.n == log["eval"]["dataset"]["samples"]
    metrics = {score["name"]: score["metrics"] for score in log["results"]["scores"]}
    assert metrics["correct"]["accuracy"]["value"] == result.accuracy
    assert [metrics["correct"][end]["value"] for end in ("low_95", "high_95")] == list(result.interval)
    assert "no answer" in log["samples"][0]["output"]["error"] and "usage" not in log["samples"][0]["output"]
    file = json.loads((folder / "promptfoo.json").read_text("utf-8"))
    prompts, results = file["results"]["prompts"], file["results"]["results"]
    assert [prompt["metrics"]["testPassCount"] for prompt in prompts] == [3, 3]
    assert [prompt["metrics"]["testErrorCount"] for prompt in prompts] == [1, 0]
    places = {(result["promptIdx"], result["testIdx"]): result["vars"]["id"] for result in results}
    assert places[0, 2] == places[1, 2] == ROWS[2].id and len(places) == 9
    assert file["results"]["stats"] | {"tokenUsage": 0} == {
        "successes": 6,
        "failures": 2,
        "errors": 1,
        "tokenUsage": 0,
    }


def test_the_same_board_has_the_same_ids_and_an_empty_one_is_refused(folder, tmp_path_factory):
    again = tmp_path_factory.mktemp("again")
    written = export.write(board.entries(), again)
    before = [folder / path.relative_to(again) for path in written]
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in before]
    with pytest.raises(CourseError, match="empty"):
        export.write([], again)
