"""The task of lesson 01: a customer's message in, one line for the support inbox out.

A prompt is a template in data/prompts/. Its paragraphs stand in the order of `PARTS`; a paragraph with a line
"Summary: ..." is a worked example; {message} and other placeholders are filled for each request.
"""

from collections.abc import Collection

from anthropic import Anthropic
from anthropic.types import MessageParam

from course.engine.replies import text_of
from course.errors import CourseError
from course.material.data import prompt

PARTS = ("instruction", "format", "examples", "edge cases", "reasoning", "constraints")
MAX_WORDS = 20
_ANSWER = "\nSummary: "
_MAX_TOKENS = 40  # a line of 20 words has about 30


def version(number: int) -> str:
    """The template with the first `number` of `PARTS`: 0 is the vague prompt, 6 has them all."""
    return prompt(f"summary_v{number}").strip()


def parts() -> dict[str, str]:
    """What each version added to the one before it, by the name of the part."""
    added = {}
    for number, name in enumerate(PARTS, start=1):
        before = _paragraphs(version(number - 1))
        new = [text for text in _paragraphs(version(number)) if text not in before]
        added[name] = "\n\n".join(new)
    return added


def assemble(chosen: Collection[str]) -> str:
    """The template with these parts. Without the instruction it begins with the vague one of version 0."""
    unknown = sorted(set(chosen) - set(PARTS))
    if unknown:
        raise CourseError(f"There is no part {unknown[0]!r}; choose from {', '.join(PARTS)}.")
    vague, message = _paragraphs(version(0))
    first = [] if "instruction" in chosen else [vague]
    return "\n\n".join([*first, *(text for name, text in parts().items() if name in chosen), message])


def messages(template: str, message: str) -> list[MessageParam]:
    """The turns of one request: each worked example in the frame of the template, then the message itself."""
    examples = [text for text in _paragraphs(template) if _ANSWER in text]
    frame = "\n\n".join(text for text in _paragraphs(template) if text not in examples)
    turns: list[MessageParam] = []
    for example in examples:
        asked, answered = example.removeprefix("Message: ").split(_ANSWER)
        turns.append({"role": "user", "content": fill(frame, asked)})
        turns.append({"role": "assistant", "content": answered})
    return [*turns, {"role": "user", "content": fill(frame, message)}]


def fill(frame: str, message: str) -> str:
    """The frame with its placeholders filled. Braces inside the message stay as they are.

    Raises CourseError where {message} is missing or another placeholder is not known.
    """
    if "{message}" not in frame:
        raise CourseError("The template has no {message}; write it where the customer's words go.")
    try:
        return frame.format(message=message, words=MAX_WORDS)
    except (KeyError, IndexError, ValueError) as error:
        raise CourseError(
            f"The template cannot be filled ({error}); use {{message}} and {{words}} and double other braces."
        ) from None


def summarize(client: Anthropic, model: str, template: str, message: str) -> str:
    """The model's line for one message."""
    turns = messages(template, message)
    reply = client.messages.create(model=model, max_tokens=_MAX_TOKENS, messages=turns)
    return text_of(reply).strip()


def _paragraphs(template: str) -> list[str]:
    return template.split("\n\n")
