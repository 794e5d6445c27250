"""The claims of the articles as a table to search, filter and sort. Lesson 00 shows it: `ClaimsTable()`.

itables was tried first: without a network it works in JupyterLab and in Voila. But saving a notebook with it
stores 1.7 MB, two tables in one notebook share the ids of their labels, its widget is wider than a window of
700 px, and it has no list to filter by verdict. So this is a table of our own with native controls.
"""

from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import traitlets

from course.errors import one_of
from course.material.claims import VERDICTS, Claim, claims, in_words
from widgets.static import STATIC

# What each column sorts by; what is empty comes last in either direction.
ORDERS: dict[str, Callable[[Claim], Any]] = {
    "id": lambda claim: claim.id,
    "claim": lambda claim: claim.paraphrase.lower(),
    "figure": lambda claim: claim.numbers,
    "article": lambda claim: claim.source.publisher,
    "verdict": lambda claim: list(VERDICTS).index(claim.verdict),
    "lessons": lambda claim: claim.lessons,
}


class ClaimsTable(anywidget.AnyWidget):
    """Search by `words`, filter by `verdict`, `article` and `lesson` (empty: all), sort by `order`.

    `shown` are the places of the rows that are left, `sentence` counts them by verdict. Raises CourseError
    for a filter that is not among `options` and for an order that is not a column.
    """

    _esm = STATIC / "claims.js"
    _css = STATIC / "claims.css"
    rows: traitlets.List[dict] = traitlets.List().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)
    columns = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    article = traitlets.Unicode().tag(sync=True)
    lesson = traitlets.Unicode().tag(sync=True)
    order = traitlets.Unicode("id").tag(sync=True)
    descending = traitlets.Bool(False).tag(sync=True)
    shown = traitlets.List(trait=traitlets.Int()).tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)

    def __init__(self, **filters: str) -> None:
        self._claims = tuple(claims())
        self._places = {claim.id: place for place, claim in enumerate(self._claims)}
        articles = dict.fromkeys(claim.source.publisher for claim in self._claims)
        numbers = sorted({number for claim in self._claims for number in claim.lessons})
        options = {"verdict": list(VERDICTS), "article": list(articles), "lesson": numbers}
        super().__init__(rows=[_row(claim) for claim in self._claims], options=options, columns=list(ORDERS))
        self._choose()
        for name, value in filters.items():
            setattr(self, name, value)

    @traitlets.validate("verdict", "article", "lesson")
    def _is_an_option(self, proposal: traitlets.Bunch) -> str:
        name, value = proposal["trait"].name, proposal["value"]
        return value and one_of(name, value, self.options[name])

    @traitlets.observe("words", "verdict", "article", "lesson", "order", "descending")
    def _choose(self, change: traitlets.Bunch | None = None) -> None:
        filters = {name: getattr(self, name) for name in ("words", "verdict", "article", "lesson")}
        left = chosen(self._claims, **filters, order=self.order, descending=self.descending)
        self.shown = [self._places[claim.id] for claim in left]
        self.sentence = in_words(left)


def _row(claim: Claim) -> dict[str, str]:
    return {
        "id": claim.id,
        "claim": claim.paraphrase,
        "figure": claim.amount,
        "article": claim.source.publisher,
        "verdict": claim.verdict,
        "lessons": " ".join(claim.lessons),
        "evidence": claim.evidence,
    }


def chosen(
    claims: Sequence[Claim],
    *,
    words: str = "",
    verdict: str = "",
    article: str = "",
    lesson: str = "",
    order: str = "id",
    descending: bool = False,
) -> tuple[Claim, ...]:
    """The claims that hold every one of the words and fit the filters, sorted; an empty filter lets all in.

    Words are looked for in all that a row shows, capitals or not. Claims without a number, or without a
    lesson, come last in either direction. Raises CourseError for an order that is not a column.
    """
    one_of("column to sort by", order, ORDERS)
    found = [
        claim
        for claim in claims
        if all(word in f"{claim} {' '.join(claim.lessons)}".lower() for word in words.lower().split())
        and verdict in ("", claim.verdict)
        and article in ("", claim.source.publisher)
        and (not lesson or lesson in claim.lessons)
    ]
    found.sort(key=ORDERS[order], reverse=descending)
    return tuple(sorted(found, key=lambda claim: ORDERS[order](claim) == ()))
