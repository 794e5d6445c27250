"""connect() against a stub server on loopback: what is sent, kept, counted and said when something fails."""

import json
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import anthropic
import httpx2
import pytest

from course import files
from course.engine import client, messages_api, recordings, weights
from course.engine.carried import Head, write
from course.engine.client import CourseClient, connect
from course.engine.meter import Budget, BudgetError, collect, estimate
from course.engine.recordings import Recording, default_path, export
from course.engine.sizes import local_model, local_models
from course.errors import CourseError
from course.material import prices
from course.paths import ROOT
from tests.stub_server import (
    BREAK,
    ECHO_KEY,
    HANG,
    NOT_A_MESSAGE,
    OK,
    REPEAT_KEY,
    SILENT_END,
    USAGE,
    StubServer,
    message,
    models,
    stub_server,
)

KEY = "sk-marker-0123456789"
SMALL = prices.tier("small")

RUN = """
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from course.engine.client import connect

client, model = connect()
sys.stdout.flush()

def ask(number):
    messages = [{"role": "user", "content": f"q{number}"}]
    said = client.messages.create(model=model, max_tokens=16, messages=messages)
    os.write(1, f"{said.content[0].text}\\n".encode())

with ThreadPoolExecutor(4) as pool:
    list(pool.map(ask, range(40)))
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, results_dir: Path) -> None:
    for name in list(os.environ):
        if name.startswith("ANTHROPIC_") or (name.startswith("COURSE_") and name != "COURSE_RESULTS"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(client, "_budget", Budget(1.0))


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with stub_server() as stub:
        yield stub


@pytest.fixture
def live(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[], CourseClient]:
    """Connects to the stub under the name and price of the small Claude."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("COURSE_MODEL", SMALL.id)
    return lambda: connect()[0]


def ask(client: anthropic.Anthropic, text: str = "hello", **options: object) -> str:
    options = {"model": SMALL.id, "max_tokens": 16, **options}
    return client.messages.create(messages=[{"role": "user", "content": text}], **options).content[0].text


def stream(client: anthropic.Anthropic, text: str = "hello") -> str:
    messages = [{"role": "user", "content": text}]
    with client.messages.stream(model=SMALL.id, max_tokens=16, messages=messages) as events:
        return "".join(events.text_stream)


ASKED = [ask, stream]


# Which mode


