"""The control of lesson 08: read failures, code them in your own words, merge, count. It is kept at once."""

from collections.abc import Callable
from dataclasses import asdict

import anywidget
import traitlets

from course.errors import CourseError
from course.material.data import queue_descriptions
from course.measuring import coding
from course.measuring.coding import FORMAT, KINDS_OF_FAILURE, CodedFailure
from course.measuring.results import Result, plain_text
from widgets.lessons.coding_model import LONGEST_CODE, OpenCodes, to_read
from widgets.static import STATIC

# A reply that names a queue cannot fail by its form.
_KINDS = {kind: meaning for kind, meaning in KINDS_OF_FAILURE.items() if kind != FORMAT}


class CodingSheet(anywidget.AnyWidget):
    """The wrong replies of a result one by one, with a field for a code, and a table of the codes beside it.

    `code`, `rename`, `judge` and `undo` are its controls. Each reads what is kept anew, as another kernel may
    have added to it, and is on disk before `message` says so.
    """

    _esm = STATIC / "coding.js"
    _css = STATIC / "coding.css"
    lines = traitlets.Dict(queue_descriptions()).tag(sync=True)
    kinds = traitlets.Dict(_KINDS).tag(sync=True)
    longest = traitlets.Int(LONGEST_CODE).tag(sync=True)
    failures = traitlets.List(trait=traitlets.Dict()).tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)
    own = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    course = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    codes = traitlets.List(trait=traitlets.Dict()).tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)

    def __init__(self, result: Result) -> None:
        self._to_read = to_read(result)
        failures = [
            {"text": each.text, "said": plain_text(each.reply), "right": each.expected}
            for each in self._to_read
        ]
        super().__init__(failures=failures, place=self._open().first_unread)
        self._draw()
        self.on_msg(self._asked)

    def code(self, place: int, words: str) -> None:
        """Give the failure at a place, from 0, a code; empty words take it away."""
        self._keep(lambda open_codes: open_codes.coded(place, words))

    def rename(self, code: str, into: str) -> None:
        """Give a code another name, or merge it into the code that has that name."""
        self._keep(lambda open_codes: open_codes.renamed(code, into))

    def judge(self, code: str, kind: str) -> None:
        """Say of which kind the failures with a code are; "" for not yet."""
        self._keep(lambda open_codes: open_codes.judged(code, kind))

    def undo(self) -> None:
        """Take back the last thing that was kept."""
        try:
            step = coding.take_back()
        except CourseError as error:
            self.message = str(error)
            return
        self._draw()
        self.message = f"Taken back: {_said(step)}." if step else "There is nothing to take back."

    def _keep(self, action: Callable[[OpenCodes], list[CodedFailure]]) -> None:
        try:
            if step := action(self._open()):
                coding.keep(*step)
                self.message = f"Kept: {_said(step)}."
            self._draw()
        except CourseError as error:
            self.message = str(error)

    def _asked(self, _: object, content: dict, buffers: list) -> None:
        match content:
            case {"action": "code", "place": int(place), "words": str(words)} if place in range(
                len(self.own)
            ):
                self.code(place, words)
            case {"action": "rename", "code": str(code), "into": str(into)}:
                self.rename(code, into)
            case {"action": "judge", "code": str(code), "kind": str(kind)}:
                self.judge(code, kind)
            case {"action": "undo"}:
                self.undo()

    def _open(self) -> OpenCodes:
        return OpenCodes(self._to_read, coding.own(), coding.ours())

    def _draw(self) -> None:
        open_codes = self._open()
        places = range(len(self._to_read))
        with self.hold_sync():
            self.own = [reading.code if (reading := open_codes.own_of(place)) else "" for place in places]
            self.course = [open_codes.course_of(place) for place in places]
            self.codes = [asdict(code) for code in open_codes.codes]
            self.summary = open_codes.in_words()


def _said(step: list[CodedFailure]) -> str:
    first = step[0]
    which = first.id if len(step) == 1 else f"{len(step)} failures"
    kind = f", {first.kind}" if first.kind else ""
    return f"{which}: '{first.code}'{kind}" if first.code else f"{which} without a code"
