"""Exercises of lesson 01."""

from course.exercises.checking import Exercise
from course.rungs.prompt_lint import lint

# (line, message, what the checker has to say)
_ORDER_NUMBER_CASES = (
    ("The customer asks for an invoice.", "Where is my invoice?", True),
    ("The customer asks where order FL-20418 is.", "FL-20418 has not come.", True),
    ("The customer asks where the order is.", "FL-20418 has not come.", False),
    ("The customer asks where order FL-20481 is.", "FL-20418 has not come.", False),
    ("The customer asks where order FL-204181 is.", "FL-20418 has not come.", False),
    ("The customer cancels FL-10001.", "Cancel FL-10001 and FL-10002 please", False),
    ("The customer cancels FL-10002 and FL-10001.", "Cancel FL-10001 and FL-10002 please", True),
)


def _keeps_order_numbers(checker: object) -> str | None:
    if not callable(checker):
        return f"{checker!r} is not a function."
    for line, message, wanted in _ORDER_NUMBER_CASES:
        said = checker(line, message)
        if said is None:
            return "your function returns nothing yet."
        if bool(said) != wanted:
            return f"for the message {message!r} and the line {line!r} it says {bool(said)}, not {wanted}."
    return None


def _is_repaired(prompt: object) -> str | None:
    if not isinstance(prompt, str):
        return f"a prompt is a text, and {prompt!r} is not."
    findings = lint(prompt)
    if findings:
        return f"{len(findings)} left. {findings[0]}"
    needed = {
        "who reads the line": ("support",),
        "that it is one sentence": ("one sentence", "a single sentence", "1 sentence"),
        "how many words it may have": ("words",),
        "that it is in the third person": ("third person",),
        "what happens to order numbers": ("order number",),
    }
    lost = [what for what, spellings in needed.items() if not any(s in prompt.lower() for s in spellings)]
    return f"the linter is silent, but the prompt no longer says {lost[0]}." if lost else None


EXERCISES = [
    Exercise(
        id="01.1",
        title="A checker of your own",
        stub='''\
def keeps_order_numbers(line, message):
    """True when every order number of the message (such as FL-20418) stands in the line."""
    return None''',
        answer="keeps_order_numbers",
        hints=(
            r"re.findall(r'FL-\d+', text) gives all order numbers of a text as a list.",
            "Compare the numbers of the message with those of the line as sets: one has to hold the other.",
        ),
        solution=r'''
import re


def keeps_order_numbers(line, message):
    """True when every order number of the message (such as FL-20418) stands in the line."""
    return set(re.findall(r"FL-\d+", message)) <= set(re.findall(r"FL-\d+", line))'''.lstrip(),
        check=_keeps_order_numbers,
        why="A message without an order number passes as well: a checker must not punish what is not there.",
    ),
    Exercise(
        id="01.2",
        title="A prompt that agrees with itself",
        stub='''\
my_prompt = """You read mail for a colleague in support. Always quote order numbers.
Summarize the message in one sentence of at most 20 words, in the third person.
Be brief and write in an appropriate tone.
Use at least two sentences when the customer is angry.
Never quote order numbers.
The line has a maximum of 12 words. The reader is {reader}.
"""''',
        answer="my_prompt",
        hints=(
            "for finding in lint(my_prompt): print(finding) shows them all, each with its line and its fix.",
            "Where two lines contradict each other, think of the colleague: one short line with the number.",
            "'Brief' is said by the word limit already. A tone that nobody can check need not be asked for.",
        ),
        solution='''\
my_prompt = """You read mail for a colleague in support. Always quote order numbers.
Summarize the message in one sentence of at most 20 words, in the third person.
"""''',
        check=_is_repaired,
        why="The repaired prompt is shorter. Most contradictions come from lines that somebody added later.",
    ),
]
