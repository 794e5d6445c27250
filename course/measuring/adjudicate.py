"""Labels that two readers give differently: how far they agree, which rows are to decide, what that moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa

from course.files import read_csv
from course.material.data import Queue, Text, Ticket
from course.paths import DATA

FILE = DATA / "tickets" / "decided_labels.csv"


@dataclass(frozen=True)
class DecidedLabel:
    """What the policy says of a ticket that two readers label differently, by which `rule` (0: the table).

    `also` is the other queue where the policy leaves both open.
    """

    id: str
    queue: Queue
    rule: int
    why: Text
    also: Queue | None = None

    @property
    def queues(self) -> set[str]:
        """The queues that count as right."""
        return {self.queue, self.also or self.queue}


@dataclass(frozen=True)
class LabelAgreement:
    """Two readers of the same `n` rows. `kappa` is Cohen's, with its 95% interval.

    It is the share of the way from the agreement of chance (0) to that of every row (1).
    """

    n: int
    agreed: int
    kappa: float
    low: float
    high: float


def decided() -> dict[str, DecidedLabel]:
    """Id of each ticket that was decided -> the decision."""
    return {label.id: label for label in read_csv(FILE, DecidedLabel)}


def agreement(one: Sequence[str], other: Sequence[str]) -> LabelAgreement:
    """How far two readers agree on the same rows, in the same order."""
    labels = sorted({*one, *other})
    pairs = pd.crosstab(pd.Series(one), pd.Series(other)).reindex(index=labels, columns=labels, fill_value=0)
    agreed = sum(a == b for a, b in zip(one, other, strict=True))
    if agreed == len(one):  # the variance of the interval is 0 / 0 there
        return LabelAgreement(len(one), agreed, 1.0, 1.0, 1.0)
    found = cohens_kappa(pairs.to_numpy())
    kappa, low, high = (float(value) for value in (found.kappa, found.kappa_low, found.kappa_upp))
    return LabelAgreement(len(one), agreed, kappa, low, high)


def disagreements(rows: Sequence[Ticket], other: Mapping[str, str]) -> list[Ticket]:
    """The tickets whose label is not what another reader says of their id."""
    return [row for row in rows if other[row.id] != row.queue]


def right(rows: Sequence[Ticket], replies: Mapping[str, str], labels: Mapping[str, set[str]]) -> int:
    """How many replies are right, where `labels` has the queues that count for an id, else by the row."""
    return sum(replies[row.id] in labels.get(row.id, {row.queue}) for row in rows)
