"""The cost explorer in JupyterLab: the model runs in the browser, and Python reads what is on screen."""

import json
from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from widgets.cost.inputs import Assumptions, from_json, save
from widgets.cost.page import data, module
from widgets.cost.presets import Preset, course_case, presets
from widgets.standalone import EXPLORER_CSS

_RENDER = """
function render({ model, el }) {
  const view = mount(el, JSON.parse(model.get("data")), {
    state: JSON.parse(model.get("state")),
    onChange: (text) => { model.set("state", text); model.save_changes(); },
    onSave: () => model.send({ save: true }),
  });
  model.on("msg:custom", ({ say }) => view.say(say));
}
export default { render };
"""


class CostView(anywidget.AnyWidget):
    """Controls and pictures of the cost model. `assumptions` are those on screen.

    `cases` are those to choose from, the first of them shown; without any, the course's own and the
    articles'. "Save" writes them to the results folder.

        view = CostView()
        view.assumptions.base()["case.volume"]
    """

    _esm = module() + _RENDER
    _css = EXPLORER_CSS
    data = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)

    def __init__(self, cases: Sequence[Preset] = ()) -> None:
        shown = tuple(cases) or (course_case(), *presets())
        super().__init__(data=json.dumps(data(shown)), state=shown[0].assumptions.to_json())
        self.on_msg(self._pressed)

    @property
    def assumptions(self) -> Assumptions:
        """What the controls describe. CourseError for a state that the page cannot have made."""
        return from_json(self.state, "The state of the cost view")

    def _pressed(self, _: Any, content: Any, buffers: Any) -> None:
        self.send({"say": f"Saved in {save(self.assumptions)}."})
