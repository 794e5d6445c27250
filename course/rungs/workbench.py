"""The reader's own prompts, version by version: what each one asks, and what it reached.

A version is measured on the dev tickets as often as one likes. The test tickets are for the end: each version
may be looked at once there, and every look is counted, because the best of many looks flatters itself.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from course.engine.client import CourseClient
from course.engine.sizes import local_model
from course.errors import CourseError, one_of
from course.files import checked, database
from course.material.data import QUEUES, Ticket, lesson_sample, queue_descriptions, tickets
from course.measuring.evaluate import evaluate
from course.measuring.results import Outcome, Result, plain_text
from course.paths import results_dir
from course.rungs.retrieve import nearest
from course.rungs.routing import one_per_queue, route

Examples = Literal["none", "fixed", "retrieved"]
WAYS: tuple[str, ...] = get_args(Examples)
Split = Literal["dev", "test"]
MOST_EXAMPLES = len(QUEUES)
LONGEST_PROMPT = 20_000  # characters: about what the small model takes
START = "Route each support ticket to exactly one of these queues:\n{queues}\n"

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS versions (number INTEGER PRIMARY KEY, draft TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS runs (number INTEGER NOT NULL REFERENCES versions, split TEXT NOT NULL, "
    "badge TEXT NOT NULL, model TEXT NOT NULL, created TEXT NOT NULL, outcomes TEXT NOT NULL, "
    "PRIMARY KEY (number, split))",
)


@dataclass(frozen=True)
class Draft:
    """What a version asks: the prompt, the model's size, the examples, and whether a schema holds the reply.

    In the prompt `{queues}` stands for the names of the queues, `{descriptions}` for a line on each.
    """

    prompt: str = START
    size: str = "large"
    examples: Examples = "none"
    count: int = 5
    schema: bool = False

    def __post_init__(self) -> None:
        local_model(self.size)
        if not self.prompt.strip():
            raise CourseError("The prompt is empty; write what the model should do with a ticket.")
        if len(self.prompt) > LONGEST_PROMPT:
            raise CourseError(
                f"The prompt has {len(self.prompt):,} characters; shorten it to {LONGEST_PROMPT:,} at most."
            )
        one_of("choice of examples", self.examples, WAYS)
        if not 1 <= self.count <= MOST_EXAMPLES:
            raise CourseError(f"{self.count} examples cannot be shown; choose 1 to {MOST_EXAMPLES}.")

    @property
    def system(self) -> str:
        """The prompt as the model gets it."""
        lines = "\n".join(f"- {name}: {what}" for name, what in queue_descriptions().items())
        return self.prompt.replace("{queues}", ", ".join(QUEUES)).replace("{descriptions}", lines)

    def shown_with(self, rows: Sequence[Ticket]) -> list[list[Ticket]]:
        """For each row the training tickets that go before it as examples."""
        train = tickets("train")
        if self.examples == "retrieved":
            return nearest([row.text for row in rows], train, self.count)
        return [one_per_queue(train)[: self.count] if self.examples == "fixed" else [] for _ in rows]

    def __str__(self) -> str:
        shown = "no examples" if self.examples == "none" else f"{self.count} {self.examples} examples"
        return f"{self.size}, {shown}, {'schema' if self.schema else 'free reply'}"


@dataclass(frozen=True)
class Version:
    """A kept draft with its number, from 1, and what it reached on dev and, if it was looked at, on test."""

    number: int
    draft: Draft
    dev: Result | None = None
    test: Result | None = None


def measure(
    draft: Draft,
    client: CourseClient,
    model: str,
    split: Split = "dev",
    rows: Sequence[Ticket] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Version:
    """Ask the draft for the lessons' sample of a split (or `rows`), keep the result and return the version.

    `on_progress` gets the count of finished rows; a CourseError that it raises stops the run. A draft that
    was measured on that split already is not measured again: on test that is the one look it has.
    """
    version = _version(draft)
    if getattr(version, split) is not None:
        return version
    asked = lesson_sample(split) if rows is None else rows
    examples = {row.id: shown for row, shown in zip(asked, draft.shown_with(asked), strict=True)}

    def predict(ticket: Ticket) -> str:
        return route(
            client, model, ticket, examples[ticket.id], system=draft.system, constrained=draft.schema
        )

    name = f"version {version.number}"
    _keep(version.number, split, evaluate(asked, predict, name=name, client=client, on_progress=on_progress))
    return _version(draft)


def versions() -> list[Version]:
    """Every kept version, the oldest first."""
    with _opened() as connection:
        drafts = connection.execute("SELECT number, draft FROM versions ORDER BY number").fetchall()
        runs = connection.execute(
            "SELECT number, split, badge, model, created, outcomes FROM runs"
        ).fetchall()
    results = {
        (number, split): Result(
            f"version {number}", tuple(Outcome(**row) for row in json.loads(outcomes)), badge, model, created
        )
        for number, split, badge, model, created, outcomes in runs
    }
    return [
        Version(
            number,
            checked(Draft, json.loads(draft), f"version {number}"),
            results.get((number, "dev")),
            results.get((number, "test")),
        )
        for number, draft in drafts
    ]


def looks_at_test(kept: Sequence[Version]) -> int:
    """How many of these versions were looked at on test."""
    return sum(version.test is not None for version in kept)


def _version(draft: Draft) -> Version:
    """The version of this draft; a new one if there is none."""
    with _opened() as connection:
        connection.execute("INSERT OR IGNORE INTO versions (draft) VALUES (?)", (json.dumps(asdict(draft)),))
    return next(version for version in versions() if version.draft == draft)


def _keep(number: int, split: Split, result: Result) -> None:
    outcomes = [vars(outcome) | {"reply": plain_text(outcome.reply)} for outcome in result.outcomes]
    with _opened() as connection:
        connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)",
            (number, split, result.badge, result.model, result.created, json.dumps(outcomes)),
        )


def _opened() -> AbstractContextManager[sqlite3.Connection]:
    return database(results_dir() / "workbench.sqlite", *_SCHEMA, holds="Your versions of the workbench")
