"""A training's curves and words, from its steps and from its card."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.tuning.adapters import Card
from course.tuning.training import COMPLETE, INTERRUPTED, Look, Progress
from widgets.lessons.training_model import SMOOTHED_OVER, Training, looks_in_words, step_in_words, summary


def progress(step: int, loss: float = 1.0, dev: tuple[float, float] | None = None) -> Progress:
    return Progress(step, 40, loss, *(dev or (None, None)), 250.0, 3.0 * (40 - step))


def card(**changes) -> Card:
    told = dict.fromkeys(("sha256", "base", "base_sha256", "data_sha256", "run", "dtype", "machine"), "a")
    told |= {"name": "routing", "version": 1, "examples": 33, "steps": 6, "best_step": 4, "ended": COMPLETE}
    told |= {"settings": {"steps": None, "epochs": 2, "batch": 16}, "seconds": 9.0, "date": "2026-11-21"}
    told |= {"losses": [[n, 7.0 / n] for n in range(1, 7)], "dev": [[4, 0.5, 0.75], [6, 0.6, 0.7]]}
    return Card(**(told | {"tokens_per_second": 250.0, "cores": 2} | changes))


def test_a_card_and_new_looks_give_the_training():
    training = Training()
    for step in (progress(1, 7.0), progress(2, 5.0, (0.4, 0.5)), progress(3, 4.0, (0.4, 0.5))):
        training = training.after(step)
    assert training.losses == ((1, 7.0), (2, 5.0), (3, 4.0))
    assert training.looks == (Look(2, 0.4, 0.5),)
    assert training.after(progress(4, 3.0, (0.3, 0.5))).looks[-1] == Look(4, 0.3, 0.5)
    looks = tuple(Look(step, 0.3, 0.7) for step in (25, 50, 75, 100, 102))
    assert [look.step for look in Training(steps=102, looks=looks).named_looks] == [25, 50, 75, 102]
    assert Training(steps=102).named_looks == []
    training = Training.of_card(card())
    assert (training.steps, len(training.losses), training.looks[0]) == (6, 6, Look(4, 0.5, 0.75))
    assert Training.of_card(card(settings={"steps": 8, "epochs": 2, "batch": 16})).steps == 8


@given(st.lists(st.floats(0.001, 20), min_size=1, max_size=60))
def test_the_smoothed_loss_stays_within_the_losses_and_ends_at_the_last_mean(losses):
    smoothed = Training(losses=tuple(enumerate(losses, start=1))).smoothed
    assert [step for step, _ in smoothed] == list(range(1, len(losses) + 1))
    assert all(min(losses) - 1e-9 <= loss <= max(losses) + 1e-9 for _, loss in smoothed)
    last = losses[-SMOOTHED_OVER:]
    assert smoothed[-1][1] == pytest.approx(sum(last) / len(last))


def test_the_words_say_how_far_it_is_what_is_not_there_yet_and_how_it_ended():
    training = Training().after(progress(1, 7.0)).after(progress(10, 0.51, (0.4, 0.57)))
    for part in ("Step 10 of 40", "0.510", "250 tokens a second", "1 min 30 s left"):
        assert part in step_in_words(training)
    assert looks_in_words(training) == "Dev tickets after step 10: loss 0.400, 57% right."
    assert "7.00 at step 1" in summary(training) and "dev loss is 0.400" in summary(training)
    assert "No step" in step_in_words(Training()) and "nothing yet" in summary(Training())
    assert looks_in_words(Training().after(progress(1))) == "No look at the dev tickets yet."
    done = Training.of_card(card())
    assert "left" not in step_in_words(done)
    assert looks_in_words(done).endswith("All steps done. The weights of step 4 are kept.")
    stopped = Training.of_card(card(ended=INTERRUPTED, dev=[], best_step=6))
    said = "Interrupted. The weights of step 6 are kept. Run the cell again and it continues."
    assert looks_in_words(stopped) == said
