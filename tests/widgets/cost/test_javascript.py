"""The cost model in JavaScript against the one in Python, in Chromium, and its page: see ../conftest.py."""

import csv
import io
import json
import math
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser import answer_of
from widgets.cost import page
from widgets.cost.chance import chance, tornado
from widgets.cost.inputs import APPROACHES, Assumptions, definition, load
from widgets.cost.model import bills, break_even_months, break_even_volumes, label, smallest_changes
from widgets.cost.presets import course_case, presets

pytestmark = pytest.mark.slow
NAMES = "bills, breakEvenVolumes, breakEvenMonths, smallestChanges, tornado, chance"
PAGE, SHOWN = page.PAGE, ".explorer .slider"
SCRIPT = f"{page.module()}\nwindow.model = {{ {NAMES} }};"
CLOSE = 1e-9
RARE = {"cached": 1.0, "batch": 0.7, "thinking": 467.0, "retries": 0.1, "reviewed": 0.5, "adapters": 4.0,
        "ends_after": 5.5, "delay": 1.5, "prefix": 150_000.0}  # fmt: skip


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


def test_thousands_of_bills_are_the_same(browser):
    cases = [case_of(seed) for seed in range(2_000)]
    assert {name for case in cases for name in case.pair} == set(APPROACHES)
    ask = "cases => cases.map(text => window.model.bills(JSON.parse(text)))"
    for start in range(0, len(cases), 200):
        some = cases[start : start + 200]
        for case, theirs in zip(some, answer_of(browser, ask, [one.to_json() for one in some]), strict=True):
            for name, bill in bills(case).items():
                assert close(float(bill.total), theirs[name]["total"]), case
                for part, amount in bill.parts.items():
                    assert close(float(amount), theirs[name]["parts"][part]), (part, case)
                spent = zip(bill.cumulative, theirs[name]["cumulative"], strict=True)
                assert all(close(float(one), other) for one, other in spent)


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
    # Where another machine is needed now and then.
    cases += [case.with_values({f"{name}.capacity": (20_000.0,) * 3 for name in case.pair}) for case in cases]
    all_theirs = browser.evaluate(ask, [[case.to_json() for case in cases], bounds])
    for case, theirs in zip(cases, all_theirs, strict=True):
        volumes, months = break_even_volumes(case, *case.pair), break_even_months(case, *case.pair)
        at = [one["at"] for one in theirs["volumes"]]
        assert at == pytest.approx([one.at for one in volumes], rel=1e-8)
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


def drawn(explorer) -> list[str]:
    """The verdict and how sure it is, once the draws are there."""
    explorer.wait_for_function("!document.querySelector('.certainty .stale')")
    assert "% of 10,000 draws. " in explorer.inner_text(".certainty")
    return [explorer.inner_text(f".{part}") for part in ("advice", "certainty")]


def test_each_case_has_first_what_moves_its_difference_most_and_names_the_cheapest_of_all(opened):
    for case in (course_case(), *presets()):
        opened.get_by_label("Case").select_option(case.id)
        spans = sorted(tornado(case.assumptions).bars, key=lambda bar: -bar.span)
        most = [label(bar.key) for bar in spans if bar.key != "case.volume"][:2]
        first = opened.locator(".first label").all_inner_texts()
        assert len(first) == 3 and len(most) == 2
        for name, begins in zip(first, ["Volume at the start", *most], strict=True):
            assert name.startswith(begins), case.id
        totals = {name: float(bill.total) for name, bill in bills(case.assumptions).items()}
        least = min(totals, key=lambda name: totals[name])
        verdict = drawn(opened)[0].split("\n")[0]
        named = f"; of all {len(totals)} approaches {APPROACHES[least]} costs least, $"
        assert (named in verdict) == (least not in case.assumptions.pair), case.id


def test_a_moved_slider_moves_the_picture_and_the_address_shares_it(opened, opened_at):
    before = opened.inner_html(".all")
    opened.get_by_label("Volume at the start").first.press("ArrowRight")
    opened.wait_for_function("before => document.querySelector('.all').innerHTML !== before", arg=before)
    opened.get_by_label("Volume at the start, exactly").fill("300000")
    opened.keyboard.press("Tab")
    opened.wait_for_function("location.hash.includes('300000')")
    address, words = opened.url, drawn(opened)
    assert "300,000 outputs a month" in words[0] and "claimed" in words[1]
    assert opened.inner_text("[role=status].unseen") in words[0]
    again = opened_at(address[address.index("#") :])
    assert drawn(again) == words
    assert again.get_by_label("Volume at the start, exactly").input_value() == "300000"


