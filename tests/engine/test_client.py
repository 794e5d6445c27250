"""connect() against a stub server on loopback: what is sent, kept, counted and said when something fails."""

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import anthropic
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
    echo_transport,
    models,
    stub_server,
)

KEY = "sk-marker-0123456789"
SMALL = prices.tier("small")
HELLO = {"model": SMALL.id, "max_tokens": 16, "messages": [{"role": "user", "content": "hello"}]}
Live, Patch = Callable[[], CourseClient], pytest.MonkeyPatch

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
def clean_environment(monkeypatch: Patch, results_dir: Path) -> None:
    for name in list(os.environ):
        if name.startswith("ANTHROPIC_") or (name.startswith("COURSE_") and name != "COURSE_RESULTS"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(client, "_budget", Budget(1.0))


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with stub_server() as stub:
        yield stub


@pytest.fixture
def live(stub: StubServer, monkeypatch: Patch) -> Live:
    """Connects to the stub under the name and price of the small Claude."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("COURSE_MODEL", SMALL.id)
    return lambda: connect()[0]


def ask(client: anthropic.Anthropic, text: str = "hello", **options: object) -> str:
    messages = [{"role": "user", "content": text}]
    return client.messages.create(**HELLO | {"messages": messages} | options).content[0].text


def stream(client: anthropic.Anthropic, text: str = "hello") -> str:
    messages = [{"role": "user", "content": text}]
    with client.messages.stream(**HELLO | {"messages": messages}) as events:
        return "".join(events.text_stream)


both_ways = pytest.mark.parametrize("asked", [ask, stream])


# Which mode


def test_a_key_means_live_and_the_badge_says_model_and_budget(monkeypatch, capsys):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    for tier in prices.TIERS:
        client, model = connect(tier)
        assert (client.mode, model) == ("live", prices.tier(tier).id)
        assert capsys.readouterr().out == f"live: {model}, budget $1.00, spent $0.00\n"


def test_another_server_names_its_first_model_and_is_priced_at_zero(stub, monkeypatch, capsys):
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
def test_a_server_that_lists_no_models_is_a_clear_error(page, stub, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.url)
    stub.models = page
    with pytest.raises(CourseError, match="does not say which models it has: set COURSE_MODEL to the name"):
        connect()


@pytest.mark.parametrize(
    "address", ["https://API.ANTHROPIC.COM", "HTTPS://api.anthropic.com/", "https://api.anthropic.com:443//"]
)
def test_anthropic_is_known_however_its_address_is_written(address, monkeypatch, capsys):
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
def test_a_setting_that_cannot_work_says_so(settings, sentence, monkeypatch):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CourseError) as caught:
        connect()
    assert sentence in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_model_without_a_price_is_not_asked_for_money(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    client, _ = connect()
    with pytest.raises(CourseError, match="No price is known for the model 'no-such-model'"):
        ask(client, model="no-such-model")
    monkeypatch.setenv("COURSE_MODEL", "no-such-model")
    with pytest.raises(CourseError, match="No price is known for the model 'no-such-model'"):
        connect()


# What is sent, kept and counted


@both_ways
def test_an_answer_is_asked_once_and_then_replayed(asked, stub, live):
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


def test_counted_tokens_are_recorded_and_free(stub, live):
    client = live()
    for _ in range(2):
        counted = client.messages.count_tokens(model=SMALL.id, messages=HELLO["messages"])
        assert counted.input_tokens == USAGE["input_tokens"] + USAGE["cache_read_input_tokens"]
    assert (len(stub.requests), client.meter.requests, client.budget.spent) == (1, 0, 0)


def test_nothing_else_is_sent_and_a_copied_client_keeps_recordings_and_meter(stub, live):
    ask(live())
    assert set(stub.requests[0]) == {"model", "max_tokens", "messages"}
    client = live()
    copy = client.with_options(timeout=5, max_retries=0)
    ask(copy)
    ask(client)
    assert (len(stub.requests), client.meter.requests, copy.badge) == (1, 2, client.badge)


def test_half_a_character_is_named_before_anything_is_sent(stub, live):
    client = live()
    for text in ("half \ud83d", "\ude00 half"):
        with pytest.raises(CourseError, match=r"holds '\\ud(83d|e00)', half .*, and was not sent"):
            ask(client, text)
        with pytest.raises(CourseError, match="half of a character"):
            client.messages.stream(**HELLO | {"system": text}).__enter__()
    assert stub.requests == []


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(stub, live, results_dir):
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


@both_ways
def test_an_answer_that_cannot_be_kept_still_arrives(asked, stub, live, monkeypatch, results_dir):
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


def test_the_budget_stops_the_next_request_before_it_is_sent(stub, live, monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "0.0001")
    client = live()
    ask(client)
    with pytest.raises(BudgetError, match="it was not sent: set COURSE_BUDGET to more dollars"):
        ask(client, "a story", max_tokens=4000)
    with pytest.raises(BudgetError):
        stream(client, "long " * 2000)
    assert len(stub.requests) == 1
    assert ask(client) == "echo hello"


def test_all_clients_share_the_budget_and_an_estimate_is_an_upper_bound_that_sends_nothing(stub, live):
    first, second = live(), live()
    ask(first)
    assert second.budget.spent == first.meter.spent > 0
    assert second.meter.requests == 0
    client = live()
    ask(client, "known")
    calls = [lambda text=text: ask(client, text) for text in ("known", "new", "newer")]
    before = estimate(calls, client.budget)
    assert (before.requests, before.recorded, len(stub.requests), client.meter.requests) == (2, 1, 2, 1)
    for call in calls:
        call()
    assert before.max_cost > client.meter.spent
    assert estimate(calls, client.budget).requests == 0


# What fails


@both_ways
@pytest.mark.parametrize(
    ("status", "kind", "sentence", "sent"),
    [
        (400, "BadRequest", "refused the request (400): change what is sent. It said: stub 400.", 1),
        (401, "Authentication", "refused the key in ANTHROPIC_API_KEY (401): check it, or unset it", 1),
        (403, "PermissionDenied", "with the key in ANTHROPIC_API_KEY (403): use another key.", 1),
        (404, "NotFound", "no such model or address (404): check COURSE_MODEL", 1),
        (429, "RateLimit", "too many requests from you (429): wait a minute.", 3),
        (500, "InternalServer", "failed (500): wait a few minutes.", 3),
        (529, "Overloaded", "is overloaded (529): wait a few minutes.", 3),
    ],
)
def test_an_error_of_the_server_is_one_plain_sentence(asked, status, kind, sentence, sent, stub, live):
    stub.script = [status]
    client = live()
    with pytest.raises(getattr(anthropic, f"{kind}Error")) as caught:
        asked(client)
    assert sentence in str(caught.value)
    assert caught.value._render_traceback_() == [f"{kind}Error: {caught.value}"]
    assert caught.value.status_code == status
    assert len(stub.requests) == sent
    assert (client.meter.requests, client.budget.spent, client.budget.left) == (0, 0, 1)
    stub.script = [OK]
    assert asked(client) == "echo hello"


@pytest.mark.parametrize(
    ("asked", "trouble"),
    [*product((ask, stream), (429, 500, 529)), (ask, BREAK)],
    ids=lambda value: getattr(value, "__name__", str(value)),  # workers must agree on the names
)
def test_the_sdk_tries_again_and_the_answer_counts_once(asked, trouble, stub, live):
    stub.script = [trouble, OK]
    client = live()
    assert asked(client) == "echo hello"
    assert (len(stub.requests), client.meter.requests) == (2, 1)


@both_ways
def test_a_server_that_hangs_is_a_time_out_and_counts_as_billed(asked, stub, live):
    stub.script = [HANG]
    client = live()
    with pytest.raises(anthropic.APITimeoutError, match="did not answer in time") as caught:
        asked(client.with_options(timeout=0.2, max_retries=0))
    assert caught.value._render_traceback_() == [f"APITimeoutError: {caught.value}"]
    assert client.meter.requests == 0
    assert client.budget.spent > 0
    assert client.budget.left == pytest.approx(client.budget.limit - client.budget.spent)


@pytest.mark.parametrize("ending", [BREAK, SILENT_END])
def test_a_stream_that_breaks_off_is_an_error_and_is_not_kept(ending, stub, live):
    stub.script = [ending, OK]
    client = live()
    with pytest.raises(anthropic.APIConnectionError, match="broke off .* its end and is not kept") as caught:
        stream(client)
    assert caught.value._render_traceback_() == [f"APIConnectionError: {caught.value}"]
    assert client.meter.requests == 0
    assert stream(client) == "echo hello"
    assert len(stub.requests) == 2


def test_an_abandoned_stream_is_not_kept(stub, live):
    client = live()
    with client.messages.create(**HELLO, stream=True) as events:
        next(events)
    assert client.meter.requests == 0
    assert client.budget.left == pytest.approx(client.budget.limit - client.budget.spent)
    assert stream(client) == "echo hello"
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no blocks", r"it holds no text \(stop_reason 'end_turn'\)"),
        ("no content", "it is not a message of this API"),
        ("thinking only", "it holds no text"),
        ("mangled block", "is not a block of a message"),
        ("block without text", "is incomplete"),
        (NOT_A_MESSAGE, "it is not a message of this API. Check ANTHROPIC_BASE_URL"),
    ],
)
def test_an_unusable_reply_is_the_servers_fault_and_is_not_kept(content, reason, stub, live):
    stub.script = [content, OK]
    client = live()
    with pytest.raises(CourseError, match=f"{stub.url} sent an answer that cannot be used.*: .*{reason}"):
        ask(client)
    assert client.meter.requests == 0
    assert ask(client) == "echo hello"
    assert len(stub.requests) == 2


@both_ways
def test_a_server_that_ignores_a_schema_is_named_at_the_first_reply(asked, stub, live, monkeypatch):
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    form = {"format": {"type": "json_schema", "schema": schema}}
    monkeypatch.setitem(HELLO, "output_config", form)
    for _ in range(2):  # it is not kept, so the second time is like the first
        with pytest.raises(CourseError, match="does not hold the schema of output_config: it is not JSON"):
            asked(live())
    assert len(stub.requests) == 2


@both_ways
def test_no_network_says_what_to_check_and_costs_nothing(asked, live, nobody, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{nobody}")
    client = live()
    with pytest.raises(anthropic.APIConnectionError, match="cannot be reached: check the network") as caught:
        asked(client.with_options(max_retries=0))
    assert caught.value._render_traceback_() == [f"APIConnectionError: {caught.value}"]
    assert client.budget.left == 1


@pytest.fixture
def nobody(monkeypatch: Patch) -> int:
    """A port at which no server listens."""
    monkeypatch.setattr(anthropic, "DEFAULT_MAX_RETRIES", 0)
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0.01)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_a_server_that_is_being_started_is_waited_for(nobody, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{nobody}")
    said: list[str] = []
    with ExitStack() as stack:

        def start(sentence: str, **_: object) -> None:
            if not said:
                stack.enter_context(stub_server(nobody))
            said.append(sentence)

        monkeypatch.setattr(client, "print", start, raising=False)
        connected, model = connect()
        assert ask(connected, model=model) == "echo hello"
    waiting, badge = said
    assert waiting == f"http://127.0.0.1:{nobody} cannot be reached yet; trying for up to 90 s ..."
    assert badge.startswith("live: first-model")


def test_a_server_that_stays_away_is_waited_for_no_longer(nobody, monkeypatch, capsys):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{nobody}")
    monkeypatch.setattr(client, "START_SECONDS", 0.1)
    with pytest.raises(anthropic.APIConnectionError, match="cannot be reached: check the network"):
        connect()
    assert capsys.readouterr().out.count("cannot be reached yet") == 1


def test_a_room_replays_without_key_or_server(stub, live, monkeypatch, tmp_path, capsys):
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
    with pytest.raises(CourseError, match="room.sqlite holds no answer to this .*: unset COURSE_RECORDING"):
        ask(replaying, "something else")
    assert len(stub.requests) == 2
    assert default_path().stat() == recorded


@both_ways
def test_the_key_is_nowhere(asked, stub, live, results_dir, caplog, capsys):
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


@both_ways
@pytest.mark.parametrize("token", ["x", "text", "message", "ollama", "echo", "0"])
def test_a_token_that_is_a_word_changes_no_body(token, asked, stub, live, monkeypatch, results_dir):
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


def test_the_local_model_says_what_it_does_not_have_and_no_key_outside_reaches_it(monkeypatch):
    client, _ = connect()
    with pytest.raises(anthropic.NotFoundError) as caught:
        ask(client, model="gpt")
    assert str(caught.value).startswith("The local model does not have this (404). It said: model: gpt (the ")
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, model="local", max_tokens=0)
    refused = "The local model refused the request (400): change what is sent. It said: "
    assert str(caught.value).startswith(refused)
    assert "ANTHROPIC" not in str(caught.value)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    client, _ = connect(mode="local")
    assert client.mode == "local"
    assert KEY not in str(vars(client))


@pytest.fixture
def asked_models(monkeypatch: Patch) -> list[str]:
    """A local model that repeats what it is asked; the models that requests name."""
    monkeypatch.setattr(messages_api, "LocalTransport", partial(echo_transport, asked := []))
    return asked


@pytest.fixture
def nothing_carried(tmp_path: Path, monkeypatch: Patch) -> Path:
    """A course that carries no answers; the folder where a test may put some."""
    folder = tmp_path / "recordings"
    monkeypatch.setenv("COURSE_RECORDINGS", str(folder))
    return folder


def test_the_local_model_needs_no_key_and_a_rerun_does_not_load_it(
    engine, nothing_carried, monkeypatch, capsys
):
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


def test_an_error_in_the_local_model_is_shown_as_it_is(monkeypatch):
    def fail() -> None:
        raise ZeroDivisionError("in the engine")

    monkeypatch.setattr(messages_api, "LocalTransport", fail)
    client, model = connect()
    with pytest.raises(ZeroDivisionError, match="in the engine"):
        ask(client, model=model)


def test_other_weights_or_another_engine_do_not_replay_old_answers(asked_models, monkeypatch):
    for sha256, engine in (("a", "1"), ("a", "1"), ("b", "1"), ("b", "2")):
        model = replace(local_model("small"), sha256=sha256)
        monkeypatch.setattr(weights, "chosen_model", lambda size, model=model: model)
        monkeypatch.setattr(client, "version", lambda package, engine=engine: engine)
        ask(connect()[0], model="local")
    assert len(asked_models) == 3


def test_every_size_has_its_own_model_and_answers(nothing_carried, asked_models, capsys):
    for size in prices.TIERS:
        for _ in range(2):
            local, model = connect(size)
            ask(local, model=model)
    assert asked_models == [model.model for model in local_models()]
    names = [model.name for model in local_models()]
    badges = capsys.readouterr().out.splitlines()
    assert badges[0] == f"local: {names[0]} on this machine, no key, no network"
    assert all(badge.startswith(f"local: {name} ") for name, badge in zip(names, badges[::2], strict=True))


def test_a_size_that_is_not_here_says_what_brings_it(nothing_carried, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    local, model = connect("large")
    badge = "not on this machine yet (python -m course.engine.downloads large), no key, no network"
    assert badge in capsys.readouterr().out
    with pytest.raises(anthropic.InternalServerError, match="Run: python -m course.engine.downloads large"):
        ask(local, model=model)


def test_a_file_of_another_length_is_named_before_the_badge(nothing_carried, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    large = local_model("large")
    large.path.parent.mkdir()
    large.path.write_bytes(b"GGUF, cut off")
    with pytest.raises(CourseError, match="is damaged. Delete it and run: python -m .* large"):
        connect("large")
    assert capsys.readouterr().out == ""


# Answers that the course carries


@pytest.fixture
def carried(nothing_carried: Path, asked_models: list[str]) -> list[str]:
    """A course that carries the answer to "hello"; what the model is asked nevertheless."""
    local, model = connect()
    ask(local, model=model)
    with closing(sqlite3.connect(default_path())) as file, file:
        kept = Recording(*file.execute(f"SELECT {recordings.COLUMNS} FROM recordings").fetchone())
        file.execute("DELETE FROM recordings")
    place = kept.place.rpartition("-")[0]
    machine, date = "2 cores of a machine", "2026-11-28"
    head = Head("00", "small", "SmolLM2-135M", "local", place, "engine 1", machine, date)
    write(nothing_carried / "00.small.jsonl", head, [replace(kept, seconds=1.25)])
    asked_models.clear()
    return asked_models


def test_a_carried_answer_is_replayed_under_its_badge(carried, capsys):
    local, model = connect()
    badge = (
        "recorded: SmolLM2-135M on 2 cores of a machine, 2026-11-28; "
        "unchanged cells show these answers, a changed request asks the model on this machine\n"
    )
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


def test_course_fresh_asks_everything_again_once_and_keeps_it(carried, monkeypatch, capsys):
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


@pytest.mark.parametrize("changed", ["weights", "version of the answers"])
def test_carried_answers_are_for_their_weights_and_version(changed, carried, monkeypatch):
    if changed == "weights":
        other = replace(local_model("small"), sha256="b" * 64)
        monkeypatch.setattr(weights, "chosen_model", lambda size: other)
    else:
        monkeypatch.setattr(client, "ANSWERS_VERSION", client.ANSWERS_VERSION + 1)
    local, model = connect()
    ask(local, model=model)
    assert carried == ["local"]
