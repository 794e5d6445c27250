"""The quiz without a browser: choices come in as the browser sends them, feedback goes out."""

import pytest

from course.errors import CourseError
from course.exercises.progress import tries
from course.material.lessons import QuizQuestion, lesson
from widgets.lessons.quiz_view import QuizView, quiz

QUESTIONS = (
    QuizQuestion("One?", ("a", "b"), 1, "Because of b."),
    QuizQuestion("Two?", ("a", "b", "c"), 0, "Because of a."),
)


def test_a_right_choice_explains_itself_and_is_kept(results_dir):
    view = QuizView("00", QUESTIONS)
    view.chosen = [1, -1]
    assert view.feedback == ["Correct. Because of b.", ""]
    assert tries() == {"quiz 00.1": ("correct", 1)}


def test_a_wrong_choice_does_not_give_the_answer_away(results_dir):
    view = QuizView("00", QUESTIONS)
    view.chosen = [-1, 2]
    assert view.feedback[1].startswith("Not yet.") and "Because" not in view.feedback[1]
    view.chosen = [-1, 0]
    assert tries() == {"quiz 00.2": ("correct", 2)}


def test_a_lesson_has_its_own_quiz_and_an_unknown_one_is_named():
    assert [shown["question"] for shown in quiz("00").questions] == [q.question for q in lesson("00").quiz]
    state = str(QuizView("00", QUESTIONS).get_state())
    assert "Two?" in state and "Because" not in state and "answer" not in state
    with pytest.raises(CourseError, match="'99'"):
        quiz("99")
