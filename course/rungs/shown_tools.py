"""Tools for a small model: shown by examples instead of told, in a loop with limits, or called by code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from anthropic.types import MessageParam, ToolUseBlock

from course.engine.client import CourseClient
from course.engine.replies import text_of
from course.material.orders import OrderQuestion
from course.material.prices import tier
from course.rungs.retrieve import nearest
from course.rungs.tool_loop import Trace, as_pair
from course.rungs.tools import TOOLS, Desk

SYSTEM = (
    "You are the order desk of Fernlight. Look things up with a tool, then answer with what the tool says."
)
STEPS = 4  # requests for one question
SPEND = 0.005  # dollars for one question
REQUEST: dict[str, Any] = {"max_tokens": 80, "system": SYSTEM, "tools": TOOLS}


@dataclass(frozen=True)
class PricedTrace(Trace):
    """A trace with what it cost, in dollars of the small tier, even where the model answers for free.

    `stop` is "reply", "step limit" or "spend limit".
    """

    cost: float = 0.0


def as_turns(example: OrderQuestion) -> list[MessageParam]:
    """An example as four earlier turns: the question, the call, its result and the reply."""
    call = ToolUseBlock(id=f"toolu_{example.id}", type="tool_use", name=example.tool, input=example.input)
    return [
        {"role": "user", "content": example.text},
        {"role": "assistant", "content": [_as_block(call)]},
        {"role": "user", "content": [Desk(example.customer).answer(call)]},
        {"role": "assistant", "content": example.reply},
    ]


def nearest_examples(
    rows: Sequence[OrderQuestion], examples: Sequence[OrderQuestion], k: int
) -> dict[str, list[OrderQuestion]]:
    """For the id of each question its `k` nearest examples, the best one last.

    Order numbers are left out of the search: they say nothing about what is asked.
    """
    known = {example.id: example for example in examples}
    found = nearest([_numberless(row).text for row in rows], [_numberless(each) for each in examples], k)
    return {row.id: [known[each.id] for each in near] for row, near in zip(rows, found, strict=True)}


def run_limited(
    client: CourseClient,
    model: str,
    question: OrderQuestion,
    examples: Sequence[OrderQuestion] = (),
    *,
    steps: int = STEPS,
    spend: float = SPEND,
) -> PricedTrace:
    """Ask with examples in front until there is a reply, `steps` requests were made or `spend` is passed."""
    desk, trace = Desk(question.customer), PricedTrace(reply="", stop="step limit")
    turns = [turn for example in examples for turn in as_turns(example)]
    turns.append({"role": "user", "content": question.text})
    for _ in range(steps):
        message = client.messages.create(model=model, **REQUEST, messages=turns)
        dollars = tier("small").cost(message.usage.input_tokens, message.usage.output_tokens)
        trace = replace(trace, cost=trace.cost + dollars)
        calls = [block for block in message.content if block.type == "tool_use"]
        if not calls:
            return replace(trace, reply=text_of(message), stop="reply")
        results = [desk.answer(call) for call in calls]
        trace = replace(
            trace,
            calls=(*trace.calls, *map(as_pair, calls)),
            results=(*trace.results, *(str(result["content"]) for result in results)),
        )
        if trace.cost > spend:
            return replace(trace, stop="spend limit")
        turns.append({"role": "assistant", "content": message.content})
        turns.append({"role": "user", "content": results})
    return trace


def arguments(tool: str, text: str) -> dict[str, object]:
    """The arguments of a call of `tool`, found in a question by patterns. What is missing is "" or 1."""
    if tool != "price":
        order = re.search(r"FL-\d{5}", text)
        return {"order": order.group() if order else ""}
    product = re.search(r"\b[A-Z]{2}-\w+|\b[A-Z]{4,}\b", text)
    number = re.search(r"(?<![\w-])\d+", text)
    return {
        "product": product.group() if product else "",
        "quantity": int(number.group()) if number else 1,
    }


def called_by_code(
    client: CourseClient, model: str, question: OrderQuestion, examples: Sequence[OrderQuestion]
) -> Trace:
    """Code calls the tool of the nearest example, the last one, and the model only writes the reply."""
    tool = examples[-1].tool
    call = ToolUseBlock(id="toolu_code", type="tool_use", name=tool, input=arguments(tool, question.text))
    result = Desk(question.customer).answer(call)
    turns = [turn for example in examples for turn in as_turns(example)]
    turns.append({"role": "user", "content": question.text})
    turns.append({"role": "assistant", "content": [_as_block(call)]})
    turns.append({"role": "user", "content": [result]})
    message = client.messages.create(model=model, **REQUEST, messages=turns, tool_choice={"type": "none"})
    return Trace(text_of(message), (as_pair(call),), (str(result["content"]),))


def _numberless(question: OrderQuestion) -> OrderQuestion:
    return replace(question, text=re.sub(r"FL-\d+", "the order", question.text))


def _as_block(call: ToolUseBlock) -> Any:
    return call.to_dict()
