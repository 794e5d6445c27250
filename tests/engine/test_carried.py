"""The files of data/recordings: what is written is read again, on any platform."""

import json

import httpx2
import pytest

from course.engine import carried
from course.engine.carried import Head
from course.engine.recordings import Recording
from course.engine.replies import message, parsed, usage
from course.engine.transports import COUNT, MESSAGES, Call
from course.errors import CourseError

HEAD = Head("01", "small", "Tiny", "local", "local/a/b/1", "engine 1", "2 cores of a machine", "2026-11-28")
USER = {"role": "user", "content": 'Où est mon colis?\u2028 "Here"\n\\ <b>'}
BODY = {"model": "local", "max_tokens": 9, "messages": [USER]}
TOOL_USE = {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"order": "F1", "n": 2}}


def _recording(call: Call, response: str) -> Recording:
    request = json.dumps(call.body, ensure_ascii=False)
    place, created = "local/a/b/1-9", "2026-11-27T10:00:00+00:00"
    return Recording(place, call.key, "local", call.model, created, request, response, 0.5)


def _message(model: str = "local", **changes: object) -> str:
    text = {"type": "text", "text": "Chez\u2029 vous."}
    return json.dumps(message("msg_1", model, [text], "end_turn", None, usage(12, 3)) | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"content": [], "stop_reason": "max_tokens"},
        {"content": [{"type": "text", "text": ""}]},
        {"content": [{"type": "text", "text": "a"}, TOOL_USE], "stop_reason": "tool_use"},
        {"stop_reason": "stop_sequence", "stop_sequence": "###"},
    ],
)
@pytest.mark.parametrize("model", ["local", "local+tuned-12345678"])
@pytest.mark.parametrize("path", [MESSAGES, f"{MESSAGES}?beta=true"])
def test_a_message_comes_back_as_it_was(tmp_path, changes, model, path):
    call = Call(path, BODY | {"model": model})
    answer = _message(**changes, model=model)
    carried.write(tmp_path / "a.jsonl", HEAD, [_recording(call, answer)])
    head, answers = carried.read(tmp_path / "a.jsonl")
    found = answers[call.key[: carried.KEY_DIGITS]]
    assert head == HEAD
    assert json.loads(found.response) | {"id": ""} == json.loads(answer) | {"id": ""}
    assert (found.mode, found.model, found.seconds, found.created) == ("recorded", model, 0.5, "2026-11-28")
    assert found.place == f"{'Tiny' if model == 'local' else model} on 2 cores of a machine"


def test_a_key_knows_no_platform_and_of_a_tuned_model_the_hash_alone():
    names = ("local+facts-v1-12345678", "local+facts-v12-12345678", "local+facts-v1-87654321", "local")
    keys = [Call(MESSAGES, BODY | {"model": model}).key for model in names]
    assert keys[0] == keys[1] and len(set(keys)) == 3
    quoting = [{"role": "user", "content": f'{{"model":"local+facts-v{number}-1"}}'} for number in (1, 2)]
    assert len({Call(MESSAGES, BODY | {"messages": [turn]}).key for turn in quoting}) == 2
    text = "First line.\r\nSecond line: é \U0001f600 \\r\\n"
    body = BODY | {"messages": [{"role": "user", "content": text}]}
    unix = BODY | {"messages": [{"role": "user", "content": text.replace("\r\n", "\n")}]}
    assert Call(MESSAGES, body).key == Call(MESSAGES, unix).key
    # Computed once, on Linux with Python 3.11: the same on every other machine.
    assert Call(MESSAGES, unix).key[:8] == "e270212d"
    sent = httpx2.Request("POST", f"http://elsewhere{MESSAGES}", json=dict(reversed(unix.items())))
    assert Call.of(sent).key == Call(MESSAGES, unix).key


def test_a_count_and_a_stream_come_back_as_they_were(tmp_path):
    count, stream = Call(COUNT, BODY), Call(MESSAGES, BODY | {"stream": True})
    events = "".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        for event in (
            {"type": "message_start", "message": json.loads(_message(content=[]))},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}},
            {"type": "message_stop"},
        )
    )
    kept = [_recording(count, '{"input_tokens": 7}'), _recording(stream, events)]
    carried.write(tmp_path / "a.jsonl", HEAD, kept)
    _, answers = carried.read(tmp_path / "a.jsonl")
    responses = [answers[call.key[: carried.KEY_DIGITS]].response for call in (count, stream)]
    assert json.loads(responses[0]) == {"input_tokens": 7}
    assert responses[1] == events
    assert parsed(events, streams=True)["content"] == [{"type": "text", "text": "Hi"}]


def test_the_file_is_sorted_reads_the_same_with_any_line_ends_and_samples_each_kind_of_request(tmp_path):
    texts = [f"Question {number}" for number in range(29)]
    calls = [Call(MESSAGES, BODY | {"messages": [{"role": "user", "content": text}]}) for text in texts]
    path = tmp_path / "a.jsonl"
    carried.write(path, HEAD, [_recording(call, _message()) for call in calls])
    content = path.read_bytes()
    rows = [json.loads(line) for line in content.decode().split("\n")[1:-1]]
    assert [row["key"] for row in rows] == sorted(call.key[: carried.KEY_DIGITS] for call in calls)
    assert sum("request" in row for row in rows) == carried.SAMPLED
    sampled = carried.sample(path)
    keys = [call.key[: carried.KEY_DIGITS] for call, _ in sampled]
    assert keys == [row["key"] for row in rows[: carried.SAMPLED]]
    windows = tmp_path / "windows.jsonl"
    windows.write_bytes(content.replace(b"\n", b"\r\n"))
    assert carried.read(windows) == carried.read(path)
    kinds = [{"max_tokens": 9}, {"system": "Be brief."}, {"tools": [TOOL_USE]}, {"messages": [USER] * 3}]
    bodies = [BODY | kind | {"max_tokens": most} for kind in kinds for most in range(10, 20)]
    path = tmp_path / "a.jsonl"
    carried.write(path, HEAD, [_recording(Call(MESSAGES, body), _message()) for body in bodies])
    assert len(carried.sample(path)) == len(bodies)
    same = [BODY | {"messages": [{"role": "user", "content": str(number)}]} for number in range(30)]
    kept = [_recording(Call(MESSAGES, body), _message()) for body in [*same, BODY | {"system": "Be brief."}]]
    carried.write(path, HEAD, kept)
    assert len(carried.sample(path)) in (carried.SAMPLED, carried.SAMPLED + 1)
    assert "system" in [key for call, _ in carried.sample(path) for key in call.body]


@pytest.mark.parametrize(
    ("line", "damaged", "reason"),
    [
        (1, "{", "is not JSON"),
        (1, '{"lesson": "01"}', "'size' is missing"),
        (3, '{"key": "a", "answer": "b"}', "'in' is missing; restore the file"),
    ],
)
def test_a_damaged_line_is_named(tmp_path, line, damaged, reason):
    path = tmp_path / "a.jsonl"
    calls = [Call(MESSAGES, BODY | {"max_tokens": number}) for number in (1, 2)]
    carried.write(path, HEAD, [_recording(call, _message()) for call in calls])
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[line - 1] = damaged
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CourseError, match=f"a.jsonl, line {line}: .*{reason}"):
        carried.read(path)
