"""`make site`: execute the lessons, put a still in the place of each widget and chart, and build the pages.

    python -m book.build            every lesson, and what the README shows
    python -m book.build 00 09 10   these lessons
    python -m book.build --readme   what the README and docs/results.md show, and no page

A lesson is executed again only if its code, or a file of the course that it read, has changed, or if one
before it was executed; remove build/book to start again. Neither building nor reading the pages needs a
network. The pictures need the Chromium of the tests.
"""

import gzip
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path, PurePosixPath

import nbformat
import plotly
from nbformat import NotebookNode
from playwright.sync_api import Browser, sync_playwright

from book import check, readme, rot
from book.chromium import launch
from book.execution import executed
from book.pages import STILL_WIDTH, Drawing, how_to_run, page_of, with_first_places, with_ways_to_run
from book.stills import live
from course.errors import CourseError, command_line
from course.files import read_text, read_toml
from course.material.lessons import lesson, lessons
from course.paths import NOTEBOOKS, ROOT
from widgets.cost import page as cost
from widgets.decision import page as decision
from widgets.standalone import EXPLORER_CSS

BUILD = ROOT / "build" / "book"
SOURCE = Path(__file__).with_name("source")
PLOTLY_SCRIPT = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
EXPLORERS = {"cost": cost, "decide": decision}
MODULE, ITS_ROOT = (
    re.compile(r'<script type="module">(.*)</script>', re.DOTALL),
    'document.getElementById("explorer")',
)
# The theme's icons are a font as well as this script of 1.5 MB; its preloading holds up what is read first.
UNUSED = re.compile(r'<script defer src="[^"]*fontawesome\.js[^>]*></script>|<link rel="preload"[^>]*>')
IMAGE = re.compile(r'(?<!loading="lazy" )src="(?=(?:\.\./)*_images/)')
BLOCKING = re.compile(r'<script src="(?!\S*documentation_options)')


def chosen_notebooks(numbers: Sequence[str]) -> list[Path]:
    """The notebooks of these lessons, or every lesson and then everything in notebooks/more."""
    if numbers:
        return [lesson(number).path for number in numbers]
    return [each.path for each in lessons()] + sorted((NOTEBOOKS / "more").glob("*.ipynb"))


def repository() -> str:
    """The address in pyproject.toml, or nothing: then no page links to Binder or Colab."""
    project = read_toml(ROOT / "pyproject.toml")["project"]
    return project.get("urls", {}).get("repository", "")


@contextmanager
def drawing_in(browser: Browser) -> Iterator[Drawing]:
    """What draws stills in this browser."""
    charts, widgets = browser.new_page(), browser.new_page(viewport={"width": STILL_WIDTH, "height": 1000})
    charts.add_script_tag(path=PLOTLY_SCRIPT)
    yield Drawing(charts, widgets)
    charts.close()
    widgets.close()


def sources(ran: Mapping[str, NotebookNode], drawing: Drawing) -> dict[str, str | bytes]:
    """The files that Sphinx reads, by path: `ran` are executed notebooks, by their path within notebooks/."""
    files: dict[str, str | bytes] = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for folder, part in ((SOURCE, "."), (NOTEBOOKS, "images"))
        for path in (folder / part).rglob("*")
        if path.is_file()
    }
    glossary = read_text(SOURCE / "glossary.md")
    # In all lessons, so that a term leads to the same place when some of them are built.
    written = {
        path.relative_to(NOTEBOOKS).as_posix(): nbformat.read(path, 4) for path in chosen_notebooks([])
    }
    files["glossary.md"] = with_first_places(glossary, written)
    for name, notebook in ran.items():
        top = "../" * name.count("/")
        page = page_of(notebook, drawing, top)
        page.cells[0].source += f"\n\n{how_to_run(PurePosixPath('notebooks', name), repository(), top)}"
        files[name] = nbformat.writes(page)
    for name, explorer in EXPLORERS.items():
        found = MODULE.search(explorer.page())
        if found is None:
            raise CourseError(f"The page {name} has no script; write it again.")
        script = found[1].replace(ITS_ROOT, "document.currentScript.previousElementSibling")
        shown = drawing.widget(live(script, read_text(EXPLORER_CSS)))
        text = read_text(SOURCE / f"{name}.md")
        files[f"{name}.md"] = text.replace("EXPLORER", f"```{{raw}} html\n{shown}\n```")
    index = read_text(SOURCE / "index.md")
    own = [name for name in ran if "/" not in name]
    deeper = [name for name in ran if "/" in name]
    contents = _contents("Lessons", own, ":hidden:") + _contents("Go deeper", deeper)
    files["index.md"] = index.replace("LESSONS", f"{_goals(own)}\n\n{contents}")
    how = read_text(SOURCE / "run.md")
    files["run.md"] = with_ways_to_run(how, repository())
    files["results.md"] = read_text(ROOT / "docs" / "results.md")
    files["rot.md"] = rot.page(rot.collected(), datetime.now(UTC).date())
    return files | drawing.files


