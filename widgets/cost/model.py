"""What each approach costs over the months: pure arithmetic on the inputs of widgets/cost/inputs.py.

    call(t)  = [ prefix x repeated(t) + variable x price in x off ] x long input
               + (output + thinking) x price out x off x long output
               all tokens x token factor; off = 1 - batch x discount; the long factors only above their limit
    repeated = cached x (warm(t) x cached price + (1 - warm(t)) x write price) + (1 - cached) x price in x off
               cached = 0 for a prefix below the minimum; warm(t) = 1 - exp(-calls in five minutes)
    unit(t)  = calls x (1 + retries) x call(t)
               + error rate x (1 - reviewed x caught) x cost of an error
               + reviewed x minutes / 60 x reviewer's rate
    month(t) = live(t) x [ volume(t) x unit(t) + ceil(volume(t) x adapters / capacity) x hosting / adapters
               + rate x (upkeep + evaluated x tax(n) / n + retrains x retrain hours) + retrains x training ]
               + (1 - live(t)) x volume(t) x errors now x cost of an error
               + in the month after the model ends: rate x (move hours + retrain hours) + training
    upfront  = rate x set-up hours + training
               + (examples - owned) x (1 - share in set-up) x label cost / (1 - curation)
    training = examples x tokens x epochs x training price + GPU hours x GPU price

    volume(t) = v0 x (1 + growth)^t     live(t) = 1 - min(max(delay - t, 0), 1)     tax(n) = hours x n^power
    token prices fall by `decline` a year, hosting and GPU prices by `gpu_decline`.

Cache prices are not discounted in a batch: price lists have no lower ones. Requests arrive at random, as many
at night as by day. Any input may be an array: the results take the shape S of all of them together, and
months are a last axis. Money is in $, token prices in $ per million tokens. The same model in JavaScript is
widgets/static/cost_model.js; tests/widgets/cost/test_javascript.py holds the two together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from course.measuring.results import money, percent
from widgets.cost.inputs import APPROACHES, CASE, Assumptions, check_values, definition
from widgets.cost.units import in_short, with_unit

VOLUME = "case.volume"
LEAST, MOST = 10.0, 1e8  # outputs a month: where break-even volumes are searched
DAYS_PER_MONTH = 30
MINUTES_PER_MONTH = DAYS_PER_MONTH * 24 * 60
CACHE_MINUTES = 5  # a cached prompt is kept this long after its last use
MILLION = 1e6
REACH = 5.0  # how far beyond its range an input is moved in search of a change, in ranges
_STEPS = 64  # values tried on either side before the nearest is refined
_GRID = 1_601  # volumes looked at for a break-even
_AT_ONCE = 2**16  # volumes times months priced in one go: more takes hundreds of MB and is not quicker
_BEND = 1e-4  # of two totals: how far from a straight line their difference may be between two volumes
_MOST_STEPS = 100  # steps of hosting looked at in each month: the next one is a change of one per cent


@dataclass(frozen=True)
class Bill:
    """What one approach costs, in $. S is the shape of the inputs; `volume` are outputs, S + (months,).

    What is paid each month is a sum of quantities, S + (months,), each with the $ for one of it, S, which
    all months share: so no part needs an array of draws by months, and 10,000 draws stay quick. `each` is
    what one more output costs once the approach is live, at the first month's prices.
    """

    volume: np.ndarray
    upfront_parts: Mapping[str, np.ndarray]
    running: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]]
    each: Mapping[str, np.ndarray]

    @cached_property
    def monthly_parts(self) -> dict[str, np.ndarray]:
        """$ of each month by what it is spent on: S + (months,)."""
        return {
            name: sum(quantity * np.asarray(price)[..., None] for quantity, price in terms)
            for name, terms in self.running.items()
        }

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """$ over the horizon by what it is spent on; they add up to `total`."""
        running = {
            name: sum(quantity.sum(-1) * price for quantity, price in terms)
            for name, terms in self.running.items()
        }
        return dict(self.upfront_parts) | running

    @cached_property
    def upfront(self) -> np.ndarray:
        """$ before the first month."""
        return sum(self.upfront_parts.values(), start=np.zeros(()))

    @cached_property
    def monthly(self) -> np.ndarray:
        """$ of each month."""
        return sum(self.monthly_parts.values(), start=np.zeros(()))

    @cached_property
    def total(self) -> np.ndarray:
        """$ from the start to the horizon."""
        return sum(self.parts.values(), start=np.zeros(()))

    @property
    def cumulative(self) -> np.ndarray:
        """$ spent before the first month and after each: S + (months + 1,)."""
        upfront = np.broadcast_to(self.upfront, self.monthly.shape[:-1])[..., None]
        return np.concatenate([upfront, upfront + self.monthly.cumsum(-1)], axis=-1)

    @property
    def per_1000(self) -> np.ndarray:
        """$ for 1,000 outputs, all costs over the horizon shared out."""
        return 1000 * self.total / self.volume.sum(-1)

    @property
    def tokens_per_1000(self) -> np.ndarray:
        """$ for the tokens of 1,000 outputs at the first month's prices: what articles speak of."""
        return 1000 * self.each["tokens"]


