"""The few-shot sweep: which examples are chosen, and that a second run reads the answers of the first."""

import random

import pytest

from course.engine.client import connect
from course.material.data import QUEUES, tickets
from course.measuring.evaluate import Result
from course.rungs.few_shot import CHOICES, COUNTS, changed, choosers, mislabelled, sweep


@pytest.fixture
def choose():
    return choosers(tickets("test")[:3], tickets("train"))


def test_every_choice_gives_as_many_examples_as_asked_fixed_ones_the_same_for_all(choose):
    ticket = tickets("test")[0]
    assert tuple(choose) == CHOICES
    for pick in choose.values():
        assert [len({example.id for example in pick(ticket, count)}) for count in COUNTS] == list(COUNTS)
    first, second = tickets("test")[:2]
    assert choose["fixed"](first, 5) == choose["fixed"](second, 5)
    assert [example.queue for example in choose["fixed"](first, 18)] == list(QUEUES)
    assert choose["random"](first, 5) != choose["random"](second, 5)
    assert choose["retrieved"](first, 5) != choose["retrieved"](second, 5)
    ticket = tickets("test")[0]
    assert choose["retrieved"](ticket, 8)[-3:] == choose["retrieved"](ticket, 3)
    random.seed(7)
    ticket = tickets("test")[0]
    again = choosers([ticket], tickets("train"))
    assert again["random"](ticket, 18) == choose["random"](ticket, 18)


def test_a_second_sweep_reads_the_recorded_answers(engine, results_dir):
    client, model = connect(mode="local")
    rows = tickets("test")[:2]
    first = sweep(rows, client, model, counts=(0, 1))
    asked = client.meter.requests - client.meter.replayed
    assert [(reading.choice, reading.count) for reading in first] == [(c, n) for c in CHOICES for n in (0, 1)]
    assert asked <= 4 * len(rows)  # without an example all choices send the same request
    assert sweep(rows, client, model, counts=(0, 1)) == first
    assert client.meter.requests - client.meter.replayed == asked


def test_mislabelled_examples_keep_their_texts_and_changed_replies_are_counted():
    train = tickets("train")
    wrong = mislabelled(train)
    assert [each.text for each in wrong] == [each.text for each in train]
    assert not any(each.queue == before.queue for each, before in zip(wrong, train, strict=True))
    rows = tickets("dev")[:3]
    one, other = (
        Result.from_replies(rows, {row.id: reply for row, reply in zip(rows, replies, strict=True)}, name="r")
        for replies in (QUEUES[:3], (QUEUES[0], QUEUES[5], QUEUES[2]))
    )
    assert changed(one, other) == 1 and changed(one, one) == 0
