"""Exercises of lesson 00."""

from anthropic.types import Message

from course.exercises.checking import Exercise


def _is_the_share_of_one_queue(guess: object) -> str | None:
    if not isinstance(guess, int | float):
        return f"a share is a number between 0 and 1, and {guess!r} is not."
    if abs(guess - 1 / 18) <= 0.005:
        return None
    return f"{guess} is too {'high' if guess > 1 / 18 else 'low'}."


def _was_cut_off_after_five_tokens(reply: object) -> str | None:
    if not isinstance(reply, Message):
        return f"my_reply is a {type(reply).__name__}, not the message that client.messages.create returns."
    if reply.stop_reason != "max_tokens":
        return f"the model stopped by itself (stop_reason is {reply.stop_reason!r}). Allow it fewer tokens."
    if reply.usage.output_tokens != 5:
        return f"the reply has {reply.usage.output_tokens} tokens, not 5."
    return None


EXERCISES = [
    Exercise(
        id="00.1",
        title="The floor",
        stub="my_guess = None  # the share of tickets that it gets right, between 0 and 1",
        answer="my_guess",
        hints=(
            "How many queues are there, and how many tickets of each are in the test set?",
            "Every queue has the same number of tickets, so one queue is one part in eighteen.",
        ),
        solution="my_guess = 1 / 18",
        check=_is_the_share_of_one_queue,
        why="Nobody read a ticket for that accuracy: it is the floor that every model has to beat.",
    ),
    Exercise(
        id="00.2",
        title="A reply that is cut off",
        stub="my_reply = None  # client.messages.create(...) with at most 5 tokens",
        answer="my_reply",
        hints=(
            "Copy the first call of this lesson. One of its arguments is the limit on the reply.",
            "Set max_tokens=5 and keep what the call returns in my_reply.",
        ),
        solution="""\
from course.engine.client import connect

client, model = connect()
my_reply = client.messages.create(
    model=model,
    max_tokens=5,
    messages=[{"role": "user", "content": "My garden hums and the light stays off. What now?"}],
)""",
        check=_was_cut_off_after_five_tokens,
        why="stop_reason says that the limit ended the reply. The five tokens are paid for all the same.",
    ),
]
