"""The house voice: notes of what was decided, each with a reply that says it as Fernlight sounds."""

from dataclasses import dataclass
from typing import Literal, get_args

from course.errors import one_of
from course.files import read_json_lines, read_text
from course.material.data import Queue, Text
from course.paths import DATA

FOLDER = DATA / "voice"
VoiceSplit = Literal["train", "dev", "test"]
SPLITS: tuple[str, ...] = get_args(VoiceSplit)
CLOSING = "Grow well, Fernlight"


@dataclass(frozen=True)
class VoicePair:
    """A colleague's note and the reply to the customer, with `CLOSING` as its last line."""

    id: str
    topic: Queue
    note: Text
    reply: Text

    @property
    def text(self) -> str:
        """The note, under the name that `evaluate` and the search know."""
        return self.note

    @property
    def answer(self) -> str:
        """The reply, under the name that `evaluate` knows."""
        return self.reply


def pairs(split: str) -> list[VoicePair]:
    """The pairs of `train` (332), `dev` (36) or `test` (108), in file order."""
    return read_json_lines(FOLDER / f"{one_of('split', split, SPLITS)}.jsonl", VoicePair)


def guide() -> str:
    """The fifteen rules of the voice, as Markdown."""
    return read_text(FOLDER / "voice_guide.md")
