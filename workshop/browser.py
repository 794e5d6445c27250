"""A learner's browser without its page: it logs in to the hub, starts a server, and runs cells in a kernel.

It asks what JupyterLab asks, over the same addresses and websockets, and like JupyterLab it connects again
when a connection breaks.
"""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp

PATIENCE = 240.0  # seconds: with thirty others on two cores a server takes its time
ANSWERS_WITHIN = 20.0  # seconds, for a kernel that has nothing else to do
PAUSE = 0.5
BUSY = (404, 424, 429, 500, 502, 503, 504)  # while a server starts, or the hub or the proxy is started again


class CellFailed(Exception):
    """A cell raised, and this is what the learner reads. `kind` is the name of the error's class."""

    def __init__(self, learner: str, kind: str, text: str) -> None:
        super().__init__(f"{learner}: {kind}: {text}")
        self.kind = kind


class KernelDied(Exception):
    """The kernel was started again: its variables are gone, and the cell has no answer."""


@dataclass
class Output:
    """What a cell printed or showed as text, and the values of the expressions that were asked with it."""

    text: str = ""
    values: dict[str, str] = field(default_factory=dict)


class Browser:
    """One learner's. Use it in `async with`."""

    def __init__(self, address: str, name: str, token: str) -> None:
        self.name = name
        self.run_again = 0  # cells whose connection broke, which a learner would run again
        self._address = address
        self._token = token
        self._server = f"{address}/user/{name}"
        self._tab = uuid.uuid4().hex  # the server keeps what a kernel says for this tab while it is away
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> "Browser":
        jar = aiohttp.CookieJar(unsafe=True)  # takes cookies from an address in numbers
        self._http = aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(PATIENCE))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def log_in(self) -> None:
        """Through the hub's form. Raises PermissionError when the hub does not let the learner in."""
        await self._ask("GET", f"{self._address}/hub/login")
        form = {"username": self.name, "password": self._token, "_xsrf": self._xsrf("/hub/")}
        page = f"{self._address}/hub/login?next=/hub/home"
        async with self._http.post(page, data=form) as answer:
            if not answer.url.path.endswith("/hub/home"):
                raise PermissionError(f"{self.name}: the hub answers {answer.status} at {answer.url.path}")

    async def start_server(self) -> None:
        """Start it and wait for its page, which is reached by way of the hub, for the learner's cookie."""
        await self._ask("GET", f"{self._address}/hub/spawn")
        deadline = time.monotonic() + PATIENCE
        while True:
            async with self._http.get(f"{self._server}/lab") as answer:
                if answer.ok and answer.url.path == f"/user/{self.name}/lab":
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: the server does not start")
            await asyncio.sleep(PAUSE)

    async def open(self, notebook: str) -> list[str]:
        """Start a kernel for a notebook in notebooks/, as a tab does. Returns the code cells."""
        path = f"notebooks/{notebook}"
        found = await self._ask("GET", f"{self._server}/api/contents/{path}?content=1")
        wanted = {"name": notebook, "path": path, "type": "notebook", "kernel": {"name": "python3"}}
        session = await self._ask("POST", f"{self._server}/api/sessions", json=wanted)
        self.kernel = session["kernel"]["id"]
        cells = found["content"]["cells"]
        return [cell["source"] for cell in cells if cell["cell_type"] == "code"]

    async def kernels(self) -> list[str]:
        """The ids of those that run in the learner's server."""
        return [kernel["id"] for kernel in await self._ask("GET", f"{self._server}/api/kernels")]

    async def run(self, code: str, **expressions: str) -> Output:
        """Run a cell. Raises CellFailed with its error, KernelDied where the kernel did not live to answer.

        `expressions` are evaluated after it; one that raises has no value.
        """
        content = {"code": code, "silent": False, "user_expressions": expressions}
        try:
            return await asyncio.wait_for(self._output(self._message("execute_request", content)), PATIENCE)
        except TimeoutError:
            first = code.strip().partition("\n")[0]
            raise TimeoutError(f"{self.name}: no answer within {PATIENCE:.0f} s to {first!r}") from None

    async def until_ready(self) -> None:
        """Wait until the kernel answers, as a tab does: what it is sent while it restarts may be lost."""
        deadline = time.monotonic() + PATIENCE
        while True:
            asked = self._output(self._message("kernel_info_request", {}))
            try:
                await asyncio.wait_for(asked, ANSWERS_WITHIN)
                return
            except (KernelDied, TimeoutError):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.name}: the kernel does not answer") from None

    def _message(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "username": self.name,
            "session": self._tab,
            "version": "5.4",
        }
        beside = {"parent_header": {}, "metadata": {}, "channel": "shell", "buffers": []}
        return {"header": header, "content": content, **beside}

    async def _output(self, message: dict[str, Any]) -> Output:
        request = message["header"]["msg_id"]
        output = Output()
        await self._send(message)
        failed: CellFailed | None = None
        is_idle = is_replied = False
        while not (is_idle and is_replied):
            said = await self._next()
            if said is None:
                # What was on its way may be lost, either the request or its answer.
                self.run_again += 1
                await self._send(message)
                continue
            content, kind = said["content"], said["header"]["msg_type"]
            if kind == "status" and content["execution_state"] in ("restarting", "autorestarting", "dead"):
                raise KernelDied(self.name)
            if said["parent_header"].get("msg_id") != request:
                continue
            match kind:
                case "status":
                    is_idle = content["execution_state"] == "idle"
                case "stream":
                    output.text += content["text"]
                case "execute_result" | "display_data":
                    output.text += content["data"].get("text/plain", "")
                case "error":
                    failed = CellFailed(self.name, content["ename"], content["evalue"])
                case "execute_reply" | "kernel_info_reply":
                    is_replied = True
                    values = content.get("user_expressions", {}).items()
                    output.values = {
                        name: value["data"]["text/plain"] for name, value in values if value["status"] == "ok"
                    }
        if failed:
            raise failed
        return output

    async def _next(self) -> dict[str, Any] | None:
        """The next message of the kernel; None when the connection broke."""
        assert self._socket  # _send made it
        received = await self._socket.receive()
        if received.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return json.loads(received.data)
        self._socket = None
        return None

    async def _send(self, message: dict[str, Any]) -> None:
        """Over the connection of this tab, or a new one."""
        deadline = time.monotonic() + PATIENCE
        address = f"{self._server}/api/kernels/{self.kernel}/channels?session_id={self._tab}"
        while True:
            try:
                if self._socket is None:
                    self._socket = await self._http.ws_connect(address, max_msg_size=0)
                return await self._socket.send_json(message)
            except aiohttp.ClientError:
                self._socket = None
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(PAUSE)

    async def _ask(self, method: str, address: str, **options: Any) -> Any:
        """The answer's JSON, or None for a page; asked again while a part of the room is away."""
        deadline = time.monotonic() + PATIENCE
        while True:
            headers = {"X-XSRFToken": self._xsrf(f"/user/{self.name}/")}
            try:
                async with self._http.request(method, address, headers=headers, **options) as answer:
                    if answer.ok:
                        return await answer.json() if answer.content_type == "application/json" else None
                    if answer.status not in BUSY or time.monotonic() > deadline:
                        raise ConnectionError(f"{self.name}: {answer.status} for {method} {answer.url.path}")
            except aiohttp.ClientConnectionError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE)

    def _xsrf(self, path: str) -> str:
        cookies = [
            cookie for cookie in self._http.cookie_jar if cookie.key == "_xsrf" and cookie["path"] == path
        ]
        return cookies[0].value if cookies else ""
