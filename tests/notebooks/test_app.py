"""`make app`: Voila serves each notebook of notebooks/apps as a page without code that answers a key."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from course.paths import NOTEBOOKS, ROOT
from tests.browser import page_fixture
from tests.lab import CONTROLS, NAME, PROMPT, move, serve

APPS = sorted((NOTEBOOKS / "apps").glob("*.ipynb"))
BLOCKED = "csp"  # by the page's own policy, before anything is sent
PICTURE = "() => [...document.querySelectorAll('svg[role=img], .ladder')].map(part => part.outerHTML).join()"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("voila")
    apps = NOTEBOOKS / "apps"
    command = ["voila", str(apps), f"--Voila.config_file_paths={apps}", "--no-browser"]
    settings = {"COURSE_RESULTS": str(folder / "results"), "COURSE_MODE": "local"}
    with serve(command, folder / "voila.log", settings, "/") as address:
        yield address


# A kernel imports for a while on a busy machine.
browser_page = page_fixture(700, 900, lambda page: page.set_default_timeout(180_000))


def test_the_makefile_starts_what_is_tested_here_and_every_app_is_opened():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\t$(BIN)/voila notebooks/apps --Voila.config_file_paths=notebooks/apps\n" in makefile
    assert PROMPT in makefile and PROMPT.split("=")[1] in (NOTEBOOKS / "apps/voila.json").read_text()
    assert [app.stem for app in APPS] == ["cost", "decision", "tour", "workbench"]


def test_the_first_page_lists_the_apps_and_the_workbench_answers_its_buttons(address, browser_page):
    browser_page.goto(address)
    links = [link.get_attribute("href") for link in browser_page.locator("a[href*=render]").all()]
    assert [link.rpartition("/")[2].rstrip("?") for link in links] == [app.name for app in APPS]
    open_app(browser_page, address, "workbench", "textarea")
    browser_page.get_by_role("button", name="Stop").click()
    browser_page.get_by_text("Nothing is running.").wait_for()


def open_app(page: Page, address: str, name: str, ready: str) -> None:
    """Open an app and check what every app keeps to: no code, nobody else asked, 700 px, named controls."""
    sent: list[str] = []
    page.on("response", lambda response: sent.append(response.url))
    page.on("requestfailed", lambda request: sent.append(request.url) if request.failure != BLOCKED else None)
    page.goto(f"{address}/voila/render/{name}.ipynb")
    page.locator(ready).first.wait_for()
    assert page.locator(".jp-CodeCell .jp-InputArea:visible").count() == 0
    assert [url for url in sent if not url.startswith((address, "data:", "blob:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    names = [control.evaluate(NAME).strip() for control in page.locator(f"{CONTROLS}, textarea").all()]
    assert names and all(names), names


@pytest.mark.parametrize("name", ["cost", "decision"])
def test_an_explorer_answers_the_keyboard(name, address, browser_page):
    page = browser_page
    open_app(page, address, name, ".explorer .advice strong")
    before = page.evaluate(PICTURE)
    move(page.locator("input[type=range], input[type=checkbox]").first)
    page.wait_for_function(f"before => ({PICTURE})() !== before", arg=before)


def test_the_way_through_answers_each_of_its_controls(address, browser_page):
    page = browser_page
    open_app(page, address, "tour", "input[type=range]")
    page.get_by_text("6. The decision").wait_for()
    assert page.locator("h2").count() == 6
    words = page.locator("p[role=status]")
    for place, label in enumerate(
        (
            "Examples in the prompt",
            "From the worst way",
            "Sections the model",
            "Good enough",
            "Outputs a month",
        )
    ):
        before = words.nth(place).inner_text()
        move(page.get_by_label(label))
        page.wait_for_function(
            "([place, before]) => document.querySelectorAll('p[role=status]')[place].innerText !== before",
            arg=[place, before],
        )
