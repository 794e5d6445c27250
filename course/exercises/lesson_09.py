"""Exercises of lesson 09."""

from collections.abc import Callable, Mapping
from math import isclose

from course.exercises.checking import Exercise

# fixed and per output of A, fixed and per output of B, outputs a month from which B is the cheaper one
BREAK_EVENS = (
    (0, 0.06, 5_960, 0.0004, 100_000.0),
    (200, 0.005, 6_200, 0.0002, 1_250_000.0),
    (0, 0.002, 500, 0.001, 500_000.0),
    (300, 0.001, 900, 0.001, None),
    (300, 0.001, 900, 0.004, None),
)
# The invented case of exercise 09.2, in $ and outputs a month
SAVED_PER_OUTPUT, UNIT, CAPACITY, UPKEEP = 0.0014, 1_000, 1_000_000, 150
TURNS_AT = (2 * CAPACITY, (3 * UNIT + UPKEEP) / SAVED_PER_OUTPUT)
# The parts of a bill that the business case of exercise 09.3 names, and those that it forgets
NAMED = {"set-up", "labels", "training", "tokens", "hosting", "review"}
FORGOTTEN = {"errors", "upkeep", "evaluation", "retraining"}
# input: what B saves at its low and at its high value
SWINGS = (
    {"volume": (-90, 10), "rate": (-60, -20), "labels": (-42, -38)},
    {"hosting": (500, 100), "volume": (-50, 350), "error cost": (-1, 240)},
    {"rate": (10, 40), "labels": (5, 30)},
)


def _breaks_even(break_even: Callable[[float, float, float, float], float | None]) -> str | None:
    for fixed_a, each_a, fixed_b, each_b, right in BREAK_EVENS:
        given = break_even(fixed_a, each_a, fixed_b, each_b)
        case = f"A at {fixed_a:,} and {each_a} each against B at {fixed_b:,} and {each_b} each, in dollars,"
        if right is None and given is not None:
            return f"{case} never break even, for B saves nothing; and it gives {given:,.6g}."
        if right is not None and (given is None or not isclose(given, right, rel_tol=1e-6)):
            return f"{case} break even at {right:,.0f} outputs a month, and it gives {given}."
    return None


def _names_both_turns(turns: tuple[float, float]) -> str | None:
    for given, right, what in zip(turns, TURNS_AT, ("the third unit is added", "it has paid"), strict=True):
        if not isclose(given, right, rel_tol=0.005):
            return f"{given:,.0f} is not the volume at which {what}."
    return None


def _names_what_is_forgotten(missing: set[str]) -> str | None:
    missing = set(missing)
    unknown = missing - NAMED - FORGOTTEN
    if unknown:
        return f"{sorted(unknown)[0]!r} is not a part of a bill; take the names of the table above."
    if missing & NAMED:
        return f"the case does speak of {sorted(missing & NAMED)[0]!r}."
    left = len(FORGOTTEN - missing)
    return None if left == 0 else f"{len(missing)} found, {left} still missing."


def _names_the_turning_inputs(deciding: Callable[[Mapping[str, tuple[float, float]]], list]) -> str | None:
    for swings in SWINGS:
        right = {name for name, (low, high) in swings.items() if (low < 0) != (high < 0)}
        given = deciding(dict(swings))
        if set(given) != right:
            answer = f"{sorted(right) or 'none'} can turn the verdict"
            return f"of {swings} it names {sorted(given)}, and {answer}."
    return None


EXERCISES = [
    Exercise(
        id="09.1",
        title="Break-even by hand",
        stub='''\
def break_even(fixed_a, each_a, fixed_b, each_b):
    """Outputs a month from which B, with the higher fixed cost a month, is the cheaper one. None: never."""
    return fixed_b / each_a''',
        answer="break_even",
        hints=(
            "B earns back what it costs more each month: the difference of the fixed costs.",
            "With each output it earns back what it saves: each_a - each_b.",
            "If it saves nothing with an output, no volume helps. Then return None.",
        ),
        solution='''\
def break_even(fixed_a, each_a, fixed_b, each_b):
    """Outputs a month from which B, with the higher fixed cost a month, is the cheaper one. None: never."""
    saving = each_a - each_b
    return (fixed_b - fixed_a) / saving if saving > 0 else None''',
        check=_breaks_even,
        why="A fixed cost divided by a saving. What saves nothing with one output saves nothing with many.",
    ),
    Exercise(
        id="09.2",
        title="The third unit",
        stub="my_turns = None  # (outputs a month at which it turns to the prompt, and back to the LoRA)",
        answer="my_turns",
        hints=(
            "A unit takes a million outputs a month. From which volume on do you need a third one?",
            "There the LoRA saves 2,800 dollars and costs three units and the upkeep. Which is more?",
            "It is ahead again when 0.0014 dollars times the volume is what three units and the upkeep cost.",
        ),
        solution="my_turns = (2_000_000, (3 * 1_000 + 150) / 0.0014)",
        check=_names_both_turns,
        why="Each unit has to be earned anew, so a plan for growth needs every crossing.",
    ),
    Exercise(
        id="09.3",
        title="What the case forgets",
        stub='missing = None  # a set of parts of the bill, such as {"tokens"}',
        answer="missing",
        hints=(
            "Go through the columns of the bill one by one, and look for each in the case.",
            "Which costs come every month because the model is your own? And what do wrong outputs cost?",
        ),
        solution='missing = {"errors", "upkeep", "evaluation", "retraining"}',
        check=_names_what_is_forgotten,
        why="Three of them come every month as long as the model lives, and the fourth may decide alone.",
    ),
    Exercise(
        id="09.4",
        title="The inputs that decide",
        stub='''\
def deciding(swings):
    """The inputs whose range alone can turn the verdict. swings: {input: (saving at low, saving at high)}"""
    return [max(swings, key=lambda name: abs(swings[name][1] - swings[name][0]))]''',
        answer="deciding",
        hints=(
            "The widest bar need not turn anything. What happens to the saving where the verdict turns?",
            "The verdict turns where the saving changes its sign between low and high.",
        ),
        solution='''\
def deciding(swings):
    """The inputs whose range alone can turn the verdict. swings: {input: (saving at low, saving at high)}"""
    return [name for name, (low, high) in swings.items() if (low < 0) != (high < 0)]''',
        check=_names_the_turning_inputs,
        why="Find out more about these inputs first. More precision elsewhere changes nothing.",
    ),
]
