"""`make bench`: tokens per second and memory of our training against transformers' Trainer, tuned fairly.

Same model, same LoRA, same chats, loss on the same tokens. "trainer" is Trainer with everything that can be
set: the same batches of like lengths, the same padding, dtype, attention, threads and rounding of denormal
numbers. "trainer-loss" has our loss as its model besides, which projects onto the vocabulary at the answer
alone: what is left between that and ours is the loop itself. The parts run in processes of their own and in
turn, and the fastest and the largest of each count. Padding is not counted as tokens. The memory is all that
the process held at its peak, with Python and PyTorch, and grows with the longest chat of a batch.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from course.tuning.speed import DEFAULTS, OURS, TRAINER, TRAINER_LOSS, keep

EXAMPLES, ROUNDS = 96, 2
WARM_UP = 16  # examples before the clock starts


class MeasuredTraining(NamedTuple):
    """Tokens per second of a part, and the peak resident memory of its process."""

    speed: float
    peak_mb: float


def main() -> None:
    """Measure one part and print it as JSON, or all parts and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", nargs="?", choices=PARTS, help="one part, as JSON (default: all)")
    parser.add_argument("--keep", action="store_true", help="write it for the lessons, too: data/measured/")
    given = parser.parse_args()
    if given.part:
        speed = PARTS[given.part]()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(MeasuredTraining(speed, peak_mb)))
        return
    rounds = [{name: _in_own_process(name) for name in PARTS} for _ in range(ROUNDS)]
    found = {name: [one[name] for one in rounds] for name in PARTS}
    speeds = {name: max(each.speed for each in of) for name, of in found.items()}
    peaks = {name: max(each.peak_mb for each in of) for name, of in found.items()}
    print(report({name: MeasuredTraining(speeds[name], peaks[name]) for name in PARTS}))
    if given.keep:
        keep(speeds)


def report(parts: Mapping[str, MeasuredTraining]) -> str:
    """The measurements as text."""
    lines = [
        f"LoRA training of {EXAMPLES} tickets: tokens per second (times Trainer at its best setting), "
        "and peak memory of the process"
    ]
    for name, (speed, peak_mb) in parts.items():
        times = speed / parts[TRAINER].speed
        lines.append(f"  {LABELS[name]:<52} {speed:6.1f} ({times:4.2f}) {peak_mb:7,.0f} MB")
    return "\n".join(lines)


def measure_ours() -> float:
    """Tokens per second of course.tuning.lora with batches of 16, in the dtype that is faster here."""
    from course.tuning import lora

    chats = _chats()
    ended: list[float] = []
    settings = lora.Settings(epochs=1, checkpoint_every=EXAMPLES)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_RESULTS"] = folder
        lora.train("bench", chats, settings=settings, on_step=lambda _: ended.append(time.perf_counter()))
    lengths = lora.token_counts(chats)
    order = lora.batches(lengths, settings.batch, settings.seed, 0)
    return _speed([[lengths[place] for place in batch] for batch in order], ended)


def measure_trainer(own_loss: bool = False) -> float:
    """The same of Trainer at its best setting, `own_loss` with our loss as its model."""
    import torch
    import transformers

    from course.tuning import lora
    from course.tuning.plain_weights import plain_folder

    torch.set_flush_denormal(True)
    settings = lora.Settings()
    encoded = lora.encode(_chats(), plain_folder())
    order = lora.batches([chat.length for chat in encoded], settings.batch, settings.seed, 0)
    in_order = [encoded[place] for batch in order for place in batch]
    model = _with_adapter(
        dtype=getattr(torch, lora.faster_dtype(torch.device("cpu"))), attn_implementation="eager"
    )
    chosen = {"per_device_train_batch_size": settings.batch, "train_sampling_strategy": "sequential"}
    if not own_loss:
        collate = transformers.DataCollatorForSeq2Seq(_tokenizer(), pad_to_multiple_of=lora.PAD_TO)
        return _trained(model, [_row(chat) for chat in in_order], collate, **chosen)

    class MeanLoss(lora.AnswerLoss):
        def forward(self, rows: Any, places: Any, targets: Any) -> Any:
            return (super().forward(rows, places, targets)[0] / len(targets),)

    def collate_answers(chats: Sequence[lora.Encoded]) -> dict:
        return dict(zip(("rows", "places", "targets"), lora.as_tensors(chats), strict=True))

    return _trained(MeanLoss(model), in_order, collate_answers, remove_unused_columns=False, **chosen)


def measure_defaults() -> float:
    """The same of Trainer as it comes: fp32, batches of 8 in random order, padded to the longest."""
    import transformers

    from course.tuning import lora
    from course.tuning.plain_weights import plain_folder

    rows = [_row(chat) for chat in lora.encode(_chats(), plain_folder())]
    return _trained(_with_adapter(), rows, transformers.DataCollatorForSeq2Seq(_tokenizer()))


def _trained(model: Any, rows: Sequence, collate: Callable[[Any], dict], **chosen: Any) -> float:
    import transformers

    lengths: list[list[int]] = []
    ended: list[float] = []

    def counted(batch: list) -> dict:
        lengths.append([_length(row) for row in batch])
        return collate(batch)

    class Clock(transformers.TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            ended.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        asked = transformers.TrainingArguments(
            folder, num_train_epochs=1, use_cpu=True, report_to=[], save_strategy="no", **chosen
        )
        transformers.Trainer(model, asked, counted, rows, callbacks=[Clock()]).train()
    return _speed(lengths[: len(ended)], ended)


def _speed(lengths: Sequence[Sequence[int]], ended: Sequence[float]) -> float:
    """Tokens per second. `lengths`: those of each batch; `ended`: when each was done."""
    warm = WARM_UP // len(lengths[0])
    return sum(sum(batch) for batch in lengths[warm:]) / (ended[-1] - ended[warm - 1])


def _with_adapter(**loading: Any) -> Any:
    import peft
    import transformers

    from course.tuning.plain_weights import plain_folder

    model = transformers.AutoModelForCausalLM.from_pretrained(plain_folder(), **loading)
    lora = peft.LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    return peft.get_peft_model(model, lora)


def _tokenizer() -> Any:
    import transformers

    from course.tuning.plain_weights import plain_folder

    return transformers.AutoTokenizer.from_pretrained(plain_folder())


def _row(chat: Any) -> dict:
    return {"input_ids": chat.prompt + chat.answer, "labels": [-100] * len(chat.prompt) + chat.answer}


def _length(row: Any) -> int:
    return len(row["input_ids"]) if isinstance(row, dict) else row.length


def _chats() -> list:
    from course.material.data import tickets
    from course.tuning.chats import routing_chats

    return routing_chats(tickets("train")[:EXAMPLES])


def _in_own_process(part: str) -> MeasuredTraining:
    print(f"measuring {part}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.bench.training", part]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return MeasuredTraining(*json.loads(done.stdout.splitlines()[-1]))


PARTS: dict[str, Callable[[], float]] = {
    OURS: measure_ours,
    TRAINER: measure_trainer,
    TRAINER_LOSS: partial(measure_trainer, own_loss=True),
    DEFAULTS: measure_defaults,
}
LABELS = {
    OURS: "course.tuning.lora",
    TRAINER: "Trainer, its best setting",
    TRAINER_LOSS: "Trainer, its best setting, and our loss",
    DEFAULTS: "Trainer as it comes",
}

if __name__ == "__main__":
    main()
