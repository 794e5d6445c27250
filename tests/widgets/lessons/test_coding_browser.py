"""The coding sheet in a browser, by keyboard alone; without a kernel."""

import pytest
from playwright.sync_api import Page

from course.measuring.coding import KINDS_OF_FAILURE
from tests.browser import draw_widgets, page_fixture

TEXTS = {"The <b>app</b> smokes.": ("app_bug", "safety"), "The app hangs.": ("safety", "app_bug")}
FAILURES = [{"text": text, "said": said, "right": right} for text, (said, right) in TEXTS.items()]
STATE = {"lines": {"safety": "Smoke", "app_bug": "The app crashes"}, "failures": FAILURES, "place": 0}
STATE |= {"kinds": dict(list(KINDS_OF_FAILURE.items())[1:]), "longest": 60, "codes": [], "message": ""}
STATE |= {"own": ["", ""], "course": ["", ""], "summary": "0 of 2 failures have a code of yours."}
CODES = [
    {"name": "topic", "failures": 3, "kind": "capability"},
    {"name": "a rule not read", "failures": 1, "kind": ""},
]
CODED = {"own": ["topic", ""], "codes": CODES, "message": "Kept: T1: 'topic'."}
SENT = "models[0].sent"
FOCUSED = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"


browser_page = page_fixture(700, 700)


@pytest.fixture
def page(browser_page: Page) -> Page:
    return draw_widgets(browser_page, "coding", dict(STATE))


def change(page: Page, values: dict) -> None:
    page.evaluate("values => models[0].change(values)", values)


def test_enter_keeps_the_code_and_goes_on_and_back_comes_to_it_again(page):
    code = page.get_by_label("Your code")
    assert page.inner_text(".place") == "Failure 1 of 2"
    assert "The model says app_bug (The app crashes)." in page.inner_text("main")
    code.press_sequentially("topic")
    code.press("Enter")
    assert page.evaluate(SENT)[0] == {"action": "code", "place": 0, "words": "topic"}
    assert page.inner_text(".place") == "Failure 2 of 2" and code.input_value() == ""
    assert page.evaluate("models[0].state.place") == 1
    change(page, CODED)
    assert code.input_value() == "" and page.get_by_role("status").inner_text() == CODED["message"]
    page.get_by_role("button", name="Back").press("Enter")
    assert page.inner_text(".place") == "Failure 1 of 2" and code.input_value() == "topic"


def test_what_is_typed_is_kept_when_the_field_is_left_and_stays_while_another_is_answered(page):
    code = page.get_by_label("Your code")
    code.press_sequentially("half a thou")
    change(page, {"summary": "another kernel was here"})
    assert code.input_value() == "half a thou"
    page.keyboard.press("Tab")
    assert page.evaluate(SENT) == [{"action": "code", "place": 0, "words": "half a thou"}]


def test_nothing_is_sent_for_a_failure_only_read_and_without_one_nothing_typed(page):
    for name in ("Next", "Next", "Back"):
        page.get_by_role("button", name=name).press("Space")
    assert page.evaluate(SENT) == [] and page.inner_text(".place") == "Failure 1 of 2"
    assert page.get_by_role("button", name="Back").get_attribute("aria-disabled") == "true"
    draw_widgets(page, "coding", STATE | {"failures": [], "own": [], "course": [], "summary": "Nothing."})
    assert page.inner_text("main") == "Nothing."


def test_codes_are_merged_and_judged_by_keyboard_and_the_focus_stays(page):
    assert not page.get_by_label("Its kind").is_visible()
    change(page, CODED)
    page.get_by_label("Code", exact=True).press("ArrowDown")
    assert "'a rule not read', 1 failure; kind not judged yet." in page.inner_text("main")
    kind = page.get_by_label("Its kind")
    kind.press("ArrowDown")
    assert page.evaluate(SENT)[-1] == {"action": "judge", "code": "a rule not read", "kind": "convention"}
    change(page, {"codes": [CODES[0], CODES[1] | {"kind": "convention"}]})
    assert kind.evaluate("select => document.activeElement === select && select.value") == "convention"
    name = page.get_by_label("New name, or the code to merge it into")
    name.press_sequentially("topic")
    name.press("Enter")
    assert page.evaluate(SENT)[-1] == {"action": "rename", "code": "a rule not read", "into": "topic"}
    page.get_by_role("button", name="Undo the last change").press("Enter")
    assert page.evaluate(SENT)[-1] == {"action": "undo"}


def test_the_table_says_what_its_bars_show_and_the_courses_reading_comes_after_the_readers(page):
    assert "The course's reading" not in page.inner_text("main")
    change(page, CODED | {"course": ["follows the topic word (capability)", ""]})
    assert "The course's reading, to compare: follows the topic word" in page.inner_text("main")
    change(page, CODED)
    cells = [cell.inner_text() for cell in page.locator("tbody td").all()]
    assert cells == ["topic", "3", "capability", "a rule not read", "1", "not judged yet"]
    widths = page.evaluate("[...document.querySelectorAll('td i')].map(bar => bar.offsetWidth)")
    assert widths[0] == pytest.approx(3 * widths[1], abs=2)


def test_tab_reaches_every_control_and_jupyterlab_leaves_the_keys_to_it(page):
    change(page, CODED)
    names = []
    for _ in range(8):
        page.keyboard.press("Tab")
        names.append(page.evaluate(FOCUSED))
    assert names == [
        *("Your code", "Back", "Next", "Undo the last change", "Code", "Its kind"),
        *("New name, or the code to merge it into", "Rename or merge"),
    ]
    controls = page.locator("button, select, input").all()
    assert all(control.get_attribute("data-lm-suppress-shortcuts") == "" for control in controls)


@pytest.mark.parametrize("width", [360, 700])
def test_a_ticket_is_text_and_never_markup_and_it_fits(page, width):
    page.set_viewport_size({"width": width, "height": 700})
    change(page, CODED)
    assert page.locator("blockquote").inner_text() == STATE["failures"][0]["text"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
