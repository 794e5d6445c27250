"""Skills in the open format: folders with a SKILL.md, checked, chosen by description and read in stages.

A model always sees the names and descriptions (`catalogue`). It gets the body of a skill once that is
chosen, and a file beside it when a step asks for one. `course.rungs.review` fills its examples.
"""

import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import anthropic
import numpy as np
import yaml
from anthropic.lib import files_from_dir

from course.engine.client import CourseClient
from course.engine.replies import text_of
from course.errors import CourseError
from course.material.data import QUEUES
from course.paths import DATA, results_dir, whole
from course.rungs.retrieve import embed
from course.rungs.routing import as_turns

FOLDER = DATA / "skills"
FAULTS = DATA / "skill_faults"
ROUTING = "ticket-routing"
NO_SKILL = "none"
CONTRACT = "assets/reply.schema.json"
EXAMPLES = "references/examples.jsonl"

MAX_NAME, MAX_DESCRIPTION, MAX_LINES = 64, 1024, 500
FIELDS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
CHOOSE = (
    "You choose the skill that a request needs. Reply with the name of one skill, or with "
    f"{NO_SKILL} when no skill fits.\n\n"
)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_BUSY_SECONDS = 10.0


@dataclass(frozen=True)
class Skill:
    """A checked skill. `description` says what it does and when to use it; `body` is read on activation."""

    name: str
    description: str
    body: str
    folder: Path

    @property
    def files(self) -> tuple[str, ...]:
        """The files beside SKILL.md, as paths below the folder."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and path.name[0] != ".")
        names = (path.relative_to(self.folder).as_posix() for path in found)
        return tuple(sorted(name for name in names if name != "SKILL.md"))

    def read(self, file: str) -> str:
        """One of `files`. Raises CourseError for any other path, those outside the folder included."""
        if file not in self.files:
            raise CourseError(
                f"The skill '{self.name}' has no file {file!r}; it has {', '.join(self.files) or 'none'}."
            )
        return _text(self.folder / file)

    @property
    def contract(self) -> dict | None:
        """The JSON schema of a reply, or None where the body names none: nobody opens a file unasked."""
        if CONTRACT not in self.body:
            return None
        try:
            return json.loads(self.read(CONTRACT))
        except json.JSONDecodeError as error:
            raise CourseError(
                f"{self.name}/{CONTRACT} is no JSON ({error}); write one JSON schema."
            ) from None


@dataclass(frozen=True)
class Example:
    """A ticket and the queue that a person approved for it."""

    id: str
    text: str
    queue: str


class HasText(Protocol):
    """What can be routed; tickets have it."""

    text: str


def load(folder: Path) -> Skill:
    """The skill in a folder. Raises CourseError that names file, value and fix when the format is broken."""
    where = f"{folder.name}/SKILL.md"
    if not (folder / "SKILL.md").is_file():
        raise CourseError(f"{where} is missing in {folder.parent}; write it, with a name and a description.")
    fields, body = _front_matter(_text(folder / "SKILL.md"), where)
    unknown = [str(field) for field in fields if field not in FIELDS]
    if unknown:
        raise CourseError(f"{where}: the field {unknown[0]!r} is not known; use {', '.join(FIELDS)}.")
    name, description = fields.get("name"), fields.get("description")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise CourseError(
            f"{where}: name is {name!r}; write 1 to {MAX_NAME} of a-z, 0-9 and single hyphens between them."
        )
    if name != folder.name:
        raise CourseError(
            f"{where}: name is {name!r} and the folder {folder.name!r}; give both the same name."
        )
    if not isinstance(description, str) or not description.strip():
        raise CourseError(
            f"{where}: description is {description!r}; say in words what the skill does and when to use it."
        )
    if len(description) > MAX_DESCRIPTION:
        raise CourseError(
            f"{where}: description {description[:30]!r}... has {len(description)} characters; "
            f"keep it to {MAX_DESCRIPTION} and move the rest into the body."
        )
    lines = len(body.splitlines())
    if not 1 <= lines <= MAX_LINES:
        raise CourseError(
            f"{where}: the body has {lines} lines; write 1 to {MAX_LINES} and move the rest to references/."
        )
    return Skill(name, description.strip(), body, folder)


def load_all(folder: Path = FOLDER) -> list[Skill]:
    """Every skill of a folder, by name."""
    found = [load(path) for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []
    if not found:
        raise CourseError(f"{folder} holds no skill; restore the folder data/ of the course.")
    return found


def planted(fault: str) -> Skill:
    """The routing skill with the SKILL.md of one folder of data/skill_faults/ in place of its own."""
    known = sorted(path.name for path in FAULTS.iterdir())
    if fault not in known:
        raise CourseError(f"There is no fault {fault!r}; choose one of {', '.join(known)}.")
    broken = load(FAULTS / fault / ROUTING)
    return replace(load(FOLDER / ROUTING), description=broken.description, body=broken.body)


def catalogue(skills: Sequence[Skill]) -> str:
    """What a model sees of each skill before it chooses one: name and description."""
    return "\n".join(f"- {skill.name}: {skill.description}" for skill in skills)


def tokens(client: CourseClient, model: str, text: str) -> int:
    """How many tokens a text adds to a system prompt, by the count of the model that would read it."""

    def count(system: str) -> int:
        turns = [{"role": "user", "content": "."}]
        return client.messages.count_tokens(model=model, system=system, messages=turns).input_tokens

    return count(text) - count(".") + 1


def likeness(texts: Sequence[str], skills: Sequence[Skill]) -> np.ndarray:
    """Cosine of each text with each description, by MiniLM: shape (texts, skills), -1 to 1."""
    return embed(texts) @ embed([skill.description for skill in skills]).T


def most_alike(text: str, skills: Sequence[Skill], threshold: float) -> str:
    """The name of the skill whose description is nearest in meaning, or NO_SKILL below the threshold."""
    row = likeness([text], skills)[0]
    return skills[int(row.argmax())].name if row.max() >= threshold else NO_SKILL


def choose(client: CourseClient, model: str, text: str, skills: Sequence[Skill]) -> str:
    """The name of the skill that a model picks from the catalogue, or NO_SKILL, held to those by a schema."""
    names = [*(skill.name for skill in skills), NO_SKILL]
    schema = {
        "type": "object",
        "properties": {"skill": {"type": "string", "enum": names}},
        "required": ["skill"],
        "additionalProperties": False,
    }
    message = client.messages.create(
        model=model,
        max_tokens=60,
        system=CHOOSE + catalogue(skills),
        messages=[{"role": "user", "content": text}],
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    return json.loads(text_of(message))["skill"]


def route(
    client: CourseClient,
    model: str,
    skill: Skill,
    ticket: HasText,
    examples: Sequence[HasText] = (),
    files: Sequence[str] = (),
) -> str:
    """The queue that a model gives a ticket with the body of the skill, some of its files, and examples.

    With a contract in the skill the reply is one of its queues; without one it is any text.
    """
    contract = skill.contract
    request = {
        "model": model,
        "max_tokens": 60,
        "system": "\n\n".join([skill.body, *(skill.read(file) for file in files)]),
        "messages": as_turns(examples, ticket.text, as_json=contract is not None),
    }
    if contract is None:
        return text_of(client.messages.create(**request)).strip()
    request["output_config"] = {"format": {"type": "json_schema", "schema": contract}}
    return json.loads(text_of(client.messages.create(**request)))["queue"]


def working_copy(name: str = ROUTING) -> Skill:
    """The skill as a copy in the results folder, where its examples may grow; they are kept."""
    source, target = load(FOLDER / name), results_dir() / "skills" / name
    for file in ("SKILL.md", *source.files):
        if file != EXAMPLES or not (target / file).is_file():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            _replace(target / file, (source.folder / file).read_bytes())
    return load(target)


def examples(skill: Skill) -> list[Example]:
    """The approved examples of a skill, in the order in which they came."""
    found = []
    for number, line in enumerate(skill.read(EXAMPLES).rstrip("\n").split("\n"), start=1):
        where = f"{skill.name}/{EXAMPLES}, line {number}"
        try:
            example = Example(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            raise CourseError(
                f"{where}: {line[:40]!r} is no example; write one object with id, text and queue."
            ) from None
        if example.queue not in QUEUES:
            raise CourseError(
                f"{where}: queue {example.queue!r} is not known; use one of {', '.join(QUEUES)}."
            )
        found.append(example)
    return found


def remember(skill: Skill, approved: Sequence[Example]) -> int:
    """Add examples to a working copy and return how many it has now. A newer one with the same id wins.

    The file is replaced whole or stays as it was, also when two kernels write or one is killed. Raises
    CourseError when the skill is one of data/ or the disk takes no more.
    """
    if skill.folder.resolve().is_relative_to(DATA):
        raise CourseError(f"{skill.folder} belongs to the course; remember in a working_copy() of the skill.")
    try:
        with _alone(skill.folder.parent):
            kept = {example.id: example for example in [*examples(skill), *approved]}
            lines = "".join(f"{json.dumps(asdict(one), ensure_ascii=False)}\n" for one in kept.values())
            _replace(skill.folder / EXAMPLES, lines.encode())
    except (OSError, sqlite3.Error) as error:
        raise CourseError(
            f"{skill.name}/{EXAMPLES} is as it was before ({error}): free some space, or set COURSE_RESULTS "
            "to another folder, and run the cell again."
        ) from None
    return len(kept)


def upload(client: CourseClient, skill: Skill) -> str | None:
    """Put the folder into Claude's Skills API and return its id there; the same folder is sent once only.

    None where nobody offers that API: in local mode, in a replay and on most other servers.
    """
    if client.mode != "live":
        return None
    label = f"{skill.name} {_fingerprint(skill)}"
    try:
        there = [known.id for known in client.skills.list(source="custom") if known.display_name == label]
        if there:
            return there[0]
        return client.skills.create(files=files_from_dir(skill.folder), display_name=label).id
    except anthropic.NotFoundError:
        return None


def _fingerprint(skill: Skill) -> str:
    content = [f"{file}\n{_text(skill.folder / file)}" for file in ("SKILL.md", *skill.files)]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:12]


def _front_matter(text: str, where: str) -> tuple[dict, str]:
    lines = text.split("\n")
    ends = [number for number, line in enumerate(lines) if line.rstrip() == "---"]
    if len(ends) < 2 or ends[0] != 0:
        raise CourseError(
            f"{where}, line 1: {lines[0][:40]!r} begins no front matter; "
            "begin with a line ---, then name: and description:, then another line ---."
        )
    try:
        fields = yaml.safe_load("\n".join(lines[1 : ends[1]]))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 2
        raise CourseError(
            f"{where}, line {line}: {lines[line - 1][:40]!r} is no YAML; put a text with a colon in quotes."
        ) from None
    if not isinstance(fields, dict):
        raise CourseError(f"{where}, line 2: {lines[1][:40]!r} is no field; write name: and description:.")
    return fields, "\n".join(lines[ends[1] + 1 :]).strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CourseError(
            f"{path.parent.name}/{path.name}: the byte 0x{error.object[error.start]:02x} is not UTF-8; "
            "save it as UTF-8."
        ) from None


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: what stood there stays until the new one is on disk."""
    with whole(path) as unfinished, unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other kernels out. SQLite's lock works on every system and ends with its process."""
    connection = sqlite3.connect(folder / "lock.sqlite", timeout=_BUSY_SECONDS, isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield
