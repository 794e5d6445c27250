"""What lesson 04 teaches, with margins, from the answers that the course carries: no model is asked."""

from course.engine.client import connect
from course.material import data
from course.measuring import letters as scoring
from course.measuring.climb import HELPED, UNDECIDED, verdict
from course.measuring.evaluate import Result, compare, evaluate
from course.rungs import structured
from course.rungs.routing import QUEUE_SCHEMA, described, queue_named, system_prompt, whole_policy

DEV, LETTERS = data.lesson_sample("dev"), data.letters()[2:10]


def routed(*prompt, rows=DEV) -> Result:
    client, model = connect("large")
    return recorded(rows, lambda t: structured.ask(client, model, t, *prompt), client)


def read(*prompt) -> Result:
    client, model = connect("large")
    return recorded(
        LETTERS, lambda each: structured.read_letter(client, model, each, *prompt), client, scoring.check
    )


def recorded(rows, predict, client, check=None) -> Result:
    result = evaluate(rows, predict, name="a rung", check=check, client=client)
    assert result.badge.startswith("recorded: ")
    return result


def test_a_schema_makes_replies_valid_and_gets_what_taking_the_names_out_by_hand_gets():
    free, held = routed(whole_policy()), routed(whole_policy(), QUEUE_SCHEMA)
    assert free.valid < 0.1 and held.valid == 1
    assert verdict(compare(held, free)) == HELPED and held.accuracy > 0.4
    names = {outcome.id: queue_named(outcome.reply) or "" for outcome in free.outcomes}
    by_hand = Result.from_replies(DEV, names, name="names taken out")
    assert verdict(compare(held, by_hand)) == UNDECIDED and abs(held.accuracy - by_hand.accuracy) < 0.1


def test_a_schema_alone_or_a_field_to_think_in_brings_nothing_that_can_be_told():
    half, prompt = DEV[::2], described("route_instructions")
    free, held = routed(prompt, rows=half), routed(prompt, QUEUE_SCHEMA, rows=half)
    assert verdict(compare(held, free)) == UNDECIDED and held.valid == 1 > free.valid
    third = DEV[::3]
    at_once = routed(described(), QUEUE_SCHEMA, 120, rows=third)
    thought = routed(described(), structured.THINKING_SCHEMA, 120, rows=third)
    assert verdict(compare(thought, at_once)) != HELPED
    assert thought.output_tokens > 2 * at_once.output_tokens


def test_retries_do_not_mend_a_habit_and_pay_for_the_prompt_each_time():
    sixth = DEV[::6]
    client, model = connect("large")
    retried = recorded(sixth, lambda t: structured.ask_again(client, model, t, whole_policy()), client)
    held = routed(whole_policy(), QUEUE_SCHEMA, rows=sixth)
    assert retried.valid < 0.2 and held.valid == 1
    assert retried.input_tokens > 2.5 * held.input_tokens


def test_letters_in_a_fence_hold_right_values_and_valid_ones_wrong_values():
    free, held = read(structured.KEYS), read(structured.KEYS, structured.LETTER_SCHEMA)
    fenced, valid = (scoring.counts(result, LETTERS) for result in (free, held))
    assert fenced["fault: in a code fence"] >= 2 and fenced["name"] == len(LETTERS)
    assert held.valid == 1 and held.right == 0
    assert valid["available_from"] < len(LETTERS) / 2 and valid["name"] == len(LETTERS)


def test_on_test_the_held_policy_beats_the_names():
    test = data.lesson_sample("test")
    names, held = routed(system_prompt(), rows=test), routed(whole_policy(), QUEUE_SCHEMA, rows=test)
    assert held.valid == 1 and verdict(compare(held, names)) == HELPED