@dataclass(frozen=True)
class Crossing:
    """From this volume or month on `cheaper` is the cheaper one. `by_step`: hosting adds a unit there."""

    at: float
    cheaper: str
    by_step: bool = False


@dataclass(frozen=True)
class TurningPoint:
    """The value of one input at which the cheaper approach of a pair changes.

    `ranges` is how far that is: 1 is the end of the range that the estimate names, on that side.
    """

    key: str
    value: float
    ranges: float

    @property
    def is_plausible(self) -> bool:
        """Whether the value lies inside the estimate's range."""
        return self.ranges <= 1


@dataclass(frozen=True)
class CostVerdict:
    """Which of the pair is cheaper over the horizon, by how many $, and how it got there, in `sentence`."""

    cheaper: str
    costlier: str
    saving: float
    sentence: str


def bills(
    assumptions: Assumptions,
    values: Mapping[str, ArrayLike] | None = None,
    approaches: Sequence[str] | None = None,
) -> dict[str, Bill]:
    """The bill of each approach (all of the assumptions' if None), at the base values but for `values`.

    The arrays in `values` must broadcast together. CourseError for an unknown key or a value out of bounds.
    """
    moved = check_values(values or {})  # the assumptions have checked their base values

    def inputs(owner: str) -> SimpleNamespace:
        base = assumptions.base_by_owner[owner]
        return SimpleNamespace(**{name: moved.get(f"{owner}.{name}", base[name]) for name in base})

    case = inputs(CASE)
    month = np.arange(assumptions.horizon)
    volume = case.volume[..., None] * (1 + case.growth[..., None]) ** month
    chosen = assumptions.approaches if approaches is None else approaches
    return {name: _bill(case, inputs(name), volume, month) for name in chosen}


def evaluation_tax(models: ArrayLike, hours: ArrayLike, power: ArrayLike) -> np.ndarray:
    """Hours a month that watching and evaluating this many tuned models takes: hours x models^power."""
    return np.asarray(hours, dtype=float) * np.asarray(models, dtype=float) ** np.asarray(power, dtype=float)


def request_cost(approach: SimpleNamespace, per_month: np.ndarray) -> np.ndarray:
    """$ that the tokens of one output cost at the first month's prices, with this many outputs a month.

    `per_month` has months as its last axis, and so has the result: of length 1 where nothing is cached.
    """
    calls = approach.calls * (1 + approach.retries)
    off = 1 - approach.batch * approach.batch_discount
    long = (approach.prefix + approach.variable) * approach.token_factor > approach.long_above
    long_input, long_output = np.where(long, approach.long_input, 1), np.where(long, approach.long_output, 1)
    cached = approach.cached * (approach.prefix * approach.token_factor >= approach.cache_minimum)
    plain_in = approach.input_price * off
    output = (approach.output + approach.thinking) * approach.output_price * off * long_output
    call = (approach.prefix * (1 - cached) + approach.variable) * plain_in * long_input + output
    per_token = calls * approach.token_factor / MILLION
    if not np.any(cached):
        return (per_token * call)[..., None]
    cold = np.exp(-per_month * (calls * CACHE_MINUTES / MINUTES_PER_MONTH)[..., None])
    read, write = approach.cached_price[..., None], approach.write_price[..., None]
    repeated = (approach.prefix * cached * long_input)[..., None] * (read + cold * (write - read))
    return per_token[..., None] * (call[..., None] + repeated)


