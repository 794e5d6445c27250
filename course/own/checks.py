"""What to look at in a file of texts and labels: each finding has its lines, a value and a fix.

Checks that leave rows out return those that stay. Nothing is changed in the file.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from course.measuring.results import percent, wilson
from course.tuning import checks as of_training
from course.tuning.chats import TrainingChat

SHOWN_TEXT = 2_000  # bytes of a text that a model is asked about, about 500 tokens
SHOWN_EXAMPLE = 500  # bytes of an example
FEW_TO_MEASURE = 50  # test rows: with fewer, the interval is wider than 25 points
RARE = 5  # rows of a label
ONE_SIDED = 0.5  # share of the rows that have one label
MOST_COMPARED = 2_000  # rows that are compared with one another
_NAMED = 5  # lines in a sentence
# UTF-8 that was read as cp1252 and saved again, and the sign for what could not be read at all.
_ODD = re.compile("Ã[\x80-\xbf¡-¿ŸœžŠŒŽ€‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™š›]|â€|\ufffd")


@dataclass(frozen=True)
class OwnRow:
    """A row of the reader's file: the line it ends on, its text and label, and what else it holds."""

    line: int
    text: str
    label: str
    second: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        """Its name in results."""
        return f"line {self.line}"

    @property
    def answer(self) -> str:
        """The right reply, as results have it."""
        return self.label


@dataclass(frozen=True)
class FileFinding:
    """What one check found: in which lines, a value to see it by, and what to do about it."""

    check: str
    lines: tuple[int, ...]
    value: str
    fix: str

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.lines[:_NAMED]))
        more = f" and {len(self.lines) - _NAMED} more" if len(self.lines) > _NAMED else ""
        value = self.value if len(self.value) <= 60 else f"{self.value[:57]}..."
        return f"{self.check} (line {shown}{more}): {value!r}. {self.fix}"


Checked = tuple[list[OwnRow], list[FileFinding]]


def as_plain(text: str) -> str:
    """The text without the differences that mean nothing: letter case and spaces."""
    return " ".join(text.casefold().split())


def encoding(name: str, rows: Sequence[OwnRow]) -> FileFinding | None:
    """A file that had to be read in an encoding other than UTF-8."""
    if name == "utf-8":
        return None
    fix = f"Read as {name}. If letters look wrong, name the right encoding; or save the file as UTF-8."
    return _finding("not UTF-8", [row for row in rows if not row.text.isascii()][:1] or rows[:1], fix)


def odd_characters(rows: Sequence[OwnRow]) -> FileFinding | None:
    """Letters that an earlier program broke."""
    odd = [row for row in rows if _ODD.search(row.text)]
    return _finding("broken letters", odd, "An earlier program misread the encoding: export the file again.")


def without_blanks(rows: Sequence[OwnRow]) -> Checked:
    """Rows without a text or without a label are left out."""
    no_text = [row for row in rows if not row.text]
    no_label = [row for row in rows if row.text and not row.label.strip()]
    kept = [row for row in rows if row.text and row.label.strip()]
    found = (
        _finding("no text", no_text, "Left out: fill it in, or delete the row.", value="label"),
        _finding("no label", no_label, "Left out: label it, or delete the row."),
    )
    return kept, [finding for finding in found if finding]


def with_one_spelling(rows: Sequence[OwnRow]) -> Checked:
    """Labels that differ by letter case or spaces only take the spelling that most rows have."""
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        spelled[as_plain(row.label)][row.label] += 1
    chosen = {plain: counts.most_common(1)[0][0].strip() for plain, counts in spelled.items()}
    mended = [
        replace(
            row,
            label=chosen[as_plain(row.label)],
            second=chosen.get(as_plain(row.second), row.second.strip()),
        )
        for row in rows
    ]
    odd = [row for row, new in zip(rows, mended, strict=True) if row.label != new.label]
    names = ", ".join(sorted({repr(chosen[as_plain(row.label)]) for row in odd}))
    fix = f"Taken for {names}, as most rows write it: write each label in one way."
    found = _finding("a label spelled in two ways", odd, fix, value="label")
    return mended, [found] if found else []


def descriptions(rows: Sequence[OwnRow]) -> tuple[dict[str, str], FileFinding | None]:
    """Label -> its description, the first that a row of it has; and rows that say otherwise."""
    first: dict[str, str] = {}
    for row in rows:
        if row.description:
            first.setdefault(row.label, row.description)
    other = [row for row in rows if row.description and row.description != first[row.label]]
    fix = "The first description of a label counts: write one for each label."
    return first, _finding("two descriptions of one label", other, fix, value="description")


def without_copies(rows: Sequence[OwnRow]) -> Checked:
    """Of equal texts with one label the first stays; of equal texts with several labels none does."""
    by_text: dict[str, list[OwnRow]] = defaultdict(list)
    for row in rows:
        by_text[as_plain(row.text)].append(row)
    torn = [row for alike in by_text.values() if len({row.label for row in alike}) > 1 for row in alike]
    again = [row for alike in by_text.values() if len({row.label for row in alike}) == 1 for row in alike[1:]]
    dropped = {row.line for row in (*torn, *again)}
    found = (
        _finding("same text, two labels", torn, "Left out: decide which label is right, and keep one row."),
        _finding("same text twice", again, "The first is kept: delete the others."),
    )
    return [row for row in rows if row.line not in dropped], [finding for finding in found if finding]


