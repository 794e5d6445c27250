"""Exercises of lesson 02."""

import io
from contextlib import redirect_stdout

from course.engine.client import CourseClient, connect
from course.exercises.checking import Exercise
from course.material.data import tickets
from course.material.prices import tier
from course.rungs.routing import as_turns, one_per_queue, route, system_prompt

URGENT = "T2269"  # a hard ticket that five retrieved examples send to the wrong queue
QUEUES_NEEDED = 3


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


def _routes_the_urgent_ticket(ids: object) -> str | None:
    train = {ticket.id: ticket for ticket in tickets("train")}
    if not isinstance(ids, list | tuple) or len(set(ids)) != len(ids) or len(ids) != 5:
        return f"give five different ids of training tickets in a list, not {ids!r}."
    if unknown := [id for id in ids if id not in train]:
        return f"{unknown[0]!r} is the id of no training ticket."
    examples = [train[id] for id in ids]
    queues = {example.queue for example in examples}
    if len(queues) < QUEUES_NEEDED:
        return f"they show {len(queues)} queues ({', '.join(sorted(queues))}); show {QUEUES_NEEDED} or more."
    urgent = next(ticket for ticket in tickets("test") if ticket.id == URGENT)
    reply = route(*_local_model(), urgent, examples)
    return None if reply == urgent.queue else f"with these the model answers {reply!r}, not {urgent.queue!r}."


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


EXERCISES = [
    Exercise(
        id="02.1",
        title="Examples as turns",
        stub="""\
def my_turns(examples, text):
    return None  # a list of turns: user, assistant, user, assistant, ..., user""",
        answer="my_turns",
        hints=(
            "Two turns for each example: its text as the user, its queue as the assistant.",
            "Begin with an empty list, add two turns in a loop, and after it the new ticket as the user's.",
        ),
        solution="""\
def my_turns(examples, text):
    turns = []
    for example in examples:
        turns.append({"role": "user", "content": example.text})
        turns.append({"role": "assistant", "content": example.queue})
    return turns + [{"role": "user", "content": text}]""",
        check=_makes_turns,
        why="The model cannot tell these turns from a conversation that it had. It goes on in the same way.",
    ),
    Exercise(
        id="02.2",
        title="Five better examples",
        stub="my_examples = None  # a list of five ids such as 'T2989', the last one next to the question",
        answer="my_examples",
        hints=(
            "The model copies. Which queue does it have to see to be able to name it?",
            "One right example does not win against four others, and early ones count less than late ones.",
            "Put two from other queues first and three from the right queue last.",
        ),
        solution='my_examples = ["T1634", "T1162", "T1199", "T1095", "T0527"]',
        check=_routes_the_urgent_ticket,
        why="You could choose them because you knew the answer. A search that goes by meaning alone did not.",
    ),
    Exercise(
        id="02.3",
        title="What 18 examples cost",
        stub="my_dollars = None  # what 18 examples add for 1,000 tickets, in dollars",
        answer="my_dollars",
        hints=(
            "A thousand tickets carry a thousand times the tokens of the 18 examples.",
            "A quarter of the letters are tokens. Each example adds about ten for the marks round two turns.",
            "About 640 tokens times 1,000 tickets is 0.64 million tokens. The price is for one million.",
        ),
        solution="my_dollars = 640 * 1000 / 1e6 * 0.10",
        check=_is_the_price_of_18_examples,
        why="Little, and paid with every ticket. Multiply by your volume before you call it small.",
    ),
]
