"""The control of lesson 07: the review gate. A verdict is on disk before the next ticket appears."""

from collections.abc import Sequence

import anywidget
import traitlets

from course.errors import CourseError
from course.material.data import queue_descriptions
from course.rungs.review import ACTIONS, VerdictLog
from widgets.lessons.review_model import Review, RoutedTicket
from widgets.static import STATIC


class ReviewGate(anywidget.AnyWidget):
    """Shows a routed ticket, its policy line and the alternatives; buttons approve, correct, skip and undo.

    Verdicts go to `log` at once, and the gate continues where the log ends. `message` says what the last
    action saved, or why it saved nothing.

    ReviewGate([RoutedTicket("T1", "The pump is silent.", "device_fault")], VerdictLog(path))
    """

    _esm = STATIC / "review.js"
    _css = STATIC / "review.css"
    lines = traitlets.Dict().tag(sync=True)
    ticket = traitlets.Unicode().tag(sync=True)
    routed = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    alternatives = traitlets.Int().tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)

    def __init__(self, items: Sequence[RoutedTicket], log: VerdictLog) -> None:
        self._items = tuple(items)
        self._log = log
        super().__init__(lines=queue_descriptions())
        self._draw()
        self.on_msg(self._clicked)

    def decide(self, action: str, queue: str = "") -> None:
        """One of `ACTIONS` on the ticket that is shown; CORRECT names the queue."""
        try:
            # Read anew: another kernel may have reviewed tickets in the meantime.
            decision = self._review().decide(action, queue)
            self._log.add(decision)
            self.message = f"Saved: {decision.action} {decision.queue}".strip() + f" ({decision.id})."
            self._draw()
        except CourseError as error:
            self.message = str(error)

    def _clicked(self, _: object, content: dict, buffers: list) -> None:
        if content.get("action") in ACTIONS:
            self.decide(content["action"], str(content.get("queue", "")))

    def _review(self) -> Review:
        return Review(self._items, tuple(self._log.decisions()))

    def _draw(self) -> None:
        review = self._review()
        item = review.current
        self.ticket = item.text if item else ""
        self.routed = item.routed if item else ""
        self.choices = list(item.choices) if item else []
        self.alternatives = len({*item.alternatives} - {item.routed}) if item else 0
        self.summary = review.in_words()
