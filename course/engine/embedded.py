"""The embedded engine: one openvino-genai pipeline, owned by one worker thread, shared by all callers.

Callers hand in requests and wait. The worker takes them in as they come and moves all of them on by one
token with each step, so that requests of several threads share the work. Decoding is greedy: asked alone, the
same prompt gives the same answer. Beside other requests its sums are rounded in another order, and a near tie
between two tokens can go the other way.
"""

import atexit
import math
import os
import queue
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import openvino_genai
import psutil
from openvino import Tensor
from tqdm import tqdm

from course.engine import weights
from course.engine.grammar import Grammar
from course.engine.sizes import LocalModel
from course.engine.tokenizers import tokenizer
from course.errors import CourseError

FinishReason = Literal["end_turn", "max_tokens", "stop_sequence"]

# Room for 16,384 tokens of running and remembered requests (377 MB): 25 routing prompts at once fit.
KV_BLOCKS = 512
TOKENS_PER_BLOCK = 32
# What the engine reads of prompts in a step. A request waits for another one where that spares it as much.
STEP_TOKENS = 256
# The engine's own choice differs by processor. With AVX-512 it rounds what passes through a layer to bf16 and
# int8: a quarter faster, and 23 of 60 recorded answers came out otherwise. Like this, all 60 are as recorded.
# The cache's default, u8, gave another answer than transformers to one of twelve routing prompts.
PROPERTIES = {
    "INFERENCE_PRECISION_HINT": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    "KV_CACHE_PRECISION": "f16",
}
# How long a waiting caller sleeps before it looks whether the worker lives; Ctrl-C on Windows waits as long.
LOOK_UP_SECONDS = 0.5
LOAD_SIGN_SECONDS = 3  # the small model loads within them
UNFINISHED_CHARACTER = "\ufffd"
CANCELLED = "The request was cancelled."
CLOSED = "The engine was closed while a request waited. Restart the kernel."
BETWEEN_WORDS = re.compile(r"(?<=\w) (?=\w)")
SOURCE_FILE = re.compile(r"\.(?:cpp|cc|hpp|h):\d+:")


class EngineError(CourseError):
    """The engine failed during a request. The next request starts it again."""


class EngineClosed(EngineError):
    """The engine was closed before the answer: at exit, or since another size needed its memory."""


class GrammarError(CourseError):
    """The engine cannot follow the grammar of a request."""


class PromptTooLong(CourseError):
    """The prompt leaves no room for an answer. `tokens` is its length, `limit` the context."""

    def __init__(self, tokens: int, limit: int):
        super().__init__(f"The prompt is too long: {tokens} tokens, and the model takes {limit}. Shorten it.")
        self.tokens, self.limit = tokens, limit


class Cancelled(CourseError):
    """The request was cancelled before its answer was complete."""


@dataclass(frozen=True)
class Completion:
    """One finished answer. `seconds` is its share of the engine's time: the shares add up to the total."""

    text: str
    input_tokens: int
    output_tokens: int
    finish_reason: FinishReason
    stop_sequence: str | None
    seconds: float


