"""What labels buy: how many, whose, and for which learner. The head, the encoder and adapters, by pairs.

`python -m course.measure curve` measures the adapter by the number of examples, `... labels` everything. Both
write after each training, the cheapest first, and resume where they were stopped.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from course.engine.client import CourseClient
from course.engine.weights import chosen_model
from course.errors import CourseError
from course.files import locked
from course.material.data import Ticket, tickets
from course.material.large_model import teacher_labels
from course.measuring.evaluate import evaluate
from course.measuring.provenance import FOLDER, CountedByKind, fingerprint_of, read_rows, write_rows
from course.measuring.results import Comparison, Result, marks, paired
from course.paths import results_dir
from course.rungs.baselines import LinearHead, on_vectors
from course.rungs.retrieve import embed
from course.tuning import serving
from course.tuning.chats import routing_chats
from course.tuning.experiments import CURVE, from_templates, route, some
from course.tuning.points import in_turn
from course.tuning.training import Settings, check_trainable, print_progress

FILE = FOLDER / "labels.csv"
COMMAND = "python -m course.measure labels"
CURVE_COMMAND = "python -m course.measure curve"  # the part of it that `curve` names
SEEDS = (1, 2, 3)
CHECKED = (50, 100, 200)  # labels of the teacher that a person reads, the doubtful ones first
SURE = (0.9, 0.8)  # shares of the teacher's labels that are kept, the sure ones first
EXPERTS, TEACHER, TEMPLATES = "experts", "teacher", "templates"
LEARNERS = HEAD, ENCODER, ADAPTER = "head", "encoder", "adapter"
UPGRADED = "adapter of the medium size"
# The head is fitted at once.
EPOCHS = {HEAD: 0, ENCODER: 5, ADAPTER: Settings().epochs, UPGRADED: Settings().epochs}
# For the adapter with any number of examples: as many as 400 take in two epochs, and 810 are seen once.
SAME_STEPS = 50
HALF = 400  # of the 810 labels, about
FOLDS = 5

# On two cores without AVX-512: beside the training, and for each example of each step.
_SECONDS = {HEAD: (3.0, 0.0), ENCODER: (10.0, 0.025), ADAPTER: (60.0, 0.41), UPGRADED: (200.0, 1.5)}

PointKey = tuple[str, str, int, int, int]


@dataclass(frozen=True, kw_only=True)
class LabelReading(CountedByKind):
    """What a learner reached with some labels.

    Of its `examples`, `read` had their label read or written by a person, and `agreeing` have the experts'
    label (-1 where that is unknown). `steps` are those of the training, 0 for the head. `rows` has a 1 for
    each test ticket that it gets right and a 0 for each other, in the order of the file, so that any two
    readings can be compared ticket by ticket.
    """

    learner: str
    labels: str
    examples: int
    read: int
    agreeing: int
    steps: int
    seed: int
    rows: str

    @property
    def key(self) -> PointKey:
        """What tells one reading from another."""
        return self.learner, self.labels, self.examples, self.steps, self.seed


class LabelSource(NamedTuple):
    """Training tickets with the labels to learn from. `read` of them were read or written by a person."""

    labels: str
    tickets: Sequence[Ticket]
    read: int


class Point(NamedTuple):
    """One training to measure."""

    learner: str
    source: LabelSource
    steps: int
    seed: int

    @property
    def key(self) -> PointKey:
        """That of its reading."""
        return self.learner, self.source.labels, len(self.source.tickets), self.steps, self.seed

    @property
    def seconds(self) -> float:
        """About how long it takes on two quiet cores without AVX-512."""
        beside, each = _SECONDS[self.learner]
        return beside + each * self.steps * Settings().batch

    def __str__(self) -> str:
        return f"{_named(*self.key[:-1])}, seed {self.seed}"


def steps_of(learner: str, examples: int) -> int:
    """How many steps the learner's usual epochs take."""
    return EPOCHS[learner] * math.ceil(examples / Settings().batch)


