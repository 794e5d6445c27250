"""The tickets, letters, handbook and prompts of the course, as small typed records.

Every loader checks what it reads. A `CourseError` names the file, the line and the value at fault.
"""

import os
from collections import Counter
from dataclasses import asdict, dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Literal, get_args

import pandas as pd
from pydantic import AfterValidator, Field

from course.errors import CourseError, one_of
from course.files import csv_rows, read_csv, read_json_lines, read_text
from course.paths import DATA

Split = Literal["train", "dev", "test", "stream"]
Kind = Literal["typical", "hard", "boundary"]
SkillSplit = Literal["tune", "test"]
QuestionKind = Literal["single", "two_articles", "paraphrase", "unanswerable"]
SPLITS, KINDS, SKILL_SPLITS = map(get_args, (Split, Kind, SkillSplit))
LETTER_FIELDS = tuple(
    "name role skills years_experience salary_expectation currency available_from remote".split()
)


def policy() -> str:
    """The company's routing policy, as Markdown."""
    return read_text(DATA / "tickets" / "routing_policy.md")


def queue_descriptions() -> dict[str, str]:
    """Queue name -> what belongs there, in the order of the policy's table."""
    rows = [line for line in policy().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in row.strip("|").split("|", 1)] for row in rows]
    return {name.strip("`"): description.strip() for name, description in cells}


def tie_breakers() -> str:
    """The policy's numbered rules for tickets that fit two queues, without the marks of Markdown."""
    _, _, below = policy().partition("## Where two queues could fit\n\n")
    return below.partition("\n\n")[0].replace("`", "")


QUEUES: tuple[str, ...] = tuple(sorted(queue_descriptions()))


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty; give every row a text")
    return text


def _letter_fields(gold: dict) -> dict:
    if sorted(gold) != sorted(LETTER_FIELDS):
        raise ValueError(f"it has the fields {sorted(gold)}, not {sorted(LETTER_FIELDS)}")
    return gold


Queue = Annotated[str, AfterValidator(partial(one_of, "queue", allowed=QUEUES))]
Text = Annotated[str, AfterValidator(_filled)]


@dataclass(frozen=True)
class Ticket:
    """A support ticket and its queue. `rule`: number of the policy rule that decides a boundary one."""

    id: str
    text: Text
    queue: Queue
    kind: Kind
    rule: int | None


@dataclass(frozen=True)
class Letter:
    """A job application. `gold` holds the right value of each of `LETTER_FIELDS`."""

    id: str
    text: Annotated[Text, Field(alias="letter")]
    gold: Annotated[dict, AfterValidator(_letter_fields)]
    difficulty: Literal["plain", "hard"]


@dataclass(frozen=True)
class Question:
    """A question to the handbook. `accept`: other right wordings; `articles`: ids that hold the evidence."""

    id: str
    text: Annotated[Text, Field(alias="question")]
    answer: str
    accept: tuple[str, ...]
    articles: tuple[str, ...]
    kind: QuestionKind


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
    text: Text
    skill: str
    split: SkillSplit


@dataclass(frozen=True)
class Reading:
    """The queue that a large model chose for a test ticket, once for each of its prompts."""

    id: str
    names: Queue
    examples: Queue
    descriptions: Queue
    policy: Queue


@dataclass(frozen=True)
class SecondReading:
    """What a second annotator said of a ticket; `why` is the doubt in words, empty where there is none."""

    id: str
    queue: Queue
    sure: Literal["true", "false"]
    why: str


READINGS = tuple(field.name for field in fields(Reading) if field.name != "id")


def tickets(split: str) -> list[Ticket]:
    """All tickets of `train` (810), `dev` (108), `test` (360) or `stream` (954), in file order."""
    return read_tickets(DATA / "tickets" / f"{one_of('split', split, SPLITS)}.csv")


def read_tickets(path: Path) -> list[Ticket]:
    """The tickets of any CSV file with the columns id, text, queue, kind and rule."""

    def rule_fits(ticket: Ticket) -> None:
        if (ticket.kind == "boundary") != (ticket.rule is not None):
            raise CourseError(
                f"rule is {ticket.rule} for a {ticket.kind} ticket; "
                "write the rule's number for a boundary ticket and leave it empty for the others."
            )

    return read_csv(path, Ticket, check=rule_fits)


@cache
def kinds_before_mending() -> dict[str, str]:
    """Id of each ticket whose `kind` was corrected (data/README.md says why) -> the kind that it had before.

    What was chosen by kind stays as it was chosen: the lesson sample, the fixed examples, and so every prompt
    that was measured.
    """
    rows = csv_rows(DATA / "tickets" / "mended_kinds.csv", ("id", "split", "was", "why"))
    return {row["id"]: row["was"] for _, row in rows}


def lesson_sample(split: str = "test") -> list[Ticket]:
    """The 72 tickets that lessons measure on: always the same ones, four of each queue, in file order.

    Each queue gives three typical tickets and one that is hard (11 queues) or boundary (7 queues, 7 different
    rules), by the kinds before mending. `COURSE_ROWS=all` gives the whole split.
    """
    rows = tickets(split)
    if _whole_split():
        return rows
    chosen = {row["id"] for _, row in csv_rows(DATA / "tickets" / "lesson_sample.csv", ("id",))}
    return [row for row in rows if row.id in chosen]


def sample_note(split: str = "test") -> str:
    """One sentence that says which tickets `lesson_sample()` gives."""
    if _whole_split():
        return "Every ticket of the split (COURSE_ROWS=all)."
    counted = Counter(row.kind for row in lesson_sample(split))
    mix = ", ".join(f"{counted[kind]} {kind}" for kind in KINDS)
    return (
        f"A fixed sample of {counted.total()} tickets, four of each queue ({mix}); "
        "COURSE_ROWS=all takes every ticket."
    )


def letters() -> list[Letter]:
    """The 80 job applications with their gold fields."""
    return read_json_lines(DATA / "letters" / "letters.jsonl", Letter)


def handbook() -> list[Article]:
    """The 30 articles of the support handbook, by id."""
    found = []
    for path in sorted((DATA / "handbook").glob("*.md")):
        title, _, text = read_text(path).partition("\n")
        if not title.startswith("# ") or not text.strip():
            raise CourseError(f"{path.name}, line 1: {title!r} is not a title; begin with '# Title'.")
        found.append(Article(path.stem, title.removeprefix("# ").strip(), text.strip()))
    if not found:
        raise CourseError(f"{DATA / 'handbook'} has no article; restore the folder data/ of the course.")
    return found


def questions() -> list[Question]:
    """The 76 questions to the handbook, with answers and evidence."""
    known = sorted(article.id for article in handbook())
    return read_json_lines(
        DATA / "handbook_questions.jsonl",
        Question,
        check=lambda question: [one_of("article", article, known) for article in question.articles],
    )


def skill_requests(split: str) -> list[SkillRequest]:
    """Requests to choose a skill for: `tune` (30, to set a threshold) or `test` (54), in file order."""
    one_of("split", split, SKILL_SPLITS)
    skills = ["none", *sorted(path.name for path in (DATA / "skills").iterdir() if path.is_dir())]
    requests = read_csv(
        DATA / "skills" / "requests.csv",
        SkillRequest,
        check=lambda request: one_of("skill", request.skill, skills),
    )
    return [request for request in requests if request.split == split]


def readings() -> pd.DataFrame:
    """The queue that a large model chose for each test ticket: index id, a column for each of `READINGS`."""
    known = [ticket.id for ticket in tickets("test")]
    path = DATA / "measured" / "large_model_readings.csv"
    found = read_csv(path, Reading, check=lambda reading: one_of("test ticket", reading.id, known))
    return pd.DataFrame(map(asdict, found)).set_index("id")


def second_readings() -> pd.DataFrame:
    """What a second annotator said of every ticket of train, dev and test, who saw only policy and text.

    Index id; columns queue, sure (True or False) and why (the doubt in words, empty where there is none).
    """
    found = read_csv(DATA / "tickets" / "second_reading.csv", SecondReading)
    frame = pd.DataFrame(map(asdict, found)).set_index("id")
    return frame.assign(sure=frame["sure"] == "true")


def prompt(name: str) -> str:
    """A prompt template: the text of `data/prompts/<name>.txt`."""
    one_of("prompt", name, sorted(path.stem for path in (DATA / "prompts").glob("*.txt")))
    return read_text(DATA / "prompts" / f"{name}.txt")


def _whole_split() -> bool:
    asked = os.environ.get("COURSE_ROWS", "")
    if asked not in ("", "all"):
        raise CourseError(f"COURSE_ROWS is {asked!r}; set it to 'all' or leave it unset.")
    return asked == "all"
