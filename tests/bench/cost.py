"""Draws per second of the cost model's chance() against a plain loop and against squigglepy.

All price the same pair with the same triangles over the same months, and must agree on the chance. Each is
measured several times in a row after a first time that does not count, as a reader moves one input after
another; the median counts. Read the ratios.
"""

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np
import squigglepy as sq

from widgets.cost.chance import chance
from widgets.cost.inputs import Assumptions, load

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
    shapes = {key: sq.triangular(one.low, one.base, one.high) for key, one in triangles.items()}

    def ours() -> float:
        return chance(assumptions, DRAWS, seed=SEED).cheaper[PAIR[0]]

    def loop() -> float:
        wins = 0
        for _ in range(LOOPED):
            drawn = {key: random.triangular(one.low, one.high, one.base) for key, one in triangles.items()}
            wins += gap(base | drawn, assumptions.horizon, math.ceil) < 0
        return wins / LOOPED

    def sampled_model() -> float:
        def model() -> float:
            drawn = {key: ~shape for key, shape in shapes.items()}
            return gap(base | drawn, assumptions.horizon, math.ceil)

        return float((sq.sample(model, n=LOOPED) < 0).mean())

    def sampled_arrays() -> float:
        drawn = {key: shape @ DRAWS for key, shape in shapes.items()}
        return float((gap(base | drawn, assumptions.horizon, np.ceil) < 0).mean())

    return {
        OURS: (DRAWS, ours),
        "the same formulas, squigglepy arrays": (DRAWS, sampled_arrays),
        "squigglepy, a model of its samples": (LOOPED, sampled_model),
        "plain Python, a loop": (LOOPED, loop),
    }


def gap(x: Mapping[str, float], months: int, ceil: Callable) -> float:
    """Total $ of the pair's first less its second's."""
    return total(x, PAIR[0], months, ceil) - total(x, PAIR[1], months, ceil)


def total(x: Mapping[str, float], name: str, months: int, ceil: Callable) -> float:
    """Total $ of one approach: the head of widgets/cost/model.py, as a reader would write it.

    It takes numbers and arrays alike, with a `ceil` to match.
    """

    def of(part: str) -> float:
        return x[f"{name}.{part}"]

    hit = of("cache_hit")
    prefix = of("prefix") * (hit * of("cached_price") + (1 - hit) * of("input_price"))
    tokens = prefix + of("variable") * of("input_price") + of("output") * of("output_price")
    request = of("calls") * tokens * (1 - of("batch") * of("batch_discount")) / 1e6
    errors = of("error_rate") * x["case.error_cost"]
    review = of("reviewed") * x["case.review_minutes"] / 60 * x["case.reviewer_rate"]
    training = of("examples") * of("example_tokens") * of("epochs") * of("training_price") / 1e6
    training = training + of("gpu_hours") * of("gpu_price")
    tax = x["case.tax_hours"] * x["case.tuned_models"] ** x["case.tax_power"] / x["case.tuned_models"]
    hours = of("upkeep") + of("evaluated") * tax + of("retrains") * of("retrain_hours")
    running = x["case.rate"] * hours + of("retrains") * training

    spent = x["case.rate"] * of("setup_hours") + training
    spent = spent + of("examples") * x["case.label_cost"] / (1 - x["case.curation"])
    for month in range(months):
        volume = x["case.volume"] * (1 + x["case.growth"]) ** month
        price_left = (1 - x["case.decline"]) ** (month / 12)
        spent = spent + volume * (request * price_left + errors + review)
        spent = spent + ceil(volume / of("capacity")) * of("hosting") + running
    return spent


if __name__ == "__main__":
    main()