def curve() -> list[Point]:
    """The adapter by the number of experts' labels: with the same epochs each, and with SAME_STEPS each.

    HALF of them are also given as many steps as all take, since it is the steps that bring the last points.
    """
    return [
        Point(ADAPTER, source, steps, seed)
        for seed in SEEDS
        for source in by_amount(seed)
        if source.labels == EXPERTS
        for steps in _steps_of_curve(len(source.tickets))
    ]


def _steps_of_curve(examples: int) -> list[int]:
    steps = {steps_of(ADAPTER, examples), SAME_STEPS}
    if examples == HALF:
        steps.add(steps_of(ADAPTER, len(tickets("train"))))
    return sorted(steps)


def upgrade() -> list[Point]:
    """The adapter trained anew on the medium size, from all experts' labels and as `curve` has it."""
    train = tickets("train")
    source = LabelSource(EXPERTS, train, len(train))
    return [Point(UPGRADED, source, steps_of(UPGRADED, len(train)), seed) for seed in SEEDS]


def amounts() -> list[Point]:
    """Each learner by the number of labels, the experts' and the teacher's, with its usual epochs."""
    return _usual(by_amount)


def points() -> list[Point]:
    """These, the curve, the upgrade, and the learners with cures of a teacher's labels (20 s for folds)."""
    every = (*amounts(), *curve(), *_usual(cures), *upgrade())
    return list({point.key: point for point in every}.values())


def _usual(sources: Callable[[int], Iterator[LabelSource]]) -> list[Point]:
    return [
        Point(learner, source, steps_of(learner, len(source.tickets)), seed)
        for seed in SEEDS
        for source in sources(seed)
        for learner in LEARNERS
    ]


def by_amount(seed: int) -> Iterator[LabelSource]:
    """The experts' labels and the teacher's, more and more of them; `seed` draws which tickets."""
    train = tickets("train")
    for count in (*CURVE, len(train)):
        drawn = some(train, count, seed)
        yield LabelSource(EXPERTS, drawn, count)
        yield LabelSource(TEACHER, _taught(drawn), 0)


def cures(seed: int) -> Iterator[LabelSource]:
    """The teacher's labels filtered or read, and made-up texts; `seed` draws the folds."""
    train = tickets("train")
    taught = _taught(train)
    shares = out_of_fold(taught, seed)
    own = [shares[place][ticket.queue] for place, ticket in enumerate(taught)]
    sure_first = sorted(range(len(taught)), key=lambda place: -own[place])
    agreed = [
        each
        for each, odds in zip(taught, shares, strict=True)
        if max(odds, key=odds.__getitem__) == each.queue
    ]
    yield LabelSource(f"{TEACHER}, the head agrees", agreed, 0)
    for share in SURE:
        kept = sorted(sure_first[: round(share * len(taught))])
        yield LabelSource(f"{TEACHER}, surest {share:.0%}", [taught[place] for place in kept], 0)
    for count in CHECKED:
        doubtful = set(sure_first[-count:])
        checked = [train[place] if place in doubtful else ticket for place, ticket in enumerate(taught)]
        yield LabelSource(f"{TEACHER}, {count} doubtful ones read", checked, count)
    chats = from_templates(len(train), seed)
    made = [
        Ticket(f"made-{place}", chat.text, chat.answer, "typical", None) for place, chat in enumerate(chats)
    ]
    yield LabelSource(TEMPLATES, made, 0)


