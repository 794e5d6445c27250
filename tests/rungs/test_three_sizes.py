"""The ladder of the three sizes: rungs ask what their names say, and counts are those of the replies."""

from functools import cache

import pytest

from course.engine.sizes import local_model
from course.material.data import tickets
from course.measuring.evaluate import evaluate
from course.measuring.results import Verdict
from course.rungs import three_sizes
from course.rungs.three_sizes import HANDBOOK, LETTERS, ROUTING, TOOLS, RungToAsk
from course.rungs.tool_loop import Trace
from tests.rungs.answering import answering

ROWS = tickets("test")[:4]


@cache  # a function, since retrieved examples need LanceDB, and each worker imports this module
def rungs() -> dict[tuple[str, str], RungToAsk]:
    return {(rung.task, rung.name): rung for together in three_sizes.rungs() for rung in together}


def sent(task: str, name: str, reply: str) -> dict:
    rung = rungs()[task, name]
    client, asked = answering(reply)
    rung.ask(client, "a model", rung.rows[0])
    return asked[0]


@pytest.mark.parametrize(
    ("task", "name", "turns", "held"),
    [
        (ROUTING, "names", 1, False),
        (ROUTING, "names, 18 fixed examples", 37, False),
        (ROUTING, "descriptions, 5 retrieved examples", 11, False),
        (ROUTING, "policy, schema", 1, True),
        (ROUTING, "descriptions, reasoning first", 1, False),
        (ROUTING, "descriptions, reasoning first, schema", 1, True),
        (LETTERS, "rules", 1, False),
        (LETTERS, "keys, schema", 1, True),
        (HANDBOOK, "closed book", 1, False),
        (HANDBOOK, "3 retrieved sections", 1, False),
    ],
)
def test_a_rung_asks_what_its_name_says(task, name, turns, held):
    asked = sent(task, name, '{"customer_wants": "a refund", "queue": "safety"}')
    assert len(asked["messages"]) == turns
    assert ("output_config" in asked) is held
    assert ("21 days" in asked["system"]) is name.startswith("policy")


def test_every_task_is_asked_on_all_of_its_rows():
    rows: dict[str, set[int]] = {}
    for (task, _), rung in rungs().items():
        rows.setdefault(task, set()).add(len(rung.rows))
    assert rows == {ROUTING: {360}, LETTERS: {80}, HANDBOOK: {76}, TOOLS: {48}}
    free = {name for task, name in rungs() if task == ROUTING and ", schema" not in name}
    assert {f"{name}, schema" for name in free} <= {name for _, name in rungs()}


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_size_was_asked_every_rung(size):
    measured = {(reading.task, reading.rung) for reading in three_sizes.read() if reading.size == size}
    assert measured == rungs().keys()


@pytest.fixture
def files(tmp_path, results_dir, monkeypatch):
    """The files of a sweep elsewhere."""
    monkeypatch.setattr(three_sizes, "FILE", tmp_path / "three_sizes.csv")
    monkeypatch.setattr(three_sizes, "REPLIES", tmp_path / "three_sizes_replies.csv")


def test_a_sweep_keeps_each_reply_and_its_count_once(files, monkeypatch, capsys):
    replies = iter(["safety", ROWS[1].queue, None, "", *[row.queue for row in ROWS]])
    rung = RungToAsk(ROUTING, "names", ROWS, lambda client, model, row: next(replies))
    monkeypatch.setattr(three_sizes, "rungs", lambda: [(rung,)])
    monkeypatch.setattr(three_sizes, "connect", lambda size, mode: (answering("")[0], size))
    monkeypatch.setattr(three_sizes, "evaluate", one_by_one)
    monkeypatch.setattr(three_sizes, "_ask", lambda *_: None)
    (first,) = three_sizes.sweep(["large"])
    assert (first.n, first.right, first.fingerprint) == (4, 1, local_model("large").sha256[:16])
    assert [each.right for each in three_sizes.read_replies()] == [False, True, False, False]
    (again,) = three_sizes.sweep(["large"])
    assert again.right == 4 and [each.right for each in three_sizes.read_replies()] == [True] * 4
    assert "large, routing: names" in capsys.readouterr().out


def test_both_forms_of_a_prompt_are_asked_of_a_row_before_the_next_row():
    asked = []

    def rung(form: str) -> RungToAsk:
        def ask(client, model, row):
            asked.append((row.id, form))
            raise ValueError("an object that was cut off")

        return RungToAsk(ROUTING, form, ROWS, ask)

    three_sizes._ask(answering("")[0], "a model", [rung("free"), rung("schema")])
    assert {asked.index((row.id, "schema")) > asked.index((row.id, "free")) for row in ROWS} == {True}
    assert len(asked) == 2 * len(ROWS)


def one_by_one(rows, ask, *, client, **given):
    return evaluate(rows, ask, workers=1, **given)


def test_what_was_kept_is_read_again_as_results(files, monkeypatch):
    replies = iter([ROWS[0].queue, "the queue is safety", "", ROWS[3].queue])
    rung = RungToAsk(ROUTING, "names", ROWS, lambda client, model, row: next(replies))
    monkeypatch.setattr(three_sizes, "rungs", lambda: [(rung,)])
    monkeypatch.setattr(three_sizes, "connect", lambda size, mode: (answering("")[0], size))
    monkeypatch.setattr(three_sizes, "evaluate", one_by_one)
    monkeypatch.setattr(three_sizes, "_ask", lambda *_: None)
    monkeypatch.setitem(three_sizes.ROWS, ROUTING, lambda: ROWS)
    three_sizes.sweep(["small"])
    (result,) = three_sizes.results(ROUTING).values()
    assert [outcome.correct for outcome in result.outcomes] == [True, False, False, True]
    assert [outcome.reply for outcome in result.outcomes][1] == "the queue is safety"
    assert three_sizes.results(LETTERS) == {}


def test_the_kept_replies_are_those_that_were_counted():
    readings = {(each.task, each.size, each.rung): each for each in three_sizes.read()}
    measured = {
        (task, *place): result
        for task in (ROUTING, LETTERS, HANDBOOK, TOOLS)
        for place, result in three_sizes.results(task).items()
    }
    assert readings.keys() == measured.keys() != set()
    for place, result in measured.items():
        kept = sum(outcome.valid for outcome in result.outcomes)
        assert (result.n, result.right, kept) == (
            readings[place].n,
            readings[place].right,
            readings[place].valid,
        )


def test_a_trace_is_kept_as_what_was_said(files, monkeypatch):
    trace = Trace("It left on 3 June.", (("find_order", {"order": "FL-1"}),))
    rung = RungToAsk(TOOLS, "zero-shot", ROWS, lambda *_: trace, lambda row, reply: Verdict(True, True))
    monkeypatch.setattr(three_sizes, "rungs", lambda: [(rung,)])
    monkeypatch.setattr(three_sizes, "connect", lambda size, mode: (answering("")[0], size))
    monkeypatch.setattr(three_sizes, "evaluate", one_by_one)
    three_sizes.sweep(["large"])
    assert {each.reply for each in three_sizes.read_replies()} == {trace.reply}
