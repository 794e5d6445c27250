"""The decision memo: a page to forward and a page of evidence, from board, bill and answers.

`write_memo()` reads what is in the results folder and writes results/memo.html, which prints on two sheets,
and results/memo.md. A part that is missing or damaged is named on the page, with the lesson that fills it.
"""

import hashlib
import html
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from course.engine import weights
from course.engine.sizes import local_models
from course.errors import CourseError
from course.files import read_toml, replacing
from course.material.data import tickets
from course.material.prices import models
from course.measuring import board, gap
from course.measuring.results import Result, money, percent
from course.paths import DATA, ROOT, results_dir
from course.tuning import adapters
from course.tuning.adapters import Adapter
from widgets.cost import inputs as cost_inputs
from widgets.decision import answers as decision_answers
from widgets.memo.parts import Content, content
from widgets.memo.sources import (
    ANSWERS,
    BOARD,
    COSTS,
    Sources,
    as_of_now,
    deciding_rung,
    model_to_try,
    with_model_names,
)
from widgets.memo.summary import DECIDES

TITLE = "Should we fine-tune?"
AGAIN = "run the course's lesson whose number stands before the name; board.sqlite keeps every reply"
ROWS_SO_FAR = (
    "Language models wrote and labelled the {rows:,} there are, and no person has checked them; the ways "
    "below answered {answered:,}."
)
HTML_FILE, MARKDOWN_FILE = "memo.html", "memo.md"
PACKAGES = ("anthropic", "openvino-genai", "torch", "peft")
_TEMPLATES = Path(__file__).parent
_FRAME_HEIGHT = 1200  # pixels, until the page in it has told its own height
_FOLDERS = re.compile(
    r"(?:\b[A-Za-z]:)?[/\\](?:[^\s/\\'\"]+[/\\])+"
)  # of an absolute path, its last name left out
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Memo:
    """A memo as it was written: its content, both texts, and the two files."""

    content: Content
    html: str
    markdown: str
    files: tuple[Path, Path]

    def __repr__(self) -> str:
        names = " and ".join(path.name for path in self.files)
        missing = ", ".join(self.content.missing)
        state = f"Missing: {missing}. The page says what fills it." if missing else "Nothing is missing."
        name_them = (
            ' Name who decides with decides="Head of support", by="2026-12-18" '
            "(with make own: DECIDES= and BY=)."
        )
        return f"Written: {names}. {state}{name_them if DECIDES in missing else ''}"

    def _repr_html_(self) -> str:
        """The page in a frame, so that its styles and those of the notebook leave one another alone."""
        grow = (
            "const page = this.contentDocument.body, "
            "fit = () => this.style.height = page.offsetHeight + 4 + 'px'; "
            "fit(); new ResizeObserver(fit).observe(page)"
        )
        return (
            f'<p role="status">{html.escape(repr(self))}</p>'
            f'<iframe title="Decision memo" srcdoc="{html.escape(self.html)}" onload="{grow}" '
            f'style="width: 100%; height: {_FRAME_HEIGHT}px; border: 1px solid #999"></iframe>'
        )


def write_memo(title: str = TITLE, decides: str = "", by: str = "") -> Memo:
    """Write results/memo.html and results/memo.md from what is there now, each completely or not at all.

    `decides` is who decides, `by` the day until which, such as "2026-12-18". CourseError for an empty title,
    for a day that is not one, and when the results folder cannot be written.
    """
    if not title.strip():
        raise CourseError("The memo has no title; say in a line what is to be decided.")
    checked_day(by)
    found = content(title, f"{datetime.now(UTC):%Y-%m-%d}", as_of_now(gather()), decides, by)
    folder = results_dir()
    return keep(Memo(found, as_html(found), as_markdown(found), (folder / HTML_FILE, folder / MARKDOWN_FILE)))


def checked_day(by: str) -> str:
    """The day as it is, or empty; CourseError for what is neither."""
    try:
        date.fromisoformat(by or "2026-12-18")
    except ValueError:
        raise CourseError(f"by is {by!r}; give the day of the decision as 2026-12-18.") from None
    return by


def keep(memo: Memo) -> Memo:
    """The memo, once both of its files are written."""
    for path, text in zip(memo.files, (memo.html, memo.markdown), strict=True):
        try:
            with replacing(path) as unfinished:
                unfinished.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CourseError(
                f"{path.name} cannot be written ({error.strerror}); check the results folder."
            ) from None
    return memo


