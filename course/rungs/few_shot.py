"""Which examples, and how many: measured on all test tickets by `python -m course.measure few-shot`."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from course.engine.client import CourseClient
from course.material.data import QUEUES, Ticket, tickets
from course.measuring.evaluate import Result, evaluate
from course.measuring.provenance import FOLDER, Counted, read_rows
from course.rungs.retrieve import nearest
from course.rungs.routing import one_per_queue, route

FILE = FOLDER / "few_shot_sweep.csv"
COMMAND = "python -m course.measure few-shot"
COUNTS = (0, 1, 2, 5, 10, 18)
CHOICES = ("fixed", "random", "retrieved")
SEED = 1

Choose = Callable[[Ticket, int], list[Ticket]]


@dataclass(frozen=True, kw_only=True)
class FewShotReading(Counted):
    """One row of the sweep: what `count` examples, chosen by `choice`, reached on `n` tickets.

    Tokens and seconds are means per ticket; `seed` is that of the random draw.
    """

    choice: str
    count: int
    input_tokens: float
    output_tokens: float
    seconds: float
    seed: int


def choosers(rows: Sequence[Ticket], train: Sequence[Ticket]) -> dict[str, Choose]:
    """For each of `CHOICES` the function from (ticket, count) to its examples.

    fixed: the first of one per queue. random: drawn anew for each ticket. retrieved: the nearest of `train`,
    the best one last.
    """
    fixed = one_per_queue(train)
    most = max(COUNTS)
    drawn = {row.id: random.Random(f"{SEED} {row.id}").sample(train, most) for row in rows}
    near = dict(zip((row.id for row in rows), nearest([row.text for row in rows], train, most), strict=True))
    return {
        "fixed": lambda ticket, count: fixed[:count],
        "random": lambda ticket, count: drawn[ticket.id][:count],
        "retrieved": lambda ticket, count: near[ticket.id][most - count :],
    }


def sweep(
    rows: Sequence[Ticket], client: CourseClient, model: str, counts: Sequence[int] = COUNTS
) -> list[FewShotReading]:
    """Measure every choice with every count and print a line for each. What is recorded is replayed."""
    readings = []
    for choice, choose in choosers(rows, tickets("train")).items():
        for count in counts:

            def predict(ticket: Ticket, choose: Choose = choose, count: int = count) -> str:
                return route(client, model, ticket, choose(ticket, count))

            result = evaluate(rows, predict, name=f"{count} {choice} examples", client=client)
            print(result, flush=True)
            means = {"input_tokens": 1, "output_tokens": 1, "seconds": 4}
            readings.append(
                FewShotReading.of(
                    result.outcomes,
                    COMMAND,
                    choice=choice,
                    count=count,
                    seed=SEED,
                    **{name: round(getattr(result, name), digits) for name, digits in means.items()},
                )
            )
    return readings


def read(path: Path = FILE) -> list[FewShotReading]:
    """The sweep as it was measured. CourseError names what is wrong, or the command that makes it."""
    return read_rows(FewShotReading, path, COMMAND)


def mislabelled(examples: Sequence[Ticket]) -> list[Ticket]:
    """The same examples, each with a wrong queue: the next one in the alphabet."""
    after = dict(zip(QUEUES, [*QUEUES[1:], QUEUES[0]], strict=True))
    return [replace(example, queue=after[example.queue]) for example in examples]


def changed(one: Result, other: Result) -> int:
    """On how many rows two results have different replies. Both were measured on the same rows, in order."""
    return sum(a.reply != b.reply for a, b in zip(one.outcomes, other.outcomes, strict=True))
