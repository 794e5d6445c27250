"""A request to the Messages API, checked and made into a chat for the local model.

Pydantic checks its shape, in the API's own sentences: `messages.0.content: Field required`. What the API
takes and the local model cannot do is refused by name.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from course.engine.grammar import Grammar, grammar
from course.engine.schema import SchemaError, enforceable
from course.engine.weights import chosen_model

# Parts of the API that exist, so that the message can tell them from a misspelt key.
UNSUPPORTED = set(
    "allowed_callers cache_control citations container context_management defer_loading diagnostics "
    "eager_input_streaming effort inference_geo input_examples mcp_servers output_format service_tier speed "
    "task_budget temperature top_k top_p user_profile_id".split()
)
CONTROL_TOKENS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
TOOL_INSTRUCTIONS = (
    "You can call these tools:\n{tools}\n"
    'Answer with one JSON object: {{"tool": name, "input": {{...}}}} to call a tool, '
    'or {{"reply": text}} to answer.'
)


class ApiError(Exception):
    """An answer other than 200, in the API's own shape. `details` and `headers` are for the SDK."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        details: dict | None = None,
        headers: dict[str, str] | None = None,
    ):
        super().__init__(message)
        self.status, self.kind, self.details, self.headers = status, kind, details, headers or {}


class InvalidRequest(ApiError):
    """A 400: the message begins with the place at fault."""

    def __init__(self, message: str, details: dict | None = None):
        super().__init__(400, "invalid_request_error", message, details)


@dataclass(frozen=True)
class Tool:
    """A tool as the model is shown it, and the schema that its input is held to."""

    shown: dict
    held_to: dict

    @property
    def name(self) -> str:
        return self.shown["name"]


@dataclass(frozen=True)
class Chat:
    """A checked request in the form the engine takes: plain turns, and the grammar of the answer.

    `schema` is that of `output_config` as it was sent.
    """

    model: str
    turns: list[dict[str, str]]
    grammar: Grammar | None
    tools: tuple[Tool, ...]
    schema: dict | None
    max_tokens: int = 1
    stop: tuple[str, ...] = ()
    stream: bool = False


def read_chat(body: dict, *, counting: bool = False) -> Chat:
    """Check a request body and render it for the engine. Raises InvalidRequest."""
    if body.get("thread") is not None:
        # So the SDK's tool runner knows that it has to send the conversation itself.
        details = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
        raise InvalidRequest("thread: the local model does not keep conversations", details)
    try:
        request = (_Count if counting else _Request).model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(_sentence(error.errors(include_url=False)[0])) from None
    except RecursionError:
        raise InvalidRequest("The request is nested too deeply") from None
    tools = tuple(_tools(request.tools))
    if request.tool_choice and not tools:
        raise InvalidRequest("tool_choice: may only be specified while providing tools")
    turns = _turns(request.messages, bool(tools))
    system = "\n".join(block.text for block in request.system)
    if tools:
        lines = "\n".join(_json(tool.shown) for tool in tools)
        system = "\n\n".join(filter(None, [system, TOOL_INSTRUCTIONS.format(tools=lines)]))
    if system:
        turns.insert(0, {"role": "system", "content": system})
    form = request.output_config and request.output_config.format
    held_to = _held_to(form.schema_, "output_config.format.schema", strict=True) if form else None
    may_call = request.tool_choice is None or request.tool_choice.type == "auto"
    answer = _grammar(held_to, tools, may_call)
    chat = Chat(request.model, turns, answer, tools, form.schema_ if form else None)
    if isinstance(request, _Request):
        stop = tuple(request.stop_sequences)
        chat = replace(chat, max_tokens=request.max_tokens, stop=stop, stream=request.stream)
    return chat


# The shape of a request.


