"""Public questions against the decision model: how often its next step is one that an expert would take."""

from collections import Counter

import pytest

from course.files import read_toml
from course.paths import DATA
from widgets.decision.answers import Answers
from widgets.decision.model import advise
from widgets.decision.rules import RUNG

QUESTIONS = read_toml(DATA / "decision_questions.toml")["question"]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["situation"][:50])
def test_a_question_is_complete_and_gets_reasons(question):
    assert set(question["good"]) <= set(RUNG)
    assert question["expert"] and (question["set"] == "known" or question["source"].startswith("https://"))
    assert advise(Answers(**question["answers"])).reasons


def test_the_score_on_public_questions():
    agree = Counter(
        question["set"]
        for question in QUESTIONS
        if advise(Answers(**question["answers"])).next.key in question["good"]
    )
    asked = Counter(question["set"] for question in QUESTIONS)
    assert asked == {"known": 11, "found": 15}
    assert agree == {"known": 11, "found": 14}