def gather() -> Sources:
    """All that the results folder holds for a memo. What cannot be read is named in `faults`."""
    faults: dict[str, str] = {}
    entries = _read(BOARD, board.entries, faults) or []
    rungs = _read(BOARD, lambda: gap.rungs_on_board(tickets("test")), faults) or []
    costs = _read(COSTS, cost_inputs.saved, faults)
    answers = _read(ANSWERS, decision_answers.load, faults)
    trained = tuple(_adapters({result.model for _, result in entries}, faults))
    versions = tuple(_versions(entries, faults))
    dates = dict(_dates(entries))
    next_model = model_to_try({result.model for _, result in entries})
    found = Sources(
        entries, rungs, costs, answers, trained, dates, versions, faults, again=AGAIN, next_model=next_model
    )
    queues = len({ticket.queue for ticket in tickets("test")})
    task = f"The system sends each support ticket to one of {queues} queues."
    deciding = deciding_rung(found)
    rows = ROWS_SO_FAR.format(rows=len(tickets("test")), answered=deciding.n) if deciding else ""
    return with_model_names(replace(found, task=task, rows_so_far=rows))


def as_html(found: Content) -> str:
    """The memo as a page of its own, which needs no network. Every text in it is escaped."""
    return _template("memo.html.j2", autoescape=True).render(memo=found)


def as_markdown(found: Content) -> str:
    """The memo as Markdown. Every text in it is escaped."""
    return _template("memo.md.j2", finalize=_plain).render(memo=found)


@cache
def _template(name: str, **settings: Any) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **settings,
    )
    environment.filters |= {"percent": percent, "money": money}
    return environment.get_template(name)


def _plain(value: object) -> str:
    """A value as text that Markdown shows as it is: one line, and no sign of its own means anything."""
    return re.sub(r"([\\`*_\[\]<>|$&~#])", r"\\\1", " ".join(str(value).split()))


def _read(name: str, read: Callable[[], _Read], faults: dict[str, str]) -> _Read | None:
    try:
        return read()
    except (CourseError, OSError, ValueError, TypeError, KeyError) as error:  # whatever a damaged file raises
        faults[name] = _without_places(f"{name} cannot be used: {error}")
        return None


def _without_places(text: str) -> str:
    """The text with files by their names alone: the page is handed on, and this machine's folders are not."""
    for folder in (results_dir(), results_dir().resolve()):
        text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), "the results folder")
    return _FOLDERS.sub("", text)


def _adapters(measured: set[str], faults: dict[str, str]) -> Iterator[Adapter]:
    """Of each name the newest version, and any other that the board has measured."""
    folder = results_dir() / "adapters"
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not adapters.NAME.fullmatch(place.name):
            continue
        known = adapters.versions(place.name)
        for number in known:
            label = f"{place.name}-v{number}"
            if number == known[-1] or any(f"+{label}-" in model for model in measured):
                found = _read(f"adapter {label}", partial(adapters.load, place.name, number), faults)
                if found:
                    yield found


def _versions(entries: Sequence[tuple[str, Result]], faults: dict[str, str]) -> Iterator[tuple[str, str]]:
    course = read_toml(ROOT / "pyproject.toml")["project"]["version"]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield "Course", f"{course}; Python {python_version()}, {packages}"
    path = _read("language model", weights.gguf_path, faults)
    if path:
        yield "Small local model", f"{path.stem}, sha256 {weights.file_hash(path)[:12]}"
    for model in local_models():
        if model.size != "small" and any(model.model == result.model for _, result in entries):
            yield f"{model.size.capitalize()} local model", f"{model.name}, sha256 {model.sha256[:12]}"
    yield "Embedding model", f"all-MiniLM-L6-v2, sha256 {weights.MINILM_SHA256[:12]}"
    yield "Tickets", f"train, dev and test, sha256 {_data_hash()[:12]}"


def _data_hash() -> str:
    files = (DATA / "tickets" / f"{split}.csv" for split in ("train", "dev", "test"))
    return hashlib.sha256("".join(map(weights.file_hash, files)).encode()).hexdigest()


def _dates(entries: Sequence[tuple[str, Result]]) -> Iterator[tuple[str, str]]:
    """The day of each file: of the board its newest measurement, of the other two when they were saved."""
    if entries:
        yield BOARD, max(result.created for _, result in entries)[:10]
    for name in (COSTS, ANSWERS):
        path = results_dir() / name
        if path.is_file():
            yield name, f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}"
    yield "prices.csv", max(model.date for model in models())
