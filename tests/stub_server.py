"""A server on loopback that speaks enough of the Messages API to test the client's plumbing. It measures
nothing.
"""

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

OK = 200
HANG = "hang"
BREAK = "break"
SILENT_END = "silent end"
ECHO_KEY = "echo key"
REPEAT_KEY = "repeat key"
NOT_A_MESSAGE = "not a message"
# Contents that are not a reply.
CONTENTS = {
    "no blocks": [],
    "no content": None,
    "thinking only": [{"type": "thinking", "thinking": "hm", "signature": ""}],
    "mangled block": [{"te***t": "a"}],
    "block without text": [{"type": "text"}],
}
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
USAGE = {
    "input_tokens": 30,
    "output_tokens": 2,
    "cache_read_input_tokens": 4,
    "cache_creation_input_tokens": 0,
}


class StubServer:
    """Answers with `script` in its order, then with its last entry for ever.

    `requests` holds every body it received, `uploads` those of skills, which it lists. Clear `released`
    to hold every answer back until it is set. `answer(body)` may give other fields for a message.
    """

    def __init__(self, port: int = 0) -> None:
        self.script: list[int | str] = [OK]
        self.requests: list[dict] = []
        self.uploads: list[str] = []
        self.answer: Callable[[dict], dict] = lambda body: {}
        self.seconds = 0.0
        self.released = threading.Event()
        self.released.set()
        self.models = models("first-model", "second-model")
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = _QuietServer(("127.0.0.1", port), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def next_reply(self, body: dict) -> int | str:
        with self.lock:
            self.requests.append(body)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def stub_server(port: int = 0) -> Iterator[StubServer]:
    stub = StubServer(port)
    thread = threading.Thread(target=stub._server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.stopping.set()
        stub._server.shutdown()
        stub._server.server_close()
        thread.join()


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, address: object) -> None:
        """A client that was killed or gave up is part of the tests, anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, address)


def _handler(stub: StubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Keep the test output quiet."""

        def do_GET(self) -> None:
            if self.path.startswith("/v1/skills"):
                self._json(200, {"data": [skill(body) for body in stub.uploads], "next_page": None})
                return
            self._send(200, stub.models)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["content-length"]))
            if self.path.startswith("/v1/skills"):
                stub.uploads.append(sent.decode(errors="replace"))
                self._json(200, skill(stub.uploads[-1]))
                return
            body = json.loads(sent)
            reply = stub.next_reply(body)
            if reply in CONTENTS:
                self._json(200, {**message(body), "content": CONTENTS[reply]})
                return
            if reply == REPEAT_KEY:
                body["messages"][-1]["content"], reply = self._key(), OK
            time.sleep(stub.seconds)
            stub.released.wait(10)
            if reply == OK and self.path.endswith("count_tokens"):
                self._json(200, {"input_tokens": 34})
            elif reply == OK and not body.get("stream"):
                self._json(200, message(body) | stub.answer(body))
            elif reply == NOT_A_MESSAGE:
                self._json(200, {"object": "chat.completion"})
            elif reply == HANG:
                stub.stopping.wait(10)
                self.close_connection = True
            elif reply in KINDS or reply == ECHO_KEY:
                self._error(reply)
            else:
                self._events(body, reply)

        def _key(self) -> str:
            return self.headers["authorization"] or self.headers["x-api-key"]

        def _error(self, reply: int | str) -> None:
            status = 401 if reply == ECHO_KEY else int(reply)
            said = f"bad key {self._key()}" if reply == ECHO_KEY else f"stub {status}"
            self._json(status, {"type": "error", "error": {"type": KINDS[status], "message": said}})

        def _json(self, status: int, body: dict) -> None:
            self._send(status, json.dumps(body).encode())

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.send_header("retry-after-ms", "10")
            self.end_headers()
            self.wfile.write(data)

        def _events(self, body: dict, reply: int | str) -> None:
            self.send_response(200)
            self.send_header(
                "content-type", "text/event-stream" if body.get("stream") else "application/json"
            )
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            events = stream_events(body) if body.get("stream") else [json.dumps(message(body))[:40]]
            for event in events if reply == OK else events[:3]:
                for part in (event[:7], event[7:]):
                    self.wfile.write(f"{len(part.encode()):x}\r\n".encode() + part.encode() + b"\r\n")
            if reply == BREAK:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

    return Handler


def models(*names: str) -> bytes:
    """The page that lists these models."""
    return json.dumps({"data": [{"id": name, "type": "model"} for name in names], "has_more": False}).encode()


def message(body: dict) -> dict:
    """An answer that repeats the last text it was asked."""
    return {
        "id": "msg_stub",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": f"echo {body['messages'][-1]['content']}"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def echo_transport(asked: list[str]) -> httpx2.MockTransport:
    """A local model that repeats what it is asked; `asked` gets the models that requests name."""

    def echo(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.read())
        asked.append(body["model"])
        return httpx2.Response(200, json=message(body))

    return httpx2.MockTransport(echo)


def skill(upload: str) -> dict:
    """A skill as the API describes it, from the multipart body that it was sent in."""
    label = upload.partition('name="display_name"')[2].strip().splitlines()[0]
    return {
        "id": "skill_" + hashlib.sha256(label.encode()).hexdigest()[:8],
        "type": "skill",
        "display_name": label,
        "latest_version_id": "1",
        "source": {"type": "custom"},
        "created_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-20T10:00:00Z",
    }


def stream_events(body: dict) -> list[str]:
    """The same answer as server-sent events."""
    whole = message(body)
    delta = {"type": "text_delta", "text": whole["content"][0]["text"]}
    events = [
        {
            "type": "message_start",
            "message": {**whole, "content": [], "usage": {**USAGE, "output_tokens": 1}},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    return [f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events]
