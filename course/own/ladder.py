"""The rungs of the reader's own task: what each one answers, how long it will take, and what it reached."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from anthropic.types import MessageParam

from course.engine.client import CourseClient
from course.engine.sizes import local_model
from course.errors import CourseError
from course.material.data import prompt
from course.measuring.evaluate import WORKERS, evaluate
from course.measuring.results import Result, Verdict
from course.own.checks import SHOWN_EXAMPLE, SHOWN_TEXT, OwnRow, as_plain
from course.own.task import OwnTask
from course.rungs.baselines import LinearHead
from course.rungs.cascade import cascade
from course.rungs.retrieve import nearest
from course.rungs.routing import one_of, reply

FLOOR, HEAD = "most frequent label", "MiniLM + logistic regression"
NAMES, DESCRIPTIONS = "label names in the prompt", "names and descriptions"
EXAMPLES, SCHEMA, CASCADE = "5 retrieved examples", "retrieved examples and a schema", "cascade"
SHOWN = 5  # examples
PASSED_ON = 0.3  # share of the rows on which the head is least sure, and which the cascade asks the model
BYTES_PER_TOKEN = 2  # fewer than any text in a European language has, so that no prompt is too long
TIMED = 4  # rows of each rung, asked at once after a first one, to say beforehand how long all will take

Predict = Callable[[OwnRow], str]


def label_in(said: str, labels: Sequence[str]) -> str | None:
    """The label that a reply names: alone, in quotes or a fence, or as the one field of an object."""
    text = said.strip().strip("`\"'*. \n").removeprefix("json").strip()
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, dict) and len(value) == 1:
        text = str(next(iter(value.values())))
    return {as_plain(label): label for label in labels}.get(as_plain(text))


def best_asked(results: Sequence[Result]) -> Result:
    """The most accurate of those that ask the model for every row."""
    return max((one for one in results if one.name not in (FLOOR, HEAD, CASCADE)), key=lambda one: one.right)


def choose(dev: Sequence[Result]) -> Result:
    """The most accurate on dev; of several the one that costs least."""
    return max(dev, key=lambda result: (result.right, -(result.cost_per_1000 or 0)))


def cut(text: str, most: int) -> str:
    """The text, or its first `most` bytes."""
    return text.encode()[:most].decode(errors="ignore")


@dataclass(frozen=True)
class Expected:
    """How long the rungs will take: `seconds` a row of each, timed on a few, and how many rows there are.

    `rows` are those of dev, on which every rung is asked, `test` those on which the chosen one is.
    """

    seconds: Mapping[str, float]
    rows: int
    test: int
    recorded: bool

    def minutes(self, rows: int) -> float:
        """Of all rungs that ask the model, on so many rows each."""
        return rows * sum(self.seconds.values()) / 60

    def __str__(self) -> str:
        count = len(self.seconds)
        timed = "timed when the answers were recorded" if self.recorded else f"timed on {TIMED} rows of each"
        slowest = max(self.seconds, key=lambda name: self.seconds[name])
        return (
            f"{count} rungs ask the model, {timed}: about {self.minutes(self.rows):.1f} minutes for the "
            f"{self.rows} dev rows, {self.minutes(300):.0f} for 300 rows. The slowest, '{slowest}', takes "
            f"{self.seconds[slowest]:.2g} s a row, so the look at test takes "
            f"{self.test * self.seconds[slowest] / 60:.1f} minutes at most."
        )


@dataclass
class Ladder:
    """The rungs of a task, answered by `client` and `model`; `size` says how long a prompt may be."""

    task: OwnTask
    client: CourseClient
    model: str
    size: str
    notes: list[str] = field(default_factory=list)

    @cached_property
    def head(self) -> LinearHead:
        """Trained on the task's rows to learn from."""
        return LinearHead([row.text for row in self.task.train], [row.label for row in self.task.train])

    @cached_property
    def rungs(self) -> dict[str, Predict]:
        """What answers a row, by name, without the cascade: from the least work to the most."""
        most_frequent = Counter(row.label for row in self.task.train).most_common(1)[0][0]
        rungs: dict[str, Predict] = {FLOOR: lambda row: most_frequent, HEAD: self.head}
        return rungs | self.asking

    @cached_property
    def asking(self) -> dict[str, Predict]:
        """Those that ask the model. Descriptions that the model cannot hold are left out, and said."""
        names = ", ".join(self.task.labels)
        lines = "\n".join(f"- {label}: {self.task.descriptions.get(label)}" for label in self.task.labels)
        best = self._instruction(names)
        if not self._fits(best):
            raise CourseError(
                f"The names of {len(self.task.labels)} labels take {len(best):,} characters, more than the "
                f"{self.size} model holds beside a text: shorten them, or choose a larger model."
            )
        rungs = {NAMES: self._asked(best)}
        if self.task.descriptions and self._fits(self._instruction(lines)):
            best = self._instruction(lines)
            rungs[DESCRIPTIONS] = self._asked(best)
        elif self.task.descriptions:
            self.notes.append(
                f"The descriptions of {len(self.task.labels)} labels take {len(lines):,} characters, more "
                f"than the {self.size} model holds beside a text, so they are left out: shorten them."
            )
        rungs[EXAMPLES] = self._asked(best, shown=True)
        rungs[SCHEMA] = self._asked(best, shown=True, constrained=True)
        return rungs

    def expected(self) -> Expected:
        """How long the dev rows will take, from a few that are asked now and answered at once later."""
        first, few = self.task.dev[:1], self.task.dev[1 : TIMED + 1] or self.task.dev
        timed = {}
        for name, predict in self.asking.items():
            self.measure(
                name, predict, first
            )  # loads the model and reads the long prompt, for all later rows
            timed[name] = self.measure(name, predict, few)
        recorded = any(result.badge_kind == "recorded" for result in timed.values())
        # The local engine counts each answer's share of its time. A live answer's time is its own.
        abreast = WORKERS if self.client.mode == "live" else 1
        seconds = {name: (result.seconds or 0) / abreast for name, result in timed.items()}
        return Expected(seconds, len(self.task.dev), len(self.task.test), recorded)

    def measure(self, name: str, predict: Predict, rows: Sequence[OwnRow]) -> Result:
        """What a rung reaches on these rows."""
        asks = name not in (FLOOR, HEAD)
        labels = set(self.task.labels)

        def judged(row: OwnRow, reply: Any) -> Verdict:
            return Verdict(reply in labels, reply == row.label)

        used = 0 if name in (NAMES, DESCRIPTIONS) else len(self.task.train)
        return evaluate(
            rows, predict, name=name, check=judged, client=self.client if asks else None, labels=used
        )

    def on_test(self, chosen: str, dev: Sequence[Result]) -> list[Result]:
        """The one look at the test rows: the rung that was chosen on dev, and what it is held against."""
        names = [*dict.fromkeys((FLOOR, HEAD, chosen))]
        best = best_asked(dev).name
        return [
            self.measure(name, self.cascade(best) if name == CASCADE else self.rungs[name], self.task.test)
            for name in names
        ]

    def on_dev(self) -> list[Result]:
        """Every rung on the dev rows, and then the cascade, with the best of the model's rungs in it."""
        results = [self.measure(name, predict, self.task.dev) for name, predict in self.rungs.items()]
        return [*results, self.measure(CASCADE, self.cascade(best_asked(results).name), self.task.dev)]

    def cascade(self, rung: str) -> Predict:
        """The head where it is sure, the rung elsewhere: on the `PASSED_ON` of dev where it is least sure."""
        limit = np.quantile([self.head.confidence(row) for row in self.task.dev], PASSED_ON)
        return cascade(self.head, self.asking[rung], float(limit))

    @cached_property
    def _nearest(self) -> dict[str, list[OwnRow]]:
        """The examples of each measured row by its id, the best one last."""
        rows = [*self.task.dev, *self.task.test]
        found = nearest([row.text for row in rows], self.task.train, min(SHOWN, len(self.task.train)))
        return {row.id: shown for row, shown in zip(rows, found, strict=True)}

    def _instruction(self, labels: str) -> str:
        return prompt("own_names").format(labels=labels)

    def _fits(self, instruction: str) -> bool:
        most = len(instruction.encode()) + SHOWN_TEXT + SHOWN * SHOWN_EXAMPLE
        return most < BYTES_PER_TOKEN * local_model(self.size).context_tokens

    def _asked(self, instruction: str, *, shown: bool = False, constrained: bool = False) -> Predict:
        schema = one_of("label", self.task.labels) if constrained else None
        longest = max(len(label.encode()) for label in self.task.labels)

        def predict(row: OwnRow) -> str:
            turns: list[MessageParam] = []
            for example in self._nearest[row.id] if shown else ():
                answer = json.dumps({"label": example.label}) if constrained else example.label
                turns += [
                    {"role": "user", "content": cut(example.text, SHOWN_EXAMPLE)},
                    {"role": "assistant", "content": answer},
                ]
            request = {
                "model": self.model,
                "max_tokens": longest + 20,
                "system": instruction,
                "messages": [*turns, {"role": "user", "content": cut(row.text, SHOWN_TEXT)}],
            }
            said = reply(self.client, request, schema, "label")
            return label_in(said, self.task.labels) or said

        return predict