def without_leaks(
    train: Sequence[OwnRow], measured: Sequence[OwnRow]
) -> tuple[tuple[OwnRow, ...], FileFinding | None]:
    """Rows to learn from that say nearly what a measured one says are left out."""
    near = set(of_training.near_leaks(_chats(train), _chats(measured), "dev or test").rows)
    leaked = [row for place, row in enumerate(train) if place in near]
    fix = "Nearly a measured text, so not learned from: what is measured would be memory. Delete one of them."
    kept = tuple(row for place, row in enumerate(train) if place not in near)
    return kept, _finding("a leak between the splits", leaked, fix)


def few_rows(rows: Sequence[OwnRow], test: int) -> FileFinding | None:
    """Too few rows to measure well."""
    if test >= FEW_TO_MEASURE:
        return None
    low, high = wilson(round(0.8 * test), test)
    fix = (
        f"A share near 80% is then known to {percent(low)} to {percent(high)}% only: "
        f"label {int((FEW_TO_MEASURE - test) / 0.2)} more rows."
    )
    return FileFinding("few rows", (rows[-1].line,), f"{len(rows)} rows, {test} of them for test", fix)


def rare(counted: Mapping[str, int], rows: Sequence[OwnRow]) -> FileFinding | None:
    """Labels with so few rows that nothing can be said of them."""
    few = [row for row in rows if counted[row.label] < RARE]
    names = sorted({row.label for row in few})
    fix = (
        f"Fewer than {RARE} rows, as of {len(names)} label{'s' * (len(names) > 1)} "
        f"({', '.join(names[:_NAMED])}): find more of them, or merge them. With fewer than 3 rows a label is "
        "learned from and not measured."
    )
    return _finding("a rare label", few, fix, value="label")


def unlearned(train: Sequence[OwnRow], measured: Sequence[OwnRow]) -> FileFinding | None:
    """Labels that are measured, and of which no row is left to learn from."""
    known = {row.label for row in train}
    missing = [row for row in measured if row.label not in known]
    fix = "No row of this label is left to learn from, so head and examples cannot name it: find more rows."
    return _finding("a label that is not learned", missing, fix, value="label")


def one_sided(counted: Mapping[str, int], rows: Sequence[OwnRow]) -> FileFinding | None:
    """One label that most rows have."""
    name = max(counted, key=lambda label: counted[label])
    share = counted[name] / sum(counted.values())
    if share <= ONE_SIDED:
        return None
    fix = f"{percent(share)}% of the rows have it: that share is right without any model, look at the floor."
    return _finding("one label for most rows", [row for row in rows if row.label == name], fix, value="label")


def numbers(
    labels: Sequence[str], described: Mapping[str, str], rows: Sequence[OwnRow]
) -> FileFinding | None:
    """Labels that are numbers, which tell a model nothing."""
    odd = [row for row in rows if row.label.replace(".", "").isdigit() and row.label not in described]
    return _finding(
        "a label without a name", odd, "A model reads the label's name: write a word for it.", value="label"
    )


def undescribed(
    labels: Sequence[str], described: Mapping[str, str], rows: Sequence[OwnRow]
) -> FileFinding | None:
    """Labels without a description, where others have one."""
    missing = [row for row in rows if described and row.label not in described]
    fix = "Other labels have a description: write one for each, or the descriptions are not used."
    return _finding("no description", missing, fix, value="label")


def cut_short(rows: Sequence[OwnRow]) -> FileFinding | None:
    """Texts that a model is not shown completely."""
    long = [row for row in rows if len(row.text.encode()) > SHOWN_TEXT]
    fix = (
        f"A model is shown the first {SHOWN_TEXT:,} bytes of a text and {SHOWN_EXAMPLE:,} of an example, the "
        "search and the head read 256 tokens: put what matters first, or shorten it."
    )
    return _finding("a long text", long, fix)


def unlike_neighbours(train: Sequence[OwnRow]) -> FileFinding | None:
    """Rows whose label none of the most similar texts has: wrong labels, or hard cases."""
    lonely = of_training.lonely_answers(_chats(train[:MOST_COMPARED])).rows
    fix = "None of the five texts most like it has this label: read it, and correct the label if it is wrong."
    return _finding("a label unlike its neighbours'", [train[place] for place in lonely], fix)


def _finding(check: str, rows: Sequence[OwnRow], fix: str, value: str = "text") -> FileFinding | None:
    if not rows:
        return None
    return FileFinding(check, tuple(row.line for row in rows), getattr(rows[0], value), fix)


def _chats(rows: Sequence[OwnRow]) -> list[TrainingChat]:
    return [TrainingChat("", row.text, row.label) for row in rows]
