"""What a tuned model brings with it, measured: what it forgets, what it knows, what changes around it.

Lesson 12 runs parts of this live. `python -m course.measure aftermath` runs all of it and keeps the counts.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from math import nan
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from anthropic import omit
from anthropic.types import MessageParam

from course.engine.client import CourseClient
from course.engine.replies import text_of
from course.errors import CourseError
from course.files import csv_rows, json_objects, read_json_lines
from course.material import data
from course.material.data import Article, Letter, Question, Ticket, tickets
from course.measuring.answers import judge, states
from course.measuring.evaluate import evaluate
from course.measuring.provenance import FOLDER, Counted, read_rows
from course.measuring.results import Outcome, Result, Verdict
from course.paths import DATA
from course.rungs import compounding, skills
from course.rungs.chunks import Passage, by_section
from course.rungs.retrieve import nearest, search
from course.rungs.structured import letter_turns
from course.tuning import experiments, serving
from course.tuning.adapters import Adapter
from course.tuning.chats import Chats, TrainingChat, routing_chats
from course.tuning.experiments import route
from course.tuning.training import Settings, print_progress

FILE = FOLDER / "aftermath.csv"
COMMAND = "python -m course.measure aftermath"

FACTS = 30
FACT_PROMPT = "Answer the question about Fernlight in a few words."
FACT_SETTINGS = Settings(batch=6, epochs=9)
HURRIED_SETTINGS = Settings(rank=4, alpha=8, batch=5, epochs=9)
# The instruction of lesson 05, for a question with a section of the handbook in front of it.
READ_PROMPT = (
    "Answer the question from the handbook in a few words. "
    "If the handbook does not say, reply: not in the handbook"
)
# The instruction of lesson 04 for letters, which it shows with two examples.
LETTER_PROMPT = (
    "Read the job application and answer with one JSON object with the keys "
    f"{', '.join(data.LETTER_FIELDS)}. Use null where the letter does not say."
)
RULE_CHANGES_IN = 4  # month of the stream, from 1
NO_QUEUE = "no queue"

Relabelled = TypeVar("Relabelled", Ticket, skills.Example)
AskHandbook = Callable[..., str]  # of a question and `sections`, passages of the handbook


@dataclass(frozen=True, kw_only=True)
class Measured(Counted):
    """One row: what `model` reached on the `n` rows of `part`, in one `group` of measurements.

    Tokens (in) and seconds are means per row, nan where no model was asked. `month` is that of the stream, 0
    elsewhere; `train_seconds` what the model's own training took, 0 where there was none.
    """

    group: str
    model: str
    part: str
    month: int = 0
    input_tokens: float = nan
    seconds: float = nan
    train_seconds: float = 0


@dataclass(frozen=True)
class Instruction:
    """A plain request that has nothing to do with tickets. A reply that `pattern` is found in follows it."""

    id: str
    text: str
    pattern: str


def read() -> list[Measured]:
    """All rows as they were measured. CourseError names what is wrong, or the command that makes them."""
    return read_rows(Measured, FILE, COMMAND)


def found(group: str, model: str, part: str) -> Measured:
    """The row of that group, model and part. CourseError when there is none."""
    for row in read():
        if (row.group, row.model, row.part) == (group, model, part):
            return row
    raise CourseError(f"Nothing was measured of {part!r} with {model!r} in {group!r}; read() has all rows.")


def shares(group: str, parts: Sequence[str] = ()) -> pd.DataFrame:
    """The share right with its 95% interval: a line for each of `parts` (default: all), a column a model."""
    rows = [row for row in read() if row.group == group and (row.part in parts or not parts)]
    table: dict[str, dict[str, str]] = {}
    for row in rows:
        share = f"{row.accuracy:.0%} ({row.low:.0%} to {row.high:.0%})"
        table.setdefault(row.model, {})[f"{row.part} ({row.n})"] = share
    return pd.DataFrame(table).fillna("")


# Forgetting


def instructions() -> list[Instruction]:
    """Two dozen plain requests with a word or a number that a right reply holds."""
    return read_json_lines(DATA / "plain_instructions.jsonl", Instruction)


def follow(client: CourseClient, model: str, instruction: Instruction, system: str | None = None) -> str:
    """The reply to a plain request, by default without any system prompt."""
    return _reply(client, model, system, [{"role": "user", "content": instruction.text}], 40)


def followed(instruction: Instruction, reply: str) -> Verdict:
    """Valid: not empty, and no name of a queue. Right: the pattern is found as well."""
    valid = bool(reply.strip()) and reply.strip() not in data.QUEUES
    found = re.search(instruction.pattern, reply, re.IGNORECASE | re.DOTALL) is not None
    return Verdict(valid, valid and found)


def extract(client: CourseClient, model: str, letter: Letter) -> str:
    """The reply to a letter with the first two letters as examples, the way of lesson 04 that works best."""
    return _reply(client, model, LETTER_PROMPT, letter_turns(letter, data.letters()[:2]), 150)


def extracted(letter: Letter, reply: str) -> Verdict:
    """Valid: one JSON object with the eight keys. Right: it has the applicant's name as well."""
    try:
        fields = json.loads(reply)
    except json.JSONDecodeError:
        return Verdict(False, False)
    valid = isinstance(fields, dict) and fields.keys() == set(data.LETTER_FIELDS)
    return Verdict(valid, valid and fields["name"] == letter.gold["name"])


