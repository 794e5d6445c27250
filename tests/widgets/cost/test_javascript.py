"""The cost model in JavaScript against the one in Python, in Chromium, and the page that holds it."""

import json
import math
import random
from dataclasses import replace

import pytest

from tests.browser import open_page
from widgets.cost.chance import chance, tornado
from widgets.cost.inputs import APPROACHES, Assumptions, definition, load
from widgets.cost.model import bills, break_even_months, break_even_volumes, smallest_changes
from widgets.cost.page import PAGE, module, page

CLOSE = 1e-9
RARE = {"cached": 1.0, "batch": 0.7, "thinking": 467.0, "retries": 0.1, "reviewed": 0.5, "adapters": 4.0,
        "ends_after": 5.5, "delay": 1.5, "prefix": 150_000.0}  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with open_page(1280, 900) as opened:
        opened.goto("about:blank")
        names = "bills, breakEvenVolumes, breakEvenMonths, smallestChanges, tornado, chance"
        opened.add_script_tag(content=f"{module()}\nwindow.model = {{ {names} }};", type="module")
        opened.wait_for_function("window.model")
        yield opened


def case_of(seed: int) -> Assumptions:
    """Two approaches with every uncertain input somewhere in its range, and now and then a rare one."""
    chosen = random.Random(seed)
    pair = tuple(chosen.sample(list(APPROACHES), 2))
    assumptions = replace(load(pair, pair), horizon=chosen.choice([1, 6, 18, 60]))
    values = {}
    for key in assumptions.uncertain():
        estimate = assumptions.estimates[key]
        values[key] = estimate.low + chosen.random() * (estimate.high - estimate.low)
    for name, value in RARE.items():
        if chosen.random() < 0.2:
            values[f"{pair[0]}.{name}"] = value
    return assumptions.with_values({key: (value,) * 3 for key, value in values.items()})


def close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-9)


@pytest.mark.slow
def test_thousands_of_bills_are_the_same(browser):
    cases = [case_of(seed) for seed in range(2_000)]
    assert {name for case in cases for name in case.pair} == set(APPROACHES)
    ask = "cases => cases.map(text => window.model.bills(JSON.parse(text)))"
    for start in range(0, len(cases), 200):
        some = cases[start : start + 200]
        for case, theirs in zip(some, browser.evaluate(ask, [one.to_json() for one in some]), strict=True):
            for name, bill in bills(case).items():
                assert close(float(bill.total), theirs[name]["total"]), case
                for part, amount in bill.parts.items():
                    assert close(float(amount), theirs[name]["parts"][part]), (part, case)
                spent = zip(bill.cumulative, theirs[name]["cumulative"], strict=True)
                assert all(close(float(one), other) for one, other in spent)


@pytest.mark.slow
def test_break_evens_changes_and_the_tornado_are_the_same(browser):
    bounds = {key: vars(definition(key)) for key in load().base()}
    ask = """([texts, bounds]) => texts.map(text => {
        const state = JSON.parse(text), model = window.model;
        return {
            volumes: model.breakEvenVolumes(state, ...state.pair),
            months: model.breakEvenMonths(state, ...state.pair),
            changes: model.smallestChanges(state, key => bounds[key]), bars: model.tornado(state).bars,
        };
    })"""
    names = list(APPROACHES)
    cases = [load((a, b)) for a, b in zip(names, names[3:] + names[:3], strict=True)]
    for case, theirs in zip(
        cases, browser.evaluate(ask, [[c.to_json() for c in cases], bounds]), strict=True
    ):
        volumes, months = break_even_volumes(case, *case.pair), break_even_months(case, *case.pair)
        assert [one["at"] for one in theirs["volumes"]] == pytest.approx(
            [one.at for one in volumes], rel=1e-8
        )
        assert [one["cheaper"] for one in theirs["volumes"]] == [one.cheaper for one in volumes]
        assert [one["at"] for one in theirs["months"]] == pytest.approx([one.at for one in months], rel=CLOSE)
        changes = smallest_changes(case)
        assert {one["key"] for one in theirs["changes"]} == {one.key for one in changes}
        found = {one.key: one.value for one in changes}
        for one in theirs["changes"]:
            assert one["value"] == pytest.approx(found[one["key"]], rel=1e-6)
        bars = {bar.key: bar for bar in tornado(case).bars}
        assert set(bars) == {bar["key"] for bar in theirs["bars"]}
        for bar in theirs["bars"]:
            ours = bars[bar["key"]]
            assert close(bar["atLow"], ours.at_low) and close(bar["atHigh"], ours.at_high)
            assert bar["turns"] == ours.turns


