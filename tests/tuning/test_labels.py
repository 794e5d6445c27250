"""What labels buy: the sources say truly whose labels they hold, and a sweep keeps each reading once."""

from pathlib import Path

import pandas as pd
import pytest

from course.errors import CourseError
from course.files import locked
from course.material.data import tickets
from course.measuring.evaluate import evaluate
from course.measuring.provenance import read_rows, write_rows
from course.measuring.results import Comparison, Result
from course.tuning import labels
from course.tuning.adapters import Adapter
from course.tuning.experiments import from_templates
from course.tuning.labels import ADAPTER, EXPERTS, HEAD, SEEDS, TEACHER, TEMPLATES
from tests import disk

RIGHT = {ticket.id: ticket.queue for ticket in tickets("train")}


@pytest.fixture(scope="module")
def sources() -> dict[tuple[str, int], labels.LabelSource]:
    every = (*labels.by_amount(1), *labels.cures(1))
    return {(source.labels, len(source.tickets)): source for source in every}


def wrong(source: labels.LabelSource) -> set[str]:
    return {ticket.id for ticket in source.tickets if RIGHT[ticket.id] != ticket.queue}


@pytest.mark.slow  # trains a head
def test_the_experts_are_right_and_the_teacher_errs_on_the_same_tickets(sources):
    assert not wrong(sources[EXPERTS, 810])
    assert len(wrong(sources[TEACHER, 810])) == 29
    drawn = [[ticket.id for ticket in sources[who, 100].tickets] for who in (EXPERTS, TEACHER)]
    assert drawn[0] == drawn[1] and sources[EXPERTS, 100].read == 100 and sources[TEACHER, 100].read == 0


@pytest.mark.slow  # trains a head
def test_reading_the_doubtful_labels_only_takes_errors_away(sources):
    errors = wrong(sources[TEACHER, 810])
    for count in labels.CHECKED:
        source = sources[f"{TEACHER}, {count} doubtful ones read", 810]
        assert wrong(source) < errors and source.read == count
        errors = wrong(source)


@pytest.mark.slow  # trains a head
def test_a_filter_keeps_labels_of_the_teacher(sources):
    kept = [source for (name, _), source in sources.items() if name.startswith(f"{TEACHER}, surest")]
    assert [len(source.tickets) for source in kept] == [round(share * 810) for share in labels.SURE]
    assert all(wrong(source) <= wrong(sources[TEACHER, 810]) for source in kept)


def test_another_seed_draws_other_tickets_and_fills_other_templates():
    one, two = (next(labels.by_amount(seed)) for seed in SEEDS[:2])
    assert {ticket.id for ticket in one.tickets} != {ticket.id for ticket in two.tickets}
    made = [from_templates(40, seed) for seed in SEEDS[:2]]
    assert made[0] != made[1] and from_templates(40, SEEDS[0]) == made[0]


def test_the_curve_keeps_epochs_and_steps_apart():
    points = labels.curve()
    by_seed = {seed: [each for each in points if each.seed == seed] for seed in SEEDS}
    assert sum(map(len, by_seed.values())) == len(points) == len({each.key for each in points})
    for some in by_seed.values():
        found = {(len(each.source.tickets), each.steps) for each in some}
        same_steps = {examples for examples, steps in found if steps == labels.SAME_STEPS}
        same_epochs = {examples for examples, steps in found if steps == labels.steps_of(ADAPTER, examples)}
        assert same_steps == same_epochs == {50, 100, 200, 400, 810}
        # 400 take as many steps in two epochs, so one training stands for both.
        assert len(found) == 10 and (labels.HALF, labels.steps_of(ADAPTER, 810)) in found
    assert {each.source.labels for each in points} == {EXPERTS}
    assert sum(each.seconds for each in points) < 200 * 60


class Stopped(Exception):
    """The process is killed."""


@pytest.fixture
def measured(tmp_path, monkeypatch) -> list[str]:
    """The points that were measured, with an adapter that takes no time, in a file of their own."""
    asked: list[str] = []

    def answer(point: labels.Point, client: None) -> Result:
        if asked.count("stop"):
            raise Stopped
        asked.append(str(point))
        return evaluate(tickets("test")[:9], lambda ticket: ticket.queue, name=str(point))

    monkeypatch.setattr(labels, "FILE", tmp_path / "labels.csv")
    monkeypatch.setattr(labels, "_LEARN", {ADAPTER: answer})
    return asked


@pytest.fixture
def few() -> list[labels.Point]:
    """Three points, the cheapest last."""
    source = labels.LabelSource(EXPERTS, tickets("train")[:60], 60)
    return [labels.Point(ADAPTER, source, steps, 1) for steps in (30, 20, 10)]


def steps_in_file() -> list[int]:
    return [reading.steps for reading in labels.read()]


def test_the_cheapest_is_measured_first_and_what_is_left_is_said(measured, few, results_dir, capsys):
    readings = labels.sweep(few, None)
    assert [reading.steps for reading in readings] == steps_in_file() == [10, 20, 30]
    said = [line for line in capsys.readouterr().out.splitlines() if " left, about " in line]
    minutes = sum(point.seconds for point in few) / 60
    assert said[0] == f"3 left, about {minutes:.0f} minutes; now {few[-1]}"
    assert [line.split()[0] for line in said] == ["3", "2", "1"]


