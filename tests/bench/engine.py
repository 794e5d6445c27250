"""`make bench`: what each local model costs on this machine, against the engines that ours was chosen over.

Each part runs in a process of its own, one after the other, so that no part pays for another's memory or
threads. Read the ratios; the seconds belong to this machine. Nothing here is asserted: speed is not a test.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import count
from pathlib import Path

from course.engine.sizes import LocalModel, local_model, local_models
from course.engine.weights import published_path
from course.errors import CourseError
from course.material.data import LETTER_FIELDS, QUEUES, letters, tickets
from course.rungs.retrieve import nearest
from course.rungs.routing import QUEUE_SCHEMA, as_turns, system_prompt

TICKETS = 25  # prompts of each timed part: 5 retrieved examples, about 300 tokens
CALLS = 50  # pairs of calls that measure what the client adds
WRITTEN = 64  # tokens of the answer that measures how fast the model writes
FAITHFUL_TOKENS = 600  # the shortest prompt allowed
# transformers takes its time with the larger ones: prompts of each task, and tickets of each form.
FAITHFUL_PROMPTS = {"small": 10, "medium": 3, "large": 3}
TRANSFORMERS_TICKETS = {"small": TICKETS, "medium": 5, "large": 3}
FORMS = ("name", "json")
STORY = {
    "type": "object",
    "properties": {"story": {"type": "string"}},
    "required": ["story"],
    "additionalProperties": False,
}
DTYPES = ("float32", "bfloat16")


def main() -> None:
    """Print one part of a size as JSON, or all parts of the sizes named as a report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    sizes = [model.size for model in local_models()]
    parser.add_argument("--sizes", nargs="+", choices=sizes, default=sizes, help="default: all that are here")
    parser.add_argument("--part", choices=PARTS, help="one part of one size, as JSON")
    parser.add_argument("--tickets", type=int, default=TICKETS, help="fewer for a quick look")
    arguments = parser.parse_args()
    if arguments.part:
        print(json.dumps(PARTS[arguments.part](local_model(arguments.sizes[0]), arguments.tickets)))
        return
    for model in map(local_model, arguments.sizes):
        try:
            published_path(model)
        except CourseError as error:
            print(f"{model.size}: {error}\n")
            continue
        figures = {part: _in_own_process(part, model.size, arguments.tickets) for part in PARTS}
        print(report(model, figures, arguments.tickets), end="\n\n")


def report(model: LocalModel, figures: dict[str, dict], rows: int = TICKETS) -> str:
    """The measurements of one size as text. `figures`: part -> what its function returned."""
    ours, llama, faith = figures["engine"], figures["llamacpp"], figures["faithfulness"]
    theirs = {dtype: one for dtype in DTYPES if (one := figures[f"transformers {dtype}"])}
    seconds = {
        "embedded engine, one at a time": ours["alone"],
        f"embedded engine, {rows} at once": ours["together"],
        "llama.cpp, one at a time": llama["alone"],
        **{f"transformers {dtype}, free, first {one['rows']}": one["alone"] for dtype, one in theirs.items()},
    }
    engines = {"engine": ours, "llama.cpp": llama} | {f"tf. {dtype}": one for dtype, one in theirs.items()}
    lines = [
        f"{model.size}: {model.name}, weights {model.packing} in the engine, as published in llama.cpp",
        f"  seconds a ticket (times the first row): {rows} new prompts with 5 retrieved examples",
        f"    {'the reply is held to':<36} {'a queue name':>15} {'a JSON schema':>18}",
        *(f"    {name:<36} {_cells(row, ours['alone'])}" for name, row in seconds.items()),
        f"  {'':<36}" + "".join(f" {name:>12}" for name in engines),
        *(
            f"  {name:<36}"
            + "".join(
                f" {one[key]:12,.{digits}f}" if key in one else f"{'-':>13}" for one in engines.values()
            )
            for name, key, digits in (
                ("prompt tokens a second", "prompt_rate", 0),
                ("generated tokens a second", "written_rate", 1),
                ("the same as a text in JSON", "text_rate", 1),
                ("seconds to load", "load", 1),
                ("peak memory of the process, MB", "peak_mb", 0),
            )
        ),
        f"  what the client adds to an engine call: {ours['overhead_ms']:.1f} ms (median of {CALLS} pairs)",
        f"  greedy replies as transformers' in fp32 ({faith['shortest']} to {faith['longest']} tokens in)",
        *(f"    {task:<36} {equal} of {faith['prompts']}" for task, equal in faith["equal"].items()),
    ]
    return "\n".join(lines)


