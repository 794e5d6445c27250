"""Modules of JavaScript as one script, and a page that holds it and opens from a file."""

import json
import re
from pathlib import Path
from typing import Any

from course.files import read_text
from widgets.static import STATIC

EXPLORER_CSS = STATIC / "explorer.css"


def bundle(folder: Path, *names: str) -> str:
    """Modules of a folder in one text without imports and exports, each after those that it imports."""
    texts = "\n".join(read_text(folder / name) for name in names)
    without_imports = re.sub(r"^import \{.*?\} from .*?;\n", "", texts, flags=re.M | re.S)
    return re.sub(r"^export ", "", without_imports, flags=re.M)


def page(title: str, heading: str, script: str, data: Any) -> str:
    """A page that calls `mount(root, data)` of the script. Nothing in it comes from elsewhere."""
    # "</" would end the script.
    known = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 1em; background: Canvas; color: CanvasText; }}
h1 {{ font: 600 22px system-ui, sans-serif; }}
{read_text(EXPLORER_CSS)}</style>
<main>
<h1>{heading}</h1>
<div id="explorer"></div>
<noscript>This page computes in your browser, so it needs JavaScript.</noscript>
</main>
<script type="module">
{script}
mount(document.getElementById("explorer"), {known});
</script>
</html>
"""
