"""How sure the comparison of a pair is: one input at a time, all of them at once, and which of them matter.

Each uncertain input is drawn on either side of its base half the time, the likelier the nearer: a triangle
below and one above. So the base is the middle of the draws, and a range that reaches further up than down
moves no verdict by itself. Error rates that were measured come from the rows: every draw weighs the rows anew
(a Bayesian bootstrap), and rates that were measured on the same rows share the weights. Both approaches see
the same draw of the case, as they would the same month; all other inputs are independent of one another.

Differences are the total of the pair's first approach less that of its second, in $: below 0 the first is
cheaper.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from scipy.stats import qmc, sobol_indices, uniform

from course.errors import CourseError
from course.measuring.results import percent
from widgets.cost.inputs import APPROACHES, Assumptions, InputRange, keys
from widgets.cost.model import Bill, bills, dollars, verdict

DRAWS = 10_000
SEED = 1
_PLACES = 17  # values of each input for the tornado
_SHARES = (5, 50, 95)  # percentiles
_EVEN = 0.05  # a chance this close to one half is called even


@dataclass(frozen=True)
class Bar:
    """The difference with one input at its low and at its high end, all others at their base, in $.

    `turns`: whether the input alone changes which of the pair is cheaper, anywhere inside its range.
    """

    key: str
    at_low: float
    at_high: float
    turns: bool

    @property
    def span(self) -> float:
        """$ between the two."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class Tornado:
    """The difference at the base values, and a bar for each uncertain input, the widest first."""

    base: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Spread:
    """$ that 5, 50 and 95% of the draws stay below."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class CostChance:
    """What `n` draws say about a pair: the share of them in which each is strictly cheaper.

    `error` is the standard error of these shares: that of plain random draws, which Latin hypercubes stay
    below. All of it holds for the ranges as they are given, and says nothing about ranges that are wrong.
    """

    n: int
    cheaper: Mapping[str, float]
    error: float
    difference: Spread
    sentence: str


@dataclass(frozen=True)
class Influence:
    """Shares of the difference's variance that an input explains.

    `first`: the input alone. `total`: with all that it does together with others. An estimate can be a little
    below 0 or above 1.
    """

    key: str
    first: float
    total: float


def tornado(assumptions: Assumptions) -> Tornado:
    """The pair's difference with each uncertain input at its low and at its high."""
    uncertain = assumptions.uncertain(assumptions.pair)
    places = np.linspace(0, 1, _PLACES)
    values = {}
    for place, key in enumerate(uncertain):
        estimate = assumptions.estimates[key]
        values[key] = np.full(_PLACES * len(uncertain) + 1, estimate.base)
        inside = estimate.low + places * (estimate.high - estimate.low)
        values[key][_PLACES * place : _PLACES * (place + 1)] = np.clip(inside, estimate.low, estimate.high)
    a, b = _totals(assumptions, values)
    gaps = np.atleast_1d(a - b)
    rows = gaps[:-1].reshape(len(uncertain), _PLACES)
    bars = [
        Bar(key, float(row[0]), float(row[-1]), bool(row.min() < 0 < row.max()))
        for key, row in zip(uncertain, rows, strict=True)
    ]
    return Tornado(float(gaps[-1]), tuple(sorted(bars, key=lambda bar: -bar.span)))


def draws(assumptions: Assumptions, n: int = DRAWS, seed: int = SEED) -> dict[str, np.ndarray]:
    """`n` values of each uncertain input of the pair, by a Latin hypercube. Same seed, same draws.

    An input keeps its own column of the hypercube whatever the others are, so that moving one moves no other.
    """
    if n < 1:
        raise CourseError(f"{n} draws are too few; ask for at least 1.")
    columns = keys(assumptions.pair)
    cube = _cube(len(columns), n, seed)
    values = {
        key: _around_the_base(cube[columns.index(key)], assumptions.estimates[key])
        for key in assumptions.uncertain(assumptions.pair)
    }
    return values | _measured_rates(assumptions, n, seed)


def chance(assumptions: Assumptions, n: int = DRAWS, seed: int = SEED) -> CostChance:
    """How often each of the pair is the cheaper one, when all their uncertain inputs vary at once."""
    values = draws(assumptions, n, seed)
    first, second = _totals(assumptions, values)
    gaps = np.atleast_1d(first - second)
    cheaper = dict(zip(assumptions.pair, (float((gaps < 0).mean()), float((gaps > 0).mean())), strict=True))
    error = float(max(np.sqrt(share * (1 - share) / n) for share in cheaper.values()))
    spread = Spread(*map(float, np.percentile(gaps, _SHARES)))
    sentence = _in_words(assumptions, n, cheaper, spread, is_sure=not values)
    return CostChance(n, cheaper, error, spread, sentence)


def ranges(
    assumptions: Assumptions, amount: Callable[[Bill], np.ndarray], n: int = DRAWS, seed: int = SEED
) -> dict[str, Spread]:
    """What 5, 50 and 95% of the draws stay below, of an amount of each of the pair's bills, in $."""
    priced = bills(assumptions, draws(assumptions, n, seed), assumptions.pair)
    return {name: Spread(*map(float, np.percentile(amount(bill), _SHARES))) for name, bill in priced.items()}


