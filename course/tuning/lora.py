"""LoRA training of a small causal model on chats, on a CPU in minutes; `accelerate launch` puts it on GPUs.

`python -m course.tuning.lora` trains on the course's tickets or on files of chats. Loss and vocabulary
projection are computed at the tokens of the answer alone, which are a tenth of all tokens here.
"""

import argparse
import ctypes
import hashlib
import json
import math
import os
import random
import time
import timeit
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import accelerate
import peft
import torch
import transformers
from accelerate.utils import broadcast_object_list
from jinja2 import TemplateError
from torch.nn.functional import cross_entropy, linear

from course.engine import weights
from course.engine.sizes import LocalModel
from course.errors import CourseError, as_command
from course.files import locked, replacing
from course.material.data import tickets
from course.measuring.provenance import here
from course.tuning import adapters
from course.tuning.adapters import Adapter, Card
from course.tuning.chats import (
    Chats,
    TrainingChat,
    blank_part,
    data_hash,
    read_chats,
    routing_chats,
)
from course.tuning.plain_weights import plain_folder
from course.tuning.training import (
    ALL_LAYERS,
    COMPLETE,
    DTYPES,
    EARLY,
    INTERRUPTED,
    Look,
    Progress,
    Settings,
    check_trainable,
    print_progress,
)

# peft asks transformers for an attribute by its old name, and a reader can do nothing about it.
warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)

PAD_TO = 16  # tokens: each new length has the processor's kernels made anew, which takes longer than padding
METHOD = 1  # part of the run's hash: a checkpoint of another method of training is not continued
FOREVER = -1.0  # for a lock
_OMP_PAUSE_HARD = 2  # from omp.h

Step = TypeVar("Step")


class Encoded(NamedTuple):
    """A chat in tokens: what the model reads, and what it is to write, its end token included."""

    prompt: list[int]
    answer: list[int]

    @property
    def length(self) -> int:
        """Tokens of both."""
        return len(self.prompt) + len(self.answer)


def train(
    name: str,
    chats: Chats,
    dev: Chats = (),
    *,
    settings: Settings | None = None,
    base: Path | LocalModel | None = None,
    on_step: Callable[[Progress], None] | None = None,
    again: bool = False,
) -> Adapter:
    """Train an adapter and save its best weights by dev loss, else its last, as a new version of `name`.

    `base` is a local model, by default the small one, or a folder with any causal model in the form of
    transformers.
    The same run (data, settings, base) is returned where it was finished, unless `again`; goes on from its
    checkpoint where it was killed; is waited for where another kernel takes it. Ctrl-C saves the best adapter
    so far, and so does the CourseError about a loss that is not a number.
    """
    settings = settings or Settings()
    adapters.checked_name(name)
    check_trainable(chats)
    if fault := blank_part(dev):
        raise CourseError(f"The dev set: {fault}")
    below = Base.of(base)
    run_id = _run_id(chats, dev, settings, below)
    with _one_at_a_time(name, run_id):
        if not again and (found := finished(name, run_id)):
            return found
        run = _Run(name, chats, dev, settings, below, run_id)
        try:
            for progress in in_own_thread(run.take_steps(), run.accelerator.device):
                if on_step:
                    on_step(progress)
        except KeyboardInterrupt:
            if run.step == 0:
                raise
            run.ended = INTERRUPTED
        except _NoNumber:
            run.fail()
        return run.save()


@dataclass(frozen=True)
class Base:
    """The model to train on: a folder or a local model, its name, and the hash of its weights."""

    chosen: Path | LocalModel
    name: str
    sha256: str

    @property
    def folder(self) -> Path:
        """Where transformers finds it. The small model is written there at the first call, in 20 s."""
        return self.chosen if isinstance(self.chosen, Path) else plain_folder(self.chosen)

    @classmethod
    def of(cls, base: Path | LocalModel | None) -> "Base":
        """The model in that folder, or the local one, by default the small one."""
        if not isinstance(base, Path):
            model = base or weights.chosen_model("small")
            source = weights.gguf_path(model)
            return cls(model, source.stem, weights.file_hash(source))
        folder = base
        files = sorted(folder.glob("*.safetensors"))
        if not (folder / "config.json").is_file() or not files:
            raise CourseError(
                f"{folder} holds no model: choose a folder with config.json and the weights as safetensors."
            )
        hashes = "".join(weights.file_hash(file) for file in files)
        return cls(folder, folder.name, hashlib.sha256(hashes.encode()).hexdigest())