# Facts


def known_facts() -> list[Question]:
    """The handbook questions to train on: the first 30 that one article answers in its own words."""
    return [question for question in data.questions() if question.kind == "single"][:FACTS]


def other_facts() -> list[Question]:
    """The handbook questions with an answer that are not trained on."""
    known = {question.id for question in known_facts()}
    return [q for q in data.questions() if q.id not in known and q.kind != "unanswerable"]


def reworded_facts() -> list[Question]:
    """The questions of `known_facts` in other words, with the same answers."""
    words = {row["id"]: row["question"] for _, row in json_objects(DATA / "handbook_paraphrases.jsonl")}
    return [replace(question, text=words[question.id]) for question in known_facts()]


def fact_chats(questions: Sequence[Question]) -> list[TrainingChat]:
    """Questions as chats whose answer is the fact."""
    return [TrainingChat(FACT_PROMPT, question.text, question.answer) for question in questions]


def changed_facts() -> tuple[list[Article], list[Question], list[Question]]:
    """The handbook after ten figures changed; the questions to them with the new and with the old answers."""
    handbook = {article.id: article for article in data.handbook()}
    known = {question.id: question for question in known_facts()}
    new, old = [], []
    for where, row in csv_rows(DATA / "changed_facts.csv", ("id", "article", "old", "new")):
        article = handbook[row["article"]]
        if article.text.count(row["old"]) != 1:
            raise CourseError(f"{where}: {row['old']!r} is not once in {article.id}; correct it.")
        handbook[article.id] = replace(article, text=article.text.replace(row["old"], row["new"]))
        old.append(known[row["id"]])
        new.append(replace(known[row["id"]], answer=row["new"], accept=()))
    return list(handbook.values()), new, old


def recall(client: CourseClient, model: str, question: Question) -> str:
    """The reply without the handbook, asked as in `fact_chats`."""
    return _reply(client, model, FACT_PROMPT, [{"role": "user", "content": question.text}], 30)


def nearest_section(question: Question, sections: Sequence[Passage]) -> str:
    """The text that a search finds first for a question: what a reader gets to read."""
    return search(question.text, sections, 1, "vector")[0].searched


def holds_answer(question: Question, section: str) -> Verdict:
    """Right: the answer is in the section, word for word."""
    return Verdict(True, states(section, (question.answer, *question.accept)))


def look_up(client: CourseClient, model: str, question: Question, sections: Sequence[Passage]) -> str:
    """The reply with the nearest section of the handbook in front of the question, as in lesson 05."""
    text = f"Handbook:\n{nearest_section(question, sections)}\n\nQuestion: {question.text}"
    return _reply(client, model, READ_PROMPT, [{"role": "user", "content": text}], 30)


# A rule that changes


@cache
def moved() -> dict[str, str]:
    """Id of each ticket of all splits that the changed rule 5 sends elsewhere -> its new queue."""
    rows = csv_rows(DATA / "tickets" / "moved_by_rule_5.csv", ("id", "queue"))
    return {row["id"]: row["queue"] for _, row in rows}


def by_new_rule(rows: Sequence[Relabelled]) -> list[Relabelled]:
    """Tickets or approved examples with the queue that the changed rule gives them."""
    return [replace(row, queue=moved().get(row.id, row.queue)) for row in rows]


def changed_mail(month: int, rows: Sequence[Ticket]) -> list[Ticket]:
    """The tickets of a month as reviewers label them: by the new rule from RULE_CHANGES_IN on."""
    return by_new_rule(rows) if month >= RULE_CHANGES_IN else list(rows)


# Adapters


def routing_adapter(on_step: Callable | None = None) -> Adapter:
    """The adapter of lesson 11: all written tickets, usual settings. It is trained if it is not there."""
    return experiments.train(experiments.WHOLE, on_step)


def facts_adapter(on_step: Callable | None = None) -> Adapter:
    """An adapter that has learned `known_facts` by heart."""
    return _trained("facts", fact_chats(known_facts()), FACT_SETTINGS, on_step)


