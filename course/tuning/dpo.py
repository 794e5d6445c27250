"""Direct preference optimisation of an adapter.

No library for it (trl has one): the loss is a line, and to see it is the point.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import peft
import torch
from torch.nn.functional import cross_entropy, logsigmoid

from course.errors import CourseError
from course.measuring.provenance import here
from course.tuning import adapters, lora
from course.tuning.adapters import Adapter, Card
from course.tuning.chats import data_hash
from course.tuning.lora import AnswerLoss, Base, Encoded
from course.tuning.preference import BY_PAIRS, PreferencePair, PreferenceSettings, PreferenceStep, as_chats
from course.tuning.training import COMPLETE

METHOD = 1  # part of the run's hash: another method of training is another run


def preference_loss(chosen: torch.Tensor, rejected: torch.Tensor, beta: float) -> torch.Tensor:
    """The mean loss over pairs, from the gains of their replies, each of the shape (pairs,).

    A gain is the log-probability of the whole reply less what it was at the start, the reference. Without
    any gain the loss is log 2; it falls as the chosen reply gains more than the rejected one.
    """
    return -logsigmoid(beta * (chosen - rejected)).mean()


def log_probabilities(measure: AnswerLoss, chats: Sequence[Encoded]) -> torch.Tensor:
    """The log-probability of each whole answer, the sum over its tokens, of the shape (chats,)."""
    rows, places, targets = lora.as_tensors(chats)
    each = cross_entropy(measure.scores(rows, places), targets, reduction="none")
    return torch.zeros(len(chats)).index_add(0, places.nonzero()[:, 0], -each)


def train(
    name: str,
    pairs: Sequence[PreferencePair],
    start: Adapter,
    settings: PreferenceSettings,
    *,
    base: Path | None = None,
    on_step: Callable[[PreferenceStep], None] | None = None,
) -> Adapter:
    """Train the start on from the pairs, and save a new version of `name`; the start stays as it is.

    The same run (pairs, start, settings) is returned where it was finished. With the way `right replies
    alone` the rejected ones are only watched. CourseError for no pair, another base's adapter, a text that
    the model cannot take, and a loss that is not a number.
    """
    adapters.checked_name(name)
    if not pairs:
        raise CourseError("There are 0 pairs to learn from; give at least 1.")
    below = Base.of(base)
    start.check_base(below.name, below.sha256)
    chosen, rejected = as_chats(pairs)
    data_sha256 = data_hash(chosen, rejected)
    identity = json.dumps([METHOD, asdict(settings), start.card.sha256, below.sha256, data_sha256])
    run_id = hashlib.sha256(identity.encode()).hexdigest()[:16]
    if found := lora.finished(name, run_id):
        return found
    encoded = list(zip(*(lora.encode(chats, below.folder) for chats in (chosen, rejected)), strict=True))
    begun = time.perf_counter()
    run = _PreferenceRun(encoded, start, settings, below)
    losses = []
    for step in lora.in_own_thread(run.take_steps(), torch.device("cpu")):
        losses.append([step.step, round(step.loss, 5)])
        if on_step:
            on_step(step)
    seconds = time.perf_counter() - begun
    return adapters.save(
        run.state(),
        run.model.peft_config["default"],
        Card(
            name=name,
            base=below.name,
            base_sha256=below.sha256,
            data_sha256=data_sha256,
            run=run_id,
            # Rank and alpha are the start's, and serving needs them.
            settings=start.card.settings | asdict(settings) | {"start": start.card.sha256},
            dtype=run.dtype,
            examples=len(pairs),
            steps=len(losses),
            best_step=len(losses),
            ended=COMPLETE,
            losses=losses,
            dev=[],
            seconds=round(seconds, 1),
            tokens_per_second=round(run.tokens / seconds, 1),
            **here(),
        ),
    )


class _PreferenceRun:
    """One training: the adapter to move, and the log-probabilities of all replies at its start."""

    def __init__(
        self,
        pairs: Sequence[tuple[Encoded, Encoded]],
        start: Adapter,
        settings: PreferenceSettings,
        base: Base,
    ):
        self.pairs, self.settings = pairs, settings
        self.dtype = lora.faster_dtype(torch.device("cpu"))
        plain = lora.causal_model(base, self.dtype)
        self.model = peft.PeftModel.from_pretrained(plain, start.folder, is_trainable=True)
        self.measure = AnswerLoss(self.model)
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=0.0)
        self.tokens = 0

    def take_steps(self) -> Iterator[PreferenceStep]:
        """Take all steps, one for each value. The reference is computed once, before the first."""
        lengths = [chosen.length + rejected.length for chosen, rejected in self.pairs]
        places = lora.batches(lengths, self.settings.batch, self.settings.seed, epoch=0)
        batches = [[self.pairs[place] for place in batch] for batch in places]
        with torch.no_grad():
            references = [self._log_probabilities(batch) for batch in batches]
        begun = time.perf_counter()
        for number, (batch, reference) in enumerate(zip(batches, references, strict=True), start=1):
            step = self._take_step(number, len(batches), batch, reference)
            each = (time.perf_counter() - begun) / number
            yield PreferenceStep(*step, seconds_left=each * (len(batches) - number))

    def state(self) -> dict[str, torch.Tensor]:
        """The trained weights."""
        # No embedding is trained; to find that out, peft would look for the base's settings on the network.
        state = peft.get_peft_model_state_dict(self.model, save_embedding_layers=False)
        return {key: value.detach().float() for key, value in state.items()}

    def _log_probabilities(self, pairs: Sequence[tuple[Encoded, Encoded]]) -> torch.Tensor:
        """Of the chosen and the rejected replies, in the shape (pairs, 2)."""
        replies = [reply for pair in pairs for reply in pair]
        self.tokens += sum(reply.length for reply in replies)
        return log_probabilities(self.measure, replies).reshape(-1, 2)

    def _take_step(
        self, number: int, steps: int, pairs: Sequence[tuple[Encoded, Encoded]], reference: torch.Tensor
    ) -> tuple[int, int, float, float, float, float]:
        factor = lora.rate_factor(number - 1, steps, self.settings.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * self.settings.learning_rate
        gains = self._log_probabilities(pairs) - reference
        chosen, rejected = gains.unbind(1)
        if self.settings.way == BY_PAIRS:
            loss = preference_loss(chosen, rejected, self.settings.beta)
        else:  # per token of the right replies, as in the first training
            loss = -(chosen + reference[:, 0]).sum() / sum(len(right.answer) for right, _ in pairs)
        if not math.isfinite(loss.item()):
            raise CourseError(
                f"The loss is not a number in step {number}, and nothing was saved. Lower the learning rate "
                f"({self.settings.learning_rate}), or look for broken pairs."
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        preferred = (chosen > rejected).float().mean()
        return number, steps, loss.item(), chosen.mean().item(), rejected.mean().item(), preferred.item()
