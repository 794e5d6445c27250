"""The house voice measured: every rung of each installed size, and the sizes that were trained on it.

`python -m course.measure voice` takes hours. It writes its files after each rung, asks no request twice, and
resumes where it was stopped, so it may be stopped at any time.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from course.engine.client import connect
from course.engine.sizes import local_model, local_models
from course.engine.weights import chosen_model, is_here
from course.material.voice import VoicePair, pairs
from course.measuring.house_voice import RULES, facts, facts_kept, rules_kept
from course.measuring.provenance import FOLDER, Counted, Provenance, read_rows, write_in_place, write_rows
from course.measuring.results import Outcome, Result, wilson
from course.rungs.voice import RUNGS, examples_for, expected_tokens, measure, request, system_of
from course.tuning import serving
from course.tuning.adapters import Adapter
from course.tuning.chats import TrainingChat
from course.tuning.training import Settings, print_progress

FILE = FOLDER / "voice.csv"
REPLIES = FOLDER / "voice_replies.csv"
COMMAND = "python -m course.measure voice"
SEEDS = (1, 2, 3)
TRAINED = ("small", "medium")  # the sizes that are trained: the large one would need 20 GB
TRAVELS = 2  # the seed of the training of the small model whose adapter comes with the course
EPOCHS = 3
TONE, GUIDED = RUNGS[0], RUNGS[1]


@dataclass(frozen=True, kw_only=True)
class VoiceReply(Provenance):
    """One reply. `size` is the model's; tokens and seconds are NaN where they were not measured."""

    size: str
    rung: str
    id: str
    reply: str
    input_tokens: float
    output_tokens: float
    seconds: float


@dataclass(frozen=True)
class JudgedReply:
    """A measured reply and the note that it answers."""

    measured: VoiceReply
    note: str

    @property
    def text(self) -> str:
        """The reply itself."""
        return self.measured.reply

    @cached_property
    def broken(self) -> tuple[int, ...]:
        """The numbers of the rules that it breaks."""
        return tuple(number for number, kept in rules_kept(self.text).items() if not kept)

    @cached_property
    def lost(self) -> set[str]:
        """The facts of the note that it does not have."""
        return facts(self.note) - facts(self.text)

    @cached_property
    def added(self) -> set[str]:
        """The facts that it has and the note does not."""
        return facts(self.text) - facts(self.note)


# What a reply is counted by: whether something holds, or how often.
Score = Callable[[JudgedReply], int]


def rules_of(each: JudgedReply) -> int:
    """How many of the fifteen rules it keeps."""
    return len(RULES) - len(each.broken)


def keeps_rules(each: JudgedReply) -> bool:
    """Whether it keeps all of them."""
    return not each.broken


def keeps_facts(each: JudgedReply) -> bool:
    """Whether it has the note's facts and none besides."""
    return facts_kept(each.note, each.text)


def keeps_both(each: JudgedReply) -> bool:
    """Whether it does both."""
    return keeps_rules(each) and keeps_facts(each)


@dataclass(frozen=True, kw_only=True)
class VoiceCount(Counted):
    """A rung of one size. `valid` counts replies that keep all rules, `right` those with all facts as well.

    `rules` is the mean number of rules kept, of fifteen; `facts` counts replies with the note's facts,
    whatever their form. Tokens and seconds are means.
    """

    size: str
    rung: str
    rules: float
    facts: int
    input_tokens: float
    output_tokens: float
    seconds: float


def voice_chats(of: Iterable[VoicePair]) -> list[TrainingChat]:
    """Pairs as training data. The instruction is the short one: the training is to put the rules in."""
    return [TrainingChat(system_of(TONE), pair.note, pair.reply) for pair in of]


def sweep(rows: Sequence[VoicePair] = (), sizes: Sequence[str] = ()) -> list[VoiceCount]:
    """Measure every rung, by default on the test notes and for each installed size; print a line for each.

    Both files are written after each rung.
    """
    rows, pool = rows or pairs("test"), pairs("train")
    sizes = sizes or [model.size for model in local_models() if is_here(model)]
    for size in sizes:
        client, model = connect(size, mode="local")
        for rung in RUNGS:
            asked = request(rung, model, rows[0], examples_for(rung, rows[0], pool))
            if expected_tokens(asked) > local_model(size).context_tokens:
                print(f"{size}, {rung.name}: longer than the model reads, left out", flush=True)
                continue
            _keep(size, rung.name, measure(rung, rows, pool, client, model))
    for size in TRAINED:
        if size in sizes:
            _tuned(size, rows, pool)
    return counts(read_replies())


