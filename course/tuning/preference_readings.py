"""What a training on pairs of replies reached, from every measured reply: a table, and pairs of ways."""

from collections.abc import Sequence

import pandas as pd

from course.measuring.results import Comparison, duration
from course.tuning import voice_readings
from course.tuning.preference import (
    BY_PAIRS,
    COMMAND,
    RIGHT_ALONE,
    SEEDS,
    SIZE,
    START,
    PreferenceCount,
    StepTaken,
    named,
    unmeasured,
)
from course.tuning.voice import VoiceReply
from course.tuning.voice_readings import MEASURES, SHARES, VoiceReading, share_in_words

QUESTIONS = (
    ("by pairs instead of the start", BY_PAIRS, START),
    ("right replies alone instead of the start", RIGHT_ALONE, START),
    ("by pairs instead of right replies alone", BY_PAIRS, RIGHT_ALONE),
)


def by_way(replies: Sequence[VoiceReply]) -> dict[str, VoiceReading]:
    """The replies to the test notes by way and seed, as `named` says both."""
    return {each.rung: each for each in voice_readings.readings(replies) if each.size == SIZE}


def table(readings: Sequence[PreferenceCount], replies: Sequence[VoiceReply]) -> pd.DataFrame:
    """A row for each reading: rules kept, shares with their 95% intervals, and what its training took."""
    found = by_way(replies)
    return pd.DataFrame(
        [_row(each, found[named(each.way, each.seed)]) for each in readings],
        index=[named(each.way, each.seed) for each in readings],
    )


def compared(replies: Sequence[VoiceReply]) -> dict[tuple[str, int], Comparison]:
    """By question and seed: one way after another, note by note, by each of MEASURES."""
    found = by_way(replies)
    return {
        (f"{measure}, {asked}", seed): voice_readings.compared(one, other, score)
        for measure, score in MEASURES.items()
        for asked, after, before in QUESTIONS
        for seed in SEEDS
        if (one := found.get(named(after, seed))) and (other := found.get(named(before, seed)))
    }


def not_measured(readings: Sequence[PreferenceCount]) -> str:
    """Which ways have no reading yet, in a sentence; empty when all have one."""
    left = "; ".join(named(way, seed) for seed in SEEDS for way in unmeasured(seed, readings))
    return f"Not measured yet: {left}. `{COMMAND}` goes on." if left else ""


def gains(steps: Sequence[StepTaken], way: str) -> pd.DataFrame:
    """A row for each step, the mean of the seeds: the loss, and how much likelier both sides became."""
    rows = pd.DataFrame([vars(each) for each in steps if each.way == way])
    return rows.groupby("step")[["loss", "chosen", "rejected", "preferred"]].mean()


def _row(count: PreferenceCount, each: VoiceReading) -> dict[str, str]:
    kept, half = each.rules
    n = len(each.replies)
    return {
        "rules of 15": f"{kept:.1f} \N{PLUS-MINUS SIGN} {half:.1f}",
        **{share: share_in_words(each.count(score), n) for share, score in SHARES.items()},
        "tokens out": f"{each.mean_of('output_tokens'):.0f}",
        "pairs": str(count.pairs or "-"),
        "training": duration(count.train_seconds),
    }