def encode(chats: Chats, base: Path) -> list[Encoded]:
    """Chats in tokens, with the template of the model in that folder. CourseError when one is too long."""
    encoded, limit = _encode(chats, base), context_tokens(base)
    for number, (chat, tokens) in enumerate(zip(chats, encoded, strict=True), start=1):
        if limit is not None and tokens.length > limit:
            raise CourseError(
                f"Example {number} ({chat.text[:40]!r}...) has {tokens.length} tokens, and the model takes "
                f"{limit}; shorten it or leave it out."
            )
    return encoded


def token_counts(chats: Chats, base: Path | LocalModel | None = None) -> list[int]:
    """How many tokens each chat has with its answer, for a base as `train` takes it."""
    return [chat.length for chat in _encode(chats, Base.of(base).folder)]


def context_tokens(base: Path) -> int | None:
    """How many tokens the model in that folder takes; None where it names no limit, as with ALiBi."""
    config = transformers.AutoConfig.from_pretrained(base, local_files_only=True)
    return getattr(config.get_text_config(), "max_position_embeddings", None)


def _encode(chats: Chats, base: Path) -> list[Encoded]:
    if not chats:
        return []
    tokenizer = _tokenizer(base)
    for number, chat in enumerate(chats, start=1):
        for name, part in vars(chat).items():
            if control := next((token for token in tokenizer.all_special_tokens if token in part), None):
                raise CourseError(
                    f"Example {number}: its {name} holds {control!r}, a control token of the model; "
                    "write it otherwise or leave the example out."
                )
    prompts = [_prompt(tokenizer, chat) for chat in chats]
    read = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    written = tokenizer([chat.answer for chat in chats], add_special_tokens=False)["input_ids"]
    end = tokenizer.eos_token_id
    return [Encoded(prompt, [*answer, end]) for prompt, answer in zip(read, written, strict=True)]


def _tokenizer(base: Path) -> transformers.PreTrainedTokenizerBase:
    """The tokenizer of the model in that folder. CourseError when chats cannot be put into tokens by it."""
    with _named_faults(base):
        tokenizer = transformers.AutoTokenizer.from_pretrained(base, local_files_only=True)
    if not tokenizer.chat_template:
        raise CourseError(f"The model in {base} has no chat template; choose one that is trained to chat.")
    if tokenizer.eos_token_id is None:
        raise CourseError(
            f"The tokenizer in {base} names no eos_token, so no answer would end; "
            "set it in tokenizer_config.json."
        )
    return tokenizer


def _prompt(tokenizer: transformers.PreTrainedTokenizerBase, chat: TrainingChat) -> str:
    """What the model reads. A template without a system role gets the instruction before the text."""
    render = partial(tokenizer.apply_chat_template, tokenize=False, add_generation_prompt=True)
    with suppress(TemplateError):
        prompt = str(render(chat.messages[:-1]))
        if chat.system.strip() in prompt:
            return prompt
    try:
        return str(render([{"role": "user", "content": f"{chat.system}\n\n{chat.text}"}]))
    except TemplateError as error:
        raise CourseError(
            f"The chat template of {tokenizer.name_or_path} takes no user turn ({error}); "
            "choose a model that is trained to chat."
        ) from None


@contextmanager
def _named_faults(base: Path) -> Iterator[None]:
    """What transformers raises on a model that it cannot load, as one sentence."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
        cause = " ".join(str(error).split())[:150]
        raise CourseError(
            f"transformers cannot load the model in {base} ({cause}); choose a causal model that was saved "
            "with its tokenizer."
        ) from None


def batches(lengths: Sequence[int], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Places of the examples in batches of like lengths, in an order that seed and epoch decide.

    Shuffled, cut into pools of eight batches, sorted by length within each: little padding, and yet other
    company for each example in each epoch.
    """
    draw = random.Random(f"{seed} {epoch}")
    order = list(range(len(lengths)))
    draw.shuffle(order)
    pools = [order[start : start + 8 * size] for start in range(0, len(order), 8 * size)]
    by_length = [place for pool in pools for place in sorted(pool, key=lambda place: lengths[place])]
    found = [by_length[start : start + size] for start in range(0, len(by_length), size)]
    draw.shuffle(found)
    return found


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """The share of the highest learning rate at a step (from 0): up in a line, then down to 0 in a line."""
    rising = max(1, math.ceil(warmup * steps))
    return (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)


