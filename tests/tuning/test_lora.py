"""Training on a tiny model: loss, order, what is kept, what a stopped run continues, what is refused."""

import dataclasses
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import peft
import pytest
import torch
import transformers
from safetensors import safe_open
from torch.nn.functional import cross_entropy

from course.errors import CourseError
from course.tuning import adapters, lora
from course.tuning.chats import TrainingChat, write_chats
from course.tuning.lora import Settings, train
from tests import disk, tiny_model

pytestmark = pytest.mark.slow  # trains

SETTINGS = Settings(rank=4, alpha=8, batch=4, steps=8, look_every=2, checkpoint_every=2, dtype="float32")
CHATS, DEV = tiny_model.chats(24), tiny_model.chats(8)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(autouse=True)
def one_thread():
    """More threads cost more than they bring to a model this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def run(base: Path, results_dir: Path) -> Callable[..., adapters.Adapter]:
    """Train on the tiny model; what is not given is as usual, and settings may be given one by one."""

    def run(chats=CHATS, dev=DEV, *, name="letters", on_step=None, again=False, **settings):
        chosen = dataclasses.replace(SETTINGS, **settings)
        return train(name, chats, dev, settings=chosen, base=base, on_step=on_step, again=again)

    return run


def test_right_answers_are_those_that_greedy_decoding_gives(base):
    model = transformers.AutoModelForCausalLM.from_pretrained(base).eval()
    (chat,) = lora.encode(CHATS[:1], base)
    with torch.no_grad():
        greedy = []
        for _ in range(3):
            greedy.append(model(torch.tensor([chat.prompt + greedy])).logits[0, -1].argmax().item())
        asked = [chat._replace(answer=answer) for answer in (greedy, [*greedy[:-1], greedy[-1] ^ 1])]
        right = lora.AnswerLoss(model)(*lora.as_tensors(asked))[1]
    assert right.tolist() == [True, False]


def test_training_learns_and_the_card_tells_how(run, base, results_dir):
    seen: list[lora.Progress] = []
    adapter = run(steps=30, learning_rate=0.02, look_every=10, on_step=seen.append)
    card = adapter.card
    assert adapter.label == "letters-v1"
    assert [point[0] for point in card.losses] == list(range(1, 31))
    assert card.losses[-1][1] < card.losses[0][1] - 0.1
    assert [look[0] for look in card.dev] == [10, 20, 30]
    assert card.best_step == min(card.dev, key=lambda look: look[1])[0]
    assert (card.examples, card.steps, card.ended, card.base) == (24, 30, lora.COMPLETE, "tiny")
    assert card.base_sha256 == lora.Base.of(base).sha256
    assert [progress.step for progress in seen] == list(range(1, 31))
    assert seen[0].dev_loss is None and seen[-1].dev_loss == card.dev[-1][1]
    assert seen[-1].seconds_left == 0 and seen[0].seconds_left > 0
    assert "step 30 of 30: loss" in str(seen[-1])
    assert not list(results_dir.glob("adapters/.unfinished/*.checkpoint"))


def test_saved_weights_give_the_dev_loss_of_their_card(run, base):
    adapter = run()
    plain = transformers.AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager")
    tuned = peft.PeftModel.from_pretrained(plain, adapter.folder).eval()
    encoded = lora.encode(DEV, base)
    with torch.no_grad():
        summed = lora.AnswerLoss(tuned)(*lora.as_tensors(encoded))[0].item()
    best = min(look[1] for look in adapter.card.dev)
    assert summed / sum(len(chat.answer) for chat in encoded) == pytest.approx(best, abs=1e-4)


def test_same_run_again_gives_the_same_weights_and_no_new_version(run):
    first, again, other = run(), run(again=True), run(seed=2)
    assert again == first
    assert other.card.version == 2 and other.card.sha256 != first.card.sha256
    assert adapters.load("letters", 1) == first and adapters.load("letters") == other


def test_finished_run_is_returned_and_a_damaged_one_trained_again(run):
    first, other = run(), run(seed=2)
    steps: list[lora.Progress] = []
    assert run(on_step=steps.append) == first and steps == []
    first.weights.write_bytes(b"damaged")
    mended = run(on_step=steps.append)
    assert len(steps) == 8 and mended.card.version == 3 and mended.card.sha256 == first.card.sha256
    assert adapters.load("letters", 2) == other


def test_second_kernel_waits_for_the_first_and_trains_nothing(run, capsys):
    steps, second, pool = [], [], ThreadPoolExecutor(1)

    def begin_another(progress: lora.Progress) -> None:
        if progress.step == 1:
            second.append(pool.submit(run, on_step=steps.append))
            while "waiting for it" not in capsys.readouterr().out:
                time.sleep(0.01)

    first = run(on_step=begin_another)
    assert second[0].result() == first and steps == []


def _killed_at(step: int, base: Path, results: Path) -> None:
    os.environ["COURSE_RESULTS"] = str(results)

    def kill(progress: lora.Progress) -> None:
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    train("letters", CHATS, DEV, settings=SETTINGS, base=base, on_step=kill)


def test_killed_run_goes_on_at_its_checkpoint_and_ends_with_the_same_weights(run, base, results_dir):
    process = multiprocessing.get_context("spawn").Process(target=_killed_at, args=(7, base, results_dir))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    steps = []
    resumed = run(on_step=steps.append)
    assert [progress.step for progress in steps] == [7, 8]
    whole = run(name="whole")
    assert resumed.card.sha256 == whole.card.sha256
    assert resumed.card.losses == whole.card.losses and resumed.card.dev == whole.card.dev


def stop_at(step: int, error: type[BaseException]):
    def stop(progress: lora.Progress) -> None:
        if progress.step == step:
            raise error

    return stop


def test_interrupt_keeps_the_best_adapter_or_the_last_without_dev_chats_and_the_run_can_go_on(run):
    stopped = run(on_step=stop_at(5, KeyboardInterrupt))
    assert stopped.card.ended == lora.INTERRUPTED
    assert stopped.card.best_step in (2, 4) and stopped.card.steps == 5
    finished = run()
    assert (finished.card.version, finished.card.steps, finished.card.ended) == (2, 8, lora.COMPLETE)
    assert adapters.load("letters", 1) == stopped
    without_dev = run(dev=[], name="no-dev", on_step=stop_at(3, KeyboardInterrupt))
    assert (without_dev.card.best_step, without_dev.card.dev) == (3, [])


def test_checkpoint_of_other_data_or_settings_is_left_alone(run):
    run(on_step=stop_at(5, KeyboardInterrupt))
    for other in ({"chats": CHATS[:20]}, {"seed": 2}):
        steps: list[lora.Progress] = []
        run(**other, on_step=steps.append)
        assert steps[0].step == 1


def test_damaged_checkpoint_begins_anew(run, results_dir):
    run(on_step=stop_at(5, KeyboardInterrupt))
    (checkpoint,) = results_dir.glob("adapters/.unfinished/*.checkpoint")
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="training begins anew"):
        assert run().card.steps == 8


def test_training_stops_early_when_dev_gets_worse(run):
    wrong = [dataclasses.replace(chat, answer="z") for chat in DEV]
    adapter = run(dev=wrong, steps=80, learning_rate=0.02, patience=1)
    assert adapter.card.ended == lora.EARLY
    assert adapter.card.best_step < adapter.card.steps < 80


def poison(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The loss of training is not a number after so many steps."""
    sound, calls = lora.AnswerLoss.forward, []

    def forward(self, *arguments):
        figures = sound(self, *arguments)
        calls.extend([1] if self.training else [])
        return (figures[0] * math.nan, figures[1]) if len(calls) > after else figures

    monkeypatch.setattr(lora.AnswerLoss, "forward", forward)


