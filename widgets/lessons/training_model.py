"""A training while it runs, or afterwards from an adapter's card: its curves, and the same in words."""

import math
from dataclasses import dataclass, field, replace

import pandas as pd

from course.tuning.adapters import Card
from course.tuning.training import INTERRUPTED, Look, Progress

SMOOTHED_OVER = 10  # steps: a batch is small, so the loss of a single one jumps
NAMED_LOOKS = 6  # so many looks at most have their share beside them


@dataclass(frozen=True)
class Training:
    """What is known of one training. The losses are per token of an answer.

    `losses` holds (step, loss) and `looks` the looks at the dev set; both begin later where a run resumes
    from a checkpoint. `kept` is the step whose weights are kept and `ended` says why it stopped, once it did.
    """

    steps: int = 0
    losses: tuple[tuple[int, float], ...] = ()
    looks: tuple[Look, ...] = field(default=())
    tokens_per_second: float = 0.0
    seconds_left: float = 0.0
    kept: int | None = None
    ended: str = ""

    @classmethod
    def of_card(cls, card: Card) -> "Training":
        """A training that is over, from its adapter's card."""
        per_epoch = math.ceil(card.examples / card.settings["batch"])
        return cls(
            steps=card.settings["steps"] or card.settings["epochs"] * per_epoch,
            losses=tuple((step, loss) for step, loss in card.losses),
            looks=tuple(Look(*look) for look in card.dev),
            tokens_per_second=card.tokens_per_second,
            kept=card.best_step,
            ended=card.ended,
        )

    def after(self, progress: Progress) -> "Training":
        """The same with one more step."""
        looks, loss, accuracy = self.looks, progress.dev_loss, progress.dev_accuracy
        is_new = not looks or (loss, accuracy) != looks[-1][1:]
        if is_new and loss is not None and accuracy is not None:
            looks = (*looks, Look(progress.step, loss, accuracy))
        return replace(
            self,
            steps=progress.steps,
            losses=(*self.losses, (progress.step, progress.loss)),
            looks=looks,
            tokens_per_second=progress.tokens_per_second,
            seconds_left=progress.seconds_left,
        )

    @property
    def smoothed(self) -> list[tuple[int, float]]:
        """(step, mean loss of the last steps up to it, `SMOOTHED_OVER` of them where there are so many)."""
        losses = pd.Series(dict(self.losses), dtype=float)
        return list(losses.rolling(SMOOTHED_OVER, min_periods=1).mean().items())

    @property
    def named_looks(self) -> list[Look]:
        """The looks with room for their share beside them: the last one, and those not near a later one."""
        found: list[Look] = []
        for look in reversed(self.looks):
            if not found or found[-1].step - look.step >= self.steps / NAMED_LOOKS:
                found.append(look)
        return found[::-1]


def step_in_words(training: Training) -> str:
    """Its state: step, loss, speed, time left."""
    if not training.losses:
        return "No step yet: the model is being loaded."
    step, loss = training.losses[-1]
    words = [
        f"Step {step} of {training.steps}: loss {loss:.3f}, {training.tokens_per_second:.0f} tokens a second"
    ]
    if not training.ended:
        words.append(f"about {_duration(training.seconds_left)} left")
    return ", ".join(words) + "."


def looks_in_words(training: Training) -> str:
    """The last look at the dev set, and how the training ended."""
    words = []
    if training.looks:
        look = training.looks[-1]
        words.append(f"Dev tickets after step {look.step}: loss {look.loss:.3f}, {look.accuracy:.0%} right.")
    elif not training.ended:
        words.append("No look at the dev tickets yet.")
    if training.ended:
        words.append(f"{training.ended.capitalize()}. The weights of step {training.kept} are kept.")
    if training.ended == INTERRUPTED:
        words.append("Run the cell again and it continues.")
    return " ".join(words)


def summary(training: Training) -> str:
    """One sentence that names the chart to a screen reader."""
    if not training.losses:
        return "Loss by step: nothing yet."
    (first, began), (last, now) = training.losses[0], training.smoothed[-1]
    dev = f" The dev loss is {training.looks[-1].loss:.3f}." if training.looks else ""
    return f"Loss by step: {began:.2f} at step {first}, {now:.2f} at step {last}.{dev}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
