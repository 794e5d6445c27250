"""evaluate() keeps order, counts failures and stops on what the model cannot help; shares have intervals."""

import _thread
import threading
import time
from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import anthropic
import httpx2
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from course.engine import meter
from course.errors import CourseError
from course.material import data
from course.material.prices import machine_price_per_hour
from course.measuring import board
from course.measuring.evaluate import Result, Verdict, compare, evaluate, wilson
from course.measuring.results import money
from course.paths import ROOT

ROWS = data.lesson_sample()[:12]
TOKENS = {"input_tokens": 300, "output_tokens": 4, "cache_read": 10, "cache_write": 2}
ASKED = {"model": "stub", "mode": "local", "replayed": False, "created": "2026-11-20T12:00:00+00:00"}
USE = meter.Usage(**TOKENS, **ASKED, seconds=0.2, cost=0.0)


CLIENT = SimpleNamespace(mode="local")


def use(**changes) -> None:
    meter.Meter().add(replace(USE, **changes))


def refused(kind: type[anthropic.APIStatusError], status: int) -> anthropic.APIStatusError:
    request = httpx2.Request("POST", "http://localhost/v1/messages")
    return kind("said no", response=httpx2.Response(status, request=request), body=None)


def always_right(row):
    return row.queue


def test_a_result_says_what_was_measured_cannot_be_changed_and_is_escaped():
    result = evaluate(ROWS, lambda row: f" {row.queue}\n", name="oracle", note="for the test")
    assert (result.n, result.right, result.accuracy, result.valid) == (12, 12, 1.0, 1.0)
    assert result.interval == wilson(12, 12)
    assert list(result.frame["id"]) == [row.id for row in ROWS]
    assert result.badge == "measured here"
    assert str(result) == "oracle: 100% (75.8-100.0) of 12 right, 100% valid, under 0.001 s"
    assert repr(result) == str(result)
    assert "oracle" in result._repr_html_() and "for the test" in result._repr_html_()
    result = evaluate(ROWS, always_right, name="<script>", note="<b>")
    with pytest.raises(FrozenInstanceError):
        result.name = "other"
    frame = result.frame
    frame["correct"] = False
    assert result.accuracy == 1.0
    assert "<script>" not in result._repr_html_() and "<b></p>" not in result._repr_html_()


@pytest.mark.parametrize(
    ("predict", "valid"),
    [
        (lambda row: "safety" if row.queue != "safety" else "app_bug", 1.0),
        (lambda row: f"I think {row.queue}", 0.0),
        (lambda row: None, 0.0),
    ],
    ids=["another queue", "babble", "nothing"],
)
def test_a_reply_is_valid_when_it_is_a_queue_and_correct_when_it_is_the_right_one(predict, valid):
    result = evaluate(ROWS, predict, name="wrong")
    assert (result.valid, result.accuracy) == (valid, 0.0)


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_the_rows_keep_their_order_and_their_own_usage(workers):
    def predict(row):
        place = ROWS.index(row)
        time.sleep(0.002 * (len(ROWS) - place))
        use(input_tokens=place)
        use(input_tokens=1000)
        return row.queue

    result = evaluate(ROWS, predict, name="slow", workers=workers, client=CLIENT)
    assert list(result.frame["id"]) == [row.id for row in ROWS]
    assert list(result.frame["input_tokens"]) == [1024 + place for place in range(len(ROWS))]
    assert list(result.frame["output_tokens"]) == [8] * len(ROWS)
    assert result.seconds == pytest.approx(0.4)


def test_a_client_gives_eight_threads_that_know_the_callers_context_and_a_plain_function_none():
    names = set()
    meet = threading.Barrier(8)

    def predict(row):
        names.add(threading.current_thread().name)
        meet.wait(timeout=20)
        return row.queue

    evaluate(ROWS[:8], predict, name="together", client=CLIENT)
    assert len(names) == 8
    names.clear()
    evaluate(ROWS, lambda row: names.add(threading.current_thread().name), name="alone")
    assert names == {threading.current_thread().name}
    with meter.collect() as uses:
        evaluate(ROWS, lambda row: use(), name="counted", client=CLIENT)
    assert len(uses) == len(ROWS)


def test_a_reply_that_ends_inside_a_character_is_kept(results_dir):
    replies = {ROWS[0].id: "yes \ud83d", ROWS[1].id: {"queue \ude00": ["\ud83d\ude00", 1, None]}}

    def predict(row):
        return replies[row.id] if row.id in replies else int(f"{row.queue} \ud83d")

    result = evaluate(ROWS[:3], predict, name="half", check=lambda row, reply: Verdict(True, False))
    kept = [outcome.reply for outcome in result.outcomes]
    assert kept == ["yes \ufffd", {"queue \ufffd": ["\U0001f600", 1, None]}, None]
    board.add(result, lesson="01")
    assert len(result.frame) == 3 and [each.name for _, each in board.entries()] == ["half"]
    with pytest.raises(CourseError, match="the name of the measurement: .*half of a character"):
        evaluate(ROWS[:1], predict, name="half \ud83d")


