"""The rungs of the house voice: what each one asks for, and how its reply is put together and judged."""

import json

import pytest

from course.material import voice as material
from course.measuring.house_voice import rules_kept
from course.measuring.results import Verdict
from course.rungs import voice
from course.rungs.voice import PARTS, RUNGS, VoiceRung, examples_for, expected_tokens, request
from tests.rungs.answering import answering

TRAIN, ROWS = material.pairs("train"), material.pairs("dev")[:3]
PAIR = ROWS[0]
BY_NAME = {rung.name: rung for rung in RUNGS}


def asked_by(rung: VoiceRung) -> dict:
    return request(rung, "m", PAIR, examples_for(rung, PAIR, TRAIN))


def test_the_rungs_have_names_of_their_own_and_the_numbers_of_examples_that_were_asked_for():
    assert len(BY_NAME) == len(RUNGS)
    assert {rung.shown for rung in RUNGS if rung.guided} == {0, 3, 8, 50}
    assert [rung.name for rung in RUNGS if not rung.guided] == ["professional tone"]


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_a_request_has_the_note_last_and_the_examples_before_it(rung):
    asked = asked_by(rung)
    turns = asked["messages"]
    assert turns[-1] == {"role": "user", "content": PAIR.note}
    assert [turn["role"] for turn in turns[:-1]] == ["user", "assistant"] * rung.shown
    assert PAIR.reply not in json.dumps(asked, ensure_ascii=False)
    assert (material.guide().strip() in asked["system"]) == rung.guided
    assert ("output_config" in asked) == rung.parts
    assert "professional tone" in asked["system"] or rung.guided
    assert "{" not in asked["system"]


def test_fixed_examples_are_the_same_for_all_and_have_the_form_of_the_schema():
    fixed, near = BY_NAME["guide, 8 examples"], BY_NAME["guide, 8 retrieved examples"]
    assert examples_for(fixed, PAIR, TRAIN) == examples_for(fixed, ROWS[1], TRAIN) == TRAIN[:8]
    copy = TRAIN[40]
    assert examples_for(near, copy, TRAIN)[-1] == copy
    assert examples_for(near, PAIR, TRAIN) != examples_for(near, ROWS[1], TRAIN)
    turns = asked_by(BY_NAME["guide, 8 examples, schema of sentences"])["messages"]
    for example, turn in zip(TRAIN[:8], turns[1::2], strict=True):
        assert list(json.loads(turn["content"])) == list(PARTS)
        assert voice.joined(turn["content"]) == example.reply
    tokens = [expected_tokens(asked_by(BY_NAME[f"guide, {count} examples"])) for count in (3, 8, 50)]
    assert tokens == sorted(tokens) and tokens[-1] > 3_000 > tokens[1]


@pytest.mark.parametrize("split", material.SPLITS)
def test_every_reply_of_the_data_comes_back_from_its_parts(split):
    for pair in material.pairs(split):
        assert voice.joined(voice.in_parts(pair.reply)) == pair.reply


def test_an_empty_middle_leaves_two_sentences_and_what_no_schema_holds_is_still_judged():
    said = voice.joined(json.dumps({"begin": "Your pod left.", "middle": " ", "next": "Next, look."}))
    assert said == f"Your pod left. Next, look.\n{material.CLOSING}"
    said = voice.joined(json.dumps({"begin": "Sorry!", "middle": "", "next": "Wait."}))
    kept = rules_kept(said)
    assert kept[4] and not (kept[3] or kept[6] or kept[8] or kept[13])


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (PAIR.reply, Verdict(True, True)),
        (PAIR.reply.replace("Your", "The", 1), Verdict(False, False)),
        (PAIR.reply.replace("Next,", "Next, on 5 May,"), Verdict(True, False)),
        ("", Verdict(False, False)),
    ],
)
def test_a_reply_is_valid_by_its_rules_and_right_by_its_facts_as_well(reply, verdict):
    assert voice.check(PAIR, reply) == verdict


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_a_model_that_answers_as_the_data_do_is_measured_as_right(rung, results_dir):
    answer = voice.in_parts(PAIR.reply) if rung.parts else f" {PAIR.reply}\n"
    client, asked = answering(answer)
    result = voice.measure(rung, [PAIR], TRAIN, client, "m")
    assert (result.name, result.right, result.n) == (rung.name, 1, 1)
    assert asked == [asked_by(rung)]


def test_parts_that_are_cut_off_are_a_wrong_row_with_its_error(results_dir):
    client, _ = answering('{"begin": "Your pod')
    (outcome,) = voice.measure(BY_NAME["guide, schema of sentences"], [PAIR], TRAIN, client, "m").outcomes
    assert not outcome.valid and outcome.error
