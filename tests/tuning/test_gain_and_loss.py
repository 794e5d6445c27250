"""What is said of gain and loss holds whatever was measured."""

import pytest

from course.tuning import forgetting, gain_and_loss
from course.tuning.forgetting import (
    FACTS,
    OF_TICKETS,
    PLAIN,
    PLAIN_WITH_PROMPT,
    READS,
    REPLAY,
    ROUTING,
    UNTRAINED,
    USUAL,
    Remembered,
)

ROWS = 40


def reading(setting: str, part: str, right: int, seed: int = 1, steps: int = 30, task: str = ROUTING):
    replayed = 60 if setting == REPLAY else 0
    trained = {"learning_rate": 0.001, "rank": 16, "wordings": 1, "train_seconds": 1.5}
    chats = {"examples": 240 + replayed, "replayed": replayed}
    own = {"task": task, "setting": setting, "part": part, "steps": steps, "seed": seed}
    rows = "1" * right + "0" * (ROWS - right)
    return Remembered.counted(right, right, ROWS, forgetting.COMMAND, **trained, **chats, **own, rows=rows)


def training(setting: str, tickets: int, plain: int, below: int, seed: int = 1, steps: int = 30):
    right = {OF_TICKETS: tickets, PLAIN: plain, PLAIN_WITH_PROMPT: below}
    return [reading(setting, part, count, seed, steps) for part, count in right.items()]


@pytest.fixture
def readings() -> list[Remembered]:
    """The usual setting forgets at both seeds; replay keeps at both, learns less at one; a rate is idle."""
    return [
        *training(REPLAY, 30, 28, 20, 1, 38),
        *training(UNTRAINED, 0, 30, 30, 1, 0),
        *training(USUAL, 30, 2, 0, 1),
        *training(USUAL, 30, 4, 0, 2),
        *training("rate 0.0001", 0, 30, 29),
        *training(REPLAY, 10, 28, 20, 2, 38),
    ]


def test_trainings_stand_in_the_order_of_the_plan_with_their_seeds_side_by_side(readings):
    names = [gain_and_loss.name_of(key) for key in gain_and_loss.trainings(readings)]
    assert names[:3] == [UNTRAINED, "usual, 30 steps, seed 1", "usual, 30 steps, seed 2"]
    assert names.index("replay, 38 steps, seed 2") == names.index("replay, 38 steps, seed 1") + 1
    table = gain_and_loss.table(readings)
    assert list(table.index) == names
    assert table.loc["usual, 30 steps, seed 1", f"plain requests ({ROWS})"] == "2, 5% (1-16)"


def test_a_cure_is_told_in_counts_with_the_seeds_that_decide_it_and_an_idle_one_is_only_named(readings):
    replay, idle = gain_and_loss.cures_in_words(readings)
    assert replay.startswith("replay, 38 steps: tickets 30 and 10 of 40 instead of 30 (+0 and -20), ")
    assert "fewer at 1 of 2 seeds (corrected p < 0.001), undecided at 1 of 2 seeds, untrained 0; " in replay
    assert "plain requests 28 of 40 instead of 2 and 4 (+26 and +24), more at 2 of 2 seeds" in replay
    assert idle == "These learned no ticket, so what they keep shows no cure: rate 0.0001, 30 steps."
    assert "rate 0.0001, 30 steps (seed 1). The name of a queue" in gain_and_loss.silent(readings)


def test_three_rounds_are_set_against_three_rounds_and_left_out_while_those_are_not_measured(readings):
    cure = training("rank 2", 30, 28, 28, steps=90)
    assert gain_and_loss.cures([*readings, *cure]).keys() == gain_and_loss.cures(readings).keys()
    usual = training(USUAL, 38, 1, 0, steps=90)
    steps = gain_and_loss.cures([*readings, *cure, *usual])
    assert steps[("rank 2, 90 steps", OF_TICKETS), 1].only_b == 8


