"""Pages from executed lessons: each widget and each chart as a web page shows it without a kernel."""

import hashlib
import re
from html import escape
from pathlib import PurePosixPath
from urllib.parse import quote
from urllib.request import urlopen

from nbformat import NotebookNode
from playwright.sync_api import Page

from book.stills import CONTROL, LIVE, STATES, WIDGET, still
from course.errors import CourseError

PLOTLY = "application/vnd.plotly.v1+json"
NOTE = "<p><small>This is a still. In JupyterLab you can move the controls.</small></p>"
CHART_WIDTH, STILL_WIDTH, STILL_HEIGHT = 720, 720, 900  # pixels
TO_IMAGE = """([figure, format, width]) =>
    Plotly.toImage(figure, {format, width, height: figure.layout?.height || 420})"""
ENDED = {"text/plain": ""}  # what is left of a sign of progress
# Of pandas, above the names of rows. A header without words says nothing to a screen reader.
NO_HEADER = re.compile(r"<th[^>]*>(?:&nbsp;|\s)*</th>")
# What scripts have drawn, without the scripts. Two frames, because some drawing waits for the first.
DRAWN = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    document.querySelectorAll('script').forEach(script => script.remove());
    return document.body.innerHTML;
}"""
# An explorer draws some pictures a little later, and then reads out its advice.
SETTLED = """() => [...document.querySelectorAll('.unseen')].every(said => said.textContent)
    && !document.querySelector('.stale')"""
SENTENCE = "() => document.querySelector('.advice strong, [role=status]').textContent"


class Drawing:
    """Draws in a browser while the book is built. `files` are what its pages need beside them, by path."""

    def __init__(self, charts: Page, widgets: Page) -> None:
        """`charts` is a page with plotly.js; `widgets` one whose content may be replaced."""
        self._charts = charts
        self._widgets = widgets
        self.files: dict[str, bytes] = {}

    def chart(self, figure: dict, kind: str = "svg+xml") -> bytes:
        """A plotly figure as an image, "svg+xml" or "png"."""
        url = self._charts.evaluate(TO_IMAGE, [figure, kind.removesuffix("+xml"), CHART_WIDTH])
        with urlopen(url) as image:
            return image.read()

    def screenshot(self, shown: str, width: int, height: int) -> bytes:
        """A PNG of a still, from its top on and at most that high."""
        before = self._widgets.viewport_size or {"width": width, "height": height}
        self._widgets.set_viewport_size({"width": width, "height": height})
        self._widgets.set_content(shown)
        self._widgets.wait_for_function(SETTLED)
        end = self._widgets.evaluate("Math.ceil(document.body.getBoundingClientRect().bottom)")
        image = self._widgets.screenshot(clip={"x": 0, "y": 0, "width": width, "height": min(height, end)})
        self._widgets.set_viewport_size(before)
        return image

    def widget(self, shown: str, top: str = "") -> str:
        """The HTML of a still with what its scripts draw. `top` leads from its page to the top of the book.

        An explorer is a picture and its sentence until its own script, a file of its own, has been loaded.
        """
        if not (live := LIVE.search(shown)):
            self._widgets.set_content(shown)
            return self._widgets.evaluate(DRAWN)
        picture = self.screenshot(shown, STILL_WIDTH, STILL_HEIGHT)
        sentence = self._widgets.evaluate(SENTENCE)
        script = live["script"].encode()
        name = f"_static/live/{hashlib.sha256(script).hexdigest()[:12]}"
        self.files |= {f"{name}.js": script, f"{name}.png": picture}
        still = (
            f'<p>{escape(sentence)}</p><img src="{top}{name}.png" loading="lazy" width="{STILL_WIDTH}" '
            f'height="{STILL_HEIGHT}" alt="The explorer, which says so in a picture">'
        )
        return f'{live["before"]}{still}</div><script defer src="{top}{name}.js"></script>'


def page_of(notebook: NotebookNode, drawing: Drawing, top: str = "") -> NotebookNode:
    """The notebook with each widget and each plotly figure as something that a web page shows."""
    models = notebook.metadata.pop("widgets", {}).get(STATES, {}).get("state", {})
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("data") != ENDED]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if WIDGET in data:
                shown = still(data.pop(WIDGET)["model_id"], models)
                note = NOTE if CONTROL in shown else ""
                data["text/html"] = f'<div class="still">{drawing.widget(shown, top)}{note}</div>'
            elif "text/html" in data:
                data["text/html"] = NO_HEADER.sub("<td></td>", data["text/html"])
            if PLOTLY in data:
                figure = data.pop(PLOTLY)
                alt = f"Chart: {_title(figure, cell.source)}. The lesson prints the same."
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
                data["image/svg+xml"] = drawing.chart(figure).decode()
    return notebook


def _title(figure: dict, source: str) -> str:
    title = figure.get("layout", {}).get("title", {}).get("text")
    if not title:
        raise CourseError(f"A chart has no title, which is what a reader hears of it; add one to:\n{source}")
    return title


def how_to_run(path: PurePosixPath, repository: str, top: str = "") -> str:
    """The line on how to run the notebook at `path` of the repository; links only if its address is known."""
    line = f"**Run it:** [in JupyterLab]({top}run.md), where it is `{path}`"
    if not repository:
        return f"{line}."
    binder, colab = _addresses(path, repository)
    return f"{line}, on [Binder]({binder}) or in [Colab]({colab})."


def with_ways_to_run(text: str, repository: str) -> str:
    """The page on how to run lessons; what follows ELSEWHERE needs the address of the repository."""
    here, elsewhere = text.split("ELSEWHERE\n")
    if not repository:
        return here
    binder, _ = _addresses(PurePosixPath("notebooks/00_start_here.ipynb"), repository)
    return here + elsewhere.replace("BINDER", binder).replace("REPOSITORY", repository)


def _addresses(path: PurePosixPath, repository: str) -> tuple[str, str]:
    """The notebook's addresses on Binder and in Colab."""
    owner_and_name = repository.removeprefix("https://github.com/")
    return (
        f"https://mybinder.org/v2/gh/{owner_and_name}/main?urlpath={quote(f'lab/tree/{path}')}",
        f"https://colab.research.google.com/github/{owner_and_name}/blob/main/{path}",
    )


