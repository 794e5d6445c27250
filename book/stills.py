"""Stills: what a widget shows, as HTML without a kernel. A control says its value; a chart is drawn."""

import base64
import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from course.material.units import amount
from widgets.chart import page_piece
from widgets.explorer import table

WIDGET = "application/vnd.jupyter.widget-view+json"
STATES = "application/vnd.jupyter.widget-state+json"
MODEL = "IPY_MODEL_"
CONTROL = '<p class="still-control">'
LIVE = re.compile(r'(?P<before>.*<div class="live">)</div><script>(?P<script>.*)</script>', re.DOTALL)
Models = Mapping[str, Mapping[str, Any]]


def still(model_id: str, models: Models) -> str:
    """The widget with this id and all its parts. `models` is the widget state saved in the notebook."""
    state = models[model_id]["state"]
    for key, draw in _STILLS.items():
        if key in state:
            return draw(state, models, models[model_id])
    return ""


def _box(state: Mapping, models: Models, model: Mapping) -> str:
    return "".join(still(child.removeprefix(MODEL), models) for child in state["children"])


def _chart(state: Mapping, models: Models, model: Mapping) -> str:
    (numbers,) = (buffer["data"] for buffer in model["buffers"] if buffer["path"] == ["numbers"])
    return page_piece({**state, "numbers": base64.b64decode(numbers)})


def _slider(state: Mapping, models: Models, model: Mapping) -> str:
    return _setting(state["label"], amount(f"{state['stops'][state['position']]:,g}", state["unit"]))


def _choice(state: Mapping, models: Models, model: Mapping) -> str:
    return _setting(state["label"], state["options"][state["position"]])


def _setting(label: str, value: str) -> str:
    return f"{CONTROL}{html.escape(label)}: <b>{html.escape(value)}</b></p>"


def _quiz(state: Mapping, models: Models, model: Mapping) -> str:
    shown = ""
    for number, question in enumerate(state["questions"], start=1):
        options = "".join(f"<li>{html.escape(option)}</li>" for option in question["options"])
        shown += f"<p><b>{number}. {html.escape(question['question'])}</b></p><ul>{options}</ul>"
    return f"{shown}<p><small>In JupyterLab you can answer, and see why.</small></p>"


def _claims(state: Mapping, models: Models, model: Mapping) -> str:
    rows = [state["rows"][place] for place in state["shown"]]
    cells = [[html.escape(row[column]) for column in state["columns"]] for row in rows]
    return f"<p>{html.escape(state['sentence'])}</p>{table('Claims', state['columns'], cells, chosen=-1)}"


def _review(state: Mapping, models: Models, model: Mapping) -> str:
    return (
        f"<blockquote>{html.escape(state['ticket'])}</blockquote><p>The skill says "
        f"<b>{html.escape(state['routed'])}</b>. {html.escape(state['summary'])}</p>"
    )


def _coding(state: Mapping, models: Models, model: Mapping) -> str:
    rows = pd.DataFrame(state["failures"], columns=["text", "said", "right"])
    with pd.option_context("display.max_colwidth", None):
        failures = rows.to_html(index=False, border=0)
    return f"{failures}<p>{html.escape(state['summary'])} <small>In JupyterLab you can code them.</small></p>"


def _plain(state: Mapping, models: Models, model: Mapping) -> str:
    """One of ipywidgets' own: text as it is, or a control with its label."""
    value = {True: "on", False: "off"}[value] if isinstance(value := state["value"], bool) else str(value)
    return _setting(state["description"], value) if state.get("description") else value


def live(script: str, css: str) -> str:
    """An explorer as it is: the script draws into the element before its own. LIVE finds the script again."""
    return f'<style>{css}</style><div class="live"></div><script>{{{script}\n}}</script>'


def _live(state: Mapping, models: Models, model: Mapping) -> str:
    """An explorer itself: its model runs in the browser, so it works on a page as it does in JupyterLab."""
    values = json.dumps({name: state[name] for name in ("data", "state")}).replace("</", "<\\/")
    script = state["_esm"].replace("export default { render };", "")
    drawing = (
        "let answered;\nconst model = { get: (name) => values[name], set() {}, save_changes() {}, "
        "on: (_, call) => { answered = call; }, "
        "send: () => answered({ say: 'That button works in JupyterLab only.' }) };\n"
        "render({ el: document.currentScript.previousElementSibling, model });"
    )
    return live(f"{script}\nconst values = {values};\n{drawing}", state["_css"])


# By the trait that only widgets of this kind have, the first that fits.
_STILLS: dict[str, Callable[[Mapping, Models, Mapping], str]] = {
    "children": _box,
    "frame": _chart,
    "data": _live,
    "stops": _slider,
    "questions": _quiz,
    "shown": _claims,
    "routed": _review,
    "failures": _coding,
    "actions": lambda state, models, model: "",
    "position": _choice,
    "value": _plain,
}
