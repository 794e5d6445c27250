"""Checks of the exercises of lesson 04."""

from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as NoSchema

from course.engine.schema import SchemaError, enforceable
from course.exercises.cases import near, tried
from course.material.data import QUEUES

# two lists of skills, the share of skills that both name
OVERLAPS: tuple[tuple[list[str], list[str], float], ...] = (
    (["react", "css"], ["react", "css"], 1.0),
    (["css", "React"], ["react", "css"], 1.0),
    (["react", "react"], ["react"], 1.0),
    (["react"], ["react", "css"], 1 / 2),
    (["react", "css", "java"], ["react", "css"], 2 / 3),
    (["java"], ["react", "css"], 0.0),
    ([], ["react"], 0.0),
)
GOOD: tuple[dict[str, Any], ...] = (
    {"queue": QUEUES[0], "order_number": "FL-10234"},
    {"queue": QUEUES[-1], "order_number": None},
)
BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"queue": "complaints", "order_number": None}, "a queue that does not exist"),
    ({"queue": None, "order_number": None}, "no queue at all"),
    ({"queue": QUEUES[0], "order_number": 10234}, "an order number that is a number"),
    ({"queue": QUEUES[0], "order_number": "my last order"}, "an order number in words"),
    ({"queue": QUEUES[0], "order_number": "see FL-10234 above"}, "an order number inside other words"),
    ({"queue": QUEUES[0]}, "a reply without order_number"),
    ({"queue": QUEUES[0], "order_number": None, "mood": "angry"}, "a field that nobody asked for"),
)


def _gives_the_overlap(overlap: object) -> str | None:
    return tried(overlap, OVERLAPS, "for {0} against {1} it gives {given}, not {right:.3g}.", near)


def _accepts_the_good_and_refuses_the_bad(schema: dict) -> str | None:
    try:
        Draft202012Validator.check_schema(schema)
        enforceable(schema, where="my_schema", strict=True)
    except NoSchema as error:
        return f"it is not a JSON schema: {error.message}"
    except SchemaError as error:
        return f"the API refuses it: {error}"
    validator = Draft202012Validator(schema)
    for value in GOOD:
        if not validator.is_valid(value):
            return f"it refuses {value}, which it should accept."
    for value, what in BAD:
        if validator.is_valid(value):
            return f"it accepts {what}: {value}."
    return None


def _is_the_annotated_salary(salary: object) -> str | None:
    if salary == 24_600:
        return None
    if salary == 2_050:
        return "that is what she wants a month. The field is per year."
    if salary in (1_980, 12 * 1_980):
        return "that is her present pay. The field is what she wants."
    return f"the letter does not say {salary}. Look for what she wants a month."


CHECKS = {
    "04.1": _is_the_annotated_salary,
    "04.2": _accepts_the_good_and_refuses_the_bad,
    "04.3": _gives_the_overlap,
}
