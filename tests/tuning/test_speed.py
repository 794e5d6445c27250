"""Why the course trains with its own loop: the reason follows from the measured speeds."""

import re
from pathlib import Path

import pytest

from course.tuning import speed
from course.tuning.speed import DEFAULTS, OURS, TRAINER, TRAINER_LOSS
from tests.bench.training import LABELS, MeasuredTraining, report


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(speed, "FILE", tmp_path / "training_speed.csv")
    return speed.FILE


@pytest.mark.parametrize(
    ("ours", "trainer", "loss", "says"),
    [
        (130, 128, 129, "1.02 times as many tokens .* speed is not a reason"),
        (130, 100, 128, "1.30 times .* 1.02 times .* the gain is our loss"),
        (130, 100, 110, "1.30 times .* 1.18 times .* trains with a loop of its own"),
    ],
)
def test_the_reason_is_what_was_measured(ours: float, trainer: float, loss: float, says: str):
    speed.keep({OURS: ours, TRAINER: trainer, TRAINER_LOSS: loss, DEFAULTS: 60})
    assert re.search(says, speed.why_our_own())


def test_the_report_of_the_bench_has_speed_ratio_and_memory_of_each_part():
    parts = {OURS: MeasuredTraining(220.2, 1850.6), TRAINER: MeasuredTraining(110.1, 2400.0)}
    _, ours, trainer = report(parts).splitlines()
    assert ours.split() == [*LABELS[OURS].split(), "220.2", "(2.00)", "1,851", "MB"]
    assert trainer.split() == [*LABELS[TRAINER].split(), "110.1", "(1.00)", "2,400", "MB"]


def test_a_missing_measurement_names_its_command():
    assert f"not measured against transformers' Trainer yet: `{speed.COMMAND}`" in speed.why_our_own()
