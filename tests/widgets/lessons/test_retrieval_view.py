"""The control of lesson 05 without a browser: moving it changes the words and the table."""

import pytest

from tests.widgets.lessons.test_retrieval_model import FOUND, QUESTIONS
from widgets.lessons.retrieval_model import Grid
from widgets.lessons.retrieval_view import Retrieval


@pytest.fixture
def view() -> Retrieval:
    lexical = {(cut, "lexical"): found[::1] for (cut, _), found in FOUND.items()}
    return Retrieval(Grid(QUESTIONS, {**FOUND, **lexical}, most=2, tokens_per_word=1.5))


def test_each_control_moves_the_words_and_the_table(view):
    for control in (view.cut, view.mode, view.k):
        before = view.sentence.value, view.table.value
        control.position = 1 - control.position
        assert view.sentence.value != before[0] and view.table.value != before[1]


def test_the_table_has_every_cut_and_marks_the_chosen_one(view):
    view.cut.value = "50 words"
    (_, marked) = view.table.value.split('aria-current="true"')
    assert "50 words" in marked.split("</tr>")[0] and view.table.value.count('scope="row"') == 2
    assert "passages in the prompt: 1" in view.table.value
