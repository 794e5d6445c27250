"""The chart of the house voice: rules kept by facts kept, a point for each rung."""

from collections.abc import Sequence

from course.measuring.house_voice import RULES
from course.rungs.voice import RUNGS
from course.tuning.voice import TRAINED
from course.tuning.voice_readings import TUNED, VoiceReading, keeps_facts, trained
from widgets.chart import BLUE, GREEN, GREY, ORANGE, RED, Axis, Line, LineChart, Mark

_SIGNS = {"small": (BLUE, ""), "medium": (GREEN, "2 3"), "large": (ORANGE, "6 4")}
_TUNED_SIGNS = {"small": (RED, "8 3 2 3"), "medium": (GREY, "1 3")}
# The prompts that show more and more of the same: a line. The others are points beside it.
_LONGER = [rung.name for rung in RUNGS if not (rung.retrieved or rung.parts)]
# Off the lines, and with no room for a name beside the small size's: the larger sizes' are only told.
_HELD = [rung.name for rung in RUNGS if rung.parts]


def voice_chart(of: Sequence[VoiceReading]) -> LineChart:
    """Each reading by its replies with all facts, in percent, and its mean number of rules kept."""
    curves = []
    for size, (colour, dash) in _SIGNS.items():
        own = {each.rung: each for each in of if each.size == size}
        longer = [own[rung] for rung in _LONGER if rung in own]
        if longer:
            curves.append(_line(f"{size}, longer prompts", longer, colour, dash))
    for size in TRAINED:
        if tuned := trained(of, size=size):
            curves.append(_line(f"{size}, {TUNED}", list(tuned.values()), *_TUNED_SIGNS[size]))
    marks = [
        Mark(*_place(each), _label(each)) for each in of if each.size == "small" or each.rung not in _HELD
    ]
    told = "; ".join(
        f"{each.name}: {each.rules[0]:.1f} rules, {_place(each)[0]:.0f}% with all facts" for each in of
    )
    lowest = int(min(each.rules[0] for each in of))
    chart = LineChart(
        Axis("replies with all facts, %", low=0), Axis("rules kept, of 15", low=lowest, high=len(RULES))
    )
    chart.show(curves, f"Rules kept by facts kept. {told}.", marks)
    return chart


def _line(name: str, of: Sequence[VoiceReading], colour: str, dash: str) -> Line:
    across, up = zip(*map(_place, of), strict=True)
    return Line(name, across, up, colour, dash=dash)


def _place(each: VoiceReading) -> tuple[float, float]:
    return 100 * each.count(keeps_facts) / len(each.replies), each.rules[0]


def _label(each: VoiceReading) -> str:
    """A short name of the prompt; of the larger sizes only of where their lines begin."""
    if not each.prompted or (each.size != "small" and each.rung != _LONGER[0]):
        return ""
    short = each.rung.removeprefix("guide, ").removesuffix(" of sentences").replace(" examples", "")
    return short if each.size == "small" else f"{each.size}, {short}"
