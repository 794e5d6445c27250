"""What every explorer of a lesson keeps to: named controls, each of which changes what is said."""

from collections.abc import Callable

import pytest

from course.errors import CourseError
from tests.widgets.lessons.test_format_failure_model import CLAIMED
from tests.widgets.lessons.test_retrieval_model import FOUND, QUESTIONS
from tests.widgets.lessons.test_tool_loop_view import ASSUMED
from widgets.controls import Choice, Slider
from widgets.explorer import Explorer
from widgets.lessons.few_shot_view import FewShot
from widgets.lessons.format_failure_view import FormatFailures
from widgets.lessons.retrieval_model import Grid
from widgets.lessons.retrieval_view import Retrieval
from widgets.lessons.sample_size_view import SampleSize
from widgets.lessons.tier_prices_model import Request
from widgets.lessons.tier_prices_view import TierPrices
from widgets.lessons.tool_loop_view import ToolLoop

LEXICAL = {(cut, "lexical"): found for (cut, _), found in FOUND.items()}
EXPLORERS: dict[str, Callable[[], Explorer]] = {
    "02": lambda: FewShot({}),
    "03": lambda: TierPrices(Request(500, 25, 5)),
    "04": lambda: FormatFailures({"claimed": CLAIMED}),
    "05": lambda: Retrieval(Grid(QUESTIONS, {**FOUND, **LEXICAL}, most=2, tokens_per_word=1.5)),
    "06": lambda: ToolLoop({"assumed": ASSUMED}),
    "08": lambda: SampleSize({"the sample": 72}),
}


@pytest.mark.parametrize("make", EXPLORERS.values(), ids=EXPLORERS)
def test_every_control_has_a_name_and_changes_what_is_said(make):
    view = make()
    assert 'role="status"' in view.sentence.value
    controls = [child for child in view.children if isinstance(child, Slider | Choice)]
    if isinstance(view, TierPrices):
        view.prompt.value = 2_000  # long enough to be cached
    for control in controls:
        assert control.label
        before, position = view.sentence.value, control.position
        control.position = position + 1
        control.position = control.position if control.position != position else position - 1
        assert view.sentence.value != before or control.label == "Case", control.label


@pytest.mark.parametrize("make", [FormatFailures, ToolLoop])
def test_no_case_is_an_error(make):
    with pytest.raises(CourseError, match="There is no case"):
        make({})
