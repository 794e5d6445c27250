"""The blind sheet without its widget: which pair is next, and what all choices together say."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course.errors import CourseError
from course.measuring.blind import BOTH, LEFT, NEITHER, RIGHT, BlindChoice, BlindPair, ChoiceKey
from course.measuring.results import LEVEL, Comparison

SIDES = (LEFT, RIGHT)


@dataclass(frozen=True)
class BlindSheetModel:
    """Pairs of the same two writers, and the choices that are kept; those of other pairs are left alone."""

    pairs: Sequence[BlindPair]
    kept: Mapping[ChoiceKey, BlindChoice]

    @property
    def choices(self) -> list[BlindChoice | None]:
        """For each pair what the reader said of it."""
        return [self.kept.get((pair.id, pair.left, pair.right)) for pair in self.pairs]

    @property
    def first_open(self) -> int:
        """The place of the first pair without a choice, or the last place."""
        return next((place for place, each in enumerate(self.choices) if not each), len(self.pairs) - 1)

    def chosen(self, place: int, choice: str, wrong: str) -> BlindChoice:
        """The choice to keep for the pair at a place, from 0. CourseError for what cannot be chosen."""
        if place not in range(len(self.pairs)):
            raise CourseError(f"There is no pair {place + 1}; the sheet has {len(self.pairs)}.")
        pair = self.pairs[place]
        return BlindChoice(pair.id, pair.left, pair.right, choice, wrong)

    def in_words(self) -> str:
        """How many pairs have a choice; once all have one, also whose replies read better."""
        made = [each for each in self.choices if each]
        if len(made) < len(self.pairs):
            return f"{len(made)} of {len(self.pairs)} pairs read. Who wrote which is said at the end."
        return f"All {len(self.pairs)} pairs read. {tally(made)}"


def tally(choices: Sequence[BlindChoice]) -> str:
    """Who wrote what reads better, and in whose replies the reader saw a wrong fact.

    The sign test leaves out the pairs without a difference, which makes it McNemar's exact test.
    """
    one, other = sorted({choices[0].left, choices[0].right})
    better = Counter(each.for_name(each.choice) for each in choices if each.choice != NEITHER)
    wrong = Counter(each.for_name(side) for each in choices for side in SIDES if each.wrong in (side, BOTH))
    p = Comparison(one, other, 0, better[one], better[other], len(choices) - better.total()).p_value
    meaning = "chance can explain that" if p >= LEVEL else "chance hardly explains that"
    return (
        f"'{one}' reads better in {better[one]}, '{other}' in {better[other]}, and there is no difference in "
        f"{len(choices) - better.total()}: {meaning} (sign test, p = {p:.2g}). A fact is wrong in "
        f"{wrong[one]} replies of the first and in {wrong[other]} of the second."
    )
