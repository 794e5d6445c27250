"""What a training is told and what it tells, without what it needs: settings, steps, looks at the dev set."""

from dataclasses import dataclass
from typing import NamedTuple

from course.errors import CourseError
from course.tuning.chats import Chats, unfit

DTYPES = ("float32", "bfloat16")
ALL_LAYERS = "all-linear"  # peft's name for every linear layer but the output
COMPLETE, EARLY, INTERRUPTED = "all steps done", "stopped early", "interrupted"
_COUNTS = ("rank", "alpha", "batch", "epochs", "steps", "look_every", "patience", "checkpoint_every")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train. `learning_rate` is the highest one, after the share `warmup` of the steps.

    `steps` stops after so many instead of after `epochs`. The dev set is looked at every `look_every` steps,
    and training stops when `patience` looks in a row bring no lower dev loss. `dtype` is that of the frozen
    weights: float32, bfloat16, or auto for what is faster here. `layers` says which ones get an adapter, such
    as "q_proj,v_proj".
    """

    rank: int = 16
    alpha: int = 32
    learning_rate: float = 1e-3
    warmup: float = 0.06
    batch: int = 16
    epochs: int = 2
    steps: int | None = None
    seed: int = 1
    look_every: int = 25
    patience: int = 3
    checkpoint_every: int = 10
    dtype: str = "auto"
    layers: str = ALL_LAYERS

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if (value := getattr(self, name)) is not None and value < 1:
                raise CourseError(f"{name} is {value}; give 1 or more.")
        if not 0 < self.learning_rate < 1:
            raise CourseError(f"learning_rate is {self.learning_rate}; give a small one such as 0.001.")
        if not 0 <= self.warmup < 1:
            raise CourseError(f"warmup is {self.warmup}; give a share of the steps, 0 to 1, such as 0.06.")
        if self.dtype not in ("auto", *DTYPES):
            raise CourseError(f"dtype is {self.dtype!r}; use one of auto, {', '.join(DTYPES)}.")


@dataclass(frozen=True)
class Progress:
    """What is known after a step. The losses are per token of an answer.

    The dev figures are those of the last look, None before it; `dev_accuracy` is the share of dev chats whose
    whole greedy answer is right, 0 to 1.
    """

    step: int
    steps: int
    loss: float
    dev_loss: float | None
    dev_accuracy: float | None
    tokens_per_second: float
    seconds_left: float

    def __str__(self) -> str:
        dev = ""
        if self.dev_loss is not None:
            dev = f", dev loss {self.dev_loss:.3f} and {self.dev_accuracy:.0%} right"
        return (
            f"step {self.step} of {self.steps}: loss {self.loss:.3f}{dev}, "
            f"{self.tokens_per_second:.0f} tokens/s, {self.seconds_left:.0f} s left"
        )


def print_progress(progress: Progress) -> None:
    """Print the first step of a training, every tenth and the last, for `on_step`."""
    if progress.step % 10 == 0 or progress.step in (1, progress.steps):
        print(progress, flush=True)


class Look(NamedTuple):
    """One look at the dev set: after which step, loss per answer token, share of answers that are right."""

    step: int
    loss: float
    accuracy: float


def check_trainable(chats: Chats) -> None:
    """CourseError for too few chats to train on, for a blank text, and when all have one answer."""
    if fault := unfit(chats):
        raise CourseError(fault)
