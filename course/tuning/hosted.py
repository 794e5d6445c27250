"""The hosted routes that are left for fine-tuning: their files, their rules, their prices and their requests.

Nothing here reaches the network. `write` makes a training file and checks it against the rules of the route,
`estimate` prices it, `plan` shows the exact requests. The course stops there: the reader sends them.

What each vendor asks is in data/hosted_routes.toml, each rule with its source, date and status; the
requests are in data/hosted_requests.toml; prices are rows of data/prices.csv. No key is read here: a
request names the variable that would hold it.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import ValidationError

from course.errors import CourseError, one_of
from course.files import checked, checked_text, fault, parsed_json, read_toml, write_text
from course.material.data import Ticket
from course.material.prices import rows as price_rows
from course.paths import DATA
from course.rungs.prompt_lint import CHARACTERS_PER_TOKEN
from course.rungs.routing import system_prompt
from course.tuning.chats import one_answer
from course.tuning.hosted_formats import FORMATS, Turns, in_order

ROUTES = DATA / "hosted_routes.toml"
REQUESTS = DATA / "hosted_requests.toml"
HOURS_PER_MONTH = 730
TOKENS_PER_TURN = 5  # the marks that a chat template puts round a turn; an assumption on the safe side
_FILE_NAME = re.compile(r"[A-Za-z0-9_\-/.]+\.jsonl")
_WHOLE_VALUE = re.compile(r"\{(\w+)\}")
_PARTS = ("training", "storage", "serving")


@dataclass(frozen=True)
class VendorRule:
    """What a vendor asks (or a fact to know), with its source.

    `low` and `high` bound numbers; `values` are words that no text may hold.
    """

    name: str
    text: str
    status: Literal["documented", "unverified", "ours"]
    source: str
    date: str
    low: int | None = None
    high: int | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """One way to have a model tuned by somebody else.

    `training`, `storage` and `serving` name rows of prices.csv; an empty name means that nothing is due.
    `hyperparameters` are those of a request; `warmup_divisor` is the number of examples for one step of
    warm-up.
    """

    id: str
    name: str
    provider: str
    format: str
    base_model: str
    region: str
    training: str
    storage: str
    serving: str
    epochs: int
    rules: Mapping[str, VendorRule]
    facts: tuple[VendorRule, ...]
    hyperparameters: Mapping[str, str]
    warmup_divisor: int = 1


@dataclass(frozen=True)
class Problem:
    """What is wrong with a training file. `line` 0 is the file as a whole; `rule` is the name of a rule."""

    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "the file"
        return f"{where} ({self.rule}): {self.text}"


@dataclass(frozen=True)
class JobEstimate:
    """What a job and the first month after it would cost, in dollars. None: no source was found for a price.

    `tokens` are those of one epoch, estimated from the characters, as each vendor cuts text in its own way.
    `unverified` names the rows of prices.csv that could not be checked, `missing` what has no price, and
    `priced` is the date of the oldest price.
    """

    name: str
    examples: int
    tokens: int
    epochs: int
    training: float | None
    storage: float | None
    serving: float | None
    unverified: tuple[str, ...]
    priced: str

    @property
    def training_tokens(self) -> int:
        """Tokens that are paid: those of one epoch for each epoch."""
        return self.tokens * self.epochs

    @property
    def by_token(self) -> bool:
        """Whether each answer is paid, and no machine that waits for requests."""
        return self.serving == 0

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts of the bill without a known price."""
        return tuple(part for part in _PARTS if getattr(self, part) is None)

    @property
    def first_month(self) -> float | None:
        """Training and one month, each part rounded up to the cent. None where a price is missing."""
        return None if self.missing else round(sum(_cents_up(getattr(self, part)) for part in _PARTS), 2)

    def __str__(self) -> str:
        training, storage, serving = (_dollars(getattr(self, part)) for part in _PARTS)
        parts = [
            f"{self.name}: {self.examples:,} examples of about {self.tokens / self.examples:.0f} tokens and "
            f"{self.epochs} epochs make {self.training_tokens:,} training tokens: {training}.",
            f"A month costs {storage} for storage and {serving} for hosting"
            + (", and the tokens of the answers." if self.by_token else "."),
        ]
        if self.missing:
            parts.append(f"No price was found for {' and '.join(self.missing)}: there is no sum to agree to.")
        else:
            parts.append(f"The first month comes to ${self.first_month:,.2f}.")
        if self.unverified:
            parts.append(f"Not verified: {', '.join(self.unverified)} of data/prices.csv.")
        return " ".join(parts)