def test_a_key_means_live_and_the_badge_says_model_and_budget(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    for tier in prices.TIERS:
        client, model = connect(tier)
        assert (client.mode, model) == ("live", prices.tier(tier).id)
        assert capsys.readouterr().out == f"live: {model}, budget $1.00, spent $0.00\n"


def test_another_server_names_its_first_model_and_is_priced_at_zero(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{stub.url.replace('//', '//me:password@')}/")
    client, model = connect()
    assert model == "first-model"
    assert capsys.readouterr().out == f"live: first-model at {stub.url}, priced at zero\n"
    assert ask(client, model=model) == "echo hello"
    assert client.meter.spent == 0
    monkeypatch.setenv("COURSE_MODEL", "mine")
    assert connect()[1] == "mine"
    monkeypatch.delenv("COURSE_MODEL")


@pytest.mark.parametrize("page", [models(), b"", b"<html></html>", b"[]", b"{}", b"null", b'{"data": [1]}'])
def test_a_server_that_lists_no_models_is_a_clear_error(
    page: bytes, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.url)
    stub.models = page
    with pytest.raises(CourseError, match="does not say which models it has: set COURSE_MODEL to the name"):
        connect()


@pytest.mark.parametrize(
    "address",
    ["https://API.ANTHROPIC.COM", "HTTPS://api.anthropic.com/", "https://api.anthropic.com:443//"],
)
def test_anthropic_is_known_however_its_address_is_written(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
    client, model = connect()
    assert (model, client.base_url.host) == (SMALL.id, "api.anthropic.com")
    assert capsys.readouterr().out == f"live: {model}, budget $1.00, spent $0.00\n"
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(CourseError, match="Live mode needs a key"):
        connect()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"COURSE_MODE": "cloud"}, "'cloud' is not a mode: choose one of local, live, replay"),
        ({"COURSE_MODE": "live"}, "Live mode needs a key: set ANTHROPIC_API_KEY"),
        ({"COURSE_MODE": "replay"}, "set COURSE_RECORDING to its path"),
        ({"COURSE_RECORDING": "no/such/file"}, "COURSE_RECORDING names 'no/such/file', which is not a file"),
        ({"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_AUTH_TOKEN": "t"}, "are both set"),
        ({"ANTHROPIC_API_KEY": f"{KEY} {KEY}"}, "ANTHROPIC_API_KEY holds a character that a key cannot have"),
        ({"ANTHROPIC_API_KEY": KEY, "COURSE_BUDGET": "much"}, "COURSE_BUDGET is 'much': set it to a number"),
        ({"ANTHROPIC_API_KEY": KEY, "COURSE_BUDGET": "nan"}, "COURSE_BUDGET is 'nan'"),
        ({"ANTHROPIC_BASE_URL": "localhost:11434"}, "must begin with http:// or https://"),
        ({"ANTHROPIC_BASE_URL": "http://localhost:1/v1/"}, "end before /v1"),
    ],
)
def test_a_setting_that_cannot_work_says_so(
    settings: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CourseError) as caught:
        connect()
    assert sentence in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_model_without_a_price_is_not_asked_for_money(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    client, _ = connect()
    with pytest.raises(CourseError, match="No price is known for the model 'no-such-model'"):
        ask(client, model="no-such-model")
    monkeypatch.setenv("COURSE_MODEL", "no-such-model")
    with pytest.raises(CourseError, match="No price is known for the model 'no-such-model'"):
        connect()


# What is sent, kept and counted


@pytest.mark.parametrize("asked", ASKED)
def test_an_answer_is_asked_once_and_then_replayed(
    asked: Callable[..., str], stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    client = live()
    text = "line one\u2028line two, caf\u00e9"
    with collect() as first:
        assert asked(client, text) == f"echo {text}"
    with collect() as second:
        assert asked(live(), text) == f"echo {text}"
    assert len(stub.requests) == 1
    assert (first[0].replayed, second[0].replayed) == (False, True)
    assert (first[0].input_tokens, first[0].output_tokens, first[0].cache_read) == (30, 2, 4)
    assert first[0].cost == pytest.approx(SMALL.cost(30, 2, cache_read=4))
    assert (second[0].seconds, second[0].created) == (first[0].seconds, first[0].created)
    assert client.meter.spent == client.budget.spent == first[0].cost
    assert client.budget.left == pytest.approx(1.0 - first[0].cost)


def test_counted_tokens_are_recorded_and_free(stub: StubServer, live: Callable[[], CourseClient]) -> None:
    client = live()
    for _ in range(2):
        counted = client.messages.count_tokens(
            model=SMALL.id, messages=[{"role": "user", "content": "hello"}]
        )
        assert counted.input_tokens == USAGE["input_tokens"] + USAGE["cache_read_input_tokens"]
    assert (len(stub.requests), client.meter.requests, client.budget.spent) == (1, 0, 0)


def test_requests_that_differ_anywhere_are_asked_again(
    stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    client = live()
    ask(client)
    ask(client, max_tokens=17)
    ask(client, system="Be brief.")
    ask(client, metadata={"user_id": "second-try"})
    stream(client)
    assert len(stub.requests) == 5


def test_nothing_is_sent_that_the_course_did_not_ask_for(
    stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    ask(live())
    assert set(stub.requests[0]) == {"model", "max_tokens", "messages"}


def test_what_is_not_metered_is_not_sent(stub: StubServer, live: Callable[[], CourseClient]) -> None:
    params = {"model": SMALL.id, "max_tokens": 16, "messages": [{"role": "user", "content": "hello"}]}
    with pytest.raises(CourseError, match="/v1/messages/batches is not metered"):
        live().messages.batches.create(requests=[{"custom_id": "1", "params": params}])
    assert stub.requests == []


def test_options_of_a_copied_client_keep_recordings_and_meter(
    stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    client = live()
    copy = client.with_options(timeout=5, max_retries=0)
    ask(copy)
    ask(client)
    assert (len(stub.requests), client.meter.requests, copy.badge) == (1, 2, client.badge)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(
    stub: StubServer, live: Callable[[], CourseClient], results_dir: Path
) -> None:
    stub.seconds = 0.05
    run = [sys.executable, "-c", RUN]
    pipes = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(run, **pipes) as killed:
        badge, *answered = (killed.stdout.readline().strip() for _ in range(12))
        killed.send_signal(signal.SIGKILL)
        answered += killed.stdout.read().split("\n")[:-1]
    assert badge.startswith("live:")
    sent_before = Counter(request["messages"][0]["content"] for request in stub.requests)
    done = subprocess.run(run, **pipes, check=True, timeout=120)
    assert done.stderr == ""
    assert set(done.stdout.splitlines()[1:]) == {f"echo q{number}" for number in range(40)}
    sent = Counter(request["messages"][0]["content"] for request in stub.requests)
    asked_again = {text for text, count in sent.items() if count > 1}
    assert not asked_again & {text.removeprefix("echo ") for text in answered}
    # Only what was under way at the kill, at most one request a thread, is asked a second time.
    assert len(asked_again) <= 4
    assert asked_again <= set(sent_before)
    assert max(sent.values()) <= 2


@pytest.mark.parametrize("asked", ASKED)
def test_an_answer_that_cannot_be_kept_still_arrives(
    asked: Callable[..., str],
    stub: StubServer,
    live: Callable[[], CourseClient],
    monkeypatch: pytest.MonkeyPatch,
    results_dir: Path,
) -> None:
    monkeypatch.setattr(files, "BUSY_SECONDS", 0.05)
    client = live()
    ask(client, "before")
    with closing(sqlite3.connect(default_path())) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.warns(UserWarning, match="new answers last only as long as this kernel") as caught:
            assert asked(client, "one") == "echo one"
            assert asked(client, "two") == "echo two"
    assert sum(warning.category is UserWarning for warning in caught) == 1
    assert client.meter.requests == 3


# Budget and estimate


def test_the_budget_stops_the_next_request_before_it_is_sent(
    stub: StubServer, live: Callable[[], CourseClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_BUDGET", "0.0001")
    client = live()
    ask(client)
    with pytest.raises(BudgetError, match="it was not sent: set COURSE_BUDGET to more dollars"):
        ask(client, "a story", max_tokens=4000)
    with pytest.raises(BudgetError):
        stream(client, "long " * 2000)
    assert len(stub.requests) == 1
    assert ask(client) == "echo hello"


def test_eight_threads_together_never_pass_the_budget(
    stub: StubServer, live: Callable[[], CourseClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = live()
    worst = estimate([lambda: ask(client, "q0", max_tokens=1000)], client.budget).max_cost
    monkeypatch.setenv("COURSE_BUDGET", str(worst * 3.5))
    client = live()
    refused: list[int] = []
    stub.released.clear()

    def one(number: int) -> None:
        try:
            ask(client, f"q{number}", max_tokens=1000)
        except BudgetError:
            refused.append(number)
            if len(refused) == 5:
                stub.released.set()  # until then the three that were sent hold their worst case

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert (len(refused), len(stub.requests)) == (5, 3)
    assert client.budget.spent <= client.budget.limit


def test_all_clients_of_a_kernel_share_the_budget(stub: StubServer, live: Callable[[], CourseClient]) -> None:
    first, second = live(), live()
    ask(first)
    assert second.budget.spent == first.meter.spent > 0
    assert second.meter.requests == 0


def test_an_estimate_is_an_upper_bound_and_sends_nothing(
    stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    client = live()
    ask(client, "known")
    calls = [lambda text=text: ask(client, text) for text in ("known", "new", "newer")]
    before = estimate(calls, client.budget)
    assert (before.requests, before.recorded, len(stub.requests), client.meter.requests) == (2, 1, 1, 1)
    for call in calls:
        call()
    assert before.max_cost > client.meter.spent
    assert estimate(calls, client.budget).requests == 0


# What fails


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    ("status", "kind", "sentence", "sent"),
    [
        (
            400,
            anthropic.BadRequestError,
            "refused the request (400): change what is sent. It said: stub 400.",
            1,
        ),
        (
            401,
            anthropic.AuthenticationError,
            "refused the key in ANTHROPIC_API_KEY (401): check it, or unset it",
            1,
        ),
        (
            403,
            anthropic.PermissionDeniedError,
            "with the key in ANTHROPIC_API_KEY (403): use another key.",
            1,
        ),
        (404, anthropic.NotFoundError, "no such model or address (404): check COURSE_MODEL", 1),
        (429, anthropic.RateLimitError, "too many requests from you (429): wait a minute.", 3),
        (500, anthropic.InternalServerError, "failed (500): wait a few minutes.", 3),
        (529, anthropic.OverloadedError, "is overloaded (529): wait a few minutes.", 3),
    ],
)
def test_an_error_of_the_server_is_one_plain_sentence(
    asked: Callable[..., str],
    status: int,
    kind: type[anthropic.APIStatusError],
    sentence: str,
    sent: int,
    stub: StubServer,
    live: Callable[[], CourseClient],
) -> None:
    stub.script = [status]
    client = live()
    with pytest.raises(kind) as caught:
        asked(client)
    assert sentence in str(caught.value)
    assert caught.value._render_traceback_() == [f"{kind.__name__}: {caught.value}"]
    assert caught.value.status_code == status
    assert len(stub.requests) == sent
    assert (client.meter.requests, client.budget.spent, client.budget.left) == (0, 0, 1)
    stub.script = [OK]
    assert asked(client) == "echo hello"


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("status", [429, 500, 529])
def test_the_sdk_tries_again_and_the_answer_counts_once(
    asked: Callable[..., str], status: int, stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    stub.script = [status, OK]
    client = live()
    assert asked(client) == "echo hello"
    assert (len(stub.requests), client.meter.requests) == (2, 1)


@pytest.mark.parametrize("asked", ASKED)
def test_a_server_that_hangs_is_a_time_out_and_counts_as_billed(
    asked: Callable[..., str], stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    stub.script = [HANG]
    client = live()
    with pytest.raises(anthropic.APITimeoutError, match="did not answer in time") as caught:
        asked(client.with_options(timeout=0.2, max_retries=0))
    assert caught.value._render_traceback_() == [f"APITimeoutError: {caught.value}"]
    assert client.meter.requests == 0
    assert client.budget.spent > 0
    assert client.budget.left == pytest.approx(client.budget.limit - client.budget.spent)


@pytest.mark.parametrize("ending", [BREAK, SILENT_END])
def test_a_stream_that_breaks_off_is_an_error_and_is_not_kept(
    ending: str, stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    stub.script = [ending, OK]
    client = live()
    with pytest.raises(
        anthropic.APIConnectionError, match="broke off before its end and is not kept"
    ) as caught:
        stream(client)
    assert caught.value._render_traceback_() == [f"APIConnectionError: {caught.value}"]
    assert client.meter.requests == 0
    assert stream(client) == "echo hello"
    assert len(stub.requests) == 2


def test_an_abandoned_stream_is_not_kept(stub: StubServer, live: Callable[[], CourseClient]) -> None:
    client = live()
    messages = [{"role": "user", "content": "hello"}]
    with client.messages.create(model=SMALL.id, max_tokens=16, messages=messages, stream=True) as events:
        next(events)
    assert client.meter.requests == 0
    assert client.budget.left == pytest.approx(client.budget.limit - client.budget.spent)
    assert stream(client) == "echo hello"
    assert len(stub.requests) == 2


def test_an_answer_that_breaks_off_is_asked_again(stub: StubServer, live: Callable[[], CourseClient]) -> None:
    stub.script = [BREAK, OK]
    client = live()
    assert ask(client) == "echo hello"
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no blocks", r"it holds no text \(stop_reason 'end_turn'\)"),
        ("no content", "it is not a message of this API"),
        ("thinking only", "it holds no text"),
        ("mangled block", "is not a block of a message"),
        ("block without text", "is incomplete"),
    ],
)
def test_a_reply_without_text_is_the_servers_fault_and_is_not_kept(
    content: str, reason: str, stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    stub.script = [content, OK]
    client = live()
    with pytest.raises(CourseError, match=f"{stub.url} sent an answer that cannot be used.*: .*{reason}"):
        ask(client)
    assert client.meter.requests == 0
    assert ask(client) == "echo hello"
    assert len(stub.requests) == 2


@pytest.mark.parametrize("asked", ["create", "stream"])
def test_a_server_that_ignores_a_schema_is_named_at_the_first_reply(
    asked: str, stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    client = live()
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    request = {
        "model": SMALL.id,
        "max_tokens": 16,
        "messages": [{"role": "user", "content": "hello"}],
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
    }
    for _ in range(2):  # it is not kept, so the second time is like the first
        with pytest.raises(CourseError, match="does not hold the schema of output_config: it is not JSON"):
            if asked == "create":
                client.messages.create(**request)
            else:
                with client.messages.stream(**request) as events:
                    events.get_final_message()
    assert len(stub.requests) == 2


def test_a_server_that_speaks_something_else_is_a_clear_error(
    stub: StubServer, live: Callable[[], CourseClient]
) -> None:
    stub.script = [NOT_A_MESSAGE]
    with pytest.raises(CourseError, match="is not a message of this API. Check ANTHROPIC_BASE_URL"):
        ask(live())
    assert len(stub.requests) == 1


@pytest.mark.parametrize("asked", ASKED)
def test_no_network_says_what_to_check_and_costs_nothing(
    asked: Callable[..., str], live: Callable[[], CourseClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        client = live()
        with pytest.raises(
            anthropic.APIConnectionError, match="cannot be reached: check the network"
        ) as caught:
            asked(client.with_options(max_retries=0))
    assert caught.value._render_traceback_() == [f"APIConnectionError: {caught.value}"]
    assert client.budget.left == 1


# Replay


def test_a_room_replays_without_key_or_server(
    stub: StubServer,
    live: Callable[[], CourseClient],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = live()
    ask(client)
    stream(client)
    export(tmp_path / "room.sqlite")
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "COURSE_MODEL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("COURSE_RECORDING", str(tmp_path / "room.sqlite"))
    capsys.readouterr()
    replaying, model = connect()
    recorded = default_path().stat()
    badge = capsys.readouterr().out
    assert badge.startswith(f"replay: room.sqlite, 2 answers of {model}, recorded 2")
    with collect() as uses:
        assert ask(replaying) == stream(replaying) == "echo hello"
    assert [(use.replayed, use.mode) for use in uses] == [(True, "live")] * 2
    assert replaying.meter.spent == 0
    with pytest.raises(
        CourseError, match="room.sqlite holds no answer to this request: unset COURSE_RECORDING"
    ):
        ask(replaying, "something else")
    assert len(stub.requests) == 2
    assert default_path().stat() == recorded


# The key


@pytest.mark.parametrize("asked", ASKED)
def test_the_key_is_nowhere(
    asked: Callable[..., str],
    stub: StubServer,
    live: Callable[[], CourseClient],
    results_dir: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    client = live()
    with pytest.raises(CourseError, match="holds your key, so it was not sent") as in_prompt:
        asked(client, f"my key is {KEY}")
    assert stub.requests == []
    stub.script = [ECHO_KEY]
    with pytest.raises(anthropic.AuthenticationError) as caught:
        asked(client)
    error = caught.value
    assert "***" in str(error.body)
    stub.script = [REPEAT_KEY]
    with pytest.raises(CourseError, match="repeated your key in its answer, which is not kept") as in_answer:
        asked(client)
    shown = [repr(client), repr(client.meter), client.badge, capsys.readouterr().out]
    shown += [str(error), repr(error), str(error.body), str(error.api_message), error.response.text]
    shown += [*error._render_traceback_(), repr(error.request.headers), repr(error.response.headers)]
    shown += [str(in_prompt.value), str(in_answer.value)]
    assert KEY not in "".join(shown)
    assert KEY not in caplog.text.replace(f"my key is {KEY}", "")
    client.close()
    assert KEY.encode() not in b"".join(path.read_bytes() for path in results_dir.iterdir())


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("token", ["x", "text", "message", "ollama", "echo", "0"])
def test_a_token_that_is_a_word_changes_no_body(
    token: str,
    asked: Callable[..., str],
    stub: StubServer,
    live: Callable[[], CourseClient],
    monkeypatch: pytest.MonkeyPatch,
    results_dir: Path,
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", token)
    text = f"{token} text message ollama 0 x"
    for _ in range(2):
        assert asked(live(), text) == f"echo {text}"
    [request] = stub.requests
    assert request["messages"][0]["content"] == text
    stub.script = [400]
    with pytest.raises(anthropic.BadRequestError, match="It said: stub 400"):
        asked(live(), "new")
    stub.script = [ECHO_KEY]
    with pytest.raises(anthropic.AuthenticationError) as caught:
        asked(live(), "new")
    assert caught.value.api_message == "bad key Bearer ***"


# Local


def test_the_local_model_says_what_it_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = connect()
    with pytest.raises(anthropic.NotFoundError) as caught:
        ask(client, model="gpt")
    assert str(caught.value).startswith("The local model does not have this (404). It said: model: gpt (the ")
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, model="local", max_tokens=0)
    assert str(caught.value).startswith(
        "The local model refused the request (400): change what is sent. It said: "
    )
    assert "ANTHROPIC" not in str(caught.value)


class EchoTransport(httpx2.BaseTransport):
    """A local model that repeats what it is asked; `asked` gets the models that requests name."""

    def __init__(self, asked: list[str]) -> None:
        self.asked = asked

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.read())
        self.asked.append(body["model"])
        return httpx2.Response(200, json=message(body))


@pytest.fixture
def nothing_carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course that carries no answers; the folder where a test may put some."""
    folder = tmp_path / "recordings"
    monkeypatch.setenv("COURSE_RECORDINGS", str(folder))
    return folder


def test_the_local_model_answers_without_a_key_and_a_rerun_does_not_load_it(
    engine: object,
    nothing_carried: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client, model = connect()
    assert (client.mode, model) == ("local", "local")
    assert capsys.readouterr().out == "local: SmolLM2-135M on this machine, no key, no network\n"
    with collect() as first:
        said = [ask(client, model=model), ask(client, model=model)]
    monkeypatch.setattr(messages_api, "LocalTransport", None)
    with collect() as later:
        said.append(ask(connect()[0], model=model))
    assert len(set(said)) == 1
    assert [use.replayed for use in first + later] == [False, True, True]
    assert [(use.cost, use.mode) for use in first + later] == [(0.0, "local")] * 3
    assert later[0].seconds == first[0].seconds > 0


def test_a_key_outside_does_not_reach_the_local_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    client, _ = connect(mode="local")
    assert client.mode == "local"
    assert KEY not in str(vars(client))


def test_an_error_in_the_local_model_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("in the engine")

    monkeypatch.setattr(messages_api, "LocalTransport", fail)
    client, model = connect()
    with pytest.raises(ZeroDivisionError, match="in the engine"):
        ask(client, model=model)


def test_other_weights_or_another_engine_do_not_replay_old_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    monkeypatch.setattr(messages_api, "LocalTransport", partial(EchoTransport, asked))
    for sha256, engine in (("a", "1"), ("a", "1"), ("b", "1"), ("b", "2")):
        model = replace(local_model("small"), sha256=sha256)
        monkeypatch.setattr(weights, "chosen_model", lambda size, model=model: model)
        monkeypatch.setattr(client, "version", lambda package, engine=engine: engine)
        ask(connect()[0], model="local")
    assert len(asked) == 3


def test_every_size_has_its_own_model_and_answers(
    nothing_carried: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(messages_api, "LocalTransport", partial(EchoTransport, asked := []))
    for size in prices.TIERS:
        for _ in range(2):
            local, model = connect(size)
            ask(local, model=model)
    assert asked == [model.model for model in local_models()]
    badges = capsys.readouterr().out.splitlines()
    assert badges[::2] == [
        f"local: {model.name} on this machine, no key, no network" for model in local_models()
    ]


def test_a_size_that_is_not_here_says_what_brings_it(
    nothing_carried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    local, model = connect("large")
    with pytest.raises(anthropic.InternalServerError, match="Run: python -m course.engine.downloads large"):
        ask(local, model=model)


# Answers that the course carries


@pytest.fixture
def carried(nothing_carried: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A course that carries the answer to "hello"; what the model is asked nevertheless."""
    monkeypatch.setattr(messages_api, "LocalTransport", partial(EchoTransport, asked := []))
    local, model = connect()
    ask(local, model=model)
    with closing(sqlite3.connect(default_path())) as file, file:
        kept = [Recording(*row) for row in file.execute(f"SELECT {recordings.COLUMNS} FROM recordings")]
        file.execute("DELETE FROM recordings")
    place = kept[0].place.rpartition("-")[0]
    head = Head(
        "00", "small", "SmolLM2-135M", "local", place, "engine 1", "2 cores of a machine", "2026-11-28"
    )
    write(nothing_carried / "00.small.jsonl", head, [replace(kept[0], seconds=1.25)])
    asked.clear()
    return asked


def test_a_carried_answer_is_replayed_under_its_badge(
    carried: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    local, model = connect()
    badge = "recorded: SmolLM2-135M on 2 cores of a machine, 2026-11-28; what you change is asked here\n"
    assert capsys.readouterr().out == badge
    with collect() as uses:
        assert ask(local, model=model) == "echo hello"
        assert carried == []
        ask(local, "another text", model=model)
    assert carried == ["local"]
    assert [(use.mode, use.replayed) for use in uses] == [("recorded", True), ("local", False)]
    first = uses[0]
    assert (first.seconds, first.place) == (1.25, "SmolLM2-135M on 2 cores of a machine")
    assert (first.input_tokens, first.output_tokens) == (uses[1].input_tokens, uses[1].output_tokens)


def test_course_fresh_asks_everything_again_once_and_keeps_it(
    carried: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_FRESH", "1")
    local, model = connect()
    ask(local, model=model)
    ask(local, model=model)
    assert carried == ["local"]
    assert capsys.readouterr().out.startswith("local: SmolLM2-135M")
    ask(connect()[0], model=model)
    assert carried == ["local"] * 2
    monkeypatch.delenv("COURSE_FRESH")
    with collect() as uses:
        ask(connect()[0], model=model)
    assert [use.mode for use in uses] == ["local"]  # the reader's own answer comes before the carried one


def test_other_weights_do_not_get_carried_answers(
    carried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(local_model("small"), sha256="b" * 64)
    monkeypatch.setattr(weights, "chosen_model", lambda size: other)
    local, model = connect()
    ask(local, model=model)
    assert carried == ["local"]


def test_another_version_of_the_answers_is_not_replayed(
    carried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWERS_VERSION", client.ANSWERS_VERSION + 1)
    local, model = connect()
    ask(local, model=model)
    assert carried == ["local"]
