"""The cost view and the portfolio without a browser: what a moved control does to pictures and words."""

import asyncio
import html

import numpy as np
import pytest

from course.errors import CourseError
from widgets import delays
from widgets.controls import Choice
from widgets.cost import view as cost_view
from widgets.cost.chance import chance
from widgets.cost.controls import InputSlider, in_short, shown, shown_unit, stops
from widgets.cost.inputs import APPROACHES, definition, from_json, keys, load
from widgets.cost.model import (
    bills,
    break_even_months,
    break_even_volumes,
    change_in_words,
    evaluation_tax,
    smallest_changes,
    verdict,
)
from widgets.cost.pictures import LOOKS, VolumesPicture
from widgets.cost.portfolio_view import Portfolio
from widgets.cost.presets import presets
from widgets.cost.view import CostView, course_case
from widgets.delays import Debounced, Throttled

PAIR = ("prompt", "hosted_fine_tune")


@pytest.fixture
def view(results_dir, monkeypatch) -> CostView:
    """The view without its slowest sentence, which has a test of its own."""
    monkeypatch.setattr(cost_view, "smallest_changes", lambda assumptions, keys: [])
    return CostView()


def test_the_smallest_change_is_said(results_dir):
    view = CostView([course_case()])
    assert change_in_words(view.assumptions, smallest_changes(view.assumptions)) in words(view)


def sliders(view: CostView) -> dict[str, InputSlider]:
    return {slider.key: slider for group in view.inputs.values() for slider in group}


def words(view: CostView) -> str:
    """All that the view says, without its markup."""
    return html.unescape(" ".join(part.value for part in view.words.values()))


def pictures(view: CostView) -> list:
    charts = [*(picture.chart for picture in view.pictures.values()), view.map.chart, view.tornado.chart]
    return [(chart.numbers, chart.parts, chart.frame, chart.summary) for chart in charts]


def test_it_begins_with_the_courses_case_and_offers_the_articles(view):
    assert view.case.options == [course_case().title, *(preset.title for preset in presets())]
    assert view.assumptions == course_case().assumptions
    assert verdict(view.assumptions).sentence in words(view)
    assert chance(view.assumptions).sentence in words(view)


def test_the_months_picture_draws_the_bills(view):
    priced = bills(view.assumptions, approaches=PAIR)
    numbers = np.frombuffer(view.pictures["months"].chart.numbers).reshape(4, -1)
    assert numbers[1] == pytest.approx(priced["prompt"].cumulative)
    assert numbers[3] == pytest.approx(priced["hosted_fine_tune"].cumulative)


def test_a_slider_moves_its_input_the_picture_and_the_verdict(view):
    before = pictures(view), words(view)
    slider = sliders(view)["case.volume"]
    slider.value = 300_000
    assert view.assumptions.estimates["case.volume"].base == 300_000
    assert verdict(view.assumptions).sentence in words(view)
    assert pictures(view)[0] != before[0][0] and words(view) != before[1]
    met = break_even_months(view.assumptions, *PAIR)
    assert [mark["x"] for mark in view.pictures["months"].chart.parts["marks"]] == [each.at for each in met]
    assert met and f"month {met[0].at:.1f}" in words(view)


def test_every_control_changes_what_is_shown(view):
    others = [view.horizon, view.axis, view.model, view.other_input, view.map_input]
    for control in [*sliders(view).values(), *others, view.first, view.second, view.case]:
        before = pictures(view), words(view)
        last = len(control.options if isinstance(control, Choice) else control.stops) - 1
        control.position += -1 if control.position == last else 1
        assert (pictures(view), words(view)) != before, control.label


def test_every_control_has_a_name(view):
    for control in [*sliders(view).values(), view.horizon, view.first, view.second, view.case, view.other]:
        assert control.label
    for chart in pictures(view):
        assert chart[3] or chart[1] == {}, "a picture that is drawn has its words"