@dataclass(frozen=True)
class HostedRequest:
    """A request as data: HTTP method, URL and body, or an operation of boto3 and its parameters."""

    method: str
    target: str
    body: dict[str, Any]
    note: str


@dataclass(frozen=True)
class Plan:
    """The price of a checked file and the requests that would train on it."""

    estimate: JobEstimate
    calls: tuple[HostedRequest, ...]

    def __str__(self) -> str:
        shown = [
            f"{call.method} {call.target}\n{json.dumps(call.body, indent=2, ensure_ascii=False)}\n{call.note}"
            for call in self.calls
        ]
        return "\n\n".join([str(self.estimate), *shown])


@cache
def routes() -> dict[str, Route]:
    """Every route of data/hosted_routes.toml by its id."""
    return {id: _route(id, table) for id, table in read_toml(ROUTES).items()}


def _route(id: str, table: dict[str, Any]) -> Route:
    where = f"{ROUTES.name}, {id}"
    rules, facts = (
        [checked(VendorRule, one, where) for one in table.pop(kind)] for kind in ("rules", "facts")
    )
    rules_by_name = {rule.name: rule for rule in rules}
    return checked(Route, {**table, "id": id, "rules": rules_by_name, "facts": tuple(facts)}, where)


def route(id: str) -> Route:
    """The route of that id. An unknown one raises CourseError."""
    return routes()[one_of("hosted route", id, routes())]


def rules_table(route: Route) -> pd.DataFrame:
    """What the service asks, then what to know of it: each with its bounds, who says so and the source."""
    return pd.DataFrame(
        [
            {
                "what": _with_bounds(rule),
                "who says so": f"{rule.status}, {rule.date}",
                "source": rule.source,
            }
            for rule in (*route.rules.values(), *route.facts)
        ]
    )


def _with_bounds(rule: VendorRule) -> str:
    asked, *more = rule.text.split("; ")
    match rule.low, rule.high:
        case None, None:
            return rule.text
        case None, high:
            asked = f"{asked}: at most {high:,}"
        case low, None:
            asked = f"{asked}: at least {low:,}"
        case low, high:
            asked = f"{asked}: {low:,} to {high:,}"
    return "; ".join([asked, *more])


def write(route: Route, tickets: Sequence[Ticket], folder: Path, *, instruction: str | None = None) -> Path:
    """Write the training file of the route and return its path, `folder`/tickets-<route>.jsonl.

    `instruction` is the course's list of queues unless another is given. The file is written completely or
    not at all: tickets that break a rule raise CourseError, and what stood there stays.
    """
    instruction = checked_text(system_prompt() if instruction is None else instruction, "the instruction")
    for ticket in tickets:
        checked_text(ticket.text, f"ticket {ticket.id}")
    examples = [FORMATS[route.format].of(ticket, instruction) for ticket in tickets]
    lines = "".join(json.dumps(example, ensure_ascii=False) + "\n" for example in examples)
    path = Path(folder) / f"tickets-{route.id}.jsonl"
    _good_examples(route, path.name, lines.encode())
    write_text(path, lines)
    return path


def problems(route: Route, path: Path) -> list[Problem]:
    """Everything in the file that breaks a rule of the route; [] for a good file."""
    return _read(route, Path(path).name, _content(path))[1]


