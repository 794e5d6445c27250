"""What each setting of `forgetting` learned and what it kept: tables, pairs, and both in words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from course.measuring.climb import HELPED, HURT, UNDECIDED, corrected, verdict
from course.measuring.results import Comparison, paired, percent
from course.tuning import forgetting
from course.tuning.forgetting import (
    COMMAND,
    FACTS,
    OF_TICKETS,
    PLAIN,
    PLAIN_WITH_PROMPT,
    READS,
    ROUTING,
    UNTRAINED,
    USUAL,
    Remembered,
    SettingKey,
    compared,
)

Readings = Sequence[Remembered]
# Question and seed -> what answers it, as `curve.findings` takes them.
Pairs = dict[tuple[str, int], Comparison]
# What a model was asked -> its reading.
Parts = dict[str, Remembered]


class Change(NamedTuple):
    """A cure against the usual setting at one seed, on one part."""

    cure: str
    seed: int
    part: str


_KEPT = {
    HELPED: "It keeps more of what the model could",
    HURT: "It keeps less of what the model could",
    UNDECIDED: "Whether it keeps more is undecided",
}
_LEARNED = {
    HELPED: "it learns more",
    HURT: "it learns less",
    UNDECIDED: "whether it learns more or less is undecided",
}


def trainings(readings: Readings, task: str = ROUTING) -> dict[SettingKey, Parts]:
    """The readings of a task by setting, in the order of `forgetting.settings`, the seeds side by side."""
    names = [setting.name for setting in forgetting.settings()]
    found: dict[SettingKey, Parts] = {}
    for each in sorted(readings, key=lambda each: (names.index(each.setting), each.steps, each.seed)):
        if each.task == task:
            found.setdefault(each.key, {})[each.part] = each
    return found


def name_of(key: SettingKey) -> str:
    """A setting in words: with its steps and its seed if it was trained."""
    _, _, steps, seed = key
    return f"{_without_seed(key)}, seed {seed}" if steps else _without_seed(key)


def table(readings: Readings, task: str = ROUTING) -> pd.DataFrame:
    """A row for each training: what was right of each part, with the 95% interval of the share."""
    rows = {
        name_of(key): {f"{part} ({each.n})": _share(each) for part, each in parts.items()}
        for key, parts in trainings(readings, task).items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def by_seed(readings: Readings, settings: Sequence[str]) -> pd.DataFrame:
    """What was right of each part with these settings: a column for each seed that is measured."""
    rows: dict[str, dict[str, str]] = {}
    for (_, setting, _, seed), parts in trainings(readings).items():
        if setting in settings:
            for part, each in parts.items():
                rows.setdefault(f"{setting}: {part}", {})[f"seed {seed}"] = f"{each.right} of {each.n}"
    return pd.DataFrame.from_dict(rows, orient="index").fillna("not measured")


def cures(readings: Readings) -> dict[Change, Comparison]:
    """Each other setting against the usual one of the same seed, on each part."""
    found = trainings(readings)
    usual = {seed: parts for (_, setting, _, seed), parts in found.items() if setting == USUAL}
    return {
        Change(_without_seed(key), key[-1], part): compared(parts[part], usual[key[-1]][part])
        for key, parts in found.items()
        if parts[PLAIN].steps and parts[PLAIN].setting != USUAL and key[-1] in usual
        for part in parts
    }


def cures_table(of: Mapping[Change, Comparison]) -> pd.DataFrame:
    """A row for each cure and seed, with points and verdict on each part."""
    rows: dict[str, dict[str, str]] = {}
    for change, (step, p) in _with_p(of).items():
        row = rows.setdefault(f"{change.cure}, seed {change.seed}", {})
        row[change.part] = f"{100 * step.difference:+.0f} points, {verdict(step, p)}, p = {p:.2g}"
    return pd.DataFrame.from_dict(rows, orient="index")


def cures_in_words(of: Mapping[Change, Comparison]) -> list[str]:
    """A sentence for each cure, true whatever came out: what it keeps and what it learns, at how many seeds.

    McNemar's p-values of all pairs are corrected together. What the seeds do not agree on is undecided. What
    is kept is judged without the prompt of the training.
    """
    judged = _with_p(of)
    sentences = []
    for cure in dict.fromkeys(change.cure for change in of):
        kept, kept_below_prompt, learned = (
            [found for change, found in judged.items() if (change.cure, change.part) == (cure, part)]
            for part in (PLAIN, PLAIN_WITH_PROMPT, OF_TICKETS)
        )
        seeds = f"{len(kept)} seed{'s' * (len(kept) > 1)}"
        sentences.append(
            f"{cure}, {seeds}: plain requests {_span(kept)} ({_span(kept_below_prompt)} with the prompt on), "
            f"tickets {_span(learned)}. "
            f"{_KEPT[_agreed(kept)]}, and {_LEARNED[_agreed(learned)]}."
        )
    return sentences


def both_in_words(readings: Readings) -> list[str]:
    """Which trainings are shown to have learned the task, and which of those to have lost plain requests.

    All against the model as it was; the p-values of all trainings are corrected together on each part.
    """
    found = trainings(readings)
    before = found.pop((ROUTING, UNTRAINED, 0, 1))
    verdicts: dict[str, dict[SettingKey, str]] = {}
    for part in before:
        judged = _with_p({key: compared(parts[part], before[part]) for key, parts in found.items()})
        verdicts[part] = {key: verdict(step, p) for key, (step, p) in judged.items()}
    learned = [key for key in found if verdicts[OF_TICKETS][key] == HELPED]
    lost = [key for key in learned if verdicts[PLAIN][key] == HURT]
    lost_below = [key for key in learned if verdicts[PLAIN_WITH_PROMPT][key] == HURT and key not in lost]
    idle, kept = [key for key in found if key not in learned], set(learned) - {*lost, *lost_below}
    return [
        f"Not shown to have learned the task: {_listed(idle)}. What is kept without a gain shows no cure.",
        f"Shown to have learned it: {_listed(learned)}.",
        f"Of these, shown to have lost plain requests: {_listed(lost)}. Only with the prompt on: "
        f"{_listed(lost_below)}. No loss is shown of: {_listed(sorted(kept))}.",
    ]


def prompt_off(readings: Readings) -> Pairs:
    """The same model without the prompt of the training against with it, on the plain requests."""
    return {
        (f"{_without_seed(key)}, prompt off instead of on", key[-1]): paired(
            "off", "on", parts[PLAIN].rows, parts[PLAIN_WITH_PROMPT].rows
        )
        for key, parts in trainings(readings).items()
    }


def more_wordings(readings: Readings) -> Pairs:
    """Facts in five wordings against one, with as many steps, as trained and in wordings never trained."""
    found = trainings(readings, FACTS)
    return {
        (f"{part}: five wordings instead of one, {steps} steps", seed): compared(
            each, found[FACTS, "one wording", steps, seed][part]
        )
        for (_, setting, steps, seed), parts in found.items()
        if setting == "five wordings" and (FACTS, "one wording", steps, seed) in found
        for part, each in parts.items()
    }


def against_reading(readings: Readings, reader: Mapping[str, str] | None = None) -> Pairs:
    """Facts learned by heart against a model that reads the section that the search finds.

    `reader` has the `marks` of its right rows by part; without it, it is the untrained small model.
    """
    found = trainings(readings, FACTS)
    reads = reader or {part: each.rows for part, each in found[FACTS, READS, 0, 1].items()}
    return {
        (f"{part}: {setting}, {steps} steps, instead of reading", seed): paired(
            setting, READS, each.rows, reads[part]
        )
        for (_, setting, steps, seed), parts in found.items()
        if steps
        for part, each in parts.items()
    }


def not_measured(readings: Readings) -> str:
    """Which trainings have no reading yet, in a sentence; empty when all have one."""
    left = [each.key for each in forgetting.unmeasured(forgetting.settings(), readings)]
    return f"Not measured yet: {_listed(left)}. `{COMMAND}` goes on." if left else ""


def _without_seed(key: SettingKey) -> str:
    _, setting, steps, _ = key
    return f"{setting}, {steps} steps" if steps else setting


def _listed(keys: Iterable[SettingKey]) -> str:
    seeds: dict[str, list[str]] = {}
    for key in keys:
        seeds.setdefault(_without_seed(key), []).append(str(key[-1]))
    return "; ".join(f"{name} (seed {', '.join(of)})" for name, of in seeds.items()) or "none"


def _with_p(of: Mapping) -> dict:
    return dict(zip(of, zip(of.values(), corrected(list(of.values())), strict=True), strict=True))


def _agreed(found: Sequence[tuple[Comparison, float]]) -> str:
    verdicts = {verdict(step, p) for step, p in found}
    return verdicts.pop() if len(verdicts) == 1 else UNDECIDED


def _span(found: Sequence[tuple[Comparison, float]]) -> str:
    points = sorted(100 * step.difference for step, _ in found)
    span = " to ".join(dict.fromkeys(f"{end:+.0f}" for end in (points[0], points[-1])))
    return f"{span} points"


def _share(each: Remembered) -> str:
    return f"{each.right}, {percent(each.accuracy)}% ({100 * each.low:.0f}-{100 * each.high:.0f})"
