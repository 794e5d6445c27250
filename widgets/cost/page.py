"""The cost explorer: one module of JavaScript for JupyterLab and for a page that opens from a file.

`python -m widgets.cost.page` writes site/cost.html: no server, nothing to install, nothing from elsewhere.
"""

import json
from collections.abc import Sequence
from typing import Any

from course.files import read_text, write_text
from course.paths import ROOT
from widgets import standalone
from widgets.cost.inputs import APPROACHES, MEANINGS, definitions
from widgets.cost.presets import Preset, course_case, presets
from widgets.static import STATIC

PAGE = ROOT / "site" / "cost.html"
_MODEL = STATIC / "cost_model.js"
_SHOWN = ("label", "unit", "lowest", "highest")  # of what an input is


def data(cases: Sequence[Preset]) -> dict[str, Any]:
    """What the view has to know: the inputs and their bounds, the approaches, the cases, and the model.

    `shared` cases are those of site/cost.html; a link to another case begins with the page's first, `course`.
    """
    shared = (course_case(), *presets())
    course = {"id": shared[0].id, "state": json.loads(shared[0].assumptions.to_json())}
    return {
        "approaches": APPROACHES,
        "meanings": MEANINGS,
        "definitions": {
            owner: {name: {part: getattr(one, part) for part in _SHOWN} for name, one in inputs.items()}
            for owner, inputs in definitions().items()
        },
        "presets": [
            {
                "id": case.id,
                "title": case.title,
                "note": case.note,
                "shared": case in shared,
                "state": json.loads(case.assumptions.to_json()),
                "checks": [check.row() for check in case.checks],
            }
            for case in cases
        ],
        "course": None if all(case in shared for case in cases) else course,
        "model": read_text(_MODEL),
    }


def module() -> str:
    """Model and view in one text without imports, which both the widget and the page can run."""
    return standalone.bundle(
        STATIC, _MODEL.name, "cost_pictures.js", "cost_state.js", "keep.js", "cost_view.js"
    )


def page() -> str:
    """The whole page as HTML."""
    title = "What it costs: prompt, retrieval, skill or fine-tuning"
    known = data((course_case(), *presets()))
    return standalone.page(title, "What it costs", module(), known)


if __name__ == "__main__":
    write_text(PAGE, page())
