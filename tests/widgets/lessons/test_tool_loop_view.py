"""The control of lesson 06, without a browser."""

from dataclasses import replace

import pytest

from course.measuring.results import percent
from widgets.lessons.tool_loop_model import Loop, ending
from widgets.lessons.tool_loop_view import ToolLoop

ASSUMED = Loop(success=0.9, noticed=0.5, needed=3, limit=6, prompt=900, growth=150, output=30)
MEASURED = replace(ASSUMED, success=0.7083, needed=2, prompt=1_300)


@pytest.fixture
def view() -> ToolLoop:
    return ToolLoop({"assumed": ASSUMED, "measured": MEASURED})


def test_it_starts_with_the_first_case_and_another_sets_the_sliders_to_a_tenth_of_a_percent(view):
    assert view.case == ASSUMED
    assert f"{percent(ending(ASSUMED).right)}% of questions" in view.sentence.value
    view.preset.value = MEASURED
    assert view.case == replace(MEASURED, success=0.708)


def test_the_table_says_the_same_as_the_model_and_marks_the_chosen_row(view):
    assert view.table.value.count("<tr") == 11
    marked = view.table.value.split('aria-current="true"')
    assert len(marked) == 2
    assert f">{percent(ending(ASSUMED).right)}<" in marked[1].split("</tr>")[0]
