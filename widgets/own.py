"""`python -m widgets.own FILE.csv`: the reader's own task through its rungs, with bill, advice and memo.

Writes results/own/NAME/ with report.md, answers.csv, memo.html and memo.md. A stopped run resumes where it
stopped.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from course.engine.weights import MINILM_SHA256
from course.errors import as_command
from course.measuring.gap import Acceptance
from course.measuring.results import Result
from course.own.command import parser, run, written
from course.own.ladder import CASCADE, DESCRIPTIONS, EXAMPLES, FLOOR, HEAD, NAMES, SCHEMA
from course.own.walk import Walk
from widgets.cost.inputs import Assumptions
from widgets.cost.model import VOLUME, bills, verdict
from widgets.cost.presets import as_often_wrong
from widgets.cost.presets import from_board as case_of
from widgets.decision.answers import Answers
from widgets.decision.answers import from_board as answers_of
from widgets.memo.parts import content
from widgets.memo.sources import ON_DEV, Sources, model_to_try
from widgets.memo.write import HTML_FILE, MARKDOWN_FILE, Memo, as_html, as_markdown, checked_day, keep

NAMED = 6  # labels, on the memo's first page
UNASKED = "Nobody was asked: volume, prices, review, labels and how often the task changes are defaults."
# What the bill has of fine-tuning; the chosen rung is held against the cheapest.
FINE_TUNES = ("on_demand_fine_tune", "hosted_fine_tune", "self_hosted_lora")
# What each rung is in the cost model, among the decision's answers, and in the lessons.
APPROACH = {
    HEAD: "linear_head",
    NAMES: "prompt",
    DESCRIPTIONS: "prompt",
    EXAMPLES: "retrieved_examples",
    SCHEMA: "retrieved_examples",
    CASCADE: "cascade",
}
TRIED = APPROACH | {HEAD: "encoder", SCHEMA: "schema"}
LESSON = {
    FLOOR: "00",
    HEAD: "03",
    NAMES: "01",
    DESCRIPTIONS: "01",
    EXAMPLES: "02",
    SCHEMA: "04",
    CASCADE: "03",
}


def bill(found: Walk, volume: int) -> Assumptions:
    """The cost model with what was measured; the chosen rung's approach against the cheapest fine-tune.

    What was looked at on test has its share from there, the other rungs from dev. A rung that is no better
    than the floor is not billed.
    """
    best: dict[str, Result] = {}
    useless = {result.name for result in no_better_than_the_floor(found)}
    for result in (*sorted(found.dev, key=lambda result: result.right), *found.test):
        if result.name in APPROACH and result.name not in useless:
            best[APPROACH[result.name]] = result
    own = APPROACH.get(found.chosen.name, APPROACH[HEAD])
    measured = case_of(best).assumptions.with_values({VOLUME: volume})
    # The chosen rung is what is there until a fine-tune is.
    until_live = as_often_wrong(measured, ["case.rate_now"], own)
    priced = until_live.with_approaches(tuple(dict.fromkeys((*best, own, *FINE_TUNES))), (own, FINE_TUNES[0]))
    totals = {name: float(each.total) for name, each in bills(priced, approaches=FINE_TUNES).items()}
    pair = (own, min(FINE_TUNES, key=lambda name: totals[name]))
    return replace(priced.with_approaches(priced.approaches, pair), title=found.task.name)


def no_better_than_the_floor(found: Walk) -> list[Result]:
    """The rungs that are right on no more dev rows than the most frequent label; the chosen one is none."""
    floor = next(result.right for result in found.dev if result.name == FLOOR)
    return [
        result
        for result in found.dev
        if result.name in APPROACH and result.right <= floor and result.name != found.chosen.name
    ]


def answers(found: Walk, only_you_know: Answers, costs: Assumptions) -> Answers:
    """The decision's answers: what the walk and the bill know, the rest as `only_you_know` has it."""
    acceptance = Acceptance(found.accepted, found.accepted)
    known = answers_of(replace(found.verdict, rung=_on_test(found)), (), acceptance, base=only_you_know)
    tried = {TRIED[result.name] for result in found.dev if result.name in TRIED}
    return replace(
        known,
        tried=frozenset(tried | {"few_shot"}),  # the nearest examples are worked examples as well
        spread="not looked",
        labels=len(found.task.train) + len(found.task.dev) + len(found.task.test),
        volume=int(costs.estimates[VOLUME].base),
        cost_says="costs less" if verdict(costs).cheaper in FINE_TUNES else "costs more",
    )


