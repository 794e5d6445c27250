"""The hosted routes that are left for fine-tuning: their files, their rules, their prices and their requests.

Nothing here reaches the network. `write` makes a training file and checks it against the rules of the route,
`estimate` prices it, `plan` shows the exact requests. The course stops there: the reader sends them.

What each vendor asks stands in data/hosted_routes.toml, each rule with its source, date and status; prices
are rows of data/prices.csv. No key is read here: a request names the variable that would hold it.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.errors import CourseError
from course.files import checked_text, parsed_json, read_toml, replacing
from course.material.data import Ticket
from course.material.prices import rows as price_rows
from course.paths import DATA
from course.rungs.prompt_lint import CHARACTERS_PER_TOKEN
from course.rungs.routing import system_prompt

if TYPE_CHECKING:
    from pandas import DataFrame

ROUTES = DATA / "hosted_routes.toml"
STATUSES = ("documented", "unverified", "ours")
HOURS_PER_MONTH = 730
TOKENS_PER_TURN = 5  # the marks that a chat template puts round a turn; an assumption on the safe side

# What stands in a shown request until the reader gives it. No service accepts the angle brackets.
YOUR_ROLE = "<ARN of the role that Bedrock takes on>"
YOUR_BUCKET = "<your bucket>"
YOUR_ACCOUNT = "<your account>"

_FILE_NAME = re.compile(r"[A-Za-z0-9_\-/.]+\.jsonl")
_CALLING = "assistant with tool calls"
_INSTRUCTING = ("system", "developer")  # the second is OpenAI's newer name for the first
_THOUGHTS = ("reasoning", "reasoning_content")  # what the assistant thinks before it answers
# Who speaks after whom; a tool answers nobody but an assistant that called it.
_NEXT = {
    "assistant": ("user",),
    "user": ("assistant", _CALLING),
    _CALLING: ("tool",),
    "tool": ("tool", "assistant", _CALLING),
}
_TOGETHER = "https://api.together.ai/v1"
_FIREWORKS = "https://api.fireworks.ai/v1"


@dataclass(frozen=True)
class Rule:
    """What a vendor asks (or a fact to know), with where that stands.

    `low` and `high` bound numbers; `required`, `values` and `turn` hold keys or words. `status` is one of
    `STATUSES`.
    """

    name: str
    text: str
    status: str
    source: str
    date: str
    low: int | None = None
    high: int | None = None
    required: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    turn: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """One way to have a model tuned by somebody else.

    `training`, `storage` and `serving` name rows of prices.csv; an empty name means that nothing is due.
    `job` is the fixed part of the request; `warmup_divisor` is the number of examples for one step of
    warm-up, or None.
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
    job: Mapping[str, Any]
    rules: Mapping[str, Rule]
    facts: tuple[Rule, ...]
    warmup_divisor: int | None = None


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
    `unverified` names the rows of prices.csv that nobody could check, `missing` those that are not there.
    """

    route: str
    name: str
    examples: int
    tokens: int
    epochs: int
    training: float | None
    storage: float | None
    serving: float | None
    unverified: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def training_tokens(self) -> int:
        """Tokens that are paid: those of one epoch for each epoch."""
        return self.tokens * self.epochs

    @property
    def monthly(self) -> float | None:
        """Dollars a month to keep and serve the model, before the first answer."""
        return None if self.storage is None or self.serving is None else self.storage + self.serving

    @property
    def first_month(self) -> float | None:
        """Training and one month, each part rounded up to the cent. None where a price is missing."""
        parts = (self.training, self.storage, self.serving)
        return None if None in parts else round(sum(_cents_up(part) for part in parts), 2)

    def __str__(self) -> str:
        parts = [
            f"{self.name}: {self.examples:,} examples of about {self.tokens / self.examples:.0f} tokens and "
            f"{self.epochs} epochs make {self.training_tokens:,} training tokens: {_dollars(self.training)}.",
            f"A month costs {_dollars(self.storage)} for storage and {_dollars(self.serving)} for hosting"
            + (", and the tokens of the answers." if self.serving == 0 else "."),
        ]
        if self.first_month is None:
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
    body: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """A checked file, its price and the requests that would train on it. `digest` is the file's SHA-256."""

    route: Route
    path: Path
    digest: str
    estimate: JobEstimate
    calls: tuple[HostedRequest, ...]

    def __str__(self) -> str:
        shown = [
            f"{call.method} {call.target}\n{_pretty(call.body)}\n{call.note}".rstrip() for call in self.calls
        ]
        return "\n\n".join([str(self.estimate), *shown])


