"""Chats as JSON Lines: written whole, read back the same, and refused with the line at fault."""

import json
from pathlib import Path

import pytest

from course.errors import CourseError
from course.material.data import QUEUES, tickets
from course.tuning.chats import TrainingChat, data_hash, read_chats, routing_chats, short_prompt, write_chats

GOOD = {
    "messages": [
        {"role": "system", "content": "Name the queue."},
        {"role": "user", "content": "Where are my pods?"},
        {"role": "assistant", "content": "order_status"},
    ]
}


def test_tickets_become_chats_with_a_short_prompt_and_their_hash_tells_parts_apart():
    chats = routing_chats(tickets("train"))
    assert len(chats) == 810
    assert {chat.answer for chat in chats} == set(QUEUES)
    assert {chat.system for chat in chats} == {short_prompt()}
    assert not any(queue in short_prompt() for queue in QUEUES)
    assert routing_chats(tickets("train")[:1], "Other.")[0].system == "Other."
    a, b = routing_chats(tickets("dev")[:2])
    assert data_hash([a, b]) == data_hash([a, b])
    assert len({data_hash([a, b]), data_hash([b, a]), data_hash([a], [b]), data_hash([a])}) == 4


def test_chats_come_back_as_they_were_written_and_files_that_cannot_be_are_named(tmp_path: Path):
    chats = [*routing_chats(tickets("dev")), TrainingChat("s", 'line\nbreak "quotes" \u2028 grüße', "a")]
    path = tmp_path / "chats.jsonl"
    write_chats(chats, path)
    assert read_chats(path) == chats
    assert path.read_bytes().count(b"\n") == len(chats)
    assert json.loads(path.read_text().splitlines()[0]).keys() == {"messages"}
    assert [file.name for file in tmp_path.iterdir()] == ["chats.jsonl"]
    with pytest.raises(CourseError, match="missing.jsonl is missing"):
        read_chats(tmp_path / "missing.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"gr\xfc\xdfe\n")
    with pytest.raises(CourseError, match="latin.jsonl, line 1: the byte 0xfc is not UTF-8"):
        read_chats(tmp_path / "latin.jsonl")
    for blank in ("", "\n \n"):
        (tmp_path / "empty.jsonl").write_text(blank)
        with pytest.raises(CourseError, match="empty.jsonl holds no chat; write one on each line"):
            read_chats(tmp_path / "empty.jsonl")
    with pytest.raises(CourseError, match="cannot be written"):
        write_chats([], tmp_path / "empty.jsonl" / "chats.jsonl")


def changed(message: int, **values: object) -> dict:
    messages = [dict(turn) for turn in GOOD["messages"]]
    messages[message].update(values)
    return {"messages": messages}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("no json", "'no json' is not JSON"),
        ('{"text": "a"}', "line 2, .*'messages' is a required property"),
        (json.dumps({"messages": GOOD["messages"][:2]}), "line 2, .*messages: .* too short"),
        (json.dumps({"messages": [*GOOD["messages"], GOOD["messages"][1]]}), "line 2, .*messages"),
        (json.dumps(changed(0, role="user")), r"messages\[0\].role: 'system' was expected"),
        (json.dumps(changed(2, content=" ")), r"messages\[2\].content: the text is blank;"),
        (json.dumps(changed(1, content=7)), r"messages\[1\].content: 7 is not of type 'string'"),
        (json.dumps(changed(1, name="x")), r"messages\[1\]: Additional properties"),
        ("5", "'5' is not an object"),
        ('["messages"]', "is not an object"),
        (json.dumps(changed(1, content="a\ud83d")), "half of a character"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str):
    path = tmp_path / "chats.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{line}\n{json.dumps(GOOD)}\n")
    with pytest.raises(CourseError, match=says) as error:
        read_chats(path)
    assert "chats.jsonl, line 2" in str(error.value)


@pytest.mark.parametrize("place", range(3))
def test_half_of_a_character_makes_no_chat(place: int):
    parts = ["Name it.", "Where?", "order"]
    parts[place] += "\ud83d"
    with pytest.raises(CourseError, match="of a chat: the text holds .* half of a character"):
        TrainingChat(*parts)
