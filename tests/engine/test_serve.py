"""The server of a room through real clients: the anthropic package, connect() and curl."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import anthropic
import httpx2
import pytest
from pydantic import BaseModel

from course import serve
from course.engine import messages_api
from course.engine.client import Served, connect
from course.engine.meter import collect
from course.engine.replies import text_of
from course.engine.room import LONGEST, Allowance, Busy, Learner, Room, RoomLimits, checked, read_tokens
from course.errors import CourseError
from course.material.data import tickets
from course.measuring.evaluate import evaluate
from course.paths import ROOT
from tests.room_server import RoomServer, room_server

HELLO = [{"role": "user", "content": "Say hello to the gardener."}]
HI = [{"role": "user", "content": "hello"}]
COLOURS = {"enum": ["red", "blue"]}
LONG = {"model": "local", "max_tokens": 2000, "messages": [{"role": "user", "content": "Tell a long story."}]}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomServer]:
    with room_server(tmp_path_factory.mktemp("room"), "--learners", "3") as server:
        yield server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RoomServer, dict]]:
    """A server with tight limits that was killed and started again after it gave the answer beside it."""
    with room_server(tmp_path_factory.mktemp("strict"), "--per-minute", "400", "--queue", "3") as server:
        answer = sync(server).messages.create(model="local", max_tokens=12, messages=HELLO)
        server.kill()
        server.start()
        yield server, answer.to_dict()


def sync(server: RoomServer, learner: int = 0) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url, auth_token=server.tokens[learner], max_retries=0)


def ask(client: anthropic.Anthropic, text: str = "hello", **changes: object) -> anthropic.types.Message:
    messages = [{"role": "user", "content": text}]
    return client.messages.create(**{"model": "local", "max_tokens": 12, "messages": messages, **changes})


def curl(server: RoomServer, path: str, *options: str, learner: int = 0) -> tuple[int, dict]:
    """The status and the JSON that curl gets."""
    command = ["curl", "-sS", "-w", "\n%{http_code}", "-H", f"x-api-key: {server.tokens[learner]}"]
    done = subprocess.run([*command, *options, server.url + path], capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


@pytest.mark.slow
def test_sync_async_and_streaming_clients_get_the_same_message(room):
    whole = sync(room).messages.create(model="local", max_tokens=20, messages=HI)
    assert (whole.type, whole.role, whole.model) == ("message", "assistant", "local")
    asynchronous = anthropic.AsyncAnthropic(base_url=room.url, api_key=room.tokens[1], max_retries=0)

    async def asked() -> tuple[anthropic.types.Message, list[str]]:
        message = await asynchronous.messages.create(model="local", max_tokens=20, messages=HI)
        async with asynchronous.messages.stream(model="local", max_tokens=20, messages=HI) as stream:
            return message, [piece async for piece in stream.text_stream]

    message, pieces = asyncio.run(asked())
    assert message == whole  # one memory for all
    assert len(pieces) > 3 and "".join(pieces) == text_of(whole)
    with sync(room).messages.stream(model="local", max_tokens=20, messages=HI) as stream:
        again = stream.get_final_message()
    assert text_of(again) == text_of(whole)
    assert (again.stop_reason, again.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)


@pytest.mark.slow
def test_a_client_that_hangs_up_in_a_stream_ends_its_own_answer_alone(room):
    sent = room.log.count("learner-03 200 POST")
    with sync(room, 2).messages.stream(**LONG) as stream:
        pieces = iter(stream.text_stream)
        next(pieces), next(pieces)
        # The others do not wait for its end.
        assert ask(sync(room, 1), "Meanwhile?", max_tokens=1).usage.output_tokens == 1
    room.wait_for("learner-03 200 POST", sent + 1)
    assert ask(sync(room, 1), "And now?", max_tokens=1).usage.output_tokens == 1
    with closing(sqlite3.connect(room.folder / "answers.sqlite")) as kept:
        asked = [request for (request,) in kept.execute("SELECT request FROM recordings")]
    assert not any("long story" in request for request in asked)  # the engine did not go on without it
    assert any("And now?" in request for request in asked)


@pytest.mark.slow
def test_schema_tools_counts_and_models(room):
    client = sync(room)

    class Colour(BaseModel):
        colour: str

    form = {"format": {"type": "json_schema", "schema": COLOURS}}
    assert json.loads(text_of(ask(client, output_config=form))) in COLOURS["enum"]
    parsed = client.messages.parse(model="local", max_tokens=40, messages=HELLO, output_format=Colour)
    assert isinstance(parsed.parsed_output, Colour)
    asked: list[int] = []

    @anthropic.beta_tool
    def get_order(number: int) -> str:
        """Look up an order by its number.

        Args:
            number: The number of the order.
        """
        asked.append(number)
        return "Shipped on Monday."

    question = [{"role": "user", "content": "Where is order 1234?"}]
    request = {"model": "local", "max_tokens": 60, "messages": question, "tools": [get_order]}
    messages = list(client.beta.messages.tool_runner(**request, max_iterations=2))
    calls = [block.input for message in messages for block in message.content if block.type == "tool_use"]
    assert calls and asked == [call["number"] for call in calls]
    counted = client.messages.count_tokens(model="local", messages=HELLO)
    assert counted.input_tokens == ask(client, HELLO[0]["content"]).usage.input_tokens
    assert [model.id for model in client.models.list()] == ["local"]  # the sizes that it serves
    assert client.models.retrieve("local").id == "local"


@pytest.mark.slow
def test_curl_streams_and_gets_errors_in_the_shape_of_the_api(room, tmp_path):
    body = {"model": "local", "max_tokens": 3, "messages": HELLO}
    status, message = curl(room, "/v1/messages", "-d", json.dumps(body))
    assert (status, message["usage"]["output_tokens"]) == (200, 3)
    streamed = subprocess.run(
        ["curl", "-sSN", "-H", f"authorization: Bearer {room.tokens[0]}", f"{room.url}/v1/messages"]
        + ["-d", json.dumps({**body, "stream": True})],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert streamed.startswith("event: message_start\n") and "event: message_stop\n" in streamed
    large, larger = tmp_path / "large", tmp_path / "larger"
    large.write_bytes(bytes(3 * 2**20))
    larger.write_bytes(bytes(40 * 2**20))
    half = json.dumps({**body, "metadata": {"user_id": "\ud800"}})
    expected = [
        ("/v1/messages", ("-d", '{"model"'), 400, "invalid_request_error", "is not valid JSON"),
        ("/v1/messages", ("-d", "[1]"), 400, "invalid_request_error", "is not a JSON object"),
        ("/v1/messages", ("-d", "{}"), 400, "invalid_request_error", "model: Field required"),
        ("/v1/messages", ("-d", half), 400, "invalid_request_error", "half a character"),
        (
            "/v1/messages",
            ("-d", json.dumps({**body, "model": "other"})),
            404,
            "not_found_error",
            "are: local",
        ),
        ("/v1/messages", ("--data-binary", f"@{large}"), 413, "request_too_large", "2,097,152 bytes"),
        ("/v1/messages", ("--data-binary", f"@{larger}"), 413, "request_too_large", "2,097,152 bytes"),
        ("/v1/complete", ("-d", "{}"), 404, "not_found_error", "POST /v1/complete"),
        ("/v1/%6Dessages", ("-d", json.dumps(body)), 404, "not_found_error", "does not offer this"),
        ("/elsewhere", (), 404, "not_found_error", "GET /elsewhere"),
        ("/v1/models", ("-X", "TRACE"), 405, "api_error", "Method Not Allowed"),
    ]
    for path, options, *answer, sentence in expected:
        status, error = curl(room, path, *options)
        assert [status, error["error"]["type"]] == answer, (path, options[:1])
        assert sentence in error["error"]["message"] and error["type"] == "error"
        assert error["request_id"].startswith("req_")


@pytest.mark.slow
def test_only_a_token_of_the_room_lets_in_and_none_is_written_anywhere(room):
    for headers in ({}, {"x-api-key": "wrong"}, {"authorization": f"Basic {room.tokens[0]}"}):
        refused = httpx2.post(f"{room.url}/v1/messages", headers=headers, json={})
        assert refused.status_code == 401
        assert refused.json()["error"]["type"] == "authentication_error"
    with pytest.raises(anthropic.AuthenticationError):
        ask(anthropic.Anthropic(base_url=room.url, api_key=room.tokens[0][:-1], max_retries=0))
    with closing(sqlite3.connect(room.folder / "answers.sqlite")) as kept:
        dumped = "\n".join(kept.iterdump())
    for token in room.tokens:
        assert token not in room.log and token not in dumped
    assert "learner-01 200 POST /v1/messages" in room.log and "nobody 401 POST" in room.log
    assert stat.S_IMODE((room.folder / "tokens.csv").stat().st_mode) == 0o600


@pytest.mark.slow
def test_killed_and_started_again_it_keeps_its_answers_and_each_learner_has_limits_of_their_own(strict):
    room, kept = strict
    first, second = sync(room), sync(room, 1)
    # A recorded answer is free, however often it is asked.
    for client in (first, second, first, first, first):
        reply = client.messages.with_raw_response.create(model="local", max_tokens=12, messages=HELLO)
        assert reply.parse().to_dict() == kept
        assert json.loads(reply.headers["x-course-origin"])["mode"] == "room"
    with pytest.raises(anthropic.RateLimitError) as refused:
        for number in range(40):
            ask(first, f"Question {number}?")
    assert 0 < int(refused.value.response.headers["retry-after"]) <= 60
    assert refused.value.body["error"]["type"] == "rate_limit_error"
    assert "400 a minute" in refused.value.body["error"]["message"]
    assert ask(second, "Question 99?").usage.output_tokens > 0


@pytest.mark.slow
def test_a_full_queue_is_a_429_and_the_same_request_at_once_is_asked_once(strict):
    room, _ = strict

    def status(text: str, learner: int) -> tuple[int, str]:
        try:
            return 200, ask(sync(room, learner), text, max_tokens=100).id
        except anthropic.RateLimitError as error:
            return 429, error.body["error"]["message"]

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda learner: status("The same question.", learner), range(2, 10)))
    answered = {message for code, message in said if code == 200}
    refused = {message for code, message in said if code == 429}
    assert len(answered) == 1 and sum(code == 200 for code, _ in said) >= 3
    assert all(message.startswith("3 requests wait in this room already") for message in refused)


@pytest.fixture
def learner(room: RoomServer, results_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook of the room, with results of its own and no carried answers."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", room.url)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", room.tokens[2])
    monkeypatch.setenv("COURSE_RECORDINGS", str(results_dir / "none"))


@pytest.mark.slow
@pytest.mark.usefixtures("learner")
def test_a_notebook_of_the_room_says_so_and_records_who_answered(room, capsys):
    client, model = connect()
    assert capsys.readouterr().out == f"local model of this room: SmolLM2-135M at {room.url}\n"
    assert (client.mode, model) == ("local", "local")

    def predict(row: object) -> str:
        messages = [{"role": "user", "content": row.text}]
        return text_of(client.messages.create(model=model, max_tokens=4, messages=messages))

    with collect() as uses:
        result = evaluate(tickets("train")[:3], predict, name="room", client=client)
        again = evaluate(tickets("train")[:3], predict, name="room", client=client)
    assert capsys.readouterr().out == ""  # nothing to pay, so no estimate
    assert result.badge == again.badge == "measured in this room: local"
    assert [use.replayed for use in uses] == [False] * 3 + [True] * 3
    assert {(use.mode, use.cost) for use in uses} == {("room", 0.0)}
    # As in the process: the engine's own seconds at the price of the rented machine.
    assert result.cost_per_1000 == again.cost_per_1000 > 0
    with pytest.raises(CourseError, match="This room has no large model: connect to small"):
        connect("large")


@pytest.mark.slow
@pytest.mark.usefixtures("learner")
def test_carried_answers_are_shown_as_such_in_a_room(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_RECORDINGS")
    connect()
    said = capsys.readouterr().out
    assert said.startswith("recorded: SmolLM2-135M on ")
    assert said.endswith(" answers, a changed request asks the model of this room\n")
    connect("large")
    said = capsys.readouterr().out
    assert said.startswith("recorded: Qwen2.5-Coder-1.5B on ")
    assert said.endswith("a changed request has no answer: no large model is here\n")


@pytest.mark.slow
@pytest.mark.usefixtures("learner")
def test_a_killed_learner_loses_no_answer_and_stops_nobody(room):
    asking = """