@cache
def routes() -> dict[str, Route]:
    """Every route of data/hosted_routes.toml by its id."""
    return {id: _route(id, table) for id, table in read_toml(ROUTES).items()}


def route(id: str) -> Route:
    """The route of that id. An unknown one raises CourseError."""
    if id not in routes():
        raise CourseError(f"{id!r} is not a hosted route: choose one of {', '.join(routes())}.")
    return routes()[id]


def table() -> "DataFrame":
    """Rules and facts of all routes: route, kind, name, text, low, high, status, source, date."""
    import pandas

    columns = ("name", "text", "low", "high", "status", "source", "date")
    lines = [
        {"route": one.id, "kind": kind, **{column: getattr(rule, column) for column in columns}}
        for one in routes().values()
        for kind, rules in (("rule", one.rules.values()), ("fact", one.facts))
        for rule in rules
    ]
    return pandas.DataFrame(lines).astype({"low": "Int64", "high": "Int64"})


def example(route: Route, ticket: Ticket, instruction: str) -> dict[str, Any]:
    """The ticket as one training example: instruction and ticket in, its queue out."""
    match route.format:
        case "conversation":
            turns = [("user", ticket.text), ("assistant", ticket.queue)]
            return {
                "schemaVersion": "bedrock-conversation-2024",
                "system": [{"text": instruction}],
                "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns],
            }
        case "chat":
            turns = [("system", instruction), ("user", ticket.text), ("assistant", ticket.queue)]
            return {"messages": [{"role": role, "content": text} for role, text in turns]}
        case "prompt":
            return {"prompt": f"{instruction.rstrip()}\n\n{ticket.text}", "completion": ticket.queue}
    raise CourseError(f"The route {route.id!r} has the format {route.format!r}; see {ROUTES.name}.")


def write(route: Route, tickets: Sequence[Ticket], folder: Path, *, instruction: str | None = None) -> Path:
    """Write the training file of the route and return its path, `folder`/tickets-<route>.jsonl.

    `instruction` is the course's list of queues unless another is given. The file is written completely or
    not at all: tickets that break a rule raise CourseError, and what stood there stays.
    """
    said = system_prompt() if instruction is None else instruction
    for ticket in tickets:
        checked_text(ticket.text, f"ticket {ticket.id}")
    records = [example(route, ticket, said) for ticket in tickets]
    content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    path = Path(folder) / f"tickets-{route.id}.jsonl"
    _refuse(path, _problems(route, path.name, content))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as unfinished:
            unfinished.write_bytes(content)
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror}); choose another folder.") from None
    return path


def problems(route: Route, path: Path) -> list[Problem]:
    """Everything in the file that breaks a rule of the route; [] for a good file."""
    return _problems(route, Path(path).name, _content(path))


