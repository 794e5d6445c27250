"""What the ways to read the letters reached, from every measured reply: a table, faults, and pairs."""

from collections.abc import Callable, Collection, Sequence

import pandas as pd

from course.material.data import LETTER_FIELDS, Letter
from course.measuring.letters import FAULTS, read, right_fields
from course.measuring.results import Comparison, duration, scored, wilson
from course.tuning.letter_form import (
    COMMAND,
    SEEDS,
    TUNED,
    TUNED_HELD,
    FormReply,
    LetterReading,
    compared,
    named,
    to_ask,
    unmeasured,
)

Readings = Sequence[LetterReading]
Key = tuple[str, int]  # a way and its seed


def table(readings: Readings) -> pd.DataFrame:
    """A row for each reading: shares with their 95% intervals, right values, and what a reply takes."""
    return pd.DataFrame([_row(each) for each in readings], index=[each.name for each in readings])


def not_measured(readings: Readings) -> str:
    """Which ways have no reading yet, in a sentence; empty when all have one."""
    left = "; ".join(map(str, unmeasured(readings)))
    return f"Not measured yet: {left}. `{COMMAND}` goes on." if left else ""


def best_prompt(readings: Readings, *, held: bool) -> LetterReading:
    """Of what nothing was trained for, held by the schema or free, the one that is right most often.

    Where two are level, the one with more right values counts.
    """
    found = [each for each in readings if not each.seed and each.held == held]
    return max(found, key=lambda each: (each.right, each.fields))


def against_prompts(readings: Readings, replies: Sequence[FormReply]) -> dict[tuple[str, int], Comparison]:
    """By question and seed: the trained model against the best prompts, and with a schema against without.

    By what is valid, and by the right values: on how many letters one way reads more of the eight.
    """
    found = {each.key: each for each in readings}
    right = _right_values(replies)
    free, held = (best_prompt(readings, held=each).key for each in (False, True))
    asked = [
        (f"{TUNED} instead of '{free[0]}'", TUNED, free),
        (f"{TUNED} instead of '{held[0]}'", TUNED, held),
        (f"'{TUNED_HELD}' instead of '{held[0]}'", TUNED_HELD, held),
        (f"'{TUNED_HELD}' instead of '{TUNED}'", TUNED_HELD, None),
    ]
    pairs: dict[tuple[str, int], Comparison] = {}
    for question, after, before in asked:
        for seed in SEEDS:
            one, other = (after, seed), before or (TUNED, seed)
            if one in found and other in found:
                pairs[f"valid, {question}", seed] = compared(found[one], found[other], "forms")
                values = ((right[one][id], right[other][id]) for id in right[one])
                pairs[f"right values, {question}", seed] = scored(named(*one), named(*other), values)
    return dict(sorted(pairs.items(), key=lambda pair: pair[0][0].startswith("right")))


def _right_values(replies: Sequence[FormReply]) -> dict[Key, dict[str, int]]:
    """For each way and seed the number of right values by the id of the letter."""
    found: dict[Key, dict[str, int]] = {}
    for each in replies:
        found.setdefault((each.way, each.seed), {})[each.id] = each.fields
    return found


def right_by_field(replies: Sequence[FormReply]) -> pd.DataFrame:
    """How many letters each way reads right in each field, whatever the form of its reply."""
    return _counted(replies, LETTER_FIELDS, lambda letter, reply: right_fields(letter, read(reply).fields))


def faults(replies: Sequence[FormReply]) -> pd.DataFrame:
    """How many replies of each way have each fault of form, and how many were cut off."""
    found = _counted(replies, FAULTS, lambda letter, reply: [read(reply).fault])
    cut_off = {name: sum(each.cut_off for each in replies if each.name == name) for name in found.index}
    return found.assign(**{"of these, cut off": pd.Series(cut_off)})


def _row(each: LetterReading) -> dict[str, str]:
    return {
        "one object": _share(each.valid, each.n),
        "and all eight right": _share(each.right, each.n),
        "right values": f"{each.fields} of {each.n * len(LETTER_FIELDS)}",
        "tokens in / out": f"{each.input_tokens:.0f} / {each.output_tokens:.0f}",
        "time": duration(each.seconds),
        "training": duration(each.train_seconds) if each.train_seconds else "-",
    }


def _share(count: int, n: int) -> str:
    low, high = wilson(count, n)
    return f"{count} of {n} ({100 * low:.0f}-{100 * high:.0f}%)"


def _counted(
    replies: Sequence[FormReply],
    names: Sequence[str],
    found_in: Callable[[Letter, str], Collection[str | None]],
) -> pd.DataFrame:
    """A row for each way and seed, a column for each of `names`: in how many replies it was found."""
    letters = {letter.id: letter for letter in to_ask()}
    counts: dict[str, dict[str, int]] = {}
    for each in replies:
        row = counts.setdefault(each.name, dict.fromkeys(names, 0))
        for name in found_in(letters[each.id], each.reply):
            if name is not None:
                row[name] += 1
    return pd.DataFrame.from_dict(counts, orient="index")
