"""The control of lesson 11: a loss curve that grows while a model is trained, and the same in words."""

from collections.abc import Mapping, Sequence

from ipywidgets import HTML, VBox

from course.tuning import curve
from course.tuning.adapters import Card
from course.tuning.labels import LabelReading
from course.tuning.training import Progress
from widgets.chart import BLUE, GREEN, ORANGE, RED, Axis, Line, LineChart, Mark
from widgets.lessons.training_model import Training, looks_in_words, step_in_words, summary
from widgets.text import say

_SIGNS = {
    curve.SAME_EPOCHS: (BLUE, ""),
    curve.FIXED_STEPS: (GREEN, "6 4"),
    curve.HEADS: (RED, "2 3"),
    curve.ENCODERS: (ORANGE, "8 3 2 3"),
}


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
            self.chart.across(Axis("step", low=0, high=training.steps or 100))
            self.chart.show(curves, summary(training), marks)
        say(self._steps, step_in_words(training))
        # Announced by a screen reader, so it changes only with a look at the dev set.
        say(self._looks, strong=looks_in_words(training))


def amount_chart(lines: Mapping[str, Sequence[LabelReading]]) -> LineChart:
    """Right replies by the number of examples: a line of means for each learner, a point for each seed."""
    means = {name: curve.means(readings) for name, readings in lines.items()}
    curves, told = [], []
    for name, reached in means.items():
        colour, dash = _SIGNS[name]
        percents = [100 * share for share in reached.values()]
        curves.append(Line(name, list(reached), percents, colour, dash=dash))
        told.append(f"{name}: {', '.join(f'{share:.0%} with {count}' for count, share in reached.items())}")
    marks = [Mark(each.examples, 100 * each.accuracy, "") for line in lines.values() for each in line]
    counts = sorted({count for reached in means.values() for count in reached})
    across = Axis("training examples (logarithmic)", log=True, low=40, high=1000, ticks=tuple(counts))
    chart = LineChart(across, Axis("right, %", low=0, high=100))
    chart.show(curves, f"Right replies by number of examples, means of the seeds. {'; '.join(told)}.", marks)
    return chart


def _columns(points: list[tuple[int, float]]) -> tuple[list[float], list[float]]:
    return [step for step, _ in points], [loss for _, loss in points]
