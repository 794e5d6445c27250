"""The decision in JupyterLab: the talk runs in the browser, and Python reads what is on screen."""

import json
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from course.errors import CourseError
from widgets.decision.answers import Answers, from_json, load, save, to_json
from widgets.decision.page import data, module
from widgets.standalone import EXPLORER_CSS

_RENDER = """
function render({ model, el }) {
  const view = mount(el, JSON.parse(model.get("data")), {
    state: JSON.parse(model.get("state")),
    onChange: (text) => { model.set("state", text); model.save_changes(); },
    onSave: () => model.send({ press: "save" }),
    onOpen: () => model.send({ press: "open" }),
  });
  model.on("msg:custom", ({ open, say }) => (open ? view.open(open, say) : view.say(say)));
}
export default { render };
"""


class DecisionView(anywidget.AnyWidget):
    """The talk, the ladder beside it and everything behind the advice. `answers` are those on screen.

    Begins with `answers`; "Start again" comes back to them. "Save" keeps those on screen in `path`, by
    default results/decision.json.

        view = DecisionView(Answers(volume=30_000))
        view.answers.volume
    """

    _esm = module() + _RENDER
    _css = EXPLORER_CSS
    data = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)

    def __init__(self, answers: Answers | None = None, path: Path | None = None) -> None:
        self._path = path
        super().__init__(data=json.dumps(data()), state=to_json(answers or Answers()))
        self.on_msg(self._pressed)

    @property
    def answers(self) -> Answers:
        """What is on screen. CourseError for a state that the page cannot have made."""
        return from_json(self.state, "The state of the decision view")

    def _pressed(self, _: Any, content: dict[str, str], buffers: Any) -> None:
        try:
            self.send(self._save() if content["press"] == "save" else self._open())
        except CourseError as error:
            self.send({"say": str(error)})

    def _save(self) -> dict[str, str]:
        return {"say": f"Saved as {save(self.answers, self._path).name} in the results folder."}

    def _open(self) -> dict[str, str]:
        saved = load(self._path)
        if saved is None:
            raise CourseError("Nothing is saved yet; press Save first.")
        return {"open": to_json(saved), "say": "These are the answers that were saved."}