def test_the_volume_picture_marks_every_break_even(view):
    view.axis.value = "volume"
    met = break_even_volumes(view.assumptions, *PAIR)
    assert [mark["x"] for mark in view.pictures["volume"].chart.parts["marks"]] == [each.at for each in met]
    assert view.pictures["months"].chart.layout.display == "none"
    assert view.pictures["volume"].chart.layout.display is None


def test_the_pair_changes_labels_and_keeps_what_both_share(view):
    sliders(view)["case.volume"].value = 300_000
    view.second.value = "self_hosted_lora"
    assert view.assumptions.pair == ("prompt", "self_hosted_lora")
    assert sliders(view)["self_hosted_lora.hosting"].label == "Hosting (Self-hosted LoRA)"
    assert view.assumptions.estimates["case.volume"].base == 300_000
    assert verdict(view.assumptions).sentence in words(view)


def test_an_approach_is_never_compared_with_itself(view):
    view.first.value = "hosted_fine_tune"
    assert (view.first.value, view.second.value) == ("hosted_fine_tune", "prompt")
    view.second.value = "hosted_fine_tune"
    assert (view.first.value, view.second.value) == ("prompt", "hosted_fine_tune")


def test_any_other_input_can_be_moved(view):
    own = set(sliders(view))
    assert {*own, *view._others().values()} == set(keys(PAIR))
    view.other.value = "prompt.output"
    view.other_input.value = 50
    assert view.assumptions.estimates["prompt.output"].base == 50
    view.other.value = "case.label_cost"
    view.other.value = "prompt.output"
    assert view.other_input.value == 50


def test_another_model_sets_its_prices(view):
    view.model.value = "large"
    expected = view.case.value.assumptions.with_values({"prompt.model": "large"})
    assert view.assumptions.estimates["prompt.input_price"] == expected.estimates["prompt.input_price"]


@pytest.mark.parametrize("case", presets(), ids=lambda case: case.id)
def test_each_articles_case_is_shown_as_it_is(view, case):
    view.case.value = next(one for one in view._cases if one.id == case.id)
    assert view.assumptions == case.assumptions
    assert (view.first.value, view.second.value) == case.assumptions.pair
    assert view.horizon.value == case.assumptions.horizon
    assert case.note in words(view)
    assert all(check.text in words(view) for check in case.checks)


def test_the_sources_of_all_that_counts_are_in_the_table(view):
    table = html.unescape(view.words["table"].value)
    for key in keys(PAIR):
        estimate = view.assumptions.estimates[key]
        if estimate.high:
            assert estimate.source in table and f"<b>{estimate.kind}</b>" in table, key
    sliders(view)["case.rate"].value = 120
    assert "set by the reader" in html.unescape(view.words["table"].value)


def test_start_again_undoes_every_change(view):
    before = view.assumptions
    sliders(view)["case.volume"].position += 3
    view.horizon.position += 1
    view.model.value = "large"
    view.second.value = "linear_head"
    assert view.actions.press("Start again")["say"].startswith("As at the start")
    assert view.assumptions == before
    assert sliders(view)["case.volume"].amount == before.estimates["case.volume"].base


def test_what_is_saved_can_be_opened_and_copied(view, results_dir):
    assert view.actions.press("Open what was saved") == {"say": "Nothing is saved yet."}
    sliders(view)["case.volume"].value = 300_000
    view.horizon.value = 24
    kept = view.assumptions
    assert str(results_dir) in view.actions.press("Save")["say"]
    assert from_json(view.actions.press("Copy the state")["copied"]) == kept
    view.actions.press("Start again")
    view.actions.press("Open what was saved")
    assert view.assumptions == kept
    assert sliders(view)["case.volume"].value == 300_000


def test_a_broken_state_is_named_and_nothing_is_lost(view, results_dir):
    before = view.assumptions
    view.actions.press("Save")
    (results_dir / "cost_state.json").write_text("{")
    assert "is not JSON" in view.actions.press("Open what was saved")["say"]
    assert view.assumptions == before


def test_the_files_hold_the_costs_and_the_assumptions(view):
    costs, inputs = (view.actions.press(text) for text in ("Costs as CSV", "Assumptions as CSV"))
    assert costs["file"] == "costs.csv" and costs["text"].startswith("approach,month,volume")
    assert inputs["file"] == "assumptions.csv" and "case.volume" in inputs["text"]


