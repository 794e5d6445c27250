"""The quiz at the end of a lesson: native radio buttons, feedback in words, tries kept with the progress."""

import anywidget
import traitlets

from course.exercises.progress import CORRECT, NOT_YET, record
from course.material.lessons import QuizQuestion, lesson
from widgets.static import STATIC


class QuizView(anywidget.AnyWidget):
    """One lesson's questions. `chosen`: the option chosen for each, -1 for none; `feedback`: the words on it.

    The right answers stay in the kernel; only the feedback on a choice goes to the browser.
    """

    _esm = STATIC / "quiz.js"
    _css = STATIC / "quiz.css"
    questions: traitlets.List[dict] = traitlets.List().tag(sync=True)
    chosen = traitlets.List(trait=traitlets.Int()).tag(sync=True)
    feedback = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)

    def __init__(self, number: str, questions: tuple[QuizQuestion, ...]) -> None:
        self._number = number
        self._key = questions
        shown = [{"question": question.question, "options": list(question.options)} for question in questions]
        super().__init__(questions=shown, chosen=[-1] * len(questions), feedback=[""] * len(questions))

    @traitlets.observe("chosen")
    def _grade(self, change: traitlets.Bunch) -> None:
        feedback = list(self.feedback)
        for place, (choice, before) in enumerate(zip(change["new"], change["old"] or [], strict=False)):
            if choice == before:
                continue
            question = self._key[place]
            right = choice == question.answer
            record(f"quiz {self._number}.{place + 1}", CORRECT if right else NOT_YET)
            feedback[place] = f"Correct. {question.why}" if right else "Not yet. Choose another one."
        self.feedback = feedback


def quiz(number: str) -> QuizView:
    """The quiz of a lesson, such as quiz("01"), to end a cell with. Raises CourseError for no such lesson."""
    return QuizView(number, lesson(number).quiz)
