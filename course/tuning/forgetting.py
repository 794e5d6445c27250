"""What a training costs a model of what it could do before, and which settings lower that cost.

The model learns routing at several settings, and facts in one wording or in five. Each is asked row by row,
so that any two can be compared by pairs. `python -m course.measure forgetting` writes after each training,
the first seed and the cheapest first, and resumes where it was stopped.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import NamedTuple

from course.engine.client import CourseClient, connect
from course.engine.replies import text_of
from course.engine.weights import chosen_model
from course.errors import CourseError
from course.files import locked, read_json_lines
from course.material import data
from course.material.data import Question, Text, tickets
from course.measuring.answers import judge
from course.measuring.evaluate import evaluate
from course.measuring.provenance import (
    FOLDER,
    Counted,
    Provenance,
    fingerprint_of,
    read_rows,
    write_in_place,
    write_rows,
)
from course.measuring.results import Check, Comparison, Result, marks, paired
from course.paths import DATA, results_dir
from course.rungs.chunks import by_section
from course.tuning import aftermath, serving
from course.tuning.aftermath import Instruction
from course.tuning.chats import TrainingChat, routing_chats, short_prompt
from course.tuning.experiments import route, some
from course.tuning.points import in_turn
from course.tuning.training import Settings, check_trainable, print_progress

FILE = FOLDER / "forgetting.csv"
REPLIES = FOLDER / "general_replies.csv"
COMMAND = "python -m course.measure forgetting"
SEEDS = (1, 2, 3)
ROUTING, FACTS = "routing", "facts"
ROUTING_MEDIUM = "routing, medium size"  # the others are tasks of the small one
UNTRAINED, READS = "not trained", "not trained, reads the section found"
USUAL, REPLAY = "usual", "replay"
TICKETS, REPLAYED = 240, 60  # a general chat for every four tickets
ROUNDS = 3  # for what learns too little from seeing its tickets once
WORDINGS = 5
BATCH = {ROUTING: 8, FACTS: 6, ROUTING_MEDIUM: 8}
# What is asked. The prompt is the one that the tickets were trained with.
OF_TICKETS, PLAIN, PLAIN_WITH_PROMPT = "tickets", "plain requests", "plain requests, prompt on"
AS_TRAINED, NEVER_TRAINED = "as trained", "wordings never trained"
# What the chat template of a size puts where a request has no system prompt.
NO_PROMPT = {
    "small": "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
    "medium": "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
}
GENERAL_TOKENS = 80

# On two cores without AVX-512, at 130 tokens/s: beside the training, and for each example of each step.
_SECONDS = {ROUTING: (90.0, 0.41), FACTS: (60.0, 0.35), ROUTING_MEDIUM: (300.0, 1.5)}
_SECONDS_UNTRAINED = {ROUTING: 120.0, FACTS: 30.0, ROUTING_MEDIUM: 400.0}

SettingKey = tuple[str, str, int, int]


@dataclass(frozen=True, kw_only=True)
class Remembered(Counted):
    """What a model got right of the `n` rows of one `part` after a training.

    `rows` has a 1 for each row that is right and a 0 for each other, in the order of `asked`. What was not
    trained has 0 steps, rate, rank, examples and seconds; `replayed` of the examples are general chats.
    """

    task: str
    setting: str
    part: str
    learning_rate: float
    rank: int
    examples: int
    replayed: int
    wordings: int
    steps: int
    seed: int
    train_seconds: float
    rows: str

    @property
    def key(self) -> SettingKey:
        """The setting that it is a reading of."""
        return self.task, self.setting, self.steps, self.seed

    @property
    def rounds(self) -> float:
        """How often the training saw each of its examples; 0 for what was not trained."""
        return self.steps / math.ceil(self.examples / BATCH[self.task]) if self.steps else 0.0


class Setting(NamedTuple):
    """One training to measure; with 0 steps the model as it is."""

    task: str
    name: str
    steps: int
    seed: int
    learning_rate: float = Settings().learning_rate
    rank: int = Settings().rank
    replayed: int = 0
    wordings: int = 1

    @property
    def key(self) -> SettingKey:
        """That of its readings."""
        return self.task, self.name, self.steps, self.seed

    @property
    def size(self) -> str:
        """Whose training it is."""
        return "medium" if self.task == ROUTING_MEDIUM else "small"

    @property
    def seconds(self) -> float:
        """About how long it takes on two quiet cores without AVX-512."""
        if not self.steps:
            return _SECONDS_UNTRAINED[self.task]
        beside, each = _SECONDS[self.task]
        return beside + each * self.steps * BATCH[self.task]

    @property
    def settings(self) -> Settings:
        """Those of the training. Alpha follows the rank, so that the adapter's scale stays the same."""
        return Settings(
            learning_rate=self.learning_rate,
            rank=self.rank,
            alpha=2 * self.rank,
            batch=BATCH[self.task],
            steps=self.steps,
            seed=self.seed,
        )

    def __str__(self) -> str:
        steps = f", {self.steps} steps, seed {self.seed}" if self.steps else ""
        return f"{self.task}, {self.name}{steps}"