@pytest.mark.parametrize(
    ("after", "best", "says"),
    [
        (5, [4], r"after step 5, and the best .* letters-v1. Lower .*0.001"),
        (0, [], "not a number after step 0, and no adapter was saved"),
    ],
)
def test_loss_that_is_no_number_keeps_the_best_adapter_if_there_is_one(run, monkeypatch, after, best, says):
    poison(monkeypatch, after)
    with pytest.raises(CourseError, match=says):
        run()
    kept = [adapters.load("letters", version) for version in adapters.versions("letters")]
    assert [adapter.card.best_step for adapter in kept] == best


def test_full_disk_leaves_the_previous_adapter_and_the_checkpoint(run, monkeypatch):
    before = run()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", disk.full)
        with pytest.raises(CourseError, match="Free 50 MB"):
            run(seed=2)
    assert adapters.load("letters") == before
    assert [path.name for path in before.folder.parent.iterdir()] == ["1"]
    steps: list[lora.Progress] = []
    after = run(seed=2, on_step=steps.append)
    assert after.card.version == 2 and steps == []


def test_full_disk_costs_a_checkpoint_and_not_the_run(run, monkeypatch):
    monkeypatch.setattr(torch, "save", disk.full)
    with pytest.warns(UserWarning, match="No checkpoint was written"):
        assert run().card.steps == 8


