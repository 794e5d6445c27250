"""The letters as a case of form: what is trained is not asked, and a sweep keeps each reading once."""

import json
from contextlib import nullcontext

import pytest

from course.material.data import letters
from course.measuring.letters import FAULTS, FENCED
from course.rungs.structured import KEYS
from course.tuning import letter_form, letter_readings
from course.tuning.letter_form import SEEDS, LetterWay, to_ask, to_train
from tests.rungs.answering import answering

WAYS = letter_form.ways()


def test_no_letter_that_is_shown_or_trained_is_asked():
    assert [*to_train(), *to_ask()] == letters()
    for field in ("name", "skills"):
        of_both = ({str(letter.gold[field]) for letter in part} for part in (to_train(), to_ask()))
        assert not set.intersection(*of_both)


def test_both_halves_are_alike():
    hard = [sum(letter.difficulty == "hard" for letter in part) for part in (to_train(), to_ask())]
    assert hard == [16, 13]


def test_a_chat_has_the_prompt_of_the_keys_and_the_right_reply():
    for chat, letter in zip(letter_form.letter_chats(to_train()), to_train(), strict=True):
        assert chat.system == KEYS and json.loads(chat.answer) == letter.gold


def test_ways_are_one_of_a_kind_and_the_trained_ones_come_from_each_seed():
    assert len({(way.name, way.seed) for way in WAYS}) == len(WAYS)
    for name in ("tuned", "tuned, schema"):
        assert [way.seed for way in WAYS if way.name == name] == list(SEEDS)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_request_is_what_its_way_says(way: LetterWay):
    client, asked = answering("{}")
    letter_form.ask(client, "a model", way, to_ask()[0])
    (request,) = asked
    assert request["system"] == way.system and request["messages"][-1]["content"] == to_ask()[0].text
    assert len(request["messages"]) == 1 + 2 * way.shown
    assert ("output_config" in request) == way.held


@pytest.fixture
def short(tmp_path, results_dir, monkeypatch):
    """Files elsewhere, four letters, and a model that needs no training."""
    monkeypatch.setattr(letter_form, "FILE", tmp_path / "letters.csv")
    monkeypatch.setattr(letter_form, "REPLIES", tmp_path / "replies.csv")
    monkeypatch.setattr(letter_form, "to_ask", lambda: letters()[-4:])
    monkeypatch.setattr(letter_form, "_model", lambda way, base: nullcontext((base, 60.0 * way.seed)))


def test_each_way_is_written_once_and_judged_row_by_row(short):
    client, asked = answering(letter_form.as_json(letters()[-4]))
    found = letter_form.sweep(client, "a model")
    assert [(each.way, each.seed) for each in found] == [(way.name, way.seed) for way in WAYS]
    assert {(each.n, each.valid, each.right, each.rows, each.forms) for each in found} == {
        (4, 4, 1, "1000", "1111")
    }
    assert letter_form.read() == found and letter_form.sweep(client, "a model") == found
    replies = letter_form.read_replies()
    assert len(replies) == len(asked) == 4 * len(WAYS)
    assert sum(each.fields for each in replies[:4]) == found[0].fields
    assert not any(each.cut_off for each in replies)


def test_a_stopped_sweep_goes_on(short, monkeypatch):
    client, asked = answering("no JSON")
    evaluate = letter_form.evaluate

    def stopping(*given, name, **options):
        if name == "schema":
            raise KeyboardInterrupt
        return evaluate(*given, name=name, **options)

    with monkeypatch.context() as patch:
        patch.setattr(letter_form, "evaluate", stopping)
        with pytest.raises(KeyboardInterrupt):
            letter_form.sweep(client, "a model")
    assert len(letter_form.read()) == 4 and len(letter_form.unmeasured(letter_form.read())) == len(WAYS) - 4
    assert len(letter_form.sweep(client, "a model")) == len(WAYS) and len(asked) == 4 * len(WAYS)


def test_readings_are_compared_letter_by_letter(short):
    right, wrong = (answering(reply)[0] for reply in (letter_form.as_json(letters()[-4]), "no JSON"))
    one = letter_form.sweep(right, "a model")[0]
    letter_form.FILE.unlink()
    other = letter_form.sweep(wrong, "a model")[0]
    assert (letter_form.compared(one, other).only_a, letter_form.compared(one, other, "forms").only_a) == (
        1,
        4,
    )


def test_a_table_has_each_way_with_its_shares_and_pairs_hold_the_trained_model_to_the_best_prompts(short):
    right, _ = answering(letter_form.as_json(letters()[-4]))
    readings = letter_form.sweep(right, "a model")
    shown = letter_readings.table(readings)
    assert list(shown.index) == [str(way) for way in WAYS]
    assert set(shown["one object"]) == {"4 of 4 (51-100%)"}
    assert shown.loc["keys", "training"] == "-" and shown.loc["tuned, seed 2", "training"] == "120 s"
    best = [letter_readings.best_prompt(readings, held=held) for held in (False, True)]
    assert [each.way for each in best] == ["keys", "schema"]
    pairs = letter_readings.against_prompts(readings, letter_form.read_replies())
    assert len(pairs) == 2 * 4 * len(SEEDS)
    assert all((pair.only_a, pair.only_b) == (0, 0) for pair in pairs.values())
    assert letter_readings.not_measured(readings) == ""
    some = [each for each in readings if not each.seed]
    assert letter_readings.against_prompts(some, letter_form.read_replies()) == {}
    assert "tuned, seed 1; tuned, schema, seed 1" in letter_readings.not_measured(some)


def test_faults_and_right_values_are_counted_by_way(short):
    fenced = f"```json\n{letter_form.as_json(letters()[-4])}\n```"
    letter_form.sweep(answering(fenced)[0], "a model")
    replies = letter_form.read_replies()
    expected = dict.fromkeys([*FAULTS, "of these, cut off"], 0) | {FENCED: 4}
    assert letter_readings.faults(replies).loc["keys"].to_dict() == expected
    by_field = letter_readings.right_by_field(replies)
    assert by_field.loc["keys"].sum() == sum(each.fields for each in replies[:4])
    assert (by_field.loc["keys"] >= 1).all()


def test_right_values_are_compared_letter_by_letter(short):
    right, wrong = letter_form.as_json(letters()[-4]), letter_form.as_json(letters()[0])
    asked_before = 4 * [way.seed for way in WAYS].index(1)
    letter_form.sweep(answering(*[wrong] * asked_before, right)[0], "a model")
    found = letter_readings.against_prompts(letter_form.read(), letter_form.read_replies())
    pair = found["right values, tuned instead of 'keys'", 2]
    assert pair.only_a >= 1 and pair.only_b == 0 and pair.n == 4
    assert found["right values, 'tuned, schema' instead of 'tuned'", 2].only_a == 0
