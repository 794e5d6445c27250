"""The board for other tools: `python -m course.measuring.export FOLDER`.

board.csv        every answer of every rung, one a row
inspect/*.json   an evaluation log of Inspect for each rung: `inspect view --log-dir FOLDER/inspect`
promptfoo.json   all rungs side by side: `promptfoo import FOLDER/promptfoo.json`
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from course.errors import CourseError, as_command, command_line
from course.files import replacing, write_text
from course.measuring import board
from course.measuring.results import Outcome, Result, plain_text

Entry = tuple[str, Result]  # the lesson's number, and what it measured
NO_MODEL = "none/none"  # as Inspect calls it
_OF_RESULT = ("name", "model", "badge", "created", "note")


def answers(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """A row for every answer: lesson and rung, then what `Result.frame` has. Not measured is None."""
    return [
        {"lesson": lesson}
        | {field: getattr(result, field) for field in _OF_RESULT}
        | vars(outcome)
        | {"reply": plain_text(outcome.reply)}
        for lesson, result in entries
        for outcome in result.outcomes
    ]


def inspect_log(lesson: str, result: Result) -> dict[str, Any]:
    """One rung as an evaluation log of Inspect, version 2: each row is a sample with two scores."""
    low, high = result.interval
    shares = {"accuracy": result.accuracy, "low_95": low, "high_95": high}
    scores = {"correct": shares, "valid": {"accuracy": result.valid}}
    id = _id(lesson, result)
    ids = [outcome.id for outcome in result.outcomes]
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": id,
            "run_id": id,
            "task_id": id,
            "created": result.created,
            "task": result.name,
            "dataset": {"name": f"lesson {lesson}", "samples": result.n, "sample_ids": ids},
            "model": result.model or NO_MODEL,
            "config": {},
            "metadata": {"lesson": lesson, "badge": result.badge, "note": result.note},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": result.n,
            "completed_samples": result.n,
            "scores": [
                {
                    "name": name,
                    "scorer": name,
                    "params": {},
                    "metrics": {key: {"name": key, "value": value} for key, value in metrics.items()},
                }
                for name, metrics in scores.items()
            ],
        },
        "stats": {"started_at": result.created, "completed_at": result.created, "model_usage": {}},
        "samples": [_sample(result, outcome) for outcome in result.outcomes],
    }


def promptfoo_file(entries: Sequence[Entry]) -> dict[str, Any]:
    """All rungs as an export of promptfoo, version 3: a rung is a prompt, a row is a test."""
    texts = {outcome.id: outcome.text for _, result in entries for outcome in result.outcomes}
    places = {id: place for place, id in enumerate(texts)}
    prompts, results = [], []
    for rung, (lesson, result) in enumerate(entries):
        label = f"{lesson} {result.name}"
        provider = {"id": result.model or NO_MODEL, "label": result.badge}
        seconds = [outcome.seconds for outcome in result.outcomes if outcome.seconds is not None]
        metrics = {
            "score": result.right,
            "testPassCount": result.right,
            "testFailCount": result.n - result.right - len(result.errors),
            "testErrorCount": len(result.errors),
            "assertPassCount": result.right,
            "assertFailCount": result.n - result.right,
            "totalLatencyMs": 1000 * sum(seconds),
            "tokenUsage": _tokens(result.outcomes),
            "namedScores": {},
            "namedScoresCount": {},
            "cost": sum(outcome.cost or 0 for outcome in result.outcomes),
        }
        prompt = {"id": _id(lesson, result), "raw": label, "label": label}
        prompts.append(prompt | {"provider": provider["id"], "metrics": metrics})
        results += [
            _tested(prompt, provider, outcome, rung, places[outcome.id]) for outcome in result.outcomes
        ]
    right = sum(result.right for _, result in entries)
    errors = sum(len(result.errors) for _, result in entries)
    stats = {"successes": right, "failures": len(results) - right - errors, "errors": errors}
    created = max((result.created for _, result in entries), default="")
    return {
        "evalId": f"eval-{_digest([prompt['id'] for prompt in prompts])}",
        "results": {
            "version": 3,
            "timestamp": created,
            "prompts": prompts,
            "results": results,
            "stats": stats | {"tokenUsage": _tokens(o for _, result in entries for o in result.outcomes)},
        },
        "config": {"description": "Before You Fine-Tune: the results board"},
        "shareableUrl": None,
        "metadata": {"evaluationCreatedAt": created},
    }


def write(entries: Sequence[Entry], folder: Path) -> list[Path]:
    """Write all three forms into the folder. CourseError for an empty board."""
    if not entries:
        raise CourseError("The board is empty, so there is nothing to export; measure a rung first.")
    (folder / "inspect").mkdir(parents=True, exist_ok=True)
    table = folder / "board.csv"
    rows = answers(entries)
    with replacing(table) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    texts = {folder / "promptfoo.json": promptfoo_file(entries)}
    for lesson, result in entries:
        name = re.sub(r"[^a-z0-9]+", "-", result.name.lower()).strip("-")[:60]
        time = re.sub(r"[:.]", "-", result.created)
        texts[folder / "inspect" / f"{time}_{name}_{_id(lesson, result)}.json"] = inspect_log(lesson, result)
    for path, value in texts.items():
        write_text(path, json.dumps(value, ensure_ascii=False))
    return [table, *texts]


def _sample(result: Result, outcome: Outcome) -> dict[str, Any]:
    reply = "" if outcome.reply is None else plain_text(outcome.reply)
    usage = {"input_tokens": outcome.input_tokens or 0, "output_tokens": outcome.output_tokens or 0}
    output: dict[str, Any] = {
        "model": result.model or NO_MODEL,
        "choices": [{"message": {"role": "assistant", "content": reply}, "stop_reason": "stop"}],
        "time": outcome.seconds,
    }
    if outcome.input_tokens is not None:
        output["usage"] = usage | {"total_tokens": sum(usage.values())}
    if outcome.error:
        output["error"] = outcome.error
    letter = {True: "C", False: "I"}
    return {
        "id": outcome.id,
        "epoch": 1,
        "input": outcome.text,
        "target": outcome.expected,
        "messages": [],
        "output": output,
        "scores": {
            "correct": {"value": letter[outcome.correct], "answer": reply},
            "valid": {"value": letter[outcome.valid], "answer": reply},
        },
        "metadata": {"slice": outcome.slice, "cost": outcome.cost},
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
    }


def _tested(prompt: dict, provider: dict, outcome: Outcome, rung: int, place: int) -> dict[str, Any]:
    variables = {"id": outcome.id, "text": outcome.text, "expected": outcome.expected}
    reason = outcome.error or f"expected {outcome.expected}"
    return {
        "id": f"{prompt['id']}-{place}",
        "promptIdx": rung,
        "testIdx": place,
        "promptId": prompt["id"],
        "prompt": prompt,
        "provider": provider,
        "vars": variables,
        "testCase": {"vars": variables, "assert": [], "metadata": {"slice": outcome.slice}},
        "response": {"output": plain_text(outcome.reply), "tokenUsage": _tokens([outcome])},
        "success": outcome.correct,
        "failureReason": 2 if outcome.error else 0 if outcome.correct else 1,  # an error, none, or a check
        "score": float(outcome.correct),
        "namedScores": {"valid": float(outcome.valid)},
        "latencyMs": 1000 * (outcome.seconds or 0),
        "cost": outcome.cost or 0,
        "gradingResult": {"pass": outcome.correct, "score": float(outcome.correct), "reason": reason},
        "metadata": {},
    } | ({"error": outcome.error} if outcome.error else {})


def _tokens(outcomes: Iterable[Outcome]) -> dict[str, int]:
    pairs = [(outcome.input_tokens or 0, outcome.output_tokens or 0) for outcome in outcomes]
    prompt, completion = (sum(column) for column in zip(*pairs, strict=True)) if pairs else (0, 0)
    return {
        "prompt": prompt,
        "completion": completion,
        "total": prompt + completion,
        "numRequests": len(pairs),
    }


def _id(lesson: str, result: Result) -> str:
    return _digest([lesson, result.name, result.model, result.n])


def _digest(parts: list) -> str:
    """The same for the same rung each time, so that an import replaces the one before."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:22]


@as_command
def main(given: Sequence[str] | None = None) -> None:
    parser = command_line("course.measuring.export", __doc__)
    parser.add_argument("folder", type=Path, help="where the files are written")
    parser.add_argument("--lesson", help="the rungs of one lesson, such as 04 (default: all)")
    arguments = parser.parse_args(given)
    for path in write(board.entries(arguments.lesson), arguments.folder):
        print(path)


if __name__ == "__main__":
    main()