def break_even_volumes(assumptions: Assumptions, a: str, b: str) -> list[Crossing]:
    """Every volume from `LEAST` to `MOST` (outputs in the first month) at which the cheaper of two changes.

    `_GRID` volumes are looked at, evenly spaced on a logarithmic scale, and both sides of those steps of
    hosting that could turn the pair; what else changes twice between two of those is not seen.
    """

    def gap(volumes: np.ndarray | float) -> np.ndarray:
        totals = [bill.total for bill in bills(assumptions, {VOLUME: volumes}, (a, b)).values()]
        difference = totals[0] - totals[1]
        # What is left of two equal sums is rounding, and no lead.
        return np.where(abs(difference) < 1e-11 * (totals[0] + totals[1]), 0.0, difference)

    grid = np.geomspace(LEAST, MOST, _GRID)
    of_1 = bills(assumptions, {VOLUME: 1.0}, (a,))[a].volume
    steps = np.unique(np.concatenate([_steps(assumptions, name, of_1) for name in (a, b)]))
    if len(steps):
        near = _may_turn(*bills(assumptions, {VOLUME: grid}, (a, b)).values())
        steps = steps[near[np.searchsorted(grid, steps) - 1]]
    volumes = np.unique(np.concatenate([grid, steps * (1 - 1e-9), steps * (1 + 1e-9)]))
    parts = math.ceil(len(volumes) * assumptions.horizon / _AT_ONCE)
    gaps = np.concatenate([gap(part) for part in np.array_split(volumes, parts)])
    crossings = []
    for before, after in _turns(gaps):
        low, high = volumes[before], volumes[after]
        by_step = high / low < 1 + 1e-8
        at = (low + high) / 2 if by_step else brentq(gap, low, high, xtol=1e-9, rtol=1e-12)
        crossings.append(Crossing(float(at), a if gaps[after] < 0 else b, bool(by_step)))
    return crossings


def break_even_months(assumptions: Assumptions, a: str, b: str) -> list[Crossing]:
    """Every month (1.5 is the middle of the second) in which the cheaper so far of two approaches changes."""
    pair = bills(assumptions, approaches=(a, b))
    gap = pair[a].cumulative - pair[b].cumulative
    return [
        Crossing(
            float(before + (after - before) * gap[before] / (gap[before] - gap[after])),
            a if gap[after] < 0 else b,
        )
        for before, after in _turns(gap)
    ]


def verdict(assumptions: Assumptions) -> CostVerdict:
    """Which of the pair is cheaper over the horizon, and from which month on, in one sentence."""
    a, b = assumptions.pair
    totals = {name: float(bill.total) for name, bill in bills(assumptions, approaches=(a, b)).items()}
    cheaper, costlier = sorted(totals, key=lambda name: totals[name])
    saving = totals[costlier] - totals[cheaper]
    volume = assumptions.estimates[VOLUME].base
    at = f"At {volume:,.0f} outputs a month ({per_day(volume)}), {assumptions.over}"
    if saving == 0:
        return CostVerdict(
            cheaper, costlier, 0.0, f"{at}, {APPROACHES[a]} and {APPROACHES[b]} cost the same."
        )
    costs = f"{APPROACHES[cheaper]} costs {dollars(totals[cheaper])}"
    against = f"{APPROACHES[costlier]} {dollars(totals[costlier])}: {dollars(saving)} less"
    rates = [(name, assumptions.estimates[f"{name}.error_rate"]) for name in (a, b)]
    wrong = ", ".join(f"{APPROACHES[name]} {percent(rate.base)}% ({rate.kind})" for name, rate in rates)
    words = f"{at}, {costs} and {against}, {_since(assumptions, a, b)}. Error rates: {wrong}."
    return CostVerdict(cheaper, costlier, saving, words)


