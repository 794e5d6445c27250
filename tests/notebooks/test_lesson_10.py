"""The three cases of lesson 10 against the decision model, and its exercises against wrong answers."""

import pytest

from course.exercises.checking import grade
from course.exercises.lesson_10 import CASES, EXERCISES, REASONS, TURNS
from widgets.decision.answers import Answers
from widgets.decision.model import advise, turn
from widgets.decision.rules import next_rung
from widgets.decision.tables import QUESTION, RUNG


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> dict:
    return CASES[request.param]


def test_the_model_sends_each_case_where_the_file_says(case):
    assert advise(Answers(**case["answers"])).next.key == case["next"]
    assert case["reason"] in REASONS


def test_the_reason_of_a_case_is_what_decides_it():
    repaired = {
        "A": {"wrong": ["behaviour"]},
        "B": {"evaluation_rows": 500, "failure_rate": 0.2, "failures_sorted": True, "spread": "alike"},
    }
    tried = {
        "tried": ["prompt", "few_shot", "retrieved_examples", "another_model", "skill", "encoder", "cascade"],
        "cost_says": "costs less",
    }
    for name, other in repaired.items():
        assert next_rung(Answers(**(CASES[name]["answers"] | tried | other))) == "fine_tune"
    assert not advise(Answers(**CASES["C"]["answers"])).open


@pytest.mark.parametrize("name", TURNS)
def test_the_thresholds_of_case_c_are_those_of_the_model(name):
    answers, turns = Answers(**CASES["C"]["answers"]), TURNS[name]
    tried = turn(answers, name, turns["at"])
    assert tried.confirmed and tried.at == RUNG[turns["leads_to"]]
    assert turns["direction"] == ("up" if turns["at"] > getattr(answers, name) else "down")
    # Nothing on the other side turns it, as the exercise says.
    low, high = QUESTION[name].limits
    far = low if turns["direction"] == "up" else high
    assert turn(answers, name, far).at == tried.now


def grade_of(id: str, answer: object) -> tuple[str, str]:
    return grade(next(each for each in EXERCISES if each.id == id), answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"A": ("fine_tune", "ready"), "B": ("x", "y"), "C": ("x", "y")}, "case A does not go to"),
        ({"A": ("retrieval", "volume"), "B": ("x", "y"), "C": ("x", "y")}, "what decides"),
        ({"A": ("retrieval", "because"), "B": ("x", "y"), "C": ("x", "y")}, "is not a reason"),
        ({"A": ("retrieval", "facts")}, "KeyError"),
    ],
)
def test_a_wrong_choice_says_which_case(answer, said):
    state, reason = grade_of("10.1", answer)
    assert state == "not yet" and said in reason


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("labels", "up", 5_000), "stays"),
        (("labels", "down", 700), "still the same"),
        (("labels", "down", 100), "already before"),
        (("accepted_rate", "up", 0.095), "still the same"),
        (("mood", "up", 1), "mood"),
        ("labels", "raised"),
    ],
)
def test_a_wrong_threshold_says_on_which_side_it_is(answer, said):
    state, reason = grade_of("10.3", answer)
    assert state == "not yet" and said in reason


@pytest.mark.parametrize("answer", [(name, turn["direction"], turn["at"]) for name, turn in TURNS.items()])
def test_each_threshold_of_the_file_is_right(answer):
    assert grade_of("10.3", answer) == ("correct", "")
