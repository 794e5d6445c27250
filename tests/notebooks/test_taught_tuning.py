"""What lesson 11 and its deeper notebooks teach, with margins, from carried answers and measured counts."""

import json
from dataclasses import replace
from functools import cache, partial
from statistics import mean
from typing import Any

import nbformat
import pytest

from course.engine.client import CourseClient, connect
from course.material import data, large_model
from course.material.lessons import lesson
from course.measuring import board, coding, gap, ladder
from course.measuring.climb import HELPED, HURT, by_question, in_sentences, verdict
from course.measuring.evaluate import Result, compare, evaluate
from course.rungs.baselines import LinearHead
from course.rungs.retrieve import nearest
from course.rungs.routing import QUEUE_SCHEMA, described, route
from course.tuning import checks, curve, experiments, labels, lora, serving, small_encoder
from course.tuning.adapters import Adapter
from course.tuning.chats import TrainingChat, routing_chats, short_prompt
from course.tuning.training import Settings
from widgets.decision.answers import Answers, from_board
from widgets.decision.model import advise

pytestmark = pytest.mark.slow  # loads torch

ROWS, TEST, TRAIN = data.lesson_sample(), data.tickets("test"), data.tickets("train")
POINTS = {point.name: point for point in experiments.read()}
CURVE = [POINTS[name] for name in experiments.POINTS["learning curve"]]
WHOLE = POINTS[experiments.WHOLE]
READINGS = labels.read()
RECORDED = {rung.name: rung for rung in ladder.read()}


@cache
def routing_adapter() -> Adapter:
    return experiments.train(experiments.WHOLE)


def ask(client: CourseClient, model: str, ticket: data.Ticket, **more) -> str:
    turn = [{"role": "user", "content": ticket.text}]
    asked = {"model": model, "max_tokens": 60, "system": short_prompt(), "messages": turn}
    return client.messages.create(**asked, **more).content[0].text.strip()


def forced(client: CourseClient, model: str, schema: dict, ticket: data.Ticket) -> str:
    reply = json.loads(
        ask(client, model, ticket, output_config={"format": {"type": "json_schema", "schema": schema}})
    )
    return reply["queue"] if isinstance(reply, dict) else reply


def answered(name: str, rows=ROWS) -> Result:
    """A rung of the lesson from the answers that travel."""
    client, base = connect(mode="local")
    tuned = serving.serve(routing_adapter())
    ways = {
        "tuned": partial(ask, client, tuned),
        "tuned, schema": partial(forced, client, tuned, experiments.BARE_NAME),
        "tuned, schema of an object": partial(forced, client, tuned, QUEUE_SCHEMA),
        "base, short prompt": partial(ask, client, base),
        "5 retrieved": lambda ticket: route(client, base, ticket, nearest(ticket.text, TRAIN, 5)),
    }
    result = evaluate(rows, ways[name], name=name, client=client)
    assert result.badge.startswith("recorded: ") and "asked here" not in result.badge
    return result


def prompted() -> Result:
    """The best prompt of lesson 02 on the large model."""
    client, model = connect("large", mode="local")
    system = described("route_instructions")
    result = evaluate(
        ROWS,
        lambda ticket: route(client, model, ticket, nearest(ticket.text, TRAIN, 5), system=system),
        name="prompted",
        client=client,
    )
    assert result.badge.startswith("recorded: ") and "asked here" not in result.badge
    return result


def head(rows=ROWS, count: int = len(TRAIN)) -> Result:
    return evaluate(rows, LinearHead.of(experiments.some(TRAIN, count)), name="head")


def test_the_adapter_that_travels_is_small_and_its_loss_fell():
    adapter = routing_adapter()
    losses = [loss for _, loss in adapter.card.losses]
    assert losses[-1] < losses[0] / 4
    assert 8e6 < adapter.weights.stat().st_size < 12e6
    assert 2 * adapter.numbers == pytest.approx(adapter.weights.stat().st_size, rel=0.02)


def test_training_brings_the_form_and_the_answers_that_the_bare_prompt_lacks():
    tuned, names = answered("tuned"), RECORDED["queue names in the prompt"]
    assert tuned.accuracy > names.right / names.n + 0.4
    assert tuned.valid > 0.9 and answered("base, short prompt", ROWS[::3]).valid < 0.5


def test_the_tuned_model_is_not_ahead_of_the_linear_head_by_pairs():
    tuned, linear = answered("tuned"), head()
    assert tuned.accuracy < linear.accuracy + 0.08
    rivals = (answered("5 retrieved"), prompted(), linear, small_encoder.recorded(ROWS, "encoder"))
    sentences = in_sentences(*(compare(tuned, rival) for rival in rivals)).splitlines()
    assert len(sentences) == 4 and not any(line.startswith("'tuned' is better") for line in sentences)


