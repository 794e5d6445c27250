"""What the deeper notebooks of lessons 07 and 08 teach, with margins, from the answers that travel."""

import random
import re
from functools import cache, partial
from types import SimpleNamespace

import numpy as np

from course.engine.client import CourseClient, connect
from course.material import data
from course.measuring import gap
from course.measuring.evaluate import Result, Verdict, evaluate, wilson
from course.measuring.gap import ABOVE, BELOW, Acceptance
from course.rungs import compounding, skills
from course.rungs.baselines import LinearHead, WordHead
from course.rungs.compounding import memories, months
from course.rungs.prompt_lint import lint
from course.rungs.retrieve import embed, nearest, vote
from course.rungs.routing import one_of, reply
from course.rungs.routing_judge import against_exact

SAMPLE, (TEST, DEV, TRAIN) = data.lesson_sample(), map(data.tickets, ("test", "dev", "train"))
TEXTS, QUEUES = [ticket.text for ticket in TRAIN], [ticket.queue for ticket in TRAIN]


@cache
def small() -> tuple[CourseClient, str]:
    return connect("small", mode="local")


def recorded(rows, ask, check=None) -> Result:
    client, model = small()
    found = evaluate(rows, partial(ask, client, model), name="small", check=check, client=client)
    assert found.badge_kind == "recorded"
    return found


# Lesson 07: a small model's skill

AVAILABLE = skills.load_all()
DELIVERED = next(skill for skill in AVAILABLE if skill.name == skills.ROUTING)
SEED = skills.examples(DELIVERED)
ARRIVED = months(data.tickets("stream"))
MEMORY = memories(SEED, ARRIVED)
MONTH_OF = {ticket.id: n for n, month in enumerate(ARRIVED) for ticket in random.Random(n).sample(month, 12)}
INCOMING = [ticket for ticket in data.tickets("stream") if ticket.id in MONTH_OF]
RULES = ("references/queues.md", "references/rules.md")


def with_skill(rows, references=lambda ticket: SEED, skill=DELIVERED, files=()) -> Result:
    def ask(client, model, ticket):
        near = nearest(ticket.text, references(ticket), 5)
        return skills.route(client, model, skill, ticket, near, files)

    return recorded(rows, ask)


def test_a_body_is_as_short_as_the_format_advises_and_the_catalogue_shorter_than_the_rest():
    count = partial(skills.tokens, *small())
    body = count(DELIVERED.body)
    assert body < 5000
    files = sum(count(DELIVERED.read(file)) for file in DELIVERED.files)
    assert count(skills.catalogue(AVAILABLE)) < body + files


def test_the_nearest_description_beats_the_choice_of_a_small_model():
    tune, requests = data.skill_requests("tune"), data.skill_requests("test")

    def right_at(line, asked):
        return sum(skills.most_alike(each.text, AVAILABLE, line) == each.skill for each in asked)

    line = max((place / 20 for place in range(10)), key=lambda each: right_at(each, tune))
    chosen = recorded(
        requests,
        lambda client, model, row: skills.choose(client, model, row.text, AVAILABLE),
        skills.right_skill,
    )
    assert right_at(line, requests) >= chosen.right + 5


def test_the_contract_gives_the_form_and_queues_and_rules_cost_several_times_the_tokens():
    assert with_skill(SAMPLE).valid > 0.95
    half = SAMPLE[::2]
    assert with_skill(half, files=RULES).input_tokens > with_skill(half).input_tokens + 500


def test_growing_references_beat_fixed_ones_and_their_vote_keeps_up():
    growing = with_skill(INCOMING, lambda ticket: MEMORY[MONTH_OF[ticket.id]])
    assert growing.right >= with_skill(INCOMING).right + 5
    votes = sum(vote(nearest(t.text, MEMORY[MONTH_OF[t.id]], 5)) == t.queue for t in INCOMING)
    assert votes >= growing.right - 5


