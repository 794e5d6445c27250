"""Every exercise is proved both ways, and progress survives what can happen to its file."""

import importlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from course.errors import CourseError
from course.exercises import checking, progress
from course.exercises.checking import Exercise, all_exercises, exercise, grade
from course.material.lessons import lesson

TWO = Exercise(
    id="99.1",
    title="Twice two is four.",
    stub="answer = None",
    answer="answer",
    hints=("Count on your fingers.", "Not five."),
    solution="answer = 4",
    check=lambda value: None if value + 0 == 4 else f"{value} is not twice two.",
    why="It was ever so.",
)

# Exercises whose solution or check asks the model, or trains heads.
ASKS_OR_TRAINS = ("00.2", "02.3", "02.4", "03.1")


def answer_of(exercise: Exercise, source: str) -> object:
    names: dict = {}
    exec(source, names)
    return names[exercise.answer]


@pytest.fixture(params=all_exercises())
def each(request: pytest.FixtureRequest) -> Exercise:
    return all_exercises()[request.param]


def test_the_stub_is_not_solved(each):
    assert grade(each, answer_of(each, each.stub))[0] != progress.CORRECT


@pytest.mark.parametrize(
    "id", [pytest.param(id, marks=pytest.mark.slow) if id in ASKS_OR_TRAINS else id for id in all_exercises()]
)
def test_the_solution_is_correct(id):
    each = all_exercises()[id]
    assert grade(each, answer_of(each, each.solution)) == (progress.CORRECT, "")


def test_the_notebook_holds_the_stub_and_not_the_solution(each):
    notebooks = [nbformat.read(path, as_version=4) for path in lesson(each.id.split(".")[0]).notebooks]
    every = [cell for notebook in notebooks for cell in notebook.cells]
    cells = [cell.source.strip() for cell in every if cell.cell_type == "code"]
    assert cells.count(each.stub.strip()) == 1
    assert not any(each.solution.strip() in cell for cell in cells)


def test_every_check_has_its_texts_and_every_exercise_hints():
    lessons = {id.split(".")[0] for id in all_exercises()}
    checks = [importlib.import_module(f"course.exercises.lesson_{number}").CHECKS for number in lessons]
    assert sorted(all_exercises()) == sorted(id for each in checks for id in each)
    assert all(each.hints for each in all_exercises().values())


@pytest.fixture
def two(results_dir, monkeypatch) -> checking.OpenExercise:
    monkeypatch.setattr(checking, "all_exercises", lambda: {TWO.id: TWO})
    return exercise("99.1")


@pytest.mark.parametrize("blank", [None, ...])
def test_a_stub_value_is_not_tried(two, capsys, blank):
    two.check(blank)
    assert capsys.readouterr().out.startswith("Not tried. Give answer a value")
    assert progress.tries() == {}


@pytest.mark.parametrize(("wrong", "reason"), [(5, "5 is not twice two."), ("four", "raised TypeError")])
def test_a_wrong_answer_says_why_and_never_raises(two, capsys, wrong, reason):
    two.check(wrong)
    out = capsys.readouterr().out
    assert out.startswith("Not yet: ") and reason in out
    assert progress.tries() == {"exercise 99.1": ("not yet", 1)}


def test_what_was_solved_stays_solved_hints_come_one_by_one_and_the_solution_last(two, capsys):
    two.check(4)
    two.check(5)
    assert "Correct." in capsys.readouterr().out
    assert progress.tries() == {"exercise 99.1": ("correct", 2)}
    for _ in range(3):
        two.hint()
    two.solution()
    hints = capsys.readouterr().out.splitlines()
    assert hints[0] == "Hint 1 of 2: Count on your fingers."
    assert hints[1] == hints[2] == "Hint 2 of 2: Not five. This was the last hint; solution() shows one way."
    assert hints[-1] == "answer = 4"


def test_an_unknown_exercise_is_named_and_messages_are_escaped(two):
    assert "<script>" not in checking.Message("Not yet:", "<script>")._repr_html_()
    with pytest.raises(CourseError, match="'98.7'.*99.1"):
        exercise("98.7")


def test_progress_counts_exercises_and_quiz_and_two_writers_lose_nothing(results_dir, capsys):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: progress.record(f"quiz 00.{n % 4}", progress.NOT_YET), range(40)))
    assert [count for _, count in progress.tries().values()] == [10] * 4
    first = next(iter(all_exercises()))
    progress.record(f"exercise {first}", progress.CORRECT)
    checking.show_progress()
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(first[:2]))
    assert "1 of" in line and "0 of 5" in line


def test_a_damaged_file_is_set_aside(results_dir, capsys):
    results_dir.mkdir()
    (results_dir / "progress.sqlite").write_bytes(b"this is not a database" * 100)
    progress.record("quiz 00.1", progress.CORRECT)
    assert "set aside as progress-damaged-" in capsys.readouterr().out
    assert progress.tries() == {"quiz 00.1": ("correct", 1)}
    assert len(list(results_dir.glob("progress-damaged-*.sqlite"))) == 1


def test_a_file_that_cannot_be_opened_does_not_stop_the_lesson(results_dir, capsys):
    (results_dir / "progress.sqlite").mkdir(parents=True)
    progress.record("quiz 00.1", progress.CORRECT)
    assert "could not be kept" in capsys.readouterr().out
    assert progress.tries() == {}


def test_a_file_that_another_kernel_holds_for_a_moment_is_waited_for(results_dir):
    progress.record("quiz 00.1", progress.NOT_YET)
    other = sqlite3.connect(results_dir / "progress.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(progress.record, "quiz 00.1", progress.CORRECT)
        other.execute("commit")
        waiting.result()
    other.close()
    assert progress.tries()["quiz 00.1"] == ("correct", 2)