@dataclass(eq=False)
class Generation:
    """A request under way. Iterate it for the pieces of text as they come; `result()` is the answer."""

    prompt_ids: np.ndarray  # with the grammar's head
    input_tokens: int
    max_tokens: int
    stop: tuple[str, ...]
    grammar: Grammar | None
    watched: bool
    worker: threading.Thread
    head_tokens: int
    # The rest belongs to the worker thread.
    output_ids: list[int]  # those of the grammar's head included
    handle: Any = None
    sent: int = 0
    seconds: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)
    events: queue.SimpleQueue[str | Completion | CourseError] = field(default_factory=queue.SimpleQueue)
    _completion: Completion | None = None

    @property
    def is_read(self) -> bool:
        """Whether its prompt is in the engine's cache, where others with the same beginning find it."""
        return len(self.output_ids) > self.head_tokens

    @property
    def blocks(self) -> int:
        """How many of the cache it needs to its end at most, had it nothing in common with others."""
        return math.ceil((len(self.prompt_ids) + self.max_tokens - self.head_tokens) / TOKENS_PER_BLOCK)

    def __iter__(self) -> Iterator[str]:
        """Yield text as it comes, in one piece if it is not watched. Leaving early cancels the request."""
        try:
            while self._completion is None:
                event = self._next_event()
                if isinstance(event, CourseError):
                    raise event
                if isinstance(event, Completion):
                    self._completion = event
                else:
                    yield event
        finally:
            if self._completion is None:
                self.cancelled.set()

    def result(self) -> Completion:
        """Wait for the complete answer. Ctrl-C cancels the request."""
        for _ in self:
            pass
        assert self._completion
        return self._completion

    def _next_event(self) -> str | Completion | CourseError:
        while True:
            try:
                return self.events.get(timeout=LOOK_UP_SECONDS)
            except queue.Empty:
                if self.cancelled.is_set():
                    return Cancelled(CANCELLED)
                if not self.worker.is_alive():
                    return EngineClosed(CLOSED)