def smallest_changes(
    assumptions: Assumptions, keys_to_try: Sequence[str] | None = None
) -> list[TurningPoint]:
    """For each uncertain input of the pair the nearest value at which the verdict turns, the nearest first.

    An input is moved up to `REACH` ranges away from its base, and never over its bounds. One that cannot turn
    the verdict alone is left out.
    """
    tried = assumptions.uncertain(assumptions.pair) if keys_to_try is None else keys_to_try
    found = [_nearest_change(assumptions, key) for key in tried]
    return sorted((change for change in found if change), key=lambda change: change.ranges)


def change_in_words(assumptions: Assumptions, changes: Sequence[TurningPoint]) -> str:
    """The smallest change that turns the verdict, as one sentence."""
    if not changes:
        return "No single input changes the verdict within five times its range."
    change = changes[0]
    base = assumptions.estimates[change.key].base
    return (
        f"The smallest change that reverses it: {label(change.key)} at {with_unit(change.key, change.value)} "
        f"instead of {in_short(change.key, base)}, {place_in_range(assumptions, change)} the range given "
        "for it."
    )


def place_in_range(assumptions: Assumptions, change: TurningPoint) -> str:
    """Where a value lies beside its range as people read both: inside, at the end of, or outside."""
    estimate, read = assumptions.estimates[change.key], in_short(change.key, change.value)
    if read in (in_short(change.key, estimate.low), in_short(change.key, estimate.high)):
        return "at the end of"
    return "inside" if change.is_plausible else "outside"


def label(key: str) -> str:
    """An input as people read it, such as "Wrong outputs (Prompt)"."""
    owner = key.partition(".")[0]
    return definition(key).label if owner == CASE else f"{definition(key).label} ({APPROACHES[owner]})"


def dollars(amount: float) -> str:
    """An amount such as $1,200 or $0.35."""
    size = abs(amount)
    return f"{'-' if amount < 0 else ''}{money(size) if 0 < size < 100 else f'${size:,.0f}'}"


def per_day(volume: float) -> str:
    """A monthly volume as outputs a day."""
    return f"{volume / DAYS_PER_MONTH:,.0f} a day"


def _bill(case: SimpleNamespace, approach: SimpleNamespace, volume: np.ndarray, month: np.ndarray) -> Bill:
    trained = approach.examples * approach.example_tokens * approach.epochs
    training = trained * approach.training_price / MILLION + approach.gpu_hours * approach.gpu_price
    shared_tax = evaluation_tax(case.tuned_models, case.tax_hours, case.tax_power) / case.tuned_models
    labels = np.maximum(approach.examples - case.labels_owned, 0) * (1 - approach.labels_in_setup)
    waiting = np.clip(approach.delay[..., None] - month, 0, 1)
    ends = month == np.ceil(approach.ends_after)[..., None]
    token_prices = (1 - case.decline[..., None]) ** (month / 12)
    machine_prices = (1 - case.gpu_decline[..., None]) ** (month / 12)
    live = 1 - waiting if np.any(approach.delay) else np.ones(month.shape)
    outputs = volume * live
    request = request_cost(approach, volume)
    each = {
        "tokens": request[..., 0],
        "errors": approach.error_rate * (1 - approach.reviewed * case.error_caught) * case.error_cost,
        "review": approach.reviewed * case.review_minutes / 60 * case.reviewer_rate,
    }
    same_each_month = request.shape[-1] == 1
    tokens = outputs * token_prices * (1 if same_each_month else request)
    move = case.rate * (approach.move_hours + approach.retrain_hours) + training
    before = [(volume * waiting, case.rate_now * case.error_cost)]
    running = {
        "tokens": [(tokens, each["tokens"] if same_each_month else np.ones(()))],
        "errors": [(outputs, each["errors"]), *(before if np.any(approach.delay) else [])],
        "review": [(outputs, each["review"])],
        "hosting": [(_machines(volume, live, machine_prices, approach), approach.hosting)],
        "upkeep": [(live, case.rate * approach.upkeep)],
        "evaluation": [(live, case.rate * approach.evaluated * shared_tax)],
        "retraining": [
            (live, approach.retrains * (case.rate * approach.retrain_hours + training)),
            *([(ends.astype(float), move)] if ends.any() else []),
        ],
    }
    upfront = {
        "set-up": case.rate * approach.setup_hours,
        "labels": labels * case.label_cost / (1 - case.curation),
        "training": training,
    }
    return Bill(volume, upfront, running, each)


