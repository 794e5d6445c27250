"""The sweep of the house voice: files after each rung, going on after a stop, and counts from the replies."""

import math
from dataclasses import replace

import pytest

from course.engine.sizes import local_model
from course.material.voice import pairs
from course.rungs.voice import RUNGS
from course.tuning import voice
from tests.rungs.answering import answering

ROWS = pairs("test")[:4]
NAMES = [rung.name for rung in RUNGS]


@pytest.fixture(autouse=True)
def files(tmp_path, results_dir, monkeypatch):
    """The files of a sweep elsewhere, a model that gives one reply, and nothing trained."""
    monkeypatch.setattr(voice, "FILE", tmp_path / "voice.csv")
    monkeypatch.setattr(voice, "REPLIES", tmp_path / "voice_replies.csv")
    monkeypatch.setattr(voice, "_tuned", lambda size, rows, pool: None)
    answers_with(monkeypatch, ROWS[0].reply)


def swept(sizes=("small", "large")) -> list[voice.VoiceCount]:
    return voice.sweep(ROWS, sizes)


def answers_with(monkeypatch, reply: str) -> list[dict]:
    client, asked = answering(reply)
    monkeypatch.setattr(voice, "connect", lambda size, mode: (client, size))
    return asked


def test_every_rung_of_every_size_is_written():
    found = swept()
    for size in ("small", "large"):
        assert [count.rung for count in found if count.size == size] == NAMES
    assert len(voice.read_replies()) == len(ROWS) * len(found)
    assert {each.fingerprint for each in found} == {local_model(s).sha256[:16] for s in ("small", "large")}


def test_a_rung_that_is_longer_than_the_model_reads_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr(voice, "local_model", lambda size: replace(local_model(size), context_tokens=2048))
    assert [count.rung for count in swept(["small"])] == [name for name in NAMES if "50" not in name]
    assert "small, guide, 50 examples: longer than the model reads" in capsys.readouterr().out


def test_counts_are_those_of_the_replies():
    guide = next(count for count in swept() if (count.size, count.rung) == ("large", "guide"))
    # The one reply keeps all rules and has the facts of its own note alone.
    assert (guide.n, guide.valid, guide.right, guide.facts, guide.rules) == (4, 4, 1, 1, 15.0)
    assert math.isnan(guide.input_tokens) and guide.seconds >= 0


def test_a_sweep_that_is_stopped_has_kept_the_rungs_before(monkeypatch):
    measure, done = voice.measure, []

    def stopping(rung, *rest):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(rung.name)
        return measure(rung, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(voice, "measure", stopping)
        with pytest.raises(KeyboardInterrupt):
            swept()
    assert [count.rung for count in voice.read()] == done == NAMES[:2]
    swept()
    assert len(voice.read()) == 2 * len(NAMES)


def test_a_rung_that_is_measured_again_takes_the_place_of_the_first(monkeypatch):
    answers_with(monkeypatch, "Sorry!")
    before = swept()
    answers_with(monkeypatch, ROWS[0].reply)
    after = swept()
    assert len(before) == len(after)
    for counts, facts in ((before, 0), (after, 1)):
        assert all(count.facts == facts for count in counts if "schema" not in count.rung)


def test_the_training_data_hold_the_short_instruction_and_no_rule():
    chats = voice.voice_chats(pairs("train"))
    assert len(chats) == 332 and {chat.system for chat in chats} == {voice.system_of(RUNGS[0])}
    assert [chat.answer for chat in chats] == [pair.reply for pair in pairs("train")]
