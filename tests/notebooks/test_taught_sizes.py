"""What lesson 03 and its deeper notebooks teach, with margins, from the answers that the course carries."""

from functools import cache

import pytest

from course.engine.client import connect
from course.engine.sizes import local_models
from course.material import data
from course.material.prices import TIERS, models, tier
from course.measuring.climb import HELPED, UNDECIDED, verdict
from course.measuring.evaluate import Result, compare, evaluate, wilson
from course.rungs.baselines import LinearHead, WordHead
from course.rungs.cascade import cascade, chosen, curve
from course.rungs.retrieve import nearest
from course.rungs.routing import as_turns, described, one_per_queue, route, system_prompt, whole_policy
from course.rungs.three_sizes import ROUTING, results
from widgets.lessons.tier_prices_model import Request, cost_per_month

DEV, TRAIN = data.lesson_sample("dev"), data.tickets("train")


@cache
def head(kind: type) -> LinearHead | WordHead:
    return kind([ticket.text for ticket in TRAIN], [ticket.queue for ticket in TRAIN])


def with_examples(size: str):
    client, model = connect(size)
    instructions = described("route_instructions")
    return client, lambda t: route(client, model, t, nearest(t.text, TRAIN, 5), system=instructions)


def asked(size: str) -> Result:
    client, ask = with_examples(size)
    return evaluate(DEV, ask, name=size, client=client)


def tokens(system: str, examples=()) -> int:
    """What repeats in every request."""
    client, model = connect("small")
    turns = as_turns(examples, ".")
    return client.messages.count_tokens(model=model, system=system, messages=turns).input_tokens


def reading(prompt: str) -> Result:
    return Result.from_replies(data.tickets("test"), data.readings()[prompt], name=prompt)


@pytest.mark.parametrize("kind", [WordHead, LinearHead])
def test_a_baseline_routes_typical_tickets_and_no_rule_can_be_heard_in_them(kind):
    kinds = evaluate(DEV, head(kind), name="head").slices()["accuracy"]
    assert kinds["typical"] > 0.8 and kinds["typical"] > kinds["boundary"] + 0.1


def test_a_cascade_gets_more_right_than_either_for_less_than_half_of_the_tickets_and_keeps_its_head_on_test():
    (client, ask), large = with_examples("large"), asked("large")
    measured = evaluate(DEV, head(LinearHead), name="head")
    assert large.badge.startswith("recorded: ")
    confidence = {ticket.id: head(LinearHead).confidence(ticket) for ticket in DEV}
    limit, best = chosen(curve(measured, large, confidence))
    assert best.right >= max(measured.right, large.right) + 2
    assert sum(each <= limit for each in confidence.values()) < len(DEV) / 2
    assert best.seconds < 0.6 * large.seconds
    test = data.lesson_sample("test")
    on_test = evaluate(test, cascade(head(LinearHead), ask, limit), name="cascade", client=client)
    assert compare(on_test, evaluate(test, head(LinearHead), name="head")).direction != "worse"


def test_the_large_size_is_ahead_and_most_of_its_mistakes_are_the_companys_own_rules():
    small, large = asked("small"), asked("large")
    assert large.right > small.right
    judged = {prompt: reading(prompt).outcomes for prompt in data.READINGS}
    wrong = {prompt: {row.id for row in rows if not row.correct} for prompt, rows in judged.items()}
    assert wrong["policy"] < wrong["descriptions"] < wrong["examples"] < wrong["names"]
    assert 2 * len(wrong["descriptions"] - wrong["policy"]) >= len(wrong["names"])


@pytest.mark.parametrize("size", [model.size for model in local_models()])
def test_a_schema_helps_short_prompts_and_near_examples_help_every_local_size(size):
    measured = {rung: result for (its, rung), result in results(ROUTING).items() if its == size}
    for prompt in ("names", "descriptions", "policy"):
        assert compare(measured[f"{prompt}, schema"], measured[prompt]).direction == "better"
    for held in ("", ", schema"):
        near, fixed = (
            measured[f"names, {kind}{held}"] for kind in ("5 retrieved examples", "18 fixed examples")
        )
        assert compare(near, fixed).difference > 0.2


def test_only_the_last_prompt_of_the_large_claude_differs_from_the_first_by_more_than_luck():
    names, examples, descriptions, policy = map(reading, ("names", "examples", "descriptions", "policy"))
    assert verdict(compare(examples, names)) == verdict(compare(descriptions, examples)) == UNDECIDED
    assert verdict(compare(policy, names)) == HELPED and compare(policy, names).only_b == 0


def test_the_policy_on_the_small_tier_costs_less_than_the_names_on_the_large_one_and_the_cache_lowers_both():
    names, policy = tokens(system_prompt()), tokens(whole_policy())
    shown = tokens(system_prompt(), one_per_queue(TRAIN))
    assert names < shown < policy
    assert tier("small").cost(policy + 50, 5) < tier("large").cost(names + 50, 5)
    for name in TIERS:
        assert tier(name).cost(50, 5, cache_read=policy) < tier(name).cost(policy + 50, 5)


def test_a_cache_costs_more_where_few_tickets_come_and_less_where_many_do():
    request = Request(prompt=2_000, ticket=25, reply=5)
    volumes = [30, 300, 1_000]
    plain = cost_per_month(tier("medium"), request, volumes)
    cached = cost_per_month(tier("medium"), request, volumes, cache_from=1024)
    assert cached[0] > plain[0] and cached[2] < cached[1] < plain[1]


def test_the_articles_sixty_dollars_do_not_fit_its_five():
    then = [each for each in models() if "of 2025" in each.note or "of November 2025" in each.note]
    sonnets, opuses = ([each for each in then if name in each.note] for name in ("Sonnet", "Opus"))
    assert len({(each.input, each.output) for each in sonnets}) == 1
    for opus in opuses:
        assert opus.input / sonnets[0].input == pytest.approx(opus.output / sonnets[0].output)
        assert opus.input / sonnets[0].input < 12 / 1.1  # the article claims 12 times
    tokens_in = (5.00 / 1000 * 1e6 - 5 * sonnets[0].output) / sonnets[0].input
    assert 1.3 * 1000 * tier("small").cost(tokens_in, 5) < 0.40
    low, high = wilson(round(0.91 * 360), 360)
    assert low < 0.92 < high
