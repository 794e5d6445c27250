"""What the workbench says of a version: its figures, what changed against another one, where it fails."""

import html
from collections.abc import Sequence

from course.measuring.evaluate import compare
from course.measuring.results import Result, duration, money, percent
from course.rungs.workbench import Version

FAILURES_SHOWN = 8
PAIRS_SHOWN = 5


def figures(result: Result, split: str) -> str:
    """Right with its interval, valid, tokens, seconds and dollars, in one sentence."""
    low, high = result.interval
    words = (
        f"{percent(result.accuracy)}% of the {result.n} {split} tickets are right "
        f"({percent(low)} to {percent(high)}%), {percent(result.valid)}% are a queue name"
    )
    if result.input_tokens is not None and result.seconds is not None:
        words += f", with {result.input_tokens:.0f} tokens in and {duration(result.seconds)} a ticket"
    if result.cost_per_1000 is not None:
        words += f"; {money(result.cost_per_1000)} for 1,000"
    return f"{words} ({result.badge})."


def change(version: Version, other: Version) -> str:
    """Whether a version is better on dev than another one, by the tickets that changed."""
    if version.dev is None or other.dev is None:
        return ""
    found = compare(version.dev, other.dev)
    verdict = found.direction or "undecided: chance can explain the difference"
    return (
        f"Against version {other.number}: {found.only_a} tickets turned right and {found.only_b} wrong "
        f"(McNemar p = {found.p_value:.2g}), so it is {verdict}."
    )


def worst_pairs(result: Result) -> list[tuple[str, str, int]]:
    """The commonest mistakes: the right queue, what the model said, how often."""
    table = result.confusion()
    counted = [
        (expected, said, int(table.loc[expected, said]))
        for expected in table.index
        for said in table.columns
        if expected != said and table.loc[expected, said]
    ]
    return sorted(counted, key=lambda pair: -pair[2])[:PAIRS_SHOWN]


def mistakes(result: Result) -> str:
    """Two HTML tables: the commonest mistakes, and the first tickets that are wrong."""
    pairs = _table(
        "Commonest mistakes on dev", ["right queue", "the model said", "times"], worst_pairs(result)
    )
    wrong = result.failures(FAILURES_SHOWN)[["text", "expected", "reply"]].fillna("").values.tolist()
    return pairs + _table("Tickets to read", ["ticket", "right queue", "the model said"], wrong)


def looks(count: int) -> str:
    """How many versions were measured on test, and what that means."""
    if count == 0:
        return "No version was measured on test yet. Choose on dev, and look at test once, at the end."
    if count == 1:
        return "One version was measured on test. That result can be quoted as it is."
    return (
        f"{count} versions were measured on test. The best of {count} looks better than it is: "
        "quote the version that you chose on dev, not the one that is best here."
    )


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell)[:200])}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<table class="course-mistakes"><caption>{caption}</caption>'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    )
