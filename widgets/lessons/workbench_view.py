"""The workbench: write a prompt, run it on dev, read its mistakes, keep versions, look at test once."""

import contextlib
import io
import threading
from collections.abc import Sequence

import anthropic
from ipywidgets import HTML, Box, Layout, Textarea, VBox

from course.engine.client import connect
from course.errors import CourseError
from course.material.data import lesson_sample
from course.rungs.workbench import WAYS, Draft, Split, Version, looks_at_test, measure, versions
from widgets.actions import Actions, Answer
from widgets.chart import BLUE, Axis, Line, LineChart, Mark
from widgets.controls import Choice, Slider
from widgets.lessons.workbench_model import change, figures, looks, mistakes
from widgets.text import say

SIZES = {"small": "small", "medium": "medium", "large": "large"}
WAYS_SHOWN = dict(zip(("none", "the same for every ticket", "the nearest to each ticket"), WAYS, strict=True))
STYLE = """<style>
.course-mistakes td { text-align: left; vertical-align: top; padding: 2px 10px 2px 0; line-height: 1.35 }
.course-mistakes caption { text-align: left; font-weight: bold; padding: 8px 0 2px }
</style>"""


class Workbench(VBox):
    """Controls at the left, what they brought at the right. Every run is a version that is kept on disk.

    `draft` is what the controls say; `run`, `look` and `stop` are the buttons. A run works in the background:
    `wait` until it is done. It opens with `draft`, by default the names of the queues alone.
    """

    def __init__(self, draft: Draft | None = None) -> None:
        self.prompt = Textarea(description="Prompt", rows=10, layout=Layout(width="auto"))
        self.size = Choice("Model", SIZES, "large")
        self.examples = Choice("Examples", WAYS_SHOWN, "none")
        self.count = Slider("How many examples", range(1, 19), 5)
        self.schema = Choice("Reply", {"free text": False, "held by a schema": True}, False)
        self.version = Choice("Version", {"a new one": 0}, 0)
        self.actions = Actions({"Run on dev": self.run, "Stop": self.stop, "Look at test": self.look})
        self.asks, self.status, self.words, self.mistakes = HTML(), HTML(), HTML(), HTML()
        # Made once: a control below a new child would be drawn anew at each move, and lose the keyboard.
        self._placeholders = HTML(
            "<small><code>{queues}</code> stands for the names of the queues, "
            "<code>{descriptions}</code> for a line on each.</small>"
        )
        self.chart = LineChart(Axis("version"), Axis("right on dev, %", low=0, high=100), height=220)
        self._stopped = threading.Event()
        self._worker: threading.Thread | None = None
        self._drawn = 0
        self._show_draft(draft or Draft())
        self._draw(versions())
        self.version.observe(lambda _: self._load(), names="position")
        column = Layout(flex="1 1 320px", min_width="300px")
        self._controls = VBox(layout=column)
        for control in (self.size, self.examples, self.count, self.schema):
            control.observe(lambda _: self._show_controls(), names="position")
        self.version.observe(lambda _: self._show_controls(), names="options")
        self._show_controls()
        right = VBox([self.chart, self.words, self.mistakes], layout=column)
        super().__init__([Box([self._controls, right], layout=Layout(display="flex", flex_flow="row wrap"))])

    def _show_controls(self) -> None:
        """The controls that matter now, and what a run would ask."""
        settings = Draft(
            size=self.size.value,
            examples=self.examples.value,
            count=int(self.count.value),
            schema=self.schema.value,
        )
        self.asks.value = f"<small>A run asks: {settings}.</small>"
        self._controls.children = [
            *([self.version] if len(self.version.options) > 1 else []),
            self.prompt,
            self._placeholders,
            self.size,
            self.examples,
            *([self.count] if self.examples.value != "none" else []),
            self.schema,
            self.asks,
            self.actions,
            self.status,
        ]

    @property
    def draft(self) -> Draft:
        """What the controls describe. CourseError when it cannot be asked."""
        return Draft(
            self.prompt.value, self.size.value, self.examples.value, int(self.count.value), self.schema.value
        )

    def run(self) -> Answer:
        """Measure the draft on the dev tickets."""
        return self._start("dev")

    def look(self) -> Answer:
        """Measure a draft that was run on dev on the test tickets: once."""
        if not any(version.draft == self.draft and version.dev for version in versions()):
            raise CourseError("Run this version on dev first: that is where versions are chosen.")
        return self._start("test")

    def stop(self) -> Answer:
        """Stop the run. What was answered is kept."""
        if not self._busy:
            raise CourseError("Nothing is running.")
        self._stopped.set()
        return {"say": "Stopping."}

    def wait(self) -> None:
        """Return when no run is under way."""
        if self._worker is not None:
            self._worker.join()

    @property
    def _busy(self) -> bool:
        return self._worker is not None and self._worker.is_alive()

    def _start(self, split: Split) -> Answer:
        if self._busy:
            raise CourseError("A run is under way: wait for it, or stop it.")
        self._stopped.clear()
        self._worker = threading.Thread(target=self._measure, args=(self.draft, split), daemon=True)
        self._worker.start()
        return {}

    def _measure(self, draft: Draft, split: Split) -> None:
        total = len(lesson_sample(split))

        def on_progress(count: int) -> None:
            if self._stopped.is_set():
                raise CourseError(
                    f"Stopped after {count} of {total}. The answers are kept: run it again and it continues."
                )
            self.status.value = f'<progress value="{count}" max="{total}"></progress> {count} of {total}'

        try:
            with contextlib.redirect_stdout(io.StringIO()):  # the badge is beside the result
                client, model = connect(draft.size)
            version = measure(draft, client, model, split, on_progress=on_progress)
        except (CourseError, anthropic.APIError) as error:
            say(self.status, str(error))
        else:
            self.status.value = ""
            self._draw(versions(), version)

    def _draw(self, kept: Sequence[Version], chosen: Version | None = None) -> None:
        """Show every version, and what one of them brought; without one, how to begin."""
        self._drawn = chosen.number if chosen else 0
        seen = looks(looks_at_test(kept))
        measured = {version.number: version.dev for version in kept if version.dev is not None}
        options = {"a new one": 0} | {f"{each.number}: {each.draft}": each.number for each in kept}
        self.version.offer(options, self._drawn)
        numbers = list(measured)
        right = [100 * dev.accuracy for dev in measured.values()]
        ends = [[100 * dev.interval[end] for dev in measured.values()] for end in (0, 1)]
        line = Line("right", numbers, right, BLUE, low=ends[0], high=ends[1])
        shown = ", ".join(f"version {n} {share:.0f}%" for n, share in zip(numbers, right, strict=True))
        marks = [Mark(n, share, f"{share:.0f}%") for n, share in zip(numbers, right, strict=True)]
        with self.chart.hold_sync():
            self.chart.across(Axis("version", low=0.5, high=max(numbers, default=1) + 0.5, ticks=numbers))
            summary = f"Right on dev: {shown or 'nothing measured yet'}."
            self.chart.show([line] if measured else [], summary, marks)
        if chosen is None or chosen.dev is None:
            say(
                self.words,
                "Write a prompt, or take the one that is there, and run it on dev.",
                seen,
            )
            self.mistakes.value = ""
            return
        before = [version for version in kept if version.dev and version.number < chosen.number]
        sentences = [change(chosen, before[-1])] if before else []
        if chosen.test is not None:
            sentences.append(f"On test: {figures(chosen.test, 'test')}")
        strong = f"Version {chosen.number}: {figures(chosen.dev, 'dev')}"
        say(self.words, *sentences, seen, strong=strong)
        self.mistakes.value = STYLE + mistakes(chosen.dev)

    def _load(self) -> None:
        """Go back to the version that was chosen from the list."""
        kept = versions()
        found = [version for version in kept if version.number == self.version.value != self._drawn]
        if found:
            self._show_draft(found[0].draft)
            self._draw(kept, found[0])

    def _show_draft(self, draft: Draft) -> None:
        self.prompt.value = draft.prompt
        self.size.value, self.examples.value, self.schema.value = draft.size, draft.examples, draft.schema
        self.count.value = draft.count
