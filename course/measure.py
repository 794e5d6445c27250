"""Measurements too long for a lesson: `python -m course.measure` with `recordings`, `few-shot`, `ladder`,
`skills`, `tuning` or `aftermath`."""

import argparse
import os
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from course.engine.client import CourseClient, connect
from course.errors import CourseError
from course.material.data import Ticket, tickets
from course.measuring import ladder
from course.measuring.evaluate import evaluate
from course.measuring.provenance import FOLDER, Counted, Provenance, counts_of, read_rows, write_rows
from course.measuring.record import record
from course.measuring.results import Result
from course.rungs import compounding, skills
from course.rungs.retrieve import nearest
from course.rungs.routing import one_per_queue, route

FEW_SHOT = FOLDER / "few_shot_sweep.csv"
FEW_SHOT_COMMAND = "python -m course.measure few-shot"
COUNTS = (0, 1, 2, 5, 10, 18)
CHOICES = ("fixed", "random", "retrieved")
SEED = 1

Choose = Callable[[Ticket, int], list[Ticket]]


@dataclass(frozen=True, kw_only=True)
class FewShotReading(Counted):
    """One row of the few-shot sweep: what `count` examples, chosen by `choice`, reached on `n` tickets.

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


def few_shot(
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
            readings.append(_reading(choice, count, result))
    return readings


def read_readings(path: Path = FEW_SHOT) -> list[FewShotReading]:
    """The sweep as it was measured. CourseError names what is wrong, or the command that makes it."""
    return read_rows(FewShotReading, path, FEW_SHOT_COMMAND)


def _reading(choice: str, count: int, result: Result) -> FewShotReading:
    return FewShotReading(
        **asdict(Provenance.now(FEW_SHOT_COMMAND)),
        choice=choice,
        count=count,
        **counts_of(result.outcomes),
        input_tokens=round(result.input_tokens, 1),
        output_tokens=round(result.output_tokens, 1),
        seconds=round(result.seconds, 4),
        seed=SEED,
    )


def _few_shot_command(arguments: argparse.Namespace) -> None:
    rows = tickets("test")
    if arguments.rows is not None:
        if not 1 <= arguments.rows <= len(rows):
            raise CourseError(f"--rows is {arguments.rows}; give 1 to {len(rows)}.")
        if arguments.output == FEW_SHOT:
            raise CourseError("--rows measures a part only, so name another file for it with --output.")
        rows = rows[: arguments.rows]
    client, model = connect(mode="local")
    write_rows(few_shot(rows, client, model), arguments.output)
    print(f"Wrote {arguments.output}")


def _ladder_command(_: argparse.Namespace) -> None:
    ladder.run_lessons()
    rungs = ladder.rungs()
    write_rows(rungs, ladder.FILE)
    print(*(f"{rung.right} of {rung.n}  {rung.name}" for rung in rungs), sep="\n")
    print(f"Wrote {ladder.FILE}")


def _recordings_command(arguments: argparse.Namespace) -> None:
    record(arguments.lessons)


def _skills_command(_: argparse.Namespace) -> None:
    client, model = connect(mode="local")
    skill = skills.load(skills.FOLDER / skills.ROUTING)
    write_rows(compounding.sweep(client, model, skill), compounding.FILE)
    print(f"Wrote {compounding.FILE}")


def _tuning_command(_: argparse.Namespace) -> None:
    from course.tuning import experiments  # torch and peft take seconds to import

    client, _ = connect(mode="local")
    write_rows(experiments.sweep(tickets("test"), client), experiments.FILE)
    print(f"Wrote {experiments.FILE}")


def _aftermath_command(_: argparse.Namespace) -> None:
    from course.tuning import aftermath  # it loads PyTorch, which no other command needs

    client, model = connect(mode="local")
    write_rows(aftermath.sweep(client, model), aftermath.FILE)
    print(f"Wrote {aftermath.FILE}")


def main(words: Sequence[str] | None = None) -> None:
    """The command line. A run that was stopped goes on where it stopped."""
    parser = argparse.ArgumentParser(prog="python -m course.measure", description=__doc__)
    commands = parser.add_subparsers(required=True)
    sweep = commands.add_parser("few-shot", help="count and choice of examples, on all test tickets")
    sweep.add_argument("--rows", type=int, help="only the first tickets, to try the command; needs --output")
    sweep.add_argument("--output", type=Path, default=FEW_SHOT, help="the CSV file to write")
    sweep.set_defaults(run=_few_shot_command)
    every_row = commands.add_parser("ladder", help="the lessons again, on all test tickets")
    every_row.set_defaults(run=_ladder_command)
    answers = commands.add_parser("recordings", help="the answers that travel with the course, asked again")
    answers.add_argument("lessons", nargs="*", help="numbers of lessons, such as 01 05 (default: all)")
    answers.set_defaults(run=_recordings_command)
    stream = commands.add_parser("skills", help="a skill with and without memory, on every month's tickets")
    stream.set_defaults(run=_skills_command)
    trained = commands.add_parser("tuning", help="training data: amount, labels and source; up to an hour")
    trained.set_defaults(run=_tuning_command)
    after = commands.add_parser("aftermath", help="what comes after tuning: lesson 12, with its trainings")
    after.set_defaults(run=_aftermath_command)
    arguments = parser.parse_args(words)
    if arguments.run is not _recordings_command:
        # A measurement of this machine replays no answer of another one.
        os.environ["COURSE_RECORDINGS"] = os.devnull
    try:
        arguments.run(arguments)
    except CourseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
