"""The pages of the explorers in site/ are what their modules make of the data, and ask nobody."""

import pytest

from widgets.cost import page as cost
from widgets.decision import page as decision


@pytest.mark.parametrize("made", [cost, decision], ids=["cost", "decision"])
def test_the_page_is_what_the_model_and_the_data_make_of_it(made):
    page = made.page()
    assert made.PAGE.read_text(encoding="utf-8") == page, f"run python -m {made.__name__}"
    for elsewhere in ('src="http', 'href="http', "import(", "fetch(", "localStorage"):
        assert elsewhere not in page
