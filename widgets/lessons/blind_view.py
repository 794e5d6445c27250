"""The control of the deeper notebook on the voice: two replies without names, pair by pair."""

from collections.abc import Sequence

import anywidget
import traitlets

from course.errors import CourseError
from course.measuring import blind
from course.measuring.blind import BlindPair
from widgets.lessons.blind_model import BlindSheetModel
from widgets.static import STATIC


class BlindSheet(anywidget.AnyWidget):
    """Shows a note and two replies, A and B; the reader says which reads better, and where a fact is wrong.

    A choice is on disk before the next pair appears, and the sheet goes on at the first pair without one. The
    browser is never told who wrote what. `summary` says it once all pairs are read.
    """

    _esm = STATIC / "blind.js"
    _css = STATIC / "blind.css"
    pairs = traitlets.List(trait=traitlets.Dict()).tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)
    choices = traitlets.List(trait=traitlets.List()).tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)

    def __init__(self, pairs: Sequence[BlindPair]) -> None:
        self._pairs = tuple(pairs)
        shown = [{"note": each.note, "left": each.left_reply, "right": each.right_reply} for each in pairs]
        super().__init__(pairs=shown, place=self._model().first_open)
        self._draw()
        self.on_msg(self._clicked)

    def choose(self, place: int, choice: str, wrong: str) -> None:
        """Say of the pair at a place, from 0, which reply reads better and where a fact is wrong."""
        try:
            blind.keep(self._model().chosen(place, choice, wrong))
            self.message = f"Kept: pair {place + 1}."
            self._draw()
        except CourseError as error:
            self.message = str(error)
            return
        self.place = min(place + 1, len(self._pairs) - 1)

    def _clicked(self, _: object, content: dict, buffers: list) -> None:
        match content:
            case {"place": int(place), "choice": str(choice), "wrong": str(wrong)}:
                self.choose(place, choice, wrong)

    def _model(self) -> BlindSheetModel:
        # Read anew: another kernel may have gone on in the meantime.
        return BlindSheetModel(self._pairs, blind.own())

    def _draw(self) -> None:
        sheet = self._model()
        with self.hold_sync():
            self.choices = [[each.choice, each.wrong] if each else [] for each in sheet.choices]
            self.summary = sheet.in_words()