def test_on_the_lessons_sample_it_is_fast_valid_under_a_schema_and_best_on_typical_tickets():
    assert answered("tuned").seconds < prompted().seconds / 10
    kinds = answered("tuned").slices()
    others = kinds.drop("typical")
    assert kinds.loc["typical"].accuracy > others.right.sum() / others.n.sum()
    for name in ("tuned, schema", "tuned, schema of an object"):
        assert answered(name).valid > 0.95
    assert abs(answered("tuned").accuracy - WHOLE.accuracy) < 0.15


def test_the_prompt_becomes_less_than_a_quarter_as_long():
    assert answered("tuned").input_tokens < answered("5 retrieved").input_tokens / 4


def test_the_adapter_lies_between_examples_and_head_and_the_head_learns_from_more_labels():
    five, linear = RECORDED["5 retrieved examples"], RECORDED["MiniLM + logistic regression"]
    assert five.right < WHOLE.right + 0.02 * WHOLE.n and WHOLE.right < linear.right + 0.02 * WHOLE.n
    few, some, every = (head(TEST, count) for count in (50, 400, 810))
    assert few.accuracy + 0.1 < some.accuracy < every.accuracy + 0.02


def test_fifty_examples_teach_the_form_and_all_of_them_more_answers():
    assert CURVE[0].valid_share > 0.9 and CURVE[0].accuracy > 0.4
    assert CURVE[-1].low > CURVE[0].high