def memo(
    found: Walk,
    costs: Assumptions,
    answered: Answers,
    folder: Path,
    decides: str = "",
    by: str = "",
    *,
    assumed: str = "",
) -> Memo:
    """The decision memo of the task, written to `folder` as HTML and as Markdown, as `write_memo` has it.

    `decides` is who decides, `by` the day until which; without both the memo says that they are missing.
    `assumed` says what in `answered` nobody answered.
    """
    # The chosen rung counts as it did on test; its dev result would pass for a second way to fall back on.
    others = [result for result in found.dev if result.name != found.chosen.name]
    rungs = [*(_on_dev(result) for result in others), _on_test(found)]
    names = [*(result.name for result in others), found.chosen.name]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    sources = Sources(
        board=[(LESSON[name], result) for name, result in zip(names, rungs, strict=True)],
        rungs=rungs,
        costs=costs,
        answers=answered,
        versions=[
            ("Rows", str(found.task)),
            ("Embedding model", f"all-MiniLM-L6-v2, sha256 {MINILM_SHA256[:12]}"),
        ],
        assumed=assumed,
        on_dev=next(result for result in found.dev if result.name == found.chosen.name),
        not_billed=_not_billed(found),
        next_model=model_to_try({result.model for result in found.dev}),
        again=f"make own DATA={found.task.name}.csv; report.md has all ways, answers.csv every reply",
        task=f"The system gives each text one of {_named(found.task.labels)}.",
    )
    page = content(f"Should we fine-tune? {found.task.name}", today, sources, decides, checked_day(by))
    files = (folder / HTML_FILE, folder / MARKDOWN_FILE)
    return keep(Memo(page, as_html(page), as_markdown(page), files))


def write(found: Walk, decides: str = "", by: str = "") -> Path:
    """Report, answers and memo, with the decision model's own defaults where only the reader knows."""
    answered = Answers(labelled_by="people")
    costs = bill(found, answered.volume)
    decided = answers(found, answered, costs)
    folder = written(found, f"\n## The bill\n\n{verdict(costs).sentence}\n")
    memo(found, costs, decided, folder, decides, by, assumed=UNASKED)
    return folder


def _not_billed(found: Walk) -> str:
    left_out = [
        f"'{result.name}' ({result.right} of {result.n})" for result in no_better_than_the_floor(found)
    ]
    no_better = f"No better than the {FLOOR} on the rows to choose on, so not in the bill"
    return f"{no_better}: {'; '.join(left_out)}." if left_out else ""


def _named(labels: Sequence[str]) -> str:
    """How many labels there are and which, the first of them where there are many."""
    quoted = ", ".join(f"'{label}'" for label in labels[:NAMED])
    return f"{len(labels)} labels: {quoted}{' and others' if len(labels) > NAMED else ''}"


def _on_dev(result: Result) -> Result:
    note = f"That is on the {result.n} rows to choose on (dev): first judge it on test rows."
    return replace(result, name=f"{result.name}{ON_DEV}", note=note)


def _on_test(found: Walk) -> Result:
    on_dev = next(result for result in found.dev if result.name == found.chosen.name)
    note = (
        f"It was chosen on {on_dev.n} other rows (dev), {on_dev.right} of them right, and looked at once on "
        "the test rows."
    )
    return replace(found.chosen, name=f"{found.chosen.name}, on test", note=note)


@as_command
def main(given: Sequence[str] | None = None) -> None:
    """The command line."""
    options = parser(str(__doc__))
    options.add_argument("--decides", default="", help="for the memo: who decides, such as 'Head of support'")
    options.add_argument("--by", default="", help="for the memo: by which day, such as 2026-12-18")
    chosen = options.parse_args(given)
    checked_day(chosen.by)  # before minutes are spent
    run(chosen, partial(write, decides=chosen.decides, by=chosen.by))


if __name__ == "__main__":
    main()
