"""The explorer of lesson 01: switch the six parts of a prompt on and off, read it, see what it scored."""

import html
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import traitlets
from ipywidgets import HTML, Checkbox, HBox, Layout, VBox

from course.errors import CourseError
from course.measuring.results import wilson
from course.rungs.summaries import PARTS, assemble


@dataclass(frozen=True)
class Score:
    """How many of `n` lines passed every checker, and the mean tokens of one request."""

    passed: int
    n: int
    tokens: float

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.n or self.n == 0:
            raise CourseError(
                f"{self.passed} of {self.n} is not a score; count from 0 to n; n is at least 1."
            )


Measured = Mapping[frozenset[str], Score]


class PromptParts(VBox):
    """A checkbox for each part, the prompt that they make (`prompt`), and its score in words (`sentence`).

    `measured` holds the score of each choice that was measured; `count` gives the tokens of one request with
    any other template. The checkboxes are in `boxes`, by the name of the part.

    PromptParts({frozenset(): Score(1, 24, 48.0), frozenset(["format"]): Score(24, 24, 61.0)}, count)
    """

    def __init__(self, measured: Measured, count: Callable[[str], int]) -> None:
        self._measured = measured
        self._count = count
        fits = Layout(width="auto")
        self.boxes = {part: Checkbox(description=part, indent=False, layout=fits) for part in PARTS}
        self.prompt = HTML()
        self.sentence = HTML()
        for box in self.boxes.values():
            box.observe(self._draw, names="value")
        self._draw()
        row = HBox([*self.boxes.values()], layout=Layout(flex_flow="row wrap", grid_gap="0 1.5em"))
        super().__init__([row, self.sentence, self.prompt])

    @property
    def chosen(self) -> frozenset[str]:
        """The parts that are on."""
        return frozenset(part for part, box in self.boxes.items() if box.value)

    def _draw(self, change: traitlets.Bunch | None = None) -> None:
        template = assemble(self.chosen)
        try:
            words = sentence(self.chosen, self._measured, lambda: self._count(template))
        except CourseError as error:  # a recorded file need not hold the count of every choice
            words = str(error)
        self.sentence.value = f'<p role="status">{html.escape(words)}</p>'
        self.prompt.value = f'<pre style="white-space: pre-wrap">{html.escape(template)}</pre>'


def sentence(chosen: Collection[str], measured: Measured, count: Callable[[], int]) -> str:
    """The parts that are on, the tokens of one request, and the share that passed.

    `count()` is asked for the tokens only where the choice was not measured.
    """
    on = ", ".join(part for part in PARTS if part in chosen) or "none, the vague prompt"
    score = measured.get(frozenset(chosen))
    if score is None:
        return f"Parts on: {on}. One request has about {count():,.0f} tokens. This choice was not measured."
    low, high = wilson(score.passed, score.n)
    return (
        f"Parts on: {on}. One request has about {score.tokens:,.0f} tokens. Measured: {score.passed} of "
        f"{score.n} lines pass every checker, {score.passed / score.n:.0%} ({low:.0%} to {high:.0%})."
    )
