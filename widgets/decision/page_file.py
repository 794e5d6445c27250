"""The decision as a page that opens from a file: `python -m widgets.decision.page_file` writes it."""

from course.paths import ROOT
from widgets import standalone
from widgets.decision.tables import tables

PAGE = ROOT / "site" / "decide.html"


def module() -> str:
    """The model and the view in one text without imports."""
    return standalone.bundle("decision_model.js", "decision_view.js")


def page() -> str:
    """The whole page as HTML."""
    return standalone.page("Should we fine-tune?", "Should we fine-tune?", module(), tables())


if __name__ == "__main__":
    standalone.write(PAGE, page())