def test_the_stops_of_every_input_hold_its_base_within_the_bounds():
    assumptions = load()
    for key in keys(APPROACHES):
        estimate, meaning = assumptions.estimates[key], definition(key)
        found = stops(key, estimate)
        assert found == sorted(set(found)) and estimate.base in found and 4 <= len(found) <= 80, key
        assert meaning.lowest <= found[0] and found[-1] <= meaning.highest, key
        slider = InputSlider(assumptions, key)
        assert slider.amount == estimate.base, key
        assert slider.value == pytest.approx(estimate.base * shown_unit(key)[0], rel=1e-3), key


def test_amounts_in_short():
    assert in_short("prompt.error_rate", 0.125) == "12.5 %"
    assert in_short("case.error_cost", 0.2) == "$0.2"
    assert in_short("case.volume", 30_000) == "30,000"
    assert shown("case.growth", 0.02) == 2


def test_each_approach_has_its_own_look():
    assert set(LOOKS) == set(APPROACHES)
    assert len({letter for letter, _ in LOOKS.values()}) == len(LOOKS)


def test_without_a_break_even_it_is_said():
    assumptions = load(pair=PAIR).with_values({"prompt.error_rate": 0, "hosted_fine_tune.error_rate": 0})
    cheap = assumptions.with_values({"prompt.prefix": 0, "prompt.variable": 0, "prompt.output": 0})
    assert break_even_volumes(cheap, *PAIR) == []
    assert "even at no volume" in VolumesPicture().draw(cheap)


def test_the_slow_work_waits_for_the_hand_and_a_new_move_stops_it(monkeypatch):
    monkeypatch.setattr(delays, "DEBOUNCE_SECONDS", 0.02)
    done = []

    def work():
        for step in range(3):
            done.append(step)
            yield

    async def moves():
        slow = Debounced(work)
        slow.moved()
        slow.moved()
        assert done == []
        await asyncio.sleep(0.2)
        assert done == [0, 1, 2]
        slow.moved()
        slow.finish()
        assert done == [0, 1, 2] * 2
        await asyncio.sleep(0.1)
        assert done == [0, 1, 2] * 2

    asyncio.run(moves())


def test_words_follow_several_moves_once():
    said = []

    async def moves():
        soon = Throttled(lambda: said.append(1))
        soon.moved()
        soon.moved()
        assert said == []
        await asyncio.sleep(0.2)

    asyncio.run(moves())
    assert said == [1]


def test_what_is_of_before_says_so(results_dir):
    async def moves():
        view = CostView([course_case()])
        sliders(view)["case.volume"].value = 300_000
        await asyncio.sleep(0.15)
        assert verdict(view.assumptions).sentence in words(view)
        assert "Before this change: In " in words(view)
        view._details.finish()
        assert "Before this change" not in words(view)
        assert chance(view.assumptions).sentence in words(view)

    asyncio.run(moves())


def test_a_button_answers_a_mistake_in_words(view):
    def fails():
        raise CourseError("The reason.")

    view.actions._calls[0] = fails
    assert view.actions.press("Start again") == {"say": "The reason."}


def test_the_portfolio_draws_the_tax_and_says_it():
    view = Portfolio(models=15, hours=6, power=1.2, rate=100)
    total = float(evaluation_tax(15, 6, 1.2))
    mark = view.chart.parts["marks"][0]
    assert (mark["x"], mark["y"]) == (15, pytest.approx(total))
    assert f"{total:,.0f} hours a month" in view.sentence.value
    for slider in (view.models, view.hours, view.power, view.rate):
        before = view.sentence.value
        slider.position += 1
        assert view.sentence.value != before, slider.label


def test_one_tuned_model_has_no_growth():
    view = Portfolio(models=1, hours=6, power=2, rate=100)
    assert "1 tuned model costs 6 hours a month" in view.sentence.value
    assert view.chart.parts["marks"][0]["y"] == 6
