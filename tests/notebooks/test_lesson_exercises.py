"""The exercises of lessons 09 to 11 against the models, the checks of the course, and wrong answers."""

import pytest

from course.exercises import lesson_09
from course.exercises.checking import all_exercises, grade
from course.exercises.lesson_10 import CASES, REASONS, TURNS
from course.exercises.lesson_11 import CHOICES, planted, results
from course.measuring.evaluate import compare
from course.tuning.checks import leaks
from widgets.cost.inputs import load
from widgets.cost.model import bills, break_even_volumes
from widgets.decision.answers import Answers
from widgets.decision.model import advise, turn
from widgets.decision.rules import next_rung
from widgets.decision.tables import QUESTION, RUNG

EXERCISE = all_exercises()
PAIR = ("prompt", "self_hosted_lora")


def test_the_third_unit_turns_where_the_model_says():
    only_the_invented_costs = dict.fromkeys(
        (
            *(f"case.{name}" for name in ("growth", "decline", "gpu_decline", "error_cost")),
            *(f"{name}.{part}" for name in PAIR for part in ("setup_hours", "upkeep", "examples")),
            *(f"{name}.variable" for name in PAIR),
            *("self_hosted_lora.evaluated", "self_hosted_lora.retrains", "self_hosted_lora.gpu_hours"),
            *("prompt.output", "self_hosted_lora.prefix", "self_hosted_lora.delay"),
        ),
        0,
    )
    invented = load(PAIR).with_values(only_the_invented_costs)
    invented = invented.with_values(
        {
            "prompt.prefix": 1e6 * lesson_09.SAVED_PER_OUTPUT / invented.base()["prompt.input_price"],
            "self_hosted_lora.hosting": lesson_09.UNIT,
            "self_hosted_lora.capacity": lesson_09.CAPACITY,
            "self_hosted_lora.upkeep": lesson_09.UPKEEP / invented.base()["case.rate"],
        }
    )
    crossings = [crossing.at for crossing in break_even_volumes(invented, *PAIR)]
    assert crossings[-2:] == pytest.approx(lesson_09.TURNS_AT)
    assert len(crossings) == 5


def test_parts_leaks_and_results_are_those_of_the_models():
    parts = bills(load())["prompt"].parts
    assert lesson_09.NAMED | lesson_09.FORGOTTEN == set(parts)
    assert not lesson_09.NAMED & lesson_09.FORGOTTEN
    chats, measured, rows = planted()
    assert list(leaks(chats, measured, "test").rows) == rows
    exact = {chat.text for chat in measured}
    assert 0 < sum(chats[row].text in exact for row in rows) < len(rows)


@pytest.mark.parametrize(("words", "n", "both", "only_new", "only_old", "replaces"), CHOICES)
def test_the_two_results_are_as_the_exercise_says(words, n, both, only_new, only_old, replaces):
    step = compare(*results(n, both, only_new, only_old))
    assert (step.n, step.both, step.only_a, step.only_b) == (n, both, only_new, only_old)
    assert (step.difference > 0 and step.p_value < 0.05) == replaces


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


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("10.1", {"A": ("fine_tune", "ready"), "B": ("x", "y"), "C": ("x", "y")}, "case A does not go to"),
        ("10.1", {"A": ("retrieval", "volume"), "B": ("x", "y"), "C": ("x", "y")}, "what decides"),
        ("10.1", {"A": ("retrieval", "because"), "B": ("x", "y"), "C": ("x", "y")}, "is not a reason"),
        ("10.1", {"A": ("retrieval", "facts")}, "KeyError"),
        ("10.3", ("labels", "up", 5_000), "stays"),
        ("10.3", ("labels", "down", 700), "still the same"),
        ("10.3", ("labels", "down", 100), "already before"),
        ("10.3", ("accepted_rate", "up", 0.095), "still the same"),
        ("10.3", ("mood", "up", 1), "mood"),
        ("10.3", "labels", "raised"),
        ("11.1", lambda chats, held_out: None, "None"),
        ("11.1", lambda chats, held_out: [], "row 4"),
        ("11.1", lambda chats, held_out: range(len(chats)), "in no other set"),
        ("11.1", lambda chats: [], "TypeError"),
        ("11.2", lambda new, old: True, "7 only with the new one"),
        ("11.2", lambda new, old: False, "24 of 72"),
        ("11.2", lambda new, old: compare(new, old).p_value < 0.05, "20 only with the old one"),
    ],
)
def test_a_wrong_answer_says_where_and_why(id, answer, said):
    state, reason = grade(EXERCISE[id], answer)
    assert state == "not yet" and said in reason


@pytest.mark.parametrize("answer", [(name, turn["direction"], turn["at"]) for name, turn in TURNS.items()])
def test_each_threshold_of_the_file_is_right(answer):
    assert grade(EXERCISE["10.3"], answer) == ("correct", "")
