"""Two readers: their agreement, the tickets on which they differ, and what the decisions move."""

import pytest
from sklearn.metrics import cohen_kappa_score

from course.errors import CourseError
from course.material import data, large_model
from course.measuring import adjudicate
from course.measuring.adjudicate import DecidedLabel

TRAIN, TEST, READINGS = data.tickets("train"), data.tickets("test"), data.readings()
TAUGHT = {label.id: label.queue for label in large_model.teacher_labels()}
NAMES = READINGS["names"].to_dict()


def test_kappa_is_that_of_scikit_learn_and_lies_in_its_interval():
    experts, teacher = [ticket.queue for ticket in TRAIN], [TAUGHT[ticket.id] for ticket in TRAIN]
    found = adjudicate.agreement(experts, teacher)
    assert found.kappa == pytest.approx(cohen_kappa_score(experts, teacher))
    assert (found.n, found.agreed) == (810, 781) and found.low < found.kappa < found.high < 1


def test_readers_who_always_name_the_commonest_agree_often_and_by_chance():
    found = adjudicate.agreement(["a"] * 90 + ["b"] * 10, ["b"] + ["a"] * 99)
    assert found.agreed == 89 and found.kappa == pytest.approx(0, abs=0.05) and found.low < 0 < found.high


def test_readers_who_never_differ_have_a_kappa_of_one():
    assert adjudicate.agreement(["a", "b"], ["a", "b"]).kappa == 1


def test_every_ticket_on_which_the_readers_differ_is_decided_for_one_of_them_or_both():
    apart = adjudicate.disagreements(TRAIN, TAUGHT) + adjudicate.disagreements(TEST, NAMES)
    decided = adjudicate.decided()
    assert [ticket.id for ticket in apart] == list(decided)
    for ticket in apart:
        sides = {ticket.queue, (TAUGHT | NAMES)[ticket.id]}
        assert decided[ticket.id].queues <= sides
        if ticket.rule and len(decided[ticket.id].queues) == 1:
            assert decided[ticket.id].rule == ticket.rule


def test_what_is_left_open_was_in_doubt_before():
    left_open = {id for id, label in adjudicate.decided().items() if label.also}
    doubts = data.second_readings().query("not sure").index
    assert left_open and left_open <= set(doubts) and len(doubts) < 0.05 * len(data.second_readings())


def test_a_decision_moves_a_count_by_little_and_labels_without_the_policy_move_the_order():
    by_decision = {id: label.queues for id, label in adjudicate.decided().items()}
    by_names = {id: {queue} for id, queue in NAMES.items()}
    policy, examples = (READINGS[name].to_dict() for name in ("policy", "examples"))
    for replies in (policy, examples):
        moved = adjudicate.right(TEST, replies, by_decision) - adjudicate.right(TEST, replies, {})
        assert 0 <= moved <= 2
    assert adjudicate.right(TEST, policy, {}) > adjudicate.right(TEST, examples, {})
    assert adjudicate.right(TEST, policy, by_names) < adjudicate.right(TEST, examples, by_names)


def test_an_unknown_queue_in_the_file_is_named(tmp_path, monkeypatch):
    path = tmp_path / "decided.csv"
    path.write_text("id,queue,rule,why,also\nT1,letters,0,because,\n")
    monkeypatch.setattr(adjudicate, "FILE", path)
    with pytest.raises(CourseError, match="letters"):
        adjudicate.decided()


def test_a_label_without_a_second_queue_counts_one():
    assert DecidedLabel("T1", "safety", 1, "smoke").queues == {"safety"}
