"""What the explorers of the lessons have in common: labelled controls, an answer in words, and a picture.

A new explorer says which controls it has and draws what they describe:

    class Doubled(Explorer):
        def __init__(self) -> None:
            self.number = Slider("Number", range(1, 11), value=3)
            self.table = HTML()
            super().__init__([self.number], self.table)

        def draw(self) -> None:
            self.say(f"Twice {self.number.value:g} is {2 * self.number.value:g}.")
            self.table.value = table("Doubled", ["number", "twice"], [["3", "6"]], chosen=0)
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import traitlets
from ipywidgets import HTML, VBox, Widget

from course.errors import CourseError
from widgets.controls import Choice, Scale, Slider
from widgets.text import READABLE


class Explorer(VBox):
    """Controls, `sentence` and a picture, one below the other. Every move of a control calls `draw`."""

    def __init__(self, controls: Sequence[Slider | Choice], *picture: Widget) -> None:
        self.sentence = HTML()
        for control in controls:
            control.observe(self._redraw, names="position")
        self.draw()
        super().__init__([*controls, self.sentence, *picture])

    def draw(self) -> None:
        """Show what the controls describe. Each explorer has its own."""
        raise NotImplementedError

    def say(self, words: str) -> None:
        """Show these words below the controls; a screen reader reads them out when they change."""
        self.sentence.value = f'<p role="status" style="{READABLE}">{html.escape(words)}</p>'

    def _redraw(self, change: traitlets.Bunch) -> None:
        self.draw()


class CaseExplorer(Explorer):
    """An explorer of the inputs of a model: a list of named cases, and a slider for each field in `scales`.

    `cases` maps names to instances of one frozen dataclass; the first is shown at first. A value that is not
    among the stops of its slider becomes one. CourseError when there is no case.
    """

    scales: ClassVar[Mapping[str, Scale]]

    def __init__(self, cases: Mapping[str, Any], *picture: Widget, more: Sequence[Choice] = ()) -> None:
        if not cases:
            raise CourseError("There is no case; give at least one to begin with.")
        self.preset = Choice("Case", cases, value=next(iter(cases.values())))
        self.sliders = {
            name: scale.slider(getattr(case, name) for case in cases.values())
            for name, scale in self.scales.items()
        }
        self.preset.observe(self._load, names="position")
        super().__init__([self.preset, *self.sliders.values(), *more], *picture)

    @property
    def case(self) -> Any:
        """The case that the controls describe; what has no slider is that of the chosen one."""
        moved = {name: scale.own(self.sliders[name]) for name, scale in self.scales.items()}
        return replace(self.preset.value, **moved)

    def _load(self, change: traitlets.Bunch) -> None:
        for name, scale in self.scales.items():
            self.sliders[name].value = scale.shown(getattr(self.preset.value, name))


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], chosen: int) -> str:
    """An HTML table of numbers. The first cell of a row names it; the row at the place `chosen` is marked.

    Caption, head and cells are HTML: escape what a reader has written. Numbers are aligned right, bars left.
    """
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    body = ""
    for place, (name, *cells) in enumerate(rows):
        mark = ' aria-current="true" style="font-weight: bold; outline: 1px solid"' if place == chosen else ""
        data = "".join(
            f'<td style="text-align: {"left" if cell.startswith("<") else "right"}; white-space: nowrap">'
            f"{cell}</td>"
            for cell in cells
        )
        body += f'<tr{mark}><th scope="row" style="font-weight: inherit">{name}</th>{data}</tr>'
    return (
        f'<table style="border-spacing: 12px 0; line-height: 1.6"><caption>{caption}</caption>'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    )


def bar(look: str, pixels: float) -> str:
    """A bar for a table cell, `look` being a CSS background. The number beside it says the same."""
    style = f"display: inline-block; height: 12px; width: {pixels:.0f}px; background: {look}"
    return f'<span aria-hidden="true" style="{style}"></span>'


def stacked(looks: Mapping[str, str], shares: Mapping[str, float]) -> str:
    """The bars of the named shares, 0 to 1, in one row of a table cell; `looks` are their backgrounds."""
    return "".join(bar(look, 120 * shares[name]) for name, look in looks.items())


def legend(looks: Mapping[str, str]) -> str:
    """What each background of `looks` means."""
    return " ".join(f"{bar(look, 14)} {name}" for name, look in looks.items())
