"""The checks find what is planted in the data, and the course's own data are as its card says."""

import dataclasses
import random

import pytest

from course.errors import CourseError
from course.material.data import QUEUES, second_readings, tickets
from course.tuning import checks as checks
from course.tuning.chats import TrainingChat, routing_chats

TRAIN = routing_chats(tickets("train"))
TEST = routing_chats(tickets("test"))


def with_text(chat: TrainingChat, text: str) -> TrainingChat:
    return dataclasses.replace(chat, text=text)


def test_the_courses_tickets_are_clean():
    held_out = {"dev": routing_chats(tickets("dev")), "test": TEST}
    second = checks.second_reading(tickets("train"), second_readings())
    report = checks.check_chats(TRAIN, held_out, [len(chat.text) for chat in TRAIN], 8192, [second])
    found = {finding.check: len(finding.rows) for finding in report.findings}
    assert found["same text twice"] == found["text of dev"] == found["text of test"] == 0
    assert found["nearly the same text"] == found["rare answer"] == found["too long"] == 0
    assert found["nearly a text of dev"] + found["nearly a text of test"] <= 5
    assert found["doubt of a second reader"] == 19
    assert found["answer unlike its neighbours'"] < 0.15 * len(TRAIN)
    assert len(report.to_read) <= sum(found.values()) and report.hours(2) == len(report.to_read) / 30
    assert list(report.frame.index) == list(found)
    assert "In all" in str(report)


def test_copies_leaks_contradictions_and_long_or_rare_examples_are_found():
    copy = with_text(TRAIN[0], f"  {TRAIN[0].text.upper()} ")
    other = dataclasses.replace(TRAIN[1], answer="safety")
    finding = checks.copies([*TRAIN[:5], copy, other])
    assert finding.rows == (5, 6)
    assert finding.says.startswith("1 of them")
    near = with_text(TRAIN[3], TRAIN[3].text.rstrip(".!?") + " please.")
    finding = checks.near_copies([*TRAIN[:5], near, TRAIN[0]])
    assert finding.rows == (5,)
    assert checks.too_long([10, 200, 11], 128).rows == (1,)
    chats = [*(TrainingChat("s", f"a {number}", "a") for number in range(10)), TrainingChat("s", "b", "b")]
    finding = checks.balance(chats)
    assert finding.rows == (10,)
    assert "2 answers, from 1 examples (b) to 10" in finding.says
    near = with_text(TEST[1], TEST[1].text.rstrip(".!?") + " please.")
    chats = [*TRAIN[:3], TEST[0], near]
    assert checks.leaks(chats, TEST, "test").rows == (3,)
    assert checks.near_leaks(chats, TEST, "test").rows == (4,)
    assert checks.near_leaks(chats, [], "test").rows == ()


def test_most_wrong_labels_are_unlike_their_neighbours():
    draw = random.Random(1)
    wrong = set(draw.sample(range(len(TRAIN)), 243))
    chats = [
        dataclasses.replace(chat, answer=draw.choice([queue for queue in QUEUES if queue != chat.answer]))
        if row in wrong
        else chat
        for row, chat in enumerate(TRAIN)
    ]
    found = set(checks.lonely_answers(chats).rows)
    assert len(found & wrong) > 0.75 * len(wrong)
    assert len(found & wrong) > 0.6 * len(found)


def test_small_empty_blank_and_one_sided_data_and_unknown_tickets_are_handled():
    assert checks.near_copies(TRAIN[:1]).rows == ()
    assert checks.lonely_answers(TRAIN[:5]).rows == ()
    with pytest.raises(CourseError, match="There are 0 examples to train on; give at least 10"):
        checks.check_chats([], {}, [], 10)
    with pytest.raises(CourseError, match="There are 1 lengths for 2 chats"):
        checks.check_chats(TRAIN[:2], {}, [7], 10)
    alike = [dataclasses.replace(chat, answer="safety") for chat in TRAIN[:12]]
    blank = [*TRAIN[:11], with_text(TRAIN[11], " ")]
    for chats, says in (
        (alike, "All 12 examples have the answer 'safety'"),
        (blank, "Example 12 has a blank"),
    ):
        with pytest.raises(CourseError, match=says):
            checks.check_chats(chats, {}, [7] * len(chats), 10)
    unknown = dataclasses.replace(tickets("train")[0], id="X1")
    with pytest.raises(CourseError, match="no second reading of ticket 'X1'"):
        checks.second_reading([unknown], second_readings())
