"""Tools for a small model: what examples do to it, and code that calls, from the answers that travel."""

from collections import Counter
from functools import cache, partial

import pytest

from course.engine.client import connect
from course.engine.replies import text_of
from course.material import orders
from course.material.orders import OrderQuestion
from course.measuring.evaluate import Result, evaluate
from course.rungs import shown_tools, tool_loop
from course.rungs.shown_tools import arguments, called_by_code, nearest_examples, run_limited
from course.rungs.tool_loop import Trace

ROWS, EXAMPLES = orders.questions("test"), orders.questions("example")
FEW = ROWS[::4]
OF_EACH_KIND = list({each.kind: each for each in reversed(EXAMPLES)}.values())[::-1]


@pytest.fixture(autouse=True)
def _apart(results_dir, monkeypatch):
    monkeypatch.setenv("COURSE_MODE", "local")


@cache
def near() -> dict[str, list[OrderQuestion]]:
    return nearest_examples(ROWS, EXAMPLES, 3)


@cache
def connected():
    return connect("small", mode="local")


def measured(rows, ask) -> Result:
    client, model = connected()
    found = evaluate(rows, partial(ask, client, model), name="measured", check=tool_loop.check, client=client)
    assert found.badge_kind == "recorded"
    return found


def shown(rows, examples_for) -> Result:
    return measured(rows, lambda client, model, row: run_limited(client, model, row, examples_for(row)))


@cache
def three_nearest() -> Result:
    found = near()
    return shown(ROWS, lambda row: found[row.id])


def alone(client, model, row) -> Trace:
    asked = [{"role": "user", "content": row.text}]
    reply = client.messages.create(model=model, max_tokens=60, system=shown_tools.SYSTEM, messages=asked)
    return Trace(text_of(reply))


def verdicts(result: Result, judge) -> Counter:
    of = {row.id: row for row in ROWS}
    return Counter(judge(of[outcome.id], outcome.reply) for outcome in result.outcomes)


def calls_of(result: Result) -> Counter:
    return Counter(name for trace in result.frame.reply for name, _ in trace.calls)


@pytest.mark.slow
def test_without_a_tool_or_an_example_little_is_answered_and_the_nearest_examples_show_most():
    assert measured(ROWS, alone).right == 0
    told, three = shown(FEW, lambda row: []), three_nearest()
    assert three.accuracy > 0.5 > told.accuracy + 0.1
    found = near()
    one = shown(FEW, lambda row: found[row.id][-1:])
    assert verdicts(one, tool_loop.reply_verdict)["invented"] > 0.7 * one.n
    called = calls_of(shown(FEW, lambda row: OF_EACH_KIND))
    assert max(called.values()) > 0.5 * called.total()


@pytest.mark.slow
def test_code_calls_better_than_the_small_model_and_with_fewer_tokens():
    found, three = near(), three_nearest()
    by_code = measured(ROWS, lambda client, model, row: called_by_code(client, model, row, found[row.id]))
    right = [verdicts(each, tool_loop.call_verdict)["right call"] for each in (by_code, three)]
    assert right[0] > right[1]
    assert by_code.input_tokens < 0.7 * three.input_tokens


def test_either_limit_ends_the_loop_without_a_reply():
    client, model = connected()
    row = ROWS[0]
    short = run_limited(client, model, row, near()[row.id], steps=1)
    poor = run_limited(client, model, row, near()[row.id], spend=0)
    complete = run_limited(client, model, row, near()[row.id])
    assert (short.stop, short.reply, poor.stop, poor.reply) == ("step limit", "", "spend limit", "")
    assert complete.stop == "reply" and complete.reply and complete.cost > short.cost > 0


@pytest.mark.parametrize(
    ("tool", "text", "found"),
    [
        ("find_order", "Where is FL-20431?", {"order": "FL-20431"}),
        ("find_refund", "Where is my money?", {"order": ""}),
        ("price", "I need 4 impellers IM-06.", {"product": "IM-06", "quantity": 4}),
        ("price", "What does a pump cost?", {"product": "", "quantity": 1}),
    ],
)
def test_code_finds_the_arguments_of_a_call(tool, text, found):
    assert arguments(tool, text) == found
