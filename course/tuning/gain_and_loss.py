"""What each setting of `forgetting` learned and what it kept: tables, pairs, and both in words."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from course.material import data
from course.measuring.climb import (
    HELPED,
    HURT,
    UNDECIDED,
    Judged,
    by_question,
    corrected,
    verdict,
    verdicts_in_words,
)
from course.measuring.results import Comparison, joined, paired, percent
from course.tuning import forgetting
from course.tuning.forgetting import (
    COMMAND,
    FACTS,
    OF_TICKETS,
    PLAIN,
    PLAIN_WITH_PROMPT,
    READS,
    REPLAY,
    ROUTING,
    ROUTING_MEDIUM,
    UNTRAINED,
    USUAL,
    Remembered,
    SettingKey,
    compared,
)

Readings = Sequence[Remembered]
# Question and seed -> what answers it.
Pairs = dict[tuple[str, int], Comparison]
# What a model was asked -> its reading.
Parts = dict[str, Remembered]


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
    """What was right of each part with these settings after one round: a column for each seed measured."""
    rows: dict[str, dict[str, str]] = {}
    for (_, setting, _, seed), parts in trainings(readings).items():
        if setting in settings and _rounds(parts) == 1:
            for part, each in parts.items():
                rows.setdefault(f"{setting}: {part}", {})[f"seed {seed}"] = f"{each.right} of {each.n}"
    return pd.DataFrame.from_dict(rows, orient="index").fillna("not measured")


def cures(readings: Readings, task: str = ROUTING) -> dict[tuple[tuple[str, str], int], Comparison]:
    """By cure, part and seed: it against the usual setting of the same seed and of as many rounds."""
    found = trainings(readings, task)
    usual = {(_rounds(parts), key[-1]): parts for key, parts in found.items() if key[1] == USUAL}
    return {
        ((_without_seed(key), part), key[-1]): compared(parts[part], usual[_rounds(parts), key[-1]][part])
        for key, parts in found.items()
        if key[1] != USUAL and (_rounds(parts), key[-1]) in usual
        for part in parts
    }


def cures_table(readings: Readings, task: str = ROUTING) -> pd.DataFrame:
    """As `in_table`: each cure that learned a ticket beside the usual setting, a row for each part."""
    judged = by_question(cures(readings, task))
    return _table(
        {
            f"{cure}: {part}": found
            for (cure, part), found in judged.items()
            if any(_right(step)[0] for step, _ in judged[cure, OF_TICKETS])
        }
    )


def in_table(of: Pairs) -> pd.DataFrame:
    """A row for each question: the right ones of each seed with the change and without it, and the verdicts.

    McNemar's p-values of all pairs are corrected together.
    """
    return _table(by_question(of))


def _table(judged: Mapping[str, Judged]) -> pd.DataFrame:
    return pd.DataFrame.from_dict({asked: _told(found) for asked, found in judged.items()}, orient="index")


def leaders(readings: Readings) -> str:
    """Which training is right on most tickets, and which on most plain requests, in a sentence."""
    found = {key: parts for key, parts in trainings(readings).items() if key[2]}
    most = max(found, key=lambda key: found[key][OF_TICKETS].right)
    keeps = max(found, key=lambda key: found[key][PLAIN].right)
    return (
        f"Most tickets: {name_of(most)}; plain requests there: {found[most][PLAIN].right}. "
        f"Most plain requests: {name_of(keeps)}; tickets there: {found[keeps][OF_TICKETS].right}."
    )


def silent(readings: Readings) -> str:
    """How often the trainings without a right ticket reply with a queue at all, in a sentence."""
    of_tickets = {key: parts[OF_TICKETS] for key, parts in trainings(readings).items()}
    none = {key: each for key, each in of_tickets.items() if not each.right}
    if not none:
        return ""
    named = [each.valid for each in none.values()]
    n = next(iter(none.values())).n
    return (
        f"No ticket right: {_listed(none)}. The name of a queue, and nothing else, is the reply to "
        f"{_ends(named)} of the {n} tickets there. Naming one of the {len(data.QUEUES)} queues by chance "
        f"would be right on about {n / len(data.QUEUES):.0f}."
    )


def seeds_or_settings(readings: Readings) -> list[str]:
    """For each part, whether the seeds of one setting lie further apart than usual and replay do.

    After one round.
    """
    found: dict[str, dict[str, list[int]]] = {}
    for (_, setting, _, _), parts in trainings(readings).items():
        if setting in (USUAL, REPLAY) and _rounds(parts) == 1:
            for part, each in parts.items():
                found.setdefault(part, {}).setdefault(setting, []).append(each.right)
    sentences = []
    for part, by_setting in found.items():
        if len(by_setting) == 2:
            within = max(max(right) - min(right) for right in by_setting.values())
            usual, replay = (sum(by_setting[name]) / len(by_setting[name]) for name in (USUAL, REPLAY))
            more = "seeds" if within > abs(replay - usual) else "settings"
            sentences.append(
                f"{part}: the seeds of one setting lie up to {within} apart, the means of the two settings "
                f"{abs(replay - usual):.0f}. The {more} differ more."
            )
    return sentences


def replay_beside_untrained(readings: Readings) -> Pairs:
    """Replay against the model as it was, on plain requests without the training's prompt and with it."""
    found = trainings(readings)
    before = found[ROUTING, UNTRAINED, 0, 1]
    return {
        (f"{_without_seed(key)}: {part}", key[-1]): compared(parts[part], before[part])
        for key, parts in found.items()
        if key[1] == REPLAY
        for part in (PLAIN, PLAIN_WITH_PROMPT)
    }


