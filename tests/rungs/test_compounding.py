"""The stream in months: nothing is lost, nothing is seen too early, and the sweep is read with its checks."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.data import tickets
from course.measuring.provenance import Provenance, write_rows
from course.rungs import compounding
from course.rungs.compounding import Month, approved, memories, months, rules_learned, with_rules
from course.rungs.retrieve import vote
from course.rungs.skills import FOLDER as SKILLS
from course.rungs.skills import ROUTING, Example, load

STREAM = tickets("stream")
SEED = [Example("S1", "Hello", "safety")]
SOURCE = asdict(Provenance("command", "2026-11-20", "a processor", 2, "f" * 12))
COUNTS = {"examples": 18, "n": 10, "right": 5, "valid": 9, "low": 0.2, "high": 0.8}
ROW = Month(**SOURCE, **COUNTS, month=1, way="growing references")


@given(st.integers(1, 60))
def test_months_cut_the_stream_in_its_order_into_parts_of_nearly_one_size(count):
    parts = months(STREAM, count)
    assert [ticket for part in parts for ticket in part] == STREAM
    assert max(map(len, parts)) - min(map(len, parts)) <= 1 and len(parts) == count


@pytest.mark.parametrize("count", [0, -1, len(STREAM) + 1])
def test_months_that_cannot_be_are_refused(count):
    with pytest.raises(CourseError, match=f"count is {count}; ask for 1 to 954"):
        months(STREAM, count)


def test_a_month_knows_only_what_came_before_it_and_no_ticket_that_lessons_measure_on():
    parts = months(STREAM)
    for number, (part, known) in enumerate(zip(parts, memories(SEED, parts), strict=False)):
        assert known == SEED + approved([ticket for before in parts[:number] for ticket in before])
        assert not {ticket.text for ticket in part} & {example.text for example in known}
    assert len(memories(SEED, parts)[-1]) == 1 + len(STREAM)
    measured = {ticket.text for split in ("dev", "test") for ticket in tickets(split)}
    assert not measured & {ticket.text for ticket in STREAM}


def test_each_month_adds_the_rule_that_decided_most_of_its_mail_to_the_body():
    def mail(*rules):
        return [replace(STREAM[0], kind="boundary", rule=rule) for rule in rules]

    assert rules_learned([mail(3, 3, 7), mail(3, 3, 7, 7, 2), mail(3), mail(4, 2)]) == [3, 7, 2]
    assert len(set(rules_learned(months(STREAM)))) == len(months(STREAM))
    delivered = load(SKILLS / ROUTING)
    taught = with_rules(delivered, [9, 1])
    added = taught.body.removeprefix(delivered.body).strip().splitlines()
    assert added[0].startswith("## Rules") and len(added) == 4
    assert added[2].startswith("- Safety comes first") and "`payment_method`" in added[3]
    assert taught.contract == delivered.contract


@pytest.mark.parametrize(
    ("queues", "winner"),
    [
        (["safety"], "safety"),
        (["app_bug", "app_bug", "safety"], "app_bug"),
        (["app_bug", "safety"], "safety"),
    ],
)
def test_the_commonest_queue_wins_and_the_nearest_one_a_tie(queues, winner):
    assert vote([Example(str(place), "text", queue) for place, queue in enumerate(queues)]) == winner


def test_what_was_written_is_read_if_its_counts_can_be(tmp_path, monkeypatch):
    with pytest.raises(CourseError, match="11 right and 9 valid of 10"):
        replace(ROW, right=11)
    monkeypatch.setattr(compounding, "FILE", tmp_path / "months.csv")
    with pytest.raises(CourseError, match="python -m course.measure skills"):
        compounding.read()
    write_rows([ROW], compounding.FILE)
    assert compounding.read() == [ROW]


def test_the_sweep_of_the_course_covers_every_month_and_way():
    rows = compounding.read()
    parts = months(STREAM)
    ways = {row.way for row in rows}
    assert len(rows) == len(ways) * len(parts) == 18
    assert all(row.n == len(parts[row.month - 1]) for row in rows)
    first = [row for row in rows if row.month == 1 and "references" in row.way]
    assert len({(row.right, row.valid, row.examples) for row in first}) == 1
