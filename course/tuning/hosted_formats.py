"""The forms of training example that hosted services take: what a line may hold, and a ticket as one."""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Json, model_validator

from course.material.data import Ticket

CALLING = "assistant with tool calls"
Turns = list[tuple[str, str]]  # who speaks, and the text

# Users and the assistant take turns, the assistant last; tools answer an assistant that called them.
_LETTERS = {"system": "s", "user": "u", "assistant": "a", CALLING: "c", "tool": "t", "tools": ""}
_ORDER = re.compile(r"s?(u(ct+)*a)*u(ct+)*[ac]")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("write a text or leave the example out")
    return text


def _as_parts(content: object) -> object:
    if content == "":
        return None
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


Text = Annotated[str, AfterValidator(_not_blank)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _PlainPart(_Strict):
    text: Text


class _TypedPart(_Strict):
    type: Literal["text"]
    text: Text


class _Function(_Open):
    name: str


class _CalledFunction(_Function):
    arguments: Json[dict[str, Any]]


class _OfferedTool(_Open):
    function: _Function


class _ToolCall(_Open):
    function: _CalledFunction


class _ConversationTurn(_Strict):
    role: Literal["user", "assistant"]
    content: Annotated[list[_PlainPart], Field(min_length=1)]


class ConversationExample(_Strict):
    """Bedrock's conversation form: the instruction is beside the turns."""

    schemaVersion: Any = None
    system: Annotated[list[_PlainPart], Field(min_length=1)] = []
    messages: list[_ConversationTurn]

    @staticmethod
    def of(ticket: Ticket, instruction: str) -> dict[str, Any]:
        """The ticket as one example: instruction and ticket in, its queue out."""
        turns = (("user", ticket.text), ("assistant", ticket.queue))
        return {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": instruction}],
            "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns],
        }

    def turns(self) -> Turns:
        """Every text that counts as tokens, in order."""
        spoken = [(turn.role, _joined(turn.content)) for turn in self.messages]
        return [("system", _joined(self.system)), *spoken] if self.system else [*spoken]


class _ChatTurn(_Strict):
    role: Literal["system", "user", "assistant", "tool"]
    content: Annotated[list[_TypedPart] | None, BeforeValidator(_as_parts)] = None
    weight: Literal[0, 1] = 1
    reasoning_content: Text | None = None
    tool_calls: list[_ToolCall] = []
    tool_call_id: Any = None

    @model_validator(mode="after")
    def _calls_or_speaks(self) -> Self:
        if self.role != "assistant" and (self.tool_calls or self.thoughts()):
            raise ValueError("only the assistant has tool_calls or thoughts")
        if not self.tool_calls and not self.content:
            raise ValueError("give it a content")
        return self

    def thoughts(self) -> str:
        return self.reasoning_content or ""

    def spoken(self) -> tuple[str, str]:
        calls = _as_json(self.tool_calls) if self.tool_calls else ""
        return CALLING if calls else self.role, self.thoughts() + _joined(self.content or []) + calls


class _TogetherTurn(_ChatTurn):
    reasoning: Text | None = None

    def thoughts(self) -> str:
        return (self.reasoning or "") + super().thoughts()


class _FireworksTurn(_ChatTurn):
    name: Any = None


ChatTurn = TypeVar("ChatTurn", bound=_ChatTurn)


class _Chat(_Strict, Generic[ChatTurn]):
    messages: list[ChatTurn]
    tools: Annotated[list[_OfferedTool], Field(min_length=1)] = []

    @model_validator(mode="after")
    def _tools_are_known(self) -> Self:
        known = [tool.function.name for tool in self.tools]
        for call in (call for turn in self.messages for call in turn.tool_calls):
            if known and call.function.name not in known:
                raise ValueError(f"{call.function.name!r} is called; its tools are {', '.join(known)}")
        return self

    @staticmethod
    def of(ticket: Ticket, instruction: str) -> dict[str, Any]:
        turns = (("system", instruction), ("user", ticket.text), ("assistant", ticket.queue))
        return {"messages": [{"role": role, "content": text} for role, text in turns]}

    def turns(self) -> Turns:
        # Tools are in the prompt of every turn.
        tools = [("tools", _as_json(self.tools))] if self.tools else []
        return tools + [turn.spoken() for turn in self.messages]


class TogetherExample(_Chat[_TogetherTurn]):
    """Messages, and tools if need be."""


class FireworksExample(_Chat[_FireworksTurn]):
    """OpenAI's messages and what else its files hold."""

    parallel_tool_calls: Any = None
    weight: float = 1


class PromptExample(_Strict):
    """A prompt, with the instruction in it, and its completion."""

    prompt: Text
    completion: Text

    @staticmethod
    def of(ticket: Ticket, instruction: str) -> dict[str, Any]:
        return {"prompt": f"{instruction.rstrip()}\n\n{ticket.text}", "completion": ticket.queue}

    def turns(self) -> Turns:
        return [("prompt", self.prompt), ("completion", self.completion)]


Example = ConversationExample | TogetherExample | FireworksExample | PromptExample
FORMATS: dict[str, type[Example]] = {
    "conversation": ConversationExample,
    "together": TogetherExample,
    "fireworks": FireworksExample,
    "prompt": PromptExample,
}


def in_order(speakers: Iterable[str]) -> bool:
    """Whether they speak in an order that can be trained on."""
    return _ORDER.fullmatch("".join(_LETTERS[speaker] for speaker in speakers)) is not None


def _joined(parts: Iterable[_PlainPart | _TypedPart]) -> str:
    return "\n".join(part.text for part in parts)


def _as_json(values: Iterable[BaseModel]) -> str:
    return json.dumps([value.model_dump(round_trip=True) for value in values])
