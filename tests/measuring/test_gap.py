"""Stop or go on: intervals against what is accepted, kinds of failure, the verdict and the ten steps."""

from dataclasses import replace

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.data import QUEUES, kinds_before_mending, lesson_sample, readings, tickets
from course.material.lessons import lesson
from course.measuring import board, gap
from course.measuring.evaluate import Result, evaluate, wilson
from course.measuring.gap import ABOVE, BELOW, GO_ON, MEASURE_MORE, STOP, UNDECIDED, Acceptance, Case

EVERYTHING, SAMPLE = tickets("test"), lesson_sample()
SEVEN_BOUNDARY = [row for row in SAMPLE if row.id not in kinds_before_mending()]
KNOWN = gap.cases(EVERYTHING, readings())
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


def test_a_kind_that_is_below_takes_the_rung_below():
    assert gap.standing(rung(), ACCEPT) == ABOVE
    hardly_boundary = rung(ids("boundary", 24))
    assert hardly_boundary.interval[0] > ACCEPT.overall
    assert gap.standing(hardly_boundary, ACCEPT) == BELOW
    assert gap.standing(rung(ids("boundary", 9)), ACCEPT) == UNDECIDED
    assert gap.standing(rung(rows=SEVEN_BOUNDARY), ACCEPT) == UNDECIDED  # seven of seven show nothing


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_the_rows_to_decide_decide(accuracy, accepted):
    needed = gap.rows_to_decide(accuracy, accepted)
    if needed is None:
        assert accuracy == accepted
    elif 50 < needed < 1_000_000:
        sure = 3 * needed
        assert gap.position(wilson(round(accuracy * sure), sure), accepted) != UNDECIDED
        few = needed // 3
        assert gap.position(wilson(round(accuracy * few), few), accepted) == UNDECIDED


@pytest.mark.parametrize(
    ("valid", "case", "kind"),
    [
        (False, Case(3, False, True), gap.FORMAT),
        (True, Case(3, False, True), gap.CONVENTION),
        (True, Case(None, False, True), gap.KNOWLEDGE),
        (True, Case(None, True, True), gap.CAPABILITY),
        (True, Case(None, False, False), gap.CAPABILITY),
    ],
)
def test_a_failure_is_of_the_first_kind_that_fits(valid, case, kind):
    [wrong] = [row for row in rung(ids("typical", 1)).outcomes if not row.correct]
    assert gap.kind_of_failure(replace(wrong, valid=valid), case) == kind
    assert list(gap.KINDS_OF_FAILURE) == list(gap.REMEDIES)


def test_every_failure_is_counted_once_and_names_its_rule():
    result = rung([*ids("boundary", 5), *ids("typical", 20), *ids("hard", 3)])
    found, counts = gap.failures(result, KNOWN), gap.failure_counts(result, KNOWN)
    assert sum(counts.values()) == len(found) == 28
    assert list(counts) == list(gap.KINDS_OF_FAILURE)
    decided = found[found["failure"] == gap.CONVENTION]
    assert counts[gap.CONVENTION] == len(decided) == 5
    assert all(1 <= rule <= 11 for rule in decided["rule"])
    assert found.loc[found["failure"] != gap.CONVENTION, "rule"].isna().all()
    assert gap.failure_counts(rung(), KNOWN) == dict.fromkeys(gap.KINDS_OF_FAILURE, 0)
    assert gap.failures(rung(), KNOWN).empty


def test_a_row_that_nothing_is_known_of_is_named():
    result = rung(ids("hard", 1))
    with pytest.raises(CourseError, match=f"row '{ids('hard', 1)[0]}'"):
        gap.failures(result, {})
    with pytest.raises(CourseError, match="no reading of ticket 'T0003'"):
        gap.cases(tickets("dev"), readings())


def test_neighbours_are_tested_once_and_corrected_together():
    results = [rung(ids("typical", count), name=f"{count} wrong") for count in (8, 0, 30)]
    steps = gap.steps_between(results)
    assert steps["better"].tolist() == ["0 wrong", "8 wrong"]
    assert steps["only_better"].tolist() == [8, 22] and steps["only_worse"].tolist() == [0, 0]
    assert steps["p"].tolist() == pytest.approx([2 * 0.5**8, 2 * 0.5**22])
    assert steps["p_holm"].tolist() == pytest.approx(
        [2 * 0.5**8, 2 * 2 * 0.5**22]
    )  # the smallest counts twice


@given(st.floats(0, 1), st.floats(0.55, 1), st.floats(0.55, 1))
def test_a_judges_known_errors_are_taken_out(truth, sensitivity, specificity):
    passed = truth * sensitivity + (1 - truth) * (1 - specificity)
    assert gap.corrected_share(passed, sensitivity, specificity) == pytest.approx(truth, abs=1e-6)


def test_a_judge_at_chance_cannot_be_corrected_and_no_estimate_leaves_0_to_1():
    assert gap.corrected_share(1, 1, 0) is None
    assert gap.corrected_share(0.5, 0.3, 0.6) is None
    assert gap.corrected_share(0.95, 0.9, 0.8) == 1 and gap.corrected_share(0.1, 0.9, 0.8) == 0
    with pytest.raises(CourseError, match="specificity is 80"):
        gap.corrected_share(0.5, 0.9, 80)


