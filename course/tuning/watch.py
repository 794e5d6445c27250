"""Watching a tuned model by its reviewed replies: an alarm on the month's total, and one on each queue.

Months 1 to 3 say what is usual, months 4 to 6 are watched. The counts are those of `aftermath.mail`, by the
old rule, under which nothing changes, or by the new one, under which rule 5 changes in month 4.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from course.measuring.results import wilson
from course.tuning import aftermath

OLD, NEW = "old rule", "new rule"
USUAL, WATCHED = [1, 2, 3], [4, 5, 6]
SLACK = 0.15  # so much worse than usual is still taken for chance
SEED = 12


def monthly(rule: str) -> pd.DataFrame:
    """A row a month: right ones, replies, share right, and whether its interval is below the usual share."""
    table = _mail(rule).groupby("month")[["right", "n"]].sum()
    table["share"] = table.right / table.n
    usual = usual_share(rule)
    table["rings"] = [wilson(right, n)[1] < usual for right, n in zip(table.right, table.n, strict=True)]
    return table


def usual_share(rule: str) -> float:
    """The share right in the usual months."""
    usual = _mail(rule).query("month in @USUAL")
    return usual.right.sum() / usual.n.sum()


def rings_by_itself(rule: str) -> float:
    """The share of half-years without a change in which the total rings at least once. They are drawn."""
    of_month = int(_mail(rule).query("month == 1").n.sum())
    upper = np.array([wilson(right, of_month)[1] for right in range(of_month + 1)])
    drawn = np.random.default_rng(SEED).binomial(of_month, usual_share(rule), size=(10_000, 6))
    usual = drawn[:, :3].mean(axis=1, keepdims=True) / of_month
    return float((upper[drawn[:, 3:]] < usual).any(axis=1).mean())


def cusum(wrong: NDArray, n: NDArray, usual_wrong: NDArray) -> NDArray:
    """Sums after each month, (..., months), of what is wrong beyond the usual share and the slack.

    They never fall below zero, so that a small excess that stays becomes a large sum.
    """
    excess = wrong - (usual_wrong[..., None] + SLACK) * n
    sums = [np.zeros(excess.shape[:-1])]
    for month in range(excess.shape[-1]):
        sums.append(np.maximum(0, sums[-1] + excess[..., month]))
    return np.stack(sums[1:], axis=-1)


def sums(rule: str) -> pd.DataFrame:
    """The sum of each queue that was chosen, in each watched month."""
    n, wrong = _by_queue(rule)
    late_wrong, late_n = (table[WATCHED].to_numpy() for table in (wrong, n))
    return pd.DataFrame(
        cusum(late_wrong, late_n, _usual_wrong(wrong.to_numpy(), n.to_numpy())), n.index, WATCHED
    )


def alarm_line(rule: str, rare: float = 0.05) -> float:
    """The sum that a share `rare` of the half-years without a change reaches in any queue. They are drawn."""
    n, wrong = (table.to_numpy() for table in _by_queue(rule))
    usual = _usual_wrong(wrong, n)
    drawn = np.random.default_rng(SEED).binomial(n.astype(int), usual[:, None], size=(2_000, *n.shape))
    highest = cusum(drawn[..., 3:], n[:, 3:], _usual_wrong(drawn, n)).max(axis=(-1, -2))
    return float(np.quantile(highest, 1 - rare))


def alarms(rule: str, line: float) -> list[tuple[str, int]]:
    """(queue, month) of each sum that reaches the line, by month."""
    table = sums(rule)
    return [(queue, month) for month in table for queue in table.index[table[month] >= line]]


def _mail(rule: str) -> pd.DataFrame:
    rows = [row for row in aftermath.read() if row.group == "mail" and row.model == rule]
    return pd.DataFrame(
        [{"queue": row.part, "month": row.month, "n": row.n, "right": row.right} for row in rows]
    )


def _by_queue(rule: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Replies and wrong replies of each chosen queue in each month."""
    chosen = _mail(rule).assign(wrong=lambda rows: rows.n - rows.right)
    tables = [chosen.pivot(index="queue", columns="month", values=each).fillna(0) for each in ("n", "wrong")]
    return tables[0], tables[1]


def _usual_wrong(wrong: NDArray, n: NDArray) -> NDArray:
    """The wrong share in the usual months, the first three of the last axis."""
    return wrong[..., :3].sum(axis=-1) / np.maximum(n[..., :3].sum(axis=-1), 1)