def test_what_leads_what_differs_more_and_what_replay_keeps_by_prompt_is_said(readings):
    assert gain_and_loss.leaders(readings) == (
        "Most tickets: usual, 30 steps, seed 1; plain requests there: 2. "
        "Most plain requests: rate 0.0001, 30 steps, seed 1; tickets there: 0."
    )
    tickets, plain, _ = gain_and_loss.seeds_or_settings(readings)
    assert tickets.endswith("up to 20 apart, the means of the two settings 10. The seeds differ more.")
    assert plain.endswith("up to 2 apart, the means of the two settings 25. The settings differ more.")
    without, with_it = gain_and_loss.in_counts(gain_and_loss.replay_beside_untrained(readings))
    assert "28 of 40 instead of 30 (-2 and -2), undecided at 2 of 2 seeds" in without
    assert "20 of 40 instead of 30 (-10 and -10), fewer at 2 of 2 seeds (corrected p up to 0.00" in with_it


def test_what_learned_nothing_is_named_and_what_lost_nothing_as_well(readings):
    kept = training("rank 2", 30, 28, 28, steps=90)
    idle, learned, lost = gain_and_loss.both_in_words([*readings, *kept])
    assert idle.startswith("Not shown to have learned the task: rate 0.0001, 30 steps (seed 1). ")
    assert "usual, 30 steps (seed 1, 2); " in learned
    assert "shown to have lost plain requests: usual, 30 steps (seed 1, 2). " in lost
    assert "Only with the prompt on: replay, 38 steps (seed 1, 2). " in lost
    assert lost.endswith("No loss is shown of: rank 2, 90 steps (seed 1).")
    assert gain_and_loss.both_in_words(readings)[2].endswith("No loss is shown of: none.")


def test_pairs_are_those_of_one_seed_and_of_one_model(readings):
    off = gain_and_loss.prompt_off(readings)["replay, 38 steps, prompt off instead of on", 1]
    assert (off.only_a, off.only_b) == (8, 0)
    assert not any("rate" in question for question, _ in gain_and_loss.prompt_off(readings))
    alone = [each for each in readings if (each.setting, each.seed) != (USUAL, 2)]
    assert {seed for _, seed in gain_and_loss.cures(alone)} == {1}


def test_seeds_stand_beside_each_other_and_one_that_is_missing_is_said(readings):
    table = gain_and_loss.by_seed([*readings, *training(USUAL, 1, 2, 3, 3)], [USUAL, REPLAY])
    assert list(table.columns) == ["seed 1", "seed 2", "seed 3"]
    assert table.loc["usual: tickets", "seed 3"] == "1 of 40"
    assert table.loc["replay: tickets", "seed 3"] == "not measured"


def test_facts_are_compared_at_the_same_steps_and_with_the_reader():
    asked = [(READS, 0, 10), ("one wording", 45, 20), ("five wordings", 45, 30), ("five wordings", 90, 30)]
    facts = [reading(name, forgetting.AS_TRAINED, right, 1, steps, FACTS) for name, steps, right in asked]
    assert list(gain_and_loss.more_wordings(facts)) == [
        ("as trained: five wordings instead of one, 45 steps", 1)
    ]
    beside = gain_and_loss.against_reading(facts)
    assert beside["as trained: one wording, 45 steps, instead of reading", 1].only_a == 10
    assert len(beside) == 3


def test_what_is_left_is_said_with_the_command_and_nothing_when_all_is_there(readings, monkeypatch):
    left = gain_and_loss.not_measured(readings)
    assert "; usual, 30 steps (seed 3); " in left and "five wordings, 45 steps (seed 1, 2, 3)" in left
    assert "; medium size, replay, 38 steps (seed 1, 2, 3)" in left and forgetting.COMMAND in left
    monkeypatch.setattr(forgetting, "settings", lambda: [])
    assert gain_and_loss.not_measured([]) == ""
