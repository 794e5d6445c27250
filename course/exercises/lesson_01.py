"""Checks of the exercises of lesson 01."""

from course.exercises.cases import as_truth, tried
from course.rungs.prompt_lint import lint

# line, message, what the checker has to say
_ORDER_NUMBER_CASES = (
    ("The customer asks for an invoice.", "Where is my invoice?", True),
    ("The customer asks where order FL-20418 is.", "FL-20418 has not come.", True),
    ("The customer asks where the order is.", "FL-20418 has not come.", False),
    ("The customer asks where order FL-20481 is.", "FL-20418 has not come.", False),
    ("The customer asks where order FL-204181 is.", "FL-20418 has not come.", False),
    ("The customer cancels FL-10001.", "Cancel FL-10001 and FL-10002 please", False),
    ("The customer cancels FL-10002 and FL-10001.", "Cancel FL-10001 and FL-10002 please", True),
)


# reply, the queue that it names
_NAMED_CASES = (
    ("safety", "safety"),
    ("`device_fault`", "device_fault"),
    ('{"queue": "plan_change"}', "plan_change"),
    ("The queue is order_status. Please check the order_status page.", "order_status"),
    ("This goes to cancellation or to plan_change.", None),
    ("I am not sure.", None),
    ("", None),
)


def _names_the_queue(function: object) -> str | None:
    return tried(function, _NAMED_CASES, "for the reply {0!r} it says {given!r}, not {right!r}.")


def _keeps_order_numbers(checker: object) -> str | None:
    sentence = "for the message {1!r} and the line {0!r} it says {given}, not {right}."
    return tried(checker, _ORDER_NUMBER_CASES, sentence, as_truth)


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


CHECKS = {"01.1": _names_the_queue, "01.2": _is_repaired, "01.3": _keeps_order_numbers}
