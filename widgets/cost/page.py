"""The cost explorer: one module of JavaScript for JupyterLab and for a page that opens from a file.

`python -m widgets.cost.page` writes site/cost.html: no server, nothing to install, nothing from elsewhere.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from course.files import replacing
from course.paths import ROOT
from widgets.cost.inputs import APPROACHES, Approach, SharedInputs
from widgets.cost.presets import Preset, course_case, presets
from widgets.static import STATIC

PAGE = ROOT / "site" / "cost.html"
_MODEL = STATIC / "cost_model.js"
_VIEW = STATIC / "cost_view.js"
CSS = STATIC / "cost.css"


def data(cases: Sequence[Preset]) -> dict[str, Any]:
    """What the view has to know: the inputs and their bounds, the approaches, the cases, and the model."""
    return {
        "approaches": APPROACHES,
        "definitions": {
            owner: {part.name: asdict(part.metadata["definition"]) for part in fields(kind)}
            for owner, kind in (("case", SharedInputs), ("approach", Approach))
        },
        "presets": [
            {
                "id": case.id,
                "title": case.title,
                "note": case.note,
                "state": json.loads(case.assumptions.to_json()),
                "checks": [check.row() for check in case.checks],
            }
            for case in cases
        ],
        "model": _MODEL.read_text(encoding="utf-8"),
    }


def module() -> str:
    """The model and the view in one text without imports, which both the widget and the page can run."""
    texts = (path.read_text(encoding="utf-8") for path in (_MODEL, _VIEW))
    without_imports = re.sub(r"^import \{.*?\} from .*?;\n", "", "\n".join(texts), flags=re.M | re.S)
    return re.sub(r"^export ", "", without_imports, flags=re.M)


def page() -> str:
    """The whole page as HTML."""
    # "</" would end the script.
    known = json.dumps(data((course_case(), *presets())), separators=(",", ":")).replace("</", "<\\/")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>What it costs: prompt, retrieval, skill or fine-tuning</title>
<style>
body {{ margin: 1em; }}
h1 {{ font: 600 22px system-ui, sans-serif; }}
{CSS.read_text(encoding="utf-8")}</style>
<main>
<h1>What it costs</h1>
<div id="explorer"></div>
<noscript>This page computes in your browser, so it needs JavaScript.</noscript>
</main>
<script type="module">
{module()}
mount(document.getElementById("explorer"), {known}, {{ address: true }});
</script>
</html>
"""


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    with replacing(PAGE) as unfinished:
        unfinished.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
