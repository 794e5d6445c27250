"""The ladder with each local size: prompts on all test tickets; letters, the handbook and tools likewise.

`python -m course.measure sizes` takes hours. It writes both files after each rung, asks no request twice, and
goes on where it was stopped.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from course.engine.client import CourseClient, connect
from course.engine.replies import text_of
from course.engine.sizes import local_model, local_models
from course.engine.weights import is_here
from course.material import orders
from course.material.data import handbook, letters, questions, tickets
from course.measuring import answers
from course.measuring import letters as letter_scores
from course.measuring.evaluate import WORKERS, Result, evaluate
from course.measuring.provenance import FOLDER, Counted, read_rows, write_in_place
from course.measuring.results import Check, Row, Verdict
from course.rungs import rag, structured, tool_loop
from course.rungs.chunks import by_section
from course.rungs.retrieve import nearest, search
from course.rungs.routing import (
    REASONING_TOKENS,
    described,
    one_per_queue,
    reason_first,
    route,
    system_prompt,
    whole_policy,
)
from course.rungs.tools import Desk

FILE = FOLDER / "three_sizes.csv"
REPLIES = FOLDER / "three_sizes_replies.csv"
COMMAND = "python -m course.measure sizes"
RETRIEVED = 5
ROUTING, LETTERS, HANDBOOK, TOOLS = "routing", "letters", "handbook", "tools"
ROWS: dict[str, Callable[[], Sequence[Any]]] = {
    ROUTING: lambda: tickets("test"),
    LETTERS: letters,
    HANDBOOK: questions,
    TOOLS: lambda: orders.questions("test"),
}


@dataclass(frozen=True, kw_only=True)
class SizeReading(Counted):
    """What a rung of a task reached with one size.

    Tokens are means per row. Seconds are not kept, since this runs for hours beside other work: `make bench`
    has them.
    """

    size: str
    task: str
    rung: str
    input_tokens: float
    output_tokens: float


@dataclass(frozen=True, kw_only=True)
class SizeReply:
    """The reply to one row, for comparisons row by row. The reading of its rung says how it was made."""

    size: str
    task: str
    rung: str
    id: str
    reply: str
    valid: bool
    right: bool


class RungToAsk(NamedTuple):
    """What is asked: `ask(client, model, row)` gives the reply to a row, and `check` judges it."""

    task: str
    name: str
    rows: Sequence[Row]
    ask: Callable[[CourseClient, str, Any], Any]
    check: Check | None = None


def rungs() -> Iterator[tuple[RungToAsk, ...]]:
    """Every prompt, as the rungs that ask it: free, and held by a schema where the task has one."""
    yield from _routing()
    yield from _letters()
    yield from _handbook()
    yield from _tools()


def _routing() -> Iterator[tuple[RungToAsk, ...]]:
    rows, train = ROWS[ROUTING](), tickets("train")
    fixed = one_per_queue(train)
    near = dict(
        zip((row.id for row in rows), nearest([row.text for row in rows], train, RETRIEVED), strict=True)
    )
    examples: dict[str, Callable[[Any], Sequence]] = {
        "": lambda ticket: (),
        ", 5 retrieved examples": lambda ticket: near[ticket.id],
        ", 18 fixed examples": lambda ticket: fixed,
    }

    def rung(name: str, system: str, shown: str, held: bool) -> RungToAsk:
        def ask(client, model, ticket) -> str:
            return route(client, model, ticket, examples[shown](ticket), system=system, constrained=held)

        return RungToAsk(ROUTING, f"{name}{shown}{_schema(held)}", rows, ask)

    for name, system, shown in (
        ("names", system_prompt(), ""),
        ("descriptions", described(), ""),
        ("policy", whole_policy(), ""),
        ("names", system_prompt(), ", 18 fixed examples"),
        ("names", system_prompt(), ", 5 retrieved examples"),
        ("descriptions", described(), ", 5 retrieved examples"),
    ):
        yield tuple(rung(name, system, shown, held) for held in (False, True))

    def in_fields(client, model, ticket) -> str:
        return structured.ask(
            client, model, ticket, described(), structured.THINKING_SCHEMA, REASONING_TOKENS
        )

    reasoning = "descriptions, reasoning first"
    yield (RungToAsk(ROUTING, reasoning, rows, reason_first),)
    yield (RungToAsk(ROUTING, f"{reasoning}{_schema(True)}", rows, in_fields),)


def _letters() -> Iterator[tuple[RungToAsk, ...]]:
    def rung(name: str, system: str, schema: dict[str, Any] | None) -> RungToAsk:
        def ask(client, model, letter) -> str:
            return text_of(structured.read_letter(client, model, letter, system, schema))

        return RungToAsk(LETTERS, f"{name}{_schema(schema)}", ROWS[LETTERS](), ask, letter_scores.check)

    for name, system in (("keys", structured.KEYS), ("rules", structured.RULES)):
        yield tuple(rung(name, system, schema) for schema in (None, structured.LETTER_SCHEMA))


def _handbook() -> Iterator[tuple[RungToAsk, ...]]:
    sections = by_section(handbook())
    for count in (0, 1, 3):

        def ask(client, model, question, count=count) -> str:
            found = search(question.text, sections, count, "vector") if count else []
            return rag.answer(client, model, question, [passage.searched for passage in found])

        name = f"{count} retrieved section{'s' * (count > 1)}" if count else "closed book"
        yield (RungToAsk(HANDBOOK, name, ROWS[HANDBOOK](), ask, answers.judge),)


def _tools() -> Iterator[tuple[RungToAsk, ...]]:
    def ask(client, model, question) -> tool_loop.Trace:
        return tool_loop.run_loop(client, model, question, Desk(question.customer))

    yield (RungToAsk(TOOLS, "zero-shot", ROWS[TOOLS](), ask, tool_loop.check),)


def _schema(held: object) -> str:
    return ", schema" if held else ""


def sweep(sizes: Sequence[str] = ()) -> list[SizeReading]:
    """Ask every rung of these sizes (none: the installed ones), and print a line for each."""
    for size in sizes or [model.size for model in local_models() if is_here(model)]:
        client, model = connect(size, mode="local")
        for together in rungs():
            _ask(client, model, together)
            for rung in together:
                name = f"{size}, {rung.task}: {rung.name}"
                ask = partial(rung.ask, client, model)
                print(_keep(size, rung, evaluate(rung.rows, ask, name=name, check=rung.check, client=client)))
    return read()


def _ask(client: CourseClient, model: str, together: Sequence[RungToAsk]) -> None:
    """Ask the rungs of one prompt row by row, so that the engine reads the prompt of a row once.

    The answers are kept, so that measuring a rung finds them.
    """

    def of_row(row: Row) -> None:
        for rung in together:
            with suppress(ValueError):  # an object that was cut off: the rung counts it
                rung.ask(client, model, row)

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(of_row, together[0].rows):
            pass


def read() -> list[SizeReading]:
    """The counts as they were measured. CourseError names what is wrong, or the command that makes them."""
    return read_rows(SizeReading, FILE, COMMAND)


def read_replies() -> list[SizeReply]:
    """Every reply of them."""
    return read_rows(SizeReply, REPLIES, COMMAND)


def results(task: str) -> dict[tuple[str, str], Result]:
    """What each size reached with each rung of a task, (size, rung) -> result, as far as it was measured.

    Verdicts are those that were kept with the replies. A result's slices are today's.
    """
    rows: Sequence[Row] = ROWS[task]()
    replies: dict[tuple[str, str], dict[str, SizeReply]] = {}
    for reply in read_replies():
        if reply.task == task:
            replies.setdefault((reply.size, reply.rung), {})[reply.id] = reply
    readings = [reading for reading in read() if reading.task == task]
    return {(each.size, each.rung): _result(rows, each, replies[each.size, each.rung]) for each in readings}


def _result(rows: Sequence[Row], reading: SizeReading, replies: dict[str, SizeReply]) -> Result:
    return Result.from_replies(
        rows,
        {id: kept.reply for id, kept in replies.items()},
        name=f"{reading.size} local model: {reading.rung}",
        badge=str(reading),
        model=local_model(reading.size).name,
        check=lambda row, _: Verdict(valid=replies[row.id].valid, correct=replies[row.id].right),
    )


def _keep(size: str, rung: RungToAsk, result: Result) -> Result:
    """Write what a rung reached in the place of what it reached before."""
    own = {"size": size, "task": rung.task, "rung": rung.name}
    new = [
        SizeReply(**own, id=each.id, reply=_text(each.reply), valid=each.valid, right=each.correct)
        for each in result.outcomes
    ]
    reading = SizeReading.of(
        result.outcomes,
        COMMAND,
        **own,
        input_tokens=round(result.input_tokens or math.nan, 1),
        output_tokens=round(result.output_tokens or math.nan, 1),
    )
    write_in_place(new, REPLIES, *own)
    write_in_place([replace(reading, fingerprint=local_model(size).sha256[:16])], FILE, *own)
    return result


def _text(reply: Any) -> str:
    return reply.reply if isinstance(reply, tool_loop.Trace) else reply or ""
