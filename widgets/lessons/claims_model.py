"""Which claims a table shows, and in which order. Pure: no widget, no file."""

import math
from collections.abc import Callable, Sequence

from course.errors import CourseError
from course.material.claims import VERDICTS, Claim

_RANKS = {verdict: rank for rank, verdict in enumerate(VERDICTS)}
# What each column sorts by.
ORDERS: dict[str, Callable[[Claim], object]] = {
    "id": lambda claim: claim.id,
    "claim": lambda claim: claim.paraphrase.lower(),
    "figure": lambda claim: claim.numbers or (math.inf,),
    "article": lambda claim: claim.source.publisher,
    "verdict": lambda claim: _RANKS[claim.verdict],
    "lessons": lambda claim: claim.lessons or ("99",),
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
    lesson, come last in either direction. Raises CourseError for an order that is no column.
    """
    if order not in ORDERS:
        raise CourseError(f"{order!r} is no column to sort by; choose one of {', '.join(ORDERS)}.")
    found = [
        claim
        for claim in claims
        if all(word in _text(claim) for word in words.lower().split())
        and verdict in ("", claim.verdict)
        and article in ("", claim.source.publisher)
        and (not lesson or lesson in claim.lessons)
    ]
    empty = [claim for claim in found if _is_empty(claim, order)]
    full = [claim for claim in found if not _is_empty(claim, order)]
    return (*sorted(full, key=ORDERS[order], reverse=descending), *empty)


def _is_empty(claim: Claim, order: str) -> bool:
    return (order == "figure" and not claim.numbers) or (order == "lessons" and not claim.lessons)


def _text(claim: Claim) -> str:
    return f"{claim} {' '.join(claim.lessons)}".lower()