def with_first_places(glossary: str, notebooks: dict[str, NotebookNode]) -> str:
    """The glossary with a link from each term to the heading under which a lesson first has it.

    `notebooks` maps the paths of pages to lessons, in their order. CourseError names a term that none has.
    """

    def linked(entry: re.Match) -> str:
        path, title, heading = _first_place(entry["term"], notebooks)
        return f"{entry[0].rstrip()}\n    First in: [{title}, {heading}]({path}#{_slug(heading)}).\n"

    return re.sub(r"^(?P<term>\w.*)\n(?:    .*\n)+", linked, glossary, flags=re.MULTILINE)


def _first_place(term: str, notebooks: dict[str, NotebookNode]) -> tuple[str, str, str]:
    """Path and title of the first lesson that has the term below a heading, and that heading."""
    word = re.compile(rf"\b{re.escape(term)}s?\b".replace(r"\ ", r"\s+"), re.IGNORECASE)
    for path, notebook in notebooks.items():
        title = heading = ""
        for cell in notebook.cells:
            if cell.cell_type != "markdown":
                continue
            for part in re.split(r"^(?=##? )", cell.source, flags=re.MULTILINE):
                if found := re.match("(##?) (.*)", part):
                    title, heading = (found[2], "") if found[1] == "#" else (title, found[2])
                # Goals and the line that leads to the next lesson only name things.
                if heading not in ("", "Quiz") and word.search(part):
                    return path, title, heading
    raise CourseError(f"No lesson has the term {term!r} of book/source/glossary.md; use it, or remove it.")


def _slug(heading: str) -> str:
    """The anchor that MyST gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
