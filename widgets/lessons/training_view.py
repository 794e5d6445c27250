"""The control of lesson 11: a loss curve that grows while a model is trained, and the same in words."""

from collections.abc import Sequence

import numpy as np
from ipywidgets import HTML, VBox

from course.measuring.results import Result
from course.tuning.adapters import Card
from course.tuning.experiments import TrainedPoint
from course.tuning.training import Progress
from widgets.chart import BLUE, RED, Axis, Line, LineChart, Mark
from widgets.lessons.training_model import Training, looks_in_words, step_in_words, summary
from widgets.text import say


class TrainingCurve(VBox):
    """Hand it to `finetune.train` as `on_step`, and the card of the adapter to `finish` afterwards.

    `training` is what is drawn. A run that was done earlier takes no step, so all of its curve comes from the
    card.
    """

    def __init__(self) -> None:
        self.training = Training()
        self.chart = LineChart(Axis("step", low=0), Axis("loss per answer token", log=True), height=300)
        self._steps, self._looks = HTML(), HTML()
        self._draw()
        super().__init__([self.chart, self._steps, self._looks])

    @classmethod
    def of(cls, card: Card) -> "TrainingCurve":
        """The curve of a training that is over."""
        curve = cls()
        curve.finish(card)
        return curve

    def __call__(self, progress: Progress) -> None:
        """One more step."""
        self.training = self.training.after(progress)
        self._draw()

    def finish(self, card: Card) -> None:
        """The training is over, or was before."""
        self.training = Training.of_card(card)
        self._draw()

    def _draw(self) -> None:
        training = self.training
        curves = []
        if training.losses:
            curves.append(Line("training, mean of 10 steps", *_columns(training.smoothed), BLUE))
        if training.looks:
            curves.append(Line("dev", *_columns([look[:2] for look in training.looks]), RED, dash="6 4"))
        marks = [Mark(look.step, look.loss, f"{look.accuracy:.0%} right") for look in training.named_looks]
        with self.chart.hold_sync():
            self.chart.axes(x=Axis("step", low=0, high=training.steps or 100))
            self.chart.show(curves, summary(training), marks)
        say(self._steps, step_in_words(training))
        # Announced by a screen reader, so it changes only with a look at the dev set.
        say(self._looks, strong=looks_in_words(training))


def amount_chart(tuned: Sequence[TrainedPoint], heads: Sequence[Result], encoder: TrainedPoint) -> LineChart:
    """Right replies by the number of examples: the tuned model and the head with intervals, the encoder once.

    `heads` learned from as many labels as the points of `tuned`, in their order.
    """
    counts = [point.examples for point in tuned]
    trained = 100 * np.array([(point.accuracy, point.low, point.high) for point in tuned]).T
    learned = 100 * np.array([(head.accuracy, *head.interval) for head in heads]).T
    lines = [
        Line("tuned model", counts, trained[0], BLUE, low=trained[1], high=trained[2]),
        Line("linear head", counts, learned[0], RED, dash="6 4", low=learned[1], high=learned[2]),
    ]
    reached = 100 * encoder.accuracy
    across = Axis("training examples (logarithmic)", log=True, low=40, high=1000, ticks=tuple(counts))
    chart = LineChart(across, Axis("right, %", low=0, high=100))
    points = "; ".join(
        f"{count} examples: tuned {of_tuned:.0f} %, head {of_head:.0f} %"
        for count, of_tuned, of_head in zip(counts, trained[0], learned[0], strict=True)
    )
    mark = Mark(encoder.examples, reached, f"encoder {reached:.0f} %")
    chart.show(lines, f"Right replies by amount. {points}. Encoder: {reached:.0f} %.", [mark])
    return chart


def _columns(points: list[tuple[int, float]]) -> tuple[list[float], list[float]]:
    return [step for step, _ in points], [loss for _, loss in points]