def out_of_fold(rows: Sequence[Ticket], seed: int) -> list[Mapping[str, float]]:
    """For each row the probability of each queue, by a head that has not seen the row."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    queues = [row.queue for row in rows]
    shares = cross_val_predict(
        on_vectors(), embed([row.text for row in rows]), queues, cv=folds, method="predict_proba"
    )
    return [dict(zip(np.unique(queues), row, strict=True)) for row in shares]


def unmeasured(of: Iterable[Point], readings: Iterable[LabelReading]) -> list[Point]:
    """The points that have no reading."""
    done = {reading.key for reading in readings}
    return [point for point in of if point.key not in done]


def sweep(asked: Sequence[Point], client: CourseClient) -> list[LabelReading]:
    """Measure the points that have no reading yet, the cheapest first, and return all readings.

    Each reading is on disk before the next training begins. CourseError before the first one for labels that
    nothing can be learned from, and while another process measures.
    """
    with locked(
        results_dir() / "labels.lock", "Another process is measuring labels; wait for it.", seconds=0
    ):
        readings = read() if FILE.is_file() else []
        left = sorted(unmeasured(asked, readings), key=lambda point: point.seconds)
        for point in left:
            _check(point)
        for point in in_turn(left):
            readings.append(_measured(point, client))
            write_rows(readings, FILE)
        return readings


def read() -> list[LabelReading]:
    """The readings as they were measured. CourseError names what is wrong, or the command that makes them."""
    return read_rows(LabelReading, FILE, COMMAND)


def compared(one: LabelReading, other: LabelReading) -> Comparison:
    """How two readings differ, ticket by ticket."""
    a, b = (_named(*each.key[:-1]) for each in (one, other))
    return paired(a, b, one.rows, other.rows)


def _named(learner: str, source: str, examples: int, steps: int) -> str:
    return f"{learner}, {examples} of {source}" + (f", {steps} steps" if steps else "")


def _taught(rows: Sequence[Ticket]) -> list[Ticket]:
    by_teacher = {label.id: label.queue for label in teacher_labels()}
    return [replace(ticket, queue=by_teacher[ticket.id]) for ticket in rows]


def _check(point: Point) -> None:
    try:
        check_trainable(routing_chats(point.source.tickets))
    except CourseError as error:
        raise CourseError(f"{point}: {error}") from None


def _measured(point: Point, client: CourseClient) -> LabelReading:
    result = _LEARN[point.learner](point, client)
    print(result, flush=True)
    right = {ticket.id: ticket.queue for ticket in tickets("train")}
    source = point.source
    agreeing = sum(right.get(ticket.id) == ticket.queue for ticket in source.tickets)
    return LabelReading.of(
        result.outcomes,
        COMMAND,
        fingerprint=fingerprint_of("medium" if point.learner == UPGRADED else "small"),
        learner=point.learner,
        labels=source.labels,
        examples=len(source.tickets),
        read=source.read,
        agreeing=-1 if source.labels == TEMPLATES else agreeing,
        steps=point.steps,
        seed=point.seed,
        rows=marks(outcome.correct for outcome in result.outcomes),
    )


def _head(point: Point, client: CourseClient) -> Result:
    return evaluate(tickets("test"), LinearHead.of(point.source.tickets), name=str(point))


def _encoder(point: Point, client: CourseClient) -> Result:
    from course.tuning import small_encoder  # torch is loaded when there is something to train

    chats = routing_chats(point.source.tickets)
    encoder = small_encoder.train(chats, epochs=EPOCHS[ENCODER], seed=point.seed)
    return evaluate(tickets("test"), encoder, name=str(point))


def _adapter(point: Point, client: CourseClient, size: str = "small") -> Result:
    """Without a dev set: its labels would count as well, and choosing by them would end trainings early."""
    from course.tuning import lora

    chats, settings = routing_chats(point.source.tickets), Settings(steps=point.steps, seed=point.seed)
    base = chosen_model(size)
    adapter = lora.train("labels", chats, settings=settings, base=base, on_step=print_progress)
    model = serving.serve(adapter)
    result = evaluate(tickets("test"), partial(route, client, model), name=str(point), client=client)
    serving.close(model)
    serving.discard(adapter)
    return result


_LEARN: Mapping[str, Callable[[Point, CourseClient], Result]] = {
    HEAD: _head,
    ENCODER: _encoder,
    ADAPTER: _adapter,
    UPGRADED: partial(_adapter, size="medium"),
}
