"""The tickets, letters, handbook and prompts of the course, as small typed records.

Every loader checks what it reads. A `CourseError` names the file, the line and the value at fault.
"""

import csv
import hashlib
import io
import json
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from course.errors import CourseError
from course.paths import DATA

SPLITS = ("train", "dev", "test", "stream")
KINDS = ("typical", "hard", "boundary")
SAMPLE_MIX = {"typical": 54, "hard": 11, "boundary": 7}
READINGS = ("names", "examples", "descriptions", "policy")
SKILL_SPLITS = ("tune", "test")
QUESTION_KINDS = ("single", "two_articles", "paraphrase", "unanswerable")
LETTER_FIELDS = (
    "name",
    "role",
    "skills",
    "years_experience",
    "salary_expectation",
    "currency",
    "available_from",
    "remote",
)

_TYPICAL_PER_QUEUE = 3  # the fourth ticket of each queue of the lesson sample is a hard or a boundary one


@dataclass(frozen=True)
class Ticket:
    """A support ticket and its queue. `rule`: number of the policy rule that decides a boundary one."""

    id: str
    text: str
    queue: str
    kind: str
    rule: int | None


@dataclass(frozen=True)
class Letter:
    """A job application. `gold` holds the right value of each of `LETTER_FIELDS`."""

    id: str
    text: str
    gold: dict
    difficulty: str


@dataclass(frozen=True)
class Question:
    """A question to the handbook. `accept`: other right wordings; `articles`: ids that hold the evidence."""

    id: str
    text: str
    answer: str
    accept: tuple[str, ...]
    articles: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Article:
    """A handbook article. `id` is its file name without `.md`; `text` is everything below the title."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class SkillRequest:
    """What a colleague asks for. `skill` is the name of the skill that it needs, or "none"."""

    id: str
    text: str
    skill: str


def tickets(split: str) -> list[Ticket]:
    """All tickets of `train` (810), `dev` (108), `test` (360) or `stream` (954), in file order."""
    _one_of("split", split, SPLITS)
    return read_tickets(DATA / "tickets" / f"{split}.csv")


def read_tickets(path: Path) -> list[Ticket]:
    """The tickets of any CSV file with the columns id, text, queue, kind and rule."""
    found: list[Ticket] = []
    for where, row in csv_rows(path, ("id", "text", "queue", "kind", "rule")):
        _known(where, "queue", row["queue"], QUEUES)
        _known(where, "kind", row["kind"], KINDS)
        if (row["kind"] == "boundary") != bool(row["rule"]) or not (row["rule"] or "1").isdecimal():
            raise CourseError(
                f"{where}: rule is {row['rule']!r} for a {row['kind']} ticket; "
                "write the rule's number for a boundary ticket and leave it empty for the others."
            )
        rule = int(row["rule"]) if row["rule"] else None
        found.append(Ticket(row["id"], row["text"], row["queue"], row["kind"], rule))
    return found


def policy() -> str:
    """The company's routing policy, as Markdown."""
    return _text(DATA / "tickets" / "routing_policy.md")


def queue_descriptions() -> dict[str, str]:
    """Queue name -> what belongs there, in the order of the policy's table."""
    rows = [line for line in policy().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in row.strip("|").split("|", 1)] for row in rows]
    return {name.strip("`"): description.strip() for name, description in cells}


def lesson_sample(split: str = "test") -> list[Ticket]:
    """The 72 tickets that lessons measure on: always the same ones, four of each queue, in file order.

    Each queue gives three typical tickets and one that is hard (11 queues) or boundary (7 queues, 7 different
    rules), which is the mix of the test file. `COURSE_ROWS=all` gives the whole split.
    """
    rows = tickets(split)
    return rows if _whole_split() else _stratified(rows)


def sample_note() -> str:
    """One sentence that says which tickets `lesson_sample()` gives."""
    if _whole_split():
        return "Every ticket of the split (COURSE_ROWS=all)."
    mix = ", ".join(f"{count} {kind}" for kind, count in SAMPLE_MIX.items())
    total = sum(SAMPLE_MIX.values())
    return (
        f"A fixed sample of {total} tickets, four of each queue ({mix}); COURSE_ROWS=all takes every ticket."
    )


