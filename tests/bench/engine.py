"""`make bench`: what the embedded engine costs on this machine, against the engines that it was chosen over.

Each part runs in a process of its own, one after the other, so that no part pays for another's memory or
threads. Read the ratios; the seconds belong to this machine. Nothing here is asserted: speed is no test.
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
from functools import partial
from itertools import count

TICKETS = 25  # prompts of each timed part: 5 retrieved examples, about 300 tokens
CALLS = 200  # pairs of calls that measure what the client adds
FAITHFUL_PROMPTS, FAITHFUL_TOKENS = 10, 600  # of each task; the shortest prompt allowed


def main() -> None:
    """Measure one part and print it as JSON, or all parts and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", nargs="?", choices=PARTS, help="one part, as JSON (default: all)")
    part = parser.parse_args().part
    if part:
        print(json.dumps(PARTS[part]()))
    else:
        print(report({name: _in_own_process(name) for name in PARTS}))


def report(figures: dict[str, dict]) -> str:
    """The measurements as text. `figures`: part -> what its function returned."""
    engine, faith = figures["engine"], figures["faithfulness"]
    rows = {
        "embedded engine, one at a time": engine["alone"],
        f"embedded engine, {TICKETS} at once": engine["together"],
        "xllamacpp, the weights as shipped": figures["llamacpp"],
        "transformers fp32, not constrained": figures["transformers-fp32"],
        "transformers bf16, not constrained": figures["transformers-bf16"],
    }
    lines = [
        f"Seconds a ticket (times the first row): {TICKETS} new prompts with 5 retrieved examples",
        f"  {'the reply is held to':<36} {'a queue name':>15} {'a JSON schema':>18}",
        *(f"  {name:<36} {_cells(row, engine['alone'])}" for name, row in rows.items()),
        "",
        f"What the client adds to an engine call   {engine['overhead_ms']:.1f} ms (median of {CALLS} pairs)",
        f"Loading the model                        {engine['load']:.1f} s",
        f"Peak memory of the process               {engine['peak_mb']:.0f} MB",
        "",
        f"Greedy replies equal to transformers' in fp32, {faith['shortest']} to {faith['longest']} tokens in",
        *(f"  {task:<38} {equal} of {FAITHFUL_PROMPTS}" for task, equal in faith["equal"].items()),
    ]
    return "\n".join(lines)


def _cells(row: dict[str, float], reference: dict[str, float]) -> str:
    return "".join(f"{row[form]:9.3f} ({row[form] / reference[form]:4.2f})  " for form in ("name", "json"))


