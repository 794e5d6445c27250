"""Each transport alone, over one that answers as it is told."""

from collections.abc import Callable

import httpx2
import pytest

from course.engine.meter import Budget, BudgetError
from course.engine.transports import Budgeting, Call, Checking, Gate, Masking, Opening
from course.errors import CourseError
from tests.stub_server import message, stream_events

BODY = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hello"}]}
KEY = "sk-marker-0123456789"


class Server(httpx2.MockTransport):
    """Answers every request in the same way and remembers them."""

    def __init__(self, answer: Callable[[], httpx2.Response]) -> None:
        super().__init__(lambda request: self.requests.append(request) or answer())
        self.requests: list[httpx2.Request] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True


def post(body: dict = BODY, path: str = "/v1/messages") -> httpx2.Request:
    return httpx2.Request("POST", f"http://there{path}", json=body)


def replying() -> Server:
    return Server(lambda: httpx2.Response(200, json=message(BODY)))


def streaming(events: slice = slice(None)) -> Opening:
    """Sends these of the events of an answer."""
    chunks = "".join(stream_events(BODY)[events]).encode()
    server = Server(lambda: httpx2.Response(200, stream=httpx2.ByteStream(chunks)))
    return Opening(lambda: server)


def price(model: str, input_tokens: int, output_tokens: int, **cached: int) -> float:
    return 0.01 * output_tokens


def read(response: httpx2.Response) -> str:
    """The body to its end, as the SDK reads it."""
    try:
        return b"".join(response.stream).decode()
    finally:
        response.close()


def test_a_call_is_known_by_path_and_body_and_not_by_the_order_of_its_names():
    call = Call.of(post())
    assert call.key == Call.of(post(dict(reversed(BODY.items())))).key
    for changed in (
        {"model": "n"},
        {"max_tokens": 6},
        {"system": "Be brief."},
        {"metadata": {"user_id": "a"}},
        {"stream": True},
    ):
        assert call.key != Call.of(post(BODY | changed)).key
    assert call.key != Call.of(post(path="/v1/messages/count_tokens")).key
    assert (call.model, call.max_tokens, call.streams, call.is_count) == ("m", 5, False, False)
    assert Call.of(post(path="/v1/skills")) is None
    assert Call.of(httpx2.Request("GET", "http://there/v1/messages")) is None


def test_the_gate_stops_what_has_no_price_and_what_holds_a_key():
    server = replying()
    gate = Gate(server, mode="live", secrets=(KEY, "hello"))
    with pytest.raises(CourseError, match="POST /v1/messages/batches is not metered"):
        gate.handle_request(post(path="/v1/messages/batches"))
    with pytest.raises(CourseError, match="holds your key"):
        gate.handle_request(post({**BODY, "system": f"The key is {KEY}."}))
    assert server.requests == []
    assert gate.handle_request(post()).status_code == 200
    gate.close()
    assert server.closed


def test_the_server_is_opened_at_the_first_request_and_once():
    opened: list[Server] = []

    def open_server() -> Server:
        opened.append(replying())
        return opened[-1]

    opening = Opening(open_server)
    opening.close()
    assert opened == []
    for _ in range(2):
        opening.handle_request(post())
    assert len(opened) == 1
    opening.close()
    assert opened[0].closed


@pytest.mark.parametrize("streams", [False, True])
def test_a_budget_holds_the_worst_price_until_the_answer_is_complete(streams):
    budget = Budget(0.05)
    inner = streaming() if streams else replying()
    response = Budgeting(inner, budget, price).handle_request(post({**BODY, "stream": streams}))
    assert budget.left == pytest.approx(0 if streams else 0.03)
    read(response)
    assert (budget.spent, budget.left) == (pytest.approx(0.02), pytest.approx(0.03))
    with pytest.raises(BudgetError):
        Budgeting(inner, budget, price).handle_request(post())


@pytest.mark.parametrize(
    ("failure", "spent"),
    [(httpx2.ConnectError("no"), 0), (httpx2.ReadTimeout("late"), 0.05), (ValueError(), 0.05)],
)
def test_a_budget_settles_what_fails(failure, spent):
    def fail() -> httpx2.Response:
        raise failure

    budget = Budget(1.0)
    with pytest.raises(type(failure)):
        Budgeting(Server(fail), budget, price).handle_request(post())
    assert (budget.spent, budget.left) == (pytest.approx(spent), pytest.approx(1 - spent))


def test_a_budget_counts_a_refused_request_as_free_and_a_broken_stream_in_full():
    budget = Budget(1.0)
    Budgeting(Server(lambda: httpx2.Response(400)), budget, price).handle_request(post())
    assert (budget.spent, budget.left) == (0, 1)
    response = Budgeting(streaming(slice(3)), budget, price).handle_request(post({**BODY, "stream": True}))
    with pytest.raises(httpx2.RemoteProtocolError, match="ended before its message"):
        read(response)
    assert (budget.spent, budget.left) == (pytest.approx(0.05), pytest.approx(0.95))


@pytest.mark.parametrize("status", [200, 401, 500])
def test_headers_and_errors_are_masked_and_answers_are_not(status):
    body = {"error": {"message": f"bad {KEY} or word"}}
    server = Server(lambda: httpx2.Response(status, json=body, headers={"x-seen": f"{KEY} word"}))
    response = Masking(server, (KEY, "word")).handle_request(post())
    assert response.headers["x-seen"] == "*** ***"
    shown = {200: f"bad {KEY} or word", 401: "bad *** or ***", 500: "bad *** or word"}
    assert response.json()["error"]["message"] == shown[status]


def test_only_an_answer_passes_the_check():
    checking = Checking(replying(), server="there", secrets=(KEY,))
    assert checking.handle_request(post()).status_code == 200
    for answer in (b"<html>", b"[]", b"{}", b'{"content": [], "usage": {}, "stop_reason": "end_turn"}'):
        broken = Server(lambda answer=answer: httpx2.Response(200, content=answer))
        with pytest.raises(CourseError, match="there sent an answer that cannot be used, and it is not kept"):
            Checking(broken, server="there", secrets=()).handle_request(post())
    count = post(path="/v1/messages/count_tokens")
    with pytest.raises(CourseError, match="it is not a count of tokens"):
        checking.handle_request(count)
    assert Checking(Server(lambda: httpx2.Response(500)), server="there", secrets=()).handle_request(post())
