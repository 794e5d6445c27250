"""What a measurement is: judged rows, shares with their intervals, and the comparison of two."""

import html
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import NormalDist
from typing import Any, Protocol

import pandas as pd
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from course.errors import CourseError
from course.material.data import KINDS, QUEUES, Ticket
from course.material.prices import machine_price_per_hour

READING = "recorded reading"  # only the judged replies of another run are kept
BADGE_KINDS = (
    "measured here",
    "measured in this room",
    "recorded",
    "live",
    "replayed",
    READING,
    "claimed",
)
Z_95 = NormalDist().inv_cdf(0.975)
LEVEL = 0.05  # chance does not explain a difference whose p-value is below it


class Row(Protocol):
    """What a row needs to be measured; tickets, letters and questions have it."""

    @property
    def id(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Verdict:
    """How a reply is judged: `valid` is its form (a queue name, JSON by a schema), `correct` its content."""

    valid: bool
    correct: bool


Check = Callable[[Any, Any], Verdict]


@dataclass(frozen=True)
class Outcome:
    """One measured row. Tokens, seconds and cost ($ of API money) are None where they were not measured."""

    id: str
    text: str
    expected: str
    reply: Any
    valid: bool
    correct: bool
    slice: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    cost: float | None = None
    error: str = ""

    @classmethod
    def of(cls, row: Row, reply: Any, verdict: Verdict, **measured: Any) -> "Outcome":
        """The judged row with what else was measured. CourseError when the check gave no `Verdict`."""
        if not isinstance(verdict, Verdict):
            raise CourseError(
                f"The check gave {verdict!r} for row {row.id!r}; return Verdict(valid=..., correct=...)."
            )
        return cls(
            id=row.id,
            text=row.text,
            expected=plain_text(_first_of(row, ("queue", "gold", "answer"))),
            reply=reply,
            valid=bool(verdict.valid),
            correct=bool(verdict.correct),
            slice=_first_of(row, ("kind", "difficulty")),
            **measured,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What one predictor reached on some rows. Nothing in it changes; `frame` is a fresh copy each time.

    `labels` is how many labelled rows it learned from or could show; None where that is unknown.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    badge: str
    model: str
    created: str
    note: str = ""
    labels: int | None = None

    @classmethod
    def from_replies(
        cls,
        rows: Sequence[Row],
        replies: Mapping[str, Any],
        *,
        name: str,
        badge: str = READING,
        model: str = "",
        note: str = "",
        labels: int | None = None,
        check: Check | None = None,
    ) -> "Result":
        """A result from replies that were collected elsewhere: `replies[row.id]`, a dict or a pandas Series.

        It has no tokens, no seconds and so no cost. `badge` begins with one of `BADGE_KINDS`.
        """
        if badge.partition(":")[0] not in BADGE_KINDS:
            raise CourseError(
                f"The badge {badge!r} is not known; begin it with one of {', '.join(BADGE_KINDS)}."
            )
        judge = check_for(rows, check)
        for row in rows:
            if row.id not in replies:
                raise CourseError(
                    f"There is no reply for row {row.id!r}; leave the row out or add its reply."
                )
        outcomes = tuple(Outcome.of(row, replies[row.id], judge(row, replies[row.id])) for row in rows)
        return cls(name, outcomes, badge, model, now(), note, labels)

    @property
    def frame(self) -> pd.DataFrame:
        """A line per row: id, text, expected, reply, valid, correct, slice, tokens, seconds, cost, error."""
        return pd.DataFrame([vars(outcome) for outcome in self.outcomes])

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.outcomes)

    @property
    def right(self) -> int:
        """Number of rows that are right."""
        return sum(outcome.correct for outcome in self.outcomes)

    @property
    def accuracy(self) -> float:
        """Share of rows that are right, 0 to 1."""
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95% Wilson interval of the accuracy."""
        return wilson(self.right, self.n)

    @property
    def valid(self) -> float:
        """Share of replies in the right form, 0 to 1."""
        return sum(outcome.valid for outcome in self.outcomes) / self.n

    @property
    def input_tokens(self) -> float | None:
        """Mean of all rows, cached tokens included; None where no model was asked.

        A row that a cascade answered without the model counts with 0.
        """
        return self._mean_tokens("input_tokens")

    @property
    def output_tokens(self) -> float | None:
        """Mean of all rows; None where no model was asked."""
        return self._mean_tokens("output_tokens")

    @property
    def seconds(self) -> float | None:
        """Mean per row: the engine's own time, the latency of a live answer, or a plain function's time."""
        return self._mean("seconds")

    @property
    def cost_per_1000(self) -> float | None:
        """$ for 1,000 rows: API money where any is due, else seconds at the price of the rented machine."""
        paid = self._mean("cost")
        if paid:
            return 1000 * paid
        return None if self.seconds is None else 1000 * self.seconds * machine_price_per_hour() / 3600

    @property
    def badge_kind(self) -> str:
        """Which of `BADGE_KINDS` the badge begins with."""
        return self.badge.partition(":")[0]

    @property
    def errors(self) -> tuple[str, ...]:
        """What the predictor raised, in the order of the rows; such rows count as wrong."""
        return tuple(outcome.error for outcome in self.outcomes if outcome.error)

    def slices(self) -> pd.DataFrame:
        """Index slice (typical, hard, boundary); columns n, right, accuracy, low, high (Wilson), valid."""
        parts = self.frame.groupby("slice", sort=False)
        table = parts["correct"].agg(n="size", right="sum", accuracy="mean")
        bounds = [wilson(right, n) for n, right in zip(table["n"], table["right"], strict=True)]
        table[["low", "high"]] = bounds
        order = sorted(table.index, key=lambda name: KINDS.index(name) if name in KINDS else len(KINDS))
        return table.assign(valid=parts["valid"].mean()).loc[order]

    def failures(self, n: int = 5) -> pd.DataFrame:
        """The first `n` rows that are wrong: id, text, expected, reply, slice, error."""
        frame = self.frame
        return frame.loc[~frame["correct"], ["id", "text", "expected", "reply", "slice", "error"]].head(n)

    def confusion(self) -> pd.DataFrame:
        """Counts, expected by reply; all replies in no valid form share the column '(not valid)'."""
        frame = self.frame
        reply = frame["reply"].map(plain_text).str.strip().where(frame["valid"], "(not valid)")
        return pd.crosstab(frame["expected"], reply, rownames=["expected"], colnames=["reply"])

    def __str__(self) -> str:
        parts = [
            f"{self.name}: {_share(self.right, self.n)} of {self.n} right",
            f"{percent(self.valid)}% valid",
        ]
        if self.input_tokens is not None:
            parts.append(f"{self.input_tokens:.0f} tokens in")
        if self.seconds is not None:
            parts.append(duration(self.seconds))
        return ", ".join([*parts, *self._error_note()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        asked = self.input_tokens is not None
        cells = {
            "right": f"{_share(self.right, self.n)} of {self.n}",
            "valid": _share(round(self.valid * self.n), self.n),
            "tokens in / out": f"{self.input_tokens:.0f} / {self.output_tokens:.0f}" if asked else "-",
            "time per row": "-" if self.seconds is None else duration(self.seconds),
            "cost of 1,000": money(self.cost_per_1000),
            "labels": "-" if self.labels is None else f"{self.labels:,}",
            "badge": self.badge,
        }
        head = "".join(f"<th>{html.escape(title)}</th>" for title in cells)
        body = "".join(f"<td>{html.escape(text)}</td>" for text in cells.values())
        below = "".join(f"<p>{html.escape(text)}</p>" for text in (*self._error_note(), self.note) if text)
        return (
            f"<table><caption><b>{html.escape(self.name)}</b></caption>"
            f"<thead><tr>{head}</tr></thead><tbody><tr>{body}</tr></tbody></table>{below}"
        )

    def _error_note(self) -> list[str]:
        if not self.errors:
            return []
        return [f"{len(self.errors)} raised an error and count as wrong, the first: {self.errors[0]}"]

    def _mean_tokens(self, field: str) -> float | None:
        known = self._known(field)
        return sum(known) / self.n if known else None

    def _mean(self, field: str) -> float | None:
        known = self._known(field)
        return sum(known) / len(known) if known else None

    def _known(self, field: str) -> list[float]:
        return [value for each in self.outcomes if (value := getattr(each, field)) is not None]


@dataclass(frozen=True)
class Comparison:
    """Two results on the same rows: how many are right with both, with one only, with neither."""

    a: str
    b: str
    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def p_value(self) -> float:
        """Of McNemar's exact test; 1 if they differ on no row, since there is nothing to test."""
        table = [[self.both, self.only_a], [self.only_b, self.neither]]
        return float(mcnemar(table, exact=True).pvalue) if self.only_a + self.only_b else 1.0

    @property
    def difference(self) -> float:
        """Accuracy of `a` minus accuracy of `b`, -1 to 1."""
        return (self.only_a - self.only_b) / self.n

    @property
    def direction(self) -> str:
        """What `a` is against `b`, "better" or "worse"; empty where chance can explain the difference."""
        if self.p_value >= LEVEL:
            return ""
        return "better" if self.difference > 0 else "worse"

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the difference, by Bonett and Price (2012)."""
        share_a, share_b = (self.only_a + 1) / (self.n + 2), (self.only_b + 1) / (self.n + 2)
        centre = share_a - share_b
        half = Z_95 * math.sqrt((share_a + share_b - centre**2) / (self.n + 2))
        return max(-1.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        low, high = (100 * bound for bound in self.interval)
        verdict = "chance hardly explains it" if self.direction else "chance can explain it"
        return (
            f"Of {self.n} rows, {self.only_a} are right only with '{self.a}' and {self.only_b} only with "
            f"'{self.b}': a difference of {100 * self.difference:+.1f} points ({low:+.1f} to {high:+.1f}), "
            f"McNemar p = {self.p_value:.2g}, {verdict}."
        )


def compare(a: Result, b: Result) -> Comparison:
    """How two results differ on the rows of both. CourseError when they were measured on different rows."""
    right_a, right_b = ({row.id: row.correct for row in result.outcomes} for result in (a, b))
    odd = sorted(right_a.keys() ^ right_b.keys())
    if odd:
        raise CourseError(
            f"'{a.name}' and '{b.name}' were measured on different rows ({odd[0]} is in only one of them); "
            "measure both on the same rows."
        )
    return paired(a.name, b.name, marks(right_a.values()), marks(right_b[id] for id in right_a))


def marks(flags: Iterable[bool]) -> str:
    """A 1 for each row of which something holds and a 0 for each other, as measurements keep them."""
    return "".join("01"[flag] for flag in flags)


def paired(a: str, b: str, of_a: str, of_b: str) -> Comparison:
    """How two ways differ, from the `marks` of their right rows, which stand in the same order."""
    pairs = Counter(zip(of_a, of_b, strict=True))
    return Comparison(a, b, *(pairs[first, second] for first, second in ("11", "10", "01", "00")))


def scored(a: str, b: str, scores: Iterable[tuple[float, float]]) -> Comparison:
    """How two ways differ by what counts more than right or wrong: on how many rows the one scores higher.

    `scores` has the score of `a` and of `b` on each row; where both have the same, above 0, both are right.
    """
    pairs = list(scores)
    higher, lower = sum(one > other for one, other in pairs), sum(one < other for one, other in pairs)
    both = sum(one == other > 0 for one, other in pairs)
    return Comparison(a, b, both, higher, lower, len(pairs) - higher - lower - both)


def wilson(successes: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson interval of the share `successes / n`, 95% unless `level` asks for another than 5%."""
    if n < 1 or not 0 <= successes <= n:
        raise CourseError(f"{successes} of {n} is not a share; count between 0 and n, with n at least 1.")
    low, high = proportion_confint(successes, n, alpha=level, method="wilson")
    # Rounding can put an end just inside the share itself when that is 0 or 1.
    return max(0.0, min(float(low), successes / n)), min(1.0, max(float(high), successes / n))


def routed_right(ticket: Ticket, reply: Any) -> Verdict:
    """The check of tickets: the reply, without space around it, is a queue name, and the right one."""
    queue = reply.strip() if isinstance(reply, str) else ""
    return Verdict(queue in QUEUES, queue == ticket.queue)


def check_for(rows: Sequence[Row], check: Check | None) -> Check:
    """`check`, or the one of tickets. CourseError when there is none, no row, or an id twice."""
    if not rows:
        raise CourseError("There are 0 rows to measure; give at least 1.")
    ids: set[str] = set()
    for number, row in enumerate(rows, start=1):
        if not (hasattr(row, "id") and hasattr(row, "text")):
            raise CourseError(
                f"Row {number} is a {type(row).__name__} without the attributes id and text; "
                "use a dataclass or a SimpleNamespace(id=..., text=...) for each row."
            )
        if row.id in ids:
            raise CourseError(f"Row {row.id!r} appears twice; give each row once.")
        ids.add(row.id)
    if check is None and not all(isinstance(row, Ticket) for row in rows):
        raise CourseError(f"Rows of type {type(rows[0]).__name__} have no check of their own; pass check=.")
    return check or routed_right


def plain_text(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def percent(share: float) -> str:
    """A share of 0 to 1 in percent, with one decimal place where it has any."""
    return f"{100 * share:.1f}".removesuffix(".0")


def money(dollars: float | None) -> str:
    """Dollars such as $0.31, with cents or two significant digits; a dash for an unknown amount."""
    if dollars is None:
        return "-"
    if dollars < 0.00001:
        return "under $0.00001"
    return f"${significant(dollars)}"


def significant(value: float) -> str:
    """A number above 0 with two decimal places, or with two significant digits where it is under 1."""
    return f"{value:,.{2 if value >= 1 else 1 - math.floor(math.log10(value))}f}"


def joined(items: Iterable[object]) -> str:
    """At least one item, as "a, b and c"."""
    *some, last = map(str, items)
    return f"{', '.join(some)} and {last}" if some else last


def duration(seconds: float) -> str:
    """Seconds with two significant digits."""
    if seconds < 0.001:
        return "under 0.001 s"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _first_of(row: Row, fields: Iterable[str]) -> Any:
    return next((getattr(row, field) for field in fields if hasattr(row, field)), "")


def _share(successes: int, n: int) -> str:
    low, high = wilson(successes, n)
    return f"{percent(successes / n)}% ({100 * low:.1f}-{100 * high:.1f})"