def _totals(assumptions: Assumptions, values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Total $ of each of the pair where these inputs are arrays of one shape; the others keep their base."""
    shape = next((array.shape for array in values.values()), ())
    priced = bills(assumptions, values, assumptions.pair)
    return [np.broadcast_to(bill.total, shape) for bill in priced.values()]


def sobol(assumptions: Assumptions, n: int = 1024) -> tuple[Influence, ...]:
    """First-order and total Sobol indices of the pair's difference, the largest total first.

    `n` is a power of 2; the model is priced n x (uncertain inputs + 2) times. No uncertain input: empty.
    """
    if n < 2 or n & (n - 1):
        raise CourseError(f"Sobol indices need a power of 2 as n, not {n}; take 1024.")
    uncertain = assumptions.uncertain(assumptions.pair)
    if not uncertain:
        return ()

    def gaps(cube: np.ndarray) -> np.ndarray:
        values = {
            key: _around_the_base(row, assumptions.estimates[key])
            for key, row in zip(uncertain, cube, strict=True)
        }
        a, b = _totals(assumptions, values)
        differences = a - b
        return np.where(np.ptp(differences) <= 1e-12 * np.abs(a).max(), 0.0, differences)

    if not gaps(_cube(len(uncertain), n, SEED)).any():
        return tuple(Influence(key, 0.0, 0.0) for key in uncertain)
    found = sobol_indices(func=gaps, n=n, dists=[uniform()] * len(uncertain), rng=SEED)
    columns = zip(uncertain, found.first_order, found.total_order, strict=True)
    influences = [Influence(key, float(first), float(total)) for key, first, total in columns]
    return tuple(sorted(influences, key=lambda influence: -influence.total))


@lru_cache(maxsize=4)
def _cube(columns: int, n: int, seed: int) -> np.ndarray:
    """A Latin hypercube with a row for each input: (columns, n), read-only."""
    cube = np.ascontiguousarray(qmc.LatinHypercube(columns, rng=seed).random(n).T)
    cube.flags.writeable = False
    return cube


def _around_the_base(share: np.ndarray, estimate: InputRange) -> np.ndarray:
    """The values that these shares (0 to 1) of the draws lie below."""
    low, base, high = estimate.low, estimate.base, estimate.high
    below = low + (base - low) * np.sqrt(2 * np.minimum(share, 0.5))
    above = high - (high - base) * np.sqrt(2 * np.minimum(1 - share, 0.5))
    # Rounding must not carry a value out of the range: the model refuses what is out of bounds.
    return np.clip(np.where(share < 0.5, below, above), low, high)


def _measured_rates(assumptions: Assumptions, n: int, seed: int) -> dict[str, np.ndarray]:
    """Draws of the error rates that come with the outcome of each row."""
    by_rows: dict[str, dict[str, str]] = {}
    for key in keys(assumptions.pair):
        rows, _, outcomes = assumptions.estimates[key].outcomes.rpartition(":")
        if outcomes:
            by_rows.setdefault(f"{rows}, {len(outcomes)}", {})[key] = outcomes
    drawn: dict[str, np.ndarray] = {}
    for place, measured in enumerate(by_rows.values()):
        wrong = np.array([[int(row) for row in outcomes] for outcomes in measured.values()])
        patterns, counts = np.unique(wrong, axis=1, return_counts=True)
        # Half a row on top for each pattern, so that no share is known to be 0.
        possible = np.array(list(product((0, 1), repeat=len(measured)))).T
        weights = [0.5 + sum(counts[(patterns == one[:, None]).all(0)]) for one in possible.T]
        shares = np.random.default_rng((seed, place)).dirichlet(weights, n)
        drawn |= dict(zip(measured, np.clip(possible @ shares.T, 0, 1), strict=True))
    return drawn


def _in_words(
    assumptions: Assumptions,
    n: int,
    cheaper: Mapping[str, float],
    difference: Spread,
    is_sure: bool,
) -> str:
    a, b = assumptions.pair
    likelier, other = sorted(assumptions.pair, key=lambda name: cheaper[name], reverse=True)
    over = assumptions.over
    if cheaper[a] == cheaper[b] == 0:
        return f"{APPROACHES[a]} and {APPROACHES[b]} cost the same {over}, whatever is drawn."
    if is_sure:
        return f"No input of the two is uncertain: {APPROACHES[likelier]} costs less {over}."
    ahead = [difference.low, difference.middle, difference.high]
    least, middle, most = ahead if likelier == b else [-amount for amount in reversed(ahead)]
    share = "all" if cheaper[likelier] == 1 else f"{percent(cheaper[likelier])}%"
    even = ", which is close to even" if abs(cheaper[likelier] - 0.5) <= _EVEN else ""
    at_base, turned = verdict(assumptions).cheaper, ""
    if at_base != likelier:
        turned = f", though {APPROACHES[at_base]} does at the base values: the two are too close to call"
    return (
        f"{APPROACHES[likelier]} costs less than {APPROACHES[other]} {over} in {share} of {n:,} draws of all "
        f"inputs{even}{turned}. In the middle draw it is {_ahead(middle)}; nine of ten lie between "
        f"{_ahead(least)} and {_ahead(most)}."
    )


def _ahead(amount: float) -> str:
    # Two digits: the ranges are rougher than that.
    return f"{dollars(float(f'{abs(amount):.2g}'))} {'less' if amount >= 0 else 'more'}"
