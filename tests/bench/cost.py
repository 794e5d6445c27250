"""Draws per second of the cost model's chance() against a plain loop and against squigglepy.

All price the same pair over the same months, with half the draws of each input in a triangle below its base
and half in one above it, and must agree on the chance. Each is
measured several times in a row after a first time that does not count, as a reader moves one input after
another; the median counts. Read the ratios.
"""

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping
from types import ModuleType

import numpy as np
import squigglepy as sq

from tests.widgets.cost.by_hand import by_hand
from widgets.cost.chance import chance
from widgets.cost.inputs import Assumptions, InputRange, load

PAIR = ("prompt", "hosted_fine_tune")
OURS = "chance()"
DRAWS = 10_000
LOOPED = 2_000  # draws of the two that take one at a time
ROUNDS = 9
SEED = 1

Ways = dict[str, tuple[int, Callable[[], float]]]


def main() -> None:
    """Measure every way in this process and print one table."""
    assumptions = load(PAIR, PAIR)
    random.seed(SEED)
    sq.set_seed(SEED)
    exact = chance(assumptions, 100_000, seed=SEED).cheaper[PAIR[0]]
    per_second = {}
    for name, (n, way) in _ways(assumptions).items():
        seconds = []
        for _ in range(ROUNDS + 1):
            started = time.perf_counter()
            share = way()
            seconds.append(time.perf_counter() - started)
            error = math.sqrt(exact * (1 - exact) / n)
            assert abs(share - exact) < 5 * error, f"{name} says {share}, not {exact}"
        per_second[name] = n / statistics.median(seconds[1:])
    print(report(assumptions, per_second))


def report(assumptions: Assumptions, per_second: Mapping[str, float]) -> str:
    """Draws per second of each way as text, and how many times as many `OURS` makes."""
    inputs = len(assumptions.uncertain(PAIR))
    what = f"{' against '.join(PAIR)}, {inputs} uncertain inputs, {assumptions.horizon} months"
    lines = [f"Draws per second: {what}"]
    for name, rate in per_second.items():
        lines.append(f"  {name:<36} {rate:>10,.0f}   {OURS} makes {per_second[OURS] / rate:,.2f} times that")
    return "\n".join(lines)


def _ways(assumptions: Assumptions) -> Ways:
    """Each way by its name: how many draws it makes, and the chance of the pair's first that it finds."""
    base, uncertain = assumptions.base(), assumptions.uncertain(PAIR)
    triangles = {key: assumptions.estimates[key] for key in uncertain}
    shapes = {key: sq.mixture(_sides(one), weights=[0.5, 0.5]) for key, one in triangles.items()}

    def ours() -> float:
        return chance(assumptions, DRAWS, seed=SEED).cheaper[PAIR[0]]

    def loop() -> float:
        wins = 0
        for _ in range(LOOPED):
            drawn = {
                key: random.triangular(one.base, random.choice((one.low, one.high)), one.base)
                for key, one in triangles.items()
            }
            wins += gap(base | drawn, assumptions.horizon, math) < 0
        return wins / LOOPED

    def sampled_model() -> float:
        def model() -> float:
            drawn = {key: ~shape for key, shape in shapes.items()}
            return gap(base | drawn, assumptions.horizon, math)

        return float((sq.sample(model, n=LOOPED) < 0).mean())

    def sampled_arrays() -> float:
        drawn = {key: shape @ DRAWS for key, shape in shapes.items()}
        return float((gap(base | drawn, assumptions.horizon, np) < 0).mean())

    return {
        OURS: (DRAWS, ours),
        "the same formulas, squigglepy arrays": (DRAWS, sampled_arrays),
        "squigglepy, a model of its samples": (LOOPED, sampled_model),
        "plain Python, a loop": (LOOPED, loop),
    }


def _sides(one: InputRange) -> list:
    """The triangles on either side of the base, for squigglepy."""
    below = sq.triangular(one.low, one.base, one.base) if one.low < one.base else sq.const(one.base)
    above = sq.triangular(one.base, one.base, one.high) if one.base < one.high else sq.const(one.base)
    return [below, above]


def gap(values: Mapping[str, float], months: int, numbers: ModuleType) -> float:
    """Total $ of the pair's first less its second's."""
    first, second = (sum(by_hand(values, name, months, numbers)) for name in PAIR)
    return first - second


if __name__ == "__main__":
    main()