class Engine:
    """A loaded model that answers prompts. Safe to call from any number of threads at once."""

    def __init__(self, path: Path, context_tokens: int, base: Path | None = None):
        """Load the GGUF file at `path`, whose model attends to `context_tokens`, prompt and answer together.

        A tuned model has the tokenizer of its `base`. Raises CourseError when the engine cannot read a file.
        """
        self.path = path
        self.context_tokens = min(context_tokens, KV_BLOCKS * TOKENS_PER_BLOCK)
        self._process = os.getpid()
        has_tokenizer = base or path
        with _named_faults(has_tokenizer):
            self._tokenizer = tokenizer(has_tokenizer)
        self._pipeline: Any = _load(path, self._tokenizer)
        # A tokenizer made from a GGUF file silently cuts off what is longer than a limit of its own. And the
        # first look into a tensor, made by several threads at once, can hang them all: make it here.
        self._tokenizer_limit = len(self._tokenized("x " * (context_tokens + 1)).data[0].tolist())
        self._last_id = 0
        self._running: list[Generation] = []
        self._waiting: deque[Generation] = deque()
        self._inbox: queue.SimpleQueue[Generation | None] = queue.SimpleQueue()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="course-engine", daemon=True)
        self._worker.start()

    def chat_prompt(self, messages: Sequence[dict[str, str]]) -> str:
        """Render turns of `{"role": ..., "content": ...}` with the model's template, ready for an answer."""
        try:
            return self._tokenizer.apply_chat_template(list(messages), add_generation_prompt=True)
        except RuntimeError as error:
            raise EngineError(
                f"The model's chat template does not take this chat: {_reason(error)}"
            ) from error

    def count(self, prompt: str) -> int:
        """The number of tokens of a rendered prompt, however long."""
        return self._encode(prompt).shape[1]

    def generate(
        self, prompt: str, *, max_tokens: int, stop: Sequence[str] = (), grammar: Grammar | None = None
    ) -> Completion:
        """Answer a rendered prompt and wait for the end. Errors as in `start`, or EngineError."""
        return self.start(prompt, max_tokens=max_tokens, stop=stop, grammar=grammar, watched=False).result()

    def start(
        self,
        prompt: str,
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        grammar: Grammar | None = None,
        watched: bool = True,
    ) -> Generation:
        """Hand a rendered prompt to the engine and return at once.

        Raises PromptTooLong; reading the answer raises GrammarError, Cancelled or EngineError.
        """
        if os.getpid() != self._process:
            raise EngineError(
                "This process was forked after the engine was loaded. Start it with 'spawn' instead."
            )
        if self._closed:
            raise EngineClosed("The engine is closed. Restart the kernel.")
        if max_tokens < 1:
            raise CourseError(f"max_tokens is {max_tokens}; it must be 1 or more.")
        input_ids = self._encode(prompt)
        tokens = input_ids.shape[1]
        if tokens >= self.context_tokens:
            raise PromptTooLong(self.count(prompt), self.context_tokens)
        max_tokens = min(max_tokens, self.context_tokens - tokens)
        if grammar and grammar.head:
            input_ids = self._encode(prompt + grammar.head)
        prompt_ids = np.array(input_ids.data[0])
        head_ids = prompt_ids[tokens:].tolist()
        generation = Generation(
            prompt_ids=prompt_ids,
            input_tokens=tokens,
            max_tokens=max_tokens,
            stop=tuple(stop),
            grammar=grammar,
            watched=watched or bool(stop),
            worker=self._worker,
            head_tokens=len(head_ids),
            output_ids=head_ids[:max_tokens],
        )
        if len(head_ids) < max_tokens:
            self._inbox.put(generation)
        else:
            self._tell(generation, ended=True, cut=True)
        return generation

    @property
    def is_idle(self) -> bool:
        """Whether no request runs or waits."""
        return not (self._running or self._waiting) and self._inbox.empty()

    def close(self) -> None:
        """Stop the worker and free the model. Waiting requests fail; called at exit."""
        if not self._closed and os.getpid() == self._process:
            self._closed = True
            self._inbox.put(None)
            self._worker.join()

    def _encode(self, prompt: str) -> Any:
        """The tokens of a text as a tensor of one row, in pieces where the tokenizer would cut it off."""
        tokens = self._tokenized(prompt)
        if tokens.shape[1] < self._tokenizer_limit:
            return tokens
        # No token reaches across a single space between two words.
        middle = len(prompt) // 2
        space = next((found.start() for found in BETWEEN_WORDS.finditer(prompt, middle)), middle)
        pieces = [self._encode(prompt[:space]).data, self._encode(prompt[space:]).data]
        return Tensor(np.concatenate(pieces, axis=1))

    def _tokenized(self, prompt: str) -> Any:
        return self._tokenizer.encode(prompt, add_special_tokens=False).input_ids

    # What follows runs in the worker thread; for an answer that is cut within its head, in the caller's.

    def _work(self) -> None:
        while self._take_in():
            if not self._running:
                continue
            started = time.perf_counter()
            try:
                self._pipeline.step()
                share = (time.perf_counter() - started) / len(self._running)
                for generation in list(self._running):
                    generation.seconds += share
                    self._move_on(generation)
            except Exception as error:
                self._fail_all(error)
        for generation in list(self._running):
            self._end(generation, EngineClosed(CLOSED))
        if self._pipeline is not None and self._pipeline.has_non_finished_requests():
            self._pipeline.step()  # lets it drop its cancelled requests
        self._pipeline = None

    def _take_in(self) -> bool:
        """Start what may start; sleep while nothing is asked. False when the engine is to close."""
        while True:
            try:
                generation = self._inbox.get(block=not (self._running or self._waiting))
            except queue.Empty:
                break
            if generation is None:
                return False
            self._waiting.append(generation)
        while self._waiting and self._may_start(self._waiting[0]):
            generation = self._waiting.popleft()
            try:
                self._admit(generation)
            except Exception as error:
                generation.events.put(EngineError(f"The engine did not take the request: {_reason(error)}"))
        return True

    def _may_start(self, generation: Generation) -> bool:
        """Not while the beginning that it shares with another request is being read, so that it is read once;
        nor while the cache has no room for it to its end: the engine would drop requests and read them again.
        """
        if generation.cancelled.is_set() or not self._running:
            return True
        read = max((_shared(generation, other) for other in self._running if other.is_read), default=0)
        unread = max((_shared(generation, other) for other in self._running if not other.is_read), default=0)
        if unread >= read + STEP_TOKENS:
            return False
        return _blocks([*self._running, generation]) <= KV_BLOCKS

    def _admit(self, generation: Generation) -> None:
        if generation.cancelled.is_set():
            generation.events.put(Cancelled(CANCELLED))
            return
        if self._pipeline is None:
            self._pipeline = _load(self.path, self._tokenizer)
        started = time.perf_counter()
        self._last_id += 1
        config = _config(generation.max_tokens - generation.head_tokens, generation.grammar)
        input_ids = Tensor(generation.prompt_ids[np.newaxis])
        generation.handle = self._pipeline.add_request(self._last_id, input_ids, config)
        generation.seconds += time.perf_counter() - started
        self._running.append(generation)

    def _move_on(self, generation: Generation) -> None:
        """Read what the step gave one request, hand on its text, and end it when it is complete."""
        if generation.cancelled.is_set():
            self._end(generation, Cancelled(CANCELLED))
            return
        finish = None
        while generation.handle.can_read():
            for output in generation.handle.read().values():
                generation.output_ids += output.generated_ids
                finish = output.finish_reason
        status = generation.handle.get_status()
        if status == openvino_genai.GenerationStatus.IGNORED:
            self._end(
                generation, EngineError("The engine ran out of room for this request. Send fewer at once.")
            )
            return
        ended = status == openvino_genai.GenerationStatus.FINISHED
        if ended or generation.watched:
            cut = finish == openvino_genai.GenerationFinishReason.LENGTH
            self._tell(generation, ended=ended, cut=cut)

    def _tell(self, generation: Generation, *, ended: bool, cut: bool) -> None:
        """Hand on the new text, and the complete answer when it has ended or a stop sequence is found."""
        text = self._tokenizer.decode(generation.output_ids)
        position, stop_sequence = first_stop(text, generation.stop) or (len(text), None)
        if not (ended or stop_sequence):
            position -= _held_back(text, generation.stop)
        text = text[: max(position, 0)]
        if len(text) > generation.sent:
            generation.events.put(text[generation.sent :])
            generation.sent = len(text)
        if ended or stop_sequence:
            done = Completion(
                text=text,
                input_tokens=generation.input_tokens,
                output_tokens=len(generation.output_ids),
                finish_reason="stop_sequence" if stop_sequence else "max_tokens" if cut else "end_turn",
                stop_sequence=stop_sequence,
                seconds=generation.seconds,
            )
            self._end(generation, done)

    def _end(self, generation: Generation, event: Completion | CourseError) -> None:
        if generation in self._running:
            self._running.remove(generation)
        if generation.handle and generation.handle.get_status() == openvino_genai.GenerationStatus.RUNNING:
            generation.handle.cancel()
        generation.events.put(event)

    def _fail_all(self, error: Exception) -> None:
        """A failed step leaves the pipeline unusable: tell every waiting caller and load it again with the
        next request.

        A grammar that cannot be compiled fails in the first step of its request, before any token.
        """
        reason = _reason(error)
        for generation in self._running:
            suspect = generation.grammar is not None and not generation.is_read
            generation.events.put(
                GrammarError(f"The engine cannot follow this grammar: {reason}")
                if suspect
                else EngineError(f"The engine failed and starts again with the next request: {reason}")
            )
        self._running.clear()
        self._pipeline = None


