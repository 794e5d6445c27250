"""The routing request, as every lesson sends it."""

import json

from course.material import data
from course.rungs.routing import QUEUE_SCHEMA, as_turns, one_per_queue, route, system_prompt
from tests.rungs.answering import answering


def test_examples_come_first_in_the_form_asked_for_the_first_typical_ticket_of_each_queue():
    assert all(queue in system_prompt() for queue in data.QUEUES)
    first, second = data.tickets("train")[:2]
    turns = as_turns([first], second.text)
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"] == first.queue
    assert turns[-1]["content"] == second.text
    first, second = data.tickets("train")[:2]
    answer = json.loads(as_turns([first], second.text, as_json=True)[1]["content"])
    assert list(answer) == QUEUE_SCHEMA["required"]
    assert answer["queue"] in QUEUE_SCHEMA["properties"]["queue"]["enum"]
    train = data.tickets("train")
    chosen = one_per_queue(train)
    assert tuple(example.queue for example in chosen) == data.QUEUES
    before = data.kinds_before_mending()
    typical = [(each.id, each.queue) for each in train if before.get(each.id, each.kind) == "typical"]
    for example in chosen:
        assert example.id == next(id for id, queue in typical if queue == example.queue)


def test_a_constrained_reply_has_room_for_its_white_space(engine):
    client, asked = answering('{\n  "queue": "safety"\n}')
    assert route(client, "local", data.tickets("dev")[0], constrained=True) == "safety"
    longest = max(engine.count(json.dumps({"queue": queue}, indent=8)) for queue in data.QUEUES)
    assert longest < asked[0]["max_tokens"]