def test_memory_brings_more_in_later_months_and_the_vote_is_ahead():
    right = {(row.way, row.month): 100 * row.right / row.n for row in compounding.read()}
    gain, ahead = (
        [right[way, month] - right[other, month] for month in range(2, 7)]
        for way, other in (
            ("growing references", "fixed references"),
            ("vote, no model", "growing references"),
        )
    )
    assert np.mean(gain) > 5 and gain[-1] > gain[0] + 5
    assert np.mean(ahead) > 3


# Lesson 07: planted faults


def test_a_vague_description_is_no_longer_found():
    requests = [*data.skill_requests("tune"), *data.skill_requests("test")]
    needed = [each for each in requests if each.skill == skills.ROUTING]

    def reached(skill):
        known = [skill if each.name == skill.name else each for each in AVAILABLE]
        return sum(skills.most_alike(each.text, known, 0.2) == skill.name for each in needed)

    assert reached(skills.planted("vague-description")) <= reached(DELIVERED) - 3


def test_without_a_contract_many_replies_are_no_names_of_queues_and_the_body_still_points_to_one():
    missing = skills.planted("missing-contract")
    assert missing.contract is None and "output contract" in missing.body
    half = SAMPLE[::2]
    assert with_skill(half, skill=missing).valid < with_skill(half).valid - 0.25


def test_the_linter_names_the_contradiction_and_nothing_in_the_skill_as_delivered():
    assert lint(skills.planted("contradictory-step").body) and not lint(DELIVERED.body)


# Lesson 08: comparing rungs


@cache
def head(kind) -> WordHead | LinearHead:
    return kind(TEXTS, QUEUES)


@cache
def answered(kind, on_all: bool = True) -> Result:
    return evaluate(TEST if on_all else SAMPLE, head(kind), name=kind.__name__)


@cache
def large(prompt: str) -> Result:
    return Result.from_replies(TEST, data.readings()[prompt], name=prompt)


def width(interval: tuple[float, float]) -> float:
    return interval[1] - interval[0]


def test_five_times_the_tickets_halve_an_interval():
    few, many = answered(LinearHead, on_all=False), answered(LinearHead)
    assert width(few.interval) > 1.7 * width(many.interval)


def test_the_last_step_of_the_large_model_is_real_alone_and_not_among_its_neighbours():
    voted = evaluate(TEST, lambda ticket: vote(nearest(ticket.text, TRAIN, 5)), name="vote")
    results = [voted, answered(WordHead), answered(LinearHead), *map(large, data.READINGS)]
    steps = gap.steps_between(results)
    assert (steps["p_holm"] >= steps["p"]).all()
    policy = steps.set_index("better").loc["policy"]
    assert policy["p"] < 0.05 < policy["p_holm"]


def test_the_boundary_is_where_a_head_fails_and_a_large_model_told_no_rule_does_not():
    kinds = answered(LinearHead).slices()
    assert kinds.loc["boundary", "high"] < kinds.loc["typical", "low"]
    assert large("names").slices().loc["boundary"].accuracy > 0.7


def test_against_the_bar_the_head_is_below_and_the_recorded_policy_above():
    accept = Acceptance(overall=0.90, every_kind=0.70)
    assert gap.standing(answered(LinearHead), accept) == BELOW
    assert gap.standing(large("policy"), accept) == ABOVE


# Lesson 08: a judge

CHECK = "Support tickets are sorted into queues. You check whether a ticket is in the right queue. "
DESCRIBED = data.queue_descriptions()


@cache
def routed(split: str) -> list[SimpleNamespace]:
    said = [head(WordHead)(ticket) for ticket in data.tickets(split)]
    pairs = zip(data.tickets(split), said, strict=True)
    gold = {True: "right", False: "wrong"}
    return [SimpleNamespace(id=t.id, text=t.text, queue_said=q, gold=gold[q == t.queue]) for t, q in pairs]


def by_model(wording: str) -> Result:
    def judge(client, model, row):
        queue = f"{row.queue_said} ({DESCRIBED[row.queue_said]})"
        shown = f"Ticket: {row.text}\nQueue: {queue}\nIs this the right queue?"
        turns = [{"role": "user", "content": shown}]
        request = {"model": model, "max_tokens": 30, "system": CHECK + wording, "messages": turns}
        return reply(client, request, one_of("verdict", ["right", "wrong"]), "verdict")

    return recorded(routed("dev"), judge, agrees)


