"""The Messages API in the process, through the real client and the real engine."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import anthropic
import httpx2
import pytest
from pydantic import BaseModel

from course.engine import embedded, requests
from course.engine.grammar import Grammar
from course.engine.messages_api import MODELS, LocalTransport
from course.engine.patterns import literal
from course.engine.requests import read_chat
from course.engine.sizes import local_models
from tests.engine.test_embedded import FailingPipeline

HELLO = [{"role": "user", "content": "Say hello to the gardener."}]
COLOURS = {"enum": ["red", "blue"]}
ORDER_TOOL = {
    "name": "get_order",
    "description": "Look up an order by its number.",
    "input_schema": {
        "type": "object",
        "properties": {"number": {"type": "integer", "minimum": 1, "maximum": 9999}},
        "required": ["number"],
    },
}
QUESTION = {"role": "user", "content": "Where is order 1234?"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_order", "input": {"number": 1234}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Shipped on Monday."}
RESULTS = {"role": "user", "content": [RESULT]}
CALLED = [QUESTION, {"role": "assistant", "content": [CALL]}, RESULTS]
SO = {"role": "assistant", "content": "So."}
LATE = [*CALLED[:2], {"role": "user", "content": "And?"}, SO, RESULTS]


@pytest.fixture
def client(engine: embedded.Engine) -> anthropic.Anthropic:
    http_client = anthropic.DefaultHttpxClient(transport=LocalTransport())
    return anthropic.Anthropic(api_key="local", max_retries=0, http_client=http_client)


def body(**changes: object) -> dict:
    return {"model": "local", "max_tokens": 12, "messages": HELLO, **changes}


def ask(client: anthropic.Anthropic, **changes: object) -> anthropic.types.Message:
    return client.messages.create(**body(**changes))


def streamed(client: anthropic.Anthropic, **changes: object) -> anthropic.types.Message:
    with client.messages.stream(**body(**changes)) as stream:
        return stream.get_final_message()


def post(content: str | bytes) -> httpx2.Response:
    with httpx2.Client(transport=LocalTransport(), base_url="http://local") as client:
        return client.post("/v1/messages", content=content)


def json_format(schema: dict) -> dict:
    return {"format": {"type": "json_schema", "schema": schema}}


def user(content: object) -> dict:
    return {"role": "user", "content": content}


def with_tool(*messages: dict) -> dict:
    return {"messages": list(messages), "tools": [ORDER_TOOL]}


def with_results(*results: dict) -> dict:
    """A request whose call is answered with these blocks."""
    return with_tool(*CALLED[:2], user(list(results)))


def test_message_has_the_shape_of_the_api(client, engine):
    reply = client.messages.with_raw_response.create(model="local", max_tokens=5, messages=HELLO)
    message = reply.parse()
    assert (message.type, message.role, message.model) == ("message", "assistant", "local")
    assert message.id.startswith("msg_") and reply.headers["request-id"].startswith("req_")
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 5)
    counted = client.messages.count_tokens(model="local", messages=HELLO)
    assert message.usage.input_tokens == counted.input_tokens == engine.count(engine.chat_prompt(HELLO))
    assert float(reply.headers["x-course-seconds"]) > 0


def test_blocks_tools_and_results_reach_the_prompt_in_one_form():
    said = [
        user("a"),
        user([{"type": "text", "text": "b"}]),
        {"role": "assistant", "content": "c"},
        user("d"),
    ]
    system = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    chat = read_chat(body(system=system, messages=said, metadata={"user_id": "reader"}))
    assert chat.turns == [{"role": "system", "content": "One.\nTwo."}, user("a\nb"), *said[2:]]
    chat = read_chat(body(messages=CALLED, tools=[ORDER_TOOL], system="Be brief."))
    told = chat.turns[0]["content"]
    assert told.startswith("Be brief.\n\nYou can call these tools:\n")
    assert json.dumps(ORDER_TOOL) in told
    assert chat.turns[2]["content"] == '{"tool": "get_order", "input": {"number": 1234}}'
    assert chat.turns[3]["content"] == '{"result": "Shipped on Monday."}'
    messages = [
        QUESTION,
        {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}, CALL]},
        {"role": "user", "content": [{**RESULT, "content": "No such order.", "is_error": True}]},
    ]
    turns = read_chat(body(messages=messages, tools=[ORDER_TOOL])).turns
    assert turns[2]["content"].startswith('{"reply": "Let me look."}\n{"tool": "get_order"')
    assert turns[3]["content"] == '{"result": "No such order.", "is_error": true}'


def test_stop_sequence_is_reported_and_leaving_a_stream_cancels_the_request(client, engine):
    whole = ask(client).content[0].text
    stop = whole[4:8]
    message = ask(client, stop_sequences=["never said", stop])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", stop)
    assert message.content[0].text == whole[: whole.index(stop)]
    with client.messages.stream(model="local", max_tokens=2000, messages=HELLO) as stream:
        next(iter(stream.text_stream))
    ask(client, max_tokens=1)
    assert not engine._running


def test_stream_gives_the_same_message(client):
    whole = ask(client, max_tokens=20)
    with client.messages.stream(**body(max_tokens=20)) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(pieces) > 3
    assert "".join(pieces) == final.content[0].text == whole.content[0].text
    assert final.stop_reason == whole.stop_reason
    for used in (final.usage, whole.usage):
        assert (used.input_tokens, used.output_tokens) == (whole.usage.input_tokens, 20)


def test_schemas_hold_the_answer_the_reply_beside_tools_and_a_pydantic_object(client):
    message = ask(client, output_config=json_format(COLOURS))
    assert json.loads(message.content[0].text) in COLOURS["enum"]
    assert message.stop_reason == "end_turn"
    nothing, held = {"type": "none"}, json_format(COLOURS)
    request = {"messages": CALLED, "tools": [ORDER_TOOL], "tool_choice": nothing, "max_tokens": 40}
    message = ask(client, output_config=held, **request)
    assert message.content[0].text in COLOURS["enum"]

    class Leaf(BaseModel):
        colour: str

    class Plant(BaseModel):
        name: str
        height_cm: int | None
        leaf: Leaf

    messages = [user("A fern, 30 cm, with a green leaf.")]
    message = client.messages.parse(model="local", max_tokens=200, messages=messages, output_format=Plant)
    assert isinstance(message.parsed_output, Plant)


def test_models_are_listed_and_threads_share_one_client(client):
    assert [model.id for model in client.models.list()] == [model.model for model in local_models()]
    assert client.models.retrieve("local").lifecycle == "active"
    with ThreadPoolExecutor(6) as pool:
        replies = pool.map(lambda _: ask(client, output_config=json_format(COLOURS)).id, range(6))
    assert len(set(replies)) == 6


def test_a_tool_loop_runs_a_streamed_call_is_whole_and_a_cut_one_is_no_call(client):
    first = ask(client, messages=[QUESTION], tools=[ORDER_TOOL], max_tokens=80)
    assert first.stop_reason == "tool_use"
    call = first.content[0]
    assert (call.type, call.name) == ("tool_use", "get_order")
    assert 1 <= call.input["number"] <= 9999
    messages = [
        QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [{**RESULT, "tool_use_id": call.id}]},
    ]
    nothing_more = {"type": "none"}
    last = ask(client, messages=messages, tools=[ORDER_TOOL], max_tokens=80, tool_choice=nothing_more)
    assert last.stop_reason in ("end_turn", "max_tokens")
    assert last.content[0].type == "text"
    request = {"messages": [QUESTION], "tools": [ORDER_TOOL], "max_tokens": 80}
    final = streamed(client, **request)
    assert final.stop_reason == "tool_use"
    assert final.content[0].input == ask(client, **request).content[0].input
    message = ask(client, messages=[QUESTION], tools=[ORDER_TOOL], max_tokens=6)
    assert message.stop_reason == "max_tokens"
    assert all(block.type == "text" for block in message.content)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": "hi"}, "messages: Input should be a valid list"),
        ({"messages": [user("")]}, "messages.0: all messages must have non-empty"),
        ({"messages": [user([])]}, "messages.0: all messages must have non-empty"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"messages": [user("a") | {"role": "robot"}]}, "messages.0.role: Input should be 'user' or 'ass"),
        (
            {"messages": [user("Be brief.") | {"role": "system"}, *HELLO]},
            "messages.0.role: the local model takes instructions in `system` alone, not in a system message",
        ),
        (
            {"messages": [*HELLO, user("Be brief.") | {"role": "developer"}]},
            "messages.1.role: the local model takes instructions in `system` alone, not in a developer mess",
        ),
        ({"messages": [user("x") | {"name": "y"}]}, "messages.0.name: Extra inputs are not permitted"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "first message must use the"),
        ({"messages": [*HELLO, {"role": "assistant", "content": "Hel"}]}, "does not support .* prefill"),
        ({"messages": [user("a<|im_end|>b")]}, r"holds <\|im_end\|>"),
        ({"messages": [user("\ud800")]}, "messages.0.content.0.text: .* surrogate"),
        ({"messages": [user(" ")]}, "text content blocks must contain non-whitespace text"),
        ({"messages": [user([{"text": "a"}])]}, "messages.0.content.0.type: Field required"),
        ({"messages": [user(["a"])]}, "messages.0.content.0: Input should be a valid"),
        ({"messages": ["a"]}, "messages.0: Input should be a valid dictionary"),
        ({"model": None}, "model: Field required"),
        ({"model": ["a"]}, "model: Input should be a valid string"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": True}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({"stop_sequences": [" "]}, "stop_sequences: each stop sequence must contain non-whitespace"),
        ({"stream": "yes"}, "stream: Input should be a valid boolean"),
        ({"temperature": 0}, "temperature: the local model does not support this"),
        ({"top_p": 0.5}, "top_p: "),
        ({"top_k": 5}, "top_k: "),
        ({"thinking": {"type": "adaptive"}}, "thinking.type: .* takes 'disabled', not 'adaptive'"),
        ({"container": {"skills": []}}, "container: "),
        ({"service_tier": "auto"}, "service_tier: "),
        ({"cache_control": {"type": "ephemeral"}}, "cache_control: "),
        ({"mispelt": 1}, "mispelt: Extra inputs are not permitted"),
        ({"output_config": {"effort": "low"}}, "output_config.effort: "),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type: .* not 'xml'"),
        ({"system": [{"type": "text", "text": "x", "cache_control": {}}]}, "system.0.cache"),
        ({"tool_choice": {"type": "auto"}}, "tool_choice: may only be specified while providing tools"),
        ({"tools": [ORDER_TOOL], "tool_choice": {"type": "any"}}, "tool_choice.type: .* not 'any'"),
        ({"tools": [ORDER_TOOL], "tool_choice": {"type": "tool"}}, "tool_choice.type: .* not 'tool'"),
        ({"tools": [ORDER_TOOL, ORDER_TOOL]}, "tools: Tool names must be unique"),
        ({"tools": [{"type": "web_search_20260318", "name": "web_search"}]}, "tools.0.type: .*web_search"),
        ({"tools": [{**ORDER_TOOL, "defer_loading": True}]}, "tools.0.defer_loading: "),
        ({"tools": [{**ORDER_TOOL, "name": "get order"}]}, "tools.0.name: String should match"),
        ({"tools": [{**ORDER_TOOL, "input_schema": {"type": "string"}}]}, "tools.0.input_schema.type: "),
        ({"messages": CALLED}, "must define tools"),
        (with_results(RESULT, RESULT), "messages.2.content.1: each tool_use must have a single"),
        (with_results({**RESULT, "tool_use_id": ["a"]}), "messages.2.content.0.tool_use_id: .* string"),
        (with_results({"type": "text", "text": "So."}, RESULT), "messages.1: `tool_use` ids were found"),
        (with_tool(*LATE), "messages.1: `tool_use` ids were found"),
        (with_tool(*CALLED, *CALLED[1:]), "messages.3.content.0: .* unique"),
        (with_tool(*CALLED, SO, RESULTS), "messages.4.content.0: unexpected"),
        (with_tool(*CALLED[:2], *HELLO), "messages.1: .* after: toolu_1. Each"),
        (with_tool(user([RESULT])), "messages.0.content.0: unexpected `tool_use_id`"),
        *(
            (
                {"messages": [user([{"type": kind}])]},
                rf"^messages\.0\.content\.0\.type: .* take '{kind}' in a",
            )
            for kind in ("image", "document", "search_result", "thinking", "server_tool_use")
        ),
    ],
)
def test_what_the_model_cannot_do_is_a_400(changes, message):
    reply = post(json.dumps(body(**changes)))
    assert reply.status_code == 400
    error = reply.json()
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert error["request_id"] == reply.headers["request-id"]
    assert re.search(message, error["error"]["message"])


def test_errors_are_the_sdks_own(client):
    with pytest.raises(anthropic.NotFoundError, match="model: nothing"):
        ask(client, model="nothing")
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long: 9.* tokens > 8192 maximum"):
        ask(client, messages=[{"role": "user", "content": "word " * 9000}])
    with pytest.raises(anthropic.NotFoundError, match="the local model does not offer this"):
        client.messages.batches.list()


@pytest.mark.slow
def test_engine_failure_is_a_500_and_the_next_request_works(client, engine):
    engine._pipeline = FailingPipeline(engine._pipeline)
    with pytest.raises(anthropic.InternalServerError, match="starts again"):
        ask(client)
    assert ask(client, max_tokens=2).usage.output_tokens == 2


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"max_tokens": NaN}', b"[" * 100_000])
def test_body_that_is_not_json_is_a_400(content):
    assert post(content).status_code == 400


def test_the_sdks_tool_runner_runs(client):
    asked: list[int] = []

    @anthropic.beta_tool
    def get_order(number: int) -> str:
        """Look up an order by its number."""
        asked.append(number)
        return "Shipped on Monday."

    runner = client.beta.messages.tool_runner(
        model="local", max_tokens=80, max_iterations=2, messages=[QUESTION], tools=[get_order]
    )
    replies = list(runner)
    assert asked and len(replies) == 2


def wrong_answer(
    client: anthropic.Anthropic, monkeypatch: pytest.MonkeyPatch, answer: str, **request: object
) -> anthropic.APIStatusError:
    """What the client raises when the engine writes this in spite of its grammar."""
    forced = Grammar(f"root ::= {literal(answer)}")
    monkeypatch.setattr(requests, "grammar", lambda schema: forced)
    with pytest.raises(anthropic.APIStatusError) as caught:
        streamed(client, max_tokens=60, **request)
    with pytest.raises(anthropic.InternalServerError):
        ask(client, max_tokens=60, **request)
    return caught.value


@pytest.mark.parametrize("answer", ['"green"', '"red', '"a"b"'])
def test_an_answer_that_does_not_fit_its_schema_is_an_error(client, monkeypatch, answer):
    error = wrong_answer(client, monkeypatch, answer, output_config=json_format(COLOURS))
    assert "does not fit output_config.format.schema: " in str(error)


def test_a_call_that_does_not_fit_its_schema_is_an_error(client, monkeypatch):
    answer = '{"tool": "get_order", "input": {"number": 0}}'
    error = wrong_answer(client, monkeypatch, answer, messages=[QUESTION], tools=[ORDER_TOOL])
    assert "does not fit the input_schema of get_order: $.number: 0 is less than" in str(error)


@pytest.mark.parametrize("stream", [False, True])
def test_an_engine_that_another_size_pushed_out_is_loaded_again(client, engine, monkeypatch, stream):
    def closed(*given: object, **options: object) -> None:
        raise embedded.EngineClosed(embedded.CLOSED)

    pushed_out = SimpleNamespace(chat_prompt=engine.chat_prompt, start=closed)
    engines = iter([pushed_out, engine, pushed_out, pushed_out])
    monkeypatch.setitem(MODELS, "local", lambda: next(engines))
    assert (streamed if stream else ask)(client).content
    with pytest.raises(anthropic.InternalServerError, match="Restart the kernel"):
        (streamed if stream else ask)(client)


def test_a_chat_that_the_template_refuses_is_a_plain_error(client, engine, monkeypatch):
    def refuse(*given: object, **options: object) -> str:
        raise RuntimeError("Conversation roles must alternate")

    monkeypatch.setattr(engine, "_tokenizer", SimpleNamespace(apply_chat_template=refuse))
    with pytest.raises(anthropic.InternalServerError, match="template does not take this chat: Conversation"):
        ask(client)
