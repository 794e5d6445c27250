"""What the five articles claim, each figure with a verdict and its evidence: data/claims.csv.

A lesson quotes a claim by its id, so that no figure of an article stands in a notebook without its verdict.
"""

import difflib
import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.errors import CourseError
from course.files import csv_rows, read_csv
from course.material.lessons import lessons
from course.paths import DATA

if TYPE_CHECKING:
    from pandas import DataFrame

CLAIMS = DATA / "claims.csv"
SOURCES = DATA / "claims_sources.csv"

REPRODUCED = "reproduced here"
# What each verdict means, in the order in which they are shown.
VERDICTS = {
    REPRODUCED: "this course measured it, and a cell or a test asserts it",
    "supported": "a published source, the price table or arithmetic bears it out",
    "contradicted": "a published source, the price table, arithmetic or a measurement here says otherwise",
    "depends": "it holds under conditions that the evidence names",
    "cannot be checked": "no data, no definition or no source that anybody could look at",
}

# How evidence names what it rests on; tests/material/test_claims.py follows each reference.
CELL = re.compile(r"\blesson (\d\d) (cell-[\w-]*\w)")
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
PRICE = re.compile(r"\bdata/prices\.csv ([\w./-]*\w)")
ID = re.compile(r"\bC\d{3}\b")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Source:
    """One of the five articles. `date` is empty where it bears none."""

    source: str
    title: str
    publisher: str
    date: str


@dataclass(frozen=True, repr=False)
class Claim:
    """One claim in the course's words. `figure` and `unit` are empty where it holds no number."""

    id: str
    source: Source
    paraphrase: str
    figure: str
    unit: str
    verdict: str
    evidence: str
    lessons: tuple[str, ...]
    date: str

    @property
    def badge(self) -> str:
        """Who claims it, and when."""
        return f"claimed: {', '.join(filter(None, (self.source.publisher, self.source.date or 'no date')))}"

    @property
    def amount(self) -> str:
        """The figure with its unit, or nothing."""
        return f"{self.figure} {self.unit}".strip()

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers of the figure in its unit: two for a range, none where it holds no number."""
        return tuple(float(number.replace(",", "")) for number in _NUMBER.findall(self.figure))

    @property
    def short(self) -> str:
        """One line to print in a lesson."""
        amount = f": {self.amount}" if self.amount else ""
        return f"{self.id} {self.paraphrase}{amount} [{self.badge}; {self.verdict}]"

    def __str__(self) -> str:
        return f"{self.short}\n{' ' * len(self.id)} {self.verdict}: {self.evidence}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        amount = f": <b>{html.escape(self.amount)}</b>" if self.amount else ""
        return (
            f"<p><b>{self.id}</b> {html.escape(self.paraphrase)}{amount}<br>"
            f"<small>{html.escape(self.badge)}</small><br>"
            f"<b>{self.verdict}</b>: {html.escape(self.evidence)}</p>"
        )


def claims() -> tuple[Claim, ...]:
    """Every claim, in the order of the file. CourseError names the line and value at fault."""
    return read(CLAIMS, SOURCES)


def claim(id: str) -> Claim:
    """The claim with this id, such as "C042". CourseError names ids that are near to an unknown one."""
    known = {each.id: each for each in claims()}
    if id not in known:
        near = difflib.get_close_matches(str(id).upper(), known, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"they run from {min(known)} to {max(known)}."
        )
        raise CourseError(f"There is no claim {id!r}: {hint}")
    return known[id]


def table(chosen: Iterable[Claim]) -> "DataFrame":
    """The claims as rows to show: index id; columns claimed, figure, by, verdict."""
    import pandas

    rows = [(c.id, c.paraphrase, c.amount, c.badge.partition(": ")[2], c.verdict) for c in chosen]
    return pandas.DataFrame(rows, columns=["id", "claimed", "figure", "by", "verdict"]).set_index("id")


def counts(chosen: Sequence[Claim]) -> dict[str, int]:
    """How many claims have each verdict, all five of them, in their order."""
    counted = Counter(each.verdict for each in chosen)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def in_words(chosen: Sequence[Claim]) -> str:
    """The counts by verdict as a sentence."""
    parts = [f"{count} {verdict}" for verdict, count in counts(chosen).items() if count]
    return f"{len(chosen)} claim{'s' * (len(chosen) != 1)}{': ' if parts else ''}{', '.join(parts)}."


@cache
def read(path: Path, sources: Path) -> tuple[Claim, ...]:
    """The claims of a file, checked. The references in their evidence are followed by the tests."""
    articles = {article.source: article for article in read_csv(sources, Source, unique="source")}
    columns = tuple({"lessons": "lesson"}.get(each.name, each.name) for each in fields(Claim))
    numbers = {lesson.number for lesson in lessons()}
    found: dict[str, Claim] = {}
    for where, row in csv_rows(path, columns):
        fault = _fault(row, articles, numbers, found)
        if fault:
            raise CourseError(f"{where}: {fault}")
        listed = tuple(row.pop("lesson").split())
        values: dict[str, Any] = {**row, "source": articles[row["source"]], "lessons": listed}
        found[row["id"]] = Claim(**values)
    return tuple(found.values())


def _fault(row: dict[str, str], articles: dict, numbers: set[str], found: dict) -> str | None:
    """What is wrong with a row, and how to put it right; None when nothing is."""
    if not ID.fullmatch(row["id"]):
        return f"{row['id']!r} is not an id; write C and three digits."
    if row["id"] in found:
        return f"{row['id']} is there twice; give each claim its own id."
    if row["source"] not in articles:
        return f"the source {row['source']!r} is unknown; choose one of {', '.join(articles)}."
    if row["verdict"] not in VERDICTS:
        return f"{row['verdict']!r} is not a verdict; choose one of {', '.join(VERDICTS)}."
    for column in ("paraphrase", "evidence"):
        if not row[column].strip():
            return f"{row['id']} has no {column}; write one."
    if row["unit"] and not row["figure"]:
        return f"{row['id']} has the unit {row['unit']!r} and no figure; add it."
    unknown = [number for number in row["lesson"].split() if number not in numbers]
    if unknown:
        return f"there is no lesson {unknown[0]!r}; write numbers such as 03, with a space between two."
    if row["verdict"] == REPRODUCED and not (CELL.search(row["evidence"]) or TEST.search(row["evidence"])):
        return (
            f"{row['id']} is {REPRODUCED}, but its evidence names no cell (lesson NN cell-...) and no test."
        )
    if not _DATE.fullmatch(row["date"]):
        return f"{row['date']!r} is not a date; write it as 2026-11-21."
    return None
