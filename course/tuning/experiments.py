"""What the amount, the labels and the source of training data do to a tuned model, on all test tickets.

Each point is one training with its own chats. The lesson trains one of them again; the others are read from
data/measured/, where `python -m course.measure tuning` wrote them.
"""

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, cycle, islice, zip_longest
from typing import Any

from course.engine.client import CourseClient
from course.engine.replies import text_of
from course.errors import CourseError
from course.files import csv_rows
from course.material.data import QUEUES, Ticket, tickets
from course.measuring.evaluate import evaluate
from course.measuring.provenance import FOLDER, CountedByKind, read_rows
from course.measuring.results import Result
from course.paths import DATA
from course.rungs import routing
from course.tuning import serving
from course.tuning.adapters import Adapter
from course.tuning.chats import TrainingChat, routing_chats, short_prompt
from course.tuning.training import Progress, Settings, print_progress

FILE = FOLDER / "tuning.csv"
COMMAND = "python -m course.measure tuning"
CURVE = (50, 100, 200, 400)
SPOILT = 0.3  # share of the training tickets
SEED = 1
WANTED_STEPS, MOST_EPOCHS = 100, 10
WHOLE, SCHEMA, ENCODER = "810 written", "810 written, schema", "MiniLM, 810 written"
# The form that was trained, as a schema: a bare name.
BARE_NAME: dict[str, object] = {"type": "string", "enum": list(QUEUES)}

# The earlier list of queues: the second of each pair did not exist, and its tickets went to the first.
MERGED = {
    "delivery_fault": "order_status",
    "billing_dispute": "refund_status",
    "invoice_copy": "payment_method",
    "cancellation": "plan_change",
    "device_fault": "device_setup",
    "account_access": "app_bug",
}
_SLOTS = {
    "garden": ("Fernlight One", "Fernlight Duo", "Fernlight Wall"),
    "tier": ("Sprout", "Grow", "Harvest"),
    "month": ("March", "May", "July", "September", "November"),
}


@dataclass(frozen=True, kw_only=True)
class TrainedPoint(CountedByKind):
    """What a model trained on `examples` chats, for `epochs` and from `seed`, reached on `n` test tickets."""

    group: str
    name: str
    examples: int
    epochs: int
    seed: int


def chats_for(name: str) -> list[TrainingChat]:
    """The training chats of a point of POINTS, by its name. CourseError when there is no such point."""
    if name not in _CHATS:
        raise CourseError(f"There is no point {name!r}; use one of {', '.join(_CHATS)}.")
    return _CHATS[name](tickets("train"))


def settings_for(examples: int) -> Settings:
    """As many epochs as make WANTED_STEPS steps, so that fewer examples do not mean less training.

    At least the usual ones, and at most MOST_EPOCHS: beyond that a few examples are learned by heart.
    """
    usual = Settings()
    wanted = math.ceil(WANTED_STEPS * usual.batch / examples)
    return replace(usual, epochs=min(MOST_EPOCHS, max(usual.epochs, wanted)))


def train(name: str, on_step: Callable[[Progress], None] | None = None) -> Adapter:
    """The adapter of a point: trained now, or returned when it was trained before."""
    from course.tuning import lora  # torch is loaded when there is something to train

    chats, dev = chats_for(name), routing_chats(tickets("dev"))
    return lora.train(_adapter_name(name), chats, dev, settings=settings_for(len(chats)), on_step=on_step)


def sweep(rows: Sequence[Ticket], client: CourseClient) -> list[TrainedPoint]:
    """Train and measure every point. What is trained and answered already is not done again."""
    from course.tuning import small_encoder

    points = []
    for group, names in POINTS.items():
        for name in names:
            adapter = train(name, print_progress)
            model = serving.serve(adapter)
            ways = {name: route} | ({SCHEMA: _held} if name == WHOLE else {})
            for way, ask in ways.items():
                result = _evaluated(way, rows, client, partial(ask, client, model))
                points.append(_point(group, result, adapter.card.examples, adapter.card.settings))
            serving.close(model)
            serving.discard(adapter)
    encoder = small_encoder.train(chats_for(WHOLE))
    result = _evaluated(ENCODER, rows, None, encoder)
    usual = {"epochs": small_encoder.EPOCHS, "seed": small_encoder.SEED}
    return [*points, _point("encoder", result, encoder.examples, usual)]


def route(client: CourseClient, model: str, ticket: Ticket, examples: Sequence[Ticket] = ()) -> str:
    """The reply of a tuned model to a ticket: the short prompt, and examples as turns if there are any."""
    return routing.route(client, model, ticket, examples, system=short_prompt())


