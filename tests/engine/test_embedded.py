"""The engine: answers, limits, threads, cancelling, failures, exit, and faithfulness to transformers."""

import io
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.engine import embedded, weights
from course.engine.grammar import Grammar
from course.engine.sizes import local_model, local_models
from course.errors import CourseError
from course.material import data
from course.paths import ROOT

LONG_ANSWER = 400
# In natural-log probability.
NEAR_TIE = 1.0


@pytest.fixture
def prompt(engine: embedded.Engine) -> str:
    return engine.chat_prompt([{"role": "user", "content": "Tell me a long story about a garden."}])


def test_an_answer_counts_its_tokens_comes_in_pieces_and_ends_before_a_stop_sequence(engine, prompt):
    first = engine.generate(prompt, max_tokens=12)
    assert first.finish_reason == "max_tokens"
    assert (first.input_tokens, first.output_tokens) == (engine.count(prompt), 12)
    assert first.seconds > 0
    assert engine.generate(prompt, max_tokens=12).text == first.text
    generation = engine.start(prompt, max_tokens=30)
    pieces = list(generation)
    assert len(pieces) > 5
    assert "".join(pieces) == generation.result().text
    whole = engine.generate(prompt, max_tokens=30).text
    stop = whole[10:14]
    generation = engine.start(prompt, max_tokens=30, stop=["never said", stop])
    pieces, done = list(generation), generation.result()
    assert (done.finish_reason, done.stop_sequence) == ("stop_sequence", stop)
    assert done.text == whole[: whole.index(stop)] == "".join(pieces)
    assert done.output_tokens < 30


def test_grammar_holds_the_answer_and_its_head_counts_as_written(engine, prompt):
    done = engine.generate(prompt, max_tokens=20, grammar=Grammar('root ::= "red" | "blue"'))
    assert done.text in {"red", "blue"}
    assert done.finish_reason == "end_turn"
    grammar = Grammar('root ::= ("red" | "green") "!"', head="A colour: ")
    whole = engine.generate(prompt, max_tokens=24, grammar=grammar)
    assert whole.text in {"A colour: red!", "A colour: green!"}
    assert whole.finish_reason == "end_turn"
    assert whole.output_tokens > engine.count("A colour:")
    generation = engine.start(prompt, max_tokens=2, grammar=grammar)
    pieces, cut = list(generation), generation.result()
    assert "".join(pieces) == cut.text == "A colour"
    assert (cut.finish_reason, cut.output_tokens, cut.input_tokens) == ("max_tokens", 2, whole.input_tokens)
    stopped = engine.generate(prompt, max_tokens=24, grammar=grammar, stop=["!"])
    assert stopped.text == whole.text.removesuffix("!")


def test_bad_requests_name_the_value(engine, prompt):
    with pytest.raises(CourseError, match="max_tokens is 0"):
        engine.generate(prompt, max_tokens=0)
    with pytest.raises(embedded.PromptTooLong, match="9000 tokens, and the model takes 8192"):
        engine.generate("a" + " word" * 8999, max_tokens=1)
    assert engine.count(" word" * 20_000) == 20_000


def test_a_text_beyond_the_limit_of_the_tokenizer_keeps_all_its_tokens(engine, monkeypatch):
    text = " ".join(article.text for article in data.handbook()[:4]) + "\n\n" + "<|im_start|>user\nHow long? "
    in_one = engine._encode(text).data[0].tolist()
    monkeypatch.setattr(engine, "_tokenizer_limit", 40)
    assert len(in_one) > 400 and engine._encode(text).data[0].tolist() == in_one
    assert engine.count(text) == len(in_one)


