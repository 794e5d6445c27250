"""What is said of gain and loss holds whatever was measured."""

from dataclasses import replace

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
    ROUTING_MEDIUM,
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


def test_a_cure_is_told_in_counts_with_the_seeds_that_decide_it_and_an_idle_one_is_left_out(readings):
    table = gain_and_loss.cures_table(readings)
    assert list(table.index) == [
        f"replay, 38 steps: {part}" for part in (OF_TICKETS, PLAIN, PLAIN_WITH_PROMPT)
    ]
    assert table.loc["replay, 38 steps: tickets"].to_dict() == {
        "right": "30 and 10 of 40",
        "instead of": "30",
        "difference": "+0 and -20",
        "verdict": "fewer at 1 of 2 seeds, undecided at 1",
        "corrected p, the highest": "< 0.001, 1",
    }
    plain = table.loc["replay, 38 steps: plain requests"]
    assert tuple(plain[:3]) == ("28 of 40", "2 and 4", "+26 and +24")
    assert plain["verdict"] == "more at 2 of 2 seeds"
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
    kept = gain_and_loss.in_table(gain_and_loss.replay_beside_untrained(readings))
    without, with_it = (tuple(row) for _, row in kept.iterrows())
    assert without == ("28 of 40", "30", "-2 and -2", "undecided at 2 of 2 seeds", "1")
    assert with_it[:3] == ("20 of 40", "30", "-10 and -10")
    assert with_it[3] == "fewer at 2 of 2 seeds" and with_it[4].startswith("0.00")


def test_what_learned_nothing_is_named_and_what_lost_nothing_as_well(readings):
    kept = training("rank 2", 30, 28, 28, steps=90)
    idle, learned, lost, below, both = gain_and_loss.both_in_words([*readings, *kept])
    assert idle.startswith("Not shown to have learned the task, ")
    assert idle.endswith(": rate 0.0001, 30 steps (seed 1).")
    assert "usual, 30 steps (seed 1, 2); " in learned
    assert lost == "Of these, shown to have lost plain requests: usual, 30 steps (seed 1, 2)."
    assert below.endswith("only with the prompt on: replay, 38 steps (seed 1, 2).")
    assert both.endswith("no loss is shown: rank 2, 90 steps (seed 1).")
    assert len(gain_and_loss.both_in_words(readings)) == 4


def test_a_longer_cure_stands_beside_one_round_of_the_usual_setting_of_its_seed(readings):
    cure = [*training("rank 2", 30, 28, 28, steps=90), *training("rank 2", 30, 28, 28, 3, steps=90)]
    found = gain_and_loss.longer_cures([*readings, *cure])
    assert {seed for _, seed in found} == {1}
    assert found["rank 2, 90 steps: plain requests", 1].only_a == 26


def test_the_sizes_are_compared_where_both_have_a_setting(readings):
    larger = [replace(each, task=ROUTING_MEDIUM) for each in training(USUAL, 35, 2, 0, 2)]
    alone = [replace(each, task=ROUTING_MEDIUM) for each in training(USUAL, 35, 2, 0, 3)]
    found = gain_and_loss.sizes([*readings, *larger, *alone])
    assert list(found) == [(f"usual, 30 steps: {part}", 2) for part in (OF_TICKETS, PLAIN, PLAIN_WITH_PROMPT)]
    assert found["usual, 30 steps: tickets", 2].only_a == 5


def test_pairs_are_those_of_one_seed_and_of_one_model(readings):
    off = gain_and_loss.prompt_off(readings)["replay, 38 steps", 1]
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
    assert list(gain_and_loss.more_wordings(facts)) == [("45 steps: as trained", 1)]
    beside = gain_and_loss.against_reading(facts)
    assert beside["one wording, 45 steps: as trained", 1].only_a == 10
    assert len(beside) == 3


def test_what_is_left_is_said_with_the_command_and_nothing_when_all_is_there(readings, monkeypatch):
    left = gain_and_loss.not_measured(readings)
    assert "; usual, 30 steps (seed 3); " in left and "five wordings, 45 steps (seed 1, 2, 3)" in left
    assert "; medium size, replay, 38 steps (seed 1, 2, 3)" in left and forgetting.COMMAND in left
    monkeypatch.setattr(forgetting, "settings", lambda: [])
    assert gain_and_loss.not_measured([]) == ""
