"""connect(): one Anthropic client, answered by the model on this machine, a live server or a recording."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anthropic
import httpx2

from course.engine.api_errors import explain, explain_local
from course.engine.carried import CarriedAnswers, FreshAnswers
from course.engine.meter import Budget, Meter, dollars
from course.engine.recordings import Recordings, Replay, default_path
from course.engine.transports import (
    ROOM,
    ROOM_HEADER,
    Budgeting,
    Checking,
    Explaining,
    Gate,
    Masking,
    Metering,
    Opening,
    Recalling,
)
from course.errors import CourseError
from course.files import checked, parsed_json
from course.material import prices

MODES = ("local", "live", "replay")
ANTHROPIC = "https://api.anthropic.com"
DEFAULT_BUDGET = "1.00"
TIMEOUT_SECONDS = 120.0
_UNCHANGED = "unchanged cells show these answers, a changed request"
# A room's engine has a queue, and may be started again: a learner's notebook waits for it.
ROOM_TIMEOUT_SECONDS, ROOM_RETRIES = 600.0, 25
START_SECONDS, PAUSE_SECONDS = 90.0, 2.0  # how long `connect` waits for it, and between two tries
# The version of the embedded model's answers. Raise it with each change after which the same request could be
# answered otherwise: how a chat becomes a prompt, how a schema becomes a grammar, how the engine is set up.
ANSWERS_VERSION = 2
_budget = Budget(float(DEFAULT_BUDGET))


@dataclass(frozen=True)
class Served:
    """A local model as a machine serves it: `model` is what requests name, `engine` the version that runs it.

    `weights` names the weights and how they are asked: carried answers with the same are its own.
    """

    model: str
    name: str
    weights: str
    engine: str

    @property
    def place(self) -> str:
        """The name under which its answers are kept."""
        return f"{self.weights}-{self.engine}"

    def recordings(self) -> CarriedAnswers | FreshAnswers:
        """The reader's recordings of it, with the carried answers behind them unless COURSE_FRESH is set."""
        if _setting("COURSE_FRESH"):
            return FreshAnswers(default_path())
        return CarriedAnswers(default_path(), self.weights)


def served(size: str) -> Served:
    """The model of a size as this machine serves it."""
    from course.engine.weights import chosen_model

    model = chosen_model(size)
    weights = f"local/{model.sha256[:16]}/{model.packing}/{ANSWERS_VERSION}"
    return Served(model.model, model.name, weights, version("openvino-genai"))


