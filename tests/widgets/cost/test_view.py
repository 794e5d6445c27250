"""The cost view, the portfolio and the tornado without a browser; test_javascript.py has the page."""

import json

import pytest

from course.errors import CourseError
from widgets.cost.chance import tornado
from widgets.cost.inputs import from_json, load, saved
from widgets.cost.model import evaluation_tax
from widgets.cost.pictures import tornado_picture
from widgets.cost.portfolio_view import Portfolio
from widgets.cost.presets import course_case, presets
from widgets.cost.units import in_short, with_unit
from widgets.cost.view import CostView


def test_it_begins_with_the_courses_case_and_names_a_damaged_state():
    view = CostView()
    assert view.assumptions == course_case().assumptions
    offered = json.loads(view.data)["presets"]
    assert [one["title"] for one in offered] == [course_case().title, *(one.title for one in presets())]
    assert [len(one["checks"]) for one in offered][1:] == [len(one.checks) for one in presets()]
    view = CostView([course_case()])
    view.state = "{"
    with pytest.raises(CourseError, match="The state of the cost view"):
        view.assumptions  # noqa: B018


def test_what_the_page_sets_is_what_python_reads_and_saves(results_dir):
    view, sent = CostView([course_case()]), []
    view.send = sent.append
    moved = course_case().assumptions.with_values({"case.volume": 300_000})
    view.state = moved.to_json()
    assert view.assumptions == moved
    view._pressed(None, {"press": "open"}, [])
    view._pressed(None, {"press": "save"}, [])
    view._pressed(None, {"press": "open"}, [])
    assert "Nothing is saved" in sent[0]["say"] and "cost_state.json" in sent[1]["say"]
    assert saved() == moved and from_json(sent[2]["open"]) == moved


def test_the_tornado_and_the_portfolio_say_what_they_draw():
    assumptions = load(("prompt", "self_hosted_lora"))
    chart, words = tornado_picture(assumptions, tornado(assumptions))
    assert "Wrong outputs (Prompt)" in words and chart.summary.endswith(words)
    view = Portfolio(models=15, hours=6, power=1.2, rate=100)
    total = float(evaluation_tax(15, 6, 1.2))
    mark = view.chart.parts["marks"][0]
    assert (mark["x"], mark["y"]) == (15, pytest.approx(total))
    assert f"{total:,.0f} hours a month" in view.sentence.value
    for slider in (view.models, view.hours, view.power, view.rate):
        before = view.sentence.value
        slider.position += 1
        assert view.sentence.value != before, slider.label
    view = Portfolio(models=1, hours=6, power=2, rate=100)
    assert "1 tuned model costs 6 hours a month" in view.sentence.value
    assert view.chart.parts["marks"][0]["y"] == 6


@pytest.mark.parametrize(
    ("key", "amount", "text", "whole"),
    [
        ("prompt.error_rate", 0.125, "12.5%", "12.5%"),
        ("case.error_cost", 0.2, "$0.2", "$0.2"),
        ("case.rate", 100, "$100", "$100 an hour"),
        ("case.volume", 30_000, "30,000", "30,000 outputs a month"),
        ("case.growth", 0.02, "2%", "2% a month"),
    ],
)
def test_amounts_in_words(key, amount, text, whole):
    assert (in_short(key, amount), with_unit(key, amount)) == (text, whole)
