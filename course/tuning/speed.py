"""How fast the course's loop trains beside transformers' Trainer, as `make bench` measured it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from course.measuring.provenance import FOLDER, Provenance, read_rows, write_rows

FILE = FOLDER / "training_speed.csv"
COMMAND = "python -m tests.bench.training --keep"
OURS, TRAINER, TRAINER_LOSS, DEFAULTS = "ours", "trainer", "trainer-loss", "trainer-defaults"
_KEPT = "The loop stays because it can be read line by line, in `course/tuning/lora.py`."
NOTABLE = 1.05  # times as fast: below that, two ways to train are equally fast


@dataclass(frozen=True, kw_only=True)
class TrainingSpeed(Provenance):
    """Tokens per second of one way to train, without padding.

    TRAINER is Trainer with the same batches, padding, dtype and attention as ours; TRAINER_LOSS has our loss
    as well; DEFAULTS is Trainer as it comes.
    """

    trainer: str
    tokens_per_second: float


def keep(speeds: Mapping[str, float]) -> None:
    """Write what was measured in one run."""
    how = asdict(Provenance.now(COMMAND))
    rows = [
        TrainingSpeed(**how, trainer=name, tokens_per_second=round(speed, 1))
        for name, speed in speeds.items()
    ]
    write_rows(rows, FILE)


def why_our_own() -> str:
    """What the measurement says about training with a loop of one's own, or that it is missing."""
    if not FILE.is_file():
        return (
            f"Our loop is not measured against transformers' Trainer yet: `{COMMAND}` does it in ten minutes."
        )
    rows = read_rows(TrainingSpeed, FILE, COMMAND)
    speeds = {row.trainer: row.tokens_per_second for row in rows}
    of_trainer, of_loop = speeds[OURS] / speeds[TRAINER], speeds[OURS] / speeds[TRAINER_LOSS]
    if of_trainer < NOTABLE:
        reason = f"so speed is not a reason to train with a loop of our own. {_KEPT}"
    elif of_loop < NOTABLE:
        reason = f"so the gain is our loss, which Trainer can take as well, and not the loop. {_KEPT}"
    else:
        reason = "so the course trains with a loop of its own."
    return (
        f"Our loop trains {of_trainer:.2f} times as many tokens a second as Trainer with its own loss, and "
        f"{of_loop:.2f} times as many as Trainer with ours, which computes scores for the answer's tokens "
        f"alone ({rows[0].cores} cores of {rows[0].machine}, {rows[0].date}), {reason}"
    )