def _machines(
    volume: np.ndarray, live: np.ndarray, prices: np.ndarray, approach: SimpleNamespace
) -> np.ndarray:
    """Machines of each month at the first month's prices. Models that share one share its price."""
    # Most are not hosted: then any quantity will do, and rounding up each draw and month takes time.
    if not np.any(approach.hosting):
        return live
    adapters = approach.adapters[..., None]
    return np.ceil(volume * adapters / approach.capacity[..., None]) / adapters * live * prices


def _steps(assumptions: Assumptions, name: str, volumes_of_1: np.ndarray) -> np.ndarray:
    """Volumes at which hosting adds a machine in some month, the first `_MOST_STEPS` of each month."""
    hosting, capacity, adapters = (
        assumptions.estimates[f"{name}.{part}"].base for part in ("hosting", "capacity", "adapters")
    )
    if not hosting:
        return np.empty(0)
    steps = capacity / adapters * np.arange(1, _MOST_STEPS + 1)[:, None] / volumes_of_1
    return steps[(steps > LEAST) & (steps < MOST)]


def _may_turn(a: Bill, b: Bill) -> np.ndarray:
    """Of bills at rising volumes, between which of them machines could make the other the cheaper one.

    Machines never get fewer as the volume rises, and all else of a bill hardly bends between two volumes.
    """
    rented, totals = zip(*((bill.parts["hosting"], bill.total) for bill in (a, b)), strict=True)
    machines_a, machines_b = (np.broadcast_to(part, totals[0].shape) for part in rented)
    rest = totals[0] - totals[1] - (machines_a - machines_b)
    bend = abs(np.diff(rest)) + _BEND * (totals[0] + totals[1])[1:]
    low = np.minimum(rest[:-1], rest[1:]) - bend + machines_a[:-1] - machines_b[1:]
    high = np.maximum(rest[:-1], rest[1:]) + bend + machines_a[1:] - machines_b[:-1]
    return (low <= 0) & (high >= 0)


def _turns(gaps: np.ndarray) -> list[tuple[int, int]]:
    """Places of two values that follow one another, zeros passed over, and differ in sign."""
    known = np.flatnonzero(gaps)
    turned = np.flatnonzero(np.diff(np.sign(gaps[known])))
    return [(int(known[place]), int(known[place + 1])) for place in turned]


def _nearest_change(assumptions: Assumptions, key: str) -> TurningPoint | None:
    estimate, meaning = assumptions.estimates[key], definition(key)

    def gap(value: np.ndarray) -> np.ndarray:
        a, b = (bill.total for bill in bills(assumptions, {key: value}, assumptions.pair).values())
        return np.broadcast_to(a - b, np.shape(value))  # also of an input that changes nothing

    found = []
    for end in (estimate.low, estimate.high):
        if end == estimate.base:
            continue
        furthest = estimate.base + REACH * (end - estimate.base)
        tried = np.linspace(estimate.base, np.clip(furthest, meaning.lowest, meaning.highest), _STEPS + 1)
        turns = _turns(gap(tried))
        if turns:
            before, after = turns[0]
            value = brentq(gap, tried[before], tried[after])
            found.append(TurningPoint(key, value, (value - estimate.base) / (end - estimate.base)))
    return min(found, key=lambda change: change.ranges, default=None)


def _since(assumptions: Assumptions, a: str, b: str) -> str:
    crossings = break_even_months(assumptions, a, b)
    if not crossings:
        return "from the start"
    again = "" if len(crossings) == 1 else f" (the lead changes {len(crossings)} times)"
    return f"ahead for good from month {crossings[-1].at:.1f} on{again}"