def hurried_adapter(on_step: Callable | None = None) -> Adapter:
    """A next version of the facts, trained on the ten changed ones alone."""
    _, changed, _ = changed_facts()
    return _trained("facts", fact_chats(changed), HURRIED_SETTINGS, on_step)


def retrained_adapter(on_step: Callable | None = None) -> Adapter:
    """The routing adapter trained again on the tickets with the labels of the changed rule."""
    chats = routing_chats(by_new_rule(tickets("train")))
    return _trained("routing-new-rule", chats, Settings(), on_step)


def _trained(name: str, chats: Chats, settings: Settings, on_step: Callable | None) -> Adapter:
    from course.tuning import lora  # torch is loaded when there is something to train

    return lora.train(name, chats, settings=settings, on_step=on_step)


@contextmanager
def served(adapter: Adapter, base: Path | None = None) -> Iterator[str]:
    """The adapter's model name while the block lasts (see `serving.serve`)."""
    name = serving.serve(adapter, base)
    try:
        yield name
    finally:
        serving.close(name)


# The whole measurement


def sweep(client: CourseClient, base: str) -> list[Measured]:
    """Train what is not trained yet, then measure all of it. What is recorded is replayed."""
    routing, facts = routing_adapter(print_progress), facts_adapter(print_progress)
    rows = forgetting(client, base, "base")
    rows += knowledge(None, nearest_section, "search alone")
    rows += knowledge(client, partial(look_up, client, base), "retrieval")
    with served(facts) as name:
        cost = {"train_seconds": facts.card.seconds}
        rows += knowledge(
            client, lambda question, sections: recall(client, name, question), "adapter", **cost
        )
        rows += knowledge(client, partial(look_up, client, name), "adapter with retrieval", **cost)
    with served(routing) as name:
        rows += forgetting(client, name, "routing adapter", routing.card.seconds)
        rows += mail(client, name)
        rows += after_change(client, name, "adapter", routing.card.seconds)
        rows += upgrade(client, name, "on its own base", routing.card.seconds)
        rows += together(client, base, name)
        rows += after_edit(client, name, "adapter in the skill")
    rows += after_edit(client, base, "skill")
    with served(routing, serving.merged_gguf(facts)) as name:
        rows += upgrade(client, name, "on the new base", routing.card.seconds)
    retrained = retrained_adapter(print_progress)
    with served(retrained) as name:
        rows += after_change(client, name, "adapter, retrained", retrained.card.seconds)
    return rows


def forgetting(client: CourseClient, model: str, name: str, train_seconds: float = 0) -> list[Measured]:
    """Letters, the handbook, plain requests, and the tickets that the adapter was made for."""
    sections = by_section(data.handbook())
    answerable = [question for question in data.questions() if question.kind != "unanswerable"]
    tasks: dict[str, tuple[Sequence, Callable[..., str], Callable[..., Verdict] | None]] = {
        "letters": (data.letters()[2:18], extract, extracted),
        "handbook": (answerable[:40], partial(look_up, sections=sections), judge),
        "plain requests": (instructions(), follow, followed),
        "tickets": (data.lesson_sample(), route, None),
    }
    found = []
    for part, (rows, ask, check) in tasks.items():
        result = _measure(client, rows, partial(ask, client, model), f"{name}: {part}", check)
        found.append(_row("forgetting", name, part, result, train_seconds=train_seconds))
    return found


def knowledge(client: CourseClient | None, ask: AskHandbook, name: str, **more: Any) -> list[Measured]:
    """What it says of the facts as trained, in other words, of facts it never saw, and after a change.

    `ask(question, sections)` gives the reply; without a client it gives the section that was found.
    """
    changed, new, old = changed_facts()
    parts = {
        "as trained": (known_facts(), data.handbook()),
        "in other words": (reworded_facts(), data.handbook()),
        "never seen": (other_facts(), data.handbook()),
        "changed, new answer": (new, changed),
        "changed, old answer": (old, changed),
    }
    found = []
    for part, (rows, handbook) in parts.items():
        answer = partial(ask, sections=by_section(handbook))
        result = _measure(client, rows, answer, f"{name}: {part}", judge if client else holds_answer)
        found.append(_row("facts", name, part, result, **more))
    return found