def test_a_row_that_raises_or_is_refused_counts_as_wrong_and_all_refused_are_an_error():
    def predict(row):
        if row is ROWS[3]:
            raise ValueError("no answer")
        return row.queue

    result = evaluate(ROWS, predict, name="fragile")
    assert result.right == 11
    assert result.errors == ("ValueError: no answer",)
    assert result.failures()["error"].tolist() == ["ValueError: no answer"]
    assert "1 raised an error and count as wrong, the first: ValueError: no answer" in str(result)

    def predict(row):
        if row in refused_rows:
            raise refused(anthropic.BadRequestError, 400)
        return row.queue

    refused_rows = ROWS[:1]
    assert evaluate(ROWS, predict, name="once").right == 11
    refused_rows = ROWS
    with pytest.raises(anthropic.BadRequestError):
        evaluate(ROWS, predict, name="never")


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(
    "error",
    [
        CourseError("the engine is missing"),
        meter.BudgetError("no money left"),
        refused(anthropic.AuthenticationError, 401),
        refused(anthropic.PermissionDeniedError, 403),
        refused(anthropic.NotFoundError, 404),
        refused(anthropic.RateLimitError, 429),
        refused(anthropic.InternalServerError, 529),
        anthropic.APIConnectionError(request=httpx2.Request("POST", "http://localhost/v1/messages")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_model_is_not_to_blame_for_stops_the_run(error, workers):
    asked = []

    def predict(row):
        asked.append(row)
        if len(asked) == 2:
            raise error
        time.sleep(0.02)
        return row.queue

    with pytest.raises(type(error)):
        evaluate(data.lesson_sample(), predict, name="stopped", workers=workers)
    assert len(asked) < 72


@pytest.mark.parametrize(
    ("workers", "client", "end"),
    [
        (1, CLIENT, "rows. Their answers are kept: run the cell again and it continues from there.\n"),
        (4, CLIENT, "rows. Their answers are kept: run the cell again and it continues from there.\n"),
        (1, None, "rows.\n"),
    ],
)
def test_an_interrupt_says_what_is_kept(workers, client, end, capsys):
    asked = []

    def predict(row):
        asked.append(row)
        if len(asked) == 6:
            raise KeyboardInterrupt
        if client:
            use()
        time.sleep(0.01)
        return row.queue

    with pytest.raises(KeyboardInterrupt):
        evaluate(data.lesson_sample(), predict, name="stopped", workers=workers, client=client)
    said = capsys.readouterr().out
    assert said.startswith("Stopped after ") and said.endswith(f" of 72 {end}")
    assert len(asked) < 72


def test_control_c_reaches_the_caller_while_threads_work(capsys):
    asked = []

    def predict(row):
        asked.append(row)
        if len(asked) == 10:
            _thread.interrupt_main()
        time.sleep(0.05)

    with pytest.raises(KeyboardInterrupt):
        evaluate(data.tickets("test"), predict, name="slow", workers=4)
    assert "of 360 rows." in capsys.readouterr().out
    assert len(asked) < 360


@pytest.mark.slow
def test_a_saved_notebook_keeps_no_trace_of_the_progress(tmp_path):
    source = (
        "import time\nfrom course.material import data\nfrom course.measuring.evaluate import evaluate\n"
        "evaluate(data.lesson_sample()[:8], lambda row: time.sleep(0.1), name='slow')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    messages = []
    kernel = NotebookClient(notebook, resources={"metadata": {"path": str(ROOT)}})
    shown = kernel.process_message
    kernel.process_message = lambda message, *rest: messages.append(message) or shown(message, *rest)
    kernel.execute()
    progress, result = notebook.cells[0].outputs
    assert progress.data == {"text/plain": ""}
    assert result.data["text/plain"].startswith("slow: 0%")
    updates = [each["content"]["data"] for each in messages if each["msg_type"] == "update_display_data"]
    assert any("of 8" in update["text/plain"] for update in updates)


@pytest.mark.parametrize(
    "rows, options, said",
    [
        ([], {}, "0 rows"),
        ([ROWS[0], ROWS[0]], {}, f"Row '{ROWS[0].id}' appears twice"),
        (ROWS, {"workers": 0}, "workers is 0"),
        (data.letters()[:2], {}, "Letter have no check"),
        ([{"id": "a", "text": "b"}], {}, "Row 1 is a dict without"),
        (ROWS, {"check": lambda row, reply: True}, "The check gave True"),
    ],
)
def test_bad_input_is_named(rows, options, said):
    with pytest.raises(CourseError, match=said):
        evaluate(rows, lambda row: "safety", name="bad", **options)


def test_recorded_readings_and_rows_with_a_check_of_their_own_become_results():
    letters = data.letters()[:6]
    result = evaluate(
        letters,
        lambda letter: {"name": letter.gold["name"]},
        name="names",
        check=lambda letter, reply: Verdict(valid=True, correct=reply["name"] == letter.gold["name"]),
    )
    assert result.accuracy == 1.0
    assert set(result.slices().index) <= {"plain", "hard"}
    assert letters[0].gold["name"] in result.frame["expected"][0]
    assert result.confusion().to_numpy().sum() == 6
    rows = data.lesson_sample()
    result = Result.from_replies(rows, data.readings()["names"], name="names only", note="one run")
    assert (result.n, result.badge_kind) == (72, "recorded reading")
    assert (result.input_tokens, result.seconds) == (None, None)
    assert result.cost_per_1000 is None
    assert result.accuracy > 0.9
    assert str(result).endswith("100% valid")
    assert list(result.slices().index) == ["typical", "hard", "boundary"]
    assert result.slices()["n"].tolist() == [52, 11, 9]
    with pytest.raises(CourseError, match=f"'{rows[0].id}'"):
        Result.from_replies(rows, {}, name="none")
    with pytest.raises(CourseError, match="'heard of'"):
        Result.from_replies(rows, data.readings()["names"], name="rumour", badge="heard of")


def test_cost_is_machine_time_unless_money_is_due_and_replayed_answers_say_so():
    per_second = machine_price_per_hour() / 3600
    local = evaluate(ROWS, lambda row: use(), name="local")
    assert local.cost_per_1000 == pytest.approx(1000 * 0.2 * per_second)
    live = evaluate(ROWS, lambda row: use(mode="live", cost=0.00004), name="live")
    assert (live.cost_per_1000, live.badge) == (pytest.approx(0.04), "live: stub, 2026-11-20")
    days = iter(["2026-11-19", "2026-11-20", *["2026-11-20"] * 10])

    def predict(row):
        use(mode="live", cost=0.00004, replayed=True, created=f"{next(days)}T12:00:00+00:00")

    assert evaluate(ROWS, predict, name="again").badge == "replayed: stub, 2026-11-19 to 2026-11-20"


def test_the_live_estimate_is_printed_and_holds(monkeypatch, capsys):
    live = SimpleNamespace(mode="live", budget=None)
    left = 1.0
    monkeypatch.setattr(
        meter, "estimate", lambda calls, _: meter.Estimate(len(calls), 0, 100, 100, 0.5, budget_left=left)
    )
    assert evaluate(ROWS, always_right, name="affordable", client=live).accuracy == 1.0
    assert "12 requests to send" in capsys.readouterr().out
    left = 0.1
    with pytest.raises(meter.BudgetError, match=r"up to \$0.5000 and \$0.1000 is left"):
        evaluate(ROWS, lambda row: pytest.fail("sent"), name="too dear", client=live)


def result_of(right: list[bool], name: str = "r") -> Result:
    rows = data.tickets("test")[: len(right)]
    replies = {
        row.id: row.queue if ok else next(queue for queue in data.QUEUES if queue != row.queue)
        for row, ok in zip(rows, right, strict=True)
    }
    return Result.from_replies(rows, replies, name=name)


def test_compare_goes_by_id_wants_the_same_rows_and_finds_what_statistics_tables_say():
    comparison = compare(result_of([True] * 10 + [False] * 2, "a"), result_of([False] * 9 + [True] * 3, "b"))
    assert (comparison.both, comparison.only_a, comparison.only_b, comparison.neither) == (1, 9, 2, 0)
    # Two-sided binomial test of 2 against 9: 2 x (1 + 11 + 55) / 2 ** 11.
    assert comparison.p_value == pytest.approx(134 / 2048)
    assert "9 are right only with 'a' and 2 only with 'b'" in str(comparison)
    assert "+58.3 points" in str(comparison) and "chance can explain it" in str(comparison)
    a = result_of([True, False, True], "a")
    b = replace(a, name="b", outcomes=a.outcomes[::-1])
    assert (compare(a, b).only_a, compare(a, b).only_b, compare(a, b).p_value) == (0, 0, 1.0)
    with pytest.raises(CourseError, match="different rows"):
        compare(a, result_of([True]))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_compare_is_symmetric_and_its_interval_holds_the_difference(pairs):
    a, b = (result_of([pair[side] for pair in pairs]) for side in (0, 1))
    one, other = compare(a, b), compare(b, a)
    assert one.n == len(pairs)
    assert one.p_value == pytest.approx(other.p_value) and 0 < one.p_value <= 1
    assert one.difference == -other.difference == pytest.approx(a.accuracy - b.accuracy)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
    assert one.interval[0] - 1e-12 <= one.difference <= one.interval[1] + 1e-12


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(counts):
    successes, n = counts
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("successes, n", [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes, n):
    with pytest.raises(CourseError, match="is not a share"):
        wilson(successes, n)


@pytest.mark.parametrize(
    "dollars, said",
    [(None, "-"), (0.0, "under $0.00001"), (0.0056, "$0.0056"), (0.31, "$0.31"), (1234.5, "$1,234.50")],
)
def test_money(dollars, said):
    assert money(dollars) == said
