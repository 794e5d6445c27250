"""The certificate says what the progress file and the board hold, and nothing beyond that."""

import re

import pytest

from course.errors import CourseError
from course.exercises.certificate import main, page
from course.exercises.checking import exercise_ids
from course.exercises.progress import CORRECT, NOT_YET, record
from course.material import data
from course.material.lessons import lessons
from course.measuring import board
from course.measuring.evaluate import evaluate

DAY = "2026-11-28T10:00:00+00:00"
SOLVED = [("exercise 00.1", CORRECT, DAY), ("exercise 01.1", NOT_YET, DAY), ("quiz 02.3", CORRECT, DAY)]


def result(right: int):
    rows = data.lesson_sample()[:20]
    return evaluate(rows, lambda row: row.queue if rows.index(row) < right else "none", name=f"<{right}>")


def test_it_counts_what_is_solved_and_no_more():
    text = page([*SOLVED, ("exercise 99.1", CORRECT, DAY), ("quiz 00.99", CORRECT, DAY)], [])
    rows = re.findall(r"<tr><th scope=\"row\">(\d\d).*?</th><td>(.*?)</td><td>(.*?)</td>", text)
    exercises = {number: len(ids) for number, ids in exercise_ids().items()}
    quiz = {each.number: len(each.quiz) for each in lessons()}
    assert rows == [
        ("00", f"1 of {exercises['00']}", f"0 of {quiz['00']}"),
        ("02", f"0 of {exercises['02']}", f"1 of {quiz['02']}"),
    ]
    assert "No rung was measured on tickets." in text and "From 2026-11-28" in text


def test_the_best_rung_has_its_interval_and_nothing_solved_is_nothing_certified():
    reading = board.Result.from_replies(
        data.lesson_sample()[:20], data.readings()["policy"], name="large", badge="recorded reading"
    )
    text = page(SOLVED, [("00", result(5)), ("02", result(15)), ("03", reading)], 'Ada "<b>"')
    assert "&lt;15&gt;</b> of lesson 02 is right on 15 of 20 tickets: 75%, with a 95% interval" in text
    assert "53.1 to 88.8%" in text and "<b>&quot;" not in text and "Ada &quot;&lt;b&gt;" in text
    with pytest.raises(CourseError, match="nothing to certify"):
        page(SOLVED[1:2], [("00", result(5))])


def test_the_command_writes_the_page_or_says_why_not(results_dir):
    with pytest.raises(SystemExit, match="missing"):
        main(["--name", "Ada"])
    record("exercise 00.1", CORRECT)
    main(["--name", "Ada"])
    assert "the work of Ada" in (results_dir / "certificate.html").read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="101 characters"):
        main(["--name", "A" * 101])
