"""A page of site/ in a notebook: it runs in the browser, and Python reads what is on screen."""

import json
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from course.errors import CourseError
from widgets.standalone import EXPLORER_CSS

RENDER = """
function render({ model, el }) {
  const answered = mount(el, JSON.parse(model.get("data")), {
    state: JSON.parse(model.get("state")),
    onChange: (text) => { model.set("state", text); model.save_changes(); },
    press: (button) => model.send({ press: button }),
  });
  model.on("msg:custom", answered);
}
export default { render };
"""
"""What follows the module of a page, whose `mount` returns what takes Python's answer to a press."""


class PageView(anywidget.AnyWidget):
    """A page's explorer. `state` is what is on screen, as JSON; each view says how it is kept."""

    _css = EXPLORER_CSS
    data = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    page: Path

    def __init__(self, data: dict[str, Any], state: str) -> None:
        super().__init__(data=json.dumps(data), state=state)
        self.on_msg(self._pressed)

    def save(self) -> str:
        """Keep what is on screen; the words that say where."""
        raise NotImplementedError

    def saved(self) -> str | None:
        """What was kept, as JSON; None when nothing is."""
        raise NotImplementedError

    def _pressed(self, _: Any, content: dict[str, str], buffers: Any) -> None:
        answers = {"save": self._save, "open": self._open, "link": self._link}
        try:
            self.send(answers[content["press"]]())
        except CourseError as error:
            self.send({"say": str(error)})

    def _save(self) -> dict[str, str]:
        return {"say": self.save()}

    def _open(self) -> dict[str, str]:
        state = self.saved()
        if state is None:
            raise CourseError("Nothing is saved yet; press Save first.")
        return {"open": state, "say": "This is what was saved."}

    def _link(self) -> dict[str, str]:
        name = f"site/{self.page.name}"
        words = (
            f"It opens {name} on this computer. Elsewhere, put what begins with # behind the page's address."
        )
        return {"page": self.page.as_uri(), "say": words}