def estimate(route: Route, path: Path, *, epochs: int | None = None) -> JobEstimate:
    """The price of training on the file, `epochs` times (the route's default), and of a month after it.

    Raises CourseError when the file breaks a rule of the route, or when the route does not train so often.
    """
    examples = _good_examples(route, Path(path).name, _content(path))
    epochs = route.epochs if epochs is None else epochs
    if not isinstance(epochs, int) or isinstance(epochs, bool):
        raise CourseError(f"epochs is {epochs!r}; give a whole number.")
    if text := _out_of_bounds(route, "epochs", epochs, "epochs"):
        raise CourseError(text)
    tokens = sum(map(_tokens, examples))
    prices = {row.id: row for row in price_rows()}
    of_the_bill = [prices[row] for row in (route.training, route.storage, route.serving) if row in prices]

    def cost(row: str, column: str, amount: float) -> float | None:
        price = getattr(prices.get(row), column, None) if row else 0.0
        return None if price is None else amount * price

    return JobEstimate(
        name=route.name,
        examples=len(examples),
        tokens=tokens,
        epochs=epochs,
        training=cost(route.training, "training", tokens * epochs / 1e6),
        storage=cost(route.storage, "per_hour", HOURS_PER_MONTH),
        serving=cost(route.serving, "per_hour", HOURS_PER_MONTH),
        unverified=tuple(row.id for row in of_the_bill if row.status == "unverified"),
        priced=min((row.date for row in of_the_bill), default="-"),
    )


def bill_table(estimates: Sequence[JobEstimate]) -> pd.DataFrame:
    """A column for each service: what the training and a month cost, and how old the prices are."""
    said = partial(_dollars, unknown="no price found")

    def column(each: JobEstimate) -> dict[str, object]:
        return {
            "epochs": each.epochs,
            "training tokens, all epochs (estimate)": f"{each.training_tokens:,}",
            "training": said(each.training),
            "storage, a month": said(each.storage),
            "hosting, a month": "by the token" if each.by_token else said(each.serving),
            "first month": said(each.first_month) + (" and the tokens" if each.by_token else ""),
            "oldest price is of": each.priced,
            "all prices checked": "no" if each.unverified else "yes",
        }

    return pd.DataFrame({each.name: column(each) for each in estimates})


