"""What lesson 12 and its deeper notebooks teach, with margins, from carried answers and measured counts."""

import pytest

from course.engine import weights
from course.engine.client import connect
from course.errors import CourseError
from course.material.large_model import handbook_answers
from course.measuring.answers import judge
from course.measuring.climb import HELPED, UNDECIDED, by_question, verdict
from course.measuring.evaluate import Result, compare, evaluate
from course.rungs.chunks import by_section
from course.tuning import adapters, aftermath, forgetting, gain_and_loss, serving
from course.tuning.forgetting import REPLAY
from widgets.cost.inputs import load
from widgets.cost.model import bills, evaluation_tax


def share(group: str, model: str, part: str) -> float:
    return aftermath.found(group, model, part).accuracy


def followed(tuned: bool) -> Result:
    client, base = connect(mode="local")
    model = serving.serve(aftermath.routing_adapter()) if tuned else base
    requests, check = aftermath.instructions(), aftermath.followed
    result = evaluate(
        requests, lambda r: aftermath.follow(client, model, r), name=model, check=check, client=client
    )
    assert result.badge.startswith("recorded: ") and "asked here" not in result.badge
    return result


@pytest.mark.slow  # loads torch
def test_the_adapter_follows_fewer_plain_requests_than_its_base_by_pairs():
    before, after = followed(False), followed(True)
    assert before.right >= after.right + 5
    assert compare(after, before).direction == "worse"


def test_at_this_one_setting_the_adapter_lost_what_the_base_could_and_kept_its_own_task():
    for part in ("letters", "handbook", "plain requests"):
        had, has = (share("forgetting", model, part) for model in ("base", "routing adapter"))
        assert had > has + 0.15
    assert share("forgetting", "routing adapter", "tickets") > 0.5


def test_general_chats_among_the_tickets_kept_what_tickets_alone_lost_at_every_seed_and_cost_few_tickets():
    readings = forgetting.read()
    changes = {
        (part, seed): step
        for ((cure, part), seed), step in gain_and_loss.cures(readings).items()
        if cure == f"{REPLAY}, 38 steps"
    }
    assert {seed for _, seed in changes} == set(forgetting.SEEDS)
    for (part, _), step in changes.items():
        if part == forgetting.OF_TICKETS:
            assert step.difference > -0.15
        else:
            least = 0.3 if part == forgetting.PLAIN else 0.05
            assert step.direction == "better" and step.difference > least


def test_with_the_prompt_of_the_training_general_chats_did_not_keep_all_of_it():
    found = gain_and_loss.trainings(forgetting.read())
    before = found[forgetting.ROUTING, forgetting.UNTRAINED, 0, 1]
    for (_, setting, _, _), parts in found.items():
        if setting == REPLAY:
            without, with_it = (
                forgetting.compared(parts[part], before[part])
                for part in (forgetting.PLAIN, forgetting.PLAIN_WITH_PROMPT)
            )
            assert without.difference > -0.1
            assert with_it.direction == "worse"


def test_the_medium_size_forgets_as_well_and_replay_keeps_most_of_it():
    found = gain_and_loss.trainings(forgetting.read(), forgetting.ROUTING_MEDIUM)
    before = found.pop((forgetting.ROUTING_MEDIUM, forgetting.UNTRAINED, 0, 1))[forgetting.PLAIN]
    assert before.accuracy > 0.7 and {setting for _, setting, _, _ in found} == {forgetting.USUAL, REPLAY}
    for (_, setting, _, _), parts in found.items():
        assert parts[forgetting.OF_TICKETS].accuracy > 0.25
        kept = parts[forgetting.PLAIN].accuracy / before.accuracy
        assert kept > 0.75 if setting == REPLAY else kept < 0.3


def test_with_a_lower_rate_or_rank_one_round_taught_nothing_and_so_kept_what_was_there():
    found = gain_and_loss.trainings(forgetting.read())
    before = found[forgetting.ROUTING, forgetting.UNTRAINED, 0, 1]
    for name in ("rate 0.0001", "rate 0.0003", "rank 2"):
        parts = found[forgetting.ROUTING, name, 30, 1]
        assert parts[forgetting.OF_TICKETS].accuracy < 0.05
        assert parts[forgetting.PLAIN].accuracy > before[forgetting.PLAIN].accuracy - 0.1


