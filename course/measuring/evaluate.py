"""evaluate() measures every rung of the ladder: rows and a predictor in, a `Result` out."""

import contextvars
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import anthropic
from IPython import get_ipython
from IPython.display import display

from course.engine import meter
from course.errors import CourseError
from course.files import checked_text, without_halves
from course.measuring import looks
from course.measuring.results import (
    Check,
    Comparison,
    Outcome,
    Result,
    Row,
    Verdict,
    check_for,
    compare,
    now,
    wilson,
)

if TYPE_CHECKING:
    from course.engine.client import CourseClient

__all__ = ["Comparison", "Result", "Verdict", "compare", "evaluate", "wilson"]

# Any other error of the API is the key's, the network's or the service's, and says nothing about the model.
_REQUEST_REFUSED = (anthropic.BadRequestError, anthropic.UnprocessableEntityError)
WORKERS = 8  # requests at once
_SECONDS_BETWEEN_SIGNS = 0.2


class _Measured(NamedTuple):
    outcome: Outcome
    uses: list[meter.Usage]
    raised: Exception | None


def evaluate(
    rows: Sequence[Row],
    predict: Callable[[Any], Any],
    *,
    name: str,
    check: Check | None = None,
    workers: int | None = None,
    client: "CourseClient | None" = None,
    model: str | None = None,
    note: str = "",
    labels: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Result:
    """Ask `predict` for a reply to every row and judge it.

    `check(row, reply)` gives the `Verdict`. Tickets have one: the reply is the name of the right queue.
    Pass the `client` that `predict` uses: `WORKERS` run at once, and a live run prints its estimate first.
    `labels` says how many labelled rows the rung needed; the board shows it beside the dollars.
    `on_progress` gets the count of finished rows, instead of the sign that is shown otherwise.

    A look at the test tickets is counted (`looks`).
    A row whose `predict` raises counts as wrong and keeps the error. An error of the course, the key, the
    budget, the network or the service stops the run and is raised. The answers of a model are on disk as soon
    as they come, so the same call resumes where a stopped one ended.
    """
    checked_text(name, "the name of the measurement")
    judge = check_for(rows, check)
    if workers is None:
        workers = 1 if client is None else WORKERS
    if workers < 1:
        raise CourseError(f"workers is {workers}; use 1 or more.")
    if client is not None and client.mode == "live":
        _announce(rows, predict, client)
    measured = _run(rows, partial(_measure, predict=predict, judge=judge), workers, on_progress)
    refused = measured[0].raised
    if refused and all(isinstance(row.raised, _REQUEST_REFUSED) for row in measured):
        raise refused  # nothing was measured: the request is wrong, not the model
    uses = [use for row in measured for use in row.uses]
    asked = model or next((use.model for use in uses), "")
    outcomes = tuple(row.outcome for row in measured)
    result = Result(name, outcomes, _badge(asked, uses), asked, now(), note, labels)
    looks.keep(result.name, result.outcomes, result.created)
    return result


def _announce(rows: Sequence[Row], predict: Callable[[Any], Any], client: "CourseClient") -> None:
    expected = meter.estimate([partial(predict, row) for row in rows], client.budget)
    print(expected)
    if not expected.affordable:
        raise meter.BudgetError(
            f"The run could cost up to ${expected.max_cost:.4f} and ${expected.budget_left:.4f} is left, "
            "so nothing was sent: measure fewer rows, or set COURSE_BUDGET to more dollars and connect again."
        )


def _measure(row: Row, *, predict: Callable[[Any], Any], judge: Check) -> _Measured:
    reply: Any = None
    raised: Exception | None = None
    with meter.collect() as uses:
        started = time.perf_counter()
        try:
            # A reply that is cut inside a character could not be kept.
            reply = without_halves(predict(row))
        except _REQUEST_REFUSED as error:
            raised = error
        except (CourseError, anthropic.APIError):
            raise
        except Exception as error:
            raised = error
        used: dict[str, Any] = {"seconds": time.perf_counter() - started}
    if uses:
        used = {
            "input_tokens": sum(use.input_tokens + use.cache_read + use.cache_write for use in uses),
            "output_tokens": sum(use.output_tokens for use in uses),
            "seconds": sum(use.seconds for use in uses),
        }
    outcome = Outcome.of(
        row,
        reply,
        Verdict(valid=False, correct=False) if raised else judge(row, reply),
        **used,
        cost=sum(use.cost for use in uses),
        error=without_halves(f"{type(raised).__name__}: {raised}") if raised else "",
    )
    return _Measured(outcome, uses, raised)


def _run(
    rows: Sequence[Row],
    measure: Callable[[Row], _Measured],
    workers: int,
    on_progress: Callable[[int], None] | None,
) -> list[_Measured]:
    """measure(row) for every row, in the order of the rows, on `workers` threads (1: on the caller's)."""
    finished: dict[int, _Measured] = {}
    with nullcontext(on_progress) if on_progress else _progress(len(rows)) as show:
        try:
            alone = ({place: measure(row)} for place, row in enumerate(rows))
            for measured in alone if workers == 1 else _in_threads(rows, measure, workers):
                finished |= measured
                show(len(finished))
        except KeyboardInterrupt:
            asked = any(row.uses for row in finished.values())
            kept = " Their answers are kept: run the cell again and it continues from there." if asked else ""
            print(f"Stopped after {len(finished)} of {len(rows)} rows.{kept}")
            raise
    return [finished[place] for place in range(len(rows))]


def _in_threads(
    rows: Sequence[Row], measure: Callable[[Row], _Measured], workers: int
) -> Iterator[dict[int, _Measured]]:
    """What was measured since the last time, several times a second: the place of the row -> what it gave."""
    pool = ThreadPoolExecutor(workers)
    # Each row has its own copy of the context and so collects its own usage.
    places = {pool.submit(contextvars.copy_context().run, measure, row): n for n, row in enumerate(rows)}
    waiting = set(places)
    try:
        while waiting:
            done, waiting = wait(waiting, timeout=_SECONDS_BETWEEN_SIGNS, return_when=FIRST_EXCEPTION)
            yield {places[future]: future.result() for future in done if not future.exception()}
            for future in done:
                future.result()  # raises what stopped it
    finally:
        # There is no need to wait: an answer under way still reaches the recordings.
        pool.shutdown(wait=False, cancel_futures=True)


def _badge(model: str, uses: list[meter.Usage]) -> str:
    if all(use.mode == "local" for use in uses):
        return f"measured here: {model}" if model else "measured here"
    if all(use.mode in ("local", "room") for use in uses):
        return f"measured in this room: {model}"
    recorded = [use for use in uses if use.mode == "recorded"]
    if recorded:
        asked_here = len(uses) - len(recorded)
        note = f"; {asked_here} of {len(uses)} answers were asked here" if asked_here else ""
        return f"recorded: {recorded[0].place}, {recorded[0].created[:10]}{note}"
    days = sorted({use.created[:10] for use in uses})
    kind = "replayed" if all(use.replayed for use in uses) else "live"
    return f"{kind}: {model}, {' to '.join(dict.fromkeys((days[0], days[-1])))}"


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Shows '23 of 72' while rows are measured, in a notebook or on a terminal, and nothing at the end.

    A notebook gets one display, empty when it appears and again at the end, so that a saved notebook looks
    the same however long the run took.
    """
    in_notebook = hasattr(get_ipython(), "kernel")
    on_terminal = not in_notebook and sys.stderr.isatty()
    handle = display({"text/plain": ""}, raw=True, display_id=True) if in_notebook else None
    shown = time.monotonic()

    def show(count: int) -> None:
        nonlocal shown
        if time.monotonic() - shown < _SECONDS_BETWEEN_SIGNS:
            return
        shown = time.monotonic()
        text = f"{count} of {total}"
        if handle is not None:
            bar = f'<progress value="{count}" max="{total}"></progress> {text}'
            handle.update({"text/html": bar, "text/plain": text}, raw=True)
        elif on_terminal:
            print(f"\r{text}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if handle is not None:
            handle.update({"text/plain": ""}, raw=True)
        elif on_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
