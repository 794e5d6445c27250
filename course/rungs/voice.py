"""Rungs of the house voice: from two words about the tone to the whole guide with examples and a schema."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anthropic import Anthropic
from anthropic.types import MessageParam

from course.engine.client import CourseClient
from course.engine.replies import text_of
from course.material.data import prompt
from course.material.voice import CLOSING, VoicePair, guide
from course.measuring.evaluate import evaluate
from course.measuring.house_voice import facts_kept, rules_kept, sentences
from course.measuring.results import Result, Verdict
from course.rungs.prompt_lint import CHARACTERS_PER_TOKEN
from course.rungs.retrieve import nearest
from course.rungs.routing import held_by

REPLY_TOKENS = 200  # four sentences of eighteen words with room to spare
PARTS = ("begin", "middle", "next")
SENTENCES_SCHEMA = {
    "type": "object",
    "properties": {part: {"type": "string"} for part in PARTS},
    "required": list(PARTS),
    "additionalProperties": False,
}


@dataclass(frozen=True)
class VoiceRung:
    """A way to ask for the voice. `shown` is the number of examples, the nearest ones where `retrieved`.

    With `parts` the reply comes as the JSON of SENTENCES_SCHEMA, and the program adds the closing line.
    """

    name: str
    guided: bool = True
    shown: int = 0
    retrieved: bool = False
    parts: bool = False


RUNGS = (
    VoiceRung("professional tone", guided=False),
    VoiceRung("guide"),
    VoiceRung("guide, 3 examples", shown=3),
    VoiceRung("guide, 8 examples", shown=8),
    VoiceRung("guide, 50 examples", shown=50),
    VoiceRung("guide, 8 retrieved examples", shown=8, retrieved=True),
    VoiceRung("guide, schema of sentences", parts=True),
    VoiceRung("guide, 8 examples, schema of sentences", shown=8, parts=True),
)


def system_of(rung: VoiceRung) -> str:
    """The instruction of a rung."""
    if rung.guided:
        return prompt("voice_guide").format(guide=guide().strip()).strip()
    return prompt("voice_tone").strip()


def examples_for(rung: VoiceRung, pair: VoicePair, pool: Sequence[VoicePair]) -> list[VoicePair]:
    """The pairs that are shown: the first ones of `pool`, or the nearest, the best one last."""
    if rung.retrieved:
        return nearest(pair.text, pool, rung.shown)
    return list(pool[: rung.shown])


def in_parts(reply: str) -> str:
    """A reply of the data in the form of SENTENCES_SCHEMA, without its closing line."""
    first, *between, last = sentences(reply)
    return json.dumps(dict(zip(PARTS, (first, " ".join(between), last), strict=True)), ensure_ascii=False)


def joined(parts: str) -> str:
    """The reply that a JSON of SENTENCES_SCHEMA stands for, with the closing line."""
    spoken = (json.loads(parts)[part].strip() for part in PARTS)
    return f"{' '.join(filter(None, spoken))}\n{CLOSING}"


def request(rung: VoiceRung, model: str, pair: VoicePair, shown: Sequence[VoicePair]) -> dict[str, Any]:
    """The request for one reply: the examples as earlier turns, then the note."""
    turns: list[MessageParam] = []
    for each in shown:
        answer = in_parts(each.reply) if rung.parts else each.reply
        turns += [{"role": "user", "content": each.note}, {"role": "assistant", "content": answer}]
    asked: dict[str, Any] = {
        "model": model,
        "max_tokens": REPLY_TOKENS,
        "system": system_of(rung),
        "messages": [*turns, {"role": "user", "content": pair.note}],
    }
    if rung.parts:
        asked |= held_by(SENTENCES_SCHEMA)
    return asked


def expected_tokens(asked: dict[str, Any]) -> int:
    """About how many tokens a request and its reply take, by the number of characters."""
    texts = [asked["system"], *(turn["content"] for turn in asked["messages"])]
    return sum(map(len, texts)) // CHARACTERS_PER_TOKEN + asked["max_tokens"]


def write_reply(
    client: Anthropic, model: str, rung: VoiceRung, pair: VoicePair, pool: Sequence[VoicePair]
) -> str:
    """The reply to one note. With `parts`, one that was cut off raises ValueError: it is not JSON."""
    answer = text_of(client.messages.create(**request(rung, model, pair, examples_for(rung, pair, pool))))
    return joined(answer) if rung.parts else answer.strip()


def check(pair: VoicePair, reply: str) -> Verdict:
    """Valid: all fifteen rules are kept. Correct: and the facts are those of the note."""
    keeps_all = all(rules_kept(reply).values())
    return Verdict(keeps_all, keeps_all and facts_kept(pair.note, reply))


def measure(
    rung: VoiceRung,
    rows: Sequence[VoicePair],
    pool: Sequence[VoicePair],
    client: CourseClient,
    model: str,
) -> Result:
    """One rung on these rows, with examples from `pool`."""
    return evaluate(
        rows,
        lambda pair: write_reply(client, model, rung, pair, pool),
        name=rung.name,
        check=check,
        client=client,
    )
