"""Training data for a small language model: the chats, and the file that holds them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from course.errors import CourseError
from course.files import checked_text, json_objects, write_text
from course.material.data import Ticket, prompt


def _message(role: str) -> dict:
    return {
        "type": "object",
        "properties": {"role": {"const": role}, "content": {"type": "string", "pattern": r"\S"}},
        "required": ["role", "content"],
        "additionalProperties": False,
    }


# Each line of a training file. It is the form that hosted services take as well.
CHAT_SCHEMA = {
    "type": "object",
    "properties": {
        "messages": {
            "type": "array",
            "prefixItems": [_message("system"), _message("user"), _message("assistant")],
            "items": False,
            "minItems": 3,
        }
    },
    "required": ["messages"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class TrainingChat:
    """One example to train on: the instruction, the text, and the answer that the model is to learn.

    CourseError for a part that holds half of a surrogate pair, so that every chat can be written, hashed,
    counted and trained on.
    """

    system: str
    text: str
    answer: str

    def __post_init__(self) -> None:
        for name, part in vars(self).items():
            checked_text(part, f"the {name} of a chat")

    @property
    def messages(self) -> list[dict[str, str]]:
        """The three turns, as every chat API takes them."""
        parts = (("system", self.system), ("user", self.text), ("assistant", self.answer))
        return [{"role": role, "content": content} for role, content in parts]


Chats = Sequence[TrainingChat]
FEWEST_EXAMPLES = 10


def short_prompt() -> str:
    """The instruction of a tuned model: it knows the queues, so they need not be listed."""
    return prompt("route_short").strip()


def routing_chats(tickets: Sequence[Ticket], system: str | None = None) -> list[TrainingChat]:
    """Tickets as chats whose answer is the queue. `system` is the instruction, by default the short one."""
    instruction = short_prompt() if system is None else system
    return [TrainingChat(instruction, ticket.text, ticket.queue) for ticket in tickets]


def write_chats(chats: Chats, path: Path) -> None:
    """Write one JSON object a line, completely or not at all."""
    write_text(path, _as_lines(chats))


def read_chats(path: Path) -> list[TrainingChat]:
    """The chats of a JSON Lines file. CourseError names the first line that CHAT_SCHEMA refuses, and why.

    A file without any is refused as well.
    """
    chats = [_chat(where, found) for where, found in json_objects(path)]
    if not chats:
        raise CourseError(f"{path.name} holds no chat; write one on each line, or name another file.")
    return chats


def unfit(chats: Chats) -> str:
    """Why nobody should train on these, the one rule of checks and trainings; empty for data that will do."""
    if len(chats) < FEWEST_EXAMPLES:
        return (
            f"There are {len(chats)} examples to train on; give at least {FEWEST_EXAMPLES}, better hundreds."
        )
    return blank_part(chats) or one_answer([chat.answer for chat in chats])


def blank_part(chats: Chats) -> str:
    """A sentence about the first chat with a blank part; empty where none is blank."""
    for number, chat in enumerate(chats, start=1):
        if blank := next((name for name, part in vars(chat).items() if not part.strip()), None):
            return f"Example {number} has a blank {blank}; write a text or leave the example out."
    return ""


def one_answer(answers: Sequence[str]) -> str:
    """A sentence where all examples have the same answer, here or in a vendor's file; else empty."""
    if len(answers) < 2 or len(set(answers)) > 1:
        return ""
    return (
        f"All {len(answers)} examples have the answer {answers[0][:40]!r}, so the model would learn to "
        "say it always; add examples with other answers."
    )


def data_hash(*sets: Chats) -> str:
    """The sha256 of sets of chats, in their order: other data, another hash."""
    return hashlib.sha256("\n\n".join(map(_as_lines, sets)).encode()).hexdigest()


def _as_lines(chats: Chats) -> str:
    return "".join(json.dumps({"messages": chat.messages}, ensure_ascii=False) + "\n" for chat in chats)


def _chat(where: str, found: dict[str, Any]) -> TrainingChat:
    wrong = next(Draft202012Validator(CHAT_SCHEMA).iter_errors(found), None)
    if wrong:
        said = "the text is blank" if wrong.validator == "pattern" else wrong.message[:120]
        raise CourseError(
            f"{where}, {wrong.json_path}: {said}; "
            'write {"messages": [...]} with a system, a user and an assistant message.'
        )
    return TrainingChat(*(message["content"] for message in found["messages"]))