def estimate(route: Route, path: Path, *, epochs: int | None = None) -> JobEstimate:
    """The price of training on the file, `epochs` times (the route's default), and of a month after it.

    Raises CourseError when the file breaks a rule of the route, or when the route does not train so often.
    """
    content = _content(path)
    _refuse(path, _problems(route, Path(path).name, content))
    epochs = _epochs(route, epochs)
    counts = [_tokens(_turns(route, json.loads(line))) for line in _lines(content)]
    prices = {
        "training": _price(route.training, "training"),
        "storage": _price(route.storage, "per_hour"),
        "serving": _price(route.serving, "per_hour"),
    }
    used = [row for row in (route.training, route.storage, route.serving) if row]
    known = {row.id: row.status for row in price_rows()}
    return JobEstimate(
        route=route.id,
        name=route.name,
        examples=len(counts),
        tokens=sum(counts),
        epochs=epochs,
        training=_times(sum(counts) * epochs / 1e6, prices["training"]),
        storage=_times(HOURS_PER_MONTH, prices["storage"]),
        serving=_times(HOURS_PER_MONTH, prices["serving"]),
        unverified=tuple(row for row in used if known.get(row) == "unverified"),
        missing=tuple(name for name, price in prices.items() if price is None),
    )


def plan(
    route: Route,
    path: Path,
    *,
    epochs: int | None = None,
    role: str = YOUR_ROLE,
    bucket: str = YOUR_BUCKET,
    account: str = YOUR_ACCOUNT,
) -> Plan:
    """The requests that would train on the file, with their price. Nothing is sent.

    Bedrock needs `role` (the ARN of a role that may read the bucket) and `bucket` (in the route's region),
    Fireworks the name of an `account`. What is left out is shown in angle brackets.
    """
    priced = estimate(route, path, epochs=epochs)
    digest = hashlib.sha256(_content(path)).hexdigest()
    match route.provider:
        case "bedrock":
            calls = _bedrock_calls(route, Path(path), digest, priced, role, bucket)
        case "together":
            calls = _together_calls(route, Path(path), digest, priced)
        case "fireworks":
            calls = _fireworks_calls(route, Path(path), digest, priced, account)
        case _:
            raise CourseError(
                f"The route {route.id!r} has the provider {route.provider!r}; see {ROUTES.name}."
            )
    return Plan(route, Path(path), digest, priced, calls)


def _bedrock_calls(
    route: Route, path: Path, digest: str, priced: JobEstimate, role: str, bucket: str
) -> tuple[HostedRequest, ...]:
    name = f"tickets-{digest[:12]}-{priced.epochs}"
    key = f"course/{name}/{path.name}"
    hyperparameters = {"epochCount": str(priced.epochs), **route.job}
    if route.warmup_divisor:
        hyperparameters["learningRateWarmupSteps"] = str(round(priced.examples / route.warmup_divisor))
    job = {
        "jobName": name,
        "customModelName": name,
        "roleArn": role,
        "baseModelIdentifier": route.base_model,
        "customizationType": "FINE_TUNING",
        "hyperParameters": hyperparameters,
        "trainingDataConfig": {"s3Uri": f"s3://{bucket}/{key}"},
        "outputDataConfig": {"s3Uri": f"s3://{bucket}/course/{name}/output/"},
    }
    # The same job twice has the same token, and Bedrock then starts one job only.
    job["clientRequestToken"] = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()[:32]
    upload = {"Bucket": bucket, "Key": key, "Body": f"<content of {path.name}>"}
    return (
        HostedRequest("boto3", "s3.put_object", upload, f"Region {route.region}."),
        HostedRequest("boto3", "bedrock.create_model_customization_job", job, f"Region {route.region}."),
    )


def _together_calls(route: Route, path: Path, digest: str, priced: JobEstimate) -> tuple[HostedRequest, ...]:
    key = "Header: Authorization: Bearer, with what TOGETHER_API_KEY holds."
    file = {"purpose": "fine-tune", "file_name": path.name, "file_type": "jsonl", "checksum": digest}
    job = {
        "training_file": "<id from the first answer>",
        "model": route.base_model,
        "n_epochs": priced.epochs,
        **route.job,
        "suffix": f"tickets-{digest[:12]}",
    }
    asked = ("training_file", "model", "n_epochs", "training_method", "training_type")
    estimate_price = {name: job[name] for name in asked}
    return (
        HostedRequest(
            "POST", f"{_TOGETHER}/files", file, f"A form; its answer names the URL that takes the file. {key}"
        ),
        HostedRequest(
            "POST", f"{_TOGETHER}/fine-tunes/estimate-price", estimate_price, f"Together's own price. {key}"
        ),
        HostedRequest("POST", f"{_TOGETHER}/fine-tunes", job, key),
    )