def letters() -> list[Letter]:
    """The 80 job applications with their gold fields."""
    found: list[Letter] = []
    for where, row in json_rows(DATA / "letters" / "letters.jsonl", ("id", "letter", "gold", "difficulty")):
        _known(where, "difficulty", row["difficulty"], ("plain", "hard"))
        if sorted(row["gold"]) != sorted(LETTER_FIELDS):
            raise CourseError(
                f"{where}: gold has the fields {sorted(row['gold'])}, not {sorted(LETTER_FIELDS)}."
            )
        found.append(Letter(row["id"], row["letter"], row["gold"], row["difficulty"]))
    return found


def annotation_guide() -> str:
    """How the gold fields of the letters were decided, as Markdown."""
    return _text(DATA / "letters" / "annotation_guide.md")


def handbook() -> list[Article]:
    """The 30 articles of the support handbook, by id."""
    found = []
    for path in sorted((DATA / "handbook").glob("*.md")):
        title, _, text = _text(path).partition("\n")
        if not title.startswith("# ") or not text.strip():
            raise CourseError(f"{path.name}, line 1: {title!r} is no title; write '# Title', then the text.")
        found.append(Article(path.stem, title.removeprefix("# ").strip(), text.strip()))
    if not found:
        raise CourseError(f"{DATA / 'handbook'} has no article; restore the folder data/ of the course.")
    return found


def questions() -> list[Question]:
    """The 76 questions to the handbook, with answers and evidence."""
    known = {article.id for article in handbook()}
    fields = ("id", "question", "answer", "accept", "articles", "kind")
    found: list[Question] = []
    for where, row in json_rows(DATA / "handbook_questions.jsonl", fields):
        _known(where, "kind", row["kind"], QUESTION_KINDS)
        for article in row["articles"]:
            _known(where, "article", article, known)
        accept, articles = tuple(row["accept"]), tuple(row["articles"])
        found.append(Question(row["id"], row["question"], row["answer"], accept, articles, row["kind"]))
    return found


def skill_requests(split: str) -> list[SkillRequest]:
    """Requests to choose a skill for: `tune` (30, to set a threshold) or `test` (54), in file order."""
    _one_of("split", split, SKILL_SPLITS)
    skills = {path.name for path in (DATA / "skills").iterdir() if path.is_dir()} | {"none"}
    found: list[SkillRequest] = []
    for where, row in csv_rows(DATA / "skills" / "requests.csv", ("id", "text", "skill", "split")):
        _known(where, "skill", row["skill"], skills)
        _known(where, "split", row["split"], SKILL_SPLITS)
        if row["split"] == split:
            found.append(SkillRequest(row["id"], row["text"], row["skill"]))
    return found


def readings() -> pd.DataFrame:
    """The queue that a large model chose for each test ticket: index id, a column for each of `READINGS`."""
    path = DATA / "measured" / "large_model_readings.csv"
    known = {ticket.id for ticket in tickets("test")}
    rows = []
    for where, row in csv_rows(path, ("id", *READINGS)):
        _known(where, "id", row["id"], known)
        for column in READINGS:
            _known(where, column, row[column], QUEUES)
        rows.append(row)
    return pd.DataFrame(rows).set_index("id")[list(READINGS)]


def second_readings() -> pd.DataFrame:
    """What a second annotator said of every ticket of train, dev and test, who saw only policy and text.

    Index id; columns queue, sure (True or False) and why (the doubt in words, empty where there is none).
    """
    path = DATA / "tickets" / "second_reading.csv"
    rows = []
    for where, row in csv_rows(path, ("id", "queue", "sure", "why")):
        _known(where, "queue", row["queue"], QUEUES)
        _known(where, "sure", row["sure"], ("true", "false"))
        rows.append(row | {"sure": row["sure"] == "true"})
    return pd.DataFrame(rows).set_index("id")[["queue", "sure", "why"]]


def reading_prompt(name: str) -> str:
    """The instructions behind one column of `readings()`."""
    _one_of("reading", name, READINGS)
    return policy() if name == "policy" else _text(DATA / "measured" / f"large_model_prompt_{name}.txt")