def test_with_more_rounds_they_learned_the_task_and_then_lost_plain_requests_as_well():
    readings = forgetting.read()
    found = gain_and_loss.trainings(readings)
    before = found[forgetting.ROUTING, forgetting.UNTRAINED, 0, 1]
    for name in ("rate 0.0003", "rank 2"):
        for seed in forgetting.SEEDS:
            parts = found[forgetting.ROUTING, name, 90, seed]
            assert parts[forgetting.OF_TICKETS].accuracy > 0.35
            loss = forgetting.compared(parts[forgetting.PLAIN], before[forgetting.PLAIN])
            assert loss.direction == "worse" and loss.difference < -0.2


def test_over_three_rounds_general_chats_kept_what_was_there_at_every_seed_and_cost_no_tickets_that_show():
    judged = by_question(gain_and_loss.cures(forgetting.read()))
    verdicts = {
        part: {verdict(step, p) for step, p in judged[f"{REPLAY}, 114 steps", part]}
        for part in (forgetting.OF_TICKETS, forgetting.PLAIN)
    }
    assert verdicts == {forgetting.OF_TICKETS: {UNDECIDED}, forgetting.PLAIN: {HELPED}}
    assert len(judged[f"{REPLAY}, 114 steps", forgetting.PLAIN]) == len(forgetting.SEEDS)


def test_facts_in_one_wording_were_mostly_lost_in_others_at_every_seed_and_twice_the_steps_changed_nothing():
    for (_, name, _, _), parts in gain_and_loss.trainings(forgetting.read(), forgetting.FACTS).items():
        if name == "one wording":
            assert parts[forgetting.AS_TRAINED].accuracy > 0.9
            assert parts[forgetting.NEVER_TRAINED].accuracy < 0.5


def test_at_45_steps_five_wordings_brought_no_more_facts_into_other_words_than_one_at_any_seed():
    question = f"45 steps: {forgetting.NEVER_TRAINED}"
    pairs = gain_and_loss.more_wordings(forgetting.read())
    steps = [step for (asked, _), step in pairs.items() if asked == question]
    assert len(steps) == len(forgetting.SEEDS)
    assert all(step.direction != "better" and step.difference < 0.15 for step in steps)


def test_five_wordings_and_enough_steps_brought_facts_into_wordings_never_trained():
    facts = gain_and_loss.trainings(forgetting.read(), forgetting.FACTS)
    one, five, few = (
        facts[forgetting.FACTS, name, steps, 1]
        for name, steps in (("one wording", 90), ("five wordings", 90), ("five wordings", 45))
    )
    assert five[forgetting.AS_TRAINED].accuracy > few[forgetting.AS_TRAINED].accuracy + 0.15
    step = forgetting.compared(five[forgetting.NEVER_TRAINED], one[forgetting.NEVER_TRAINED])
    assert step.direction == "better" and step.difference > 0.2


@pytest.mark.slow  # loads torch
def test_facts_were_learned_by_heart_and_are_mostly_lost_in_other_words():
    losses = [loss for _, loss in aftermath.facts_adapter().card.losses]
    assert losses[-1] < 0.1 * losses[0]
    assert share("facts", "adapter", "as trained") > 0.9 and share("facts", "adapter", "in other words") < 0.6
    assert share("facts", "adapter", "never seen") < 0.15


def test_the_search_finds_more_than_the_small_reader_reads_off():
    found, read, recalled = (
        share("facts", way, "in other words") for way in ("search alone", "retrieval", "adapter")
    )
    assert found > read + 0.4 and read <= recalled + 0.05


def test_a_large_reader_of_the_articles_answers_what_the_adapter_was_never_shown():
    said = {each.id: each.answer for each in handbook_answers("open")}
    never_seen = aftermath.other_facts()
    read = Result.from_replies(never_seen, said, name="large reader", check=judge)
    adapter = aftermath.found("facts", "adapter", "never seen")
    assert read.n == adapter.n and read.interval[0] > adapter.high + 0.5


