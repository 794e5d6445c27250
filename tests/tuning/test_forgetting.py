"""What a training costs: what is replayed or trained is never asked, and a sweep keeps each reading once."""

import math
import re
from collections import Counter
from difflib import SequenceMatcher

import pytest

from course.errors import CourseError
from course.files import locked
from course.material import data
from course.measuring.answers import figures, states, words
from course.measuring.provenance import write_rows
from course.tuning import aftermath, forgetting
from course.tuning.forgetting import FACTS, REPLAY, ROUTING, UNTRAINED, USUAL, Part, Remembered, Setting
from course.tuning.training import check_trainable

SETTINGS = forgetting.settings()


def test_plain_requests_are_one_of_a_kind_and_no_queue_answers_them():
    requests = forgetting.plain_requests()
    assert len({each.id for each in requests}) == len({each.text for each in requests}) == 96
    for request in requests:
        assert not any(re.search(request.pattern, queue, re.IGNORECASE) for queue in data.QUEUES)


def test_what_is_replayed_is_not_asked():
    asked = {tuple(words(each.text)) for each in forgetting.plain_requests()}
    replayed = [tuple(words(each.text)) for each in forgetting.general_requests()]
    assert len(set(replayed)) == len(replayed) and not asked & set(replayed)


def test_the_replies_to_replay_are_those_of_the_requests_and_enough():
    of = {each.id: each.text for each in forgetting.general_requests()}
    for size in {each.size for each in SETTINGS}:
        replies = [each for each in forgetting.read_replies() if each.size == size]
        assert all(of[each.id] == each.text for each in replies)
        assert len({each.id for each in replies}) == len(replies) >= forgetting.REPLAYED
        assert not any(each.reply in data.QUEUES for each in replies)


def test_every_fact_has_other_wordings_that_do_not_give_its_answer():
    facts = {fact.id: fact for fact in aftermath.known_facts()}
    assert set(forgetting.fact_wordings()) == set(facts)
    for id, found in forgetting.fact_wordings().items():
        own = figures(facts[id].text)
        assert len(found.trained) == forgetting.WORDINGS - 1
        for text in (*found.trained, found.asked):
            assert not figures(facts[id].answer) & (figures(text) - own)
            assert not states(text, [facts[id].answer])


def test_no_wording_that_is_asked_was_trained_or_nearly():
    trained = [question.text for question in forgetting.facts_to_train(forgetting.WORDINGS)]
    asked = forgetting.facts_to_ask()
    assert len(set(trained)) == len(trained) == 150
    assert len({question.id for question in asked}) == len(asked) == 60
    closest = max(
        SequenceMatcher(None, words(one.text), words(other), autojunk=False).ratio()
        for one in asked
        for other in trained
    )
    assert closest < 0.85


def test_one_wording_is_that_of_lesson_12():
    assert forgetting.facts_to_train(1) == aftermath.known_facts()


def test_the_grid_takes_four_hours_and_begins_with_the_cheapest_of_the_first_seed():
    assert len({each.key for each in SETTINGS}) == len(SETTINGS)
    assert sum(each.seconds for each in SETTINGS) <= 4 * 3600
    assert [each.seed for each in SETTINGS] == sorted(each.seed for each in SETTINGS)
    assert not any(each.steps for each in SETTINGS[:3])
    seeds = Counter((each.task, each.name, each.steps) for each in SETTINGS if each.seed > 1)
    assert set(seeds.values()) == {2} and {name for _, name, _ in seeds} >= {USUAL, REPLAY}


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.steps], ids=str)
def test_each_setting_has_something_to_learn_and_sees_its_tickets_in_whole_rounds(setting):
    chats = forgetting.chats_of(setting)
    check_trainable(chats)
    if setting.task != FACTS:
        own = [chat for chat in chats if chat.answer in data.QUEUES]
        assert len(own) == forgetting.TICKETS and len(chats) - len(own) == setting.replayed
        a_round = math.ceil(len(chats) / setting.settings.batch)
        assert setting.steps in (a_round, forgetting.ROUNDS * a_round)
    assert setting.settings.alpha == 2 * setting.rank and setting.settings.steps == setting.steps


def test_wordings_and_steps_are_kept_apart():
    facts = {(each.name, each.steps) for each in SETTINGS if each.task == FACTS and each.steps}
    assert {steps for name, steps in facts if name == "one wording"} == {
        steps for name, steps in facts if name == "five wordings"
    }