def prompt(name: str) -> str:
    """A prompt template: the text of `data/prompts/<name>.txt`."""
    _one_of("prompt", name, tuple(sorted(path.stem for path in (DATA / "prompts").glob("*.txt"))))
    return _text(DATA / "prompts" / f"{name}.txt")


def _whole_split() -> bool:
    asked = os.environ.get("COURSE_ROWS", "")
    if asked not in ("", "all"):
        raise CourseError(f"COURSE_ROWS is {asked!r}; set it to 'all' or leave it unset.")
    return asked == "all"


def _stratified(rows: list[Ticket]) -> list[Ticket]:
    groups: dict[tuple[str, str], list[Ticket]] = defaultdict(list)
    # A hash of the id gives an order that is fixed and has nothing to do with the order of the file.
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.id.encode()).hexdigest()):
        groups[row.queue, row.kind].append(row)
    boundary = _one_per_queue_spread_over_rules(
        [row for queue in QUEUES for row in groups[queue, "boundary"]], SAMPLE_MIX["boundary"]
    )
    taken = {row.queue for row in boundary}
    hard = [groups[queue, "hard"][0] for queue in QUEUES if queue not in taken]
    typical = [row for queue in QUEUES for row in groups[queue, "typical"][:_TYPICAL_PER_QUEUE]]
    chosen = {row.id for row in [*typical, *hard, *boundary]}
    return [row for row in rows if row.id in chosen]


def _one_per_queue_spread_over_rules(candidates: list[Ticket], count: int) -> list[Ticket]:
    """`count` tickets of as many queues; the rule used least so far, then the commonest, comes next."""
    supply = Counter(row.rule for row in candidates)
    used: Counter[int | None] = Counter()
    picked: list[Ticket] = []
    while len(picked) < count:
        queues = {row.queue for row in picked}
        open_rows = [row for row in candidates if row.queue not in queues]
        best = min(open_rows, key=lambda row: (used[row.rule], -supply[row.rule]))
        used[best.rule] += 1
        picked.append(best)
    return picked


def csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """(where it stands, row) for each row of a CSV file with these columns, unique ids and no empty text."""
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    for column in columns:
        if column not in (reader.fieldnames or ()):
            raise CourseError(
                f"{path.name}, line 1: the column {column!r} is missing; begin with {','.join(columns)}."
            )
    seen: dict[str, str] = {}
    for row in reader:
        where = f"{path.name}, line {reader.line_num}"
        if None in row or None in row.values():
            raise CourseError(
                f"{where}: the row {next(iter(row.values()))!r} has not {len(reader.fieldnames)} cells; "
                "put double quotes round a text with commas."
            )
        _checked_identity(where, row, seen)
        yield where, row


def json_rows(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[str, dict]]:
    """(where it stands, record) for each line of a JSON Lines file, checked like `csv_rows`."""
    seen: dict[str, str] = {}
    for number, line in enumerate(_text(path).rstrip("\n").split("\n"), start=1):
        where = f"{path.name}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise CourseError(f"{where}: {line[:40]!r} is not JSON ({error}); write one object.") from None
        missing = [field for field in fields if field not in row]
        if missing:
            raise CourseError(f"{where}: the field {missing[0]!r} is missing; each record needs it.")
        _checked_identity(where, row, seen)
        yield where, row


def _checked_identity(where: str, row: dict, seen: dict[str, str]) -> None:
    for field in ("id", "text", "letter", "question"):
        if field in row and not str(row[field]).strip():
            raise CourseError(f"{where}: {field} is {row[field]!r}; give every row an id and a text.")
    if row["id"] in seen:
        raise CourseError(f"{where}: id {row['id']!r} is already in {seen[row['id']]}; make it unique.")
    seen[row["id"]] = where


def _known(where: str, what: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise CourseError(f"{where}: {what} {value!r} is not known; use one of {', '.join(sorted(allowed))}.")


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise CourseError(f"There is no {what} {value!r}; use one of {', '.join(allowed) or 'none yet'}.")


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"{path} is missing; restore the folder data/ of the course.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CourseError(
            f"{path.name}, line {line}: the byte 0x{raw[error.start]:02x} is not UTF-8; save it as UTF-8."
        ) from None


QUEUES: tuple[str, ...] = tuple(sorted(queue_descriptions()))