def test_a_changed_fact_is_found_by_the_search_and_not_known_to_the_adapter():
    changed, new, _ = aftermath.changed_facts()
    price = next(question for question in new if question.id == "Q022")
    assert price.answer in aftermath.nearest_section(price, by_section(changed))
    ways = ("search alone", "retrieval", "adapter", "adapter with retrieval")
    says = {
        way: [share("facts", way, f"changed, {which} answer") for which in ("new", "old")] for way in ways
    }
    assert says["search alone"][0] > 0.5 and says["retrieval"][1] < 0.1
    assert says["adapter"][0] < 0.1 and says["adapter"][1] > 0.8
    assert says["adapter with retrieval"][1] > says["adapter with retrieval"][0] + 0.2


def test_training_again_and_editing_both_repair_the_moved_tickets_and_the_old_adapter_in_the_skill_less():
    moved = {
        way: share("changed rule", way, "moved")
        for way in (
            "adapter",
            "adapter, retrained",
            "skill",
            "skill, edited",
            "adapter in the skill, edited",
        )
    }
    assert moved["adapter, retrained"] > moved["adapter"] + 0.3
    assert moved["skill, edited"] > moved["skill"] + 0.3
    assert moved["skill, edited"] > moved["adapter in the skill, edited"] + 0.2


def test_on_the_same_base_with_facts_merged_the_adapter_loses_points():
    own, other = (share("upgrade", "routing adapter", f"on {which} base") for which in ("its own", "the new"))
    assert own > other + 0.03


@pytest.mark.slow  # loads torch
def test_the_adapter_that_travels_refuses_other_weights():
    path = weights.gguf_path()
    adapter = aftermath.routing_adapter()
    adapter.check_base(path.stem, weights.file_hash(path))
    with pytest.raises(CourseError, match="does not fit the changed base"):
        adapter.check_base("the changed base", "0" * 64)


def test_a_new_base_each_year_costs_more_than_one_more_retraining():
    value = load().base()
    once = value["case.rate"] * value["self_hosted_lora.retrain_hours"]
    once += value["self_hosted_lora.gpu_hours"] * value["self_hosted_lora.gpu_price"]
    rounds = value["self_hosted_lora.retrains"]
    priced = bills(load(), {"self_hosted_lora.retrains": [rounds, rounds + 1 / 12]}, ["self_hosted_lora"])
    plain, upgraded = priced["self_hosted_lora"].parts["retraining"]
    assert upgraded > plain + once


@pytest.mark.slow  # loads torch
def test_the_hurried_version_lost_unchanged_facts_and_the_version_before_is_served_again():
    client, _ = connect(mode="local")
    facts, hurried = aftermath.facts_adapter(), aftermath.hurried_adapter()
    _, new, _ = aftermath.changed_facts()
    changed = {question.id for question in new}
    unchanged = [question for question in aftermath.known_facts() if question.id not in changed]
    kept = {}
    for adapter in (facts, hurried):
        name = serving.serve(adapter)
        replies = [aftermath.recall(client, name, question) for question in unchanged]
        kept[name] = sum(reply == each.answer for reply, each in zip(replies, unchanged, strict=True))
    before, released = kept
    assert kept[before] >= kept[released] + 8
    serving.close(released)
    back = adapters.load("facts", facts.card.version)
    assert serving.serve(back) == before != released and back.card.sha256 == facts.card.sha256


def test_the_skill_around_the_adapter_costs_tokens_and_brings_little():
    whole, adapter, skill = (
        aftermath.found("together", name, "tickets")
        for name in ("adapter and the whole skill", "adapter", "skill")
    )
    assert adapter.accuracy > skill.accuracy + 0.05
    assert whole.accuracy < adapter.accuracy + 0.06 and whole.input_tokens > 5 * adapter.input_tokens


def test_the_hours_for_fifteen_models_are_more_than_fifteen_times_those_for_one():
    hours, power = (load().base()[f"case.{name}"] for name in ("tax_hours", "tax_power"))
    assert evaluation_tax(15, hours, power) > 15 * evaluation_tax(1, hours, power)


def test_a_row_that_was_not_measured_is_named_and_a_table_has_a_line_for_each_part():
    with pytest.raises(CourseError, match="Nothing was measured of 'poems' with 'base' in 'forgetting'"):
        aftermath.found("forgetting", "base", "poems")
    table = aftermath.shares("facts", ["as trained", "never seen"])
    assert list(table.index) == ["as trained (30)", "never seen (37)"]
    assert table.loc["as trained (30)", "adapter"] == "100% (89% to 100%)"
