"""Stop or go on: intervals against what is accepted, kinds of failure, the verdict and the ten steps."""

from dataclasses import replace

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from course.errors import CourseError
from course.material.data import QUEUES, kinds_before_mending, lesson_sample, tickets
from course.material.lessons import lesson
from course.measuring import board, coding, gap
from course.measuring.coding import CodedFailure
from course.measuring.evaluate import Result, evaluate, wilson
from course.measuring.gap import ABOVE, BELOW, GO_ON, MEASURE_MORE, STOP, UNDECIDED, Acceptance

EVERYTHING, SAMPLE = tickets("test"), lesson_sample()
SEVEN_BOUNDARY = [row for row in SAMPLE if row.id not in kinds_before_mending()]
READ = {"format": 0, "convention": 9, "knowledge": 0, "capability": 12}
ACCEPT = Acceptance(overall=0.9, every_kind=0.7)
WRONG = {row.id: next(queue for queue in QUEUES if queue != row.queue) for row in EVERYTHING}


def rung(wrong=(), name="a rung", rows=EVERYTHING, said=WRONG, **changes) -> Result:
    """A result that is right on all rows but those with an id in `wrong`."""
    replies = {row.id: said[row.id] if row.id in set(wrong) else row.queue for row in rows}
    return replace(Result.from_replies(rows, replies, name=name, badge="measured here"), **changes)


def ids(kind: str, count: int) -> list[str]:
    return [row.id for row in EVERYTHING if row.kind == kind][:count]


def priced(result: Result, dollars: float) -> Result:
    return replace(result, outcomes=tuple(replace(row, cost=dollars) for row in result.outcomes))


@pytest.mark.parametrize(
    ("interval", "place"),
    [((0.9, 1), ABOVE), ((0.91, 0.95), ABOVE), ((0.8, 0.9), UNDECIDED), ((0.8, 0.89), BELOW)],
)
def test_an_interval_is_above_below_or_across(interval, place):
    assert gap.position(interval, 0.9) == place


def test_a_kind_below_takes_the_rung_below_and_a_judge_at_chance_cannot_be_corrected():
    assert gap.standing(rung(), ACCEPT) == ABOVE
    hardly_boundary = rung(ids("boundary", 24))
    assert hardly_boundary.interval[0] > ACCEPT.overall
    assert gap.standing(hardly_boundary, ACCEPT) == BELOW
    assert gap.standing(rung(ids("boundary", 9)), ACCEPT) == UNDECIDED
    assert gap.standing(rung(rows=SEVEN_BOUNDARY), ACCEPT) == UNDECIDED  # seven of seven show nothing
    assert gap.corrected_share(1, 1, 0) is None
    assert gap.corrected_share(0.5, 0.3, 0.6) is None
    assert gap.corrected_share(0.95, 0.9, 0.8) == 1 and gap.corrected_share(0.1, 0.9, 0.8) == 0
    with pytest.raises(CourseError, match="specificity is 80"):
        gap.corrected_share(0.5, 0.9, 80)


def power(accuracy: float, accepted: float, n: int) -> float:
    """How often a rung that is right on `accuracy` is told from `accepted` on `n` rows, exactly."""
    told = ABOVE if accuracy > accepted else BELOW
    hits = [right for right in range(n + 1) if gap.position(wilson(right, n), accepted) == told]
    return float(binom(n, accuracy).pmf(hits).sum())


