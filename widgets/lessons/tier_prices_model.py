"""What routing costs a month at each price tier: arithmetic only. Prices: course/material/prices.py."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course.errors import CourseError
from course.material.prices import Model
from widgets.cost.model import CACHE_MINUTES, DAYS_PER_MONTH
from widgets.lessons import bounds

SEARCHED_VOLUMES = np.geomspace(1, 1e8, 4001)  # tickets a day


@dataclass(frozen=True)
class Request:
    """Tokens of one request: `prompt` is the part that all requests share, `ticket` the part that changes."""

    prompt: float
    ticket: float
    reply: float

    def __post_init__(self) -> None:
        bounds.check(self, vars(self), 0)


def warm_share(per_day: ArrayLike) -> np.ndarray:
    """Share of requests, 0 to 1, that find the prompt still in the cache.

    Tickets are taken to arrive at random, as often by night as by day: the share is the chance that the gap
    to the ticket before is shorter than `CACHE_MINUTES`.
    """
    per_day = _checked(per_day)
    return 1 - np.exp(-per_day * CACHE_MINUTES / (24 * 60))


def cost_per_ticket(
    model: Model,
    request: Request,
    per_day: ArrayLike,
    *,
    cache_from: float | None = None,
    batch: bool = False,
) -> np.ndarray:
    """Dollars for one ticket at each volume (tickets a day).

    `cache_from` is the shortest prompt, in tokens, that the service caches; None means no caching. Reading
    and writing the cache cost the same with `batch` as without: the table holds no other price.
    """
    per_day = _checked(per_day)
    if cache_from is None or request.prompt < cache_from:
        plain = model.cost(request.prompt + request.ticket, request.reply, batch=batch)
        return np.full(per_day.shape, plain)
    warm = model.cost(request.ticket, request.reply, cache_read=request.prompt, batch=batch)
    cold = model.cost(request.ticket, request.reply, cache_write=request.prompt, batch=batch)
    share = warm_share(per_day)
    return share * warm + (1 - share) * cold


def cost_per_month(
    model: Model,
    request: Request,
    per_day: ArrayLike,
    *,
    cache_from: float | None = None,
    batch: bool = False,
) -> np.ndarray:
    """Dollars a month at each volume (tickets a day)."""
    each = cost_per_ticket(model, request, per_day, cache_from=cache_from, batch=batch)
    return _checked(per_day) * DAYS_PER_MONTH * each


def volume_where_gap_reaches(dollars: float, gap: Callable[[np.ndarray], np.ndarray]) -> float | None:
    """Tickets a day from which `gap`, of two monthly bills at each volume, reaches that many dollars.

    None if it does not up to the last of `SEARCHED_VOLUMES`.
    """
    gaps = gap(SEARCHED_VOLUMES)
    reached = np.flatnonzero(gaps >= dollars)
    if not reached.size:
        return None
    around = slice(max(reached[0] - 1, 0), reached[0] + 1)
    return float(np.interp(dollars, gaps[around], SEARCHED_VOLUMES[around]))


def _checked(per_day: ArrayLike) -> np.ndarray:
    volumes = np.asarray(per_day, dtype=float)
    if not (volumes >= 0).all():
        raise CourseError(f"{volumes.min()} tickets a day is not a volume; give 0 or more.")
    return volumes