from course.engine.client import connect
client, model = connect()
for number in range(10000):
    text = f"Killed learner, question {number}."
    client.messages.create(model=model, max_tokens=8, messages=[{"role": "user", "content": text}])
    print(number, flush=True)
"""
    killed = subprocess.Popen([sys.executable, "-c", asking], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout
    killed.stdout.readline()
    for number in range(3):
        assert killed.stdout.readline() == f"{number}\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert ask(sync(room), "Does it go on?", max_tokens=2).usage.output_tokens == 2
    client, model = connect()
    with collect() as uses:
        for number in range(3):
            ask(client, f"Killed learner, question {number}.", model=model, max_tokens=8)
    assert all(use.replayed for use in uses)  # in the learner's own recordings
    again = sync(room).messages.with_raw_response.create(
        model="local", max_tokens=8, messages=[{"role": "user", "content": "Killed learner, question 2."}]
    )
    assert "x-course-origin" in again.headers  # and in the room's


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--queue", "0"), "--queue is 0: it must be 1 or more."),
        (("--tokens", "/dev/null"), "null, line 1: the column 'learner' is missing"),
        (("--sizes", "large"), "Qwen2.5-Coder-1.5B is not on this machine. Run: python -m"),
    ],
)
def test_a_start_that_cannot_work_says_so_in_one_sentence(options, sentence, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as end:
        serve.main(["--folder", str(tmp_path / "room"), *options])
    assert sentence in str(end.value) and "\n" not in str(end.value)


def test_an_error_of_the_model_is_not_asked_again(tmp_path, monkeypatch):
    def broken() -> None:
        raise CourseError("The engine is broken.")

    monkeypatch.setitem(messages_api.MODELS, "local", broken)
    served = Served("local", "SmolLM2-135M", "local/0123", "1.0")
    room = Room([Learner("ada", "secret")], {"small": served}, tmp_path / "answers.sqlite", RoomLimits())
    body = {"model": "local", "max_tokens": 1, "messages": HELLO}
    request = httpx2.Request("POST", "http://room/v1/messages", json=body)
    response = room.answer(room.learner({"x-api-key": "secret"}), request, checked(request))
    assert (response.status_code, response.headers["x-should-retry"]) == (500, "false")
    assert response.json()["error"] == {"type": "api_error", "message": "The engine is broken."}


def test_an_allowance_holds_what_is_under_way_and_eight_of_the_longest_requests():
    now = [0.0]
    allowance = Allowance(RoomLimits(in_flight=100, per_minute=120), clock=lambda: now[0])
    allowance.reserve(60)
    with pytest.raises(Busy, match="under way may use 60 tokens, with this one more than the 100"):
        allowance.reserve(50)
    allowance.settle(60, 10)  # 110 of the minute are left
    allowance.reserve(100)
    allowance.settle(100, 100)
    with pytest.raises(
        Busy, match="This request may use 70 tokens, and you have 10 left of your 120"
    ) as busy:
        allowance.reserve(70)
    assert (busy.value.status, busy.value.headers) == (429, {"retry-after": "30"})
    now[0] = 30.0
    allowance.reserve(70)
    allowance.settle(70, 70)
    now[0] = 1000.0
    allowance.reserve(10**9)  # larger than a limit: alone it passes
    with pytest.raises(Busy, match="under way"):
        allowance.reserve(1)
    allowance.settle(10**9, 5)
    allowance.reserve(100)
    allowance = Allowance(RoomLimits())
    for _ in range(8):
        allowance.reserve(LONGEST)
    with pytest.raises(Busy):
        allowance.reserve(1)


def test_tokens_are_made_once_for_their_owner_alone(tmp_path):
    made = read_tokens(tmp_path / "room" / "tokens.csv", 3)
    assert [row.learner for row in made] == ["learner-01", "learner-02", "learner-03"]
    assert len({row.token for row in made}) == 3 and all(len(row.token) >= 32 for row in made)
    assert read_tokens(tmp_path / "room" / "tokens.csv", 99) == made
    given = tmp_path / "given.csv"
    given.write_text("learner,token\nada,one\nbob,two\n")
    assert read_tokens(given, 3) == [Learner("ada", "one"), Learner("bob", "two")]


@pytest.mark.parametrize("rows", ["ada,one\nbob,one\n", "ada,\n", "ada,one\nada,two\n"])
def test_a_wrong_file_of_tokens_is_one_sentence_without_them(rows, tmp_path):
    path = tmp_path / "tokens.csv"
    path.write_text(f"learner,token\n{rows}")
    with pytest.raises(CourseError, match="tokens.csv") as caught:
        read_tokens(path, 3)
    assert "one" not in str(caught.value).replace("one of their own", "") and "two" not in str(caught.value)
