"""What lesson 13 teaches, on the file that ships and the answers that travel; and the command."""

import csv
from pathlib import Path

import pytest

from course.engine import messages_api
from course.errors import CourseError
from course.measuring import gap
from course.own import command
from course.own.ladder import CASCADE, DESCRIPTIONS, EXAMPLES, FLOOR, HEAD, NAMES, SCHEMA
from course.own.task import load
from course.own.walk import table
from course.paths import DATA
from widgets import own
from widgets.cost.model import bills, verdict
from widgets.decision.answers import Answers
from widgets.decision.model import advise
from widgets.memo.summary import NOBODY_NAMED

FILE = DATA / "own" / "town_reports.csv"


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, command.Walk]:
    """The folder that the command wrote, and the walk behind it, without any model at hand."""
    walks = []

    def keep(found: command.Walk) -> Path:
        walks.append(found)
        return own.write(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_RESULTS", str(tmp_path_factory.mktemp("results")))
        patch.setattr(messages_api, "MODELS", {})  # so each answer is one of those that travel
        command.run(command.parser("").parse_args([str(FILE)]), keep)
        (found,) = walks
        return command.written(found), found


@pytest.fixture
def found(written) -> command.Walk:
    return written[1]


def test_the_checks_find_what_is_wrong_on_purpose():
    lines = {finding.check: finding.lines for finding in load(FILE).findings}
    planted = {
        "no text": (102,),
        "a label spelled in two ways": (77,),
        "same text, two labels": (116, 122),
        "same text twice": (43,),
    }
    assert planted.items() <= lines.items()


def right(found: command.Walk, name: str) -> float:
    return next(result.accuracy for result in found.dev if result.name == name)


def test_the_ladder_its_labels_and_the_one_look_at_test_are_as_the_lesson_says(found):
    assert right(found, HEAD) > right(found, FLOOR) + 0.3
    assert right(found, EXAMPLES) > right(found, NAMES) + 0.2
    assert right(found, HEAD) > right(found, EXAMPLES) + 0.1
    assert right(found, CASCADE) > right(found, SCHEMA) + 0.05
    assert next(result.valid for result in found.dev if result.name == SCHEMA) == 1
    assert found.task.agreement.n - found.task.agreement.same == 4
    assert [result.name for result in found.test] == [FLOOR, HEAD]
    assert found.chosen.interval[1] < found.accepted and found.verdict.decision == gap.GO_ON
    train = str(len(found.task.train))
    used = dict(table(found.dev)["labels"])
    assert {name: count for name, count in used.items() if count != train} == {NAMES: "0", DESCRIPTIONS: "0"}
    assert used[FLOOR] == used[HEAD] == used[CASCADE] == train


def test_bill_advice_and_who_decides_rest_on_what_was_measured_and_named(found, results_dir):
    costs = own.bill(found, 30_000)
    totals = {name: float(bill.total) for name, bill in bills(costs, approaches=own.FINE_TUNES).items()}
    assert costs.pair == ("linear_head", min(totals, key=lambda name: totals[name]))
    assert costs.estimates["linear_head.error_rate"].base == pytest.approx(1 - found.chosen.accuracy)
    assert costs.estimates["linear_head.error_rate"].kind == "measured"
    mine = own.answers(found, Answers(labelled_by="people"), costs)
    assert mine.failure_rate == pytest.approx(1 - found.chosen.accuracy)
    each, wrong = bills(costs)["linear_head"], costs.estimates["linear_head.error_rate"].base
    of_errors = each.volume.sum() * wrong * costs.estimates["case.error_cost"].base
    assert float(each.parts["errors"]) == pytest.approx(of_errors)  # before it is live as well
    assert (mine.volume, mine.labels, mine.evaluation_rows) == (30_000, 151, 30)
    assert (mine.cost_says == "costs less") == (verdict(costs).cheaper in own.FINE_TUNES)
    assert advise(mine).next.key not in {"few_shot", "retrieved_examples", "encoder", "fine_tune"}
    folder = own.write(found, "The mayor", "2026-12-18")
    memo = (folder / "memo.md").read_text(encoding="utf-8")
    assert "The mayor decides, by 2026-12-18, whether to " in memo and "Missing." not in memo


def test_the_command_writes_report_answers_and_memo(written):
    folder, found = written
    report, memo = ((folder / name).read_text(encoding="utf-8") for name in ("report.md", "memo.md"))
    assert "GO ON" in report and "no text (line 102)" in report
    assert f"{HEAD}, on test (reference)" in memo and "typical" not in memo
    assert memo.count("Missing.") == 1 and NOBODY_NAMED.split(".")[0] in memo
    fallback = memo.split("## What do we fall back on?")[1].split("##")[0]
    kept = "stays until the step is judged. If it has to go before, 'Linear head on embeddings' comes next"
    assert f"What runs today {kept}, bar or not. 'Linear head, then a model' is the best of" in fallback
    assert "first judge it on test rows" in fallback and "| 30 dev |" in memo and "| 30 test |" in memo
    assert "The system gives each text one of 6 labels: 'lighting', " in memo
    assert "in 'Linear head, then a model', the best way so far that asks one" in memo
    assert (
        "Next: try another model, Qwen2.5-Coder-1.5B, and label about 70 more test rows to judge it." in memo
    )
    on_dev, cascade = (next(each for each in found.dev if each.name == name) for name in (HEAD, CASCADE))
    assert (
        f"is right on {cascade.right} of {cascade.n} dev rows, 'Linear head on embeddings' on {on_dev.right}:"
        in memo
    )
    assert f"; {cascade.right} right, and {on_dev.right} with 'Linear head on embeddings')" in fallback
    assert f"It was chosen on {on_dev.n} other rows (dev), {on_dev.right} of them right" in memo
    counted = next(line for line in memo.splitlines() if "Counted with" in line)
    assert "Nobody was asked: volume, prices, review" in counted
    floor, *rest = (next(each for each in found.dev if each.name == name) for name in (FLOOR, *own.APPROACH))
    for result in rest:
        useless = result.right <= floor.right and result.name != found.chosen.name
        assert (f"'{result.name}' ({result.right} of {result.n})" in memo) == useless
    assert "ticket" not in memo
    assert (folder / "memo.html").stat().st_size > 10_000
    with (folder / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and all(row[HEAD] for row in rows)


def test_a_day_that_is_not_one_is_refused_before_anything_is_asked(monkeypatch):
    monkeypatch.setattr(command, "load", lambda *_, **__: pytest.fail("the file was read"))
    with pytest.raises(SystemExit, match="by is 'Friday'; give the day of the decision as 2026-12-18"):
        own.main(["mine.csv", "--by", "Friday"])


@pytest.mark.parametrize("raised", [CourseError("mine.csv is missing"), KeyboardInterrupt()])
def test_what_stops_a_run_is_said_in_a_sentence(raised, monkeypatch):
    def stop(*_, **__):
        raise raised

    monkeypatch.setattr(command, "load", stop)
    with pytest.raises(SystemExit, match="is missing|run the same command to continue"):
        own.main(["mine.csv"])