def tuned_adapter(seed: int, size: str = "small") -> Adapter:
    """A size trained on the train pairs: now, or returned where it was trained before.

    That of the small model from the seed TRAVELS comes with the course.
    """
    from course.tuning import lora  # torch is loaded when there is something to train

    chats, dev = voice_chats(pairs("train")), voice_chats(pairs("dev"))
    settings = Settings(epochs=EPOCHS, seed=seed)
    return lora.train("voice", chats, dev, settings=settings, base=chosen_model(size), on_step=print_progress)


def counts(replies: Sequence[VoiceReply]) -> list[VoiceCount]:
    """A line for each size and rung, in the order of `judged`."""
    return [_count(list(found.values())) for found in judged(replies).values()]


def judged(replies: Sequence[VoiceReply]) -> dict[tuple[str, str], dict[str, JudgedReply]]:
    """The replies by size and rung, then by the id of the note: small first, RUNGS before the rest."""
    note_of = {pair.id: pair.note for split in ("dev", "test") for pair in pairs(split)}
    found: dict[tuple[str, str], dict[str, JudgedReply]] = {}
    for each in replies:
        found.setdefault((each.size, each.rung), {})[each.id] = JudgedReply(each, note_of[each.id])
    sizes, rungs = [model.size for model in local_models()], [rung.name for rung in RUNGS]

    def place(key: tuple[str, str]) -> tuple[int, int]:
        size, rung = key
        return sizes.index(size), rungs.index(rung) if rung in rungs else len(rungs)

    return {key: found[key] for key in sorted(found, key=place)}


def read() -> list[VoiceCount]:
    """The rungs as they were measured. CourseError names what is wrong, or the command that makes them."""
    return read_rows(VoiceCount, FILE, COMMAND)


def read_replies() -> list[VoiceReply]:
    """Every reply of them."""
    return read_rows(VoiceReply, REPLIES, COMMAND)


def _tuned(size: str, rows: Sequence[VoicePair], pool: Sequence[VoicePair]) -> None:
    """A size trained on the pairs, from three seeds, asked as it was trained and with the guide."""
    client, _ = connect(size, mode="local")
    for seed in SEEDS:
        name = serving.serve(tuned_adapter(seed, size))
        for rung, said in ((TONE, "tuned"), (GUIDED, "tuned, guide")):
            _keep(size, f"{said}, seed {seed}", measure(rung, rows, pool, client, name))
        serving.close(name)


def _keep(size: str, rung: str, result: Result) -> None:
    """Write a rung's replies, in the place of its earlier ones, and the counts of all."""
    new = replies_of(result, COMMAND, size, rung)
    found = counts(write_in_place(new, REPLIES, "size", "rung"))
    write_rows(found, FILE)
    (kept,) = (count for count in found if (count.size, count.rung) == (size, rung))
    print(
        f"{size}, {rung}: {kept.rules:.1f} of 15 rules, all of them in {kept.valid} of {kept.n}, "
        f"facts kept in {kept.facts}, {kept.seconds:.2f} s",
        flush=True,
    )


def replies_of(result: Result, command: str, size: str, rung: str) -> list[VoiceReply]:
    """The replies of a result, with how they were made."""
    own = asdict(Provenance.now(command, local_model(size))) | {"size": size, "rung": rung}
    return [_reply(outcome, own) for outcome in result.outcomes]


def _reply(outcome: Outcome, own: dict[str, Any]) -> VoiceReply:
    measured: dict[str, Any] = {
        name: math.nan if getattr(outcome, name) is None else getattr(outcome, name)
        for name in ("input_tokens", "output_tokens", "seconds")
    }
    # A row that failed has no reply: an empty one keeps what an empty one keeps.
    return VoiceReply(**own, id=outcome.id, reply=outcome.reply or "", **measured)


def _count(replies: Sequence[JudgedReply]) -> VoiceCount:
    both = sum(map(keeps_both, replies))
    first, n = replies[0].measured, len(replies)
    low, high = (round(end, 4) for end in wilson(both, n))
    means: dict[str, Any] = {
        name: round(sum(getattr(each.measured, name) for each in replies) / n, digits)
        for name, digits in (("input_tokens", 1), ("output_tokens", 1), ("seconds", 3))
    }
    same = ("command", "date", "machine", "cores", "fingerprint", "size", "rung")
    return VoiceCount(
        **{name: getattr(first, name) for name in same},
        n=n,
        right=both,
        valid=sum(map(keeps_rules, replies)),
        low=low,
        high=high,
        rules=round(sum(map(rules_of, replies)) / n, 2),
        facts=sum(map(keeps_facts, replies)),
        **means,
    )