class Part(NamedTuple):
    """Rows to ask of a model: `ask(client, model, row)` gives the reply, and `check` judges it."""

    rows: Sequence
    ask: Callable[..., str]
    check: Check | None


@dataclass(frozen=True)
class GeneralRequest:
    """A plain request to replay; what is right is not said, for the model's own answer is trained."""

    id: str
    text: Text


@dataclass(frozen=True, kw_only=True)
class GeneralReply(Provenance):
    """What the untrained model of a `size` itself answered, where it came to an end."""

    size: str
    id: str
    text: Text
    reply: Text


@dataclass(frozen=True)
class FactWordings:
    """A known fact's question in four more wordings to train on, and in one that is only asked."""

    id: str
    trained: tuple[Text, ...]
    asked: Text


def settings() -> list[Setting]:
    """All trainings, the first seed and the cheapest first.

    One seed for what learned no ticket from it, and for the facts in 90 steps; three for the others.
    """
    once = math.ceil(TICKETS / BATCH[ROUTING])
    mixed = math.ceil((TICKETS + REPLAYED) / BATCH[ROUTING])
    short, long = aftermath.FACT_SETTINGS.epochs * aftermath.FACTS // BATCH[FACTS], 90
    found = [Setting(task, UNTRAINED, 0, 1) for task in (ROUTING, FACTS, ROUTING_MEDIUM)]
    found.append(Setting(FACTS, READS, 0, 1))
    for seed in SEEDS:
        for task in (ROUTING, ROUTING_MEDIUM):
            found += [
                Setting(task, USUAL, once, seed),
                Setting(task, REPLAY, mixed, seed, replayed=REPLAYED),
            ]
        found += [
            Setting(ROUTING, USUAL, ROUNDS * once, seed),
            Setting(ROUTING, REPLAY, ROUNDS * mixed, seed, replayed=REPLAYED),
            Setting(ROUTING, "rate 0.0003", ROUNDS * once, seed, learning_rate=3e-4),
            Setting(ROUTING, "rank 2", ROUNDS * once, seed, rank=2),
            Setting(FACTS, "one wording", short, seed),
            Setting(FACTS, "five wordings", short, seed, wordings=WORDINGS),
        ]
    first = SEEDS[0]
    found += [
        Setting(ROUTING, "rate 0.0003", once, first, learning_rate=3e-4),
        Setting(ROUTING, "rate 0.0001", once, first, learning_rate=1e-4),
        Setting(ROUTING, "rank 2", once, first, rank=2),
        Setting(ROUTING, "rate 0.0003, replay", mixed, first, learning_rate=3e-4, replayed=REPLAYED),
        Setting(FACTS, "one wording", long, first),
        Setting(FACTS, "five wordings", long, first, wordings=WORDINGS),
    ]
    return sorted(found, key=lambda each: (each.seed, each.seconds))


def plain_requests() -> list[Instruction]:
    """The 24 plain requests of lesson 12 and 72 more of their kind; none is replayed."""
    more = read_json_lines(DATA / "plain_instructions_more.jsonl", Instruction)
    return [*aftermath.instructions(), *more]


def general_requests() -> list[GeneralRequest]:
    """Plain requests to replay; none of them is asked afterwards."""
    return read_json_lines(DATA / "general_requests.jsonl", GeneralRequest)


def fact_wordings() -> dict[str, FactWordings]:
    """More wordings of the trained facts, by the question's id."""
    return {each.id: each for each in read_json_lines(DATA / "fact_wordings.jsonl", FactWordings)}


def facts_to_train(wordings: int) -> list[Question]:
    """Each known fact in its own wording and in the next ones, up to `wordings` in all."""
    more = fact_wordings()
    return [
        replace(fact, text=text)
        for fact in aftermath.known_facts()
        for text in (fact.text, *more[fact.id].trained)[:wordings]
    ]


def facts_to_ask() -> list[Question]:
    """Each known fact in two wordings that no training has: those of lesson 12, and another one of each."""
    more = fact_wordings()
    others = [replace(fact, id=f"{fact.id}-2", text=more[fact.id].asked) for fact in aftermath.known_facts()]
    return [*aftermath.reworded_facts(), *others]


def asked(setting: Setting) -> dict[str, Part]:
    """What a model is asked after a training."""
    if setting.task != FACTS:
        with_prompt = partial(aftermath.follow, system=short_prompt())
        return {
            OF_TICKETS: Part(tickets("test"), route, None),
            PLAIN: Part(plain_requests(), aftermath.follow, aftermath.followed),
            PLAIN_WITH_PROMPT: Part(plain_requests(), with_prompt, aftermath.followed),
        }
    look_up = partial(aftermath.look_up, sections=by_section(data.handbook()))
    ask = look_up if setting.name == READS else aftermath.recall
    return {
        AS_TRAINED: Part(aftermath.known_facts(), ask, judge),
        NEVER_TRAINED: Part(facts_to_ask(), ask, judge),
    }


