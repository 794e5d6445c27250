"""What the five articles claim, each figure with a verdict and its evidence: data/claims.csv.

A lesson quotes a claim by its id, so that no figure of an article appears in a notebook without its verdict.
"""

import difflib
import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from course.errors import CourseError, one_of
from course.files import read_csv
from course.material.data import Text
from course.material.lessons import lessons
from course.material.units import amount
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


@dataclass(frozen=True)
class Source:
    """One of the five articles. `date` is empty where it bears none."""

    source: str
    title: str
    publisher: str
    date: str


def _article(name: str) -> Source:
    articles = {article.source: article for article in _sources(SOURCES)}
    return articles[one_of("source", name, articles)]


def _numbers(listed: str) -> tuple[str, ...]:
    """The lessons of "03 09"."""
    known = [lesson.number for lesson in lessons()]
    return tuple(one_of("lesson", number, known) for number in listed.split())


@dataclass(frozen=True, repr=False)
class Claim:
    """One claim in the course's words. `figure` and `unit` are empty where it holds no number."""

    id: Annotated[str, Field(pattern=r"^C\d{3}$")]
    source: Annotated[Source, BeforeValidator(_article)]
    paraphrase: Text
    figure: str
    unit: str
    verdict: Annotated[str, AfterValidator(partial(one_of, "verdict", allowed=VERDICTS))]
    evidence: Text
    lessons: Annotated[tuple[str, ...], Field(alias="lesson"), BeforeValidator(_numbers)]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]

    def __post_init__(self) -> None:
        if self.unit and not self.figure:
            raise CourseError(f"{self.id} has the unit {self.unit!r} and no figure; add it.")
        if self.verdict == REPRODUCED and not (CELL.search(self.evidence) or TEST.search(self.evidence)):
            raise CourseError(
                f"{self.id} is {REPRODUCED}, but its evidence names no cell (lesson NN cell-...) and no test."
            )

    @property
    def badge(self) -> str:
        """Who claims it, and when."""
        return f"claimed: {', '.join(filter(None, (self.source.publisher, self.source.date or 'no date')))}"

    @property
    def amount(self) -> str:
        """The figure with its unit, or nothing."""
        return amount(self.figure, self.unit)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers of the figure in its unit: two for a range, none where it holds no number."""
        return tuple(float(number.replace(",", "")) for number in _NUMBER.findall(self.figure))

    @property
    def short(self) -> str:
        """One line to print in a lesson."""
        figure = f": {self.amount}" if self.amount else ""
        return f"{self.id} {self.paraphrase}{figure} [{self.badge}; {self.verdict}]"

    def __str__(self) -> str:
        return f"{self.short}\n{' ' * len(self.id)} {self.verdict}: {self.evidence}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        figure = f": <b>{html.escape(self.amount)}</b>" if self.amount else ""
        return (
            f"<p><b>{self.id}</b> {html.escape(self.paraphrase)}{figure}<br>"
            f"<small>{html.escape(self.badge)}</small><br>"
            f"<b>{self.verdict}</b>: {html.escape(self.evidence)}</p>"
        )


def claims() -> tuple[Claim, ...]:
    """Every claim, in the order of the file. CourseError names the line and value at fault."""
    return read(CLAIMS)


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


def in_words(chosen: Sequence[Claim]) -> str:
    """How many have each verdict, as a sentence, in the order of VERDICTS."""
    counted = Counter(each.verdict for each in chosen)
    parts = [f"{counted[verdict]} {verdict}" for verdict in VERDICTS if counted[verdict]]
    return f"{len(chosen)} claim{'s' * (len(chosen) != 1)}{': ' if parts else ''}{', '.join(parts)}."


@cache
def read(path: Path) -> tuple[Claim, ...]:
    """The claims of a file, checked. The references in their evidence are followed by the tests."""
    return tuple(read_csv(path, Claim))


@cache
def _sources(path: Path) -> tuple[Source, ...]:
    return tuple(read_csv(path, Source, unique="source"))
