"""What the number and the choice of examples bring and cost: the recorded sweep, looked up and priced."""

from collections.abc import Sequence

from course.errors import CourseError
from course.material.prices import Model
from course.measuring.results import duration, money, percent
from course.rungs.few_shot import FewShotReading


class Sweep:
    """The readings by choice and count. CourseError when a count is missing for one of the choices."""

    def __init__(self, readings: Sequence[FewShotReading]) -> None:
        self._by_place = {(reading.choice, reading.count): reading for reading in readings}
        self.choices = tuple(dict.fromkeys(reading.choice for reading in readings))
        self.counts = tuple(sorted({reading.count for reading in readings}))
        for choice in self.choices:
            for count in self.counts:
                self.at(choice, count)

    def at(self, choice: str, count: int) -> FewShotReading:
        """The reading of one choice and one count."""
        if (choice, count) not in self._by_place:
            raise CourseError(
                f"The sweep has no reading of {count} {choice} examples: "
                f"it has {', '.join(self.choices)} with {', '.join(map(str, self.counts))}."
            )
        return self._by_place[choice, count]

    def curve(self, choice: str) -> list[FewShotReading]:
        """The readings of one choice, by rising count."""
        return [self.at(choice, count) for count in self.counts]

    @property
    def badge(self) -> str:
        """What was measured, when, on which machine and by which command."""
        first = self.at(self.choices[0], self.counts[0])
        return (
            f"recorded reading: {first.n} test tickets, embedded model {first.fingerprint}, {first.date}, "
            f"{first.cores} cores ({first.machine}), draw {first.seed}, {first.command}"
        )


def cost_per_1000(reading: FewShotReading, model: Model) -> float:
    """Dollars for 1,000 tickets at the model's prices, with the tokens as the embedded model counted them."""
    return 1000 * model.cost(reading.input_tokens, reading.output_tokens)


def named(choice: str, count: int) -> str:
    """What was shown, in words, such as '1 retrieved example'."""
    if count == 0:
        return "no example"
    return f"{count} {choice} example{'s' if count > 1 else ''}"


def in_words(reading: FewShotReading, model: Model) -> str:
    """One reading, priced, in three sentences."""
    shown = named(reading.choice, reading.count)
    right, low, high = percent(reading.accuracy), percent(reading.low), percent(reading.high)
    cost = money(cost_per_1000(reading, model))
    return (
        f"With {shown}, {right}% of {reading.n} replies are right ({low} to {high}), "
        f"and {percent(reading.valid_share)}% are the name of a queue. A ticket takes "
        f"{reading.input_tokens:.0f} tokens in, {reading.output_tokens:.0f} out, and "
        f"{duration(reading.seconds)}. 1,000 tickets cost {cost} at the {model.tier} tier."
    )


def gain_in_words(reading: FewShotReading, without: FewShotReading, model: Model) -> str:
    """What the examples bring and cost against `without`, the reading with none."""
    points = 100 * (reading.accuracy - without.accuracy)
    dollars = cost_per_1000(reading, model) - cost_per_1000(without, model)
    return (
        f"Compared with no example: {points:+.1f} points, and {money(abs(dollars))} "
        f"{'more' if dollars >= 0 else 'less'} for 1,000 tickets."
    )