def test_amount_and_steps_change_together_along_the_curve():
    batch = Settings().batch
    steps = [point.epochs * -(-point.examples // batch) for point in CURVE]
    assert steps[0] < 0.5 * steps[-1] and len(set(steps)) > 1


def test_the_encoder_and_the_head_are_compared_by_pairs_on_all_test_tickets():
    encoder = small_encoder.recorded(TEST, "encoder")
    assert encoder.n == 360 and encoder.labels == 810
    assert compare(encoder, head(TEST)).direction != "worse"


@pytest.mark.parametrize("name", experiments.POINTS["labels"])
def test_labels_that_are_wrong_or_outdated_cost_right_answers(name):
    assert POINTS[name].accuracy < WHOLE.accuracy


def test_a_template_brings_less_than_written_examples_and_a_teacher_as_much_as_experts():
    (made,) = (POINTS[name] for name in experiments.POINTS["source"])
    (written,) = (point for point in CURVE if point.examples == made.examples)
    assert made.accuracy < written.accuracy and made.epochs == written.epochs
    by_teacher = {label.id: label.queue for label in large_model.teacher_labels()}
    taught = LinearHead.of([replace(ticket, queue=by_teacher[ticket.id]) for ticket in TRAIN])
    teacher, experts = evaluate(TEST, taught, name="teacher's labels"), head(TEST)
    assert abs(teacher.accuracy - experts.accuracy) < 0.03 and compare(teacher, experts).direction == ""


def test_the_board_gives_ten_steps_and_ten_points_with_one_rung_on_it():
    accept = gap.Acceptance(overall=0.90, every_kind=0.70)
    board.add(head(ROWS), lesson="03")
    verdict = gap.verdict(gap.rungs_on_board(TEST), accept, coding.counts())
    measured = [lesson for lesson, _ in board.entries()]
    known = Answers(labels=len(TRAIN), labelled_by="a model")
    answers = from_board(verdict, measured, accept, coding.counts(), known)
    assert len(advise(answers).checks) == 10
    assert len(gap.checklist(measured, verdict, accept, labels=len(TRAIN), stable=True)) == 10


def test_leaks_copies_and_rare_answers_are_found_and_few_tickets_are_nearly_a_test_ticket():
    chats, measured = routing_chats(TRAIN), routing_chats(TEST)
    rare = chats[0].answer
    rest = [chat for chat in chats if chat.answer != rare]
    three = [chat for chat in chats if chat.answer == rare][:3]
    copied = [replace(chat, text=chat.text.upper()) for chat in measured if chat.answer != rare][:10]
    twisted = [replace(chat, text=chat.text.upper(), answer=rest[0].answer) for chat in rest[-10:]]
    spoilt = [*rest, *three, *copied, *twisted]
    seen = checks.check_chats(spoilt, {"test": measured}, [1] * len(spoilt), 8192).frame["rows"]
    assert (seen["text of test"], seen["same text twice"], seen["rare answer"]) == (10, 10, 3)
    near = checks.near_leaks(routing_chats(TRAIN), routing_chats(TEST), "test")
    assert len(near.rows) < 0.02 * len(TEST)


def test_engine_and_torch_give_nearly_always_the_same_answer():
    replies = answered("tuned").frame["reply"]
    pairs = zip(ROWS[::4], replies[::4], strict=True)
    said = [TrainingChat(short_prompt(), row.text, reply) for row, reply in pairs]
    agreed = lora.decoded_by_torch(routing_adapter(), said)
    assert sum(agreed) >= 0.85 * len(agreed)


def first_steps() -> dict[str, Any]:
    """What the lesson's cell sets for the trainings that a reader tries: settings, and the chats of both."""
    notebook = nbformat.read(lesson("11").path, as_version=4)
    (source,) = (cell.source for cell in notebook.cells if cell.id == "cell-knobs")
    names: dict[str, Any] = {"dev_chats": routing_chats(data.tickets("dev"))}
    exec(source, names)
    return names


def test_ten_steps_lower_the_loss_and_fewer_layers_have_fewer_numbers():
    names = first_steps()
    few, dev, mine = names["few"], names["few_dev"], names["mine"]
    adapter = lora.train("first-steps", few, dev, settings=mine)
    losses = [loss for _, loss in adapter.card.losses]
    assert len(losses) == 10 and sum(losses[-3:]) < 0.8 * sum(losses[:3])
    narrow = lora.train("first-steps", few, settings=replace(mine, layers="q_proj,v_proj", steps=1))
    assert narrow.numbers < adapter.numbers / 4 and narrow.card.run != adapter.card.run


def test_the_training_at_a_tenth_of_the_rate_travels_and_learns_less(monkeypatch):
    names = first_steps()
    slower = replace(names["mine"], learning_rate=names["RATE"] / 10)
    monkeypatch.setattr(lora, "_Run", None)  # a training would fail here
    adapter = lora.train("first-steps", names["few"], names["few_dev"], settings=slower)
    losses = [loss for _, loss in adapter.card.losses]
    assert len(losses) == 10 and sum(losses[-3:]) > 0.8 * sum(losses[:3])


def test_no_cure_of_a_teachers_labels_brought_more_and_made_up_texts_brought_less():
    found = by_question(curve.cured(READINGS))
    most_read = f"{labels.TEACHER}, {labels.CHECKED[-1]} doubtful ones read"
    filters = (f"{labels.TEACHER}, the head agrees", f"{labels.TEACHER}, surest 80%")
    for cure in (labels.TEMPLATES, most_read, *filters):
        assert {f"{learner}, {cure}" for learner in labels.LEARNERS} <= found.keys()
    for asked, judged in found.items():
        verdicts = {verdict(step, p) for step, p in judged}
        assert verdicts == {HURT} if asked.endswith(labels.TEMPLATES) else HELPED not in verdicts


def test_more_steps_brought_most_and_the_second_half_of_the_examples_little_in_as_many_steps():
    found = by_question(curve.pairs(READINGS))
    few, many, further = (
        found[f"{after} steps instead of {before}, same {count} examples"]
        for after, before, count in ((50, 8, 50), (102, 50, 400), (102, 50, 810))
    )
    for judged in (few, many, further):
        assert [verdict(step, p) for step, p in judged] == [HELPED] * len(labels.SEEDS)
    assert min(step.difference for step, _ in few) > 0.35
    half = [found[f"810 examples instead of 400, same {steps} steps"] for steps in (50, 102)]
    for judged in half:
        assert len(judged) == len(labels.SEEDS)
        assert HELPED not in [verdict(step, p) for step, p in judged]
    assert abs(mean(step.difference for step, _ in half[0])) < 0.04
    epochs = found["810 examples instead of 400, same 2 epochs"]
    assert [verdict(step, p) for step, p in epochs] == [HELPED] * len(labels.SEEDS)
    by_steps, in_all = (mean(step.difference for step, _ in judged) for judged in (many, epochs))
    assert by_steps > 0.5 * in_all


def test_the_same_tickets_brought_the_medium_size_more_and_not_more_than_the_head():
    found = by_question(curve.upgraded(READINGS))
    for step, p in found["medium size instead of small, both trained"]:
        assert verdict(step, p) == HELPED and step.difference > 0.03
    for step, p in found["medium size trained, instead of the linear head"]:
        assert verdict(step, p) != HELPED


def test_in_fifty_steps_a_hundred_examples_are_nearly_as_good_as_four_hundred():
    found = {(each.examples, each.seed): each.accuracy for each in curve.lines(READINGS)[curve.FIXED_STEPS]}
    gains = {
        counts: mean(found[counts[1], seed] - found[counts[0], seed] for seed in labels.SEEDS)
        for counts in ((50, 100), (100, 400))
    }
    assert 0.03 < gains[50, 100] < 0.15 and abs(gains[100, 400]) < 0.08


def test_fifty_examples_go_a_long_way_when_they_are_seen_often_and_the_head_makes_as_much_of_them():
    fifty = {each.seed: each for each in curve.lines(READINGS)[curve.FIXED_STEPS] if each.examples == 50}
    heads = {each.seed: each for each in curve.lines(READINGS)[curve.HEADS] if each.examples == 50}
    assert set(fifty) == set(heads) == set(labels.SEEDS)
    assert mean(each.accuracy for each in fifty.values()) > 0.55 * WHOLE.accuracy
    assert all(labels.compared(fifty[seed], heads[seed]).direction != "better" for seed in labels.SEEDS)
