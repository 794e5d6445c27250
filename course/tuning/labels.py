"""What labels buy: how many, whose, and for which learner. The head and the encoder, on all test tickets.

`python -m course.measure labels` writes after each training and goes on where it was stopped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from course.material.data import Ticket, tickets
from course.material.large_model import teacher_labels
from course.measuring.evaluate import evaluate
from course.measuring.provenance import FOLDER, CountedByKind, read_rows, write_rows
from course.measuring.results import Comparison
from course.rungs.baselines import LinearHead, on_vectors
from course.rungs.retrieve import embed
from course.tuning.chats import routing_chats
from course.tuning.experiments import CURVE, from_templates, some

FILE = FOLDER / "labels.csv"
COMMAND = "python -m course.measure labels"
SEEDS = (1, 2, 3)
CHECKED = (50, 100, 200)  # labels of the teacher that a person reads, the doubtful ones first
SURE = (0.9, 0.8)  # shares of the teacher's labels that are kept, the sure ones first
EXPERTS, TEACHER, TEMPLATES = "experts", "teacher", "templates"
HEAD, ENCODER = "head", "encoder"
FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class LabelReading(CountedByKind):
    """What a learner reached with some labels.

    Of its `examples`, `read` had their label read or written by a person, and `agreeing` have the experts'
    label (-1 where nobody knows). `rows` has a 1 for each test ticket that it gets right and a 0 for each
    other, in the order of the file, so that any two readings can be compared ticket by ticket.
    """

    learner: str
    labels: str
    examples: int
    read: int
    agreeing: int
    seed: int
    rows: str


class LabelSource(NamedTuple):
    """Training tickets with the labels to learn from. `read` of them were read or written by a person."""

    labels: str
    tickets: Sequence[Ticket]
    read: int


def sources(seed: int) -> Iterator[LabelSource]:
    """Every way to come by labels; `seed` draws which tickets, and the folds that say what is doubtful."""
    train = tickets("train")
    by_teacher = {label.id: label.queue for label in teacher_labels()}
    taught = [replace(ticket, queue=by_teacher[ticket.id]) for ticket in train]
    for count in (*CURVE, len(train)):
        drawn = some(train, count, seed)
        yield LabelSource(EXPERTS, drawn, count)
        yield LabelSource(TEACHER, [replace(ticket, queue=by_teacher[ticket.id]) for ticket in drawn], 0)
    shares = out_of_fold(taught, seed)
    own = [shares[place][ticket.queue] for place, ticket in enumerate(taught)]
    sure_first = sorted(range(len(taught)), key=lambda place: -own[place])
    agreed = [each for each, likely in zip(taught, shares, strict=True) if _likeliest(likely) == each.queue]
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


def sweep(learners: Sequence[str] = (HEAD, ENCODER)) -> list[LabelReading]:
    """Train each learner on every source with three seeds, and print what it reaches."""
    readings = read() if FILE.is_file() else []
    done = {(each.learner, each.labels, each.examples, each.seed) for each in readings}
    for learner in learners:
        for seed in SEEDS:
            for source in sources(seed):
                if (learner, source.labels, len(source.tickets), seed) not in done:
                    readings.append(_measured(learner, source, seed))
                    write_rows(readings, FILE)
    return readings


def read() -> list[LabelReading]:
    """The readings as they were measured. CourseError names what is wrong, or the command that makes them."""
    return read_rows(LabelReading, FILE, COMMAND)


def compared(one: LabelReading, other: LabelReading) -> Comparison:
    """How two readings differ, ticket by ticket."""
    pairs = list(zip(one.rows, other.rows, strict=True))
    a, b = (f"{each.learner}, {each.examples} of {each.labels}" for each in (one, other))
    return Comparison(a, b, *(pairs.count((first, second)) for first, second in ("11", "10", "01", "00")))


def _measured(learner: str, source: LabelSource, seed: int) -> LabelReading:
    name = f"{learner}, {len(source.tickets)} of {source.labels}, seed {seed}"
    result = evaluate(tickets("test"), _LEARN[learner](source.tickets, seed), name=name)
    print(result, flush=True)
    right = {ticket.id: ticket.queue for ticket in tickets("train")}
    agreeing = sum(right.get(ticket.id) == ticket.queue for ticket in source.tickets)
    return LabelReading.of(
        result.outcomes,
        COMMAND,
        learner=learner,
        labels=source.labels,
        examples=len(source.tickets),
        read=source.read,
        agreeing=-1 if source.labels == TEMPLATES else agreeing,
        seed=seed,
        rows="".join("01"[outcome.correct] for outcome in result.outcomes),
    )


def _head(rows: Sequence[Ticket], seed: int) -> Callable[[Ticket], str]:
    return LinearHead.of(rows)


def _encoder(rows: Sequence[Ticket], seed: int) -> Callable[[Ticket], str]:
    from course.tuning import small_encoder  # torch is loaded when there is something to train

    return small_encoder.train(routing_chats(rows), seed=seed)


def _likeliest(shares: Mapping[str, float]) -> str:
    return max(shares, key=lambda queue: shares[queue])


_LEARN: Mapping[str, Callable[[Sequence[Ticket], int], Callable[[Ticket], str]]] = {
    HEAD: _head,
    ENCODER: _encoder,
}
