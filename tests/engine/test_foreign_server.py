"""connect() against a real server that is not Anthropic's: llama.cpp's own, with the small model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from course.engine import weights
from course.engine.client import CourseClient, connect
from course.engine.replies import text_of
from course.errors import CourseError
from course.material.data import Ticket, tickets
from course.measuring.evaluate import evaluate

SCHEMA = {
    "type": "object",
    "properties": {"greeting": {"enum": ["xyzzy"]}},
    "required": ["greeting"],
    "additionalProperties": False,
}
ASKED = {"max_tokens": 100, "messages": [{"role": "user", "content": "Say hello in one word."}]}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of llama.cpp's server on loopback."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights.gguf_path())
    parameters.n_ctx = 2048
    parameters.n_parallel = 1
    parameters.sampling.temp = 0.0
    server = xllamacpp.Server(parameters)
    yield server.listening_address


@pytest.fixture
def client(address: str, results_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CourseClient]:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{address}/")
    # A local server's token is a word, and one that is in every reply.
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "text")
    client, _ = connect()
    yield client
    client.close()  # the server waits for its open connections when it ends


@pytest.mark.slow
def test_messages_and_streams_are_answered_counted_and_replayed(client, address, capsys):
    again, model = connect()
    assert capsys.readouterr().out.endswith(f" at {address}, priced at zero\n")
    reply = text_of(client.messages.create(model=model, **ASKED))
    with client.messages.stream(model=model, **ASKED) as stream:
        streamed = text_of(stream.get_final_message())
    assert reply == streamed
    assert text_of(again.messages.create(model=model, **ASKED)) == reply
    assert (client.meter.requests, again.meter.replayed) == (2, 1)
    assert client.meter.input_tokens > 0 and client.meter.spent == 0
    assert client.messages.count_tokens(model=model, messages=ASKED["messages"]).input_tokens > 0
    again.close()


@pytest.mark.slow
def test_that_it_ignores_a_schema_stops_a_measurement_at_the_first_reply(client, address):
    model = client.models.list().data[0].id
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}

    def predict(ticket: Ticket) -> str:
        return text_of(client.messages.create(model=model, output_config=form, **ASKED))

    with pytest.raises(CourseError, match=f"{address} .* this server does not hold the schema") as caught:
        evaluate(tickets("train")[:2], predict, name="schema", client=client, workers=1)
    assert "JSON" in str(caught.value) or "required" in str(caught.value)
