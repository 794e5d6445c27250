"""Public questions against the decision model: how often its next step is one that an expert would take."""

from collections import Counter

import pytest

from course.files import read_toml
from course.paths import DATA
from widgets.decision.answers import Answers
from widgets.decision.model import advise
from widgets.decision.tables import RUNG

QUESTIONS = read_toml(DATA / "decision_questions.toml")["question"]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["situation"][:50])
def test_the_file_says_what_the_model_advises_and_whether_an_expert_would(question):
    advice = advise(Answers(**question["answers"]))
    assert advice.next.key == question["ours"] and advice.reasons
    agrees = question["ours"] in question["good"]
    assert question["judgement"].startswith("agrees" if agrees else "differs: ")
    assert set(question["good"]) <= set(RUNG)
    assert question["expert"] and (question["set"] == "known" or question["source"].startswith("https://"))


def test_the_score_on_public_questions():
    agree = Counter(question["set"] for question in QUESTIONS if question["judgement"] == "agrees")
    assert Counter(question["set"] for question in QUESTIONS) == {"known": 11, "found": 15}
    assert agree == {"known": 11, "found": 14}