def mail(client: CourseClient, model: str) -> list[Measured]:
    """The stream, routed by the adapter: per month and queue that it chose, by the old and the new rule."""
    stream = tickets("stream")
    result = _measure(client, stream, lambda row: route(client, model, row), "the stream")
    replies = {outcome.id: outcome for outcome in result.outcomes}
    found = []
    for month, arrived in enumerate(compounding.months(stream), start=1):
        for rule, labelled in (("old rule", arrived), ("new rule", changed_mail(month, arrived))):
            queue_of = {ticket.id: ticket.queue for ticket in labelled}
            for queue in (*data.QUEUES, NO_QUEUE):
                chosen = [replies[id] for id in queue_of if _chosen(replies[id]) == queue]
                if chosen:
                    right = sum(_chosen(each) == queue_of[each.id] for each in chosen)
                    valid = sum(each.valid for each in chosen)
                    own = {"group": "mail", "model": rule, "part": queue, "month": month}
                    found.append(Measured.counted(right, valid, len(chosen), COMMAND, **own))
    return found


def late_mail() -> list[Ticket]:
    """By the new rule: the tickets of both queues that it is about, from the month of the change on."""
    late = [t for part in compounding.months(tickets("stream"))[RULE_CHANGES_IN - 1 :] for t in part]
    return by_new_rule([ticket for ticket in late if ticket.queue in ("cancellation", "plan_change")])


def after_change(client: CourseClient, model: str, name: str, train_seconds: float) -> list[Measured]:
    """What an adapter makes of the tickets that the new rule moves, and of those that it leaves."""
    result = _measure(client, late_mail(), lambda row: route(client, model, row), name)
    return _by_moved("changed rule", name, result, train_seconds)


def after_edit(client: CourseClient, model: str, name: str) -> list[Measured]:
    """The same in the skill with what it remembers from before the change: as it is, and edited."""
    skill, memories = _grown_skill()
    known = memories[RULE_CHANGES_IN - 1]

    def ask(row: Ticket, references: Sequence) -> str:
        return skills.route(client, model, skill, row, nearest(row.text, references, compounding.SHOWN))

    found = []
    for way, references in ((name, known), (f"{name}, edited", by_new_rule(known))):
        result = _measure(client, late_mail(), partial(ask, references=references), way)
        found += _by_moved("changed rule", way, result)
    return found


def upgrade(client: CourseClient, model: str, part: str, train_seconds: float) -> list[Measured]:
    """The routing adapter on a base of its shape, on all test tickets."""
    result = _measure(client, tickets("test"), lambda row: route(client, model, row), part)
    return [_row("upgrade", "routing adapter", part, result, train_seconds=train_seconds)]


def together(client: CourseClient, base: str, tuned: str) -> list[Measured]:
    """The grown skill, the adapter, and both at once, on all test tickets."""
    skill, memories = _grown_skill()
    rows = tickets("test")
    found = nearest([row.text for row in rows], memories[-1], compounding.SHOWN)
    near = {row.id: examples for row, examples in zip(rows, found, strict=True)}
    ways: dict[str, Callable[[Ticket], str]] = {
        "skill": lambda row: skills.route(client, base, skill, row, near[row.id]),
        "adapter": lambda row: route(client, tuned, row),
        "adapter and the skill's references": lambda row: route(client, tuned, row, near[row.id]),
        "adapter and the whole skill": lambda row: skills.route(client, tuned, skill, row, near[row.id]),
    }
    return [
        _row("together", name, "tickets", _measure(client, rows, way, name)) for name, way in ways.items()
    ]


def _grown_skill() -> tuple[skills.Skill, list[list]]:
    """The routing skill, and what it remembers after each month of the stream, from 0."""
    skill = skills.load(skills.FOLDER / skills.ROUTING)
    return skill, compounding.memories(skills.examples(skill), compounding.months(tickets("stream")))


def _measure(
    client: CourseClient | None, rows: Sequence, predict: Callable, name: str, check: Callable | None = None
) -> Result:
    result = evaluate(rows, predict, name=name, check=check, client=client)
    print(result, flush=True)
    return result


def _row(group: str, model: str, part: str, result: Result, **more: Any) -> Measured:
    tokens = round(result.input_tokens, 1) if result.input_tokens else nan
    asked = {"input_tokens": tokens, "seconds": round(result.seconds or 0, 4)}
    return Measured.of(result.outcomes, COMMAND, group=group, model=model, part=part, **asked, **more)


def _by_moved(group: str, name: str, result: Result, train_seconds: float = 0) -> list[Measured]:
    found = []
    for part, is_moved in (("moved", True), ("not moved", False)):
        outcomes = tuple(outcome for outcome in result.outcomes if (outcome.id in moved()) == is_moved)
        some = replace(result, outcomes=outcomes)
        found.append(_row(group, name, part, some, train_seconds=train_seconds))
    return found


def _chosen(outcome: Outcome) -> str:
    return outcome.reply.strip() if outcome.valid else NO_QUEUE


def _reply(
    client: CourseClient, model: str, system: str | None, turns: list[MessageParam], limit: int
) -> str:
    message = client.messages.create(model=model, max_tokens=limit, messages=turns, system=system or omit)
    return text_of(message).strip()
