"""The pictures of a decision memo as SVG text: the costs over the months, and the interval of a rung.

Drawn without any library, so that the page needs no network. Colours are Okabe and Ito's; each line has a
dash and a mark of its own, and its name at its end.
"""

import html
import math
from collections.abc import Sequence

from widgets.memo.parts import CostLine

LOOKS = (("#000000", ""), ("#0072B2", "9 4"), ("#D55E00", "2 3"), ("#009E73", "9 3 2 3"), ("#AA4499", "5 2"))
_WIDTH, _HEIGHT = 620, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 355, 24, 230
_LABEL_GAP = 34
_WHISKERS = 120  # pixels of an interval's picture, from 0 to 100 %


def costs_chart(lines: Sequence[CostLine], horizon: int) -> str:
    """$ so far against the months, one line for each approach; the table beside it says the same."""
    top = _round_up(max(line.total for line in lines) or 1.0)
    drawn = [*_money_axis(top), *_month_axis(horizon)]
    places = _spread([_y(line.total, top) for line in lines])
    looks = zip(lines, LOOKS, places, strict=False)
    for line, look, place in sorted(looks, key=lambda each: each[0].in_pair):  # the pair on top of the others
        drawn += _drawn(line, look, place, top, horizon)
    label = "Cost so far over the months. " + "; ".join(
        f"{line.name}: {line.cumulative[0]:,.0f} $ before the first month, "
        f"{line.total:,.0f} $ after {horizon}"
        for line in lines
    )
    return _svg(_WIDTH, _HEIGHT, label, drawn)


def interval_picture(low: float, middle: float, high: float, accepted: float | None) -> str:
    """A share with its interval on a line from 0 to 100 %, and the accepted share as an upright line."""
    x0, x1, x2 = (round(_WHISKERS * share, 1) for share in (low, middle, high))
    drawn = [
        _stroke(0, 7, _WHISKERS, 7, "#BBBBBB"),
        _stroke(x0, 7, x2, 7, "#0072B2", 3),
        f'<circle cx="{x1}" cy="7" r="3.6" fill="#0072B2"/>',
    ]
    if accepted is not None:
        bar = round(_WHISKERS * accepted, 1)
        drawn.append(_stroke(bar, 0, bar, 14, "#000000", 1.5, "3 2"))
    return f'<svg class="whiskers" viewBox="0 0 {_WHISKERS} 14" aria-hidden="true">{"".join(drawn)}</svg>'


def _drawn(line: CostLine, look: tuple[str, str], place: float, top: float, horizon: int) -> list[str]:
    colour, dash = look
    points = " ".join(
        f"{_x(month, horizon):.1f},{_y(amount, top):.1f}" for month, amount in enumerate(line.cumulative)
    )
    end = _y(line.total, top)
    width = 2.6 if line.in_pair else 1.6
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-dasharray="{dash}"/>',
        _stroke(_RIGHT + 2, end, _RIGHT + 14, place, "#999999"),
        _stroke(_RIGHT + 16, place, _RIGHT + 40, place, colour, width, dash),
        _text(_RIGHT + 46, place + 2, line.name, "start", bold=line.in_pair),
        _text(_RIGHT + 46, place + 17, f"{_short(line.total)} $", "start"),
    ]


def _money_axis(top: float) -> list[str]:
    ticks = [top * part / 4 for part in range(5)]
    drawn = []
    for amount in ticks:
        y = _y(amount, top)
        drawn += [_stroke(_LEFT, y, _RIGHT, y, "#DDDDDD"), _text(_LEFT - 6, y + 4, _short(amount), "end")]
    return [*drawn, _text(_LEFT, _TOP - 11, "$ so far")]


def _month_axis(horizon: int) -> list[str]:
    step = max(1, math.ceil(horizon / 6))
    months = [month for month in range(0, horizon + 1, step)]
    drawn = [_stroke(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, "#000000")]
    for month in months:
        x = _x(month, horizon)
        drawn += [_stroke(x, _BOTTOM, x, _BOTTOM + 5, "#000000"), _text(x, _BOTTOM + 19, str(month))]
    return [*drawn, _text((_LEFT + _RIGHT) / 2, _HEIGHT - 4, "months")]


def _spread(wanted: Sequence[float]) -> list[float]:
    """Places of the names close to the ends of their lines, none on another, all inside the picture."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    places, last = dict.fromkeys(order, 0.0), -math.inf
    for number in order:
        last = places[number] = max(wanted[number], last + _LABEL_GAP)
    limit = _BOTTOM - 10.0
    for number in reversed(order):
        places[number] = min(places[number], limit)
        limit = places[number] - _LABEL_GAP
    return [places[number] for number in range(len(wanted))]


def _round_up(amount: float) -> float:
    """The next amount whose quarters are round."""
    power = 10.0 ** math.floor(math.log10(amount))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= amount)


def _short(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 10 or amount == 0 else f"{amount:.2g}"


def _x(month: float, horizon: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * month / horizon


def _y(amount: float, top: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * amount / top


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{dashes}/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{html.escape(text)}</text>'


def _svg(width: int, height: int, label: str, drawn: Sequence[str]) -> str:
    return (
        f'<svg class="costs" viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(label)}">'
        f"{''.join(drawn)}</svg>"
    )
