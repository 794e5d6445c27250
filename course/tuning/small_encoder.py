"""MiniLM trained to name the queue itself: the small encoder that a team would really ship.

22 million weights with a linear layer on the mean of the text's vectors, all of them trained: about a minute
with AVX-512, two without. It knows the answers that it has seen and no others, and writes nothing else.
"""

import functools
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import transformers
from torch.nn.functional import cross_entropy

from course.engine import weights
from course.engine.weights import minilm_path
from course.errors import CourseError
from course.files import read_json, replacing_folder
from course.material.data import Ticket, tickets
from course.measuring.provenance import FOLDER, Provenance, read_rows
from course.measuring.results import Result, Row
from course.paths import results_dir
from course.tuning.adapters import checked_name
from course.tuning.chats import Chats, routing_chats
from course.tuning.lora import batches, rate_factor
from course.tuning.training import Progress, check_trainable

WEIGHTS, CARD = "model.safetensors", "card.json"
LONGEST = 256  # tokens; MiniLM was trained to read so many
WARMUP = 0.1
EPOCHS, SEED = 5, 1
FILE = FOLDER / "encoder_replies.csv"
COMMAND = "python -m course.measure encoder"


class _Classifier(torch.nn.Module):
    """Mean of the last hidden states, then one linear layer."""

    def __init__(self, answers: int):
        super().__init__()
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()  # else it lists the weights that are not taken over
        self.encoder = transformers.AutoModel.from_pretrained(
            minilm_path(), add_pooling_layer=False, local_files_only=True
        )
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, answers)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[:, :, None].float()
        return self.head((hidden * mask).sum(1) / mask.sum(1))


@dataclass(frozen=True, eq=False)
class Encoder:
    """A trained encoder with its answers. `seconds` is how long the training took."""

    answers: tuple[str, ...]
    examples: int
    seconds: float
    model: _Classifier

    def __call__(self, row: Row) -> str:
        """The answer to one row, as `evaluate` asks for it."""
        return self.predict([row.text])[0]

    @torch.inference_mode()
    def predict(self, texts: Sequence[str]) -> list[str]:
        """The likeliest answer to each text."""
        parts = [_tokens(texts[start : start + 32]) for start in range(0, len(texts), 32)]
        places = [place for part in parts for place in self.model.eval()(**part).argmax(-1).tolist()]
        return [self.answers[place] for place in places]


def train(
    chats: Chats,
    *,
    epochs: int = EPOCHS,
    batch: int = 16,
    learning_rate: float = 2e-4,
    seed: int = SEED,
    on_step: Callable[[Progress], None] | None = None,
) -> Encoder:
    """Train on the texts and answers of chats; their instructions are not read. CourseError for bad data."""
    check_trainable(chats)
    for name, value in (("epochs", epochs), ("batch", batch)):
        if value < 1:
            raise CourseError(f"{name} is {value}; give 1 or more.")
    answers = tuple(sorted({chat.answer for chat in chats}))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _Classifier(len(answers))
        begun, tokens = time.perf_counter(), 0
        optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
        lengths = [len(chat.text) for chat in chats]
        order = [chosen for epoch in range(epochs) for chosen in batches(lengths, batch, seed, epoch)]
        model.train()
        for step, chosen in enumerate(order):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * rate_factor(step, len(order), WARMUP)
            texts = _tokens([chats[place].text for place in chosen])
            labels = torch.tensor([answers.index(chats[place].answer) for place in chosen])
            loss = cross_entropy(model(**texts), labels)
            if not math.isfinite(loss.item()):
                raise CourseError(
                    f"The loss is not a number after step {step}; lower the learning rate ({learning_rate})."
                )
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            tokens += int(texts["attention_mask"].sum())
            seconds = time.perf_counter() - begun
            if on_step:
                left = seconds / (step + 1) * (len(order) - step - 1)
                on_step(
                    Progress(step + 1, len(order), round(loss.item(), 5), None, None, tokens / seconds, left)
                )
    return Encoder(answers, len(chats), round(time.perf_counter() - begun, 1), model)


def save(encoder: Encoder, name: str) -> Path:
    """Write it to results/encoders/<name>/ (90 MB), replacing an earlier one, and return the folder.

    Raises CourseError when the disk is full; the earlier one stays.
    """
    from safetensors.torch import save as as_bytes

    folder = _folder(name)
    card = {name: getattr(encoder, name) for name in ("answers", "examples", "seconds")}
    try:
        with replacing_folder(folder) as unfinished:
            (unfinished / WEIGHTS).write_bytes(as_bytes(encoder.model.state_dict()))
            card["sha256"] = weights.file_hash(unfinished / WEIGHTS)
            (unfinished / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise CourseError(
            f"The encoder {name!r} could not be written to {folder.parent} ({error}). Free 100 MB there."
        ) from None
    return folder


def load(name: str) -> Encoder:
    """A saved encoder. CourseError when there is none or when a file is damaged."""
    from safetensors.torch import load_file

    folder = _folder(name)
    if not folder.is_dir():
        raise CourseError(f"There is no encoder {name!r} in {folder.parent}; train and save it first.")
    try:
        card = read_json(folder / CARD)
        sound = card["sha256"] == weights.file_hash(folder / WEIGHTS)
        answers, examples, seconds = tuple(card["answers"]), card["examples"], card["seconds"]
    except (CourseError, OSError, KeyError):
        sound = False
    if not sound:
        raise CourseError(f"The encoder in {folder} is damaged; train and save it again.")
    model = _Classifier(len(answers))
    model.load_state_dict(load_file(folder / WEIGHTS))
    return Encoder(answers, examples, seconds, model)


def _folder(name: str) -> Path:
    return results_dir() / "encoders" / checked_name(name)


def _tokens(texts: Sequence[str]) -> dict[str, torch.Tensor]:
    read = _tokenizer()(list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
    return {"input_ids": read["input_ids"], "attention_mask": read["attention_mask"]}


@functools.cache
def _tokenizer() -> transformers.PreTrainedTokenizerBase:
    return transformers.AutoTokenizer.from_pretrained(minilm_path(), local_files_only=True)


@dataclass(frozen=True, kw_only=True)
class EncoderReply(Provenance):
    """The queue that the encoder trained on all training tickets names for one test ticket.

    `seconds` is the time of that reply, `train_seconds` that of the training before it.
    """

    id: str
    queue: str
    seconds: float
    train_seconds: float


def sweep(encoder: Encoder | None = None) -> list[EncoderReply]:
    """Train an encoder on the training tickets, unless one is given, and ask it for every test ticket."""
    encoder = encoder or train(routing_chats(tickets("train")))
    how = asdict(Provenance.now(COMMAND))
    replies = []
    for ticket in tickets("test"):
        begun = time.perf_counter()
        queue = encoder(ticket)
        seconds = round(time.perf_counter() - begun, 4)
        replies.append(
            EncoderReply(**how, id=ticket.id, queue=queue, seconds=seconds, train_seconds=encoder.seconds)
        )
    return replies


def recorded(rows: Sequence[Ticket], name: str) -> Result:
    """What the trained encoder answered to these tickets when it was measured."""
    replies = read_rows(EncoderReply, FILE, COMMAND)
    first = replies[0]
    return Result.from_replies(
        rows,
        {reply.id: reply.queue for reply in replies},
        name=name,
        badge=str(first),
        labels=len(tickets("train")),
        note=f"Trained in {first.train_seconds:.0f} s there.",
    )
