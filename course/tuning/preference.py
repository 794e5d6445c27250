"""Preferences: the tuned model's own faulty replies, each beside the reply in the house voice.

The tuned model answers the notes that it was trained on. Where its reply breaks a rule or misses a fact, both
replies are a pair. It then learns from the pairs (`course/tuning/dpo.py`), or for as many steps from the
right replies alone, which tells what the faulty ones add. `python -m course.measure preference` takes half an
hour for each seed. It writes its files after each way, asks no request twice and resumes where it was
stopped; only a training by pairs, of a few minutes, begins anew.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from course.engine.client import CourseClient
from course.errors import CourseError, one_of
from course.files import locked
from course.material.voice import VoicePair, pairs
from course.measuring.provenance import FOLDER, Provenance, read_rows, write_in_place
from course.paths import results_dir
from course.rungs.voice import REPLY_TOKENS, measure, system_of
from course.tuning import serving
from course.tuning.adapters import Adapter
from course.tuning.aftermath import served
from course.tuning.chats import TrainingChat
from course.tuning.voice import (
    TONE,
    JudgedReply,
    VoiceCount,
    VoiceReply,
    counts,
    keeps_both,
    replies_of,
    tuned_adapter,
)

FILE = FOLDER / "preference.csv"
REPLIES = FOLDER / "preference_replies.csv"
OWN_REPLIES = FOLDER / "preference_own_replies.csv"  # to the train notes: where the faulty ones come from
STEPS = FOLDER / "preference_steps.csv"
COMMAND = "python -m course.measure preference"
SEEDS = (1, 2, 3)
SIZE = "small"
START, BY_PAIRS, RIGHT_ALONE = "tuned", "by pairs", "right replies alone"
WAYS = (BY_PAIRS, RIGHT_ALONE)
MOST_PAIRS = 160


@dataclass(frozen=True)
class PreferencePair:
    """A note, the reply to prefer and the one to avoid."""

    id: str
    note: str
    chosen: str
    rejected: str


@dataclass(frozen=True, kw_only=True)
class PreferenceSettings:
    """How to train, with each pair once, in one of WAYS.

    `beta` says how much a gain over the start counts. It and the rate, a fifth of the first training's, were
    chosen before anything was measured.
    """

    way: str = BY_PAIRS
    beta: float = 0.1
    learning_rate: float = 2e-4
    warmup: float = 0.1
    batch: int = 8
    seed: int = 1

    def __post_init__(self) -> None:
        one_of("way", self.way, WAYS)
        if not self.beta > 0:
            raise CourseError(f"beta is {self.beta}; give a number above 0, such as 0.1.")
        if not 0 < self.learning_rate < 1:
            raise CourseError(f"learning_rate is {self.learning_rate}; give a small one such as 0.0002.")
        if self.batch < 1:
            raise CourseError(f"batch is {self.batch}; give 1 or more.")


@dataclass(frozen=True)
class PreferenceStep:
    """What is known after a step, over its pairs.

    `chosen` and `rejected` are the mean gains of the replies: by how much the log-probability of a whole
    reply is above that of the start. `preferred` is the share of pairs whose chosen reply gained more.
    """

    step: int
    steps: int
    loss: float
    chosen: float
    rejected: float
    preferred: float
    seconds_left: float

    def __str__(self) -> str:
        return (
            f"step {self.step} of {self.steps}: loss {self.loss:.3f}, chosen {self.chosen:+.2f}, rejected "
            f"{self.rejected:+.2f}, {self.preferred:.0%} preferred, {self.seconds_left:.0f} s left"
        )


@dataclass(frozen=True, kw_only=True)
class StepTaken(Provenance):
    """A step of a training, as PreferenceStep has it."""

    way: str
    seed: int
    step: int
    loss: float
    chosen: float
    rejected: float
    preferred: float


@dataclass(frozen=True, kw_only=True)
class PreferenceCount(VoiceCount):
    """What a way reached on the test notes, counted as the rungs of the voice are.

    `start` begins the hash of the adapter that it starts from. The start itself has 0 pairs and steps;
    `faulty` is how many of its `answered` train notes it answered with a fault. `train_seconds` are those of
    the way's own training.
    """

    way: str
    seed: int
    start: str
    answered: int
    faulty: int
    train_seconds: float
    pairs: int = 0
    steps: int = 0
    beta: float = 0
    learning_rate: float = 0


def preferences(own: Sequence[VoiceReply], of: Sequence[VoicePair]) -> list[PreferencePair]:
    """A pair for each faulty reply, in their order. Empty ones and those that were cut off are left out."""
    reply_to = {each.id: each for each in own}
    found = [(pair, JudgedReply(reply_to[pair.id], pair.note)) for pair in of if pair.id in reply_to]
    return [
        PreferencePair(pair.id, pair.note, pair.reply, own.text)
        for pair, own in found
        if own.text.strip() and not own.measured.output_tokens >= REPLY_TOKENS and not keeps_both(own)
    ]


def drawn(found: Sequence[PreferencePair], seed: int, most: int = MOST_PAIRS) -> list[PreferencePair]:
    """At most so many of the pairs. CourseError when there is none: nothing is to be preferred then."""
    if not found:
        raise CourseError("Every reply keeps rules and facts, so there is no pair to learn from.")
    return random.Random(seed).sample(list(found), min(most, len(found)))


def as_chats(of: Sequence[PreferencePair]) -> tuple[list[TrainingChat], list[TrainingChat]]:
    """The chosen and the rejected replies as chats, with the instruction of the first training."""
    said = system_of(TONE)
    return (
        [TrainingChat(said, each.note, each.chosen) for each in of],
        [TrainingChat(said, each.note, each.rejected) for each in of],
    )


def sweep(client: CourseClient, seeds: Sequence[int] = SEEDS) -> list[PreferenceCount]:
    """Measure the seeds that are not complete, and return all readings.

    The files are written after each way. CourseError while another process measures.
    """
    with locked(
        results_dir() / "preference.lock", "Another process is measuring preferences; wait for it.", seconds=0
    ):
        for seed in seeds:
            if unmeasured(seed, read() if FILE.is_file() else []):
                _measure_seed(client, seed)
        return read()


def unmeasured(seed: int, readings: Sequence[PreferenceCount]) -> list[str]:
    """The start and the ways that have no reading from this seed."""
    done = {reading.way for reading in readings if reading.seed == seed}
    return [way for way in (START, *WAYS) if way not in done]


def read() -> list[PreferenceCount]:
    """The ways by the seed. CourseError names what is wrong, or the command that makes them."""
    return sorted(read_rows(PreferenceCount, FILE, COMMAND), key=lambda each: each.seed)


def read_replies() -> list[VoiceReply]:
    """Every reply of them to the test notes; the rung names way and seed."""
    return read_rows(VoiceReply, REPLIES, COMMAND)


def read_own_replies() -> list[VoiceReply]:
    """The start's replies to the train notes; the rung names the seed."""
    return read_rows(VoiceReply, OWN_REPLIES, COMMAND)


