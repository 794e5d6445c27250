"""Checks of the exercises of lesson 03."""

from collections.abc import Callable, Mapping

from course.material.data import READINGS, readings, tickets
from course.material.prices import tier
from course.measuring.evaluate import Result, compare

TOKENS_IN, TOKENS_OUT = 1_200, 10


def _learns_from_the_labels_it_is_given(accuracy_with: Callable[[int], float]) -> str | None:
    few = accuracy_with(5)
    if few is None or few is ...:
        return "accuracy_with(5) returns nothing yet."
    if not 0 <= few <= 1:
        return f"accuracy_with(5) is {few!r}; an accuracy is a share between 0 and 1."
    if few < 0.2:
        return f"accuracy_with(5) is {few:.0%}: hardly more than chance. Do texts and queues still match?"
    if few > 0.75:
        return f"accuracy_with(5) is {few:.0%}: too good for 90 tickets. Did it see more of them?"
    many = accuracy_with(40)
    if many <= few:
        return f"with 40 of each queue it gets {many:.0%}, no more than with 5. Does it use per_queue?"
    return None


def _ships_what_the_paired_test_supports(ship: tuple[str, float]) -> str | None:
    prompt, p_value = ship
    if prompt not in READINGS:
        return f"{prompt!r} is not one of the prompts {', '.join(READINGS)}."
    results = {name: _reading(name) for name in READINGS}
    best, rival = sorted(results, key=lambda name: -results[name].accuracy)[:2]
    if prompt != best:
        return f"the paired test speaks against it. {compare(results[best], results[prompt])}"
    right = compare(results[best], results[rival]).p_value
    if abs(p_value - right) > 0.001:
        return f"p = {p_value} is not that of '{best}' against the next best prompt on all 360 tickets."
    return None


def _reading(prompt: str) -> Result:
    return Result.from_replies(tickets("test"), readings()[prompt], name=f"large model: {prompt}")


def _is_the_price_of_a_thousand(costs: Mapping[str, float]) -> str | None:
    for name in ("small", "large"):
        if name not in costs:
            return f"the {name} tier is missing; give both."
        right = 1000 * tier(name).cost(TOKENS_IN, TOKENS_OUT)
        given = costs[name]
        if abs(given / right - 1) <= 0.01:
            continue
        if abs(1000 * given / right - 1) <= 0.01:
            return f"${given} is one request at the {name} tier; give the price of 1,000."
        without_reply = 1000 * tier(name).cost(TOKENS_IN, 0)
        if abs(given / without_reply - 1) <= 0.01:
            return f"${given} at the {name} tier leaves out the reply, which has a price of its own."
        return f"${given} is not what 1,000 requests cost at the {name} tier."
    return None


CHECKS = {
    "03.1": _learns_from_the_labels_it_is_given,
    "03.2": _ships_what_the_paired_test_supports,
    "03.3": _is_the_price_of_a_thousand,
}
