"""The training data of the sweep, and what its file says."""

import re
from collections import Counter

import pytest

from course.errors import CourseError
from course.material.data import QUEUES, tickets
from course.measuring.results import wilson
from course.tuning import experiments
from course.tuning.chats import routing_chats

TRAIN = tickets("train")
RIGHT = routing_chats(TRAIN)


def test_smaller_choices_are_part_of_larger_ones_and_spread_over_the_queues():
    choices = [experiments.some(TRAIN, count) for count in experiments.CURVE]
    for fewer, more in zip(choices, choices[1:], strict=False):
        assert more[: len(fewer)] == fewer
    for count, chosen in zip(experiments.CURVE, choices, strict=True):
        by_queue = Counter(ticket.queue for ticket in chosen)
        assert len(set(chosen)) == count and len(by_queue) == len(QUEUES)
        assert max(by_queue.values()) - min(by_queue.values()) <= 1
    with pytest.raises(CourseError, match="count is 811; ask for 1 to 810"):
        experiments.some(TRAIN, 811)


def test_wrong_labels_are_thirty_per_cent_and_wrong():
    spoilt = experiments.wrong_labels(TRAIN)
    changed = [(was, now) for was, now in zip(RIGHT, spoilt, strict=True) if was != now]
    assert len(changed) == round(0.3 * len(TRAIN))
    assert all(was.text == now.text and now.answer in QUEUES for was, now in changed)


def test_outdated_answers_are_those_of_the_earlier_prompt():
    old = experiments.outdated(TRAIN)
    rows = experiments.spoilt_rows(len(TRAIN))
    for row, (was, now) in enumerate(zip(RIGHT, old, strict=True)):
        expected = (
            experiments.MERGED.get(was.answer, was.answer).replace("_", " ") if row in rows else was.answer
        )
        assert now.answer == expected
    assert not set(experiments.MERGED) & set(experiments.MERGED.values())
    assert set(experiments.MERGED) | set(experiments.MERGED.values()) <= set(QUEUES)


def test_templates_fill_their_slots_and_know_every_queue():
    chats = experiments.from_templates(200)
    assert {chat.answer for chat in chats} == set(QUEUES)
    assert not [chat.text for chat in chats if re.search(r"[{}]", chat.text)]
    assert chats == experiments.from_templates(200)
    known = {row.text for split in ("dev", "test") for row in tickets(split)}
    assert not known & {chat.text for chat in chats}


def test_few_examples_are_seen_more_often():
    assert [experiments.settings_for(count).epochs for count in (50, 100, 200, 400, 810)] == [10, 10, 8, 4, 2]


def test_every_point_has_chats_and_no_other():
    names = [name for group in experiments.POINTS.values() for name in group]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(experiments.chats_for(name)) >= 50
    with pytest.raises(CourseError, match="no point '60 written'; use one of 50 written"):
        experiments.chats_for("60 written")


def test_the_file_holds_every_point_once_with_its_interval():
    points = experiments.read()
    expected = {name for names in experiments.POINTS.values() for name in names}
    expected |= {experiments.SCHEMA, experiments.ENCODER}
    assert sorted(point.name for point in points) == sorted(expected)
    for point in points:
        chats = experiments.WHOLE if point.name in (experiments.SCHEMA, experiments.ENCODER) else point.name
        assert point.n == len(tickets("test")) and point.examples == len(experiments.chats_for(chats))
        assert (point.low, point.high) == pytest.approx(wilson(point.right, point.n), abs=1e-4)
        assert (point.typical <= 270) and (point.hard <= 54) and (point.boundary <= 36)


def test_a_damaged_row_is_named():
    point = experiments.read()[0]
    with pytest.raises(CourseError, match="the kinds do not add up"):
        experiments.TrainedPoint(**{**vars(point), "hard": point.hard + 1})