def _plain(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("surrogate", "the text holds half a character (a lone surrogate)") from None
    for token in (*CONTROL_TOKENS, *chosen_model("small").control_tokens):
        if token in text:
            raise PydanticCustomError(
                "control_token",
                "the text holds {token}, which the local model would take for the end of a turn",
                {"token": token},
            )
    return text


def _one_of(*allowed: str) -> AfterValidator:
    """What the local model takes of the values that the API has."""

    def check(value: str) -> str:
        if value not in allowed:
            raise PydanticCustomError(
                "not_local",
                "the local model takes {names}, not {value}",
                {"names": " and ".join(map(repr, allowed)), "value": repr(value)},
            )
        return value

    return AfterValidator(check)


def _as_blocks(content: Any) -> Any:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        raise PydanticCustomError("blocks", "Input should be a valid string or a list of blocks")
    return content


def _kind(block: Any) -> str | None:
    kind = block.get("type") if isinstance(block, dict) else None
    return f"<{kind}>" if isinstance(kind, str) else None


Text = Annotated[str, AfterValidator(_plain)]
Schema = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        """A null key counts as absent: the SDK sends them with the blocks of a reply."""
        if isinstance(value, dict):
            return {key: part for key, part in value.items() if part is not None}
        return value


class _TextBlock(_Part):
    type: Literal["text"]
    text: Text


class _Direct(_Part):
    type: Literal["direct"]


class _ToolUse(_Part):
    type: Literal["tool_use"]
    id: Text
    name: Text
    input: dict[str, Any]
    # A call that the model made comes back with it. Only this plain one means nothing more.
    caller: _Direct | None = None


TextBlocks = Annotated[list[_TextBlock], BeforeValidator(_as_blocks)]


class _ToolResult(_Part):
    type: Literal["tool_result"]
    tool_use_id: str
    content: TextBlocks = []
    is_error: bool = False


Block = Annotated[
    Annotated[_TextBlock, Tag("<text>")]
    | Annotated[_ToolUse, Tag("<tool_use>")]
    | Annotated[_ToolResult, Tag("<tool_result>")],
    Discriminator(_kind),
]


class _Message(_Part):
    role: Literal["user", "assistant"]
    content: Annotated[list[Block], BeforeValidator(_as_blocks)]


class _Tool(_Part):
    type: Annotated[str, _one_of("custom")] = "custom"
    name: str = Field(pattern="^[a-zA-Z0-9_-]{1,128}$")
    description: Text = ""
    input_schema: Schema
    strict: bool = False


class _ToolChoice(_Part):
    type: Annotated[str, _one_of("auto", "none")]
    disable_parallel_tool_use: bool = False


class _Format(_Part):
    type: Annotated[str, _one_of("json_schema")]
    schema_: Schema = Field(alias="schema")


class _OutputConfig(_Part):
    format: _Format | None = None


class _Thinking(_Part):
    type: Annotated[str, _one_of("disabled")]


class _Count(_Part):
    model: str
    messages: list[_Message]
    system: TextBlocks = []
    tools: list[_Tool] = []
    tool_choice: _ToolChoice | None = None
    output_config: _OutputConfig | None = None
    thinking: _Thinking | None = None


def _visible(sequences: list[str]) -> list[str]:
    if not all(sequence.strip() for sequence in sequences):
        raise PydanticCustomError("blank", "each stop sequence must contain non-whitespace")
    return sequences


class _Request(_Count):
    max_tokens: int = Field(ge=1)
    stop_sequences: Annotated[list[str], AfterValidator(_visible)] = []
    stream: bool = False
    metadata: dict[str, Any] = {}


def _sentence(error: ErrorDetails) -> str:
    # Names in <> are ours: which block of a choice pydantic took.
    place = ".".join(str(part) for part in error["loc"] if not str(part).startswith("<"))
    message = error["msg"]
    match error["type"]:
        case "extra_forbidden" if error["loc"][-1] in UNSUPPORTED:
            message = "the local model does not support this. Remove it, or use live mode"
        case "literal_error" if error["loc"][-1] == "role" and error["input"] in ("system", "developer"):
            message = (
                f"the local model takes instructions in `system` alone, not in a {error['input']} message"
            )
        case "union_tag_invalid":
            place += ".type"
            message = f"the local model does not take {error['input']['type']!r} in a message"
        case "union_tag_not_found":
            place += ".type" if isinstance(error["input"], dict) else ""
            message = "Field required" if place.endswith(".type") else "Input should be a valid dictionary"
    return f"{place}: {message}"


# What the parts say together.


def _turns(messages: list[_Message], has_tools: bool) -> list[dict[str, str]]:
    """The messages as alternating turns of plain text. Neighbours of one role become one, as in the API."""
    if not messages:
        raise InvalidRequest("messages: at least one message is required")
    turns: list[dict[str, str]] = []
    # What the last turn of the assistant called, in which message, and which of it is answered since.
    called: dict[str, int] = {}
    answered: set[str] = set()
    ever_called: set[str] = set()
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        if not message.content:
            raise InvalidRequest(f"{where}: all messages must have non-empty content")
        if not turns or turns[-1]["role"] != message.role:
            if message.role == "assistant":
                _refuse_open_calls(called, answered)
                called, answered = {}, set()
            turns.append({"role": message.role, "content": ""})
        lines = []
        for index, block in enumerate(message.content):
            place = f"{where}.content.{index}"
            if not isinstance(block, _TextBlock) and not has_tools:
                raise InvalidRequest(
                    "Requests which include `tool_use` or `tool_result` blocks must define tools."
                )
            match block:
                case _TextBlock(text=text):
                    if not text.strip():
                        needed = "contain non-whitespace text" if text else "be non-empty"
                        raise InvalidRequest(f"messages: text content blocks must {needed}")
                    as_reply = message.role == "assistant" and has_tools
                    lines.append(_json({"reply": text}) if as_reply else text)
                case _ToolUse() if message.role == "assistant":
                    if block.id in ever_called:
                        raise InvalidRequest(f"{place}: `tool_use` ids must be unique")
                    ever_called.add(block.id)
                    called[block.id] = number
                    lines.append(_shown({"tool": block.name, "input": block.input}, f"{place}.input"))
                case _ToolResult() if message.role == "user":
                    _check_result(block, place, called, answered)
                    if (lines or turns[-1]["content"]) and not answered:
                        _refuse_open_calls(called, answered)  # the results come first
                    answered.add(block.tool_use_id)
                    failed = {"is_error": True} if block.is_error else {}
                    lines.append(_json({"result": "\n".join(part.text for part in block.content), **failed}))
                case _:
                    raise InvalidRequest(
                        f"{place}: `{block.type}` blocks cannot be in {message.role} messages"
                    )
        turns[-1]["content"] += ("\n" if turns[-1]["content"] else "") + "\n".join(lines)
    if turns[0]["role"] != "user":
        raise InvalidRequest('messages: first message must use the "user" role')
    if turns[-1]["role"] == "assistant":
        raise InvalidRequest(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    _refuse_open_calls(called, answered)
    return turns


def _refuse_open_calls(called: dict[str, int], answered: set[str]) -> None:
    unanswered = [identifier for identifier in called if identifier not in answered]
    if unanswered:
        raise InvalidRequest(
            f"messages.{called[unanswered[0]]}: `tool_use` ids were found without `tool_result` blocks "
            f"immediately after: {', '.join(unanswered)}. Each `tool_use` block must have a corresponding "
            "`tool_result` block in the next message."
        )


def _check_result(block: _ToolResult, place: str, called: dict[str, int], answered: set[str]) -> None:
    if block.tool_use_id not in called:
        raise InvalidRequest(
            f"{place}: unexpected `tool_use_id` found in `tool_result` blocks: {block.tool_use_id}. "
            "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
        )
    if block.tool_use_id in answered:
        raise InvalidRequest(
            f"{place}: each tool_use must have a single result. "
            f"Found multiple `tool_result` blocks with id: {block.tool_use_id}"
        )


def _json(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shown(value: dict, where: str) -> str:
    """The JSON that the model reads; its texts are checked like any other."""
    try:
        return _plain(_json(value))
    except PydanticCustomError as error:
        raise InvalidRequest(f"{where}: {error}") from None


def _tools(tools: list[_Tool]) -> Iterator[Tool]:
    names = [tool.name for tool in tools]
    if len(set(names)) < len(names):
        raise InvalidRequest("tools: Tool names must be unique.")
    for number, tool in enumerate(tools):
        where = f"tools.{number}"
        if tool.input_schema.get("type") != "object":
            raise InvalidRequest(f"{where}.input_schema.type: Input should be 'object'")
        shown = {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
        _shown(shown, where)
        yield Tool(shown, _held_to(tool.input_schema, f"{where}.input_schema", strict=tool.strict))


def _held_to(schema: dict, where: str, *, strict: bool) -> dict:
    try:
        return enforceable(schema, where=where, strict=strict)
    except SchemaError as error:
        raise InvalidRequest(str(error)) from None
    except RecursionError:
        raise InvalidRequest(f"{where}: the schema is nested too deeply") from None


def _grammar(schema: dict | None, tools: tuple[Tool, ...], may_call: bool) -> Grammar | None:
    if tools:
        calls = [_closed(tool={"enum": [tool.name]}, input=tool.held_to) for tool in tools if may_call]
        schema = {"anyOf": [*calls, _closed(reply=schema or {"type": "string"})]}
    return grammar(schema) if schema else None


def _closed(**properties: dict) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