def measure_engine() -> dict:
    """The embedded engine: tickets alone and at once, the client's overhead, loading, memory."""
    from course.engine.embedded import Grammar, engine
    from course.engine.schema import grammar
    from course.material.data import QUEUES
    from course.rungs.routing import QUEUE_SCHEMA

    started = time.perf_counter()
    embedded = engine()
    load = time.perf_counter() - started
    grammars = {
        "name": Grammar("regex", "|".join(QUEUES)),
        "json": grammar(QUEUE_SCHEMA),
    }
    alone, together = {}, {}
    for form, held_to in grammars.items():
        answer = partial(embedded.generate, max_tokens=24, grammar=held_to)
        answer("warm up")
        alone[form] = _seconds_each(answer, _ticket_prompts(f"Alone, {form}", form))
        prompts = _ticket_prompts(f"Together, {form}", form)
        started = time.perf_counter()
        with ThreadPoolExecutor(TICKETS) as pool:
            list(pool.map(answer, prompts))
        together[form] = (time.perf_counter() - started) / TICKETS
    return {
        "alone": alone,
        "together": together,
        "overhead_ms": _overhead_ms(embedded),
        "load": load,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _overhead_ms(embedded) -> float:
    """Median of client time minus engine time over pairs of the same one-token request, taken in turn."""
    from anthropic import Anthropic, DefaultHttpxClient

    from course.engine.messages_api import LocalTransport

    client = Anthropic(api_key="local", http_client=DefaultHttpxClient(transport=LocalTransport()))
    numbers = count()

    def by_client(text: str) -> None:
        client.messages.create(model="local", max_tokens=1, messages=[{"role": "user", "content": text}])

    def by_engine(text: str) -> None:
        embedded.generate(embedded.chat_prompt([{"role": "user", "content": text}]), max_tokens=1)

    by_client("warm up")
    differences = []
    for _ in range(CALLS):
        client_time = _time(by_client, f"Ticket {next(numbers)}")
        differences.append(client_time - _time(by_engine, f"Ticket {next(numbers)}"))
    return 1000 * statistics.median(differences)


def measure_llamacpp() -> dict:
    """llama.cpp through xllamacpp on the weights as they are shipped, constrained by the same schema."""
    import xllamacpp

    from course.engine.sizes import local_model
    from course.engine.weights import published_path
    from course.material.data import QUEUES
    from course.rungs.routing import QUEUE_SCHEMA

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(published_path(local_model("small")))
    parameters.n_ctx = 8192
    parameters.n_parallel = 1
    server = xllamacpp.Server(parameters)
    names = " | ".join(json.dumps(queue) for queue in QUEUES)
    held = {"name": {"grammar": f"root ::= {names}"}, "json": {"json_schema": QUEUE_SCHEMA}}
    seconds = {}
    for form, constraint in held.items():

        def answer(prompt: str, constraint: dict = constraint) -> None:
            request = {"prompt": prompt, "n_predict": 24, "temperature": 0, **constraint}
            if "choices" not in server.handle_completions(request):
                raise SystemExit(f"xllamacpp refused {list(constraint)}.")

        answer("warm up")
        seconds[form] = _seconds_each(answer, _ticket_prompts(f"Alone, {form}", form))
    return seconds


def measure_transformers(dtype: str) -> dict:
    """transformers' own generate on the re-packed weights; nothing holds it, the examples show the form."""
    answer = partial(_transformers_answer(dtype), max_tokens=24)
    answer("warm up")
    return {form: _seconds_each(answer, _ticket_prompts(f"Alone, {form}", form)) for form in ("name", "json")}


def measure_faithfulness() -> dict:
    """How many greedy replies to long prompts are the same text as transformers' in fp32."""
    from course.engine.embedded import engine

    embedded, answer = engine(), _transformers_answer("float32")
    prompts = _ticket_prompts("Faithful", "json", FAITHFUL_PROMPTS, examples=18)
    tasks = {"queue names": (prompts, 24), "letters as JSON": (_letter_prompts(FAITHFUL_PROMPTS), 96)}
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
    return {"equal": equal, "shortest": min(lengths), "longest": max(lengths)}


def _transformers_answer(dtype: str) -> Callable[[str, int], str]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from course.engine.weights import gguf_path

    source = {"pretrained_model_name_or_path": gguf_path().parent, "gguf_file": gguf_path().name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model = AutoModelForCausalLM.from_pretrained(**source).to(getattr(torch, dtype)).eval()

    def answer(prompt: str, max_tokens: int) -> str:
        tokens = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
        with torch.inference_mode():
            output = model.generate(**tokens, max_new_tokens=max_tokens, do_sample=False)
        return tokenizer.decode(output[0, tokens["input_ids"].shape[1] :], skip_special_tokens=True)

    return answer


def _ticket_prompts(first_words: str, form: str, number: int = TICKETS, examples: int = 5) -> list[str]:
    """Routing prompts with retrieved examples; other first words make them new to a cache of prefixes."""
    from course.engine.embedded import engine
    from course.material.data import tickets
    from course.rungs.retrieve import nearest
    from course.rungs.routing import as_turns, system_prompt

    rows = tickets("test")[:number]
    shown = nearest([row.text for row in rows], tickets("train"), examples)
    system = {"role": "system", "content": f"{first_words}. {system_prompt()}"}
    return [
        engine().chat_prompt([system, *as_turns(near, row.text, as_json=form == "json")])
        for row, near in zip(rows, shown, strict=True)
    ]


def _letter_prompts(number: int) -> list[str]:
    """Letters to turn into JSON, each behind three worked examples."""
    from course.engine.embedded import engine
    from course.material.data import LETTER_FIELDS, letters

    system = f"Answer with one JSON object with the keys {', '.join(LETTER_FIELDS)}."
    turns = [{"role": "system", "content": system}]
    for letter in letters()[:3]:
        turns.append({"role": "user", "content": letter.text})
        turns.append({"role": "assistant", "content": json.dumps(letter.gold)})
    asked = letters()[3 : 3 + number]
    return [engine().chat_prompt([*turns, {"role": "user", "content": letter.text}]) for letter in asked]


def _seconds_each(answer: Callable[[str], object], prompts: list[str]) -> float:
    return statistics.mean(_time(answer, prompt) for prompt in prompts)


def _time(call: Callable[[str], object], prompt: str) -> float:
    started = time.perf_counter()
    call(prompt)
    return time.perf_counter() - started


def _in_own_process(part: str) -> dict:
    print(f"measuring {part}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.bench.engine", part]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])


PARTS: dict[str, Callable[[], dict]] = {
    "engine": measure_engine,
    "llamacpp": measure_llamacpp,
    "transformers-fp32": lambda: measure_transformers("float32"),
    "transformers-bf16": lambda: measure_transformers("bfloat16"),
    "faithfulness": measure_faithfulness,
}

if __name__ == "__main__":
    main()
