"""The fifteen rules of the house voice, each by replies that keep it and replies that break it."""

import pytest

from course.material import voice
from course.measuring.house_voice import RULES, facts, facts_kept, rules_kept, sentences

KEPT = (
    "Your parcel of 3 pods left on 4 March, and we paid 34.00 EUR back. It is in bloom. Next, look on Friday."
)

BREAKS = [
    (1, KEPT, "Next, your parcel blooms and we pay."),
    (1, KEPT, "Your parcel left. We paid. It blooms. It grows. Next, look."),
    (2, KEPT, f"Your parcel {'very ' * 17}late. We bloom. Next, look."),
    (3, "Your parcel", "The parcel"),
    (3, "Your parcel", "Yours is the parcel"),
    (5, "we paid", "it was paid"),
    (5, "we paid", "I say we paid"),
    (5, "we paid", "we paid from my purse"),
    (6, "It is in bloom", "Sorry, it is in bloom"),
    (6, "It is in bloom", "We apologise and bloom"),
    (7, "look on", "please look on"),
    (8, "in bloom.", "in bloom!"),
    (8, "Friday.", "Friday?"),
    (9, "3 pods", "three pods"),
    (9, "3 pods", "a dozen pods"),
    (10, "34.00 EUR", "34 EUR"),
    (10, "34.00 EUR", "EUR 34.00"),
    (10, "34.00 EUR", "34.00EUR"),
    (10, "34.00 EUR", "$34.00"),
    (11, "4 March", "4th March"),
    (11, "4 March", "March 4"),
    (11, "4 March", "4 Mar"),
    (11, "4 March", "04/03"),
    (11, "Friday", "Fri"),
    (12, "bloom", "order"),
    (12, "It is in bloom", "It is in bloom and in bud"),
    (13, "Next, look", "Then look"),
    (14, "It is in", "It's in"),
    (14, "we paid", "we'll have paid"),
    (14, "It is in", "It isn’t in"),
    (15, "parcel", "ticket"),
    (15, "It is in bloom", "The issues bloom"),
]


def signed(body: str) -> str:
    return f"{body}\n{voice.CLOSING}"


def broken(reply: str) -> set[int]:
    return {number for number, kept in rules_kept(reply).items() if not kept}


def test_a_reply_can_keep_every_rule_and_an_empty_one_breaks_what_asks_for_something():
    assert broken(signed(KEPT)) == set()
    assert [rule.number for rule in RULES] == list(range(1, 16))
    assert {1, 3, 4, 5, 12, 13} <= broken("")
    assert sentences("") == []


@pytest.mark.parametrize(("rule", "right", "wrong"), BREAKS)
def test_each_break_is_seen_by_its_own_rule(rule, right, wrong):
    assert right in KEPT
    assert rule in broken(signed(KEPT.replace(right, wrong)))
    assert rule not in broken(signed(KEPT))


@pytest.mark.parametrize(
    "ending", ["", "\nGrow well", "\nGrow well, Fernlight.", "\nGrow well, Fernlight\nPS: water it"]
)
def test_the_closing_line_is_the_last_and_exact(ending):
    assert 4 in broken(KEPT + ending)


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        (5, "It is in", "As mining goes, it is in"),
        (9, "It is in", "One is in"),
        (10, "It is in", "We charge no SEK; it is in"),
        (11, "on Friday", "on Friday at 10:00 in March 2027"),
        (12, "It is in", "It leaves the budget in"),
        (14, "3 pods", "the neighbour's 3 pods"),
        (15, "It is in", "The casework is in"),
    ],
)
def test_what_only_looks_like_a_break_is_none(rule, old, new):
    assert rule not in broken(signed(KEPT.replace(old, new)))


@pytest.mark.parametrize("split", voice.SPLITS)
def test_every_reply_of_the_data_keeps_all_rules_and_all_facts(split):
    for pair in voice.pairs(split):
        assert broken(pair.reply) == set(), pair.id
        assert facts_kept(pair.note, pair.reply), pair.id


def test_facts_are_what_must_not_be_lost_or_added():
    note = "two pumps PU-210 back, 34.00 EUR, Thursday 4 March 10:00, FL-36640"
    assert facts(note) == {"2", "PU-210", "34.00", "EUR", "Thursday", "4", "March", "10:00", "FL-36640"}
    reply = "Your 2 pumps PU-210 and 34.00 EUR come on Thursday 4 March at 10:00 for FL-36640."
    assert facts_kept(note, reply)
    for fact in ("2", "PU-210", "34.00", "EUR", "Thursday", "March", "10:00", "FL-36640"):
        assert not facts_kept(note, reply.replace(fact, ""))
    assert not facts_kept(note, reply + " Another 5 follow.")
    assert not facts_kept(note, reply.replace("34.00", "43.00"))
