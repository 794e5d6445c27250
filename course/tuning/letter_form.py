"""The recruiter's letters as a small case of form: prompts, examples and a schema beside a small training.

The first forty letters can be shown or trained, the last forty are asked. `python -m course.measure letters`
takes about three quarters of an hour. It writes after each way, the cheapest first, and resumes where it was
stopped.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import NamedTuple

from anthropic import Anthropic
from anthropic.types import Message

from course.engine.client import CourseClient
from course.engine.replies import text_of
from course.files import locked
from course.material.data import Letter, letters
from course.measuring.evaluate import evaluate
from course.measuring.letters import check, right_fields
from course.measuring.letters import read as read_reply
from course.measuring.provenance import FOLDER, Counted, Provenance, read_rows, write_in_place, write_rows
from course.measuring.results import Comparison, Result, marks, paired
from course.paths import results_dir
from course.rungs.routing import held_by
from course.rungs.structured import KEYS, LETTER_SCHEMA, RULES, as_json, letter_turns
from course.tuning import serving
from course.tuning.adapters import Adapter
from course.tuning.aftermath import served
from course.tuning.chats import TrainingChat
from course.tuning.points import in_turn
from course.tuning.training import Settings, print_progress

FILE = FOLDER / "letter_form.csv"
REPLIES = FOLDER / "letter_form_replies.csv"
COMMAND = "python -m course.measure letters"
SEEDS = (1, 2, 3)
TRAINED = 40  # the first letters; the others are asked
SHOWN = 2
LIMIT = 150  # tokens of a reply; the longest right answer takes 96
TUNED, TUNED_HELD = "tuned", "tuned, schema"
# Fixed before anything was measured.
SETTINGS = Settings(batch=4, epochs=4)

# On two cores without AVX-512: a reply that is free or held, and a training at 130 tokens/s.
_SECONDS_A_REPLY = {False: 1.2, True: 3.0}
_SECONDS_TO_TRAIN = 480.0


class LetterWay(NamedTuple):
    """A way to have the letters read. With a `seed` the model is one that was trained from it."""

    name: str
    system: str = KEYS
    shown: int = 0
    held: bool = False
    seed: int = 0

    @property
    def seconds(self) -> float:
        """About how long it takes on two quiet cores without AVX-512."""
        # The way that is free comes first and trains; the other finds the adapter.
        trains = bool(self.seed) and not self.held
        return trains * _SECONDS_TO_TRAIN + len(to_ask()) * _SECONDS_A_REPLY[self.held]

    def __str__(self) -> str:
        return named(self.name, self.seed)


@dataclass(frozen=True, kw_only=True)
class LetterReading(Counted):
    """What a way reached: replies that are one object of the eight keys (`valid`), and all right (`right`).

    `fields` counts right values, eight for each letter, of replies of any form. Tokens and seconds are means;
    `train_seconds` is 0 where nothing was trained. `rows` has a 1 for each letter that is valid and right and
    a 0 for each other, `forms` likewise for valid, in the order of the letters.
    """

    way: str
    seed: int
    fields: int
    input_tokens: float
    output_tokens: float
    seconds: float
    train_seconds: float
    rows: str
    forms: str

    @property
    def key(self) -> tuple[str, int]:
        """What tells one reading from another."""
        return self.way, self.seed

    @property
    def name(self) -> str:
        """The way, and its seed where it has one."""
        return named(*self.key)

    @property
    def held(self) -> bool:
        """Whether the schema holds the replies."""
        return next(way.held for way in ways() if way.name == self.way)


@dataclass(frozen=True, kw_only=True)
class FormReply(Provenance):
    """One reply, the number of its fields that are right, and whether it was cut off."""

    way: str
    seed: int
    id: str
    reply: str
    valid: bool
    fields: int
    cut_off: bool

    @property
    def name(self) -> str:
        """The way, and its seed where it has one."""
        return named(self.way, self.seed)


def named(way: str, seed: int) -> str:
    """What a reader sees of a way and a seed."""
    return f"{way}, seed {seed}" if seed else way


def to_train() -> list[Letter]:
    """The letters to show or to train on."""
    return letters()[:TRAINED]


def to_ask() -> list[Letter]:
    """The letters that are asked; 13 of the 40 are hard ones."""
    return letters()[TRAINED:]


def ways() -> list[LetterWay]:
    """All ways: the prompts, then the trained model as it is and held by the schema, seed by seed."""
    prompts = [
        LetterWay("keys"),
        LetterWay("rules", RULES),
        LetterWay("two examples", shown=SHOWN),
        LetterWay("rules, two examples", RULES, SHOWN),
        LetterWay("schema", held=True),
        LetterWay("rules, schema", RULES, held=True),
        LetterWay("rules, two examples, schema", RULES, SHOWN, held=True),
    ]
    tuned = [(LetterWay(TUNED, seed=seed), LetterWay(TUNED_HELD, held=True, seed=seed)) for seed in SEEDS]
    return [*prompts, *(way for both in tuned for way in both)]


def letter_chats(of: Iterable[Letter]) -> list[TrainingChat]:
    """Letters as chats with the list of keys as the instruction."""
    return [TrainingChat(KEYS, letter.text, as_json(letter)) for letter in of]


def ask(client: Anthropic, model: str, way: LetterWay, letter: Letter) -> Message:
    """The reply to a letter, after the examples that the way shows."""
    return client.messages.create(
        model=model,
        max_tokens=LIMIT,
        system=way.system,
        messages=letter_turns(letter, to_train()[: way.shown]),
        **(held_by(LETTER_SCHEMA) if way.held else {}),
    )


def sweep(client: CourseClient, base: str) -> list[LetterReading]:
    """Measure the ways that have no reading yet, and return all readings.

    A reading is on disk before the next way begins. CourseError while another process measures.
    """
    with locked(
        results_dir() / "letters.lock", "Another process is measuring letters; wait for it.", seconds=0
    ):
        readings = read() if FILE.is_file() else []
        for way in in_turn(unmeasured(readings)):
            with _model(way, base) as (model, train_seconds):
                result = evaluate(
                    to_ask(), partial(ask, client, model, way), name=str(way), check=check, client=client
                )
            print(result, flush=True)
            _keep_replies(way, result)
            readings.append(_reading(way, result, train_seconds))
            write_rows(readings, FILE)
        return readings


def unmeasured(readings: Iterable[LetterReading]) -> list[LetterWay]:
    """The ways that have no reading."""
    done = {reading.key for reading in readings}
    return [way for way in ways() if (way.name, way.seed) not in done]


def read() -> list[LetterReading]:
    """The readings as they were measured. CourseError names what is wrong, or the command that makes them."""
    return read_rows(LetterReading, FILE, COMMAND)


def read_replies() -> list[FormReply]:
    """Every reply of them."""
    return read_rows(FormReply, REPLIES, COMMAND)


def compared(one: LetterReading, other: LetterReading, by: str = "rows") -> Comparison:
    """How two readings differ, letter by letter: by what is valid and right, or by `forms` alone."""
    return paired(one.way, other.way, getattr(one, by), getattr(other, by))


@contextmanager
def _model(way: LetterWay, base: str) -> Iterator[tuple[str, float]]:
    """The model to ask and the seconds of its training."""
    if not way.seed:
        yield base, 0.0
        return
    adapter = tuned_adapter(way.seed)
    with served(adapter) as model:
        yield model, adapter.card.seconds
    serving.discard(adapter)


def tuned_adapter(seed: int) -> Adapter:
    """The small model trained on the letters, without a dev set: now, or returned if it is there."""
    from course.tuning import lora  # torch is loaded when there is something to train

    settings = Settings(batch=SETTINGS.batch, epochs=SETTINGS.epochs, seed=seed)
    return lora.train("letters", letter_chats(to_train()), settings=settings, on_step=print_progress)


def _right(letter: Letter, reply: Message | None) -> int:
    return len(right_fields(letter, read_reply(reply).fields)) if reply else 0


def _reading(way: LetterWay, result: Result, train_seconds: float) -> LetterReading:
    replies = {outcome.id: outcome.reply for outcome in result.outcomes}
    return LetterReading.of(
        result.outcomes,
        COMMAND,
        way=way.name,
        seed=way.seed,
        fields=sum(_right(letter, replies[letter.id]) for letter in to_ask()),
        input_tokens=round(result.input_tokens or 0, 1),
        output_tokens=round(result.output_tokens or 0, 1),
        seconds=round(result.seconds or 0, 3),
        train_seconds=train_seconds,
        rows=marks(outcome.correct for outcome in result.outcomes),
        forms=marks(outcome.valid for outcome in result.outcomes),
    )


def _keep_replies(way: LetterWay, result: Result) -> None:
    how, by_id = asdict(Provenance.now(COMMAND)), {letter.id: letter for letter in to_ask()}
    rows = [
        FormReply(
            **how,
            way=way.name,
            seed=way.seed,
            id=outcome.id,
            reply=text_of(outcome.reply) if outcome.reply else "",
            valid=outcome.valid,
            fields=_right(by_id[outcome.id], outcome.reply),
            cut_off=bool(outcome.reply) and outcome.reply.stop_reason == "max_tokens",
        )
        for outcome in result.outcomes
    ]
    write_in_place(rows, REPLIES, "way", "seed")
