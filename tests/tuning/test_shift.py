"""Other mail: the shifted tickets, what they cost the head, and what carries over to another base."""

from collections import Counter
from contextlib import nullcontext

import pytest

from course.engine.client import connect
from course.engine.sizes import local_model
from course.errors import CourseError
from course.material import data
from course.measuring.evaluate import Result, compare, evaluate
from course.measuring.provenance import write_rows
from course.rungs.baselines import LinearHead
from course.rungs.retrieve import nearest
from course.rungs.routing import described, route
from course.tuning import aftermath, shift

NAMES = (shift.ENGLISH, shift.GERMAN, shift.NEW_PRODUCTS)


@pytest.fixture(scope="module")
def head() -> LinearHead:
    return LinearHead.of(data.tickets("train"))


@pytest.fixture(scope="module")
def by_head(head, tmp_path_factory) -> dict[str, Result]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_RESULTS", str(tmp_path_factory.mktemp("looks")))
        return {name: evaluate(shift.tickets(name), head, name=name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_queue_has_two_tickets_of_a_shift(name):
    found = shift.tickets(name)
    assert Counter(ticket.queue for ticket in found) == dict.fromkeys(data.QUEUES, 2)
    assert len({ticket.text for ticket in found}) == len({ticket.id for ticket in found}) == 36


def test_a_translation_has_the_queue_of_its_original_and_no_ticket_was_trained_on():
    english, german = shift.tickets(shift.ENGLISH), shift.tickets(shift.GERMAN)
    assert [ticket.queue for ticket in english] == [ticket.queue for ticket in german]
    assert set(english) <= set(data.lesson_sample())
    known = {ticket.text for split in data.SPLITS for ticket in data.tickets(split)}
    assert not known & {ticket.text for name in NAMES[1:] for ticket in shift.tickets(name)}


@pytest.mark.slow
def test_another_language_costs_the_head_most_of_what_it_can_and_new_products_do_not(by_head):
    english, german, new = (by_head[name] for name in NAMES)
    assert compare(shift.as_original(german), english).direction == "worse"
    assert german.accuracy < 0.35 < 0.6 < new.accuracy


def test_the_heads_confidence_falls_with_the_language_and_hardly_with_the_products(head):
    english, german, new = (
        sum(map(head.confidence, shift.tickets(name))) / len(shift.tickets(name)) for name in NAMES
    )
    assert german < english - 0.2 and abs(new - english) < 0.1


def test_the_adapter_too_is_worse_in_german_and_not_with_new_products():
    english, german, new = map(shift.recorded, NAMES)
    assert german.badge_kind == "recorded reading"
    assert compare(shift.as_original(german), english).direction == "worse"
    assert new.accuracy > german.accuracy + 0.2


def test_without_the_measurement_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shift, "FILE", tmp_path / "shift.csv")
    with pytest.raises(CourseError, match="python -m course.measure shift"):
        shift.recorded(shift.GERMAN)


def test_the_sweep_keeps_a_reply_for_every_ticket(tmp_path, monkeypatch, results_dir):
    monkeypatch.setattr(shift, "FILE", tmp_path / "shift.csv")
    monkeypatch.setattr(shift.aftermath, "routing_adapter", lambda: None)
    monkeypatch.setattr(shift.aftermath, "served", lambda adapter: nullcontext("tuned"))
    monkeypatch.setattr(shift.experiments, "route", lambda client, model, row: f"{row.queue}\n")
    write_rows(shift.sweep(None, "base"), shift.FILE)
    assert [shift.recorded(name).accuracy for name in NAMES] == [1, 1, 1]


@pytest.mark.slow  # loads torch
def test_the_adapter_refuses_the_medium_base(results_dir):
    medium = local_model("medium")
    with pytest.raises(CourseError, match=f"does not fit {medium.name}"):
        aftermath.routing_adapter().check_base(medium.name, medium.sha256)


@pytest.mark.slow
def test_the_prompt_and_examples_carry_over_and_the_larger_base_is_not_shown_to_be_better(results_dir):
    instructions, dev, train = (
        described("route_instructions"),
        data.lesson_sample("dev"),
        data.tickets("train"),
    )
    found = []
    for size in ("small", "medium"):
        client, model = connect(size, mode="local")

        def ask(row, client=client, model=model):
            return route(client, model, row, nearest(row.text, train, 5), system=instructions)

        found.append(evaluate(dev, ask, name=size, client=client))
        assert found[-1].badge_kind == "recorded" and found[-1].accuracy > 0.6
    assert compare(*found).direction == ""
