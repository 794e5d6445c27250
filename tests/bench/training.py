"""`make bench`: tokens per second of our training against transformers' Trainer at its defaults.

Same model, same LoRA, same chats, loss on the same tokens. Ours projects onto the vocabulary at the answer
alone, puts like lengths together and keeps the frozen weights in the dtype that is faster here. The parts run
in processes of their own and in turn, and the best of each counts. Padding is not counted as tokens.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

EXAMPLES, ROUNDS = 96, 2
WARM_UP = 16  # examples before the clock starts


def main() -> None:
    """Measure one part and print it as JSON, or all parts and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", nargs="?", choices=PARTS, help="one part, as JSON (default: all)")
    part = parser.parse_args().part
    if part:
        print(json.dumps(PARTS[part]()))
        return
    rounds = [{name: _in_own_process(name) for name in PARTS} for _ in range(ROUNDS)]
    print(report({name: max(one[name] for one in rounds) for name in PARTS}))


def report(speeds: dict[str, float]) -> str:
    """The measurements as text. `speeds`: part -> tokens per second."""
    slowest = speeds["trainer"]
    lines = [f"Tokens per second of LoRA training (times transformers' Trainer): {EXAMPLES} tickets"]
    lines += [f"  {LABELS[name]:<40} {speed:6.0f} ({speed / slowest:4.2f})" for name, speed in speeds.items()]
    return "\n".join(lines)


def measure_ours(dtype: str) -> float:
    """Tokens per second of course.tuning.lora with batches of 16."""
    from course.tuning import lora

    chats = _chats()
    ended: list[float] = []
    settings = lora.Settings(epochs=1, dtype=dtype, checkpoint_every=EXAMPLES)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_RESULTS"] = folder
        lora.train("bench", chats, settings=settings, on_step=lambda _: ended.append(time.perf_counter()))
    lengths = lora.token_counts(chats)
    order = lora.batches(lengths, settings.batch, settings.seed, 0)
    warm = WARM_UP // settings.batch
    return sum(lengths[place] for batch in order[warm:] for place in batch) / (ended[-1] - ended[warm - 1])


def measure_trainer() -> float:
    """Tokens per second of transformers' Trainer with peft: fp32, batches of 8 in random order."""
    import peft
    import transformers

    from course.tuning import lora
    from course.tuning.plain_weights import plain_folder

    encoded = lora.encode(_chats(), plain_folder())
    rows = [
        {"input_ids": chat.prompt + chat.answer, "labels": [-100] * len(chat.prompt) + chat.answer}
        for chat in encoded
    ]
    tokenizer = transformers.AutoTokenizer.from_pretrained(plain_folder())
    model = transformers.AutoModelForCausalLM.from_pretrained(plain_folder())
    lora = peft.LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    collate = transformers.DataCollatorForSeq2Seq(tokenizer)
    lengths: list[int] = []
    ended: list[float] = []

    def counted(batch: list[dict]) -> dict:
        lengths.append(sum(len(row["input_ids"]) for row in batch))
        return collate(batch)

    class Clock(transformers.TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            ended.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        asked = transformers.TrainingArguments(
            folder, num_train_epochs=1, use_cpu=True, report_to=[], save_strategy="no"
        )
        transformers.Trainer(
            peft.get_peft_model(model, lora), asked, counted, rows, callbacks=[Clock()]
        ).train()
    warm = WARM_UP // asked.per_device_train_batch_size
    return sum(lengths[warm : len(ended)]) / (ended[-1] - ended[warm - 1])


def _chats() -> list:
    from course.material.data import tickets
    from course.tuning.chats import routing_chats

    return routing_chats(tickets("train")[:EXAMPLES])


def _in_own_process(part: str) -> float:
    print(f"measuring {part}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.bench.training", part]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])


PARTS: dict[str, Callable[[], float]] = {
    "ours": lambda: measure_ours("auto"),
    "ours-fp32": lambda: measure_ours("float32"),
    "trainer": measure_trainer,
}
LABELS = {
    "ours": "course.finetune, the faster dtype",
    "ours-fp32": "course.finetune, fp32",
    "trainer": "transformers' Trainer at its defaults",
}

if __name__ == "__main__":
    main()
