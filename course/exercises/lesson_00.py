"""Checks of the exercises of lesson 00."""

from anthropic.types import Message


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


CHECKS = {"00.1": _is_the_share_of_one_queue, "00.2": _was_cut_off_after_five_tokens}
