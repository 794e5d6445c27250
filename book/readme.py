"""What the README and docs/results.md show: tables and a picture of what is measured, and two widgets.

    python -m book.readme            the tables
    python -m book.build --readme    the pictures as well; `make site` does it too

A table, or a sentence of counts, is between `<!-- table: NAME -->` and `<!-- end -->`. A picture carries a
digest of what it is drawn from, and is redrawn only when that has changed: the pixels depend on the fonts of
the machine.
"""

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from ipywidgets import Widget
from ipywidgets.embed import dependency_state

from book.pages import Drawing
from book.stills import still
from course.engine.sizes import local_models
from course.errors import CourseError
from course.material.data import KINDS, LETTER_FIELDS, kinds_before_mending, letters, tickets
from course.measuring import ladder
from course.measuring import letters as letter_scores
from course.measuring.climb import corrected, verdict
from course.measuring.house_voice import RULES
from course.measuring.results import Outcome, Result, compare
from course.paths import NOTEBOOKS, ROOT
from course.rungs import three_sizes
from course.rungs.routing import queue_named
from course.tuning import (
    experiments,
    forgetting,
    gain_and_loss,
    labels,
    letter_form,
    letter_readings,
    preference,
    preference_readings,
    voice,
)
from widgets.chart import BLUE, GREEN, GREY, ORANGE, RED
from widgets.cost.view import CostView
from widgets.lessons.few_shot_view import FewShot

PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md")
IMAGES = NOTEBOOKS / "images"
TABLE = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
STYLE = "body { margin: 0; padding: 8px; font: 16px/1.5 system-ui, sans-serif; }"
CLAUDE = "a large Claude:"
SYMBOLS = ("circle", "square", "x", "diamond", "triangle-up")
KEY = b"tEXtdata\0"  # of the part of a PNG file that holds the digest


class Shown(NamedTuple):
    """A row of a table: what reached how much. Counts by kind are of typical, hard and boundary tickets."""

    name: str
    right: int
    valid: int
    n: int
    low: float
    high: float
    kinds: tuple[int, ...]

    @classmethod
    def counted(cls, point: ladder.Rung | experiments.TrainedPoint) -> "Shown":
        """A row of a file that holds counts."""
        kinds = (point.typical, point.hard, point.boundary)
        name = point.name.replace("large model:", CLAUDE)
        return cls(name, point.right, point.valid, point.n, point.low, point.high, kinds)

    @classmethod
    def of(cls, result: Result) -> "Shown":
        """A row of judged replies."""
        frame = result.frame
        kinds = tuple(int(frame.correct[frame.slice == kind].sum()) for kind in KINDS)
        valid = int(frame.valid.sum())
        return cls(result.name, result.right, valid, result.n, *result.interval, kinds)

    @property
    def share(self) -> str:
        """The share right with its interval."""
        return f"{self.right / self.n:.1%} ({self.low:.1%} to {self.high:.1%})"

    @property
    def cells(self) -> tuple[object, ...]:
        """The row of a table: name, share, valid replies, counts by kind."""
        return (self.name, self.share, f"{self.valid / self.n:.0%}", *self.kinds)


def from_ladder() -> list[Shown]:
    """What the ladder has beside the prompts of a local model, the best first."""
    return [Shown.counted(rung) for rung in ladder.read() if rung.badge != "measured here: local"]


def from_sizes() -> dict[tuple[str, str], Result]:
    """What each local size did with the tickets, (size, rung) -> result, the largest size first."""
    return _largest_first(three_sizes.ROUTING)


def _largest_first(task: str) -> dict[tuple[str, str], Result]:
    results = three_sizes.results(task)
    return dict(sorted(results.items(), key=lambda item: _SIZES.index(item[0][0])))


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    first, *others = (f"| {' | '.join(map(str, cells))} |" for cells in (head, *rows))
    return "\n".join([first, f"|{'---|' * len(head)}", *others])


def _measured(rows: Iterable[Shown], first: str) -> str:
    return _table([first, *_columns(kinds_before_mending())], (row.cells for row in rows))