def third(**part: str) -> list[TrainingChat]:
    """The chats with another third one."""
    return [*CHATS[:2], dataclasses.replace(CHATS[2], **part), *CHATS[3:]]


@pytest.mark.parametrize(
    ("chats", "says"),
    [
        ([[]], "There are 0 examples .* at least 10"),
        ([CHATS[:9]], "There are 9 examples"),
        ([tiny_model.chats(12, "x")], "All 12 examples have the answer 'x'"),
        ([third(text="long " * 30)], r"Example 3 \('long .* tokens, and the model takes 128"),
        ([third(answer="x</s>")], "Example 3: its answer holds '</s>', a control token"),
        ([third(text="<s>x")], "Example 3: its text holds '<s>', a control token"),
        ([third(answer=" ")], "Example 3 has a blank answer"),
        ([third(system="")], "Example 3 has a blank system"),
        ([CHATS, third(answer=" ")], "The dev set: Example 3 has a blank answer"),
    ],
)
def test_data_that_cannot_be_trained_on(run, chats, says):
    with pytest.raises(CourseError, match=says):
        run(*chats)
    assert adapters.versions("letters") == []


def test_a_control_token_is_found_by_the_estimate_of_lengths_as_well(base):
    with pytest.raises(CourseError, match="Example 3: its answer holds '</s>', a control token"):
        lora.token_counts(third(answer="x</s>"), base)


def loss_of(model: torch.nn.Module, chat: lora.Encoded) -> float:
    """What transformers makes of the answer, summed over its tokens."""
    scores = model(torch.tensor([chat.prompt + chat.answer])).logits[0, :-1]
    return cross_entropy(scores[-len(chat.answer) :], torch.tensor(chat.answer), reduction="sum").item()


@pytest.mark.parametrize("family", tiny_model.FAMILIES)
@pytest.mark.parametrize("template", [tiny_model.TEMPLATE, tiny_model.NO_SYSTEM], ids=["system", "no system"])
def test_any_causal_model_trains_with_the_loss_of_transformers(family, template, tmp_path, results_dir):
    base = tiny_model.write(tmp_path / "base", family=family, template=template)
    model = transformers.AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager").eval()
    encoded = lora.encode(CHATS[:3], base)
    with torch.no_grad():
        summed = lora.AnswerLoss(model)(*lora.as_tensors(encoded))[0].item()
        assert summed == pytest.approx(sum(loss_of(model, chat) for chat in encoded), rel=1e-4)
    settings = dataclasses.replace(SETTINGS, steps=12, learning_rate=0.02)
    adapter = train(family, CHATS, settings=settings, base=base)
    assert adapter.card.losses[-1][1] < adapter.card.losses[0][1]
    prompt = transformers.AutoTokenizer.from_pretrained(base).decode(encoded[0].prompt)
    assert prompt in ("<s>ss</s><s>uxxx 0</s><s>a", "<s>us\n\nxxx 0</s><s>a")


def test_a_model_without_a_longest_text_takes_long_ones(tmp_path):
    base = tiny_model.write(tmp_path / "base", family="bloom")
    assert lora.context_tokens(base) is None
    (long,) = lora.encode([dataclasses.replace(CHATS[0], text="long " * 100)], base)
    assert long.length > 500


