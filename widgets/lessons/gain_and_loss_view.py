"""The chart of gain against loss: what a training learned, across, and what it kept, up."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

from course.tuning.forgetting import OF_TICKETS, PLAIN, SEEDS, UNTRAINED, Remembered, SettingKey
from course.tuning.gain_and_loss import Parts, name_of, trainings
from widgets.chart import BLUE, GREEN, GREY, ORANGE, RED, Axis, Line, LineChart, Mark

Place = tuple[float, float]  # tickets right, plain requests right, both in percent
_SIGNS = ((BLUE, ""), (GREEN, "2 3"), (RED, "8 3 2 3"), (ORANGE, "6 4"), (GREY, "1 4"))
_NEAR = 12  # a training that leads no further than this has no line of its own


def gain_and_loss_chart(readings: Sequence[Remembered]) -> LineChart:
    """Each training by its tickets and its plain requests, right in percent.

    A line leads from the model as it was to what one setting reached over its rounds, a paler one without a
    name for each further seed.
    """
    found = trainings(readings)
    places = {key: _place(parts) for key, parts in found.items()}
    begin = next(place for key, place in places.items() if not key[2])
    away = {key: path for key, path in _paths(found).items() if math.dist(path[-1][1], begin) >= _NEAR}
    signs = dict(zip(dict.fromkeys(name for name, _ in away), cycle(_SIGNS), strict=False))
    lines = []
    for (name, seed), path in away.items():
        across, up = zip(begin, *(place for _, place in path), strict=True)
        first, (colour, dash) = seed == SEEDS[0], signs[name]
        lines.append(Line(path[-1][0] if first else "", across, up, colour, dash=dash, strong=first))
    near = [place for place in places.values() if math.dist(place, begin) < _NEAR]
    said = f"{UNTRAINED} and {len(near) - 1} more" if len(near) > 1 else UNTRAINED
    top = max(near, key=lambda place: place[1])  # above the lines, which begin below it
    told = "; ".join(f"{name_of(key)}: {gain:.0f}% and {kept:.0f}%" for key, (gain, kept) in places.items())
    most, best = (10 * math.ceil(max(shares) / 10) for shares in zip(*places.values(), strict=True))
    chart = LineChart(
        Axis("tickets right, %", low=0, high=max(most, 10)),
        Axis("plain requests right, %", low=0, high=max(best, 10)),
    )
    marks = [Mark(*place, said if place == top else "") for place in places.values()]
    chart.show(lines, f"Tickets right, and plain requests right. {told}.", marks)
    return chart


def _paths(found: Mapping[SettingKey, Parts]) -> dict[tuple[str, int], list[tuple[str, Place]]]:
    """By the name of a setting and the seed: the rounds and what they reached, the fewest steps first."""
    paths: dict[tuple[str, int], list[tuple[str, Place]]] = {}
    for (_, setting, steps, seed), parts in found.items():
        if steps:
            rounds = parts[PLAIN].rounds
            reached = f"{setting}, {rounds:.0f} round{'s' * (rounds > 1)}", _place(parts)
            paths.setdefault((setting, seed), []).append(reached)
    return paths


def _place(parts: Parts) -> Place:
    return 100 * parts[OF_TICKETS].accuracy, 100 * parts[PLAIN].accuracy