def plan(
    route: Route,
    path: Path,
    *,
    epochs: int | None = None,
    role: str = "<ARN of the role that Bedrock takes on>",
    bucket: str = "<your bucket>",
    account: str = "<your account>",
) -> Plan:
    """The requests that would train on the file, with their price. Nothing is sent.

    Bedrock needs `role` (the ARN of a role that may read the bucket) and `bucket` (in the route's region),
    Fireworks the name of an `account`. What is left out is shown in angle brackets, which no service accepts.
    """
    priced = estimate(route, path, epochs=epochs)
    digest = hashlib.sha256(_content(path)).hexdigest()
    values = asdict(route) | {
        "role": role,
        "bucket": bucket,
        "account": account,
        "epochs": priced.epochs,
        "examples": priced.examples,
        "file": Path(path).name,
        "digest": digest,
        "data": f"tickets-{digest[:12]}",
        "warmup": round(priced.examples / route.warmup_divisor),
        "token": "",
    }
    requests = read_toml(REQUESTS)[route.provider]
    # The same job twice has the same token, and Bedrock then starts one job only.
    job = json.dumps(_filled(requests, values), sort_keys=True)
    values["token"] = hashlib.sha256(job.encode()).hexdigest()[:32]
    calls = (checked(HostedRequest, call, REQUESTS.name) for call in _filled(requests, values))
    return Plan(priced, tuple(calls))


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with each {name} replaced; a text that is nothing but one {name} becomes that value."""
    match template:
        case dict():
            return {key: _filled(value, values) for key, value in template.items()}
        case list():
            return [_filled(value, values) for value in template]
        case str():
            whole = _WHOLE_VALUE.fullmatch(template)
            # A value may hold names of its own: the hyperparameters do.
            return _filled(values[whole[1]], values) if whole else template.format_map(values)
    return template


def _read(route: Route, name: str, content: bytes) -> tuple[list[Turns], list[Problem]]:
    """The examples that can be read, and every rule that is broken."""
    examples, found = [], []
    if not _FILE_NAME.fullmatch(name):
        text = f"the name {name!r} may hold letters, digits, _, -, / and . and end in .jsonl."
        found.append(Problem(0, "file_name", text))
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    for number, line in enumerate(lines, start=1):
        try:
            example = FORMATS[route.format].model_validate(parsed_json(line.decode(), "the example"))
        except ValidationError as error:
            rule = _rule_of(error)
            asked = f" The rule is: {route.rules[rule].text}." if rule == "roles" else ""
            found.append(Problem(number, rule, fault(error) + asked))
        except UnicodeDecodeError as error:
            text = f"the byte 0x{line[error.start]:02x} is not UTF-8; save the file as UTF-8."
            found.append(Problem(number, "encoding", text))
        except CourseError as error:
            found.append(Problem(number, "encoding", str(error)))
        else:
            examples.append(example.turns())
            found += [Problem(number, *broken) for broken in _broken_rules(route, examples[-1])]
    answers = [turns[-1][1] for turns in examples if turns and turns[-1][0] in ("assistant", "completion")]
    if text := one_answer(answers):
        found.append(Problem(0, "examples", text))
    for rule, count in (("bytes", len(content)), ("examples", len(lines))):
        if text := _out_of_bounds(route, rule, count, rule):
            found.append(Problem(0, rule, text))
    return examples, found


def _rule_of(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["type"] in ("missing", "extra_forbidden"):
        return "keys"
    if "role" in first["loc"]:
        return "roles"
    return "content" if {"content", "system", "prompt", "completion"} & set(first["loc"]) else "keys"


def _broken_rules(route: Route, turns: Turns) -> Iterator[tuple[str, str]]:
    """(rule, sentence) for each rule that an example of the right form breaks."""
    if "roles" in route.rules and not in_order(speaker for speaker, _ in turns):
        order = ", ".join(speaker for speaker, _ in turns)
        yield "roles", f"the turns are {order}; the rule is: {route.rules['roles'].text}."
    if "reserved" in route.rules:
        for speaker, text in turns:
            for word in route.rules["reserved"].values:
                if word in text:
                    yield "reserved", f"the text of {speaker} holds the reserved word {word!r}; reword it."
    if sentence := _out_of_bounds(route, "tokens", _tokens(turns), "tokens, about,"):
        yield "tokens", sentence


def _good_examples(route: Route, name: str, content: bytes) -> list[Turns]:
    examples, found = _read(route, name, content)
    if found:
        more = f" ({len(found) - 1} more problems)" if len(found) > 1 else ""
        raise CourseError(f"{name}, {found[0]}{more}")
    return examples


def _content(path: Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path} cannot be read ({error.strerror}); write it with hosted.write first."
        ) from None


def _out_of_bounds(route: Route, name: str, count: int, unit: str) -> str:
    rule = route.rules[name]
    if rule.low is not None and count < rule.low:
        return f"{count:,} {unit} are too few; {route.name} takes {rule.low:,} or more."
    if rule.high is not None and count > rule.high:
        return f"{count:,} {unit} are too many; {route.name} takes {rule.high:,} at most."
    return ""


def _tokens(turns: Turns) -> int:
    return sum(math.ceil(len(text) / CHARACTERS_PER_TOKEN) + TOKENS_PER_TURN for _, text in turns)


def _dollars(amount: float | None, unknown: str = "an unknown sum") -> str:
    return unknown if amount is None else f"${_cents_up(amount):,.2f}"


def _cents_up(amount: float) -> float:
    return math.ceil(round(100 * amount, 6)) / 100