def _columns(was: Mapping[str, str]) -> tuple[str, ...]:
    """What follows a name. `was`: id -> kind of the tickets that were measured under another kind."""
    counted = Counter(was.get(row.id, row.kind) for row in tickets("test"))
    return ("right", "valid replies", *(f"of {counted[kind]} {kind}" for kind in KINDS))


def _sizes() -> str:
    """Each rung with each size, and how often a free reply names the right queue among other words."""
    rows = [
        [*Shown.of(result).cells, "" if rung.endswith(", schema") else sum(map(_names_it, result.outcomes))]
        for (_, rung), result in from_sizes().items()
    ]
    return _table([WHO, *_columns({}), "named at all"], rows)


def _names_it(outcome: Outcome) -> bool:
    return queue_named(outcome.reply) == outcome.expected


def _tasks() -> str:
    """Letters, the handbook and tools: a row for each rung, a column for each size."""
    rows: list[list[str]] = []
    for task in (three_sizes.LETTERS, three_sizes.HANDBOOK, three_sizes.TOOLS):
        results = three_sizes.results(task)
        for rung in dict.fromkeys(rung for _, rung in results):
            shown = (results.get((size, rung)) for size in _SIZES)
            cells = [f"{Shown.of(one).share} of {one.n}" if one else "not measured" for one in shown]
            rows.append([task, rung, *cells])
    return _table(["task", "rung", *_SIZES], rows)


def _letters() -> str:
    """What is wrong with the form of the letters' objects, and how much of what they hold is right."""
    rows = letters()
    shown = []
    for result in _largest_first(three_sizes.LETTERS).values():
        counted = letter_scores.counts(result, rows)
        faults = [counted[f"fault: {fault}"] for fault in letter_scores.FAULTS]
        right = sum(counted[field] for field in LETTER_FIELDS)
        shown.append([result.name, counted["valid"], *faults, right])
    fields = len(LETTER_FIELDS) * len(rows)
    return _table([WHO, f"valid, of {len(rows)}", *letter_scores.FAULTS, f"fields right, of {fields}"], shown)


def _pairs() -> str:
    """The same tickets by pairs: a prompt and the one that it adds to, free and by a schema, two sizes.

    A prompt adds to the one before it; reasoning first adds to the descriptions, without examples.
    """
    results = from_sizes()
    places = [((size, f"{rung}, schema"), (size, rung)) for size, rung in results]
    places += [((large, rung), (small, rung)) for large, small in pairwise(_SIZES) for _, rung in results]
    for size in _SIZES:
        for held in (False, True):
            own = [rung for its, rung in results if its == size and rung.endswith(", schema") is held]
            for before, after in pairwise(own):
                plain = after.replace(", reasoning first", "")
                places.append(((size, after), (size, before if plain == after else plain)))
    steps = [compare(results[a], results[b]) for a, b in dict.fromkeys(places) if {a, b} <= results.keys()]
    rows = [
        [
            step.a,
            step.b,
            f"{100 * step.difference:+.1f}",
            step.only_a,
            step.only_b,
            f"{p:.2g}",
            verdict(step, p),
        ]
        for step, p in zip(steps, corrected(steps), strict=True)
    ]
    return _table(["this", "against", "points", "only this right", "only that", "p", "verdict"], rows)


def _trained() -> str:
    """The small model trained on all written tickets beside its best prompt and the linear head."""
    (tuned,) = [point for point in experiments.read() if point.name == "810 written"]
    prompts = {rung: result.right for (size, rung), result in from_sizes().items() if size == "small"}
    best = max(prompts, key=prompts.__getitem__)
    (head,) = [row for row in from_ladder() if row.name == HEAD]
    return (
        f"One training on all 810 is right on {tuned.right} of {tuned.n} tickets; the same model with its "
        f"best prompt, '{best}', on {prompts[best]}, and '{head.name}' on {head.right}. Only counts are "
        "kept of these trainings, so nothing here compares them ticket by ticket. Lesson 11 does, on its "
        "sample."
    )


