"""Both explorers by axe-core, with everything unfolded: light and dark, on a telephone and on a desktop."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import page_fixture
from widgets.cost.page import PAGE as COST_PAGE
from widgets.decision.page import PAGE as DECISION_PAGE

pytestmark = pytest.mark.slow
browser_page = page_fixture(1280, 900)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [COST_PAGE, DECISION_PAGE], ids=lambda path: path.stem)
def test_axe_finds_nothing(browser_page, path, scheme, width):
    size = {"width": width, "height": 900}
    page = browser_page.context.browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(path.as_uri())
    page.wait_for_selector(".explorer .advice strong")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    page.wait_for_timeout(500)  # what is drawn only when it is opened, or when the hand rests
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 15
    page.close()
