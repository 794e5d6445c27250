"""The decision in JupyterLab: the talk runs in the browser, and Python reads what is on screen."""

from widgets.decision.answers import Answers, from_json, load, save, to_json
from widgets.decision.page import PAGE, data, module
from widgets.page_view import RENDER, PageView


class DecisionView(PageView):
    """The talk, the ladder beside it and everything behind the advice. `answers` are those on screen.

    Begins with `answers`; "Start again" comes back to them. "Save" keeps those on screen in
    results/decision.json.

        view = DecisionView(Answers(volume=30_000))
        view.answers.volume
    """

    _esm = module() + RENDER
    page = PAGE

    def __init__(self, answers: Answers | None = None) -> None:
        super().__init__(data(), to_json(answers or Answers()))

    @property
    def answers(self) -> Answers:
        """What is on screen. CourseError for a state that the page cannot have made."""
        return from_json(self.state, "The state of the decision view")

    def save(self) -> str:
        return f"Saved as {save(self.answers).name} in the results folder."

    def saved(self) -> str | None:
        answers = load()
        return to_json(answers) if answers else None
