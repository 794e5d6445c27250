"""What to look at in training data before training: each check is a finding with the rows to read.

Nothing here changes the data. A finding without rows is good news, and one with rows is work for a person.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from course.errors import CourseError
from course.material.data import Ticket
from course.rungs.retrieve import embed
from course.tuning.chats import Chats, TrainingChat, unfit

# Cosine of MiniLM's vectors. The nearest pair of the course's 810 tickets, none of them a copy, has 0.89.
NEARLY_THE_SAME = 0.9
NEIGHBOURS = 5
FEW_OF_AN_ANSWER = 10


@dataclass(frozen=True)
class DataFinding:
    """What one check found. `rows` are the places in the training data, from 0, that a person should read."""

    check: str
    rows: tuple[int, ...]
    says: str

    def __str__(self) -> str:
        return f"{self.check}: {len(self.rows)} to read. {self.says}"


@dataclass(frozen=True)
class Report:
    """The findings on `examples` training examples."""

    examples: int
    findings: tuple[DataFinding, ...]

    @property
    def to_read(self) -> tuple[int, ...]:
        """Every row that some check wants read, once."""
        return tuple(sorted({row for finding in self.findings for row in finding.rows}))

    @property
    def frame(self) -> pd.DataFrame:
        """A line per check: rows to read, their share of all examples (0 to 1), and what was found."""
        lines = {
            finding.check: (len(finding.rows), len(finding.rows) / self.examples, finding.says)
            for finding in self.findings
        }
        return pd.DataFrame.from_dict(lines, orient="index", columns=["rows", "share", "says"])

    def hours(self, minutes_each: float) -> float:
        """The time that reading takes, at so many minutes for each row."""
        return len(self.to_read) * minutes_each / 60

    def __str__(self) -> str:
        return "\n".join(
            [*map(str, self.findings), f"In all: {len(self.to_read)} of {self.examples} to read."]
        )


def check_chats(
    chats: Chats,
    held_out: Mapping[str, Chats],
    lengths: Sequence[int],
    limit: int,
    more: Sequence[DataFinding] = (),
) -> Report:
    """Every check of chats: copies, leaks into the sets that measure, balance, disagreement and length.

    `held_out` are those sets by name; `lengths` are the tokens of each chat (`lora.token_counts`), and
    `limit` is how many the model takes. `more` are findings of other checks, such as `second_reading`.
    CourseError for what no training takes: too few, a blank part, or one answer in all of them.
    """
    if len(lengths) != len(chats):
        raise CourseError(f"There are {len(lengths)} lengths for {len(chats)} chats; give one for each.")
    if fault := unfit(chats):
        raise CourseError(fault)
    findings = [
        copies(chats),
        near_copies(chats),
        *(leaks(chats, rows, name) for name, rows in held_out.items()),
        *(near_leaks(chats, rows, name) for name, rows in held_out.items()),
        balance(chats),
        lonely_answers(chats),
        too_long(lengths, limit),
        *more,
    ]
    return Report(len(chats), tuple(findings))


def copies(chats: Chats) -> DataFinding:
    """Texts that appear earlier, apart from letter case and spaces."""
    first: dict[str, int] = {}
    places = [first.setdefault(_plain(chat), row) for row, chat in enumerate(chats)]
    rows = [row for row, place in enumerate(places) if place != row]
    torn = sum(chats[row].answer != chats[places[row]].answer for row in rows)
    return DataFinding("same text twice", tuple(rows), f"{torn} of them have another answer than the first.")


def near_copies(chats: Chats) -> DataFinding:
    """Texts that say nearly what an earlier one says, copies left out."""
    alike, plain = _likeness(chats, chats), np.array([_plain(chat) for chat in chats])
    near = np.tril(alike >= NEARLY_THE_SAME, -1) & (plain[:, None] != plain)
    closest = alike[np.tril_indices(len(chats), -1)].max(initial=0.0)
    says = f"Limit {NEARLY_THE_SAME:g}; the closest pair of all has {closest:.2f}."
    return DataFinding("nearly the same text", _rows(near.any(axis=1)), says)


def leaks(chats: Chats, held_out: Chats, name: str) -> DataFinding:
    """Training texts that a set which measures holds word for word."""
    known = {_plain(chat) for chat in held_out}
    rows = tuple(row for row, chat in enumerate(chats) if _plain(chat) in known)
    return DataFinding(f"text of {name}", rows, "Word for word: what is measured would be memory.")


def near_leaks(chats: Chats, held_out: Chats, name: str) -> DataFinding:
    """Training texts that say nearly what one in a set which measures says, the same texts left out."""
    check = f"nearly a text of {name}"
    if not held_out:
        return DataFinding(check, (), "There is none to compare with.")
    alike, same = _likeness(chats, held_out), leaks(chats, held_out, name).rows
    near = set(_rows((alike >= NEARLY_THE_SAME).any(axis=1)))
    says = f"Limit {NEARLY_THE_SAME:g}; the closest pair has {alike.max():.2f}."
    return DataFinding(check, tuple(sorted(near - set(same))), says)


def balance(chats: Chats) -> DataFinding:
    """The examples of answers that have few."""
    counts = Counter(chat.answer for chat in chats)
    rows = tuple(row for row, chat in enumerate(chats) if counts[chat.answer] < FEW_OF_AN_ANSWER)
    rarest, fewest = min(counts.items(), key=lambda counted: counted[1])
    return DataFinding(
        "rare answer",
        rows,
        f"{len(counts)} answers, from {fewest} examples ({rarest[:30]}) to {max(counts.values())}; "
        f"rare is under {FEW_OF_AN_ANSWER}.",
    )


def lonely_answers(chats: Chats) -> DataFinding:
    """Examples whose answer none of the nearest NEIGHBOURS texts has: wrong labels, or hard cases."""
    check = "answer unlike its neighbours'"
    if len(chats) <= NEIGHBOURS:
        return DataFinding(check, (), f"Too few examples to compare with {NEIGHBOURS} others.")
    alike, answers = _likeness(chats, chats), np.array([chat.answer for chat in chats])
    np.fill_diagonal(alike, -1.0)
    nearest = np.argpartition(-alike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    lonely = np.all(answers[nearest] != answers[:, None], axis=1)
    return DataFinding(check, _rows(lonely), f"None of the {NEIGHBOURS} nearest texts has the same answer.")


def too_long(lengths: Sequence[int], limit: int) -> DataFinding:
    """Examples with more tokens than the model takes."""
    rows = tuple(row for row, length in enumerate(lengths) if length > limit)
    middle, most = np.percentile(lengths, [50, 100])
    return DataFinding(
        "too long", rows, f"{middle:.0f} tokens at the median, {most:.0f} at most, {limit} allowed."
    )


def second_reading(tickets: Sequence[Ticket], readings: pd.DataFrame) -> DataFinding:
    """Tickets that a second annotator labels otherwise or is not sure of (`data.second_readings()`)."""
    rows, other = [], 0
    for row, ticket in enumerate(tickets):
        if ticket.id not in readings.index:
            raise CourseError(f"There is no second reading of ticket {ticket.id!r}; leave this check out.")
        reading = readings.loc[ticket.id]
        other += reading["queue"] != ticket.queue
        if reading["queue"] != ticket.queue or not reading["sure"]:
            rows.append(row)
    says = f"{other} have another answer from the second reader; the rest were not sure."
    return DataFinding("doubt of a second reader", tuple(rows), says)


def _plain(chat: TrainingChat) -> str:
    return " ".join(chat.text.casefold().split())


def _likeness(chats: Chats, others: Chats) -> np.ndarray:
    """Cosine of every text with every other one: shape (chats, others)."""
    return embed([chat.text for chat in chats]) @ embed([chat.text for chat in others]).T


def _rows(mask: ArrayLike) -> tuple[int, ...]:
    return tuple(np.flatnonzero(mask).tolist())