def test_stop_at_the_cheapest_rung_that_is_above():
    dear, cheap = priced(rung(name="dear"), 0.01), priced(rung(ids("typical", 5), name="cheap"), 0.001)
    poor, unpriced = priced(rung(ids("typical", 200), name="poor"), 0.0001), rung(name="unpriced")
    decided = gap.verdict([dear, cheap, poor, unpriced], ACCEPT, KNOWN)
    assert (decided.decision, decided.rung.name) == (STOP, "cheap")
    assert "1,000 tickets cost $1.00." in decided.reasons
    decided = gap.verdict([rung(ids("hard", 1), name="nearly"), unpriced], ACCEPT, KNOWN)
    assert decided.rung.name == "unpriced" and "Nobody measured what it costs." in decided.reasons
    assert not any("recorded reading" in reason for reason in decided.reasons)
    recorded = gap.verdict([replace(unpriced, badge="recorded reading: once")], ACCEPT, KNOWN)
    assert any("recorded reading" in reason for reason in recorded.reasons)


def test_go_on_from_the_best_rung_with_its_failures():
    best = rung([*ids("typical", 60), *ids("boundary", 30)], name="best")
    decided = gap.verdict([rung(ids("typical", 200), name="worse"), best], ACCEPT, KNOWN)
    assert (decided.decision, decided.rung.name) == (GO_ON, "best")
    assert decided.reasons[0].startswith(
        "best, all: 270 of 360 right, 70.3 to 79.2 %, below the accepted 90 %"
    )
    named = [reason for reason in decided.reasons if "of its failures" in reason]
    assert sum(int(reason.split()[0]) for reason in named) == 90
    assert int(named[0].split()[0]) >= int(named[-1].split()[0])
    assert "30 of its failures are convention" in " ".join(named)
    assert str(decided).startswith("GO ON\n- best, all:")


def test_measure_more_when_the_interval_holds_what_is_accepted():
    decided = gap.verdict([rung(ids("typical", 30)), rung(ids("typical", 200))], ACCEPT, KNOWN)
    assert decided.decision == MEASURE_MORE
    assert f"about {gap.rows_to_decide(330 / 360, 0.9):,} tickets" in decided.reasons[-1]
    just = gap.verdict([rung(ids("typical", 36))], ACCEPT, KNOWN)
    assert "no number of tickets" in just.reasons[-1]
    assert (
        "kinds of tickets are too few" in gap.verdict([rung(rows=SEVEN_BOUNDARY)], ACCEPT, KNOWN).reasons[-1]
    )


def test_what_has_no_verdict_is_named():
    with pytest.raises(CourseError, match="0 rungs to judge"):
        gap.verdict([], ACCEPT, KNOWN)
    with pytest.raises(CourseError, match="1 result has no neighbour"):
        gap.steps_between([rung()])


@pytest.mark.parametrize("share", [0, 1, 90, -0.1])
def test_a_share_that_cannot_be_accepted_is_named(share):
    with pytest.raises(CourseError, match=f"overall is {share}"):
        Acceptance(share, 0.7)
    with pytest.raises(CourseError, match=f"every_kind is {share}"):
        Acceptance(0.9, share)


def test_the_checklist_says_what_is_missing():
    below = gap.verdict([rung(ids("typical", 200), name="poor")], ACCEPT, KNOWN)
    table = gap.checklist(["01", "02", "02", "03"], below, ACCEPT, labels=810, stable=True)
    assert table.index.tolist() == list(range(1, 11))
    assert table["state"].tolist()[:3] == [
        "1 rung on the board",
        "2 rungs on the board",
        "1 rung on the board",
    ]
    assert table["state"][5] == table["state"][10] == "nothing yet"
    assert table["state"][7] == "poor: 45.6 points short" and table["state"][8] == "no: go on"
    assert table["state"][9] == "missing: steps 4, 5, 6"
    tried = ["01", "02", "03", "04", "05", "06"]
    assert gap.checklist(tried, below, ACCEPT, labels=500, stable=True)["state"][9] == "all conditions hold"
    few = gap.checklist(tried, below, ACCEPT, labels=300, stable=False)["state"][9]
    assert few == "missing: a stable task; 200 labels"


def test_the_checklist_stops_and_waits():
    done = gap.checklist([], gap.verdict([rung()], ACCEPT, KNOWN), ACCEPT, labels=0, stable=False)
    assert done["state"][7] == "a rung: 10 points to spare"
    assert (done["state"][8], done["state"][9]) == ("yes: stop", "not needed")
    unsure = gap.verdict([rung(ids("typical", 30))], ACCEPT, KNOWN)
    waiting = gap.checklist(["11"], unsure, ACCEPT, labels=810, stable=True)
    assert waiting["state"][8] == "not known: measure more"
    assert waiting["state"][9].startswith("missing: whether there is a gap; steps 1, 2")
    assert waiting["state"][10] == "1 rung on the board"


def test_the_steps_are_those_of_the_map():
    cells = nbformat.read(lesson("00").path, as_version=4).cells
    chart = next(cell.source for cell in cells if "## The map" in cell.source)
    rows = [
        line.split("|")[1:4] for line in chart.splitlines() if line.startswith("| ") and line[2].isdigit()
    ]
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