def _cells(row: dict[str, float], reference: dict[str, float]) -> str:
    return "".join(f"{row[form]:9.3f} ({row[form] / reference[form]:4.2f})  " for form in FORMS)


def measure_engine(model: LocalModel, rows: int) -> dict:
    """The embedded engine: tickets alone and at once, rates, the client's overhead, loading, memory."""
    from course.engine.embedded import engine
    from course.engine.grammar import Grammar, grammar
    from course.engine.patterns import literal

    prompts = {form: _ticket_prompts(model, form, 2 * rows) for form in FORMS}
    before = _peak_mb()
    started = time.perf_counter()
    embedded = engine(model.size)
    load = time.perf_counter() - started
    names = Grammar("root ::= " + " | ".join(map(literal, QUEUES)))
    grammars = {"name": names, "json": grammar(QUEUE_SCHEMA)}
    alone, together = {}, {}
    for form, held_to in grammars.items():
        answer = partial(embedded.generate, max_tokens=24, grammar=held_to)
        answer("warm up")
        alone[form] = _seconds_each(answer, prompts[form][:rows])
        started = time.perf_counter()
        with ThreadPoolExecutor(rows) as pool:
            list(pool.map(answer, prompts[form][rows:]))
        together[form] = (time.perf_counter() - started) / rows

    def ask(prompt: str, most: int, grammar: Grammar | None = None) -> tuple[int, int]:
        completion = embedded.generate(prompt, max_tokens=most, grammar=grammar)
        return completion.input_tokens, completion.output_tokens

    return {
        "alone": alone,
        "together": together,
        **_rates(model, ask),
        "text_rate": _written_rate(model, partial(ask, grammar=grammar(STORY))),
        "overhead_ms": _overhead_ms(embedded, model),
        "load": load,
        "peak_mb": _peak_mb() - before,
    }


def _overhead_ms(embedded, model: LocalModel) -> float:
    """Median of client time minus engine time over pairs of the same one-token request, taken in turn."""
    from anthropic import Anthropic, DefaultHttpxClient

    from course.engine.messages_api import LocalTransport

    client = Anthropic(api_key="local", http_client=DefaultHttpxClient(transport=LocalTransport()))
    numbers = count()

    def by_client(text: str) -> None:
        client.messages.create(model=model.model, max_tokens=1, messages=[{"role": "user", "content": text}])

    def by_engine(text: str) -> None:
        embedded.generate(embedded.chat_prompt([{"role": "user", "content": text}]), max_tokens=1)

    by_client("warm up")
    differences = []
    for _ in range(CALLS):
        client_time = _time(by_client, f"Ticket {next(numbers)}")
        differences.append(client_time - _time(by_engine, f"Ticket {next(numbers)}"))
    return 1000 * statistics.median(differences)


