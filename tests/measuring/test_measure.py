"""The few-shot sweep: what is measured, and the file that keeps it."""

import os
import random
from dataclasses import replace

import pytest

from course import measure
from course.engine.client import connect
from course.errors import CourseError
from course.material.data import QUEUES, tickets
from course.measure import CHOICES, COUNTS, FewShotReading, choosers, few_shot, read_readings
from course.measuring.provenance import write_rows

READING = FewShotReading(
    choice="fixed",
    count=5,
    n=360,
    right=30,
    valid=200,
    low=0.059,
    high=0.116,
    input_tokens=337.2,
    output_tokens=4.5,
    seconds=0.15,
    command=measure.FEW_SHOT_COMMAND,
    date="2026-11-20",
    machine="two cores",
    cores=2,
    fingerprint="abc",
    seed=1,
)


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
    first = few_shot(rows, client, model, counts=(0, 1))
    asked = client.meter.requests - client.meter.replayed
    assert [(reading.choice, reading.count) for reading in first] == [(c, n) for c in CHOICES for n in (0, 1)]
    assert asked <= 4 * len(rows)  # without an example all choices send the same request
    assert few_shot(rows, client, model, counts=(0, 1)) == first
    assert client.meter.requests - client.meter.replayed == asked


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "sweep.csv"
    readings = [READING, replace(READING, choice="random", machine='a "quoted", name')]
    write_rows(readings, path)
    assert read_readings(path) == readings
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "sweep.csv"
    write_rows([READING], path)

    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_rows([READING, READING], path)
    assert read_readings(path) == [READING]
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_names_the_command(tmp_path):
    with pytest.raises(CourseError, match="sweep.csv is not measured yet.*course.measure few-shot"):
        read_readings(tmp_path / "sweep.csv")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("choice,count", "choice,number", "line 1: the column 'count' is missing"),
        (",30,", ",thirty,", "line 2: right is 'thirty'; input should be a valid integer"),
        (",30,", ",300,", "line 2: 300 right and 200 valid of 360 cannot be"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, old, new, message):
    path = tmp_path / "sweep.csv"
    write_rows([READING], path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(CourseError, match=message):
        read_readings(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["few-shot", "--rows", "18"], "name another file for it with --output"),
        (["few-shot", "--rows", "0", "--output", "part.csv"], "--rows is 0; give 1 to 360"),
    ],
)
def test_a_part_never_replaces_the_whole(words, message):
    with pytest.raises(SystemExit, match=message):
        measure.main(words)
