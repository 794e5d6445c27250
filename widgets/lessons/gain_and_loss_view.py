"""The chart of gain against loss: what a training learned, across, and what it kept, up."""

import math
from collections.abc import Mapping, Sequence

from course.tuning.forgetting import OF_TICKETS, PLAIN, SEEDS, Remembered, SettingKey
from course.tuning.gain_and_loss import Parts, name_of, trainings
from widgets.chart import BLUE, ORANGE, Axis, Line, LineChart, Mark

_NEAR = 12  # points: closer than this two names would lie on each other
_NAMED = 2  # so many names fit beside a point


def gain_and_loss_chart(readings: Sequence[Remembered]) -> LineChart:
    """Each training by its tickets and its plain requests, right in percent.

    The lines join the settings of the first seed, from the fewest tickets on: those that were trained on
    tickets alone, and those with general chats among them. Both begin where the model began.
    """
    found = trainings(readings)
    first = [parts[PLAIN] for key, parts in found.items() if key[-1] == SEEDS[0]]
    places = {key: _place(parts) for key, parts in found.items()}
    lines = [
        _line(name, [places[each.key] for each in first if replays(each) or not each.steps], colour, dash)
        for name, replays, colour, dash in (
            ("tickets alone", lambda each: not each.replayed, BLUE, ""),
            ("with general chats", lambda each: each.replayed, ORANGE, "6 4"),
        )
    ]
    told = "; ".join(f"{name_of(key)}: {gain:.0f}% and {kept:.0f}%" for key, (gain, kept) in places.items())
    most, best = (10 * math.ceil(max(shares) / 10) for shares in zip(*places.values(), strict=True))
    across = Axis("tickets right, %", low=0, high=most + 10)  # room for the names
    up = Axis("plain requests right, %", low=0, high=max(best, 10))
    chart = LineChart(across, up)
    chart.show(lines, f"Tickets right, and plain requests right. {told}.", _marks(places))
    return chart


def _line(name: str, of: Sequence[tuple[float, float]], colour: str, dash: str) -> Line:
    across, up = zip(*sorted(of, key=lambda place: (place[0], -place[1])), strict=True)
    return Line(name, across, up, colour, dash=dash)


def _marks(places: Mapping[SettingKey, tuple[float, float]]) -> list[Mark]:
    """A point for each training. Where some lie together, their settings' names stand at the rightmost."""
    clusters: list[list[SettingKey]] = []
    for key in sorted(places, key=lambda key: places[key], reverse=True):
        near = (each for each in clusters if math.dist(places[each[0]], places[key]) < _NEAR)
        cluster = next(near, None)
        if cluster is None:
            clusters.append([key])
        else:
            cluster.append(key)
    named = {cluster[0]: _together(cluster) for cluster in clusters}
    return [Mark(*place, named.get(key, "")) for key, place in places.items()]


def _together(cluster: Sequence[SettingKey]) -> str:
    names = list(dict.fromkeys(setting for _, setting, *_ in sorted(cluster, key=lambda key: key[2])))
    if len(names) <= _NAMED:
        return "; ".join(names)
    return f"{names[0]} and {len(names) - 1} others"


def _place(parts: Parts) -> tuple[float, float]:
    return 100 * parts[OF_TICKETS].accuracy, 100 * parts[PLAIN].accuracy
