"""The task of lesson 01: a customer's message in, one line for the support inbox out.

A prompt is a template in data/prompts/. Its paragraphs are in the order of `PARTS`; a paragraph with a line
"Summary: ..." is a worked example; {message} and other placeholders are filled for each request.
"""

import re
from collections.abc import Callable, Collection, Sequence

from anthropic import Anthropic
from anthropic.types import MessageParam

from course.engine.replies import text_of
from course.errors import CourseError, one_of
from course.material.data import Ticket, prompt
from course.measuring.evaluate import Verdict

PARTS = ("instruction", "format", "examples", "edge cases", "reasoning", "constraints")
MAX_WORDS = 20
# Lines that fit every message and tell a colleague nothing: what they pass, a form alone passes.
EMPTY_LINES = (
    "The customer has a problem.",
    "The customer has a question about an order.",
    "The customer asks for help with the product.",
)
_ANSWER = "\nSummary: "
_MAX_TOKENS = 40  # a line of 20 words has about 30
_SHARED = 2  # words; one can be chance, such as "order"
_STEM = 5  # letters: "cancel", "cancelled" and "cancellation" are one word
# Words that appear in messages and lines about anything.
_COMMON = frozenset(
    """about after again all also and any are asks because been before being but can could customer does doing
    done each even ever every for from get give going got had has have having help her here him his how into
    issue its just like made make many message more most much must need never new next not nothing now off one
    only other our out over own please question really same said say see she should since some still such
    support take than thank thanks that the their them then there these they thing this those time too try two
    under until use very want wants was way well were what when where which while who why will with within
    without would yet you your""".split()
)


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
    for part in sorted(chosen):
        one_of("part", part, PARTS)
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


# What the inbox needs, as checkers: each takes the line and the message.


def one_sentence(line: str, message: str) -> bool:
    ends = re.findall(r"[.!?](?=\s|$)", line)
    return len(ends) == 1 and line.endswith((".", "!", "?")) and "\n" not in line


def at_most_20_words(line: str, message: str) -> bool:
    return 0 < len(line.split()) <= MAX_WORDS


def third_person(line: str, message: str) -> bool:
    return not re.search(r"\b(I|we|you|me|us|my|our|your)\b", line, re.IGNORECASE)


def no_repeats(line: str, message: str) -> bool:
    words = line.lower().split()
    threes = list(zip(words, words[1:], words[2:], strict=False))
    return len(threes) == len(set(threes))


def own_words(line: str, message: str) -> bool:
    return line.strip('".').lower() not in message.lower()


def no_new_numbers(line: str, message: str) -> bool:
    return all(number in message for number in re.findall(r"\d+", line))


def not_an_example(line: str, message: str) -> bool:
    return line not in re.findall(r"Summary: (.*)", version(len(PARTS)))


def says_what(line: str, message: str) -> bool:
    """Whether the line takes up two words of the message that are not in messages of every kind."""
    return len(_telling(line) & _telling(message)) >= _SHARED


CHECKERS: tuple[Callable[[str, str], bool], ...] = (
    one_sentence,
    at_most_20_words,
    third_person,
    no_repeats,
    own_words,
    no_new_numbers,
    not_an_example,
    says_what,
)


def check(row: Ticket, line: str) -> Verdict:
    """Right and valid alike: the line passes every checker."""
    passed = all(checker(line, row.text) for checker in CHECKERS)
    return Verdict(valid=passed, correct=passed)


def passed(lines: Sequence[str], rows: Sequence[Ticket]) -> dict[str, float]:
    """Share of lines, one for each row, that each checker lets through, by its name, and that "all" do."""
    through = {
        checker.__name__: [checker(line, row.text) for line, row in zip(lines, rows, strict=True)]
        for checker in CHECKERS
    }
    through["all"] = [all(each) for each in zip(*through.values(), strict=True)]
    return {name: sum(each) / len(rows) for name, each in through.items()}


def floor(rows: Sequence[Ticket]) -> dict[str, dict[str, float]]:
    """What `passed` says of each of EMPTY_LINES when it is the line for every row."""
    return {line: passed([line] * len(rows), rows) for line in EMPTY_LINES}


def _telling(text: str) -> set[str]:
    words = re.findall(r"[a-z]{3,}|\d+", text.lower())
    return {word[:_STEM] for word in words if word not in _COMMON}


def _paragraphs(template: str) -> list[str]:
    return template.split("\n\n")