@pytest.mark.parametrize(
    ("accuracy", "accepted"), [(0.95, 0.9), (0.85, 0.9), (0.6, 0.5), (0.75, 0.8), (0.97, 0.9), (0.3, 0.5)]
)
def test_the_rows_to_decide_decide_four_times_in_five(accuracy, accepted):
    needed = gap.rows_to_decide(accuracy, accepted)
    assert power(accuracy, accepted, needed) == pytest.approx(0.8, abs=0.06)
    assert power(accuracy, accepted, needed // 2) < 0.66 < 0.9 < power(accuracy, accepted, 2 * needed)


def test_what_no_verdict_or_number_of_rows_can_decide_is_named():
    assert gap.rows_to_decide(0.9, 0.9) is None
    with pytest.raises(CourseError, match="0 rungs to judge"):
        gap.verdict([], ACCEPT, READ)
    with pytest.raises(CourseError, match="1 result has no neighbour"):
        gap.steps_between([rung()])


def test_every_failure_stands_with_its_reading_or_without_one():
    result = rung([*ids("boundary", 5), *ids("typical", 20)])
    [first, second, *_] = [row for row in result.outcomes if not row.correct]
    read = {
        (row.id, row.reply): CodedFailure(row.id, row.reply, "my code", kind)
        for row, kind in ((first, coding.CONVENTION), (second, coding.CAPABILITY))
    }
    found, counts = gap.failures(result, read), gap.failure_counts(result, read)
    assert len(found) == 25 and found.loc[first.id, ["code", "kind"]].tolist() == ["my code", "convention"]
    assert (found["kind"] == "").sum() == 23
    assert counts == {"format": 0, "convention": 1, "knowledge": 0, "capability": 1}
    assert gap.failures(rung(), read).empty
    assert gap.failure_counts(rung(), read) == dict.fromkeys(coding.KINDS_OF_FAILURE, 0)


def test_neighbours_are_tested_together_and_the_best_of_many_looks_has_to_do_better():
    almost = rung([*ids("typical", 22)])
    assert gap.verdict([almost], ACCEPT, READ).decision == STOP
    many = gap.verdict([almost] * 12, ACCEPT, READ)
    assert many.decision == MEASURE_MORE and "(widened for 12 rungs)" in many.reasons[0]
    results = [rung(ids("typical", count), name=f"{count} wrong") for count in (8, 0, 30)]
    steps = gap.steps_between(results)
    assert steps["better"].tolist() == ["0 wrong", "8 wrong"]
    assert steps["only_better"].tolist() == [8, 22] and steps["only_worse"].tolist() == [0, 0]
    assert steps["p"].tolist() == pytest.approx([2 * 0.5**8, 2 * 0.5**22])
    doubled = [2 * 0.5**8, 2 * 2 * 0.5**22]  # the smallest counts twice
    assert steps["p_holm"].tolist() == pytest.approx(doubled)


@given(st.floats(0, 1), st.floats(0.55, 1), st.floats(0.55, 1))
def test_a_judges_known_errors_are_taken_out(truth, sensitivity, specificity):
    passed = truth * sensitivity + (1 - truth) * (1 - specificity)
    assert gap.corrected_share(passed, sensitivity, specificity) == pytest.approx(truth, abs=1e-6)


def test_stop_at_the_cheapest_rung_above_go_on_from_the_best_or_measure_more():
    dear, cheap = priced(rung(name="dear"), 0.01), priced(rung(ids("typical", 5), name="cheap"), 0.001)
    poor, unpriced = priced(rung(ids("typical", 200), name="poor"), 0.0001), rung(name="unpriced")
    decided = gap.verdict([dear, cheap, poor, unpriced], ACCEPT, READ)
    assert (decided.decision, decided.rung.name) == (STOP, "cheap")
    assert "1,000 tickets cost $1.00." in decided.reasons
    decided = gap.verdict([rung(ids("hard", 1), name="nearly"), unpriced], ACCEPT, READ)
    assert decided.rung.name == "unpriced" and "What it costs was not measured." in decided.reasons
    assert not any("recorded reading" in reason for reason in decided.reasons)
    recorded = gap.verdict([replace(unpriced, badge="recorded reading: once")], ACCEPT, READ)
    assert any("recorded reading" in reason for reason in recorded.reasons)
    best = rung([*ids("typical", 60), *ids("boundary", 30)], name="best")
    decided = gap.verdict([rung(ids("typical", 200), name="worse"), best], ACCEPT, READ)
    assert (decided.decision, decided.rung.name) == (GO_ON, "best")
    assert decided.reasons[0].startswith(
        "best, all: 270 of 360 right, 69.6 to 79.7% (widened for 2 rungs), below the accepted 90%"
    )
    named = [reason for reason in decided.reasons if "failures that were read" in reason]
    assert [reason.split(":")[0] for reason in named] == [
        "12 of 21 failures that were read are capability",
        "9 of 21 failures that were read are convention",
    ]
    unread = gap.verdict([best], ACCEPT, dict.fromkeys(READ, 0))
    assert unread.decision == GO_ON and "Nobody has read its failures" in unread.reasons[-1]
    assert str(decided).startswith("GO ON\n- best, all:")
    decided = gap.verdict([rung(ids("typical", 30)), rung(ids("typical", 200))], ACCEPT, READ)
    assert decided.decision == MEASURE_MORE
    assert f"{gap.rows_to_decide(330 / 360, 0.9):,} tickets show it 4 times in 5" in decided.reasons[-1]
    just = gap.verdict([rung(ids("typical", 36))], ACCEPT, READ)
    assert "no number of tickets" in just.reasons[-1]
    few = gap.verdict([rung(rows=SEVEN_BOUNDARY)], ACCEPT, READ)
    assert "kinds have too few tickets" in few.reasons[-1]


@pytest.mark.parametrize("share", [0, 1, 90, -0.1])
def test_a_share_that_cannot_be_accepted_is_named(share):
    with pytest.raises(CourseError, match=f"overall is {share}"):
        Acceptance(share, 0.7)
    with pytest.raises(CourseError, match=f"every_kind is {share}"):
        Acceptance(0.9, share)


def test_the_checklist_says_what_is_missing_stops_and_waits():
    below = gap.verdict([rung(ids("typical", 200), name="poor")], ACCEPT, READ)
    table = gap.checklist(["01", "02", "02", "03"], below, ACCEPT, labels=810, stable=True)
    assert table.index.tolist() == list(range(1, 11))
    assert table["state"].tolist()[:3] == [
        f"{count} on the board" for count in ("1 rung", "2 rungs", "1 rung")
    ]
    assert table["state"][5] == table["state"][10] == "nothing yet"
    assert table["state"][7] == "poor: 45.6 points short" and table["state"][8] == "no: go on"
    assert table["state"][9] == "missing: steps 4, 5, 6"
    tried = ["01", "02", "03", "04", "05", "06"]
    assert gap.checklist(tried, below, ACCEPT, labels=500, stable=True)["state"][9] == "all conditions hold"
    few = gap.checklist(tried, below, ACCEPT, labels=300, stable=False)["state"][9]
    assert few == "missing: a stable task; 200 labels"
    done = gap.checklist([], gap.verdict([rung()], ACCEPT, READ), ACCEPT, labels=0, stable=False)
    assert done["state"][7] == "a rung: 10 points to spare"
    assert (done["state"][8], done["state"][9]) == ("yes: stop", "not needed")
    unsure = gap.verdict([rung(ids("typical", 30))], ACCEPT, READ)
    waiting = gap.checklist(["11"], unsure, ACCEPT, labels=810, stable=True)
    assert waiting["state"][8] == "not known: measure more"
    assert waiting["state"][9].startswith("missing: whether there is a gap; steps 1, 2")
    assert waiting["state"][10] == "1 rung on the board"


def test_the_steps_are_those_of_the_map():
    cells = nbformat.read(lesson("00").path, as_version=4).cells
    chart = next(cell.source for cell in cells if "## The map" in cell.source)
    lines = [line for line in chart.splitlines() if line.startswith("| ") and line[2].isdigit()]
    rows = [line.split("|")[1:4] for line in lines]
    assert [title.strip() for _, title, _ in rows] == [step.title for step in gap.STEPS]


def test_the_board_gives_each_rung_with_its_most_rows(results_dir):
    board.add(rung(rows=SAMPLE), rung(ids("hard", 9), name="second"), lesson="02")
    board.add(rung(ids("typical", 3)), rung(ids("typical", 90), model="another"), lesson="03")
    letters = evaluate(tickets("dev")[:5], lambda row: QUEUES[0], name="other tickets")
    board.add(letters, lesson="04")
    found = gap.rungs_on_board(EVERYTHING)
    assert [(each.name, each.model, each.n) for each in found] == [
        ("a rung", "", 360),
        ("second", "", 360),
        ("a rung", "another", 360),
    ]


def test_a_rung_is_found_by_name_model_and_rows(results_dir):
    assert gap.on_board("a rung", SAMPLE) is None
    board.add(rung(rows=SAMPLE), rung(model="another"), lesson="02")
    assert gap.on_board("a rung", SAMPLE).n == len(SAMPLE)
    assert gap.on_board("a rung", EVERYTHING) is None
    assert gap.on_board("a rung", EVERYTHING, model="another").n == len(EVERYTHING)
