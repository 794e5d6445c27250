"""The control of lesson 01: switch the six parts of a prompt on and off, read it, see what it scored."""

import html
from collections.abc import Callable

import traitlets
from ipywidgets import HTML, Checkbox, HBox, Layout, VBox

from course.errors import CourseError
from course.rungs.summaries import PARTS, assemble
from widgets.lessons.prompt_parts_model import Measured, sentence


class PromptParts(VBox):
    """A checkbox for each part, the prompt that they make (`prompt`), and its score in words (`sentence`).

    `measured` holds the score of each choice that was measured; `count` gives the tokens of one request with
    any other template. The checkboxes are in `boxes`, by the name of the part.
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
