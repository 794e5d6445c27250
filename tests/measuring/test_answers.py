"""The judge of answers, tried both ways: what should pass passes, what should not does not."""

import pytest

from course.material import data
from course.material.data import Question
from course.measuring.answers import figures, hedges, judge, refuses, states, words

QUESTIONS = data.questions()


def question(answer: str, *accept: str, text: str = "How much?", kind: str = "single") -> Question:
    return Question("Q", text, answer, accept, ("a",), kind)


@pytest.mark.parametrize("each", QUESTIONS, ids=lambda each: each.id)
def test_every_accepted_wording_is_right_and_an_invention_is_not(each):
    for wording in (each.answer, *each.accept):
        assert judge(each, wording).correct
        if each.kind == "unanswerable" or len(words(wording)) > 1:
            assert judge(each, f"The answer is: {wording}.").correct
    assert not judge(each, "It is 7531 bananas.").correct
    assert not judge(each, "").valid and not judge(each, "").correct


SPELLINGS = ["€56", "EUR 56", "56 euros", "It is 56.00 euros.", "56.00 €", "The bill is €56.00, all in."]
SPELLINGS += ["€56.00", "**€56**", '```json\n{"answer": "€56.00"}\n```']
OTHERS = ["€560", "€5.60", "56%", "€156", "€56.50", "156.00 euros", "€56 or €65", "not in the handbook"]


@pytest.mark.parametrize("reply", SPELLINGS + OTHERS)
def test_an_amount_has_many_spellings_and_another_is_wrong(reply):
    assert judge(question("€56.00"), reply).correct == (reply in SPELLINGS)


def test_only_a_lone_figure_and_a_first_short_word_are_the_answer():
    assert states("You have 20.", ("20",)) and not states("You have 20 of 30.", ("20",))
    assert states("No, it is not.", ("no",)) and not states("There is no doubt.", ("no",))
    assert states("The company is Brantvoort.", ("Brantvoort",))
    days = question("30 days", text="We had no internet for 2 weeks. How long?")
    assert judge(days, "30 days").correct and judge(days, "After 2 weeks: 30 days.").correct
    assert hedges(days, "30 days or 40 days") and not judge(days, "30 days or 40 days").correct
    assert words("It's 16.4 ml, 110 per cent.") == ["it", "s", "16.4", "ml", "110%"]
    assert figures("€4.75 at 13:20 for 2.0 litres of PU-360, 3%") == {"4.75", "13:20", "2", "360", "3"}


def test_a_refusal_is_right_only_where_there_is_no_answer():
    none = question("not in the handbook", kind="unanswerable")
    for reply in ("Not in the handbook.", "The handbook does not say.", "There is no information on that."):
        assert refuses(reply) and judge(none, reply).correct and not judge(question("30 days"), reply).correct
    assert not judge(none, "No, you cannot.").correct
    assert not judge(question("30 days"), "30 days, but the handbook does not say.").correct


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but this isn't covered in the handbook.",
        "The provided handbook sections don\u2019t mention this.",
        "That information is not provided in the handbook excerpt.",
        "I don't have that information; the handbook doesn't specify it.",
        "There is no mention of this in the sections above.",
    ],
)
def test_a_refusal_in_a_chat_models_words_is_one(reply):
    none = question("not in the handbook", kind="unanswerable")
    assert refuses(reply) and judge(none, reply).correct and not judge(question("30 days"), reply).correct


@pytest.mark.parametrize(
    "reply",
    [
        "Cut roots are not covered by the warranty.",
        "No, the price does not include postage.",
        "It is stated in the handbook: 30 days.",
        "The parcel does not contain a lamp.",
    ],
)
def test_an_answer_with_a_no_in_it_is_not_a_refusal(reply):
    assert not refuses(reply)
