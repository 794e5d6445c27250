"""What lessons 00, 01, 07 and 08 teach, with margins, from the answers that travel: no model is asked."""

from functools import cache, partial

from course.engine.client import CourseClient, connect
from course.material import data
from course.measuring import coding, gap
from course.measuring.climb import HELPED, verdict
from course.measuring.evaluate import Result, compare, evaluate
from course.rungs import optimise, routing_judge, skills, summaries
from course.rungs.compounding import memories, months
from course.rungs.retrieve import nearest, vote
from course.rungs.routing import described, one_per_queue, queue_named, route, system_prompt, whole_policy

MESSAGES = data.lesson_sample("dev")[::3]


def routed(system: str, examples=(), rows=None) -> Result:
    client, model = _connected("large")
    return evaluate(
        data.lesson_sample("dev") if rows is None else rows,
        lambda ticket: route(client, model, ticket, examples, system=system),
        name=system[:30],
        client=client,
    )


def maximal_on_dev() -> Result:
    return routed(described("route_instructions"), one_per_queue(data.tickets("train")))


def summarized(template: str, rows=MESSAGES) -> Result:
    client, model = _connected("small")
    predict = partial(_line, client, model, template)
    return evaluate(rows, predict, name=template[:30], check=summaries.check, client=client)


def _line(client: CourseClient, model: str, template: str, row: data.Ticket) -> str:
    return summaries.summarize(client, model, template, row.text)


@cache
def _connected(size: str) -> tuple[CourseClient, str]:
    return connect(size)


def test_the_names_of_the_queues_beat_the_floor_and_are_far_from_enough():
    names = routed(system_prompt())
    assert 3 / len(data.QUEUES) < names.accuracy < 0.5
    on_test = routed(system_prompt(), rows=data.lesson_sample("test"))
    assert on_test.badge.startswith("recorded: ") and 3 / len(data.QUEUES) < on_test.accuracy < 0.6


def test_who_reads_the_reply_and_in_which_form_helps_and_so_does_the_maximal_prompt():
    names, descriptions, edge_cases = map(
        routed, (system_prompt(), described(), described("route_edge_cases"))
    )
    told = routed(described("route_instructions"))
    maximal = maximal_on_dev()
    assert verdict(compare(told, edge_cases)) == HELPED
    assert told.right - edge_cases.right > edge_cases.right - descriptions.right + 5
    assert verdict(compare(maximal, names)) == HELPED and maximal.accuracy > names.accuracy + 0.2
    assert maximal.valid > 0.95


def test_the_policy_fails_in_its_form_and_hardly_in_its_answers():
    policy = routed(whole_policy())
    assert policy.valid < 0.1
    right = sum(queue_named(outcome.reply) == outcome.expected for outcome in policy.outcomes)
    assert right / policy.n > 0.4
    assert sum("`" in outcome.reply for outcome in policy.outcomes) / policy.n > 0.8


def test_a_specific_prompt_passes_far_more_often_than_a_vague_one_and_it_is_the_examples():
    vague, two_parts, three_parts = (summarized(summaries.version(number)) for number in (0, 2, 3))
    specific = summarized(summaries.version(4))
    assert specific.accuracy > vague.accuracy + 0.3 and verdict(compare(specific, vague)) == HELPED
    assert compare(three_parts, two_parts).p_value < 0.01


def test_a_part_that_cannot_be_told_from_luck_is_paid_for():
    before, after = (summarized(summaries.version(number)) for number in (4, 6))
    assert verdict(compare(after, before)) != HELPED
    assert after.input_tokens > before.input_tokens + 50


def test_how_to_begin_does_more_than_how_long_to_be():
    constraints, form = (summarized(summaries.assemble([part])) for part in ("constraints", "format"))
    assert constraints.accuracy > form.accuracy + 0.1


DELIVERED = skills.load(skills.FOLDER / skills.ROUTING)
DECIDED = [each for each in data.tickets("dev") if each.kind == "boundary"]
DECIDED += [each for each in data.tickets("dev") if each.kind == "typical"][:5]


def with_skill(rows, *files: str, known=()) -> Result:
    client, model = _connected("large")

    def predict(ticket: data.Ticket) -> str:
        near = nearest(ticket.text, known, 5) if known else ()
        return skills.route(client, model, DELIVERED, ticket, near, ["references/queues.md", *files])

    return evaluate(rows, predict, name=str((files, len(known))), client=client)


def test_a_contract_settles_the_form_and_rules_are_paid_for_without_a_measurable_gain():
    without, ruled = with_skill(DECIDED), with_skill(DECIDED, "references/rules.md")
    assert without.valid == ruled.valid == 1
    assert verdict(compare(ruled, without)) != HELPED
    assert ruled.input_tokens > without.input_tokens + 500


def test_the_judge_says_nothing_that_exact_scoring_would_believe():
    client, model = _connected("large")
    without = with_skill(DECIDED)
    said = dict(zip(without.frame.id, without.frame.reply, strict=True))
    passed = [routing_judge.fits(client, model, each, said[each.id]) for each in DECIDED]
    judged = routing_judge.against_exact(list(without.frame.correct), passed)
    assert judged.wrong_passed > judged.wrong_stopped


def test_six_months_of_examples_reach_more_than_the_first_day_and_about_what_their_vote_does():
    rows = data.lesson_sample("dev")[::4]
    memory = memories(skills.examples(DELIVERED), months(data.tickets("stream")))
    first, six = (with_skill(rows, known=known) for known in (memory[0], memory[6]))
    assert six.right > first.right and six.badge.startswith("recorded: ")
    votes = sum(vote(nearest(row.text, memory[6], 5)) == row.queue for row in rows)
    assert abs(six.right - votes) <= 3


def test_the_maximal_prompt_is_below_the_bar_on_dev_and_every_failure_was_read():
    maximal = maximal_on_dev()
    assert gap.position(maximal.interval, 0.9) == gap.BELOW
    counts = gap.failure_counts(maximal, coding.ours())
    assert sum(counts.values()) == maximal.n - maximal.right
    assert max(counts.values()) < 0.7 * sum(counts.values()), "one kind swallows all failures"


def test_the_optimiser_keeps_to_its_budget_and_never_scores_worse_on_dev_than_no_advice():
    client, model = _connected("large")
    fixed = one_per_queue(data.tickets("train"))
    base = described("route_instructions")
    found = optimise.optimise(
        client,
        model,
        lambda advice, ticket: route(client, model, ticket, fixed, system=optimise.with_advice(base, advice)),
        [ticket for ticket in data.tickets("train") if ticket not in fixed][::13],
        data.lesson_sample("dev")[::3],
        180,
    )
    assert 180 <= found.requests < 215 and found.versions[0].advice == optimise.NO_ADVICE
    assert len(found.versions) > 1 and found.best.right >= found.versions[0].right
