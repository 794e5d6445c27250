"""Pairs of the model's own faults: which replies make one, what is kept, and where a stopped seed goes on."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from course.errors import CourseError
from course.files import locked
from course.material.voice import pairs
from course.rungs.voice import REPLY_TOKENS
from course.tuning import preference, preference_readings, voice
from course.tuning.preference import BY_PAIRS, RIGHT_ALONE, START, PreferenceSettings
from tests.rungs.answering import answering

NOTES = pairs("train")[:6]
ALL = (START, *preference.WAYS)


def own_reply(pair, reply: str, tokens: float = 40) -> voice.VoiceReply:
    return voice.VoiceReply(
        command="c",
        date="2026-01-01",
        machine="m",
        cores=2,
        fingerprint="f",
        size="small",
        rung="tuned, seed 1",
        id=pair.id,
        reply=reply,
        input_tokens=100,
        output_tokens=tokens,
        seconds=0.5,
    )


def step_taken(seed: int, number: int, gain: float) -> preference.StepTaken:
    made = {"command": "c", "date": "2026-01-01", "machine": "m", "cores": 2, "fingerprint": "f"}
    reached = {"loss": 0.5, "chosen": gain, "rejected": -gain, "preferred": 1.0}
    return preference.StepTaken(**made, way=BY_PAIRS, seed=seed, step=number, **reached)


def test_no_reply_of_the_data_is_faulty():
    right = [voice.JudgedReply(own_reply(pair, pair.reply), pair.note) for pair in pairs("train")]
    assert all(map(voice.keeps_both, right))


def test_a_pair_is_made_of_each_faulty_reply_that_is_whole():
    first, second, third, fourth, fifth, _ = NOTES
    sorry, of_another = f"Sorry! {first.reply}", f"Your 99 pods are here.\n{second.reply}"
    own = [
        own_reply(first, sorry),
        own_reply(second, of_another),
        own_reply(third, third.reply),
        own_reply(fourth, " "),
        own_reply(fifth, "Sorry!", REPLY_TOKENS),
    ]
    found = preference.preferences(own, NOTES)
    assert [(each.id, each.chosen, each.rejected) for each in found] == [
        (first.id, first.reply, sorry),
        (second.id, second.reply, of_another),
    ]
    chosen, rejected = preference.as_chats(found)
    assert chosen == voice.voice_chats([first, second])
    assert [chat.answer for chat in rejected] == [sorry, of_another]


def test_so_many_pairs_are_drawn_by_the_seed_and_none_is_an_error():
    found = preference.preferences([own_reply(pair, "Sorry!") for pair in NOTES], NOTES)
    assert preference.drawn(found, 1, most=3) == preference.drawn(found, 1, most=3)
    assert len(set(preference.drawn(found, 2, most=3))) == 3
    assert sorted(each.id for each in preference.drawn(found, 1)) == sorted(pair.id for pair in NOTES)
    with pytest.raises(CourseError, match="no pair to learn from"):
        preference.drawn([], 1)


@pytest.mark.parametrize(
    "wrong", [{"beta": 0}, {"beta": float("nan")}, {"learning_rate": 1}, {"batch": 0}, {"way": "both"}]
)
def test_settings_that_cannot_be_are_named(wrong):
    with pytest.raises(CourseError, match=next(iter(wrong))):
        PreferenceSettings(**wrong)


def trained(name: str, steps: int) -> SimpleNamespace:
    return SimpleNamespace(card=SimpleNamespace(name=name, sha256="0123456789", steps=steps, seconds=60.0))


@pytest.fixture
def trainings(tmp_path, results_dir, monkeypatch) -> list[PreferenceSettings]:
    """Files elsewhere, four notes of each split, and trainings that are only listed."""
    done: list[PreferenceSettings] = []

    def train(chosen, start, settings):
        done.append(settings)
        return trained(settings.way, len(chosen))

    for name in ("FILE", "REPLIES", "OWN_REPLIES", "STEPS"):
        monkeypatch.setattr(preference, name, tmp_path / f"{name}.csv")
    monkeypatch.setattr(preference, "pairs", lambda split: pairs(split)[:4])
    monkeypatch.setattr(preference, "tuned_adapter", lambda seed: trained("voice", 63))
    monkeypatch.setattr(preference, "_trained", train)
    monkeypatch.setattr(preference, "served", lambda adapter: nullcontext(adapter.card.name))
    monkeypatch.setattr("course.tuning.serving.discard", lambda adapter: None)
    return done


def test_a_seed_gives_a_reading_for_the_start_and_each_way(trainings):
    client, asked = answering(NOTES[0].reply)
    found = preference.sweep(client, [1])
    assert [(each.way, each.seed, each.n) for each in found] == [
        (way, 1, 4) for way in (START, *preference.WAYS)
    ]
    start, by_pairs, alone = found
    # The one reply has the facts of its own note alone.
    assert (start.answered, start.faulty, start.pairs, start.steps) == (4, 3, 0, 0)
    assert (by_pairs.pairs, by_pairs.steps, by_pairs.rules, by_pairs.valid) == (3, 3, 15, 4)
    assert by_pairs.beta == PreferenceSettings().beta and by_pairs.start == "01234567"
    assert [each.way for each in trainings] == [BY_PAIRS, RIGHT_ALONE] and len(asked) == 4 + 3 * 4
    assert {each.rung for each in preference.read_own_replies()} == {"tuned, seed 1"}
    assert len(preference.read_replies()) == 3 * 4


def test_a_stopped_seed_keeps_what_is_measured_and_a_complete_one_is_not_asked_again(trainings, monkeypatch):
    client, asked = answering(NOTES[0].reply)

    def stop(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(preference, "_trained", stop)
        with pytest.raises(KeyboardInterrupt):
            preference.sweep(client, [1])
    assert preference.unmeasured(1, preference.read()) == list(preference.WAYS)
    preference.sweep(client, [1])
    count, written = len(asked), preference.FILE.read_text()
    preference.sweep(client, [1])
    assert (len(asked), preference.FILE.read_text()) == (count, written)
    assert [(each.way, each.seed) for each in preference.sweep(client, [1, 2])[3:]] == [
        (way, 2) for way in ALL
    ]


def test_one_process_measures_at_a_time(trainings, results_dir):
    with (
        locked(results_dir / "preference.lock", "taken"),
        pytest.raises(CourseError, match="Another process"),
    ):
        preference.sweep(answering("x")[0], [1])


def test_ways_are_compared_note_by_note_and_what_is_missing_is_named(trainings):
    readings = preference.sweep(answering(NOTES[0].reply)[0], [1])
    replies = preference.read_replies()
    shown = preference_readings.table(readings, replies)
    assert list(shown.index) == [f"{way}, seed 1" for way in ALL]
    assert set(shown["rules of 15"]) == {"15.0 ± 0.0"} and list(shown["pairs"]) == ["-", "3", "3"]
    pairs_ = preference_readings.compared(replies)
    assert len(pairs_) == 3 * len(preference_readings.QUESTIONS)
    assert all((pair.only_a, pair.only_b, pair.n) == (0, 0, 4) for pair in pairs_.values())
    missing = preference_readings.not_measured(readings)
    assert "tuned, seed 2; by pairs, seed 2; right replies alone, seed 2; tuned, seed 3" in missing
    assert "seed 1" not in missing


def test_gains_are_the_mean_of_the_seeds_at_each_step():
    steps = [step_taken(seed, number, gain) for seed, gain in ((1, 2.0), (2, 4.0)) for number in (1, 2)]
    found = preference_readings.gains(steps, BY_PAIRS)
    assert found["chosen"].to_dict() == {1: 3.0, 2: 3.0} and list(found["rejected"]) == [-3.0, -3.0]
    assert list(found) == ["loss", "chosen", "rejected", "preferred"]