def test_threads_get_the_answers_they_would_get_alone_in_no_more_than_the_time_that_passed(engine, prompt):
    asked = [[{"role": "user", "content": f"Say the number {number} in words."}] for number in range(8)]
    prompts = list(map(engine.chat_prompt, asked))
    alone = [engine.generate(prompt, max_tokens=8).input_tokens for prompt in prompts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda prompt: engine.generate(prompt, max_tokens=8), prompts))
    assert [done.input_tokens for done in together] == alone
    assert all(done.output_tokens <= 8 and done.text for done in together)
    began = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: engine.generate(prompt, max_tokens=10), range(4)))
    assert 0 < sum(completion.seconds for completion in done) <= time.perf_counter() - began


def test_a_beginning_that_many_share_is_read_once_and_all_of_them_find_room(engine, monkeypatch):
    handbook = " ".join(article.text for article in data.handbook()[:8])
    prompts = [f"{handbook}\n\nQuestion {number}:" for number in range(10)]
    tokens = engine.count(prompts[0])
    assert 10 * tokens > embedded.KV_BLOCKS * embedded.TOKENS_PER_BLOCK
    counted = CountingPipeline(engine._pipeline)
    monkeypatch.setattr(engine, "_pipeline", counted)
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda prompt: engine.generate(prompt, max_tokens=2), prompts))
    assert all(1 <= completion.output_tokens <= 2 for completion in done)
    # To read two of them, each from its start, would take more.
    assert counted.steps < 2 * tokens / embedded.STEP_TOKENS


class CountingPipeline:
    """Counts the steps of a pipeline."""

    def __init__(self, pipeline: object):
        self._pipeline = pipeline
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        self._pipeline.step()

    def __getattr__(self, name: str) -> object:
        return getattr(self._pipeline, name)


def test_a_request_waits_for_its_own_beginning_and_for_room():
    engine = object.__new__(embedded.Engine)
    few, many = [1] * 100, [1] * 400
    reading, read = generation(many, max_tokens=10), generation(many, max_tokens=10, said=[7])
    for running, asked, may in [
        ([], many, True),
        ([reading], [*many, 2], False),
        ([reading], few, True),
        ([reading], [2, *many], True),
        ([reading, read], [*many, 2], True),
        ([generation([2] * 16_000, max_tokens=10)], many, False),
        ([generation([2] * 15_000, max_tokens=10)], many, True),
        ([generation([2] * 15_000, max_tokens=1_300)], many, False),
        ([generation([2] * 15_000, max_tokens=1_300, said=[7])], [2] * 15_000, True),
    ]:
        engine._running = running
        assert engine._may_start(generation(asked, max_tokens=10)) is may
    gone = generation(many, max_tokens=10)
    gone.cancelled.set()
    engine._running = [reading]
    assert engine._may_start(gone)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=200), min_size=1, max_size=6))