def by_meaning(rows) -> Result:
    meanings = embed(list(DESCRIBED.values()))

    def judge(row):
        found = list(DESCRIBED)[int((meanings @ embed([row.text])[0]).argmax())]
        return "right" if found == row.queue_said else "wrong"

    return evaluate(rows, judge, name="by meaning", check=agrees)


def agrees(row, said) -> Verdict:
    return Verdict(valid=said in ("right", "wrong"), correct=said == row.gold)


def rates(graded: Result) -> tuple[tuple[int, int], tuple[int, int]]:
    """(hits, n) of the right replies that a judge passes, and of the wrong ones that it stops."""
    judged = against_exact(list(graded.frame.expected == "right"), list(graded.frame.reply == "right"))
    right, wrong = judged.right_passed + judged.right_stopped, judged.wrong_passed + judged.wrong_stopped
    return (judged.right_passed, right), (judged.wrong_stopped, wrong)


def over_chance(graded: Result) -> float:
    return sum(hits / n for hits, n in rates(graded)) - 1


def test_a_small_model_judges_by_chance_and_meaning_better_but_less_than_labels_say():
    asked, reworded = by_model("Answer right or wrong."), by_model("Answer wrong or right.")
    assert over_chance(asked) < 0.25
    assert (asked.frame.reply != reworded.frame.reply).mean() > 0.1
    graded, marked = by_meaning(routed("dev")), by_meaning(routed("test")).frame.reply
    assert over_chance(graded) > 0.15
    drawn = np.random.default_rng(8)
    measured = ((marked == "right").sum(), len(marked)), *rates(graded)
    draws = ([drawn.binomial(n, hits / n) / n for hits, n in measured] for _ in range(2000))
    many = [gap.corrected_share(*draw) for draw in draws]
    low, high = np.quantile([each for each in many if each is not None], [0.025, 0.975])
    direct = wilson(sum(row.gold == "right" for row in routed("dev")), len(DEV))
    assert high - low > 1.3 * width(direct)


# Lesson 08: a clean test set


@cache
def likeness() -> np.ndarray:
    """Cosines of each test ticket with each training ticket."""
    return embed([ticket.text for ticket in TEST]) @ embed(TEXTS).T


def test_the_best_of_many_variants_is_partly_lucky():
    drawn, labelled = np.random.default_rng(8), np.array(QUEUES)
    gold = np.array([ticket.queue for ticket in TEST])
    of_queue = [np.flatnonzero(labelled == queue) for queue in data.QUEUES]

    def variant() -> np.ndarray:
        memory = np.concatenate([drawn.choice(places, 5, replace=False) for places in of_queue])
        return labelled[memory[likeness()[:, memory].argmax(axis=1)]] == gold

    variants = np.array([variant() for _ in range(300)])

    def luck(tried: int) -> float:
        order = drawn.permutation(len(TEST))
        some = variants[drawn.choice(len(variants), tried, replace=False)]
        best = some[some[:, order[:72]].mean(axis=1).argmax()]
        return best[order[:72]].mean() - best[order[72:]].mean()

    once, often = (np.mean([luck(tried) for _ in range(500)]) for tried in (1, 100))
    assert abs(once) < 0.015 and often > 0.03


def test_near_copies_are_no_problem_here_and_a_planted_leak_shows():
    right, near = answered(LinearHead).frame.correct.to_numpy(), likeness().max(axis=1) >= 0.8
    assert abs(right.mean() - right[~near].mean()) < 0.02
    leaky = LinearHead([*TEXTS, *(row.text for row in SAMPLE)], [*QUEUES, *(row.queue for row in SAMPLE)])
    leaked = np.mean([leaky(row) == row.queue for row in SAMPLE])
    assert leaked > answered(LinearHead, on_all=False).accuracy + 0.05


def test_no_test_ticket_stands_in_the_training_file_in_the_same_words():
    def bare(ticket) -> str:
        return " ".join(re.findall(r"\w+", ticket.text.lower()))

    assert not set(map(bare, TRAIN)) & set(map(bare, TEST))