def times_seen(readings: Readings) -> str:
    """How often a training sees each of its wordings of a fact, in a sentence."""
    told = [
        f"{_without_seed(key)}: {_rounds(parts):.2g}"
        for key, parts in trainings(readings, FACTS).items()
        if key[2]
    ]
    return f"How often each wording is seen: {'; '.join(dict.fromkeys(told))} times."


def both_in_words(readings: Readings, task: str = ROUTING) -> list[str]:
    """Which trainings are shown to have learned the task, and which of those to have lost plain requests.

    All against the model as it was; the p-values of all trainings are corrected together on each part.
    """
    found = trainings(readings, task)
    before = found.pop((task, UNTRAINED, 0, 1))
    verdicts: dict[str, dict[SettingKey, str]] = {}
    for part in before:
        steps = [compared(parts[part], before[part]) for parts in found.values()]
        verdicts[part] = dict(zip(found, map(verdict, steps, corrected(steps)), strict=True))
    learned = [key for key in found if verdicts[OF_TICKETS][key] == HELPED]
    lost = [key for key in learned if verdicts[PLAIN][key] == HURT]
    lost_below = [key for key in learned if verdicts[PLAIN_WITH_PROMPT][key] == HURT and key not in lost]
    idle, kept = [key for key in found if key not in learned], set(learned) - {*lost, *lost_below}
    told = {
        "Not shown to have learned the task, so what they keep shows no cure": idle,
        "Shown to have learned it": learned,
        "Of these, shown to have lost plain requests": lost,
        "Shown to have lost them only with the prompt on": lost_below,
        "Shown to have learned the task, and no loss is shown": sorted(kept),
    }
    return [f"{said}: {_listed(keys)}." for said, keys in told.items() if keys]


def longer_cures(readings: Readings) -> Pairs:
    """The cures without replay after three rounds, against the usual setting after one."""
    found = trainings(readings)
    usual = {key[-1]: parts for key, parts in found.items() if key[1] == USUAL and _rounds(parts) == 1}
    return {
        (f"{_without_seed(key)}: {part}", key[-1]): compared(each, usual[key[-1]][part])
        for key, parts in found.items()
        if key[1] not in (UNTRAINED, USUAL, REPLAY) and _rounds(parts) == forgetting.ROUNDS
        for part, each in parts.items()
        if key[-1] in usual
    }