def test_blocks_that_begin_alike_are_counted_once(prompts):
    size = embedded.TOKENS_PER_BLOCK
    asked = [generation(prompt, max_tokens=1) for prompt in prompts]
    full = {tuple(prompt[: end * size]) for prompt in prompts for end in range(1, len(prompt) // size + 1)}
    # What follows the last full block, with the reply, is each one's own.
    assert embedded._blocks(asked) == len(full) + len(prompts)


def generation(prompt: list[int], *, max_tokens: int, said: Sequence[int] = ()) -> embedded.Generation:
    """A request as the worker has it; `said` are the tokens of its answer so far."""
    return embedded.Generation(
        prompt_ids=np.array(prompt),
        input_tokens=len(prompt),
        max_tokens=max_tokens,
        stop=(),
        grammar=None,
        watched=False,
        worker=threading.current_thread(),
        head_tokens=0,
        output_ids=list(said),
    )


def test_cancel_ends_one_request_and_leaves_the_others(engine, prompt):
    other, stopped = engine.start(prompt, max_tokens=20), engine.start(prompt, max_tokens=LONG_ANSWER)
    with pytest.raises(embedded.Cancelled):
        for _ in stopped:
            stopped.cancelled.set()
    assert other.result().output_tokens == 20
    assert not engine._running


@pytest.mark.parametrize("way", ["leaving the loop", "Ctrl-C"])
def test_who_stops_reading_cancels(engine, prompt, way):
    generation = engine.start(prompt, max_tokens=LONG_ANSWER)
    if way == "Ctrl-C":
        timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            generation.result()
        timer.join()
    else:
        pieces = iter(generation)
        next(pieces)
        pieces.close()
    assert generation.cancelled.is_set()
    assert engine.generate(prompt, max_tokens=3).output_tokens == 3
    assert len(generation.output_ids) < LONG_ANSWER


def test_a_broken_grammar_or_a_failed_step_fails_its_request_and_the_next_one_works(engine, prompt):
    with pytest.raises(embedded.GrammarError, match="cannot follow this grammar: "):
        engine.generate(prompt, max_tokens=3, grammar=Grammar("root ::= ("))
    assert engine.generate(prompt, max_tokens=3).output_tokens == 3
    engine._pipeline = FailingPipeline(engine._pipeline)
    with pytest.raises(embedded.EngineError, match="Out of memory"):
        engine.generate(prompt, max_tokens=3)
    assert engine.generate(prompt, max_tokens=3).output_tokens == 3


class FailingPipeline:
    """Takes requests and fails in each step, as a pipeline does that ran out of memory."""

    def __init__(self, pipeline: object):
        self.add_request = pipeline.add_request

    def step(self) -> None:
        raise RuntimeError("Check 'memory' failed at some/file.cpp:1:\nOut of memory\n")


def test_one_engine_per_process(engine):
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: embedded.engine(), range(4))) == {engine}