def test_what_was_stopped_between_two_points_goes_on_and_nothing_is_measured_twice(
    measured, few, results_dir, monkeypatch
):
    def write_and_stop(rows: list, path: Path) -> None:
        write_rows(rows, path)
        measured.append("stop")

    monkeypatch.setattr(labels, "write_rows", write_and_stop)
    with pytest.raises(Stopped):
        labels.sweep(few, None)
    assert steps_in_file() == [10]
    monkeypatch.setattr(labels, "write_rows", write_rows)
    measured.clear()
    assert [reading.steps for reading in labels.sweep(few, None)] == [10, 20, 30]
    assert measured == [str(few[1]), str(few[0])]
    assert labels.sweep(few, None) == labels.read() and len(measured) == 2


def test_a_full_disk_keeps_what_was_measured_and_says_so(measured, few, results_dir, monkeypatch):
    first = labels.sweep(few[2:], None)

    monkeypatch.setattr(pd.DataFrame, "to_csv", disk.full)
    with pytest.raises(CourseError, match="labels.csv cannot be written .No space left.*; free some"):
        labels.sweep(few, None)
    assert labels.read() == first


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "adapter, 0 of experts, 10 steps, seed 1: There are 0 examples"),
        (tickets("train")[:4], "There are 4 examples"),
        ([ticket for ticket in tickets("train") if ticket.queue == "plant_care"], "All .* 'plant_care'"),
    ],
    ids=["empty", "tiny", "one class"],
)
def test_labels_to_learn_nothing_from_are_refused_before_the_first_training(
    measured, few, rows, says, results_dir
):
    bad = labels.Point(ADAPTER, labels.LabelSource(EXPERTS, rows, 0), 10, 1)
    with pytest.raises(CourseError, match=says):
        labels.sweep([*few, bad], None)
    assert measured == [] and not labels.FILE.exists()


def test_two_processes_do_not_measure_at_once(measured, few, results_dir):
    with locked(results_dir / "labels.lock", ""), pytest.raises(CourseError, match="wait for it"):
        labels.sweep(few, None)


def test_the_upgrade_has_a_training_of_the_small_size_beside_each_of_its_own():
    of_small = {(len(each.source.tickets), each.steps, each.seed) for each in labels.curve()}
    assert {(len(each.source.tickets), each.steps, each.seed) for each in labels.upgrade()} < of_small
    assert labels._LEARN.keys() == labels.EPOCHS.keys() == labels._SECONDS.keys()


@pytest.mark.slow  # trains
def test_an_adapter_takes_just_its_steps_and_sees_no_dev_set(tmp_path, results_dir, monkeypatch):
    from course.tuning import lora
    from tests import tiny_model

    base = tiny_model.write(tmp_path / "base", family="bloom")  # reads texts of any length
    trained: list[Adapter] = []

    def train_tiny(*given, **named) -> Adapter:
        trained.append(train(*given, **{**named, "base": base}))
        return trained[-1]

    train = lora.train
    monkeypatch.setattr(lora, "train", train_tiny)
    for name in ("serve", "close", "discard"):
        monkeypatch.setattr(labels.serving, name, lambda _: "tiny")
    monkeypatch.setattr(labels, "route", lambda client, model, ticket: ticket.queue)
    monkeypatch.setattr(labels, "FILE", tmp_path / "labels.csv")
    source = labels.LabelSource(EXPERTS, tickets("train")[:20], 20)
    asked = [labels.Point(ADAPTER, source, steps, 2) for steps in (3, 5)]
    readings = labels.sweep(asked, None)
    assert [adapter.card.steps for adapter in trained] == [reading.steps for reading in readings] == [3, 5]
    assert all(adapter.card.dev == [] and adapter.card.settings["seed"] == 2 for adapter in trained)
    assert all(reading.right == 360 and set(reading.rows) == {"1"} for reading in readings)


MEASURED = labels.read()


def test_the_counts_are_those_of_the_rows():
    for reading in MEASURED:
        assert len(reading.rows) == reading.n == 360 and reading.rows.count("1") == reading.right
    assert len({reading.key for reading in MEASURED}) == len(MEASURED)


def step(seed: int, one: str, other: str) -> Comparison:
    found = {
        each.labels: each
        for each in MEASURED
        if (each.learner, each.examples, each.seed) == (HEAD, 810, seed)
    }
    return labels.compared(found[one], found[other])


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_taught_of_labels_for_the_head(seed):
    assert step(seed, TEACHER, EXPERTS).p_value > 0.2  # nobody's handwork is missed
    assert step(seed, TEACHER, TEMPLATES).difference > 0.1 and step(seed, TEACHER, TEMPLATES).p_value < 0.001
    assert abs(step(seed, TEACHER, f"{TEACHER}, 200 doubtful ones read").difference) < 0.03
    filtered = [
        each for each in MEASURED if (each.learner, each.seed) == (HEAD, seed) and "surest" in each.labels
    ]
    assert filtered and all(each.right <= 296 for each in filtered)  # all of the teacher's: 296


def test_more_labels_help_the_head_at_every_seed():
    for seed in SEEDS:
        shares = [
            each.accuracy
            for each in MEASURED
            if (each.learner, each.labels, each.seed) == (HEAD, EXPERTS, seed)
        ]
        assert shares == sorted(shares) and shares[-1] - shares[0] > 0.2


def test_a_missing_file_names_the_command(tmp_path):
    with pytest.raises(CourseError, match="course.measure labels"):
        read_rows(labels.LabelReading, tmp_path / "labels.csv", labels.COMMAND)
