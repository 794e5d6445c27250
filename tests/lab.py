"""A JupyterLab or a Voila for the tests and the bench, and what a browser asks of its page."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import ElementHandle, Locator

CONTROLS = "input[type=range], input[type=checkbox], input[type=number], select, fieldset"
MOVES = {"range": "ArrowRight", "checkbox": "Space", "number": "ArrowUp", "select-one": "ArrowDown"}
BACK_FROM_THE_END = {"range": "ArrowLeft", "select-one": "ArrowUp"}
AT_THE_END = """control => control.options
    ? control.selectedIndex === control.options.length - 1 : control.value === control.max"""

# What a reader sees beside the controls themselves: the words and the lines of every output.
SHOWN = """() => [...document.querySelectorAll('.jp-Cell-outputArea')].map(area => {
    const copy = area.cloneNode(true);
    copy.querySelectorAll('input, output, select, .widget-readout').forEach(part => part.remove());
    const lines = [...copy.querySelectorAll('path[d]')].map(path => path.getAttribute('d'));
    return copy.textContent + lines.join();
}).join()"""
ERRORS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .flatMap(cell => cell.model.outputs.toJSON())
    .filter(output => output.output_type === 'error')
    .map(output => `${output.ename}: ${output.evalue}`)"""
NEVER_RAN = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code' && cell.model.executionCount === null)
    .map(cell => cell.model.sharedModel.getSource())"""
NAME = """control => control.querySelector('legend')?.textContent || control.labels?.[0]?.textContent
    || control.getAttribute('aria-label') || ''"""
RUN_ALL = """async () => {
    await jupyterapp.shell.currentWidget.sessionContext.ready;
    const late = new Promise((_, fail) => setTimeout(() => fail('Run All took over 1,200 s'), 1_200_000));
    await Promise.race([jupyterapp.commands.execute('notebook:run-all-cells'), late]);
}"""


# As in the Makefile: `lab` and `app` answer a moved control at once.
PROMPT = "kernel_websocket_connection_class=widgets.server.PromptConnection"


@contextmanager
def serve_lab(
    folder: Path, settings: Mapping[str, str], prompt: bool = True, forked: bool = False
) -> Iterator[str]:
    """Serve `folder`/notebooks in JupyterLab and yield an address with a place for the notebook's `{name}`.

    `settings` are added to the environment; without `prompt` the server is Jupyter's own; with `forked` its
    kernels start as in `tests.forked_kernels`. The log and the configuration are kept in `folder`.
    """
    token = secrets.token_hex(16)
    options = [
        *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--IdentityProvider.token={token}"),
        *([f"--ServerApp.{PROMPT}"] if prompt else []),
        *("--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder / 'notebooks'}"),
    ]
    own = {"JUPYTER_CONFIG_DIR": _settings(folder), "JUPYTER_RUNTIME_DIR": folder / "runtime"}
    environment = {**settings} | {name: str(path) for name, path in own.items()}
    module = "tests.forked_kernels" if forked else "jupyterlab"
    with serve([module, *options], folder / "lab.log", environment, f"/api?token={token}") as address:
        yield f"{address}/lab/tree/{{name}}?reset&token={token}"


@contextmanager
def serve(command: Sequence[str], log: Path, settings: Mapping[str, str], ready: str) -> Iterator[str]:
    """Run this Python module with its options on a free port; yield its address once `ready` answers.

    `ready` is a path. RuntimeError with the end of the log when it does not within two minutes.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with open(log, "w+") as lines:
        server = subprocess.Popen(
            [sys.executable, "-m", *command, f"--port={port}"],
            env=os.environ | {**settings},
            stdout=lines,
            stderr=lines,
        )
        try:
            _wait_until_up(server, address + ready, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


def move(control: Locator | ElementHandle) -> None:
    """Move a control by one step with the keyboard alone: on from where it is, or back from its end."""
    kind = control.evaluate("control => control.type")
    if kind == "fieldset":
        chosen = control.evaluate_handle(
            "set => set.querySelector('input:checked') ?? set.querySelector('input')"
        )
        chosen.as_element().press("ArrowDown")
        return
    back = BACK_FROM_THE_END.get(kind)
    control.press(back if back and control.evaluate(AT_THE_END) else MOVES[kind])


def _settings(folder: Path) -> Path:
    """A settings folder: no dialog about news, cells out of sight drawn, widgets saved."""
    config = folder / "config"
    files = {
        "labconfig/page_config.json": {
            "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
        },
        "lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {
            "windowingMode": "none"
        },
        "lab/user-settings/@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings": {
            "saveState": True
        },
    }
    for name, content in files.items():
        (config / name).parent.mkdir(parents=True)
        (config / name).write_text(json.dumps(content))
    return config


def _wait_until_up(server: subprocess.Popen, url: str, log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"The server did not start:\n{log.read_text()[-3000:]}")
