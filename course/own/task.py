"""A CSV of texts and labels as a task: read, checked, and split by its content."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sklearn.metrics import cohen_kappa_score

from course.errors import CourseError
from course.files import ForeignTable, read_foreign_csv
from course.measuring.results import percent, wilson
from course.own import checks
from course.own.checks import FileFinding, OwnRow, as_plain

DESCRIPTION, SECOND_LABEL = "description", "second_label"
SHARE_MEASURED = 0.2  # of each label's rows, for dev and for test each
MOST_MEASURED = 150  # rows of dev and of test each: a model on two cores takes minutes for these
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Agreement:
    """How two people label `n` rows: alike on `same` of them; `kappa` leaves out what chance gives."""

    same: int
    n: int
    kappa: float

    @property
    def share(self) -> float:
        """Share of rows labelled alike, 0 to 1."""
        return self.same / self.n

    def __str__(self) -> str:
        low, high = wilson(self.same, self.n)
        return (
            f"Both labels agree on {self.same} of {self.n} rows, {percent(self.share)}% ({percent(low)} to "
            f"{percent(high)}%), kappa {self.kappa:.2f}. No rung can be shown to be better than that."
        )


@dataclass(frozen=True)
class OwnTask:
    """Rows by split, the labels in order of frequency, and what the checks found.

    `descriptions` has a line for each label, or is empty.
    """

    name: str
    labels: tuple[str, ...]
    descriptions: dict[str, str]
    train: tuple[OwnRow, ...]
    dev: tuple[OwnRow, ...]
    test: tuple[OwnRow, ...]
    findings: tuple[FileFinding, ...]

    @property
    def agreement(self) -> Agreement | None:
        """Of the second labels with the first; None where there are none."""
        twice = [row for row in (*self.train, *self.dev, *self.test) if row.second]
        if not twice:
            return None
        pairs = [row.label for row in twice], [row.second for row in twice]
        same = sum(row.label == row.second for row in twice)
        return Agreement(same, len(twice), float(cohen_kappa_score(*pairs)))

    def __str__(self) -> str:
        return (
            f"{self.name}: {len(self.labels)} labels; {len(self.train)} rows to learn from, {len(self.dev)} "
            f"to choose on (dev), {len(self.test)} for one look at the end (test)"
        )


def load(
    path: str | Path,
    *,
    text: str = "text",
    label: str = "label",
    encoding: str = "",
    measured: int = MOST_MEASURED,
) -> OwnTask:
    """The task in a CSV file whose columns `text` and `label` hold the texts and their labels.

    The columns description (of the row's label; once for each is enough) and second_label (of another person)
    are used where they are there. About `measured` rows at most go to dev and to test each, one of each label
    at least. CourseError for a file that cannot be a task; everything else that the checks find is in
    `findings`, with its rows and a fix.
    """
    path = Path(path)
    if measured < 1:
        raise CourseError(f"{measured} rows cannot be measured; give 1 or more.")
    table = read_foreign_csv(path, (text.lower(), label.lower()), encoding)
    rows = _rows(table, text.lower(), label.lower())
    read = [checks.encoding(table.encoding, rows), checks.odd_characters(rows)]
    rows, blank = checks.without_blanks(rows)
    rows, spelled = checks.with_one_spelling(rows)
    described, contradicted = checks.descriptions(rows)
    rows, copied = checks.without_copies(rows)
    _can_be_a_task(path.name, rows)
    train, dev, test = split(rows, measured)
    train, leaked = checks.without_leaks(train, (*dev, *test))
    counted = Counter(row.label for row in chain(train, dev, test))
    labels = tuple(sorted(counted, key=lambda name: (-counted[name], name)))
    found = [
        *read,
        *blank,
        *spelled,
        contradicted,
        *copied,
        leaked,
        checks.few_rows(rows, len(test)),
        checks.rare(counted, rows),
        checks.unlearned(train, (*dev, *test)),
        checks.one_sided(counted, rows),
        checks.numbers(labels, described, rows),
        checks.undescribed(labels, described, rows),
        checks.cut_short(rows),
        checks.unlike_neighbours(train),
    ]
    return OwnTask(
        path.stem,
        labels,
        described if len(described) == len(labels) else {},
        train,
        dev,
        test,
        tuple(finding for finding in found if finding),
    )


def split(rows: Sequence[OwnRow], measured: int = MOST_MEASURED) -> tuple[tuple[OwnRow, ...], ...]:
    """(train, dev, test): of each label the same shares, and each row's place decided by its own text.

    The order of the file does not matter. A label with fewer than three rows is in train only.
    """
    share = min(SHARE_MEASURED, measured / len(rows))
    by_label: dict[str, list[OwnRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: hashlib.sha256(as_plain(row.text).encode()).hexdigest()):
        by_label[row.label].append(row)
    parts: tuple[list[OwnRow], ...] = ([], [], [])
    for of_label in by_label.values():
        held_out = max(1, round(share * len(of_label))) if len(of_label) >= 3 else 0
        parts[1].extend(of_label[:held_out])
        parts[2].extend(of_label[held_out : 2 * held_out])
        parts[0].extend(of_label[2 * held_out :])
    train, dev, test = (tuple(sorted(part, key=lambda row: row.line)) for part in parts)
    return train, dev, test


def _rows(table: ForeignTable, text: str, label: str) -> list[OwnRow]:
    return [
        OwnRow(
            line,
            cells[text].strip(),
            cells[label],
            cells.get(SECOND_LABEL, ""),
            cells.get(DESCRIPTION, "").strip(),
        )
        for line, cells in table.rows
    ]


def _can_be_a_task(name: str, rows: Sequence[OwnRow]) -> None:
    labels = Counter(row.label for row in rows)
    if len(rows) < FEWEST_ROWS:
        raise CourseError(
            f"{name} has {len(rows)} rows with a text and a label of their own; bring at least {FEWEST_ROWS}."
        )
    if len(labels) == 1:
        raise CourseError(
            f"{name}: every row has the label {rows[0].label!r}, so there is nothing to tell apart; "
            "add rows of another label, or name the right column."
        )
    if len(labels) > len(rows) / 2:
        raise CourseError(
            f"{name} has {len(labels)} labels for {len(rows)} rows, the first is {rows[0].label[:40]!r}; "
            "name the column that holds the label, or merge labels."
        )