def _voice() -> str:
    """Each way to ask for the house voice, the largest size first."""
    counts = sorted(voice.read(), key=lambda count: _SIZES.index(count.size))
    rows = [
        [
            f"{count.size} local model: {count.rung}",
            f"{count.rules:.1f}",
            count.valid,
            count.facts,
            f"{count.right}: {count.right / count.n:.1%} ({count.low:.1%} to {count.high:.1%})",
            f"{count.seconds:.1f}",
            f"{count.cores} cores of {count.machine}",
        ]
        for count in counts
    ]
    n = counts[0].n
    head = (f"all {len(RULES)}, of {n}", f"facts, of {n}", f"both, of {n}", "seconds", "machine")
    return _table([WHO, f"rules of {len(RULES)}", *head], rows)


def _labels() -> str:
    """What each learner got right with so many labels of a kind, a column for each seed."""
    readings = sorted(labels.read(), key=lambda each: list(labels.EPOCHS).index(each.learner))
    found: dict[tuple[object, ...], list[labels.LabelReading]] = {}
    for each in readings:
        # How many labels a filter keeps differs by seed, and the steps with it.
        amount = (each.examples, each.steps) if each.labels in (labels.EXPERTS, labels.TEACHER) else ()
        found.setdefault((each.learner, each.labels, *amount), []).append(each)
    rows = []
    for (learner, source, *_), of in found.items():
        right = {each.seed: each.right for each in of}
        amounts = _ends(each.examples for each in of), _ends(each.steps for each in of)
        rows.append([learner, source, *amounts, *(right.get(seed, "-") for seed in labels.SEEDS)])
    seeds = [f"right of {readings[0].n}, seed {seed}" for seed in labels.SEEDS]
    return _table(["learner", "labels", "examples", "steps", *seeds], rows)


def _ends(counts: Iterable[int]) -> str:
    found = sorted(set(counts))
    return f"{found[0]}" if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _remembered(task: str) -> str:
    """What each training on a task left right of each part that was asked."""
    return _rows_of("trained", gain_and_loss.table(forgetting.read(), task))


def _form() -> str:
    """The letters by prompts, a schema and a small training."""
    return _rows_of("small local model", letter_readings.table(letter_form.read()))


def _preference() -> str:
    """The tuned voice before and after two ways of training on, from each seed."""
    found = preference_readings.table(preference.read(), preference.read_replies())
    return _rows_of("small local model", found)


def _rows_of(first: str, frame: pd.DataFrame) -> str:
    return _table([first, *frame.columns], ([name, *cells] for name, *cells in frame.itertuples()))


def _some(table: str) -> str:
    """The same rows of a shorter table, with what is measured now."""
    rows_of_trainings = map(Shown.counted, experiments.read())
    trained = [row._replace(name=IN_README.get(row.name, row.name)) for row in rows_of_trainings]
    measured = [*map(Shown.of, from_sizes().values()), *from_ladder(), *trained]
    known = {row.name: row for row in measured}
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().split("\n")]
    names = [row[0] for row in rows]
    if missing := [name for name in names if name not in known]:
        raise CourseError(f"The README shows rows that are not measured: {', '.join(missing)}; remove them.")
    return _table(head, (known[name].cells[: len(head)] for name in names))


WHO = "who: with what"
HEAD = "MiniLM + logistic regression"
# Name in docs/results.md, where the table says "trained on" -> name in the README.
IN_README = {
    "810 written": "small local model: fine-tuned on 810 tickets",
    "MiniLM, 810 written": "MiniLM: fine-tuned on 810 tickets",
}
_SIZES = [model.size for model in reversed(local_models())]
_TABLES: dict[str, Callable[[str], str]] = {
    "ladder": lambda _: _measured(from_ladder(), WHO),
    "sizes": lambda _: _sizes(),
    "tasks": lambda _: _tasks(),
    "letters": lambda _: _letters(),
    "pairs": lambda _: _pairs(),
    "training": lambda _: _measured(map(Shown.counted, experiments.read()), "trained on"),
    "trained": lambda _: _trained(),
    "voice": lambda _: _voice(),
    "preference": lambda _: _preference(),
    "form": lambda _: _form(),
    "labels": lambda _: _labels(),
    "forgetting": lambda _: _remembered(forgetting.ROUTING),
    "forgetting_medium": lambda _: _remembered(forgetting.ROUTING_MEDIUM),
    "facts": lambda _: _remembered(forgetting.FACTS),
    "some": _some,
}