def chats_of(setting: Setting) -> list[TrainingChat]:
    """What is trained; the seed draws tickets and general replies. CourseError where no reply is kept."""
    if setting.task == FACTS:
        return aftermath.fact_chats(facts_to_train(setting.wordings))
    chats = routing_chats(some(tickets("train"), TICKETS, setting.seed))
    if setting.replayed:
        own = [each for each in read_replies() if each.size == setting.size]
        drawn = random.Random(setting.seed).sample(own, setting.replayed)
        chats += [TrainingChat(NO_PROMPT[setting.size], each.text, each.reply) for each in drawn]
    return chats


def sweep(of: Sequence[Setting] = ()) -> list[Remembered]:
    """Measure the settings that have no reading yet, by default all, and return all readings.

    Its readings are on disk before the next training begins. CourseError while another process measures.
    """
    with locked(
        results_dir() / "forgetting.lock", "Another process is measuring forgetting; wait for it.", seconds=0
    ):
        readings = read() if FILE.is_file() else []
        left = unmeasured(of or settings(), readings)
        have = {each.size for each in read_replies()} if REPLIES.is_file() else set()
        for size in sorted({setting.size for setting in left} - have):
            write_in_place(general_replies(size), REPLIES, "size")
        for setting in left:
            if setting.steps:
                check_trainable(chats_of(setting))
        for setting in in_turn(left):
            readings += _measured(setting)
            write_rows(readings, FILE)
        return readings


def unmeasured(of: Iterable[Setting], readings: Iterable[Remembered]) -> list[Setting]:
    """The settings that have no reading."""
    done = {reading.key for reading in readings}
    return [setting for setting in of if setting.key not in done]


def general_replies(size: str) -> list[GeneralReply]:
    """What a size as it is answers to the general requests, right or wrong, without a system prompt.

    An answer that has not ended after GENERAL_TOKENS is left out: it would teach to stop within a sentence.
    """
    client, base = connect(size, mode="local")
    own = {"size": size, "fingerprint": fingerprint_of(size)}
    how, found = asdict(Provenance.now(COMMAND)) | own, []
    for request in general_requests():
        message = client.messages.create(
            model=base, max_tokens=GENERAL_TOKENS, messages=[{"role": "user", "content": request.text}]
        )
        reply = text_of(message).strip()
        if reply and message.stop_reason == "end_turn":
            found.append(GeneralReply(**how, id=request.id, text=request.text, reply=reply))
    return found


def read() -> list[Remembered]:
    """The readings as they were measured. CourseError names what is wrong, or the command that makes them."""
    return read_rows(Remembered, FILE, COMMAND)


def read_replies() -> list[GeneralReply]:
    """What the untrained model answered to the general requests."""
    return read_rows(GeneralReply, REPLIES, COMMAND)


def compared(one: Remembered, other: Remembered) -> Comparison:
    """How two readings of the same part differ, row by row. CourseError when the parts differ."""
    if (one.task, one.part) != (other.task, other.part):
        raise CourseError(f"{one.part!r} and {other.part!r} have other rows; compare readings of one part.")
    return paired(one.setting, other.setting, one.rows, other.rows)


def _measured(setting: Setting) -> list[Remembered]:
    client, base = connect(setting.size, mode="local")
    if not setting.steps:
        return _asked(setting, client, base, {"learning_rate": 0.0, "rank": 0, "examples": 0}, 0.0)
    from course.tuning import lora  # torch is loaded when there is something to train

    chats = chats_of(setting)
    base_model = chosen_model(setting.size)
    adapter = lora.train(
        "forgetting", chats, settings=setting.settings, base=base_model, on_step=print_progress
    )
    trained = {"learning_rate": setting.learning_rate, "rank": setting.rank, "examples": len(chats)}
    with aftermath.served(adapter) as model:
        found = _asked(setting, client, model, trained, adapter.card.seconds)
    serving.discard(adapter)
    return found


def _asked(
    setting: Setting, client: CourseClient, model: str, trained: dict, seconds: float
) -> list[Remembered]:
    found = []
    for name, part in asked(setting).items():
        result = evaluate(
            part.rows,
            partial(part.ask, client, model),
            name=f"{setting}: {name}",
            check=part.check,
            client=client,
        )
        print(result, flush=True)
        found.append(_reading(setting, name, result, trained, seconds))
    return found


def _reading(setting: Setting, part: str, result: Result, trained: dict, seconds: float) -> Remembered:
    return Remembered.of(
        result.outcomes,
        COMMAND,
        task=setting.task,
        setting=setting.name,
        part=part,
        **trained,
        replayed=setting.replayed,
        wordings=setting.wordings if setting.steps else 0,
        steps=setting.steps,
        seed=setting.seed,
        train_seconds=seconds,
        fingerprint=fingerprint_of(setting.size),
        rows=marks(outcome.correct for outcome in result.outcomes),
    )
