"""The few-shot sweep: which examples are chosen, and that a second run reads the answers of the first."""

import random

import pytest

from course.engine.client import connect
from course.material.data import QUEUES, tickets
from course.rungs.few_shot import CHOICES, COUNTS, choosers, sweep


@pytest.fixture
def choose():
    return choosers(tickets("test")[:3], tickets("train"))


def test_every_choice_gives_as_many_different_examples_as_asked(choose):
    ticket = tickets("test")[0]
    assert tuple(choose) == CHOICES
    for pick in choose.values():
        assert [len({example.id for example in pick(ticket, count)}) for count in COUNTS] == list(COUNTS)


def test_fixed_examples_are_the_same_for_all_and_the_others_are_not(choose):
    first, second = tickets("test")[:2]
    assert choose["fixed"](first, 5) == choose["fixed"](second, 5)
    assert [example.queue for example in choose["fixed"](first, 18)] == list(QUEUES)
    assert choose["random"](first, 5) != choose["random"](second, 5)
    assert choose["retrieved"](first, 5) != choose["retrieved"](second, 5)


def test_more_retrieved_examples_go_before_the_best_ones(choose):
    ticket = tickets("test")[0]
    assert choose["retrieved"](ticket, 8)[-3:] == choose["retrieved"](ticket, 3)


def test_the_draw_is_the_same_every_time(choose):
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