@pytest.mark.slow
def test_the_draws_say_the_same_within_their_error(browser):
    assumptions = load(("prompt", "self_hosted_lora"))
    rows = random.Random(1).choices("01", [0.88, 0.12], k=360)
    outcomes = f"abc:{''.join(rows)}"
    estimates = dict(assumptions.estimates)
    for name in assumptions.pair:
        key = f"{name}.error_rate"
        estimates[key] = replace(estimates[key], outcomes=outcomes)
    for case in (assumptions, replace(assumptions, estimates=estimates)):
        theirs = browser.evaluate("text => window.model.chance(JSON.parse(text))", case.to_json())
        ours = chance(case)
        assert theirs["cheaper"]["prompt"] == pytest.approx(ours.cheaper["prompt"], abs=5 * ours.error + 1e-3)
        assert theirs["middle"] == pytest.approx(ours.difference.middle, rel=0.05)


def test_the_page_is_what_the_model_and_the_data_make_of_it():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m widgets.cost.page"
    for elsewhere in ('src="http', 'href="http', "import(", "fetch(", "localStorage"):
        assert elsewhere not in page()


@pytest.fixture(scope="module")
def explorer(browser):
    return browser.context.browser.new_page(viewport={"width": 1280, "height": 900})


def opened_at(explorer, hash: str = ""):
    explorer.goto("about:blank")
    explorer.goto(f"{PAGE.as_uri()}{hash}")
    explorer.wait_for_selector(".explorer .slider")
    return explorer


@pytest.mark.slow
def test_a_moved_slider_moves_the_picture_and_the_address_shares_it(explorer):
    opened = opened_at(explorer)
    before = opened.inner_html(".all"), opened.inner_text(".advice")
    opened.get_by_label("Volume at the start", exact=True).press("ArrowRight")
    opened.wait_for_function("before => document.querySelector('.all').innerHTML !== before", arg=before[0])
    opened.get_by_label("Volume at the start, exactly").fill("300000")
    opened.keyboard.press("Tab")
    opened.wait_for_function("location.hash.includes('300000')")
    address = opened.url
    opened.wait_for_function("document.querySelector('.advice').innerText.includes('draws')")
    words = opened.inner_text(".advice")
    assert "300,000 outputs a month" in words and "claimed" in words
    again = opened_at(explorer, address[address.index("#") :])
    again.wait_for_function("document.querySelector('.advice').innerText.includes('draws')")
    assert again.inner_text(".advice") == words
    assert again.get_by_label("Volume at the start, exactly").input_value() == "300000"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("%7B", "cannot be opened"),
        (json.dumps({"case": "nobody", "pair": [], "horizon": 18}), "nobody"),
        (json.dumps({"case": "course", "pair": ["prompt", "prompt", "skill"], "horizon": 18}), "must be two"),
        (json.dumps({"case": "course", "pair": ["prompt", "skill"], "horizon": 10**400}), "cannot be opened"),
        (
            json.dumps({"case": "course", "pair": ["prompt", "skill"], "horizon": 1,
                        "changed": {"case.rate": [3, 2, 1]}}),
            "case.rate is [3,2,1]; low, base and high must rise",
        ),
    ],
)  # fmt: skip
def test_a_link_that_cannot_be_is_named(explorer, told, words):
    opened = opened_at(explorer, f"#{told}")
    assert words in opened.inner_text(".said")


@pytest.mark.slow
def test_a_number_out_of_its_bounds_is_refused_in_one_sentence(explorer):
    opened = opened_at(explorer)
    rate = opened.get_by_label("Wrong outputs (Prompt), exactly")
    rate.fill("150")
    opened.keyboard.press("Tab")
    assert "Wrong outputs is 150; give a number from 0 to 100." in opened.inner_text(".said")
    assert rate.input_value() == "12"


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 700, 1280, 1600])
def test_every_width_shows_everything_without_scrolling_sideways(explorer, width):
    explorer.set_viewport_size({"width": width, "height": 900})
    opened = opened_at(explorer)
    assert not opened.evaluate("document.documentElement.scrollWidth > innerWidth")
    unnamed = (
        "[...document.querySelectorAll('input, select')].filter(one => !one.labels.length && !one.ariaLabel)"
    )
    assert opened.evaluate(f"{unnamed}.length") == 0
    assert opened.evaluate(
        "[...document.querySelectorAll('svg')].every(one => one.getAttribute('aria-label'))"
    )