def measure_llamacpp(model: LocalModel, rows: int) -> dict:
    """llama.cpp through xllamacpp on the weights as published, held to the same form: tickets alone."""
    import xllamacpp

    prompts = {form: _ticket_prompts(model, form, rows) for form in FORMS}
    before = _peak_mb()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(published_path(model))
    parameters.n_ctx = 8192
    parameters.n_parallel = 1
    started = time.perf_counter()
    server = xllamacpp.Server(parameters)
    load = time.perf_counter() - started
    names = " | ".join(json.dumps(queue) for queue in QUEUES)
    held = {"name": {"grammar": f"root ::= {names}"}, "json": {"json_schema": QUEUE_SCHEMA}}

    def ask(prompt: str, most: int, **constraint: object) -> tuple[int, int]:
        answer = server.handle_completions(
            {"prompt": prompt, "n_predict": most, "temperature": 0, **constraint}
        )
        if "choices" not in answer:
            raise SystemExit(f"xllamacpp refused {list(constraint)}.")
        return answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]

    seconds = {}
    for form, constraint in held.items():
        answer = partial(ask, most=24, **constraint)
        answer("warm up")
        seconds[form] = _seconds_each(answer, prompts[form])
    text_rate = _written_rate(model, partial(ask, json_schema=STORY))
    measured = {"alone": seconds, **_rates(model, ask), "text_rate": text_rate, "load": load}
    return measured | {"peak_mb": _peak_mb() - before}


def _rates(model: LocalModel, ask: Callable[[str, int], tuple[int, int]]) -> dict[str, float]:
    """Tokens a second. `ask(prompt, most tokens)` gives the numbers of tokens read and written."""
    chat_prompt = _chat_prompt(published_path(model))
    reading = chat_prompt(_letter_turns(letters()[-1].text))
    started = time.perf_counter()
    read, _ = ask(reading, 1)
    return {
        "prompt_rate": read / (time.perf_counter() - started),
        "written_rate": _written_rate(model, ask),
    }


def _written_rate(model: LocalModel, ask: Callable[[str, int], tuple[int, int]]) -> float:
    writing = _chat_prompt(published_path(model))(
        [{"role": "user", "content": "Write a long story about a parcel."}]
    )
    ask(writing, 1)
    started = time.perf_counter()
    _, written = ask(writing, WRITTEN)
    return written / (time.perf_counter() - started)


def measure_transformers(model: LocalModel, rows: int, dtype: str) -> dict:
    """transformers' own generate on the published weights; nothing holds it, the examples show the form.

    Empty for bfloat16 where the processor has no instructions for it: transformers then advises float32.
    """
    rows = min(rows, TRANSFORMERS_TICKETS[model.size])
    prompts = {form: _ticket_prompts(model, form, rows) for form in FORMS}
    before = _peak_mb()
    started = time.perf_counter()
    import torch  # its memory and its time are part of what transformers takes

    if dtype == "bfloat16" and torch.backends.cpu.get_cpu_capability() != "AVX512":
        return {}
    written = _Transformers(model, dtype)
    load = time.perf_counter() - started
    answer = partial(written.answer, max_tokens=24)
    answer("warm up")
    seconds = {form: _seconds_each(answer, prompts[form]) for form in FORMS}
    measured = {"alone": seconds, "rows": rows, **_rates(model, written.ask), "load": load}
    return measured | {"peak_mb": _peak_mb() - before}


def measure_faithfulness(model: LocalModel, rows: int) -> dict:
    """How many greedy replies to long prompts are the same text as transformers' in fp32."""
    from course.engine.embedded import engine

    number = min(rows, FAITHFUL_PROMPTS[model.size])
    embedded, answer = engine(model.size), _Transformers(model, "float32").answer
    tasks = {
        "queue names": (_ticket_prompts(model, "json", number, examples=18), 24),
        "letters as JSON": (_letter_prompts(model, number), 96),
    }
    lengths = [embedded.count(prompt) for prompts, _ in tasks.values() for prompt in prompts]
    if min(lengths) < FAITHFUL_TOKENS:
        raise SystemExit(
            f"A prompt has {min(lengths)} tokens, fewer than {FAITHFUL_TOKENS}; show more examples."
        )
    equal = {
        task: sum(
            embedded.generate(prompt, max_tokens=most).text == answer(prompt, most) for prompt in prompts
        )
        for task, (prompts, most) in tasks.items()
    }
    return {"equal": equal, "prompts": number, "shortest": min(lengths), "longest": max(lengths)}