def test_a_slider_a_range_and_its_kind_stay_together(opened):
    opened.get_by_text("All of Prompt: values and ranges").click()
    row = opened.locator("tr", has_text="Wrong outputs")
    assert row.locator("td").last.inner_text() == "claimed"
    row.get_by_label("Wrong outputs, base").fill("20")
    opened.keyboard.press("Tab")
    assert opened.get_by_label("Wrong outputs (Prompt), exactly").input_value() == "20"
    assert row.locator("td").last.inner_text() == "yours"
    assert "Prompt 20% (yours)" in opened.inner_text(".certainty")
    opened.get_by_label("Wrong outputs (Prompt), exactly").fill("6")
    opened.keyboard.press("Tab")
    ends = [row.get_by_label(f"Wrong outputs, {end}").input_value() for end in ("low", "base", "high")]
    assert ends == ["3", "6", "10"]
    row.get_by_label("Wrong outputs, low").fill("7")
    opened.keyboard.press("Tab")
    said = opened.inner_text(".said")
    assert "Wrong outputs is 7, 6, 10; low, base and high must rise, from 0 to 100." in said
    assert row.get_by_label("Wrong outputs, low").input_value() == "3"


def test_a_state_that_python_saved_is_pasted_and_its_tables_are_kept(opened, opened_at, tmp_path):
    case = load(("skill", "cascade")).with_values({"case.volume": 77_000})
    opened.get_by_role("button", name="Paste a state").click()
    opened.get_by_label("A saved cost model (JSON)").fill(case.to_json())
    opened.get_by_role("button", name="Open it").click()
    assert "77,000 outputs a month" in drawn(opened)[0]
    totals = {name: float(bill.total) for name, bill in bills(case).items()}
    for button, rows in (("Costs as CSV", 2 * (case.horizon + 1)), ("Assumptions as CSV", len(case.table()))):
        with opened.expect_download() as waiting:
            opened.get_by_role("button", name=button).click()
        lines = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8"))))
        assert len(lines) == rows
        if "cumulative_usd" in lines[0]:
            for name, total in totals.items():
                own = [line for line in lines if line["approach"] == name]
                assert float(own[-1]["cumulative_usd"]) == pytest.approx(total, abs=0.01)
        else:
            assert {line["key"] for line in lines} == set(case.base())
            assert all(line["unit"] and line["source"] for line in lines)
    # What was pasted is not of the case that was open, and its address says all of it.
    address = opened.url
    assert drawn(opened_at(address[address.index("#") :])) == drawn(opened)


def linked(**fields) -> str:
    """What a link says of the course's case, changed."""
    return json.dumps({"case": "course", "pair": ["prompt", "skill"], "horizon": 18} | fields)


def spoiled(**fields) -> str:
    """A saved state with other fields; `rate` are those of its engineer's rate."""
    state = json.loads(load(("skill", "cascade")).to_json())
    state["estimates"]["case.rate"] |= fields.pop("rate", {})
    return json.dumps(state | fields)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be opened"),
        ("[" * 100_000, "cannot be opened"),
        ("null", "null is not a saved cost model"),
        ('{"estimates": null}', "is not a saved cost model"),
        (spoiled(format=9), "the format is 9, not 1; save it again"),
        (spoiled(title=5), "the title is 5; write a text"),
        (spoiled(pair="skill"), 'pair is "skill"; write a list'),
        (spoiled(approaches=["skill", "cascade", "magic"]), '"magic" is not an approach; choose from'),
        (spoiled(approaches=["skill", "cascade", "skill"]), "name one twice"),
        (spoiled(pair=["skill", "cascade", "skill"]), "must be two of its approaches"),
        (spoiled(horizon=1.5), "the horizon is 1.5; give a whole number"),
        (spoiled(estimates={}), "there is no estimate of case.volume"),
        (spoiled(rate={"base": "x"}), 'case.rate is 60, "x", 150; low, base and high must rise'),
        (spoiled(rate={"high": 10**400}), "case.rate is 60, 100, Infinity"),
        (spoiled(rate={"kind": "guess"}), 'the kind of case.rate is "guess"'),
        (spoiled(rate={"source": ""}), "the source of case.rate"),
        (spoiled(rate={"date": "2026-02-31"}), "the date of case.rate"),
        (spoiled(rate={"outcomes": "abc"}), "the outcomes of case.rate"),
        (spoiled(rate={"follows": "promt"}), 'case.rate follows "promt"; choose from prompt, few_shot'),
    ],
)
def test_a_pasted_state_that_cannot_be_is_named_in_one_sentence(opened, text, words):
    before = drawn(opened)
    opened.get_by_role("button", name="Paste a state").click()
    opened.get_by_label("A saved cost model (JSON)").evaluate("(box, text) => { box.value = text; }", text)
    opened.get_by_role("button", name="Open it").click()
    assert words in opened.inner_text(".said") and len(opened.inner_text(".said")) < 400
    assert drawn(opened) == before


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("%7B", "cannot be opened"),
        (linked(case="nobody", pair=[]), "nobody"),
        (linked(pair=["prompt", "prompt", "skill"]), "must be two"),
        (linked(horizon=10**400), "cannot be opened"),
        (linked(changed={"case.rate": [3, 2, 1]}), "case.rate is 3, 2, 1; low, base and high must rise"),
    ],
)
def test_a_link_that_cannot_be_is_named(opened_at, told, words):
    assert words in opened_at(f"#{told}").inner_text(".said")