def _fireworks_calls(
    route: Route, path: Path, digest: str, priced: JobEstimate, account: str
) -> tuple[HostedRequest, ...]:
    key = "Header: Authorization: Bearer, with what FIREWORKS_API_KEY holds."
    home, name = f"{_FIREWORKS}/accounts/{account}", f"tickets-{digest[:12]}"
    described = {"exampleCount": str(priced.examples), "format": "CHAT", "userUploaded": {}}
    job = {
        "dataset": f"accounts/{account}/datasets/{name}",
        "baseModel": route.base_model,
        "outputModel": f"accounts/{account}/models/{name}",
        "epochs": priced.epochs,
        **route.job,
    }
    return (
        HostedRequest("POST", f"{home}/datasets", {"datasetId": name, "dataset": described}, key),
        HostedRequest(
            "POST", f"{home}/datasets/{name}:upload", {"file": f"<content of {path.name}>"}, f"A form. {key}"
        ),
        HostedRequest("POST", f"{home}/supervisedFineTuningJobs", job, key),
    )


class _Broken(Exception):
    def __init__(self, rule: str, text: str) -> None:
        super().__init__(text)
        self.rule = rule


def _problems(route: Route, name: str, content: bytes) -> list[Problem]:
    found = list(_problems_of_file(route, name, content))
    try:
        lines = _lines(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        text = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8."
        return [*found, Problem(line, "encoding", text)]
    for number, line in enumerate(lines, start=1):
        found += [Problem(number, rule, text) for rule, text in _problems_of_line(route, line)]
    if text := _out_of_bounds(route, "examples", len(lines), "examples"):
        found.append(Problem(0, "examples", text))
    return found


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8").removesuffix("\n").split("\n") if content else []


def _problems_of_file(route: Route, name: str, content: bytes) -> Iterator[Problem]:
    if not _FILE_NAME.fullmatch(name):
        yield Problem(
            0, "file_name", f"the name {name!r} may hold letters, digits, _, -, / and . and end in .jsonl."
        )
    if text := _out_of_bounds(route, "bytes", len(content), "bytes"):
        yield Problem(0, "bytes", text)


def _problems_of_line(route: Route, line: str) -> Iterator[tuple[str, str]]:
    """(rule, sentence) for each rule that one example breaks; of a wrong shape only the first."""
    try:
        turns = _turns(route, _record(line))
    except _Broken as broken:
        yield broken.rule, str(broken)
        return
    if "roles" in route.rules and (text := _wrong_order([role for role, _ in turns])):
        yield "roles", text
    for role, said in turns:
        if not said.strip():
            yield "content", f"the text of {role} is {said!r}; write one or leave the example out."
        for word in route.rules["reserved"].values if "reserved" in route.rules else ():
            if word in said:
                yield "reserved", f"the text of {role} holds the reserved word {word!r}; write it otherwise."
    if text := _out_of_bounds(route, "tokens", _tokens(turns), "tokens, about,"):
        yield "tokens", text


def _record(line: str) -> dict[str, Any]:
    try:
        return parsed_json(line, "the example")
    except CourseError as error:
        raise _Broken("encoding", str(error)) from None


def _turns(route: Route, record: dict[str, Any]) -> list[tuple[str, str]]:
    """(role, text) of each turn, in their order. Raises _Broken where the example has another shape."""
    rule = route.rules["keys"]
    _known_keys("the example", record, rule.required, rule.values)
    return _READERS[route.format](record, rule)


def _conversation(record: dict[str, Any], rule: Rule) -> list[tuple[str, str]]:
    turns = [("system", _joined("system", record["system"]))] if "system" in record else []
    for message in _messages(record, rule, required=rule.turn):
        if message["role"] in _INSTRUCTING:
            raise _Broken("roles", f"a turn has the role {message['role']!r}; put its text into `system`.")
        turns.append((message["role"], _joined(message["role"], message["content"])))
    return turns


def _chat(record: dict[str, Any], rule: Rule) -> list[tuple[str, str]]:
    # Tools stand in the prompt of every turn, so they count as tokens.
    tools = _tools(record["tools"]) if "tools" in record else []
    turns = [("tools", json.dumps(tools))] if tools else []
    if not isinstance(record.get("weight", 1.0), int | float):
        raise _Broken("keys", f"the weight of the example is {record['weight']!r}; write a number.")
    for message in _messages(record, rule, required=("role",)):
        role, calls = message["role"], message.get("tool_calls")
        if role == "developer":
            raise _Broken(
                "roles", "a turn has the role 'developer', which is not documented; write 'system'."
            )
        if message.get("weight", 1) not in (0, 1):
            raise _Broken("keys", f"a weight is {message['weight']!r}; write 0 or 1.")
        thoughts = [_text(role, message[key]) for key in _THOUGHTS if key in message]
        if (calls or thoughts) and role != "assistant":
            raise _Broken("keys", f"{role} has tool_calls or thoughts; only the assistant has them.")
        if calls:
            content = message.get("content")
            texts = [_chat_text(role, content)] if content else []
            turns.append((_CALLING, "".join([*thoughts, *texts, json.dumps(_calls(calls, tools))])))
        else:
            _known_keys("a turn", message, ("content",), rule.turn)
            turns.append((role, "".join([*thoughts, _chat_text(role, message["content"])])))
    return turns


def _chat_text(role: str, content: Any) -> str:
    """The text of a turn, which may be OpenAI's list of text parts."""
    if not isinstance(content, list):
        return _text(role, content)
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise _Broken("content", f"the content of {role} has the part {part!r}; only texts are taken.")
    return "\n".join(_text(role, part.get("text")) for part in content)


def _tools(tools: Any) -> list[Any]:
    if not isinstance(tools, list) or not tools or not all(_names_a_function(tool) for tool in tools):
        raise _Broken("keys", 'tools is not a list of {"type": "function", "function": {"name": ...}}.')
    return tools


def _calls(calls: Any, tools: list[Any]) -> list[Any]:
    if not isinstance(calls, list) or not all(
        _names_a_function(call) and isinstance(call["function"].get("arguments"), str) for call in calls
    ):
        raise _Broken("keys", "tool_calls is not a list of functions with a name and arguments as a text.")
    known = [tool["function"]["name"] for tool in tools]
    for call in calls:
        name = call["function"]["name"]
        if tools and name not in known:
            raise _Broken("keys", f"{name!r} is called; the tools of the example are {', '.join(known)}.")
        try:
            parsed_json(call["function"]["arguments"], f"the arguments of {name}")
        except CourseError as error:
            raise _Broken("keys", str(error)) from None
    return calls


def _names_a_function(value: Any) -> bool:
    function = value.get("function") if isinstance(value, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _prompt(record: dict[str, Any], rule: Rule) -> list[tuple[str, str]]:
    return [(key, _text(key, record[key])) for key in rule.required]


_READERS: dict[str, Callable[[dict[str, Any], Rule], list[tuple[str, str]]]] = {
    "conversation": _conversation,
    "chat": _chat,
    "prompt": _prompt,
}


def _messages(record: dict[str, Any], rule: Rule, *, required: tuple[str, ...]) -> list[dict[str, Any]]:
    messages = record["messages"]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise _Broken("keys", "messages is not a list of objects; write one object for each turn.")
    for message in messages:
        _known_keys("a turn", message, required, rule.turn)
    return messages


def _known_keys(what: str, record: dict[str, Any], required: Sequence[str], known: Sequence[str]) -> None:
    for key in required:
        if key not in record:
            raise _Broken("keys", f"{what} has no {key!r}; each needs it.")
    for key in record:
        if key not in known:
            raise _Broken("keys", f"{what} has the key {key!r}; only {', '.join(known)} may stand there.")


def _joined(role: str, parts: Any) -> str:
    if not isinstance(parts, list) or not parts or any(not isinstance(part, dict) for part in parts):
        raise _Broken("content", f"the content of {role} is not a list of texts; write [{{'text': ...}}].")
    for part in parts:
        _known_keys(f"the content of {role}", part, ("text",), ("text",))
    return "\n".join(_text(role, part["text"]) for part in parts)


def _text(role: str, said: Any) -> str:
    if not isinstance(said, str):
        raise _Broken("content", f"the text of {role} is {said!r}; write a text.")
    return said


def _wrong_order(roles: list[str]) -> str:
    turns = [role for role in roles if role != "tools"]
    if turns[:1] == ["system"]:
        turns = turns[1:]
    before = "assistant"
    for place, role in enumerate(turns, start=1):
        if role == "system":
            return f"turn {place} is of 'system', which may only come first."
        if role not in _NEXT[before]:
            return f"turn {place} is of {role!r} where {' or '.join(map(repr, _NEXT[before]))} must speak."
        before = role
    if not turns or before not in ("assistant", _CALLING):
        return "the last turn is not of 'assistant'; end each example with its answer."
    return ""


def _out_of_bounds(route: Route, name: str, count: int, unit: str) -> str:
    rule = route.rules[name]
    if rule.low is not None and count < rule.low:
        return f"{count:,} {unit} are too few; {route.name} takes {rule.low:,} or more."
    if rule.high is not None and count > rule.high:
        return f"{count:,} {unit} are too many; {route.name} takes {rule.high:,} at most."
    return ""


def _tokens(turns: list[tuple[str, str]]) -> int:
    return sum(math.ceil(len(said) / CHARACTERS_PER_TOKEN) + TOKENS_PER_TURN for _, said in turns)


def _epochs(route: Route, epochs: int | None) -> int:
    wanted = route.epochs if epochs is None else epochs
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise CourseError(f"epochs is {wanted!r}; give a whole number.")
    if text := _out_of_bounds(route, "epochs", wanted, "epochs"):
        raise CourseError(text)
    return wanted


def _price(row: str, column: str) -> float | None:
    """The price in that row; 0 where the route names none, None where the table has no such row."""
    if not row:
        return 0.0
    return next((getattr(found, column) for found in price_rows() if found.id == row), None)


def _times(amount: float, price: float | None) -> float | None:
    return None if price is None else amount * price


def _refuse(path: Path, found: list[Problem]) -> None:
    if found:
        more = f" ({len(found) - 1} more problems)" if len(found) > 1 else ""
        raise CourseError(f"{Path(path).name}, {found[0]}{more}")


def _content(path: Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path} cannot be read ({error.strerror}); write it with hosted.write first."
        ) from None


def _route(id: str, table: dict[str, Any]) -> Route:
    rules = [_rule(f"{ROUTES.name}, {id}", one) for one in table.pop("rules")]
    facts = tuple(_rule(f"{ROUTES.name}, {id}", one) for one in table.pop("facts"))
    return Route(id=id, rules={rule.name: rule for rule in rules}, facts=facts, **table)


def _rule(where: str, table: dict[str, Any]) -> Rule:
    names = {field.name for field in fields(Rule)}
    if unknown := set(table) - names:
        raise CourseError(f"{where}: a rule has the key {min(unknown)!r}; use {', '.join(sorted(names))}.")
    if table["status"] not in STATUSES:
        raise CourseError(f"{where}: the status {table['status']!r} is not one of {', '.join(STATUSES)}.")
    return Rule(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})


def _dollars(amount: float | None) -> str:
    return "an unknown sum" if amount is None else f"${_cents_up(amount):,.2f}"


def _cents_up(amount: float) -> float:
    return math.ceil(round(100 * amount, 6)) / 100


def _pretty(body: Mapping[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)
