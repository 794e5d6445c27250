"""Skills in the open format: folders with a SKILL.md, checked, chosen by description and read in stages.

A model always sees the names and descriptions (`catalogue`). It gets the body of a skill once that is
chosen, and a file beside it when a step asks for one. `course.rungs.review` fills its examples.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import anthropic
from anthropic.types import MessageParam
from skills_ref.errors import ParseError
from skills_ref.parser import find_skill_md, parse_frontmatter
from skills_ref.validator import validate_metadata
from strictyaml.ruamel.error import MarkedYAMLError

from course.engine.client import CourseClient
from course.errors import CourseError
from course.files import locked, parsed_json, read_json_lines, read_text, replacing
from course.material.data import Queue, SkillRequest
from course.measuring.results import Verdict
from course.paths import DATA, results_dir
from course.rungs.retrieve import embed
from course.rungs.routing import HasText, Labelled, as_turns, one_of, reply

FOLDER = DATA / "skills"
FAULTS = DATA / "skill_faults"
ROUTING = "ticket-routing"
NO_SKILL = "none"
CONTRACT = "assets/reply.schema.json"
EXAMPLES = "references/examples.jsonl"

ADVISED_LINES = 500
CHOOSE = (
    "You choose the skill that a request needs. Reply with the name of one skill, or with "
    f"{NO_SKILL} when no skill fits.\n\n"
)
# What editors, systems and tools leave in folders beside what people put there.
_FOREIGN = {"__pycache__", "__macosx", "node_modules", "thumbs.db", "desktop.ini"}
_FOREIGN_FORM = re.compile(r"\.|~\$|#.*#$|.*~$")  # hidden, in use by an Office program, a copy of an editor
_YAML_FIXES = (
    ("mapping values are not allowed", "put a text with a colon in quotes"),
    (r"found character '\t'", "write spaces, not a tab"),
    ("cannot start any token", "put a text that begins with this character in quotes"),
    ("Duplicate key", "keep one of the two"),
    ("JSONesque flow mapping", "write one key or one '- ' a line, or put the text in quotes"),
    ("anchor token", "put the text in quotes"),
    ("end of stream", "close the quotation mark"),
)


@dataclass(frozen=True)
class Skill:
    """A checked skill. `description` says what it does and when to use it; `body` is read on activation."""

    name: str
    description: str
    body: str
    folder: Path

    @property
    def files(self) -> tuple[str, ...]:
        """The files beside SKILL.md, as paths below the folder. A link to what lies outside is not one."""
        home = self.folder.resolve()
        found = (
            path.relative_to(self.folder)
            for path in self.folder.rglob("*")
            if path.is_file() and path.resolve().is_relative_to(home)
        )
        own = (path.as_posix() for path in found if not any(map(_is_foreign, path.parts)))
        return tuple(sorted(name for name in own if name not in ("SKILL.md", "skill.md")))

    def read(self, file: str) -> str:
        """One of `files`. Raises CourseError for any other path, those outside the folder included."""
        if file not in self.files:
            raise CourseError(
                f"The skill '{self.name}' has no file {file!r}; it has {', '.join(self.files) or 'none'}."
            )
        return read_text(self.folder / file)

    @property
    def contract(self) -> dict | None:
        """The JSON schema of a reply, or None where the body names none: no file is opened unasked."""
        if CONTRACT not in self.body:
            return None
        return parsed_json(self.read(CONTRACT), f"{self.name}/{CONTRACT}")


@dataclass(frozen=True)
class Example:
    """A ticket and the queue that a person approved for it."""

    id: str
    text: str
    queue: Queue


def load(folder: Path) -> Skill:
    """The skill in a folder, as the format's own tool reads it. CourseError names file, value and fix.

    What the format accepts and a model follows badly is accepted too, with a sentence of advice.
    """
    path = find_skill_md(folder)
    if path is None:
        raise CourseError(
            f"{folder.name}/SKILL.md is missing in {folder.parent}; write it, with a name and a description."
        )
    where, text = f"{folder.name}/{path.name}", read_text(path)
    try:
        fields, body = parse_frontmatter(text)
    except ParseError as error:
        raise CourseError(_yaml_fault(text, where, error)) from None
    if faults := validate_metadata(fields, folder):
        raise CourseError(f"{where}: {faults[0].rstrip('.')}. Correct it between the two lines ---.")
    lines = len(body.splitlines())
    if not 1 <= lines <= ADVISED_LINES:
        print(
            f"Advice: {where} has {lines} lines below its head; a model follows 1 to {ADVISED_LINES} best. "
            "Move the rest to references/."
        )
    name = unicodedata.normalize("NFKC", fields["name"].strip())
    return Skill(name, fields["description"].strip(), body, folder)


def load_all(folder: Path = FOLDER) -> list[Skill]:
    """Every skill of a folder, by name. A folder without a SKILL.md is left out, and said so."""
    folders = sorted(folder.iterdir()) if folder.is_dir() else []
    found = []
    for path in folders:
        if not path.is_dir() or _is_foreign(path.name):
            continue
        if find_skill_md(path) is None:
            print(f"Advice: {path} holds no SKILL.md and is left out.")
        else:
            found.append(load(path))
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
        turns: list[MessageParam] = [{"role": "user", "content": "."}]
        return client.messages.count_tokens(model=model, system=system, messages=turns).input_tokens

    return count(text) - count(".") + 1


def most_alike(text: str, skills: Sequence[Skill], threshold: float) -> str:
    """The name of the skill whose description is nearest in meaning, or NO_SKILL below the threshold."""
    likeness = embed([skill.description for skill in skills]) @ embed([text])[0]  # cosines, -1 to 1
    return skills[int(likeness.argmax())].name if likeness.max() >= threshold else NO_SKILL


def choose(client: CourseClient, model: str, text: str, skills: Sequence[Skill]) -> str:
    """The name of the skill that a model picks from the catalogue, or NO_SKILL, held to those by a schema."""
    request = {
        "model": model,
        "max_tokens": 60,
        "system": CHOOSE + catalogue(skills),
        "messages": [{"role": "user", "content": text}],
    }
    names = [*(skill.name for skill in skills), NO_SKILL]
    return reply(client, request, one_of("skill", names), "skill")


def right_skill(request: SkillRequest, chosen: str) -> Verdict:
    """The check of requests: the skill that was chosen is the one that the request needs."""
    return Verdict(valid=True, correct=chosen == request.skill)


def route(
    client: CourseClient,
    model: str,
    skill: Skill,
    ticket: HasText,
    examples: Sequence[Labelled] = (),
    files: Sequence[str] = (),
) -> str:
    """The queue that a model gives a ticket with the body of the skill, some of its files, and examples.

    With a contract in the skill the reply is one of its queues; without one it is any text.
    """
    request = {
        "model": model,
        "max_tokens": 60,
        "system": "\n\n".join([skill.body, *(skill.read(file) for file in files)]),
        "messages": as_turns(examples, ticket.text, as_json=skill.contract is not None),
    }
    return reply(client, request, skill.contract)


def working_copy() -> Skill:
    """The routing skill as a copy in the results folder, where its examples may grow; they are kept."""
    source, target = load(FOLDER / ROUTING), results_dir() / "skills" / ROUTING
    for file in ("SKILL.md", *source.files):
        if file != EXAMPLES or not (target / file).is_file():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            with replacing(target / file) as unfinished:
                unfinished.write_bytes((source.folder / file).read_bytes())
    return load(target)


def examples(skill: Skill) -> list[Example]:
    """The approved examples of a skill, in the order in which they came."""
    return read_json_lines(skill.folder / EXAMPLES, Example, unique=None)


def remember(skill: Skill, approved: Sequence[Example]) -> int:
    """Add examples to a working copy and return how many it has now. A newer one with the same id wins.

    The file is replaced completely or not at all, also when two kernels write or one is killed. CourseError
    when the skill is one of data/ or the disk takes no more.
    """
    if skill.folder.resolve().is_relative_to(DATA):
        raise CourseError(f"{skill.folder} belongs to the course; remember in a working_copy() of the skill.")
    busy = f"Another kernel writes to {skill.folder}; wait until it is done and run the cell again."
    try:
        with locked(skill.folder.parent / "remember.lock", busy):
            kept = {example.id: example for example in [*examples(skill), *approved]}
            lines = "".join(f"{json.dumps(asdict(one), ensure_ascii=False)}\n" for one in kept.values())
            with replacing(skill.folder / EXAMPLES) as unfinished:
                unfinished.write_bytes(lines.encode())
    except OSError as error:
        raise CourseError(
            f"{skill.name}/{EXAMPLES} is as it was before ({error}): free some space, or set COURSE_RESULTS "
            "to another folder, and run the cell again."
        ) from None
    return len(kept)


def upload(client: CourseClient, skill: Skill) -> str | None:
    """Put the folder into Claude's Skills API and return its id there; the same folder is sent only once.

    None where that API is not offered: in local mode, in a replay and on most other servers.
    """
    if client.mode != "live":
        return None
    head = find_skill_md(skill.folder) or skill.folder / "SKILL.md"
    contents = [("SKILL.md", head.read_bytes())]
    contents += [(file, (skill.folder / file).read_bytes()) for file in skill.files]
    parts = (f"{file} {len(content)}\n".encode() + content for file, content in contents)
    label = f"{skill.name} {hashlib.sha256(b''.join(parts)).hexdigest()[:12]}"
    try:
        for known in client.skills.list(source="custom"):
            if known.display_name == label:
                return known.id
        files = [(f"{skill.name}/{file}", content) for file, content in contents]
        return client.skills.create(files=files, display_name=label).id
    except anthropic.NotFoundError:
        return None


def _is_foreign(name: str) -> bool:
    """Whether a file or folder of that name was not put there as a part of a skill."""
    return name.casefold() in _FOREIGN or _FOREIGN_FORM.match(name) is not None


def _yaml_fault(text: str, where: str, error: ParseError) -> str:
    fault, lines = error.__context__, text.split("\n")
    if not isinstance(fault, MarkedYAMLError) or fault.problem is None or fault.problem_mark is None:
        return (
            f"{where}, line 1: {error}. Begin with a line ---, then name: and description:, then another "
            "line ---."
        )
    # The tool's mark is a line after the fault where a key or a text continues there.
    problem, number = fault.problem, min(fault.problem_mark.line + 1, len(lines))
    fix = next((fix for words, fix in _YAML_FIXES if words in problem), "correct the line")
    return f"{where}, line {number}: {lines[number - 1][:40]!r}: {problem.split(' (')[0]}; {fix}."