class CourseClient(anthropic.Anthropic):
    """An Anthropic client that knows its `mode`, `badge`, `meter` and `budget`. Its errors are plain
    sentences.
    """

    mode: str
    badge: str
    meter: Meter
    budget: Budget
    explain: Callable[[anthropic.APIError], None]

    def __init__(self, *, own: Mapping[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self._own = own
        vars(self).update(own)

    def copy(
        self, *, _extra_kwargs: Mapping[str, Any] = MappingProxyType({}), **options: Any
    ) -> "CourseClient":
        return super().copy(_extra_kwargs={"own": self._own, **_extra_kwargs}, **options)

    with_options = copy

    def request(self, *args: Any, **options: Any) -> Any:
        try:
            return super().request(*args, **options)
        except anthropic.APIConnectionError as error:
            self.explain(error)
            raise error from None
        except UnicodeEncodeError as error:
            raise CourseError(
                f"The request holds {error.object[error.start]!r}, half of a character, and was not sent: "
                "remove it or write the whole character."
            ) from None

    # The SDK marks this final, but every status error is made here, those inside a stream too.
    def _make_status_error(  # type: ignore[misc]
        self, err_msg: str, *, body: object, response: httpx2.Response
    ) -> anthropic.APIStatusError:
        error = super()._make_status_error(err_msg, body=body, response=response)
        self.explain(error)
        return error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.badge}>"


def connect(tier: str = "small", *, mode: str | None = None) -> tuple[CourseClient, str]:
    """A client and the name of the model to ask. Prints one line that says who answers.

    `tier` is "small", "medium" or "large": the model on this machine of that size, or the Claude of that tier
    when live. `mode` is "local", "live" or "replay". Without it the environment decides: COURSE_MODE; else
    replay where COURSE_RECORDING names a file; else live where ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN or
    ANTHROPIC_BASE_URL is set; else local. There the answers that the course carries come at once, and the
    model is asked what they do not hold; COURSE_FRESH=1 asks it everything. Where ANTHROPIC_BASE_URL names a
    room (`python -m course.serve`), local mode asks its model, and waits a while where the room's engine is
    being started. A setting that cannot work raises CourseError.
    """
    openers = {"local": _local, "live": _live, "replay": _replay}
    claude = prices.tier(tier)
    client, model = openers[_mode(mode)](claude)
    print(client.badge)
    return client, model


def _mode(asked: str | None) -> str:
    mode = asked or _setting("COURSE_MODE")
    if mode is None:
        if _setting("COURSE_RECORDING"):
            return "replay"
        names = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")
        return "live" if any(_setting(name) for name in names) else "local"
    if mode not in MODES:
        raise CourseError(f"{mode!r} is not a mode: choose one of {', '.join(MODES)}, or unset COURSE_MODE.")
    return mode


def _local(claude: prices.Model) -> tuple[CourseClient, str]:
    def open_engine() -> httpx2.BaseTransport:
        from course.engine.messages_api import LocalTransport

        return LocalTransport()

    from course.engine.weights import chosen_model, is_here

    model, chosen = served(claude.tier), chosen_model(claude.tier)
    recordings, here = model.recordings(), is_here(chosen)
    if recordings.source:
        changed = "asks the model on this machine" if here else f"needs the model first ({chosen.command})"
        badge = f"recorded: {recordings.source}; {_UNCHANGED} {changed}"
    else:
        place = "on this machine" if here else f"not on this machine yet ({chosen.command})"
        badge = f"local: {model.name} {place}, no key, no network"
    return _client("local", badge, recordings, model.place, _free, open_engine), model.model


def _live(claude: prices.Model) -> tuple[CourseClient, str]:
    key, token = _setting("ANTHROPIC_API_KEY"), _setting("ANTHROPIC_AUTH_TOKEN")
    server = _server()
    if key and token:
        raise CourseError("ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are both set: unset one of them.")
    if not (key or token or server != httpx2.URL(ANTHROPIC)):
        raise CourseError(
            "Live mode needs a key: set ANTHROPIC_API_KEY, or unset COURSE_MODE to work with the local model."
        )
    name, secret = ("ANTHROPIC_AUTH_TOKEN", token) if token else ("ANTHROPIC_API_KEY", key)
    if secret and not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise CourseError(
            f"{name} holds a character that a key cannot have (a space or a line break?): set it again."
        )
    _budget.limit = _budget_limit()
    # Without a user name and password that the address may hold.
    place = str(server.copy_with(userinfo=b""))
    is_anthropic = place == ANTHROPIC
    credential = f"the {'token' if token else 'key'} in {name}"
    open_client = partial(
        _client,
        mode="live",
        recordings=Recordings(default_path()),
        place=place,
        price=_paid if is_anthropic else _paid_where_listed,
        open_server=_Network,
        explained=partial(explain, server=place, credential=credential),
        secrets=(secret,) if secret else (),
        # Only a network fails by chance: the local model and a recording would only repeat theirs.
        max_retries=anthropic.DEFAULT_MAX_RETRIES,
        base_url=str(server),
        auth_token=token,
        # The reader's own server needs no key, but the SDK insists on sending one.
        api_key=None if token else key or "none",
    )
    if is_anthropic:
        model = prices.model(_setting("COURSE_MODEL") or claude.id).id
        return open_client(badge=f"live: {model}, {_price_note(model)}"), model
    named = _setting("COURSE_MODEL")
    if named is None:
        with open_client(badge="") as asking:
            listed = _models(asking, place)
        if room := listed.headers.get(ROOM_HEADER):
            return _room(claude.tier, room, place, open_client)
        named = _first_model(listed, place)
    return open_client(badge=f"live: {named} at {place}, {_price_note(named)}"), named


def _room(
    size: str, header: str, server: str, open_client: Callable[..., CourseClient]
) -> tuple[CourseClient, str]:
    """The client of a learner in a room: all as in local mode, but the engine is behind an address."""
    models = parsed_json(header, f"{server}, {ROOM_HEADER}")
    is_here = size in models
    model = checked(Served, models[size], f"{server}, {ROOM_HEADER}") if is_here else served(size)
    recordings = model.recordings()
    if recordings.source:
        changed = "asks the model of this room" if is_here else f"has no answer: no {size} model is here"
        badge = f"recorded: {recordings.source}; {_UNCHANGED} {changed}"
    elif not is_here:
        raise CourseError(f"This room has no {size} model: connect to {' or '.join(models)}.")
    else:
        badge = f"local model of this room: {model.name} at {server}"
    client = open_client(
        mode="local",
        made_by=ROOM,
        badge=badge,
        recordings=recordings,
        place=model.place,
        price=_free,
        max_retries=ROOM_RETRIES,
        timeout=ROOM_TIMEOUT_SECONDS,
    )
    return client, model.model


def _replay(claude: prices.Model) -> tuple[CourseClient, str]:
    named = _setting("COURSE_RECORDING")
    if named is None:
        raise CourseError(
            "Replay needs a recorded file: set COURSE_RECORDING to its path, or unset COURSE_MODE."
        )
    recordings = Replay(Path(named))
    name, models = recordings.path.name, recordings.models
    badge = (
        f"replay: {name}, {recordings.answers} answers of {', '.join(models)}, "
        f"recorded {recordings.recorded[:10]}"
    )

    def no_answer(request: httpx2.Request) -> httpx2.Response:
        raise CourseError(
            f"{name} holds no answer to this request: unset COURSE_RECORDING to work with the local model, "
            "or ask for a file recorded with this version of the lesson."
        )

    open_nothing = partial(httpx2.MockTransport, no_answer)
    client = _client("replay", badge, recordings, "", _paid_where_listed, open_nothing)
    return client, claude.id if claude.id in models else models[0]


def _client(
    mode: str,
    badge: str,
    recordings: Recordings,
    place: str,
    price: Callable[..., float],
    open_server: Callable[[], httpx2.BaseTransport],
    *,
    made_by: str | None = None,
    explained: Callable[[anthropic.APIError], None] = explain_local,
    secrets: tuple[str, ...] = (),
    **options: Any,
) -> CourseClient:
    """`made_by` is what its new answers are recorded as, where that is not `mode`."""
    meter = Meter()
    transport: httpx2.BaseTransport = Opening(open_server)
    if secrets:
        transport = Masking(transport, secrets)
    if mode == "live":
        transport = Checking(transport, server=place, secrets=secrets)
    # Only a server asks for money: what a replayed answer once cost is for the meter alone.
    transport = Budgeting(transport, _budget, price if mode == "live" else _free)
    transport = Recalling(transport, recordings, mode=made_by or mode, place=place)
    transport = Explaining(Metering(transport, meter, price), explained)
    transport = Gate(transport, mode=mode, secrets=secrets)
    return CourseClient(
        own={"mode": mode, "badge": badge, "meter": meter, "budget": _budget, "explain": explained},
        http_client=anthropic.DefaultHttpxClient(transport=transport),
        middleware=[_show_errors_of_this_machine],
        **{
            "base_url": "http://localhost",
            "api_key": "none",
            "timeout": TIMEOUT_SECONDS,
            "max_retries": 0,
            **options,
        },
    )


def _show_errors_of_this_machine(request: Any, call_next: Callable[[Any], Any]) -> Any:
    """Without this the SDK takes every error under it for a broken connection, and tries again."""
    try:
        return call_next(request)
    except anthropic.APIConnectionError as error:
        if error.__cause__ is None or isinstance(error.__cause__, httpx2.HTTPError):
            raise
        raise error.__cause__ from None


class _Network(httpx2.BaseTransport):
    """Sends with the SDK's own HTTP client, which knows the proxies of the environment."""

    def __init__(self) -> None:
        self._client = anthropic.DefaultHttpxClient()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._client.send(request, stream=True)

    def close(self) -> None:
        self._client.close()


def _paid(
    model: str, input_tokens: int, output_tokens: int, cache_read: int = 0, cache_write: int = 0
) -> float:
    return prices.model(model).cost(
        input_tokens, output_tokens, cache_read=cache_read, cache_write=cache_write
    )


def _paid_where_listed(model: str, *tokens: int, **cached: int) -> float:
    """A model of the price table costs money behind another server too; any other one there is the reader's
    own.
    """
    return _paid(model, *tokens, **cached) if _is_listed(model) else 0.0


def _free(model: str, *tokens: int, **cached: int) -> float:
    return 0.0


def _is_listed(model: str) -> bool:
    return model in {row.id for row in prices.models()}


def _price_note(model: str) -> str:
    if _is_listed(model):
        return f"budget {dollars(_budget.limit)}, spent {dollars(_budget.spent)}"
    return "priced at zero"


def _models(client: CourseClient, server: str) -> Any:
    """The server's list of models. Waits for one that is still starting, such as a room's engine."""
    deadline = None
    while True:
        try:
            return client.models.with_raw_response.list()
        except anthropic.NotFoundError:
            raise _unnamed(server) from None
        except anthropic.APIConnectionError:
            if deadline is None:
                wait = f"trying for up to {START_SECONDS:.0f} s ..."
                print(f"{server} cannot be reached yet; {wait}", flush=True)
                deadline = time.monotonic() + START_SECONDS
            elif time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def _first_model(listed: Any, server: str) -> str:
    try:
        return str(listed.json()["data"][0]["id"])
    except (ValueError, LookupError, TypeError):
        raise _unnamed(server) from None


def _unnamed(server: str) -> CourseError:
    return CourseError(
        f"{server} does not say which models it has: set COURSE_MODEL to the name of one of them."
    )


def _server() -> httpx2.URL:
    """The address to ask: without a slash at its end or a default port, its host in lower case."""
    address = _setting("ANTHROPIC_BASE_URL") or ANTHROPIC
    try:
        url = httpx2.URL(address.rstrip("/"))
    except httpx2.InvalidURL:
        url = httpx2.URL()
    if url.scheme not in ("http", "https") or not url.host or url.path.endswith("/v1"):
        raise CourseError(
            f"ANTHROPIC_BASE_URL is {address!r}: it must begin with http:// or https:// and end before /v1."
        )
    return url


def _budget_limit() -> float:
    text = _setting("COURSE_BUDGET") or DEFAULT_BUDGET
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise CourseError(
            f"COURSE_BUDGET is {text!r}: set it to a number of dollars such as {DEFAULT_BUDGET}."
        )
    return limit


def _setting(name: str) -> str | None:
    """An environment variable without the blanks around it; None when it is empty."""
    return os.environ.get(name, "").strip() or None
