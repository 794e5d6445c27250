"""Measurements too long for a lesson: `python -m course.measure COMMAND` writes what data/measured/ keeps.

A stopped run resumes where it stopped.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from course.engine.client import connect
from course.errors import as_command
from course.material.data import tickets
from course.measuring.provenance import write_rows
from course.measuring.record import record


class LongMeasurement(NamedTuple):
    """What a command measures. `measure(module, client, model)` gives the rows of the file `module.FILE`."""

    about: str
    module: str  # imported when it is asked for: the tuning ones load torch
    measure: Callable[[Any, Any, str], list]


SWEEPS = {
    "few-shot": LongMeasurement(
        "count and choice of examples, on all test tickets",
        "course.rungs.few_shot",
        lambda few_shot, client, model: few_shot.sweep(tickets("test"), client, model),
    ),
    "sizes": LongMeasurement(
        "prompts, letters, handbook and tools with each installed size, on all test rows; hours",
        "course.rungs.three_sizes",
        lambda three_sizes, client, model: three_sizes.sweep(),
    ),
    "ladder": LongMeasurement(
        "the lessons again, on all test tickets",
        "course.measuring.ladder",
        lambda ladder, client, model: ladder.sweep(),
    ),
    "skills": LongMeasurement(
        "a skill with and without memory, on every month's tickets",
        "course.rungs.compounding",
        lambda compounding, client, model: compounding.sweep(client, model),
    ),
    "tuning": LongMeasurement(
        "training data: amount, labels and source; up to an hour",
        "course.tuning.experiments",
        lambda experiments, client, model: experiments.sweep(tickets("test"), client),
    ),
    "curve": LongMeasurement(
        "the adapter by amount of labels: same epochs, same steps, three seeds; three hours",
        "course.tuning.labels",
        lambda labels, client, model: labels.sweep(labels.curve(), client),
    ),
    "labels": LongMeasurement(
        "that, and the head, the encoder and the adapter by source of labels; the cheapest first, nine hours",
        "course.tuning.labels",
        lambda labels, client, model: labels.sweep(labels.points(), client),
    ),
    "encoder": LongMeasurement(
        "MiniLM trained as a whole, on all test tickets; some minutes",
        "course.tuning.small_encoder",
        lambda small_encoder, client, model: small_encoder.sweep(),
    ),
    "voice": LongMeasurement(
        "the house voice from every rung, each installed size and three trainings; hours",
        "course.tuning.voice",
        lambda voice, client, model: voice.sweep(),
    ),
    "preference": LongMeasurement(
        "the tuned voice trained on by pairs of replies, from three seeds; half an hour each",
        "course.tuning.preference",
        lambda preference, client, model: preference.sweep(client),
    ),
    "letters": LongMeasurement(
        "the letters by prompts, a schema and a small training, from three seeds; three quarters of an hour",
        "course.tuning.letter_form",
        lambda letter_form, client, model: letter_form.sweep(client, model),
    ),
    "aftermath": LongMeasurement(
        "what comes after tuning: lesson 12, with its trainings",
        "course.tuning.aftermath",
        lambda aftermath, client, model: aftermath.sweep(client, model),
    ),
    "forgetting": LongMeasurement(
        "what a training costs, with its cures, and facts in several wordings; cheapest first, four hours",
        "course.tuning.forgetting",
        lambda forgetting, client, model: forgetting.sweep(),
    ),
    "shift": LongMeasurement(
        "the adapter on mail about new products and in another language; a minute",
        "course.tuning.shift",
        lambda shift, client, model: shift.sweep(client, model),
    ),
}


@as_command
def main(given: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m course.measure", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, sweep in SWEEPS.items():
        commands.add_parser(name, help=sweep.about)
    answers = commands.add_parser("recordings", help="the answers that travel with the course, asked again")
    answers.add_argument("lessons", nargs="*", help="numbers of lessons, such as 01 05 (default: all)")
    chosen = parser.parse_args(given)
    if chosen.command == "recordings":
        record(chosen.lessons)
    else:
        _write(SWEEPS[chosen.command])


def _write(sweep: LongMeasurement) -> None:
    # A measurement of this machine replays no answer of another one.
    os.environ["COURSE_RECORDINGS"] = os.devnull
    module = import_module(sweep.module)
    write_rows(sweep.measure(module, *connect(mode="local")), module.FILE)
    print(f"Wrote {module.FILE}")


if __name__ == "__main__":
    main()
