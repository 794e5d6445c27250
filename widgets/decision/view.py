"""The control of lesson 10: answer the questions, and see the next rung, the ladder, what is open and why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import traitlets
from ipywidgets import HTML, Box, Checkbox, Layout, VBox

from course.errors import CourseError
from widgets.actions import Actions, Answer
from widgets.controls import Choice, Slider
from widgets.decision.answers import (
    GROUPS,
    QUESTIONS,
    Answers,
    FormQuestion,
    answer_text,
    load,
    save,
    stops_with,
    to_json,
)
from widgets.decision.model import advise, what_would_change
from widgets.decision.page import details, first_page, headline
from widgets.static import STATIC

_CSS = (STATIC / "decision.css").read_text(encoding="utf-8")
_SHARES = ("failure_rate", "accepted_rate")
_FITS = Layout(width="auto")


class DecisionView(VBox):
    """The questions, the ladder beside them and everything behind the advice below, redrawn at once.

    Starts with `answers`; "Start again" comes back to them. `answers` are those on screen. They are kept in
    `path`, by default results/decision.json, when the reader presses "Save".
    """

    def __init__(self, answers: Answers | None = None, path: Path | None = None) -> None:
        self._start = self._base = answers or Answers()
        self._path = path
        self._drawing = True
        self.asked = {question.name: _asked(question) for question in QUESTIONS}
        self.headline, self.page, self.details = HTML(), HTML(), HTML()
        self.headline.add_class("decision-narrow")
        self.actions = Actions(
            {
                "Start again": self.reset,
                "Save": self._save,
                "Open what was saved": self._open,
                "Copy the answers": lambda: {"copied": to_json(self.answers)},
            }
        )
        self._show(self._start)
        for asked in self.asked.values():
            asked.observe(self._moved)
        form = VBox([self._group(group) for group in GROUPS], layout=Layout(flex="1 1 340px"))
        form.add_class("decision-form")
        right = Box([self.page], layout=Layout(flex="1 1 380px"))
        beside = Box([form, right], layout=Layout(flex_flow="row wrap", grid_gap="0 1.5em"))
        style = HTML(f"<style>{_CSS}</style>")
        super().__init__([style, self.headline, beside, self.actions, self.details])

    @property
    def answers(self) -> Answers:
        """What the controls say. Where a failure rate comes from is known only while nobody moves it."""
        values = {name: asked.value for name, asked in self.asked.items()}
        same = all(values[name] == getattr(self._base, name) for name in ("failure_rate", "evaluation_rows"))
        measured_on = self._base.measured_on if same else ""
        return Answers(**values, measured_on=measured_on, turns_when=self._base.turns_when)

    def reset(self) -> Answer:
        """Go back to the answers that it started with."""
        self._show(self._start)
        return {"say": "Back to the answers at the start."}

    def _save(self) -> Answer:
        return {"say": f"Saved as {save(self.answers, self._path).name} in the results folder."}

    def _open(self) -> Answer:
        saved = load(self._path)
        if saved is None:
            raise CourseError("Nothing is saved yet; press Save first.")
        self._show(saved)
        return {"say": "These are the answers that were saved."}

    def _show(self, answers: Answers) -> None:
        """Move every control, and draw once."""
        self._base, self._drawing = answers, False
        for name, asked in self.asked.items():
            asked.value = getattr(answers, name)
        self._drawing = True
        self._draw()

    def _moved(self, change: traitlets.Bunch) -> None:
        if self._drawing:
            self._draw()

    def _draw(self) -> None:
        answers = self.answers
        advice = advise(answers)
        self.headline.value = headline(advice)
        self.page.value = first_page(advice)
        self.details.value = details(answers, advice, what_would_change(answers))

    def _group(self, group: str) -> VBox:
        rows = [
            row for question in QUESTIONS if question.group == group for row in self.asked[question.name].rows
        ]
        return VBox([HTML(f'<h4 class="decision-group">{group}</h4>'), *rows])


class _Several:
    """A question with several answers: a checkbox each."""

    def __init__(self, question: FormQuestion) -> None:
        self._boxes = {
            option: Checkbox(description=text, indent=False, layout=_FITS)
            for option, text in question.options.items()
        }
        self.rows = [Box([*self._boxes.values()], layout=Layout(flex_flow="row wrap", grid_gap="0 1.2em"))]

    @property
    def value(self) -> frozenset[str]:
        return frozenset(option for option, box in self._boxes.items() if box.value)

    @value.setter
    def value(self, value: frozenset[str]) -> None:
        for option, box in self._boxes.items():
            box.value = option in value

    def observe(self, handler: Callable[[traitlets.Bunch], None]) -> None:
        for box in self._boxes.values():
            box.observe(handler, names="value")


class _OneOf:
    """A question with one answer from a list."""

    def __init__(self, question: FormQuestion) -> None:
        self._question = question
        texts = {text: value for value, text in question.options.items()}
        self._choice = Choice(question.text, texts, next(iter(texts.values())))
        self.rows = [self._choice]

    @property
    def value(self) -> Any:
        return self._choice.value

    @value.setter
    def value(self, value: Any) -> None:
        stops = stops_with(self._question, value)
        self._choice.offer({answer_text(self._question, stop): stop for stop in stops}, value)

    def observe(self, handler: Callable[[traitlets.Bunch], None]) -> None:
        self._choice.observe(handler, names="position")


class _Number:
    """A question with a number, on a slider. Shares are shown in per cent."""

    def __init__(self, question: FormQuestion) -> None:
        self._question, self._stops = question, list(question.options)
        self._slider = Slider(question.text, [0], 0, "%" if question.name in _SHARES else question.unit)
        self.rows = [self._slider]

    @property
    def value(self) -> float:
        return self._stops[self._slider.position]

    @value.setter
    def value(self, value: float) -> None:
        self._stops = stops_with(self._question, value)
        factor = 100 if self._question.name in _SHARES else 1
        with self._slider.hold_sync():
            self._slider.stops = [round(factor * stop, 1) for stop in self._stops]
            self._slider.position = self._stops.index(value)

    def observe(self, handler: Callable[[traitlets.Bunch], None]) -> None:
        self._slider.observe(handler, names="position")


def _asked(question: FormQuestion) -> _Several | _OneOf | _Number:
    if question.many:
        return _Several(question)
    return _OneOf(question) if question.limits is None or None in question.options else _Number(question)
