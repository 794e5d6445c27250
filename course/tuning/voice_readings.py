"""What the rungs of the house voice reached, from every reply that was measured: a table, pairs, and gaps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import NamedTuple

import pandas as pd

from course.engine.sizes import local_models
from course.material.prices import machine_price_per_hour
from course.measuring.climb import UNDECIDED, by_question, points_span, verdicts_in_words
from course.measuring.house_voice import RULES
from course.measuring.results import Z_95, Comparison, duration, joined, money, scored, wilson
from course.rungs.voice import RUNGS
from course.tuning.voice import (
    SEEDS,
    TRAINED,
    JudgedReply,
    Score,
    VoiceReply,
    judged,
    keeps_both,
    keeps_facts,
    keeps_rules,
    read_replies,
    rules_of,
)

MONTHLY = 50_000  # replies
PROMPTED = tuple(rung.name for rung in RUNGS)
WITH_EXAMPLES = tuple(rung.name for rung in RUNGS if rung.shown)
TUNED, TUNED_GUIDE = "tuned", "tuned, guide"

SHARES: Mapping[str, Score] = {
    "all fifteen": keeps_rules,
    "all facts": keeps_facts,
    "both": keeps_both,
}
# What two readings are compared by, note by note.
MEASURES: Mapping[str, Score] = {"rules kept": rules_of, "facts kept": keeps_facts, "both": keeps_both}
SAID = ("ahead", "behind", UNDECIDED)


@dataclass(frozen=True)
class VoiceReading:
    """One rung of one size: its replies by the id of the note."""

    size: str
    rung: str
    replies: Mapping[str, JudgedReply]

    @property
    def name(self) -> str:
        """Size and rung."""
        return f"{self.size}: {self.rung}"

    @property
    def source(self) -> str:
        """When, where and by which command it was measured."""
        return str(next(iter(self.replies.values())).measured)

    @property
    def prompted(self) -> bool:
        """Whether nothing was trained for it."""
        return self.rung in PROMPTED

    @property
    def rules(self) -> tuple[float, float]:
        """The mean number of rules kept, and half of its 95% interval."""
        kept = [rules_of(each) for each in self.replies.values()]
        return mean(kept), Z_95 * stdev(kept) / len(kept) ** 0.5

    @property
    def dollars(self) -> float:
        """What MONTHLY replies cost on the rented machine, one after the other."""
        return MONTHLY * self.mean_of("seconds") / 3600 * machine_price_per_hour()

    def count(self, score: Score) -> int:
        """How many replies it holds for, or the sum of what it counts."""
        return sum(map(score, self.replies.values()))

    def mean_of(self, field: str) -> float:
        """The mean of a measured field of its replies, such as "seconds"."""
        return mean(getattr(each.measured, field) for each in self.replies.values())


def read() -> list[VoiceReading]:
    """Everything measured, in the order of `readings`. CourseError as `voice.read_replies`."""
    return readings(read_replies())


def readings(replies: Sequence[VoiceReply]) -> list[VoiceReading]:
    """The replies by size and rung, in the order of `judged`."""
    return [VoiceReading(size, rung, each) for (size, rung), each in judged(replies).items()]


def table(of: Sequence[VoiceReading]) -> pd.DataFrame:
    """A row for each reading: the rules kept, shares with their 95% intervals, and what a reply takes."""
    return pd.DataFrame([_row(each) for each in of], index=[each.name for each in of])


def trained(of: Sequence[VoiceReading], way: str = TUNED, size: str = "small") -> dict[int, VoiceReading]:
    """A trained size asked in this way, by the seed of its training."""
    by_rung = {each.rung: each for each in of if each.size == size}
    return {seed: by_rung[rung] for seed in SEEDS if (rung := f"{way}, seed {seed}") in by_rung}


def seeds_in_words(of: Sequence[VoiceReading]) -> str:
    """How many trainings there are of each size, how far apart they came out, and what that allows to say."""
    found = {size: of_size for size in TRAINED if (of_size := list(trained(of, size=size).values()))}
    if not found:
        return "No training is measured yet, so nothing is said of tuning here."
    return " ".join(_seeds_of(size, trainings) for size, trainings in found.items())


def _seeds_of(size: str, trainings: Sequence[VoiceReading]) -> str:
    if len(trainings) < len(SEEDS):
        return (
            f"The {size} size is trained from {len(trainings)} of {len(SEEDS)} seeds so far. Another may "
            "come out otherwise: this says what these seeds reached, and not what training reaches."
        )
    both, n = [each.count(keeps_both) for each in trainings], len(trainings[0].replies)
    return (
        f"The {size} size is trained from {len(both)} seeds: {min(both)} to {max(both)} of {n} replies keep "
        "rules and facts."
    )


def best_prompts(of: Sequence[VoiceReading]) -> list[VoiceReading]:
    """The best prompt measured of each size, the smallest size first.

    Best is the one with the most replies that keep rules and facts, by the rules where two are level. A size
    of which no prompt with examples is measured is left out.
    """
    found = []
    for model in local_models():
        own = [each for each in of if each.prompted and each.size == model.size]
        if any(each.rung in WITH_EXAMPLES for each in own):
            found.append(max(own, key=lambda each: (each.count(keeps_both), each.rules[0])))
    return found


def best_in_words(of: Sequence[VoiceReading]) -> str:
    """Which the best prompts are, and of how many where not all are measured."""
    measured = Counter(each.size for each in of if each.prompted)
    named = []
    for best in best_prompts(of):
        count = measured[best.size]
        few = f" ({count} of its {len(PROMPTED)} prompts measured)" if count < len(PROMPTED) else ""
        named.append(f"'{best.name}'{few}")
    return f"The best prompts: {joined(named)}."


class VoiceQuestion(NamedTuple):
    """What one change of the prompt brings: the rung after it and the rung before it."""

    asked: str
    after: str
    before: str


QUESTIONS = (
    VoiceQuestion("the guide, not the tone alone", "guide", "professional tone"),
    VoiceQuestion("8 examples, not none", "guide, 8 examples", "guide"),
    VoiceQuestion("50 examples, not 8", "guide, 50 examples", "guide, 8 examples"),
    VoiceQuestion("8 retrieved, not 8 fixed", "guide, 8 retrieved examples", "guide, 8 examples"),
    VoiceQuestion("a schema, not none", "guide, schema of sentences", "guide"),
    VoiceQuestion("a schema with 8 examples", "guide, 8 examples, schema of sentences", "guide, 8 examples"),
)


def steps(of: Sequence[VoiceReading], score: Score) -> dict[str, Comparison]:
    """Each of QUESTIONS at each size that has both rungs, note by note."""
    found = {(each.size, each.rung): each for each in of}
    return {
        f"{size}: {question.asked}": compared(after, before, score)
        for size in dict.fromkeys(each.size for each in of)
        for question in QUESTIONS
        if (after := found.get((size, question.after))) and (before := found.get((size, question.before)))
    }


def against_prompts(of: Sequence[VoiceReading]) -> dict[tuple[tuple[str, str], int], Comparison]:
    """By measure and question, and seed: each training against each of `best_prompts`, and with the guide.

    The sizes that were trained are compared as well.
    """
    changes: list[tuple[str, int, VoiceReading, VoiceReading]] = []
    smallest, rivals = TRAINED[0], best_prompts(of)
    of_smallest = trained(of, size=smallest)
    for size in TRAINED:
        guided = trained(of, TUNED_GUIDE, size)
        for seed, after in trained(of, size=size).items():
            changes += [(f"{size} tuned instead of '{best.name}'", seed, after, best) for best in rivals]
            if seed in guided:
                changes.append((f"{size} tuned with the guide instead of without", seed, guided[seed], after))
            if size != smallest and seed in of_smallest:
                changes.append((f"{size} tuned instead of {smallest} tuned", seed, after, of_smallest[seed]))
    return {
        ((measure, asked), seed): compared(after, before, score)
        for measure, score in MEASURES.items()
        for asked, seed, after, before in changes
    }


def against_prompts_table(of: Sequence[VoiceReading]) -> pd.DataFrame:
    """What `against_prompts` finds: a row for each comparison, and a column for each of MEASURES.

    McNemar's p-values of all pairs are corrected together.
    """
    rows: dict[str, dict[str, str]] = {}
    for (measure, asked), found in by_question(against_prompts(of)).items():
        rows.setdefault(asked, {})[measure] = f"{verdicts_in_words(found, SAID)}, {points_span(found, 0)}"
    return pd.DataFrame.from_dict(rows, orient="index")


def compared(a: VoiceReading, b: VoiceReading, score: Score) -> Comparison:
    """On how many of the same notes the one scores higher than the other."""
    return scored(a.name, b.name, ((score(each), score(b.replies[id])) for id, each in a.replies.items()))


def broken(of: Sequence[VoiceReading]) -> pd.DataFrame:
    """The share of replies that break each rule, 0 to 1: a row for each rule, a column for each reading."""
    shares = {
        each.name: [
            sum(rule.number in reply.broken for reply in each.replies.values()) / len(each.replies)
            for rule in RULES
        ]
        for each in of
    }
    return pd.DataFrame(shares, index=[f"{rule.number} {rule.asks}" for rule in RULES])


def wrong_in_the_right_voice(tuned: VoiceReading, prompted: VoiceReading) -> list[str]:
    """The notes to which the trained reply keeps all rules and not the facts, by id.

    Those to which the prompt's reply does keep the facts come first.
    """
    found = [id for id, each in tuned.replies.items() if keeps_rules(each) and not keeps_facts(each)]
    return sorted(found, key=lambda id: not keeps_facts(prompted.replies[id]))


def share_in_words(count: int, n: int) -> str:
    """A share with its 95% interval, in percent."""
    low, high = wilson(count, n)
    return f"{count / n:.0%} ({100 * low:.0f}-{100 * high:.0f})"


def _row(each: VoiceReading) -> dict[str, str]:
    kept, half = each.rules
    n = len(each.replies)
    return {
        "rules of 15": f"{kept:.1f} \N{PLUS-MINUS SIGN} {half:.1f}",
        **{share: share_in_words(each.count(score), n) for share, score in SHARES.items()},
        "tokens in / out": f"{each.mean_of('input_tokens'):.0f} / {each.mean_of('output_tokens'):.0f}",
        "time": duration(each.mean_of("seconds")),
        f"{MONTHLY:,} replies": money(each.dollars),
    }
