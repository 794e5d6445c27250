"""Exercises of lesson 04."""

from collections.abc import Callable

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as NoSchema

from course.engine.schema import SchemaError, enforceable
from course.exercises.checking import Exercise
from course.material.data import QUEUES

# said, gold, the share of skills that both name
OVERLAPS = (
    (["react", "css"], ["react", "css"], 1.0),
    (["css", "React"], ["react", "css"], 1.0),
    (["react", "react"], ["react"], 1.0),
    (["react"], ["react", "css"], 1 / 2),
    (["react", "css", "java"], ["react", "css"], 2 / 3),
    (["java"], ["react", "css"], 0.0),
    ([], ["react"], 0.0),
)
GOOD = (
    {"queue": QUEUES[0], "order_number": "FL-10234"},
    {"queue": QUEUES[-1], "order_number": None},
)
BAD = (
    ({"queue": "complaints", "order_number": None}, "a queue that does not exist"),
    ({"queue": None, "order_number": None}, "no queue at all"),
    ({"queue": QUEUES[0], "order_number": 10234}, "an order number that is a number"),
    ({"queue": QUEUES[0], "order_number": "my last order"}, "an order number in words"),
    ({"queue": QUEUES[0], "order_number": "see FL-10234 above"}, "an order number inside other words"),
    ({"queue": QUEUES[0]}, "a reply without order_number"),
    ({"queue": QUEUES[0], "order_number": None, "mood": "angry"}, "a field that nobody asked for"),
)


def _gives_the_overlap(overlap: Callable[[list, list], float]) -> str | None:
    for said, gold, right in OVERLAPS:
        given = overlap(list(said), list(gold))
        if abs(given - right) > 0.001:
            return f"for {said} against {gold} it gives {given}, not {right:.3g}."
    return None


def _accepts_the_good_and_refuses_the_bad(schema: dict) -> str | None:
    try:
        Draft202012Validator.check_schema(schema)
        enforceable(schema, where="my_schema", strict=True)
    except NoSchema as error:
        return f"it is no JSON schema: {error.message}"
    except SchemaError as error:
        return f"the API refuses it: {error}"
    validator = Draft202012Validator(schema)
    for value in GOOD:
        if not validator.is_valid(value):
            return f"it refuses {value}, which is good."
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


EXERCISES = [
    Exercise(
        id="04.1",
        title="A fairer score for skills",
        stub='''\
def overlap(said, gold):
    """The skills in both lists as a share of the skills in either, from 0 to 1."""
    return float(said == gold)''',
        answer="overlap",
        hints=(
            "Order, case and repeats do not count. Which Python type has neither order nor repeats?",
            "Make two sets of lower-case words. & gives what is in both, | what is in either.",
        ),
        solution='''\
def overlap(said, gold):
    """The skills in both lists as a share of the skills in either, from 0 to 1."""
    said, gold = ({skill.lower() for skill in skills} for skills in (said, gold))
    return len(said & gold) / len(said | gold)''',
        check=_gives_the_overlap,
        why="A scorer is code too: it was tried on lists that should score and on lists that should not.",
    ),
    Exercise(
        id="04.2",
        title="A schema that refuses",
        stub="""\
my_schema = {
    "type": "object",
    "properties": {
        "queue": {"type": "string"},
        "order_number": {"type": "string"},
    },
    "additionalProperties": False,
}""",
        answer="my_schema",
        hints=(
            "queue needs an enum with the names in QUEUES. Both fields belong in a list called required.",
            'A field that may be empty is {"anyOf": [{...}, {"type": "null"}]}.',
            'A string takes a pattern. "^FL-[0-9]{5}$" is a whole order number and nothing beside it.',
        ),
        solution="""\
from course.material.data import QUEUES

order_number = {"type": "string", "pattern": "^FL-[0-9]{5}$"}
my_schema = {
    "type": "object",
    "properties": {
        "queue": {"type": "string", "enum": list(QUEUES)},
        "order_number": {"anyOf": [order_number, {"type": "null"}]},
    },
    "required": ["queue", "order_number"],
    "additionalProperties": False,
}""",
        check=_accepts_the_good_and_refuses_the_bad,
        why="A schema is worth what it refuses. It still cannot know which order the customer means.",
    ),
    Exercise(
        id="04.3",
        title="The annotator's turn",
        stub="my_salary = None  # salary_expectation of letter L005, a whole number",
        answer="my_salary",
        hints=(
            "The letter names two amounts. One is what she earns now.",
            "She wants 2,050 a month, and the field is per year.",
        ),
        solution="my_salary = 12 * 2_050",
        check=_is_the_annotated_salary,
        why="Any whole number fits the schema. Only a reader knows which one is right.",
    ),
]