def _shared(one: Generation, other: Generation) -> int:
    """How many tokens two prompts begin with alike."""
    length = min(len(one.prompt_ids), len(other.prompt_ids))
    different = np.flatnonzero(one.prompt_ids[:length] != other.prompt_ids[:length])
    return int(different[0]) if len(different) else length


def _blocks(generations: Iterable[Generation]) -> int:
    """How many of the cache they need at most. What begins alike is kept once, in whole blocks."""
    # Among prompts in this order, the neighbours have the most in common.
    ordered = sorted(generations, key=lambda generation: generation.prompt_ids.astype(">u4").tobytes())
    alike = sum(_shared(*neighbours) // TOKENS_PER_BLOCK for neighbours in pairwise(ordered))
    return sum(generation.blocks for generation in ordered) - alike


_engines: dict[Path, Engine] = {}
_lock = threading.Lock()


def engine(size: str = "small") -> Engine:
    """The engine of a size, loaded once per process and freed at exit.

    It is let go earlier when another size needs its memory. Raises CourseError when there is too little for
    this one, or when its file is missing or wrong.
    """
    with _lock:
        model = weights.chosen_model(size)
        path = weights.gguf_path(model)
        if path not in _engines:
            _make_room(model)
            with _loading_sign(model.name):
                _engines[path] = Engine(path, model.context_tokens)
            atexit.register(_engines[path].close)
        # The one used last is freed last.
        _engines[path] = _engines.pop(path)
        return _engines[path]


def _make_room(model: LocalModel) -> None:
    """Let idle engines go, the one used longest ago first, until the model fits into the memory."""
    for path, loaded in list(_engines.items()):
        if _free_megabytes() >= model.memory_mb:
            return
        if loaded.is_idle:
            atexit.unregister(loaded.close)
            loaded.close()
            del _engines[path]
    free = _free_megabytes()
    if free < model.memory_mb:
        raise CourseError(
            f"{model.name} needs {model.memory_mb:,} MB of memory and {free:,} are free: shut down other "
            "notebooks or programs and run this again, or connect to a smaller size."
        )


def _free_megabytes() -> int:
    return psutil.virtual_memory().available // 2**20


@contextmanager
def _loading_sign(name: str) -> Iterator[None]:
    """'Loading NAME: 00:07' while the block takes longer than a few seconds, and nothing afterwards."""
    loaded = threading.Event()
    sign = tqdm(
        desc=f"Loading {name}",
        bar_format="{desc}: {elapsed}",
        leave=False,
        delay=LOAD_SIGN_SECONDS,
        # Only where somebody is watching: in a terminal or a notebook.
        disable=not (sys.stderr.isatty() or "ipykernel" in sys.modules),
    )

    def tick() -> None:
        while not loaded.wait(1):
            sign.update()

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield
    finally:
        loaded.set()
        ticking.join()
        sign.close()


def _load(path: Path, tokenizer: openvino_genai.Tokenizer) -> openvino_genai.ContinuousBatchingPipeline:
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.num_kv_blocks = KV_BLOCKS
    scheduler.enable_prefix_caching = True
    with _named_faults(path):
        return openvino_genai.ContinuousBatchingPipeline(str(path), tokenizer, scheduler, "CPU", **PROPERTIES)


@contextmanager
def _named_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise EngineError(f"The engine cannot load {path}: {_reason(error)}") from error


def _config(max_tokens: int, grammar: Grammar | None) -> openvino_genai.GenerationConfig:
    config = openvino_genai.GenerationConfig()
    config.do_sample = False
    config.max_new_tokens = max_tokens
    config.apply_chat_template = False
    if grammar:
        structure = openvino_genai.StructuredOutputConfig()
        structure.grammar = grammar.text
        config.structured_output_config = structure
    return config


def first_stop(text: str, stop: Sequence[str]) -> tuple[int, str] | None:
    """Where the earliest stop sequence begins, and which it is."""
    found = [(text.index(sequence), sequence) for sequence in stop if sequence in text]
    return min(found, default=None)


def _held_back(text: str, stop: Sequence[str]) -> int:
    """How many last characters may still become a stop sequence, or are half a character."""
    if text.endswith(UNFINISHED_CHARACTER):
        return max([1, *map(len, stop)])
    return max((len(sequence) - 1 for sequence in stop), default=0)


def _reason(error: Exception) -> str:
    """What an engine error says, on one line, without the source file that it names."""
    lines = [SOURCE_FILE.split(line)[-1].strip() for line in str(error).splitlines()]
    return next(filter(None, lines), type(error).__name__)