def read_steps() -> list[StepTaken]:
    """Every step of the trainings."""
    return read_rows(StepTaken, STEPS, COMMAND)


def named(way: str, seed: int) -> str:
    """The name of a way's replies, as the rungs of the voice have theirs."""
    return f"{way}, seed {seed}"


def _measure_seed(client: CourseClient, seed: int) -> None:
    start, notes = tuned_adapter(seed), pairs("train")
    with served(start) as model:
        own = replies_of(measure(TONE, notes, (), client, model), COMMAND, SIZE, named(START, seed))
        write_in_place(own, OWN_REPLIES, "rung")
        kept = [keeps_both(JudgedReply(reply, pair.note)) for pair, reply in zip(notes, own, strict=True)]
        of_start = {
            "seed": seed,
            "start": start.card.sha256[:8],
            "answered": len(own),
            "faulty": kept.count(False),
        }
        _keep(client, model, START, start, **of_start)
    chosen = drawn(preferences(own, notes), seed)
    for way in WAYS:
        settings = PreferenceSettings(way=way, seed=seed)
        adapter = _trained(chosen, start, settings)
        trained = {name: getattr(settings, name) for name in ("beta", "learning_rate")}
        with served(adapter) as model:
            _keep(
                client,
                model,
                way,
                adapter,
                **of_start,
                **trained,
                pairs=len(chosen),
                steps=adapter.card.steps,
            )
        serving.discard(adapter)
    serving.discard(start)


def _trained(chosen: Sequence[PreferencePair], start: Adapter, settings: PreferenceSettings) -> Adapter:
    """The start trained on the pairs. Its steps are written, unless it was trained before."""
    from course.tuning import dpo  # torch is loaded when there is something to train

    how, taken = asdict(Provenance.now(COMMAND)), []

    def keep(step: PreferenceStep) -> None:
        print(step, flush=True)
        found = {name: round(getattr(step, name), 4) for name in ("loss", "chosen", "rejected", "preferred")}
        taken.append(StepTaken(**how, way=settings.way, seed=settings.seed, step=step.step, **found))

    name = f"voice-{settings.way.replace(' ', '-')}"
    adapter = dpo.train(name, chosen, start, settings, on_step=keep)
    if taken:
        write_in_place(taken, STEPS, "way", "seed")
    return adapter


def _keep(client: CourseClient, model: str, way: str, adapter: Adapter, **own: Any) -> None:
    """Ask the test notes; write the replies and their count in the place of earlier ones."""
    result = measure(TONE, pairs("test"), (), client, model)
    replies = replies_of(result, COMMAND, SIZE, named(way, own["seed"]))
    write_in_place(replies, REPLIES, "rung")
    (count,) = counts(replies)
    reading = PreferenceCount(**asdict(count), **own, way=way, train_seconds=adapter.card.seconds)
    write_in_place([reading], FILE, "way", "seed")
    print(f"{count.rung}: {count.rules:.1f} of 15 rules, all of them in {count.valid} of {count.n}, ", end="")
    print(f"facts kept in {count.facts}, both in {count.right}", flush=True)