@pytest.mark.parametrize(("typed", "named"), [("150", "150"), ("", "empty")])
def test_a_number_out_of_its_bounds_is_refused_in_one_sentence(opened, typed, named):
    rate = opened.get_by_label("Wrong outputs (Prompt), exactly")
    rate.fill(typed)
    opened.keyboard.press("Tab")
    assert opened.inner_text(".said") == f"Wrong outputs is {named}; give a number from 0 to 100."
    assert rate.input_value() == "12"


@pytest.mark.parametrize(
    ("name", "tried", "bounds"),
    [
        ("Wrong outputs (Prompt), exactly", ["0", "0.5"], "Give a number from 0 to 100."),
        ("Volume at the start, exactly", ["3", "345678"], "Give a number from 1 to 1,000,000,000."),
        ("over months", ["2", "24"], "Give a whole number of months from 1 to 120."),
    ],
)
def test_a_number_is_followed_while_it_is_typed(opened, name, tried, bounds):
    box = opened.get_by_label(name)
    before = opened.inner_html(".all")
    for text in tried:
        box.fill(text)
    opened.wait_for_function("before => document.querySelector('.all').innerHTML !== before", arg=before)
    assert box.evaluate("box => box === document.activeElement") and box.input_value() == tried[-1]
    pictures = opened.inner_html(".all")
    for refused in ("-5", ""):
        box.fill(refused)
        assert box.get_attribute("aria-invalid") == "true"
        beside = opened.locator(f"[id='{box.get_attribute('aria-describedby')}']")
        assert beside.inner_text() == bounds and opened.inner_html(".all") == pictures
    opened.keyboard.press("Tab")
    assert box.input_value() == tried[-1] and box.get_attribute("aria-invalid") == "false"
    assert beside.inner_text() == ""


def test_a_base_that_passes_through_zero_while_it_is_typed_keeps_its_range(opened):
    opened.get_by_text("All of Prompt: values and ranges").click()
    row = opened.locator("tr", has_text="Wrong outputs")
    ends = [row.get_by_label(f"Wrong outputs, {end}") for end in ("low", "base", "high")]
    first = [float(end.input_value()) for end in ends]
    ends[1].press("Control+a")
    opened.keyboard.type("0.5")
    assert ends[1].input_value() == "0.5"
    now = [float(end.input_value()) for end in ends]
    assert now == pytest.approx([value * 0.5 / first[1] for value in first], rel=1e-5)
    ends[0].fill("7")
    assert row.locator(".bounds").inner_text() == "Low, base and high must rise, from 0 to 100."


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_while_the_draws_are_made(opened_at, width):
    opened = opened_at(width=width)
    drawn(opened)
    top = "document.querySelector('.first').offsetTop"
    slider = opened.get_by_label("Volume at the start").first
    for _ in range(3):
        slider.press("ArrowRight")
        opened.wait_for_selector(".certainty .stale", state="attached")
        waiting = opened.inner_text(".certainty"), opened.evaluate(top)
        assert "in ...% of 10,000 draws." in waiting[0]
        drawn(opened)
        assert opened.evaluate(top) == waiting[1]


@pytest.mark.parametrize("width", [360, 700, 1280])
@pytest.mark.parametrize("pair", [("prompt", "self_hosted_lora"), ("cascade", "hosted_fine_tune")])
def test_no_words_of_a_picture_are_cut_and_its_amounts_have_units(opened_at, width, pair):
    opened = opened_at(width=width)
    for place, name in enumerate(pair):
        opened.locator(f"[data-choice='{place}']").select_option(name)
    drawn(opened)
    cut = """() => [...document.querySelectorAll('.pictures svg text')].filter(text => {
        const [{x, width}, svg] = [text.getBBox(), text.ownerSVGElement.viewBox.baseVal];
        return x < 0 || x + width > svg.width;
    }).map(text => text.textContent)"""
    assert opened.evaluate(cut) == []
    lines = opened.locator(".tornado text").all_text_contents()
    assert "difference of the two totals, $" in lines and "even" in lines
    assert any(line.lstrip("-").startswith("$") and line.endswith("k") for line in lines)
    ranges = opened.locator(".tornado .small").all_text_contents()
    assert ranges and all(re.search(r"[%a-z$]", line.split(" to ")[1]) for line in ranges), ranges
    assert "Both axes are logarithmic" in opened.inner_text(".volumes p")
    # The ring of a control in focus reaches 5 px beyond it.
    room = "document.querySelector('.controls').getBoundingClientRect().right"
    right = opened.locator(".first [type=number]").first.evaluate("box => box.getBoundingClientRect().right")
    assert opened.evaluate(room) - right >= 5


@pytest.mark.parametrize("width", [360, 700, 1280, 1600])
def test_every_width_shows_everything_without_scrolling_sideways(opened_at, width):
    opened = opened_at(width=width)
    assert not opened.evaluate("document.documentElement.scrollWidth > innerWidth")
    for all_named in (
        "'input, select')].every(one => one.labels.length || one.ariaLabel)",
        "'svg')].every(one => one.getAttribute('aria-label'))",
    ):
        assert opened.evaluate(f"[...document.querySelectorAll({all_named}")