@cache
def faster_dtype(device: torch.device) -> str:
    """Which of DTYPES is faster: on a GPU bfloat16 where it has it, on a CPU only when it clearly is.

    Asked once, so that the trainings of one notebook can be compared.
    """
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    seconds = {}
    for name in DTYPES:
        dtype = getattr(torch, name)
        rows, matrix = torch.ones(512, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
        seconds[name] = min(timeit.repeat(partial(linear, rows, matrix), number=1, repeat=3))
    return "bfloat16" if seconds["bfloat16"] < 0.7 * seconds["float32"] else "float32"


def causal_model(base: Base, dtype: str) -> transformers.PreTrainedModel:
    """The base in one of DTYPES. CourseError when transformers cannot load it."""
    transformers.utils.logging.disable_progress_bar()
    # Attention of single products: the fused one is slower for short texts on a CPU.
    with _named_faults(base.folder):
        return transformers.AutoModelForCausalLM.from_pretrained(
            base.folder,
            dtype=getattr(torch, dtype),
            attn_implementation="eager",
            local_files_only=True,
        )


class AnswerLoss(torch.nn.Module):
    """A causal model that returns the loss of answers, and projects onto the vocabulary there alone."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model
        # Not a second child of this module: its weights belong to the model above.
        self._base: list[Any] = [model.get_base_model() if isinstance(model, peft.PeftModel) else model]

    def forward(
        self, rows: torch.Tensor, places: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`rows` are tokens, padded on the right; `places` is True where the next token is one of `targets`.

        Returns the summed loss, and for each row whether greedy decoding gives the whole answer. The padding
        needs no mask: a causal model never looks ahead.
        """
        scores = self.scores(rows, places)
        loss = cross_entropy(scores, targets, reduction="sum")
        missed = torch.zeros(len(rows), device=rows.device)
        missed.index_add_(0, places.nonzero()[:, 0], (scores.argmax(-1) != targets).float())
        return loss, missed == 0

    def scores(self, rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """The scores of the next token at `places`, as (places, vocabulary)."""
        base = self._base[0]
        hidden = base.get_decoder()(input_ids=rows, use_cache=False).last_hidden_state[places]
        scores = base.get_output_embeddings()(hidden).float()
        if cap := getattr(base.config, "final_logit_softcapping", None):  # of Gemma 2
            scores = cap * torch.tanh(scores / cap)
        return scores


def as_tensors(chats: Sequence[Encoded], device: torch.device | str = "cpu") -> tuple[torch.Tensor, ...]:
    """Rows, places and targets for AnswerLoss."""
    longest = -(-max(chat.length for chat in chats) // PAD_TO) * PAD_TO
    rows = torch.zeros(len(chats), longest, dtype=torch.long)
    places = torch.zeros(len(chats), longest, dtype=torch.bool)
    for number, chat in enumerate(chats):
        rows[number, : chat.length] = torch.tensor(chat.prompt + chat.answer)
        places[number, len(chat.prompt) - 1 : chat.length - 1] = True
    targets = torch.tensor([token for chat in chats for token in chat.answer])
    return rows.to(device), places.to(device), targets.to(device)


@torch.inference_mode()
def decoded_by_torch(adapter: Adapter, chats: Chats, base: Path | None = None) -> list[bool]:
    """For each chat whether torch, decoding greedily in fp32, gives the answer that the chat holds.

    Put the engine's replies into the chats to see where both agree. One pass over the answer tells it: greedy
    decoding repeats an answer when each of its tokens is the likeliest after those before it.
    """
    below = Base.of(base)
    adapter.check_base(below.name, below.sha256)
    merged = peft.PeftModel.from_pretrained(causal_model(below, "float32"), adapter.folder).merge_and_unload()
    measure = AnswerLoss(merged.eval())
    encoded = encode(chats, below.folder)
    agreed: list[bool] = []
    for start in range(0, len(encoded), 16):
        agreed += measure(*as_tensors(encoded[start : start + 16]))[1].tolist()
    return agreed


def _run_id(chats: Chats, dev: Chats, settings: Settings, base: Base) -> str:
    """What tells one run from another: method, settings, base and data."""
    chosen = asdict(settings)
    if settings.layers == ALL_LAYERS:
        del chosen["layers"]  # runs of before there was a choice keep their name
    identity = json.dumps([METHOD, chosen, base.sha256, data_hash(chats, dev)])
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def finished(name: str, run_id: str) -> Adapter | None:
    """The newest version of that name that this run made to its end, here or where the course was made."""
    for version in reversed(adapters.versions(name)):
        try:
            adapter = adapters.load(name, version)
        except CourseError:  # a damaged version is none
            continue
        if adapter.card.run == run_id and adapter.card.ended in (COMPLETE, EARLY):
            return adapter
    return adapters.shipped(name, run_id)


def _checkpoint(name: str, run_id: str) -> Path:
    folder = adapters.folder() / ".unfinished"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}-{run_id}.checkpoint"


def _is_launched() -> bool:
    """Whether `accelerate launch` started this process."""
    return "ACCELERATE_MIXED_PRECISION" in os.environ


@contextmanager
def _one_at_a_time(name: str, run_id: str) -> Iterator[None]:
    """Wait while another kernel takes the same run. Processes that were launched together take one run."""
    if _is_launched():
        yield
        return
    lock = _checkpoint(name, run_id).with_suffix(".lock")
    busy = f"Another kernel is training {name!r} on the same data; waiting for it."
    with ExitStack() as held:
        try:
            held.enter_context(locked(lock, busy, seconds=0))
        except CourseError as error:
            print(error, flush=True)
            held.enter_context(locked(lock, busy, seconds=FOREVER))
        yield


def _checked_layers(model: torch.nn.Module, layers: str) -> str:
    """CourseError when a name matches no linear layer of the model."""
    kinds = (torch.nn.Linear, transformers.pytorch_utils.Conv1D)  # the latter in GPT-2
    linear_layers = {
        name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, kinds)
    }
    unknown = set(layers.split(",")) - linear_layers
    if layers != ALL_LAYERS and unknown:
        raise CourseError(
            f"layers names {min(unknown)!r}, and the model has no such layer; name some of "
            f"{', '.join(sorted(linear_layers))} with commas between them, or {ALL_LAYERS}."
        )
    return layers


class _NoNumber(Exception):
    """The loss is infinite or not a number."""


@dataclass
class _Best:
    """The weights to keep, with the look that chose them."""

    step: int
    loss: float
    state: dict[str, torch.Tensor] = field(repr=False)


def in_own_thread(steps: Iterator[Step], device: torch.device) -> Iterator[Step]:
    """Take the steps in a thread that rounds denormal numbers to zero, so that Ctrl-C waits for a step's end.

    As the loss falls, gradients become so small that a processor computes with them a hundred times slower.
    Rounding is a setting that a thread hands to those it starts, and the caller's may have started long ago.
    """
    _let_idle_threads_go()
    of_caller = (device, torch.get_num_threads())
    with ThreadPoolExecutor(1, initializer=_prepare_thread, initargs=of_caller) as pool:
        while step := pool.submit(next, steps, None).result():
            yield step


def _let_idle_threads_go() -> None:
    """End the caller's team of computing threads, where torch brings GNU's OpenMP; it comes back when needed.

    That library counts an idle team as busy. The team of the training would then sleep at each of its many
    short waits, and take a quarter longer.
    """
    for library in (Path(torch.__file__).parent / "lib").glob("libgomp*"):
        ctypes.CDLL(str(library)).omp_pause_resource_all(_OMP_PAUSE_HARD)


def _prepare_thread(device: torch.device, threads: int) -> None:
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.cuda.set_device(device)


# What a checkpoint holds of a run, beside weights and optimizer.
_KEPT = ("step", "losses", "looks", "best", "tokens", "training_seconds", "seconds")


class _Run:
    """One training run, from the first step or from its checkpoint."""

    def __init__(
        self,
        name: str,
        chats: Chats,
        dev: Chats,
        settings: Settings,
        base: Base,
        run_id: str,
    ):
        self.name, self.settings, self.base, self.id = name, settings, base, run_id
        self.data_sha256 = data_hash(chats, dev)
        self.chats, self.dev = encode(chats, base.folder), encode(dev, base.folder)
        self.steps = settings.steps or settings.epochs * math.ceil(len(chats) / settings.batch)
        self.checkpoint = _checkpoint(name, run_id)
        kept = self._read_checkpoint()
        self.accelerator = accelerate.Accelerator(cpu=not _is_launched())
        self.dtype = kept["dtype"] if kept else settings.dtype
        if self.dtype == "auto":
            # Processes that were launched together may measure differently: the first one decides.
            self.dtype = broadcast_object_list([faster_dtype(self.accelerator.device)])[0]
        self._load_model()
        self.step, self.tokens, self.training_seconds, self.seconds = 0, 0, 0.0, 0.0
        self.losses: list[tuple[int, float]] = []
        self.looks: list[Look] = []
        self.best: _Best | None = None
        self.ended = COMPLETE
        if kept:
            peft.set_peft_model_state_dict(self.model, kept["adapter"])
            self.optimizer.load_state_dict(kept["optimizer"])
            for field_name in _KEPT:
                setattr(self, field_name, kept[field_name])

    def _load_model(self) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(self.settings.seed)
            model = causal_model(self.base, self.dtype)
            layers = _checked_layers(model, self.settings.layers)
            lora = peft.LoraConfig(
                r=self.settings.rank,
                lora_alpha=self.settings.alpha,
                target_modules=layers if layers == ALL_LAYERS else layers.split(","),
                task_type="CAUSAL_LM",
            )
            self.model = peft.get_peft_model(model, lora)
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=self.settings.learning_rate, weight_decay=0.0)
        self.measure, self.optimizer = self.accelerator.prepare(AnswerLoss(self.model), optimizer)

    def take_steps(self) -> Iterator[Progress]:
        """Take the steps that are left, one for each value."""
        begun, done_before = time.perf_counter(), self.step
        seconds_before = self.seconds
        for chosen in self._batches_left():
            self._take_step([self.chats[place] for place in chosen])
            last = self.step == self.steps
            if self.dev and (last or self.step % self.settings.look_every == 0):
                self._look()
            self.seconds = seconds_before + time.perf_counter() - begun
            over = self._is_patience_over()
            if last or self.step % self.settings.checkpoint_every == 0:
                self._write_checkpoint()
            each = (time.perf_counter() - begun) / (self.step - done_before)
            yield self._progress(each * (self.steps - self.step))
            if over:
                self.ended = EARLY
                return

    def _batches_left(self) -> Iterator[list[int]]:
        lengths = [chat.length for chat in self.chats]
        per_epoch = math.ceil(len(lengths) / self.settings.batch)
        epoch, within = divmod(self.step, per_epoch)
        while True:
            for chosen in batches(lengths, self.settings.batch, self.settings.seed, epoch)[within:]:
                if self.step == self.steps:
                    return
                yield chosen
            epoch, within = epoch + 1, 0

    def _take_step(self, chats: list[Encoded]) -> None:
        started = time.perf_counter()
        factor = rate_factor(self.step, self.steps, self.settings.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * self.settings.learning_rate
        self.measure.train()
        targets = sum(len(chat.answer) for chat in chats)
        summed = self._my_part(chats)[0]
        # Gradients are averaged over the processes; the loss is that of the whole batch.
        self.accelerator.backward(summed * self.accelerator.num_processes / targets)
        loss = self.accelerator.reduce(summed.detach(), "sum").item() / targets
        if not math.isfinite(loss):
            raise _NoNumber
        self.accelerator.clip_grad_norm_(self.measure.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self.losses.append((self.step, round(loss, 5)))
        self.tokens += sum(chat.length for chat in chats)
        self.training_seconds += time.perf_counter() - started

    def _my_part(self, chats: list[Encoded]) -> torch.Tensor:
        """[summed loss, number of right answers] of the chats that fall to this process."""
        mine = chats[self.accelerator.process_index :: self.accelerator.num_processes]
        loss, right = self.measure(*as_tensors(mine or chats[:1], self.accelerator.device))
        figures = torch.stack([loss, right.sum()])
        # A process without a chat of its own still has to take part in the averaging.
        return figures if mine else 0 * figures

    @torch.no_grad()
    def _look(self) -> None:
        """Measure the dev set, and keep the weights when its loss is the lowest so far."""
        self.measure.eval()
        total = torch.zeros(2, device=self.accelerator.device)
        in_order = sorted(self.dev, key=lambda chat: chat.length)
        for start in range(0, len(in_order), self.settings.batch):
            total += self._my_part(in_order[start : start + self.settings.batch])
        loss, right = self.accelerator.reduce(total, "sum").tolist()
        loss /= sum(len(chat.answer) for chat in self.dev)
        if not math.isfinite(loss):
            raise _NoNumber
        self.looks.append(Look(self.step, round(loss, 5), round(right / len(self.dev), 5)))
        if self.best is None or loss < self.best.loss:
            self.best = _Best(self.step, loss, self._state())

    def _is_patience_over(self) -> bool:
        if self.best is None or self.looks[-1].step != self.step:
            return False
        return sum(look.step > self.best.step for look in self.looks) >= self.settings.patience

    def _state(self) -> dict[str, torch.Tensor]:
        state = peft.get_peft_model_state_dict(self.model)
        return {key: value.detach().to("cpu", torch.float32, copy=True) for key, value in state.items()}

    def _progress(self, seconds_left: float) -> Progress:
        look = self.looks[-1] if self.looks else None
        return Progress(
            self.step,
            self.steps,
            self.losses[-1][1],
            look and look.loss,
            look and look.accuracy,
            self.tokens / self.training_seconds,
            seconds_left,
        )

    def fail(self) -> None:
        """Save the best adapter, if there is one, and raise."""
        kept = "no adapter was saved"
        if self.best:
            self.ended = f"the loss is not a number after step {self.step}"
            kept = f"the best adapter until then is saved as {self.save().label}"
        self.checkpoint.unlink(missing_ok=True)
        raise CourseError(
            f"The loss is not a number after step {self.step}, and {kept}. Lower the learning rate "
            f"({self.settings.learning_rate}), or look for broken examples."
        ) from None

    def save(self) -> Adapter:
        """Write the best adapter as a new version. The checkpoint of a finished run goes."""
        best = self.best or _Best(self.step, math.nan, self._state())
        config = self.model.peft_config["default"]
        config.base_model_name_or_path = self.base.name
        if not self.accelerator.is_main_process:
            self.accelerator.wait_for_everyone()
            return adapters.load(self.name)
        card = Card(
            name=self.name,
            base=self.base.name,
            base_sha256=self.base.sha256,
            data_sha256=self.data_sha256,
            run=self.id,
            settings=asdict(self.settings),
            dtype=self.dtype,
            examples=len(self.chats),
            steps=self.step,
            best_step=best.step,
            ended=self.ended,
            losses=[list(point) for point in self.losses],
            dev=[list(look) for look in self.looks],
            seconds=round(self.seconds, 1),
            tokens_per_second=round(self.tokens / self.training_seconds, 1),
            **here(),
        )
        adapter = adapters.save(best.state, config, card)
        if self.ended != INTERRUPTED:
            self.checkpoint.unlink(missing_ok=True)
        self.accelerator.wait_for_everyone()
        return adapter

    def _write_checkpoint(self) -> None:
        """Everything that the rest of the run depends on. A full disk costs the checkpoint, not the run."""
        if not self.accelerator.is_main_process:
            return
        kept = {
            "dtype": self.dtype,
            "adapter": self._state(),
            "optimizer": self.optimizer.state_dict(),
            **{name: getattr(self, name) for name in _KEPT},
        }
        try:
            with replacing(self.checkpoint) as unfinished:
                torch.save(kept, unfinished)
        except (OSError, RuntimeError) as error:
            warnings.warn(f"No checkpoint was written ({error}); free 100 MB of disk.", stacklevel=2)

    def _read_checkpoint(self) -> dict | None:
        try:
            with torch.serialization.safe_globals([Look, _Best]):
                return torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except Exception as error:
            warnings.warn(f"{self.checkpoint} is damaged ({error}); training begins anew.", stacklevel=2)
            return None


@as_command
def main(given: Sequence[str] | None = None) -> None:
    """The command line, the same under `accelerate launch -m`. A killed run resumes where it was."""
    parser = argparse.ArgumentParser(prog="python -m course.tuning.lora", description=__doc__)
    parser.add_argument("name", help="the adapter's name: small letters, digits and hyphens")
    parser.add_argument("--train", type=Path, help="JSON Lines of chats (default: the course's 810 tickets)")
    parser.add_argument("--dev", type=Path, help="the same to choose the weights by (default: 108 tickets)")
    parser.add_argument("--base", type=Path, help="folder of any causal model (default: the embedded one)")
    for setting, default in asdict(Settings()).items():
        kind = int if default is None else type(default)
        parser.add_argument(f"--{setting.replace('_', '-')}", type=kind, default=default)
    parser.add_argument("--again", action="store_true", help="train even if this run was finished before")
    options = vars(parser.parse_args(given))
    name, base, again = options.pop("name"), options.pop("base"), options.pop("again")
    files = (options.pop("train"), options.pop("dev"))
    if files == (None, None):
        chats, dev = routing_chats(tickets("train")), routing_chats(tickets("dev"))
    elif files[0] is None:
        raise CourseError("--dev is given without --train; name both files, or none of them.")
    else:
        chats, dev = (read_chats(file) if file else [] for file in files)
    settings = Settings(**options)
    print(train(name, chats, dev, settings=settings, base=base, on_step=print_progress, again=again))


if __name__ == "__main__":
    main()
