"""Training by pairs on a tiny model: the loss, the reference, what moves, and what is refused."""

import dataclasses
import math

import pytest
import torch
import transformers

from course.errors import CourseError
from course.tuning import adapters, dpo, lora, preference
from course.tuning.preference import RIGHT_ALONE, PreferencePair, PreferenceSettings, PreferenceStep, as_chats
from course.tuning.training import Settings
from tests import tiny_model

pytestmark = pytest.mark.slow  # loads torch and trains

PAIRS = [PreferencePair(str(number), f"note {number}", "x" * 3, "y" * 4) for number in range(24)]
SETTINGS = PreferenceSettings(batch=4, learning_rate=0.02)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory):
    return tiny_model.write(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(autouse=True)
def short_instruction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model takes 128 tokens, and each byte is one."""
    monkeypatch.setattr(preference, "system_of", lambda rung: "s")


@pytest.fixture
def start(base, results_dir) -> adapters.Adapter:
    settings = Settings(rank=4, alpha=8, batch=4, steps=4, dtype="float32")
    return lora.train("start", tiny_model.chats(24), settings=settings, base=base)


def gains(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, requires_grad=True)


def test_without_a_gain_the_loss_is_log_2_whatever_beta_is():
    for beta in (0.1, 1, 10):
        assert dpo.preference_loss(gains(0, 0), gains(0, 0), beta).item() == pytest.approx(math.log(2))


def test_the_loss_is_that_of_the_difference_of_the_gains():
    for chosen, rejected, beta in ((1, -2, 0.5), (-3, 1, 0.1), (4, 4, 1)):
        known = math.log1p(math.exp(-beta * (chosen - rejected)))
        assert dpo.preference_loss(gains(chosen), gains(rejected), beta).item() == pytest.approx(known)
    both = dpo.preference_loss(gains(1, -3), gains(-2, 1), 0.5).item()
    alone = [dpo.preference_loss(gains(a), gains(b), 0.5).item() for a, b in ((1, -2), (-3, 1))]
    assert both == pytest.approx(sum(alone) / 2)


def test_a_step_against_the_gradient_lifts_the_chosen_and_lowers_the_rejected():
    chosen, rejected = gains(0.0), gains(0.0)
    dpo.preference_loss(chosen, rejected, beta=0.1).backward()
    assert chosen.grad.item() == pytest.approx(-0.05) and rejected.grad.item() == pytest.approx(0.05)


def test_a_pair_that_is_far_apart_moves_little_more():
    pull = []
    for margin in (-20.0, 0.0, 20.0):
        chosen = gains(margin)
        dpo.preference_loss(chosen, gains(0.0), beta=1).backward()
        pull.append(-chosen.grad.item())
    assert pull[0] > 0.99 and pull[1] == pytest.approx(0.5) and 0 < pull[2] < 0.01


def test_the_log_probability_of_an_answer_is_the_sum_over_its_tokens(base):
    model = transformers.AutoModelForCausalLM.from_pretrained(base).eval()
    encoded = lora.encode(as_chats(PAIRS[:2])[0] + as_chats(PAIRS[:2])[1], base)
    with torch.no_grad():
        found = dpo.log_probabilities(lora.AnswerLoss(model), encoded)
        for chat, each in zip(encoded, found.tolist(), strict=True):
            scores = model(torch.tensor([chat.prompt + chat.answer])).logits[0].log_softmax(-1)
            places = range(len(chat.prompt) - 1, chat.length - 1)
            known = sum(scores[place, token] for place, token in zip(places, chat.answer, strict=True))
            assert each == pytest.approx(known.item(), abs=1e-3)


def trained(base, start, **settings) -> tuple[adapters.Adapter, list[PreferenceStep]]:
    seen: list[PreferenceStep] = []
    chosen = dataclasses.replace(SETTINGS, **settings)
    return dpo.train("preferred", PAIRS, start, chosen, base=base, on_step=seen.append), seen


def test_training_by_pairs_begins_at_the_start_and_parts_the_replies(base, start):
    before = start.weights.read_bytes()
    adapter, seen = trained(base, start)
    assert [step.step for step in seen] == [1, 2, 3, 4, 5, 6]
    assert seen[0].loss == pytest.approx(math.log(2), abs=1e-4)
    assert abs(seen[0].chosen) < 1e-3 and abs(seen[0].rejected) < 1e-3
    assert seen[-1].loss < seen[0].loss and seen[-1].chosen > seen[-1].rejected
    assert seen[-1].preferred == 1 and seen[-1].seconds_left == 0
    card = adapter.card
    assert (card.examples, card.steps, card.settings["start"]) == (24, 6, start.card.sha256)
    assert adapter.scale == start.scale
    assert start.weights.read_bytes() == before != adapter.weights.read_bytes()


def test_the_right_replies_alone_become_likelier_and_nothing_is_said_of_the_others(base, start):
    _, seen = trained(base, start, way=RIGHT_ALONE)
    assert seen[-1].chosen > seen[0].chosen and seen[-1].loss < seen[0].loss


def test_a_finished_run_is_returned_and_another_setting_is_another_run(base, start):
    first, _ = trained(base, start)
    again, seen = trained(base, start)
    other, _ = trained(base, start, beta=0.5)
    assert (again, seen) == (first, []) and other.card.run != first.card.run


def test_what_cannot_be_trained_is_named_and_nothing_is_saved(base, start, tmp_path):
    with pytest.raises(CourseError, match="0 pairs"):
        dpo.train("preferred", [], start, SETTINGS, base=base)
    with pytest.raises(CourseError, match="control token"):
        dpo.train("preferred", [dataclasses.replace(PAIRS[0], rejected="</s>")], start, SETTINGS, base=base)
    with pytest.raises(CourseError, match="does not fit other"):
        dpo.train("preferred", PAIRS, start, SETTINGS, base=tiny_model.write(tmp_path / "other", seed=1))
    assert not adapters.versions("preferred")


def test_a_loss_that_is_not_a_number_ends_the_run(base, start, monkeypatch):
    monkeypatch.setattr(dpo, "preference_loss", lambda *given: torch.tensor(math.nan))
    with pytest.raises(CourseError, match="not a number in step 1"):
        trained(base, start)
    assert not adapters.versions("preferred")
