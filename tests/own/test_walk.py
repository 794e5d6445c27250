"""The rungs of the reader's own task, with a model that answers what the test says."""

import csv
import json
from types import SimpleNamespace

import pytest

from course.errors import CourseError
from course.measuring import gap
from course.measuring.results import wilson
from course.own import walk as walks
from course.own.checks import OwnRow, without_leaks
from course.own.ladder import (
    CASCADE,
    DESCRIPTIONS,
    EXAMPLES,
    FLOOR,
    HEAD,
    NAMES,
    SCHEMA,
    SHOWN_TEXT,
    Expected,
    Ladder,
    cut,
    label_in,
)
from course.own.task import OwnTask, load
from tests.own.test_task import ROWS, WORDS, saved
from tests.rungs.answering import answering


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("Müll", "Müll"),
        (" müll.\n", "Müll"),
        ("**Müll**", "Müll"),
        ('"Müll"', "Müll"),
        ('```json\n{"label": "Müll"}\n```', "Müll"),
        ('{"class": "müll"}', "Müll"),
        ("Müll oder Licht", None),
        ("I cannot help with that.", None),
        ("{}", None),
        ("", None),
    ],
)
def test_a_label_is_read_in_the_shapes_that_models_give(said, label):
    assert label_in(said, tuple(WORDS)) == label


@pytest.fixture
def task(tmp_path) -> OwnTask:
    rows = [(text, label, f"Alles über {label}", label) for text, label in ROWS]
    return load(saved(tmp_path, rows, ("text", "label", "description", "second_label")))


def test_near_copies_of_measured_rows_are_not_learned_from():
    measured = [OwnRow(2, "The street light at the corner is broken", "light")]
    train = [
        OwnRow(3, "The street light at the corner is broken!", "light"),
        OwnRow(4, "When is the library open on Saturdays?", "hours"),
    ]
    kept, finding = without_leaks(train, measured)
    assert kept == (train[1],) and finding.lines == (3,)


def test_every_request_has_what_its_rung_promises(task):
    client, asked = answering("Licht")
    ladder = Ladder(task, client, "any", "small")
    row = task.dev[0]
    for name in (NAMES, DESCRIPTIONS, EXAMPLES):
        assert ladder.rungs[name](row) == "Licht"
    names, described, shown = asked
    assert all(label in names["system"] for label in WORDS) and "Alles über" not in names["system"]
    assert "- Müll: Alles über Müll" in described["system"]
    assert [turn["role"] for turn in shown["messages"]] == ["user", "assistant"] * 5 + ["user"]
    assert shown["messages"][-1]["content"] == row.text
    assert {turn["content"] for turn in shown["messages"][1::2]} <= set(WORDS)
    client, asked = answering('{"label": "Lärm"}')
    assert Ladder(task, client, "any", "small").rungs[SCHEMA](row) == "Lärm"
    assert asked[0]["output_config"]["format"]["schema"]["properties"]["label"]["enum"] == list(task.labels)
    assert json.loads(asked[0]["messages"][1]["content"])["label"] in WORDS


def test_long_texts_are_cut_and_labels_that_overrun_the_context_named(task):
    client, asked = answering("Licht")
    row = OwnRow(99, "ä" * 9_000, "Licht")
    Ladder(task, client, "any", "small").rungs[NAMES](row)
    (turn,) = asked[0]["messages"]
    assert turn["content"] == "ä" * (SHOWN_TEXT // 2)
    assert cut("aä", 2) == "a"
    many = {f"label {number}": "x" * 300 for number in range(77)}
    long = OwnTask("many", tuple(many), many, task.train, task.dev, task.test, ())
    ladder = Ladder(long, answering("")[0], "any", "small")
    assert list(ladder.asking) == [NAMES, EXAMPLES, SCHEMA]
    assert ladder.notes == [
        "The descriptions of 77 labels take 24,090 characters, more than the small model holds beside a "
        "text, so they are left out: shorten them."
    ]
    assert DESCRIPTIONS in Ladder(long, answering("")[0], "any", "large").asking
    huge = OwnTask("huge", tuple("y" * 999 + name for name in many), {}, task.train, task.dev, task.test, ())
    with pytest.raises(CourseError, match="The names of 77 labels take .* more than the small model holds"):
        assert Ladder(huge, answering("")[0], "any", "small").asking


def test_the_time_is_said_beforehand_and_live_answers_come_several_at_a_time(task, monkeypatch):
    expected = Expected({NAMES: 0.5, SCHEMA: 1.5}, rows=60, test=40, recorded=False)
    assert str(expected) == (
        "2 rungs ask the model, timed on 4 rows of each: about 2.0 minutes for the 60 dev rows, 10 for 300 "
        f"rows. The slowest, '{SCHEMA}', takes 1.5 s a row, so the look at test takes 1.0 minutes at most."
    )
    monkeypatch.setattr(Ladder, "measure", lambda *_: SimpleNamespace(seconds=4.0, badge_kind="measured"))
    for mode, seconds in (("local", 4.0), ("live", 0.5)):
        client = SimpleNamespace(mode=mode)
        assert set(Ladder(task, client, "any", "small").expected().seconds.values()) == {seconds}


@pytest.fixture
def found(task) -> walks.Walk:
    return walks.walk(Ladder(task, answering("Licht")[0], "any", "small"))


def test_all_rungs_are_measured_on_dev_the_chosen_one_on_test_and_the_report_says_so(found, task, tmp_path):
    rungs = [FLOOR, HEAD, NAMES, DESCRIPTIONS, EXAMPLES, SCHEMA, CASCADE]
    assert [result.name for result in found.dev] == rungs
    assert {result.n for result in found.dev} == {len(task.dev)}
    assert found.chosen.name == HEAD and [result.name for result in found.test] == [FLOOR, HEAD]
    assert found.dev[1].right == found.dev[1].n  # three kinds of sentences, so the head has it easy
    assert all(result.right * 3 == result.n for result in found.dev if result.name in (NAMES, EXAMPLES))
    text = walks.as_markdown(found)
    for part in (
        "## What the checks found",
        "few rows",
        HEAD,
        "MEASURE MORE",
        "Both labels agree on 23 of 23",
    ):
        assert part in text
    path = tmp_path / "answers.csv"
    walks.write_answers(found, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["split"] for row in rows] == ["dev"] * 6 + ["test"] * 6
    assert {row[HEAD] == row["label"] for row in rows} == {True}
    assert {row[NAMES] for row in rows if row["split"] == "dev"} == {"Licht"}


@pytest.mark.parametrize(
    ("right", "n", "decision"), [(98, 100, gap.STOP), (50, 100, gap.GO_ON), (88, 100, gap.MEASURE_MORE)]
)
def test_the_verdict_goes_by_the_interval(right, n, decision):
    low, high = wilson(right, n)
    rung = SimpleNamespace(name="a", right=right, n=n, accuracy=right / n, interval=(low, high))
    decided = walks.verdict(rung, 0.9)
    assert decided.decision == decision
    assert f"a: {right} of {n} test rows right" in decided.reasons[0]
