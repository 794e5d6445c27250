"""The answers that the course carries with it: one JSON Lines file per lesson and size in data/recordings/.

The first line of a file says what all of its answers have in common; the others are sorted by key, so that a
change can be read line by line. `python -m course.measure recordings` writes them.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from course.engine.recordings import Recording, Recordings
from course.engine.replies import message, parsed, usage
from course.engine.transports import COUNT, MESSAGES, Call
from course.errors import CourseError
from course.files import checked, json_objects, write_text
from course.paths import recordings_dir

KEY_DIGITS = 16
SAMPLED = 16  # answers of each file that keep their request; the first of each further kind keeps it too
ASKED_CHARACTERS = 60
PATHS = [path + query for path in (MESSAGES, COUNT) for query in ("", "?beta=true")]


@dataclass(frozen=True)
class Head:
    """What the answers of a file have in common.

    `model` is what requests name, `place` the local weights, their packing and the version of their answers.
    """

    lesson: str
    size: str
    name: str
    model: str
    place: str
    engine: str
    machine: str
    date: str

    def __str__(self) -> str:
        return f"{self.name} on {self.machine}, {self.date}"


class CarriedAnswers(Recordings):
    """The reader's own answers, and behind them those that the course carries for the same local model.

    `source` says which model gave those, on which machine and when; None when there are none.
    """

    def __init__(self, path: Path, place: str) -> None:
        super().__init__(path)
        self._carried: dict[str, Recording] = {}
        self.source: str | None = None
        for head, answers in map(read, files()):
            if head.place == place:
                self._carried |= answers
                self.source = str(head)

    def find(self, key: str, place: str) -> Recording | None:
        return super().find(key, place) or self._carried.get(key[:KEY_DIGITS])


class FreshAnswers(Recordings):
    """Answers that replace the reader's earlier ones: it finds only what was asked through it."""

    on_conflict = "REPLACE"
    source = None

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._asked: set[str] = set()

    def find(self, key: str, place: str) -> Recording | None:
        return super().find(key, place) if key in self._asked else None

    def save(self, recording: Recording) -> None:
        super().save(recording)
        self._asked.add(recording.key)


def files() -> list[Path]:
    """The files with carried answers, in the order of the lessons."""
    return sorted(recordings_dir().glob("*.jsonl"))


def read(file: Path) -> tuple[Head, dict[str, Recording]]:
    """A file's head, and its answers by the first digits of their keys. CourseError names a wrong line."""
    return _read(file, file.stat().st_mtime_ns)


def sample(file: Path) -> list[tuple[Call, Recording]]:
    """The requests that a file keeps, with their answers."""
    _, answers = read(file)
    rows = (row for _, row in json_objects(file) if "request" in row)
    return [(Call(*row["request"]), answers[row["key"]]) for row in rows]


def content(answer: Recording) -> object:
    """What a message, a stream or a count says: its content blocks, or the count."""
    said = parsed(answer.response, streams=answer.response.startswith("event:"))
    return said.get("content", said)


def write(file: Path, head: Head, answers: Iterable[Recording]) -> None:
    """Write answers to a file, which takes its place when it is complete."""
    rows = sorted((_row(head, answer) for answer in answers), key=lambda row: row["key"])
    kinds: set[str] = set()
    for place, row in enumerate(rows):
        kind = _kind(*row["request"])
        if place >= SAMPLED and kind in kinds:
            del row["request"]
        kinds.add(kind)
    lines = [json.dumps(row, ensure_ascii=False) for row in (asdict(head), *rows)]
    write_text(file, "\n".join(lines) + "\n")


@cache
def _read(file: Path, changed: int) -> tuple[Head, dict[str, Recording]]:
    lines = json_objects(file)
    head = checked(Head, *reversed(next(lines, (file.name, {}))))
    answers = (_recording(head, row, where) for where, row in lines)
    return head, {answer.key: answer for answer in answers}


def _row(head: Head, recording: Recording) -> dict:
    body = json.loads(recording.request)
    call = next(call for call in (Call(path, body) for path in PATHS) if call.key == recording.key)
    asked = body["messages"][-1]["content"]
    if not isinstance(asked, str):
        asked = json.dumps(asked, ensure_ascii=False)
    # The beginning of the last text that was sent is for whoever reads the file.
    row: dict = {"key": recording.key[:KEY_DIGITS], "asked": asked[:ASKED_CHARACTERS]}
    if call.model != head.model:
        row["model"] = call.model
    if call.streams:
        row["events"] = recording.response
    elif call.is_count:
        row["in"] = json.loads(recording.response)["input_tokens"]
    else:
        row |= _message_row(json.loads(recording.response))
    if not call.is_count:
        row["seconds"] = round(recording.seconds, 3)
    return row | {"request": [call.path, body]}


def _kind(path: str, body: dict) -> str:
    """What requests of one kind have in common: all but the texts of their messages."""
    return json.dumps([path, len(body["messages"]), {**body, "messages": None}], sort_keys=True)


def _message_row(answered: dict) -> dict:
    match answered["content"]:
        case [{"type": "text", "text": text}]:
            answer = text
        case blocks:
            answer = blocks
    row = {
        "answer": answer,
        "in": answered["usage"]["input_tokens"],
        "out": answered["usage"]["output_tokens"],
    }
    if answered["stop_reason"] != "end_turn":
        row["stop"] = answered["stop_reason"]
    if answered["stop_sequence"] is not None:
        row["stop_sequence"] = answered["stop_sequence"]
    return row


def _recording(head: Head, row: dict, where: str) -> Recording:
    model = row.get("model", head.model)
    try:
        return Recording(
            place=f"{head.name if model == head.model else model} on {head.machine}",
            key=row["key"],
            mode="recorded",
            model=model,
            created=head.date,
            request="",
            response=_response(model, row),
            seconds=row.get("seconds", 0.0),
        )
    except KeyError as error:
        raise CourseError(f"{where}: the field {error} is missing; restore the file.") from None


def _response(model: str, row: dict) -> str:
    if "events" in row:
        return row["events"]
    if "answer" not in row:
        return json.dumps({"input_tokens": row["in"]})
    answer = row["answer"]
    replayed = message(
        f"msg_recorded_{row['key']}",
        model,
        [{"type": "text", "text": answer}] if isinstance(answer, str) else answer,
        row.get("stop", "end_turn"),
        row.get("stop_sequence"),
        usage(row["in"], row["out"]),
    )
    return json.dumps(replayed, ensure_ascii=False)