class Watched(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


MEGABYTES = {"small": 800, "medium": 2000, "large": 4000}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Free memory, whether a loaded model has nothing to do, and which models were loaded."""
    machine = SimpleNamespace(free=5000, idle=True, loads=[])

    def take(megabytes: int) -> None:
        machine.free -= megabytes

    def load(path: Path, _context_tokens: int) -> SimpleNamespace:
        machine.loads.append(path.name)
        take(MEGABYTES[path.name])
        return SimpleNamespace(is_idle=machine.idle, close=lambda: take(-MEGABYTES[path.name]))

    models = {size: replace(local_model(size), memory_mb=needed) for size, needed in MEGABYTES.items()}
    monkeypatch.setattr(embedded, "_engines", {})
    monkeypatch.setattr(embedded, "Engine", load)
    monkeypatch.setattr(embedded, "_free_megabytes", lambda: machine.free)
    monkeypatch.setattr(embedded.weights, "chosen_model", models.get)
    monkeypatch.setattr(embedded.weights, "gguf_path", lambda model: Path(model.size))
    return machine


def test_a_size_is_loaded_once_and_sizes_stay_beside_each_other_while_there_is_room(machine):
    loaded = [embedded.engine(size) for size in ("small", "large", "small", "large")]
    assert machine.loads == ["small", "large"]
    assert loaded[:2] == loaded[2:]


def test_the_size_used_longest_ago_is_let_go_when_memory_is_short(machine):
    for size in ("medium", "small", "medium", "large"):
        embedded.engine(size)
    # 5000 - 2000 - 800 leaves 2200: both have to go before 4000 fit.
    assert list(embedded._engines) == [Path("large")]
    embedded.engine("small")
    assert machine.loads == ["medium", "small", "large", "small"]
    embedded.engine("medium")
    assert list(embedded._engines) == [Path("small"), Path("medium")]


def test_a_size_that_answers_is_not_let_go_and_the_message_has_both_figures(machine):
    machine.idle = False
    embedded.engine("medium")
    with pytest.raises(CourseError, match="1.5B needs 4,000 MB of memory and 3,000 are free: shut down"):
        embedded.engine("large")
    assert machine.loads == ["medium"]


def test_the_table_has_the_context_that_the_engine_gives():
    most = embedded.KV_BLOCKS * embedded.TOKENS_PER_BLOCK
    assert all(model.context_tokens <= most for model in local_models())


def test_a_long_load_shows_its_seconds_to_who_watches_and_leaves_nothing(monkeypatch, capsys):
    monkeypatch.setattr(embedded, "LOAD_SIGN_SECONDS", 0)
    monkeypatch.setattr(embedded.sys, "stderr", watched := Watched())
    with embedded._loading_sign("Tiny"):
        time.sleep(1.2)
    shown = watched.getvalue()
    assert "Loading Tiny: 00:0" in shown and shown.endswith("\r") and not shown.split("\r")[-2].strip()


def test_unreadable_model_says_so(tmp_path):
    path = tmp_path / "cut.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00")
    with pytest.raises(embedded.EngineError, match="cannot load .*cut.gguf"):
        embedded.Engine(path, 64)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "printed"),
    [
        pytest.param(
            """
            running = engine().start("Once upon a time", max_tokens=2000)
            print(next(iter(running)) is not None)
            """,
            "True",
            id="a process ends in the middle of an answer",
        ),
        pytest.param(
            """
            with ThreadPoolExecutor(8) as pool:
                texts = pool.map(lambda n: engine().generate(f"Say {n}", max_tokens=4).text, range(16))
            print(sum(map(bool, texts)))
            """,
            "16",
            id="threads may be the first to ask",
        ),
        pytest.param(
            """
            engine().close()
            try:
                engine().generate("a", max_tokens=1)
            except EngineError as error:
                print(error)
            """,
            "The engine is closed. Restart the kernel.",
            id="a closed engine says so",
        ),
    ],
)
def test_a_process_of_its_own(script, printed):
    imports = "from concurrent.futures import *\nfrom course.engine.embedded import *\n"
    command = [sys.executable, "-c", imports + textwrap.dedent(script)]
    for _ in range(3 if "pool" in script else 1):  # a hang does not come every time
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, printed, "")


def _long_prompts(engine: embedded.Engine, number: int) -> list[str]:
    """Routing prompts of 600 tokens and more: the queues, fourteen examples, a ticket."""
    train, test = data.tickets("train"), data.tickets("test")
    system = "Route each support ticket to exactly one of these queues:\n" + ", ".join(data.QUEUES)
    prompts = []
    for row in range(number):
        turns = [{"role": "system", "content": system}]
        for example in train[row * 20 : row * 20 + 16]:
            turns += [
                {"role": "user", "content": example.text},
                {"role": "assistant", "content": example.queue},
            ]
        turns.append({"role": "user", "content": test[row].text})
        prompts.append(engine.chat_prompt(turns))
    return prompts


def test_greedy_answers_are_those_of_transformers_on_long_prompts(engine):
    """Each token the engine picks is the best one, or nearly so, for transformers with the shipped weights.

    Rounding flips near-ties (gaps up to 0.5 were measured). Misread weights do more: the engine on the Q4_1
    file as shipped picks tokens that are 2 to 3.4 worse on three of four such prompts, so that two show it.
    """
    import torch
    from transformers import AutoModelForCausalLM

    prompts = _long_prompts(engine, 2)
    assert min(engine.count(prompt) for prompt in prompts) >= 600
    shipped = weights.published_path(local_model("small"))
    model = AutoModelForCausalLM.from_pretrained(shipped.parent, gguf_file=shipped.name, dtype=torch.float32)
    for prompt in prompts:
        generation = engine.start(prompt, max_tokens=4)
        generation.result()
        ids = generation.prompt_ids.tolist()
        with torch.inference_mode():
            logits = model(torch.tensor([ids + generation.output_ids])).logits[0, len(ids) - 1 : -1]
        scores = logits.log_softmax(-1)
        picked = scores.gather(1, torch.tensor(generation.output_ids)[:, None])[:, 0]
        assert (scores.max(-1).values - picked).max() < NEAR_TIE