def sizes(readings: Readings) -> Pairs:
    """The medium size against the small one, at each setting that both have: the same requests to both."""
    small = trainings(readings)
    return {
        (f"{_without_seed(twin)}: {part}", key[-1]): paired(
            "medium", "small", each.rows, small[twin][part].rows
        )
        for key, parts in trainings(readings, ROUTING_MEDIUM).items()
        if (twin := (ROUTING, *key[1:])) in small
        for part, each in parts.items()
    }


def prompt_off(readings: Readings) -> Pairs:
    """The same model without the prompt of the training against with it, on the plain requests.

    Only the model as it was and what learned a ticket.
    """
    return {
        (_without_seed(key), key[-1]): paired("off", "on", parts[PLAIN].rows, parts[PLAIN_WITH_PROMPT].rows)
        for key, parts in trainings(readings).items()
        if not key[2] or parts[OF_TICKETS].right
    }


def more_wordings(readings: Readings) -> Pairs:
    """Facts in five wordings against one, with as many steps, as trained and in wordings never trained."""
    found = trainings(readings, FACTS)
    return {
        (f"{steps} steps: {part}", seed): compared(each, found[FACTS, "one wording", steps, seed][part])
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
        (f"{setting}, {steps} steps: {part}", seed): paired(setting, READS, each.rows, reads[part])
        for (_, setting, steps, seed), parts in found.items()
        if steps
        for part, each in parts.items()
    }


def not_measured(readings: Readings) -> str:
    """Which trainings have no reading yet, in a sentence; empty when all have one."""
    left = [each.key for each in forgetting.unmeasured(forgetting.settings(), readings)]
    return f"Not measured yet: {_listed(left)}. `{COMMAND}` goes on." if left else ""


def _without_seed(key: SettingKey) -> str:
    task, setting, steps, _ = key
    name = f"medium size, {setting}" if task == ROUTING_MEDIUM else setting
    return f"{name}, {steps} steps" if steps else name


def _listed(keys: Iterable[SettingKey]) -> str:
    seeds: dict[str, list[str]] = {}
    for key in keys:
        seeds.setdefault(_without_seed(key), []).append(str(key[-1]))
    return "; ".join(f"{name} (seed {', '.join(of)})" for name, of in seeds.items())


def _rounds(parts: Parts) -> float:
    return next(iter(parts.values())).rounds


def _right(step: Comparison) -> tuple[int, int]:
    return step.both + step.only_a, step.both + step.only_b


def _told(found: Judged) -> dict[str, str]:
    """The counts of each seed, how they differ, and at how many seeds that is decided."""
    now, before = zip(*(_right(step) for step, _ in found), strict=True)
    apart = joined(f"{one - other:+d}" for one, other in zip(now, before, strict=True))
    highest = {
        kind: max(ps)
        for kind in (HELPED, HURT, UNDECIDED)
        if (ps := [p for step, p in found if verdict(step, p) == kind])
    }
    return {
        "right": f"{_counts(now)} of {found[0][0].n}",
        "instead of": _counts(before),
        "difference": apart,
        "verdict": verdicts_in_words(found, ("more", "fewer", UNDECIDED)),
        "corrected p, the highest": ", ".join(
            "< 0.001" if p < 0.001 else f"{p:.1g}" for p in highest.values()
        ),
    }


def _counts(of: Sequence[int]) -> str:
    return joined(of if len(set(of)) > 1 else of[:1])


def _ends(counts: Sequence[int]) -> str:
    return " to ".join(dict.fromkeys(str(end) for end in (min(counts), max(counts))))


def _share(each: Remembered) -> str:
    return f"{each.right}, {percent(each.accuracy)}% ({100 * each.low:.0f}-{100 * each.high:.0f})"
