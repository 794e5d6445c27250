"""The decision as a short talk: one module of JavaScript for JupyterLab and for a page of its own.

`python -m widgets.decision.page` writes site/decide.html, which opens from a file: no server, nothing to
install, nothing from elsewhere.
"""

import json
from typing import Any

from course.files import read_toml, write_text
from course.material.claims import claims
from course.paths import ROOT
from widgets import standalone
from widgets.decision.answers import Answers, to_json
from widgets.decision.tables import PATH
from widgets.decision.words import ANSWERS, COURSE, credit
from widgets.static import STATIC

PAGE = ROOT / "site" / "decide.html"


def data() -> dict[str, Any]:
    """What the view has to know: data/decision.toml, the credit of each source, and empty answers."""
    tables = read_toml(PATH)
    sources = [ANSWERS, COURSE, *(each.id for each in claims()), *{each.source.source for each in claims()}]
    used = [source for source in sources if f'"{source}"' in json.dumps(tables)]
    return {
        **tables,
        "credits": {source: credit(source) for source in sorted(used)},
        "start": json.loads(to_json(Answers())),
    }


def module() -> str:
    """The model and the view in one text without imports, which both the widget and the page can run."""
    return standalone.bundle(STATIC, "decision_model.js", "keep.js", "decision_view.js")


def page() -> str:
    """The whole page as HTML."""
    return standalone.page("Should we fine-tune?", "Should we fine-tune?", module(), data())


if __name__ == "__main__":
    write_text(PAGE, page())