def with_tables(text: str) -> str:
    """The text with every table as it is measured now."""
    return TABLE.sub(lambda found: f"{found[1]}{_TABLES[found[2]](found[3])}\n{found[4]}", text)


class Picture(NamedTuple):
    """`source` is all that is drawn: a figure, or the data, styles and scripts of a widget."""

    source: str
    draw: Callable[[Drawing], bytes]


def pictures() -> dict[str, Picture]:
    """The README's pictures by file name: what is measured, and two widgets as they are at first."""
    figure = _ladder()
    board = Picture(figure.to_json(), lambda drawing: drawing.chart(figure.to_plotly_json(), "png"))
    return {
        "board.png": board,
        "few_shot.png": _shot(FewShot({}), 620),
        "cost.png": _shot(CostView(), 1000),
    }


def _shot(widget: Widget, width: int) -> Picture:
    state = dependency_state([widget], drop_defaults=False)
    shown = f"<!doctype html><style>{STYLE}</style>{still(widget.model_id, state)}"
    return Picture(shown, lambda drawing: drawing.screenshot(shown, width, 800))


def _ladder() -> go.Figure:
    """Every rung with its interval: local sizes by their prompts, and what was measured beside them."""
    groups: dict[str, dict[str, Shown]] = {}
    for (size, rung), result in from_sizes().items():
        groups.setdefault(f"{size} local model", {})[rung] = Shown.of(result)
    for row in from_ladder():
        claude = row.name.startswith(CLAUDE)
        groups.setdefault("a large Claude, recorded" if claude else "no language model", {})[row.name] = row
    best = {
        name: max(group[name].right for group in groups.values() if name in group)
        for group in groups.values()
        for name in group
    }
    looks = zip(groups.items(), (BLUE, ORANGE, GREEN, RED, GREY), SYMBOLS, strict=False)
    dots = [_dots(name, group, colour, symbol) for (name, group), colour, symbol in looks]
    axis = {"title": {"text": "right of 360 tickets (%), 95% interval"}, "range": [-3, 103]}
    order: dict[str, Any] = {"categoryorder": "array", "categoryarray": sorted(best, key=best.__getitem__)}
    frame: dict[str, Any] = {"height": 620, "margin": {"l": 240, "r": 20, "t": 10, "b": 50}}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return go.Figure(
        dots, go.Layout(template="plotly_white", xaxis=axis, yaxis=order, legend=legend, **frame)
    )


def _dots(name: str, group: dict[str, Shown], colour: str, symbol: str) -> go.Scatter:
    shares = [100 * row.right / row.n for row in group.values()]
    interval = {
        "array": [100 * row.high - share for row, share in zip(group.values(), shares, strict=True)],
        "arrayminus": [share - 100 * row.low for row, share in zip(group.values(), shares, strict=True)],
    }
    marker = {"size": 9, "color": colour, "symbol": symbol}
    return go.Scatter(x=shares, y=list(group), name=name, mode="markers", error_x=interval, marker=marker)


def digest(source: str) -> str:
    """What a picture is drawn from in 64 letters."""
    return hashlib.sha256(source.encode()).hexdigest()


def digest_of(path: Path) -> str:
    """The digest of what a picture was drawn from; empty where there is none."""
    found = re.search(re.escape(KEY) + rb"([0-9a-f]{64})", path.read_bytes() if path.exists() else b"")
    return found[1].decode() if found else ""


def signed(png: bytes, source: str) -> bytes:
    """The picture with the digest of what it was drawn from in it."""
    content = KEY + digest(source).encode()
    part = (len(content) - 4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
    return png[:-12] + part + png[-12:]  # before the end mark


def write_tables() -> None:
    """Bring the tables of the README and the results up to date."""
    for path in PAGES:
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


def write_pictures(drawing: Drawing) -> None:
    """Draw each picture whose source has changed."""
    for name, picture in pictures().items():
        if digest_of(IMAGES / name) != digest(picture.source):
            (IMAGES / name).write_bytes(signed(picture.draw(drawing), picture.source))


if __name__ == "__main__":
    write_tables()
