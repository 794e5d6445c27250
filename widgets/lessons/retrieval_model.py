"""What cutting, search mode and number of passages bring and cost: searches made once, then looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course.errors import CourseError
from course.material.data import Question
from course.measuring.answers import states
from course.measuring.results import wilson
from course.rungs.chunks import Passage


@dataclass(frozen=True)
class SearchScore:
    """Of `n` questions with `k` passages each: how many found a right article, how many the answer's words.

    `tokens` is what the passages add to one prompt, a mean.
    """

    cut: str
    mode: str
    k: int
    n: int
    found: int
    stated: int
    tokens: float

    @property
    def choice(self) -> str:
        """What was chosen, in words."""
        passages = "1 passage" if self.k == 1 else f"{self.k} passages"
        return f"{passages} of {self.cut}, {self.mode} search"


Found = Mapping[tuple[str, str], Sequence[Sequence[Passage]]]


class Grid:
    """The points of searches that were made with the largest k.

    `found` maps (cut, mode) to the passages of each question, best first. CourseError where a cut lacks a
    mode, a search is missing, or no question was asked.
    """

    def __init__(
        self, questions: Sequence[Question], found: Found, most: int, tokens_per_word: float
    ) -> None:
        if not questions or most < 1:
            raise CourseError(
                f"{len(questions)} questions with up to {most} passages; give at least 1 of each."
            )
        self.cuts = tuple(dict.fromkeys(cut for cut, _ in found))
        self.modes = tuple(dict.fromkeys(mode for _, mode in found))
        self.counts = tuple(range(1, most + 1))
        self._points = {}
        for (cut, mode), answers in found.items():
            if len(answers) != len(questions):
                raise CourseError(f"{cut}, {mode}: {len(answers)} searches for {len(questions)} questions.")
            for k in self.counts:
                self._points[cut, mode, k] = _point(cut, mode, k, questions, answers, tokens_per_word)
        for cut in self.cuts:
            for mode in self.modes:
                self.at(cut, mode, 1)

    def at(self, cut: str, mode: str, k: int) -> SearchScore:
        """One point. CourseError for a choice that was not measured."""
        if (cut, mode, k) not in self._points:
            raise CourseError(
                f"Nothing was measured for {cut}, {mode}, {k} passages: choose from {', '.join(self.cuts)}; "
                f"{', '.join(self.modes)}; 1 to {self.counts[-1]}."
            )
        return self._points[cut, mode, k]

    def cheapest_as_good(self, point: SearchScore) -> SearchScore:
        """The point of fewest tokens whose passages hold the answer at least as often as in this one."""
        good = [each for each in self._points.values() if each.stated >= point.stated]
        return min(good, key=lambda each: each.tokens)


def in_words(point: SearchScore) -> str:
    """One point in two sentences."""
    low, high = wilson(point.found, point.n)
    return (
        f"With {point.choice}, a right article is found for {point.found} of {point.n} questions, "
        f"{point.found / point.n:.0%} ({low:.0%} to {high:.0%}). The answer is in the passages for "
        f"{point.stated}, {point.stated / point.n:.0%}; reading takes about {point.tokens:,.0f} tokens a "
        "question."
    )


def advice_in_words(point: SearchScore, cheapest: SearchScore) -> str:
    """What the cheapest point that is as good costs, or that this is the one."""
    if cheapest.tokens >= point.tokens:
        return "Nothing measured here has the answer as often for fewer tokens."
    found = f"{cheapest.stated} of {cheapest.n} for about {cheapest.tokens:,.0f} tokens"
    return f"As good for fewer tokens: {cheapest.choice}, {found}."


def _point(
    cut: str,
    mode: str,
    k: int,
    questions: Sequence[Question],
    answers: Sequence[Sequence[Passage]],
    tokens_per_word: float,
) -> SearchScore:
    pairs = [(question, passages[:k]) for question, passages in zip(questions, answers, strict=True)]
    found = sum(any(p.article in question.articles for p in passages) for question, passages in pairs)
    stated = sum(_states(question, passages) for question, passages in pairs)
    words = sum(len(p.searched.split()) for _, passages in pairs for p in passages)
    return SearchScore(cut, mode, k, len(pairs), found, stated, tokens_per_word * words / len(pairs))


def _states(question: Question, passages: Sequence[Passage]) -> bool:
    """Whether a passage of a right article holds the answer: the same words elsewhere are another fact."""
    wordings = (question.answer, *question.accept)
    return any(p.article in question.articles and states(p.text, wordings) for p in passages)
