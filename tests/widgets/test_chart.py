"""Our own charts: what they send without a browser, and what they draw in one."""

import base64
import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import Page

from course.errors import CourseError
from tests.browser import draw_widgets, page_fixture
from widgets import chart
from widgets.chart import Axis, BarChart, Line, LineChart, Mark, TornadoBar

MONTHS = np.arange(19.0)


def state(widget: chart._Chart) -> dict:
    """What the browser is sent."""
    numbers = base64.b64encode(widget.numbers).decode()
    names = ("kind", "frame", "parts", "summary")
    return {name: getattr(widget, name) for name in names} | {"numbers": numbers}


def months(slope: float = 1_000, mark: str = "even in month 9", made: LineChart | None = None) -> LineChart:
    made = made or LineChart(Axis("months"), Axis("$ so far"))
    lines = [
        Line("Prompt", MONTHS, slope * MONTHS, "#0072B2"),
        Line("Tuned", MONTHS, 9_000 + 0 * MONTHS, "#D55E00", "8 4"),
    ]
    made.show(lines, "Prompt against Tuned.", [Mark(9, 9_000, mark)], here=(12, "you: 12"))
    return made


def tornado() -> BarChart:
    made = BarChart(Axis("Prompt less Tuned, $"))
    bars = [
        TornadoBar("Volume", -5, 20, "10,000", "100,000"),
        TornadoBar("Wrong outputs (Prompt)", 8, 2, "6%", "20%"),
    ]
    made.show(bars, 4, "What matters.", (0, "even"))
    return made


def test_the_numbers_are_sent_as_they_are_and_only_what_changed(monkeypatch):
    made = months()
    sent = np.frombuffer(made.numbers)
    assert (sent.reshape(4, -1) == [MONTHS, 1_000 * MONTHS, MONTHS, [9_000.0] * 19]).all()
    assert [line["length"] for line in made.parts["lines"]] == [19, 19]
    assert made.summary == "Prompt against Tuned."
    made, sent = months(), []
    monkeypatch.setattr(made, "send_state", lambda key=None: sent.append(set(key)))
    months(2_000, made=made)
    assert sent == [{"numbers"}]


def test_bad_input_is_named():
    with pytest.raises(CourseError, match="'Prompt' needs x and y of the same length"):
        months().show([Line("Prompt", MONTHS, MONTHS[:3], "#000000")], "")
    with pytest.raises(CourseError, match="'volume' is a logarithmic axis"):
        Axis("volume", log=True, low=0)


browser_page = page_fixture(700, 900)


@pytest.fixture
def show(browser_page: Page) -> Callable[..., Page]:
    """Draws charts on an empty page and fails on an error there."""
    return lambda *charts: draw_widgets(browser_page, "chart", *map(state, charts))


def points(page: Page, place: int) -> list[tuple[float, float]]:
    """The pixels of a curve."""
    path = page.locator(".curve").nth(place).get_attribute("d")
    return [tuple(map(float, pair.split())) for pair in path[1:].split("L")]


def test_each_chart_is_an_image_with_its_words_and_a_curve_where_its_numbers_are(show):
    page = show(months(), tornado())
    assert [each.get_attribute("aria-label") for each in page.get_by_role("img").all()] == [
        "Prompt against Tuned.",
        "What matters.",
    ]
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    for box in (svg.bounding_box() for svg in page.locator("svg").all()):
        assert box["width"] <= 570
    for kind in ("Prompt", "even in month 9", "you: 12", "20%"):
        assert page.locator("text", has_text=kind).first.is_visible(), kind
    page = show(months())
    rising, level = points(page, 0), points(page, 1)
    assert len(rising) == len(level) == 19
    # They meet in month 9, where the mark is.
    assert rising[9] == level[9]
    mark = page.locator(".mark")
    assert (float(mark.get_attribute("cx")), float(mark.get_attribute("cy"))) == rising[9]
    steps = np.diff(np.array(rising), axis=0)
    assert np.allclose(steps, steps[0], atol=0.11) and steps[0][0] > 0 > steps[0][1]


