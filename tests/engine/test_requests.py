"""Every request that the lessons made keeps to the SDK's types and to today's API.

`make test` runs the lessons first and this file after them: it reads the answers that they left.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing

import pytest
from anthropic.types import MessageCountTokensParams, MessageCreateParams
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from course.engine import carried
from course.engine.recordings import default_path
from course.material.prices import models
from course.paths import results_dir

RUN_THEM_FIRST = "The lessons left no recordings here. Run them first: make test does."
# A key that no type names is an error, at every depth. Pydantic takes such a setting for a list only.
STRICT = ConfigDict(extra="forbid", strict=True)
MESSAGE = TypeAdapter(list[MessageCreateParams], config=STRICT)
COUNT = TypeAdapter(list[MessageCountTokensParams], config=STRICT)

USER = {"role": "user", "content": "Where is my parcel?"}
ASKED = {"model": "local", "max_tokens": 5, "messages": [USER]}
COUNTED = {"model": "local", "messages": [USER]}
TOOL = {"name": "find", "input_schema": {"type": "object", "properties": {}}}
FORMAT = {"type": "json_schema", "schema": {"type": "object", "properties": {}}}
TEXT = {"type": "text", "text": "Where is it?"}


def problems(body: dict, *, mode: str, counts: bool = False) -> list[str]:
    """What is wrong with the body of a request made in this mode. `counts`: it asks for a count of tokens."""
    try:
        _walk((COUNT if counts else MESSAGE).validate_python([body]))
    except (ValidationError, TypeError) as error:
        return [f"the SDK's types do not fit: {error}"]
    found = []
    if not body["messages"] or body["messages"][-1]["role"] == "assistant":
        found.append("the last turn is not the user's")
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        found.append("tool_choice forces a tool")
    if mode == "local" and body["model"] in [model.id for model in models()]:
        found.append(f"{body['model']} is asked in local mode")
    return found


def _walk(value: object) -> None:
    """Go through all of a validated value: pydantic checks an Iterable only while somebody reads it."""
    if isinstance(value, BaseModel):
        # The types also let in the models of the SDK's answers, which take any key.
        raise TypeError(f"only an answer may hold {value!r}")
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str):
        for part in value:
            _walk(part)


def test_each_kind_of_request_that_the_course_has_answers_to_is_one_that_the_api_takes():
    calls = [call for file in carried.files() for call, _ in carried.sample(file)]
    assert calls
    found = [(call.body, problems(call.body, mode="local", counts=call.is_count)) for call in calls]
    wrong = [f"{problem}: {body}" for body, each in found for problem in each]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow  # it wants the lessons to have run
def test_every_request_that_the_lessons_sent_is_one_that_the_api_takes():
    # What lessons replay is not kept again; a solution of an exercise, which is a unit test, asks anew.
    paths = list(results_dir().parent.glob(f"*/{default_path().name}"))
    assert paths, RUN_THEM_FIRST
    recorded = []
    for path in paths:
        with closing(sqlite3.connect(path)) as file:
            recorded += file.execute("SELECT mode, request, response FROM recordings")
    assert recorded, RUN_THEM_FIRST
    wrong = []
    for mode, request, response in recorded:
        body = json.loads(request)
        counts = not body.get("stream") and "input_tokens" in json.loads(response)
        wrong += [f"{problem}: {request[:300]}" for problem in problems(body, mode=mode, counts=counts)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow  # it wants the lessons to have run
def test_the_lessons_asked_nothing_that_the_course_does_not_carry():
    path = results_dir() / default_path().name
    asked = []
    if path.is_file():
        with closing(sqlite3.connect(path)) as file:
            asked = [request for (request,) in file.execute("SELECT request FROM recordings")]
    assert not asked, "\n".join(request[:300] for request in asked)


@pytest.mark.parametrize(
    ("good", "asked"),
    [
        (ASKED, {}),
        (ASKED | {"system": "Be brief.", "stop_sequences": ["."], "stream": True}, {}),
        (ASKED | {"metadata": {"user_id": "a"}, "output_config": {"format": FORMAT}}, {}),
        (ASKED | {"messages": [USER, USER | {"role": "assistant"}, USER | {"content": [TEXT]}]}, {}),
        (ASKED | {"tools": [TOOL], "tool_choice": {"type": "auto"}}, {}),
        (COUNTED, {"counts": True}),
        (ASKED | {"model": models()[0].id}, {"mode": "live"}),
    ],
)
def test_a_good_request_passes(good, asked):
    assert problems(good, **{"mode": "local", **asked}) == []


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (ASKED | {"temperature": 0.0}, "NonStreaming.temperature"),
        (ASKED | {"top_p": 0.9}, "NonStreaming.top_p"),
        (ASKED | {"top_k": 5}, "NonStreaming.top_k"),
        (ASKED | {"messages": [USER, {"role": "assistant", "content": "{"}]}, "the last turn is not"),
        (ASKED | {"messages": []}, "the last turn is not"),
        (ASKED | {"tools": [TOOL], "tool_choice": {"type": "any"}}, "tool_choice forces a tool"),
        (ASKED | {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "find"}}, "tool_choice forces"),
        (COUNTED, "NonStreaming.max_tokens"),
        (ASKED | {"model": models()[0].id}, "is asked in local mode"),
        (ASKED | {"max_tokens": "5"}, "valid integer"),
        (ASKED | {"messages": ["Where is it?"]}, "valid dictionary"),
        (ASKED | {"messages": [USER | {"role": "robot"}]}, "'user'"),
        (ASKED | {"output_format": FORMAT}, "output_format"),
        (ASKED | {"output_config": {"format": FORMAT | {"name": "x"}}}, "output_config.format.name"),
        (ASKED | {"output_config": {"format": {"type": "json_object"}}}, "output_config.format.type"),
        (ASKED | {"tools": [TOOL | {"parameters": {}}]}, "parameters"),
        (ASKED | {"messages": [USER | {"name": "x"}]}, "name"),
        (ASKED | {"messages": [USER | {"content": [TEXT | {"bold": True}]}]}, "bold=True"),
    ],
)
def test_a_bad_request_is_refused(bad, problem):
    assert problem in "\n".join(problems(bad, mode="local"))


def test_a_bad_count_is_refused():
    assert "max_tokens" in "\n".join(problems(ASKED, mode="local", counts=True))