def test_a_folder_without_a_model_or_with_one_that_cannot_be_trained_on_is_refused(tmp_path, results_dir):
    no_end = tiny_model.write(tmp_path / "no-end", end=None)
    with pytest.raises(CourseError, match="names no eos_token"):
        train("letters", CHATS, base=no_end)
    no_user = tiny_model.write(tmp_path / "no-user", template="{{ raise_exception('never') }}")
    with pytest.raises(CourseError, match=r"takes no user turn \(never\)"):
        train("letters", CHATS, base=no_user)
    sequences = tiny_model.write(tmp_path / "sequences")
    transformers.T5ForConditionalGeneration(
        transformers.T5Config(vocab_size=300, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    ).save_pretrained(sequences)
    with pytest.raises(CourseError, match="transformers cannot load the model in"):
        train("letters", CHATS, base=sequences)
    with pytest.raises(CourseError, match="holds no model: choose a folder with config.json"):
        train("letters", CHATS, DEV, settings=SETTINGS, base=tmp_path)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"rank": 0}, "rank is 0"),
        ({"batch": -1}, "batch is -1"),
        ({"steps": 0}, "steps is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"warmup": 1.0}, "warmup is 1.0"),
        ({"dtype": "int8"}, "dtype is 'int8'"),
    ],
)
def test_settings_that_cannot_be(values, says):
    with pytest.raises(CourseError, match=says):
        Settings(**values)


def test_only_the_layers_that_are_named_get_an_adapter_and_one_that_is_not_there_is_refused(run):
    every, narrow = run(steps=2), run(steps=2, layers="q_proj,v_proj")
    with safe_open(narrow.weights, "np") as file:
        trained = {key.split(".lora_")[0].rpartition(".")[2] for key in file.keys()}
    assert trained == {"q_proj", "v_proj"}
    assert 0 < narrow.numbers < every.numbers and narrow.card.run != every.card.run
    with pytest.raises(CourseError, match="layers names 'nothing', .* no such layer; name some of .*q_proj"):
        run(layers="q_proj,nothing")


def test_batches_hold_every_example_once_and_the_learning_rate_rises_and_falls():
    lengths = [10 + number % 40 for number in range(203)]
    found = lora.batches(lengths, 16, seed=1, epoch=0)
    assert sorted(place for batch in found for place in batch) == list(range(203))
    assert sum(len(batch) < 16 for batch in found) == 1
    padded = sum(len(batch) * max(lengths[place] for place in batch) for batch in found)
    assert padded < 1.15 * sum(lengths)
    assert found == lora.batches(lengths, 16, seed=1, epoch=0)
    assert found != lora.batches(lengths, 16, seed=1, epoch=1)
    factors = [lora.rate_factor(step, 100, 0.06) for step in range(100)]
    assert max(factors) == 1 and factors.index(1) == 5
    assert factors[:6] == sorted(factors[:6]) and factors[6:] == sorted(factors[6:], reverse=True)
    assert 0 < factors[-1] < 0.02
    assert lora.rate_factor(0, 1, 0.0) == 1


def test_command_line_trains_on_files(base, results_dir, tmp_path, capsys):
    write_chats(CHATS, tmp_path / "train.jsonl")
    words = ["letters", "--train", str(tmp_path / "train.jsonl"), "--base", str(base), "--steps", "6"]
    lora.main(words)
    assert "step 6 of 6" in capsys.readouterr().out
    assert adapters.load("letters").card.examples == 24


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["letters", "--dev", "dev.jsonl"], "--dev is given without --train"),
        (["letters", "--train", "none.jsonl"], "none.jsonl is missing"),
        (["Not a name"], "'Not a name' cannot name an adapter"),
        (["letters", "--rank", "0"], "rank is 0"),
    ],
)
def test_command_line_says_what_is_wrong(words, says, results_dir):
    with pytest.raises(SystemExit, match=says):
        lora.main(words)


def test_two_processes_of_accelerate_train_like_one(base, results_dir, tmp_path):
    write_chats(CHATS, tmp_path / "train.jsonl")
    write_chats(DEV, tmp_path / "dev.jsonl")
    words = ["--train", tmp_path / "train.jsonl", "--dev", tmp_path / "dev.jsonl", "--base", base]
    words += ["--steps", "8", "--batch", "5", "--dtype", "float32"]
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    together = [*launch, "-m", "course.tuning.lora", "two", *map(str, words)]
    subprocess.run(together, check=True, timeout=180, capture_output=True)
    lora.main(["one", *map(str, words)])
    one, two = adapters.load("one").card, adapters.load("two").card
    assert [loss for _, loss in two.losses] == pytest.approx([loss for _, loss in one.losses], rel=1e-3)
    assert two.dev[-1][1] == pytest.approx(one.dev[-1][1], rel=1e-3)