def test_without_replies_nothing_is_replayed_and_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(forgetting, "REPLIES", tmp_path / "none.csv")
    with pytest.raises(CourseError, match="python -m course.measure forgetting"):
        forgetting.chats_of(Setting(ROUTING, REPLAY, 3, 1, replayed=5))


def test_another_seed_draws_other_tickets_and_other_replies():
    one, two = (forgetting.chats_of(Setting(ROUTING, REPLAY, 38, seed, replayed=60)) for seed in (1, 2))
    assert len(set(one) & set(two)) < len(one)
    assert set(one[-60:]) != set(two[-60:])


def remembered(rows: str, part: str = forgetting.PLAIN, setting: str = USUAL) -> Remembered:
    trained = {"learning_rate": 0.001, "rank": 16, "examples": 240, "replayed": 0, "wordings": 1}
    own = {"task": ROUTING, "setting": setting, "part": part, "steps": 30, "seed": 1, "train_seconds": 1.5}
    right = rows.count("1")
    return Remembered.counted(right, right, len(rows), forgetting.COMMAND, **trained, **own, rows=rows)


def test_two_settings_are_compared_row_by_row():
    step = forgetting.compared(remembered("1101"), remembered("0100", setting=REPLAY))
    assert (step.a, step.b, step.both, step.only_a, step.only_b, step.neither) == (USUAL, REPLAY, 1, 2, 0, 1)
    with pytest.raises(CourseError, match="compare readings of one part"):
        forgetting.compared(remembered("11"), remembered("11", part=forgetting.OF_TICKETS))


@pytest.fixture
def asked(tmp_path, monkeypatch) -> list[str]:
    """What was asked of which model, three rows of each part, with a model that answers at once."""
    said: list[str] = []

    def of_setting(setting: Setting) -> dict[str, Part]:
        def ask(client: None, model: str, row: data.Ticket) -> str:
            said.append(f"{setting.name} {model}")
            return row.queue

        return {forgetting.OF_TICKETS: Part(data.tickets("test")[:3], ask, None)}

    monkeypatch.setattr(forgetting, "FILE", tmp_path / "forgetting.csv")
    monkeypatch.setattr(forgetting, "asked", of_setting)
    monkeypatch.setattr(forgetting, "connect", lambda size, mode: (None, "base"))
    return said


UNTRAINED_ONES = [Setting(ROUTING, UNTRAINED, 0, 1), Setting(FACTS, UNTRAINED, 0, 1)]


def test_what_was_stopped_goes_on_and_nothing_is_measured_twice(asked, results_dir, monkeypatch, capsys):
    def write_and_stop(rows, path):
        write_rows(rows, path)
        raise KeyboardInterrupt

    monkeypatch.setattr(forgetting, "write_rows", write_and_stop)
    with pytest.raises(KeyboardInterrupt):
        forgetting.sweep(UNTRAINED_ONES)
    assert len(forgetting.read()) == 1
    monkeypatch.setattr(forgetting, "write_rows", write_rows)
    readings = forgetting.sweep(UNTRAINED_ONES)
    assert readings == forgetting.read() and [each.task for each in readings] == [ROUTING, FACTS]
    assert asked == ["not trained base"] * 6 and readings[0].rows == "111"


def test_two_processes_do_not_measure_at_once(asked, results_dir):
    with locked(results_dir / "forgetting.lock", ""), pytest.raises(CourseError, match="wait for it"):
        forgetting.sweep(UNTRAINED_ONES)


@pytest.mark.slow  # trains
def test_a_training_takes_its_steps_and_its_replies_and_is_asked(asked, tmp_path, results_dir, monkeypatch):
    from course.tuning import lora
    from tests import tiny_model

    base = tiny_model.write(tmp_path / "base", family="bloom")  # reads texts of any length
    trained = []

    def train_tiny(*given, **named):
        trained.append(train(*given, **{**named, "base": base}))
        return trained[-1]

    train = lora.train
    monkeypatch.setattr(lora, "train", train_tiny)
    monkeypatch.setattr(forgetting.serving, "serve", lambda adapter, base: "tiny")
    for name in ("close", "discard"):
        monkeypatch.setattr(forgetting.serving, name, lambda _: None)
    (reading,) = forgetting.sweep([Setting(ROUTING, REPLAY, 3, 2, rank=2, replayed=5)])
    (adapter,) = trained
    assert (adapter.card.steps, adapter.card.examples, adapter.card.settings["rank"]) == (3, 245, 2)
    assert (reading.steps, reading.examples, reading.replayed, reading.rank) == (3, 245, 5, 2)
    assert reading.rows == "111" and asked == ["replay tiny"] * 3