def _goals(names: Sequence[str]) -> str:
    """The lessons as a list: title, minutes, and the first thing that a reader does there."""
    shown = [each for each in lessons() if each.path.name in names]
    return "\n".join(
        f"- [{each.number} {each.title}]({each.path.name}), {each.minutes} minutes: {each.goals[0]}"
        for each in shown
    )


def _contents(caption: str, names: Sequence[str], *options: str) -> str:
    if not names:
        return ""
    lines = "\n".join([f":caption: {caption}", ":maxdepth: 1", *options, "", *names])
    return f"```{{toctree}}\n{lines}\n```\n\n"


def write(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Make the folder hold these files and no others; one that is the same keeps its date."""
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        new = content.encode() if isinstance(content, str) else content
        path = folder / name
        if not path.exists() or path.read_bytes() != new:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(new)


def lighten(folder: Path) -> None:
    """Take out of the built pages what would be fetched before the text or for no reason."""
    shutil.rmtree(folder / "_static" / "locales", ignore_errors=True)
    for path in chain.from_iterable(map(folder.rglob, ("*.map", "fontawesome.js", "*webpack-macros.html"))):
        path.unlink()
    for path in folder.rglob("*.html"):
        text = UNUSED.sub("", read_text(path))
        text = IMAGE.sub('loading="lazy" src="', BLOCKING.sub('<script defer src="', text))
        path.write_text(text, encoding="utf-8")


def build(ran: Mapping[str, NotebookNode], folder: Path, drawing: Drawing, *, strict: bool) -> Path:
    """Build these executed notebooks in the folder. Gives the folder of the pages.

    `strict`: every warning of Sphinx and every broken link is an error. Some of the lessons link to others.
    """
    write(sources(ran, drawing), folder / "source")
    html = folder / "html"
    options: list[str | Path] = ["-q", *(["--fail-on-warning"] if strict else []), "-d", folder / "doctrees"]
    sphinx = [sys.executable, "-m", "sphinx", *options, "-b", "html"]
    subprocess.run([*sphinx, folder / "source", html], check=True)
    lighten(html)
    wrong = check.from_elsewhere(html) + (check.broken_links(check.parsed(html)) if strict else [])
    if wrong:
        raise CourseError("The pages have these faults:\n" + "\n".join(wrong))
    return html


def sizes(html: Path, browser: Browser) -> str:
    """What the site weighs, in one line."""
    pages = sorted(html.rglob("*.html"), key=lambda path: path.stat().st_size)
    total = sum(path.stat().st_size for path in html.rglob("*") if path.is_file())
    largest = pages[-1].read_bytes()
    with check.served(html) as address:
        first = check.visit(browser, f"{address}/index.html")
    compressed = len(gzip.compress(largest)) / 1e3
    return (
        f"{len(pages)} pages, {total / 1e6:.1f} MB; the largest is {pages[-1].name} with "
        f"{len(largest) / 1e3:.0f} kB ({compressed:.0f} kB compressed); a first visit transfers "
        f"{first.transferred / 1e3:.0f} kB and can be read after {first.seconds:.1f} s at "
        f"{check.MEGABITS} Mbit/s and {check.ROUND_TRIP_MS} ms."
    )


def main() -> None:
    parser = command_line("book.build", __doc__)
    parser.add_argument("lessons", nargs="*", help="numbers such as 00 09; all of them by default")
    parser.add_argument("--readme", action="store_true", help="only the README's tables and pictures")
    given = parser.parse_args()
    if given.readme:
        draw_readme()
    else:
        make_site(given.lessons)


def draw_readme() -> None:
    """Bring what the README and docs/results.md show up to date."""
    readme.write_tables()
    with sync_playwright() as playwright, drawing_in(launch(playwright)) as drawing:
        readme.write_pictures(drawing)


def make_site(numbers: Sequence[str]) -> None:
    """Build the pages of these lessons, or of all and what the README shows."""
    began = time.monotonic()
    paths = chosen_notebooks(numbers)
    notebooks = executed(paths, BUILD / "executed")
    ran = {path.relative_to(NOTEBOOKS).as_posix(): each for path, each in zip(paths, notebooks, strict=True)}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with drawing_in(browser) as drawing:
            if not numbers:
                readme.write_tables()
                readme.write_pictures(drawing)
            html = build(ran, BUILD, drawing, strict=not numbers)
        print(sizes(html, browser))
    print(f"Built in {time.monotonic() - began:.0f} s: open {html / 'index.html'}")


if __name__ == "__main__":
    main()