class _Transformers:
    """A published model in transformers, which decodes greedily."""

    def __init__(self, model: LocalModel, dtype: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        path = published_path(model)
        source = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
        self.tokenizer = AutoTokenizer.from_pretrained(**source)
        self.network = AutoModelForCausalLM.from_pretrained(**source, dtype=getattr(torch, dtype)).eval()

    def answer(self, prompt: str, max_tokens: int) -> str:
        return self.tokenizer.decode(self._write(prompt, max_tokens)[1], skip_special_tokens=True)

    def ask(self, prompt: str, most: int) -> tuple[int, int]:
        """Numbers of tokens read and written."""
        read, written = self._write(prompt, most)
        return read, len(written)

    def _write(self, prompt: str, most: int):
        import torch

        tokens = self.tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
        with torch.inference_mode():
            output = self.network.generate(**tokens, max_new_tokens=most, do_sample=False)
        read = tokens["input_ids"].shape[1]
        return read, output[0, read:]


@cache
def _chat_prompt(path: Path) -> Callable[[list[dict[str, str]]], str]:
    """The chat template of a GGUF file, applied without an engine, which would take memory and threads."""
    from gguf import GGUFReader
    from jinja2 import Template

    source = GGUFReader(path).fields["tokenizer.chat_template"].contents()
    # As transformers and the engine read a template.
    template = Template(source, trim_blocks=True, lstrip_blocks=True)
    return lambda messages: template.render(messages=messages, add_generation_prompt=True)


def _ticket_prompts(model: LocalModel, form: str, number: int, examples: int = 5) -> list[str]:
    """Routing prompts with retrieved examples; other first words make them new to a cache of prefixes."""
    rows = tickets("test")[:number]
    shown = nearest([row.text for row in rows], tickets("train"), examples)
    system = {"role": "system", "content": f"Form: {form}. {system_prompt()}"}
    chat_prompt = _chat_prompt(published_path(model))
    return [
        chat_prompt([system, *as_turns(near, row.text, as_json=form == "json")])
        for row, near in zip(rows, shown, strict=True)
    ]


def _letter_prompts(model: LocalModel, number: int) -> list[str]:
    """Letters to turn into JSON, each behind three worked examples."""
    chat_prompt = _chat_prompt(published_path(model))
    return [chat_prompt(_letter_turns(letter.text)) for letter in letters()[3 : 3 + number]]


def _letter_turns(text: str) -> list[dict[str, str]]:
    system = f"Answer with one JSON object with the keys {', '.join(LETTER_FIELDS)}."
    turns = [{"role": "system", "content": system}]
    for letter in letters()[:3]:
        turns.append({"role": "user", "content": letter.text})
        turns.append({"role": "assistant", "content": json.dumps(letter.gold)})
    return [*turns, {"role": "user", "content": text}]


def _seconds_each(answer: Callable[[str], object], prompts: list[str]) -> float:
    return statistics.mean(_time(answer, prompt) for prompt in prompts)


def _time(call: Callable[[str], object], prompt: str) -> float:
    started = time.perf_counter()
    call(prompt)
    return time.perf_counter() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_own_process(part: str, size: str, rows: int) -> dict:
    print(f"measuring {part}, {size}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.bench.engine", "--part", part, "--sizes", size]
    command.append(f"--tickets={rows}")
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])


PARTS: dict[str, Callable[[LocalModel, int], dict]] = {
    "engine": measure_engine,
    "llamacpp": measure_llamacpp,
    **{f"transformers {dtype}": partial(measure_transformers, dtype=dtype) for dtype in DTYPES},
    "faithfulness": measure_faithfulness,
}

if __name__ == "__main__":
    main()