# Whether the words of a chart stand clear of its marks and of its first curve.
CLEAR = """() => {
    const notes = [...document.querySelectorAll('.note')].filter(note => note.textContent.startsWith('mark'))
        .map(note => note.getBBox());
    const within = (box, x, y) =>
        x > box.x && x < box.x + box.width && y > box.y + 3 && y < box.y + box.height;
    const curve = document.querySelector('.curve');
    const on = Array.from({length: 999}, (_, place) =>
        curve.getPointAtLength(place / 998 * curve.getTotalLength()));
    const marks = [...document.querySelectorAll('.mark')].map(mark => ({x: mark.cx.baseVal.value,
        y: mark.cy.baseVal.value}));
    return notes.length === marks.length
        && notes.every(box => ![...on, ...marks].some(({x, y}) => within(box, x, y)));
}"""


@pytest.mark.parametrize("slope", [1, -1])
def test_the_words_of_a_mark_cover_neither_another_mark_nor_a_line_of_few_points(show, slope):
    made = LineChart(Axis("x", low=0, high=10), Axis("y", low=-10, high=10))
    marks = [Mark(x, slope * (2 * x - 10), f"mark {x}") for x in (5, 5.5, 6)]
    made.show([Line("steep", [0, 10], [-10 * slope, 10 * slope], "#000000")], "", marks)
    assert show(made).evaluate(CLEAR)


def test_charts_are_drawn_again_with_gaps_and_in_a_page_without_a_kernel(show):
    page = show(months())
    before = page.locator(".curve").first.get_attribute("d")
    page.evaluate("next => window.models[0].change(next)", state(months(500)))
    assert points(page, 0) != before
    last = [state(months(700)), state(months(800, "the last one"))]
    page.evaluate("states => states.forEach(window.models[0].change)", last)
    page.locator("text", has_text="the last one").wait_for()
    page = show(months())
    drawn = points(page, 0)
    page.set_content(months(mark="</script><b>x</b> & y").as_html())
    page.locator(".curve").first.wait_for(state="attached")
    assert points(page, 0) == drawn
    assert page.get_by_role("img").get_attribute("aria-label") == "Prompt against Tuned."
    assert page.locator("text", has_text="</script><b>x</b> & y").count() == 1
    assert page.locator("b").count() == 0
    made, flat, empty = (LineChart(Axis("x", log=log), Axis("y", log=log)) for log in (True, False, True))
    holes = np.array([0.0, 1, np.nan, 10, 100])
    made.show([Line("holes", holes, holes, "#000000")], "gaps")
    flat.show([Line("one", [3], [0], "#000000")], "one point")
    empty.show([Line("none", [0], [-1], "#000000")], "nothing that can be drawn")
    page = show(made, flat, empty)
    assert page.locator(".curve").first.get_attribute("d").count("M") == 2
    assert not re.search("NaN|Infinity", page.inner_html("main"))


@pytest.mark.parametrize("ends", [[10, 11, 12], [200, 201, 225, 230, 230], [50], [90, 20], [0, 0, 0, 0, 0]])
def test_the_names_of_the_curves_do_not_lie_on_one_another(show, ends):
    made = LineChart(Axis("x"), Axis("y", high=230))
    lines = [Line(f"curve number {place}", [0, 1], [0, end], "#000000") for place, end in enumerate(ends)]
    made.show(lines, "")
    tops = show(made).evaluate(
        """names => names.map(name => [...document.querySelectorAll('text')]
            .find(text => text.textContent === name).getBBox().y)""",
        [line.name for line in lines],
    )
    ordered = sorted(range(len(ends)), key=lambda place: tops[place])
    assert [ends[place] for place in ordered] == sorted(ends, reverse=True)
    assert all(tops[above] + 14 <= tops[below] for above, below in pairwise(ordered))
    assert 0 <= min(tops) and max(tops) <= made.frame["height"] - 14


@pytest.mark.parametrize("high", [0.003, 1, 18, 950, 1e5, 3.2e7, 4e9])
def test_ticks_are_round_and_cover_the_curve(show, high):
    made = LineChart(Axis("x"), Axis("y"))
    made.show([Line("line", [0, 1], [0, high], "#000000")], "")
    page = show(made)
    units = {"M": 1e6, "B": 1e9}
    labels = page.locator("text[text-anchor=end]")
    texts = labels.evaluate_all("labels => labels.map(label => label.textContent)")
    ticks = [float(text.rstrip("MB").replace(",", "")) * units.get(text[-1], 1) for text in texts]
    assert 3 <= len(ticks) <= 12
    assert max(ticks) >= high * 0.999
    assert np.allclose(np.diff(ticks), ticks[1] - ticks[0])
