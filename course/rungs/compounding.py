"""A skill that remembers: the stream in months, what a reviewer approved before each, what it brings."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from course.engine.client import CourseClient
from course.errors import CourseError
from course.material.data import Ticket, tickets
from course.measuring.evaluate import evaluate
from course.measuring.provenance import FOLDER, Counted, read_rows
from course.rungs.retrieve import nearest, vote
from course.rungs.skills import FOLDER as SKILLS
from course.rungs.skills import ROUTING, Example, Skill, examples, load, route

MONTHS = 6
SHOWN = 5
RULES = "references/rules.md"
FILE = FOLDER / "skill_months.csv"
COMMAND = "python -m course.measure skills"


@dataclass(frozen=True, kw_only=True)
class Month(Counted):
    """One row of the sweep: what `way` reached on the `n` tickets that came in `month`, 1 to MONTHS.

    `examples` is how many references there were before it.
    """

    month: int
    way: str
    examples: int


def months(stream: Sequence[Ticket], count: int = MONTHS) -> list[list[Ticket]]:
    """The stream in `count` nearly equal parts, in its order. The tickets bear no dates: these are ours."""
    if not 1 <= count <= len(stream):
        raise CourseError(f"count is {count}; ask for 1 to {len(stream)} months.")
    edges = [len(stream) * place // count for place in range(count + 1)]
    return [list(stream[start:end]) for start, end in zip(edges, edges[1:], strict=False)]


def approved(reviewed: Sequence[Ticket]) -> list[Example]:
    """Tickets after a review. The reviewer's verdict is the label in the stream: no person took part."""
    return [Example(ticket.id, ticket.text, ticket.queue) for ticket in reviewed]


def memories(seed: Sequence[Example], arrived: Sequence[Sequence[Ticket]]) -> list[list[Example]]:
    """The references before the first month, before the second, and so on; the last list comes after all."""
    before = [[ticket for part in arrived[:number] for ticket in part] for number in range(len(arrived) + 1)]
    return [[*seed, *approved(reviewed)] for reviewed in before]


def rules_learned(arrived: Sequence[Sequence[Ticket]]) -> list[int]:
    """A rule of the policy a month: of those not learned yet, the one that decided most of its mail."""
    learned: list[int] = []
    for month in arrived:
        decided = Counter(t.rule for t in month if t.rule is not None and t.rule not in learned)
        if decided:
            learned.append(min(decided, key=lambda rule: (-decided[rule], rule)))
    return learned


def with_rules(skill: Skill, learned: Sequence[int]) -> Skill:
    """The skill with these rules of its references/rules.md in its body, in the order of the file."""
    numbered = re.findall(r"^(\d+)\. (.*(?:\n   .*)*)", skill.read(RULES), re.MULTILINE)
    lines = [f"- {' '.join(rule.split())}" for number, rule in numbered if int(number) in learned]
    return replace(
        skill, body="\n".join([skill.body, "", "## Rules, the first that applies decides", "", *lines])
    )


def sweep(client: CourseClient, model: str) -> list[Month]:
    """Every ticket of the stream in every way. What is recorded is replayed."""
    skill = load(SKILLS / ROUTING)
    stream, seed = tickets("stream"), examples(skill)
    arrived = months(stream)
    known = memories(seed, arrived)
    number_of = {ticket.id: number for number, part in enumerate(arrived) for ticket in part}
    near_seed = {ticket.id: near for ticket, near in _with_nearest(stream, seed)}
    near = {
        t.id: found
        for part, pool in zip(arrived, known, strict=False)
        for t, found in _with_nearest(part, pool)
    }
    ways: dict[str, Callable[[Ticket], str]] = {
        "fixed references": lambda ticket: route(client, model, skill, ticket, near_seed[ticket.id]),
        "growing references": lambda ticket: route(client, model, skill, ticket, near[ticket.id]),
        "vote, no model": lambda ticket: vote(near[ticket.id]),
    }
    rows = []
    for way, predict in ways.items():
        result = evaluate(stream, predict, name=way, client=None if "no model" in way else client)
        print(result, flush=True)
        for number in range(MONTHS):
            outcomes = [outcome for outcome in result.outcomes if number_of[outcome.id] == number]
            references = len(seed if way.startswith("fixed") else known[number])
            rows.append(Month.of(outcomes, COMMAND, month=number + 1, way=way, examples=references))
    return rows


def read() -> list[Month]:
    """The sweep as it was measured. CourseError names what is wrong, or the command that makes it."""
    return read_rows(Month, FILE, COMMAND)


def _with_nearest(rows: Sequence[Ticket], pool: Sequence[Example]) -> Iterator[tuple[Ticket, list[Example]]]:
    return zip(rows, nearest([row.text for row in rows], pool, SHOWN), strict=True)