def read() -> list[TrainedPoint]:
    """The sweep as it was measured. CourseError names what is wrong, or the command that makes it."""
    return read_rows(TrainedPoint, FILE, COMMAND)


def some(train: Sequence[Ticket], count: int, seed: int = SEED) -> list[Ticket]:
    """`count` of the tickets, nearly the same number of each queue; more of them begin with the same ones."""
    if not 1 <= count <= len(train):
        raise CourseError(f"count is {count}; ask for 1 to {len(train)} tickets.")
    order = random.Random(seed).sample(list(train), len(train))
    by_queue = ([ticket for ticket in order if ticket.queue == queue] for queue in QUEUES)
    in_turn = filter(None, chain.from_iterable(zip_longest(*by_queue)))
    return list(islice(in_turn, count))


def _written(count: int, train: Sequence[Ticket]) -> list[TrainingChat]:
    return routing_chats(some(train, count))


def spoilt_rows(count: int, share: float = SPOILT) -> set[int]:
    """The places of the tickets whose label is spoilt: the same ones for every kind of spoiling."""
    return set(random.Random(SEED).sample(range(count), round(share * count)))


def wrong_labels(train: Sequence[Ticket]) -> list[TrainingChat]:
    """The chats with SPOILT of the labels replaced by another queue, each drawn on its own."""
    rows, draw = spoilt_rows(len(train)), random.Random(SEED + 1)
    return [
        replace(chat, answer=draw.choice([queue for queue in QUEUES if queue != chat.answer]))
        if row in rows
        else chat
        for row, chat in enumerate(routing_chats(train))
    ]


def outdated(train: Sequence[Ticket]) -> list[TrainingChat]:
    """The chats with SPOILT of the answers as an earlier prompt gave them: fewer queues, plain words."""
    rows = spoilt_rows(len(train))
    return [
        replace(chat, answer=MERGED.get(chat.answer, chat.answer).replace("_", " ")) if row in rows else chat
        for row, chat in enumerate(routing_chats(train))
    ]


def from_templates(count: int, seed: int = SEED) -> list[TrainingChat]:
    """Chats made by filling data/tickets/templates.csv in turn. Nobody has checked their labels."""
    rows = csv_rows(DATA / "tickets" / "templates.csv", ("queue", "text"))
    templates = [(row["text"], row["queue"]) for _, row in rows]
    draw = random.Random(seed)
    order = draw.sample(templates, len(templates))
    chats = []
    for text, queue in islice(cycle(order), count):
        filled = {slot: draw.choice(values) for slot, values in _SLOTS.items()}
        filled["order"] = f"FL-{draw.randint(20000, 29999)}"
        chats.append(TrainingChat(short_prompt(), text.format(**filled), queue))
    return chats


# Each of the training tickets.
_CHATS: Mapping[str, Callable[[Sequence[Ticket]], list[TrainingChat]]] = {
    **{f"{count} written": partial(_written, count) for count in CURVE},
    WHOLE: routing_chats,
    "30% wrong": wrong_labels,
    "30% outdated": outdated,
    "200 from templates": lambda train: from_templates(200),
}
POINTS = {
    "learning curve": tuple(f"{count} written" for count in CURVE) + (WHOLE,),
    "labels": ("30% wrong", "30% outdated"),
    "source": ("200 from templates",),
}


def _adapter_name(point: str) -> str:
    # The whole training set is lesson 11's own adapter.
    return "routing" if point == WHOLE else point.replace("%", "").replace(" ", "-")


def _held(client: CourseClient, model: str, row: Ticket) -> str:
    """The reply held to the schema of a bare name."""
    message = client.messages.create(
        model=model,
        max_tokens=24,
        system=short_prompt(),
        messages=routing.as_turns((), row.text),
        **routing.held_by(BARE_NAME),
    )
    return json.loads(text_of(message))


def _evaluated(
    name: str, rows: Sequence[Ticket], client: CourseClient | None, predict: Callable[..., str]
) -> Result:
    result = evaluate(rows, predict, name=name, client=client)
    print(result, flush=True)
    return result


def _point(group: str, result: Result, examples: int, settings: Mapping[str, Any]) -> TrainedPoint:
    return TrainedPoint.of(
        result.outcomes,
        COMMAND,
        group=group,
        name=result.name,
        examples=examples,
        epochs=settings["epochs"],
        seed=settings["seed"],
    )
