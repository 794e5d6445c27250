"""Checks of the exercises of lesson 03."""

from collections.abc import Callable, Mapping

from course.exercises.cases import tried
from course.material.prices import tier

TOKENS_IN, TOKENS_OUT = 1_200, 10


def _options(*rows: tuple[float, float, float, float]) -> list[dict[str, float]]:
    return [dict(zip(("passed_on", "dev", "test", "dollars"), row, strict=True)) for row in rows]


# options, budget, what to ship: the best on dev that is within it, and of equals the cheaper one
_THREE = _options((0.0, 0.80, 0.82, 0.01), (0.3, 0.88, 0.84, 0.06), (1.0, 0.85, 0.90, 0.20))
_CHOICES = (
    (_THREE, 1.00, 0.3),
    (_THREE, 0.05, 0.0),
    (_options((0.5, 0.9, 0.8, 0.1), (0.2, 0.9, 0.7, 0.04)), 0.10, 0.2),
    (_options((0.1, 0.7, 0.9, 0.03), (0.4, 0.9, 0.7, 0.08)), 0.08, 0.4),
)


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


def _chooses_on_dev(choice: object) -> str | None:
    sentence = "with a budget of ${1:.2f} it returns {given!r}, not {right!r}, from these options: {0}."
    return tried(choice, _CHOICES, sentence)


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
    "03.2": _chooses_on_dev,
    "03.3": _is_the_price_of_a_thousand,
}
