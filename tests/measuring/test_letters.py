"""Scoring letters: what is a fault of form, and that the values inside are scored beside it."""

import json
from collections.abc import Callable

import pytest

from course.engine.client import connect
from course.material.data import LETTER_FIELDS, Letter, letters
from course.material.large_model import letter_replies
from course.measuring import letters as scoring
from course.measuring.evaluate import evaluate
from tests.stub_server import stub_server

LETTER = letters()[2]
RIGHT = json.dumps(LETTER.gold, ensure_ascii=False)
WRONG = json.dumps(LETTER.gold | {"name": "Somebody Else", "remote": "no"}, indent=2)
FENCE = "```"


def shapes(said: str) -> dict[str, str]:
    """What a Claude makes of an object when nothing holds it to the bare form, by the fault that it is."""
    return {
        f"{FENCE}json\n{said}\n{FENCE}": scoring.FENCED,
        f"{FENCE}\n{said}\n{FENCE}\n": scoring.FENCED,
        f"Here is the extracted data:\n\n{FENCE}json\n{said}\n{FENCE}": scoring.CHATTY,
        f"{said}\n\nI left `remote` empty, since the letter does not say.": scoring.CHATTY,
        f"{FENCE}json\n{said}\n{FENCE}\nThe letter {{L003}} names no date.": scoring.CHATTY,
    }


@pytest.mark.parametrize("said", [RIGHT, WRONG])
def test_an_object_alone_is_valid_and_the_same_in_a_fence_or_a_talk_is_a_fault_with_the_same_values(said):
    assert scoring.read(f" {said}\n") == scoring.ReadLetter(json.loads(said), None)
    for reply, fault in shapes(said).items():
        assert scoring.read(reply) == scoring.ReadLetter(json.loads(said), fault)
        assert scoring.check(LETTER, reply) == scoring.Verdict(False, False)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("I'm sorry, but I can't help with extracting personal data.", scoring.NO_OBJECT),
        ("", scoring.NO_OBJECT),
        ("null", scoring.NO_OBJECT),
        (RIGHT[:-20], scoring.NO_OBJECT),
        (f"{FENCE}json\n{RIGHT[:-20]}", scoring.NO_OBJECT),
        ("{" * 5000, scoring.NO_OBJECT),
        ('{"a": ' * 5000, scoring.NO_OBJECT),
        ('{"name": "Ada"}', scoring.OTHER_KEYS),
        (json.dumps(LETTER.gold | {"email": None}), scoring.OTHER_KEYS),
        (json.dumps({"application": LETTER.gold}), scoring.OTHER_KEYS),
        (f"{RIGHT}\nOr, if the name is wrong:\n{WRONG}", scoring.SEVERAL),
    ],
)
def test_without_one_object_with_the_eight_keys_there_are_no_values(reply, fault):
    assert scoring.read(reply) == scoring.ReadLetter(None, fault)
    assert scoring.right_fields(LETTER, None) == []


def test_the_large_models_replies_are_valid_and_an_object_said_twice_is_one():
    assert scoring.read(f"{RIGHT}\nAgain:\n{RIGHT}") == scoring.ReadLetter(LETTER.gold, scoring.CHATTY)
    replies = {reply.id: reply.reply for reply in letter_replies()}
    rows = letters()
    result = evaluate(rows, lambda letter: replies[letter.id], name="large", check=scoring.check)
    counted = scoring.counts(result, rows)
    assert (counted["letters"], counted["valid"], counted["all eight and valid"]) == (80, 80, 70)
    assert counted[list(LETTER_FIELDS)].min() == counted["salary_expectation"] == 76


@pytest.mark.parametrize(
    ("field", "said", "gold", "right"),
    [
        ("skills", ["React", "css"], ["css", "react"], True),
        ("skills", "css", ["css"], False),
        ("skills", None, ["css"], False),
        ("role", "Bus Driver", "bus driver", True),
        ("years_experience", 3, 3, True),
        ("years_experience", "3", 3, False),
        ("years_experience", True, 1, False),
        ("remote", None, None, True),
        ("remote", "", None, False),
    ],
)
def test_which_values_are_right(field, said, gold, right):
    assert scoring.is_right(field, said, gold) is right


def test_what_a_live_claude_sends_is_counted_by_its_form_and_scored_beside_it(results_dir, monkeypatch):
    rows = letters()[2:9]
    forms: list[Callable[[str], str]] = [
        lambda said: said,
        *(lambda said, place=place: list(shapes(said))[place] for place in range(5)),
        lambda said: "I can't share personal details from this letter.",
    ]
    gold = [json.dumps(letter.gold, ensure_ascii=False) for letter in rows]
    said = {letter.text: form(text) for letter, form, text in zip(rows, forms, gold, strict=True)}
    refusal = {"content": [], "stop_reason": "refusal"}

    def answer(body: dict) -> dict:
        text = said[body["messages"][-1]["content"]]
        return refusal if text.startswith("I can't") else {"content": [{"type": "text", "text": text}]}

    def ask(letter: Letter) -> object:
        turns = [{"role": "user", "content": letter.text}]
        return client.messages.create(model=model, max_tokens=200, messages=turns)

    with stub_server() as stub:
        stub.answer = answer
        monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.url)
        client, model = connect(mode="live")
        result = evaluate(rows, ask, name="live", check=scoring.check, client=client)
    counted = scoring.counts(result, rows)
    assert counted["valid"] == counted["all eight and valid"] == 1
    assert counted[f"fault: {scoring.FENCED}"] == 2 and counted[f"fault: {scoring.CHATTY}"] == 3
    assert counted[f"fault: {scoring.NO_OBJECT}"] == 1
    assert counted["all eight, form aside"] == counted["name"] == 6
