"""Buttons that Python answers: words to show, a text to copy, or a file to keep."""

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets

from course.errors import CourseError
from widgets.static import STATIC

Answer = dict[str, str]
"""What a button does in the browser: `say` words; `copied` text; a `file` name with its `text`."""


class Actions(anywidget.AnyWidget):
    """A row of native buttons. `actions` maps the label of each to what it does and answers."""

    _esm = STATIC / "actions.js"
    _css = STATIC / "actions.css"
    actions = traitlets.Dict().tag(sync=True)

    def __init__(self, actions: Mapping[str, Callable[[], Answer]]) -> None:
        self._calls = dict(enumerate(actions.values()))
        super().__init__(actions={str(place): text for place, text in enumerate(actions)})
        self.on_msg(self._pressed)

    def press(self, text: str) -> Answer:
        """What the button with this text answers. A CourseError becomes its words."""
        place = list(self.actions.values()).index(text)
        try:
            return self._calls[place]()
        except CourseError as error:
            return {"say": str(error)}

    def _pressed(self, _: Any, content: Any, buffers: Any) -> None:
        self.send(self.press(self.actions[content["action"]]))
