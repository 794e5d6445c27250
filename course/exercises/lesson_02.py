"""Checks of the exercises of lesson 02."""

import io
from contextlib import redirect_stdout

from course.engine.client import CourseClient, connect
from course.exercises.cases import as_truth, tried
from course.material.data import tickets
from course.material.prices import tier
from course.rungs.routing import as_turns, one_per_queue, route, system_prompt

HARD = "T1053"  # a dev ticket that five retrieved examples send to the wrong queue
QUEUES_NEEDED = 3
# gain, dollars for 1,000 tickets, what a ticket in the wrong queue costs, whether the examples pay
PAYING = (
    (0.1, 0.5, 1.0, True),
    (0.1, 0.5, 0.004, False),
    (0.0, 0.1, 5.0, False),
    (-0.05, 0.1, 5.0, False),
    (0.02, 30.0, 1.0, False),
    (0.02, 30.0, 2.0, True),
)


def _local_model() -> tuple[CourseClient, str]:
    """The embedded model, whoever answers the lesson: it replies the same every time. Prints no badge."""
    with redirect_stdout(io.StringIO()):
        return connect(mode="local")


def _makes_turns(my_turns: object) -> str | None:
    if not callable(my_turns):
        return f"my_turns is {my_turns!r}; make it a function of examples and text."
    *examples, ticket = tickets("train")[:3]
    turns = my_turns(examples, ticket.text)
    if not isinstance(turns, list):
        return f"it returned {turns!r}; return a list of turns."
    roles = [turn["role"] for turn in turns]
    if roles != ["user", "assistant", "user", "assistant", "user"]:
        return f"for two examples the roles are {roles}; user and assistant take turns, the user last."
    if turns[-1]["content"] != ticket.text:
        return "the last turn is not the new ticket."
    if turns != as_turns(examples, ticket.text):
        return "an example is two turns in the order given: its text by the user, its queue by the assistant."
    if my_turns([], ticket.text) != as_turns([], ticket.text):
        return "without an example the new ticket is the only turn."
    return None


def _decides_by_what_errors_cost(pays: object) -> str | None:
    sentence = "for gain = {0}, dollars = {1} and wrong_costs = {2} it says {given}, not {right}."
    return tried(pays, PAYING, sentence, as_truth)


def _routes_the_hard_ticket(ids: object) -> str | None:
    train = {ticket.id: ticket for ticket in tickets("train")}
    if not isinstance(ids, list | tuple) or len(set(ids)) != len(ids) or len(ids) != 5:
        return f"give five different ids of training tickets in a list, not {ids!r}."
    if unknown := [id for id in ids if id not in train]:
        return f"{unknown[0]!r} is the id of no training ticket."
    examples = [train[id] for id in ids]
    queues = {example.queue for example in examples}
    if len(queues) < QUEUES_NEEDED:
        return f"they show {len(queues)} queues ({', '.join(sorted(queues))}); show {QUEUES_NEEDED} or more."
    hard = next(ticket for ticket in tickets("dev") if ticket.id == HARD)
    reply = route(*_local_model(), hard, examples)
    return None if reply == hard.queue else f"with these the model answers {reply!r}, not {hard.queue!r}."


def _is_the_price_of_18_examples(dollars: object) -> str | None:
    if not isinstance(dollars, int | float):
        return f"{dollars!r} is not a number of dollars."
    client, model = _local_model()
    text = tickets("test")[0].text
    bare, shown = (
        client.messages.count_tokens(
            model=model, system=system_prompt(), messages=as_turns(examples, text)
        ).input_tokens
        for examples in ([], one_per_queue(tickets("train")))
    )
    right = 1000 * tier("small").cost(shown - bare, 0)
    if abs(dollars - right) <= right / 4:
        return None
    return f"${dollars} is too {'much' if dollars > right else 'little'}."


CHECKS = {
    "02.1": _makes_turns,
    "02.2": _decides_by_what_errors_cost,
    "02.3": _is_the_price_of_18_examples,
    "02.4": _routes_the_hard_ticket,
}
