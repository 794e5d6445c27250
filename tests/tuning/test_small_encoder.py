"""The small encoder: trained for a few steps it learns, saved it comes back, damaged it is refused."""

import math
from pathlib import Path

import pytest

from course.errors import CourseError
from course.material.data import tickets
from course.measuring.evaluate import evaluate
from course.tuning import experiments, small_encoder
from course.tuning.chats import routing_chats
from tests import disk

pytestmark = pytest.mark.slow  # trains

TWO = ("cancellation", "plant_care")
TICKETS = [ticket for ticket in tickets("train") if ticket.queue in TWO]
TEST = [ticket for ticket in tickets("test") if ticket.queue in TWO]


@pytest.fixture(scope="module")
def encoder() -> small_encoder.Encoder:
    steps = []
    trained = small_encoder.train(routing_chats(TICKETS[:32]), epochs=3, batch=8, on_step=steps.append)
    assert [progress.step for progress in steps] == list(range(1, 13))
    assert steps[-1].loss < steps[0].loss and steps[-1].seconds_left == 0
    return trained


def test_it_learns_predicts_and_its_answers_to_every_test_ticket_are_kept(encoder):
    assert encoder.answers == TWO
    result = evaluate(TEST, encoder, name="encoder")
    assert result.valid == 1 and result.accuracy > 0.8
    assert encoder.predict([ticket.text for ticket in TEST]) == [row.reply for row in result.outcomes]
    rows = tickets("test")
    result = small_encoder.recorded(rows, "MiniLM fine-tuned")
    assert result.n == len(rows) and result.valid == 1 and result.badge_kind == "recorded reading"
    (sweep,) = [row for row in experiments.read() if row.name == experiments.ENCODER]
    # Another machine and another day, the same training: the same accuracy but for a few tickets.
    assert abs(result.right - sweep.right) <= 10
    replies = small_encoder.sweep(encoder)
    assert [reply.id for reply in replies] == [ticket.id for ticket in tickets("test")]
    assert {reply.queue for reply in replies} == set(TWO)
    assert {reply.train_seconds for reply in replies} == {encoder.seconds}


def test_saved_it_comes_back_and_a_damaged_or_missing_one_is_refused(encoder, results_dir: Path):
    texts = [ticket.text for ticket in TEST[:8]]
    folder = small_encoder.save(encoder, "two")
    assert small_encoder.save(encoder, "two") == folder
    again = small_encoder.load("two")
    assert again.predict(texts) == encoder.predict(texts)
    assert (again.answers, again.examples) == (encoder.answers, 32)
    assert [path.name for path in folder.parent.iterdir()] == ["two"]
    (folder / small_encoder.WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(CourseError, match="is damaged; train and save it again"):
        small_encoder.load("two")
    with pytest.raises(CourseError, match="There is no encoder 'none'"):
        small_encoder.load("none")


def test_a_full_disk_leaves_the_earlier_one(encoder, results_dir: Path, monkeypatch):
    small_encoder.save(encoder, "two")
    monkeypatch.setattr(Path, "write_bytes", disk.full)
    with pytest.raises(CourseError, match="Free 100 MB"):
        small_encoder.save(encoder, "two")
    assert small_encoder.load("two").answers == encoder.answers


def test_a_loss_that_is_no_number_ends_the_training(monkeypatch):
    sound = small_encoder.cross_entropy
    monkeypatch.setattr(small_encoder, "cross_entropy", lambda *given: math.nan * sound(*given))
    with pytest.raises(CourseError, match="not a number after step 0; lower the learning rate .0.0002."):
        small_encoder.train(routing_chats(TICKETS[:12]))


@pytest.mark.parametrize(
    ("chats", "values", "says"),
    [
        ([], {}, "There are 0 examples"),
        (routing_chats(TICKETS[:3]), {}, "There are 3 examples"),
        (routing_chats([row for row in TICKETS if row.queue == TWO[0]]), {}, "have the answer 'canc"),
        (routing_chats(TICKETS[:12]), {"epochs": 0}, "epochs is 0"),
    ],
)
def test_bad_input_is_refused(chats: list, values: dict, says: str):
    with pytest.raises(CourseError, match=says):
        small_encoder.train(chats, **values)
