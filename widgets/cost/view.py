"""The cost explorer in JupyterLab: the model runs in the browser, and Python reads what is on screen."""

from collections.abc import Sequence

from widgets.cost.inputs import Assumptions, from_json, save, saved
from widgets.cost.page import PAGE, data, module
from widgets.cost.presets import Preset, course_case, presets
from widgets.page_view import RENDER, PageView


class CostView(PageView):
    """Controls and pictures of the cost model. `assumptions` are those on screen.

    `cases` are those to choose from, the first of them shown; without any, the course's own and the
    articles'. "Save" writes them to the results folder.

        view = CostView()
        view.assumptions.base()["case.volume"]
    """

    _esm = module() + RENDER
    page = PAGE

    def __init__(self, cases: Sequence[Preset] = ()) -> None:
        shown = tuple(cases) or (course_case(), *presets())
        super().__init__(data(shown), shown[0].assumptions.to_json())

    @property
    def assumptions(self) -> Assumptions:
        """What the controls describe. CourseError for a state that the page cannot have made."""
        return from_json(self.state, "The state of the cost view")

    def save(self) -> str:
        return f"Saved as {save(self.assumptions).name} in the results folder."

    def saved(self) -> str | None:
        kept = saved()
        return kept.to_json() if kept else None
