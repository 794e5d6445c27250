"""What labels buy: the sources say truly whose labels they hold, and a sweep keeps each reading once."""

import pytest

from course.errors import CourseError
from course.material.data import tickets
from course.measuring.provenance import read_rows
from course.measuring.results import Comparison
from course.tuning import labels
from course.tuning.experiments import from_templates
from course.tuning.labels import EXPERTS, HEAD, SEEDS, TEACHER, TEMPLATES

RIGHT = {ticket.id: ticket.queue for ticket in tickets("train")}


@pytest.fixture(scope="module")
def sources() -> dict[tuple[str, int], labels.LabelSource]:
    return {(source.labels, len(source.tickets)): source for source in labels.sources(1)}


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
    one, two = (next(labels.sources(seed)) for seed in SEEDS[:2])
    assert {ticket.id for ticket in one.tickets} != {ticket.id for ticket in two.tickets}
    made = [from_templates(40, seed) for seed in SEEDS[:2]]
    assert made[0] != made[1] and from_templates(40, SEEDS[0]) == made[0]


def test_nothing_is_trained_twice(tmp_path, results_dir, monkeypatch):
    monkeypatch.setattr(labels, "FILE", tmp_path / "labels.csv")
    few = labels.LabelSource(EXPERTS, tickets("train")[:60], 60)
    monkeypatch.setattr(labels, "sources", lambda seed: [few])
    first = labels.sweep([HEAD])
    assert [reading.seed for reading in first] == list(SEEDS)
    monkeypatch.setattr(labels, "_LEARN", {})
    assert labels.sweep([HEAD]) == first


MEASURED = labels.read()


def test_the_counts_are_those_of_the_rows():
    for reading in MEASURED:
        assert len(reading.rows) == reading.n == 360 and reading.rows.count("1") == reading.right
    places = [(each.learner, each.labels, each.examples, each.seed) for each in MEASURED]
    assert len(set(places)) == len(places)


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
    filtered = [each for each in MEASURED if each.seed == seed and "surest" in each.labels]
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
