"""What a reviewer decided, ticket by ticket, in results/verdicts.sqlite. Rows are added and never changed."""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

from course.errors import one_of
from course.files import database
from course.material.data import QUEUES
from course.measuring.results import now
from course.paths import results_dir
from course.rungs.skills import Example

APPROVE, CORRECT, SKIP, UNDO = "approve", "correct", "skip", "undo"
ACTIONS = (APPROVE, CORRECT, SKIP, UNDO)


@dataclass(frozen=True)
class Decision:
    """One verdict on one ticket: `routed` is what the skill said, `queue` what holds now ("" for skip, undo).

    Raises CourseError for an action or a queue that does not exist.
    """

    id: str
    text: str
    routed: str
    action: str
    queue: str

    def __post_init__(self) -> None:
        one_of("action", self.action, ACTIONS)
        if self.action in (APPROVE, CORRECT):
            one_of("queue", self.queue, QUEUES)


_COLUMNS = ", ".join(field.name for field in fields(Decision))
_TABLE = f"""CREATE TABLE IF NOT EXISTS verdicts
    (number INTEGER PRIMARY KEY, created TEXT, {_COLUMNS.replace(",", " TEXT,")} TEXT)"""


class VerdictLog:
    """The decisions in one SQLite file. Several kernels may write to it; a killed one loses nothing.

    Each call opens and closes the file, so no kernel holds it. Errors come as CourseError and change nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or results_dir() / "verdicts.sqlite"

    def add(self, decision: Decision) -> None:
        """Keep a decision. It is on disk when this returns."""
        marks = ", ".join("?" for _ in range(6))
        insert = f"INSERT INTO verdicts (created, {_COLUMNS}) VALUES ({marks})"
        self._run(insert, (now(), *astuple(decision)))

    def decisions(self) -> list[Decision]:
        """The verdict that holds for each ticket, the oldest first; one that was undone does not."""
        rows = self._run(f"SELECT {_COLUMNS} FROM verdicts ORDER BY number")
        holds: dict[str, Decision] = {}
        for decision in (Decision(*row) for row in rows):
            holds.pop(decision.id, None)
            if decision.action != UNDO:
                holds[decision.id] = decision
        return list(holds.values())

    def examples(self) -> list[Example]:
        """What was approved or corrected, as examples for a skill."""
        kept = [decision for decision in self.decisions() if decision.action != SKIP]
        return [Example(decision.id, decision.text, decision.queue) for decision in kept]

    def _run(self, statement: str, values: tuple = ()) -> list[tuple]:
        on_disk_at_once = "PRAGMA synchronous = FULL"
        with database(self.path, on_disk_at_once, _TABLE, holds="Your verdicts") as connection:
            return connection.execute(statement, values).fetchall()
