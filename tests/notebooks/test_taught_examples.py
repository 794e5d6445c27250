"""What lesson 02 teaches, with margins, from the answers that the course carries: no model is asked."""

from collections.abc import Callable, Sequence
from functools import cache

from course.engine.client import connect
from course.material import data
from course.measuring.climb import HELPED, HURT, UNDECIDED, verdict
from course.measuring.evaluate import Result, compare, evaluate
from course.rungs import few_shot
from course.rungs.few_shot import mislabelled
from course.rungs.retrieve import nearest, vote
from course.rungs.routing import described, one_per_queue, route

DEV, TEST, TRAIN = data.lesson_sample("dev"), data.lesson_sample("test"), data.tickets("train")
FIXED = one_per_queue(TRAIN)
Choose = Callable[[data.Ticket], Sequence[data.Ticket]]


@cache
def neighbours(ticket: data.Ticket) -> list[data.Ticket]:
    return nearest(ticket.text, TRAIN, 5)


def routed(choose: Choose, system: str | None = None, rows=DEV, size: str = "large") -> Result:
    client, model = connect(size)
    result = evaluate(
        rows, lambda t: route(client, model, t, choose(t), system=system), name="a rung", client=client
    )
    assert result.badge.startswith("recorded: ")
    return result


def voted(rows=DEV) -> Result:
    return evaluate(rows, lambda t: vote(neighbours(t)), name="the vote")


def test_the_nearest_examples_beat_fixed_ones_by_far():
    five, retrieved = routed(lambda t: FIXED[:5]), routed(neighbours)
    assert verdict(compare(retrieved, five)) == HELPED
    assert retrieved.accuracy > five.accuracy + 0.2


def test_more_fixed_examples_and_the_model_over_the_vote_bring_nothing_that_can_be_told():
    five, eighteen = routed(lambda t: FIXED[:5]), routed(lambda t: FIXED)
    assert verdict(compare(eighteen, five)) == UNDECIDED
    assert eighteen.input_tokens > 2 * five.input_tokens
    assert verdict(compare(routed(neighbours), voted())) == UNDECIDED
    by_random = {reading.count: reading for reading in few_shot.read() if reading.choice == "random"}
    assert by_random[18].low > by_random[5].high


def test_wrong_answers_in_the_examples_are_repeated_and_the_form_stays():
    retrieved, wrong = routed(neighbours), routed(lambda t: mislabelled(neighbours(t)))
    assert wrong.valid > 0.95
    assert verdict(compare(wrong, retrieved)) == HURT and wrong.accuracy < retrieved.accuracy - 0.4
    shown = {t.id: {example.queue for example in mislabelled(neighbours(t))} for t in DEV}
    assert sum(outcome.reply in shown[outcome.id] for outcome in wrong.outcomes) > 0.6 * wrong.n


def test_a_few_examples_bring_a_small_model_the_form_and_near_ones_the_answer():
    ways = (lambda t: [], lambda t: FIXED[:5], neighbours)
    none, five, retrieved = (routed(choose, size="small") for choose in ways)
    assert none.valid < 0.1 and five.valid > 0.6 and five.accuracy < 0.2
    assert retrieved.accuracy > five.accuracy + 0.4


def test_near_examples_help_the_prompt_that_says_everything_and_on_test_as_well():
    instructions = described("route_instructions")
    told, both = routed(lambda t: [], instructions), routed(neighbours, instructions)
    assert verdict(compare(both, told)) == HELPED
    names, on_test = routed(lambda t: [], rows=TEST), routed(neighbours, instructions, TEST)
    assert verdict(compare(on_test, names)) == HELPED and on_test.accuracy > names.accuracy + 0.2
