"""The judge of answers is measured: how many right answers it refuses, how many wrong ones it accepts."""

import re
from dataclasses import replace

import pytest

from course.material import data
from course.material.data import Question
from course.measuring.answers import figures, judge, quantities
from course.measuring.grading import error_rates, graded, of_a_large_model

LIMIT = 0.03  # of right answers refused, and of wrong ones accepted
QUESTIONS = {question.id: question for question in data.questions()}
UNITS = {"€": "dollars", "%": "kg", "minute": "seconds", "hour": "minutes", "day": "weeks", "week": "months"}
UNITS |= {"month": "days", "year": "months", "millilitre": "litres", "litre": "millilitres"}
UNITS |= {"millimetre": "metres", "metre": "millimetres", "second": "hours", "degree": "percent"}


def another(number: str) -> str:
    """A number or a time of day that is 3 more."""
    hour, colon, minutes = number.partition(":")
    return f"{float(hour) + 3:g}{colon}{minutes}"


def mutated(question: Question, answer: str) -> list[str]:
    """The right answer made wrong: another figure, a neighbour's, another unit. None without one quantity."""
    wanted = quantities(question.answer)
    if len(wanted) != 1:
        return []
    (number, units), *_ = wanted
    place = re.compile(rf"(?<![\d.]){re.escape(number)}(?:[.,]0+)?(?![\d.]*\d)")
    if not place.search(answer) or not units:
        return []
    known = {right for wording in (question.answer, *question.accept) for right in figures(wording)}
    texts = [article.text for article in data.handbook() if article.id in question.articles]
    neighbours = [
        other
        for text in texts
        for other, of_other in quantities(text)
        if set(of_other) & set(units) and other not in known | figures(question.text)
    ]
    others = [another(number), *dict.fromkeys(neighbours[:3])]
    wrong = [place.sub(other, answer) for other in others]
    unit = UNITS.get(units[-1])
    if unit:
        word = {"€": "€", "%": "%"}.get(units[-1])
        swapped = (
            answer.replace(word, "")
            if word
            else re.sub(rf"({number}(?:[.,]0+)?)(?:\s*[^\W\d]+){{{len(units)}}}", r"\1", answer)
        )
        wrong.append(place.sub(f"{number} {unit}", swapped, count=1))
    return wrong


def rate(answers: list[tuple[Question, str]], *, right: bool) -> float:
    """Share of the answers that the judge takes for right, or for wrong."""
    found = [(q.id, answer) for q, answer in answers if judge(q, answer).correct == right]
    print(f"{len(found)} of {len(answers)} judged {'right' if right else 'wrong'}:", *found[:12], sep="\n  ")
    return len(found) / len(answers)


def test_right_answers_of_a_large_model_are_right_and_the_table_counts_what_these_tests_do():
    table = error_rates()
    assert table.loc["right: of a large model", "answers"] == 76
    assert (table["misjudged"] <= LIMIT * table["answers"]).all()
    assert table["answers"].sum() >= 76 + 40 + 50
    assert len(of_a_large_model()) == 76
    assert rate(of_a_large_model(), right=False) < LIMIT


def test_answers_that_two_readers_agree_on_are_judged_as_they_do():
    agreed = [row for row in graded() if row.first == row.second]
    assert len(graded()) >= 150 and len(agreed) >= 0.95 * len(graded())
    answers = [(QUESTIONS[row.question], row.answer) for row in agreed if row.first == "right"]
    assert len(answers) >= 40
    assert rate(answers, right=False) < LIMIT
    agreed = [row for row in graded() if row.first == row.second]
    answers = [(QUESTIONS[row.question], row.answer) for row in agreed if row.first == "wrong"]
    assert len(answers) >= 50
    assert rate(answers, right=True) < LIMIT


def test_right_answers_made_wrong_are_wrong_and_an_answer_may_show_its_sum():
    sentences = [(q, answer) for q, answer in of_a_large_model()]
    sentences += [(q, f"{q.answer}.") for q in QUESTIONS.values()]
    sentences += [(q, f"It is {q.answer}, as the handbook says.") for q in QUESTIONS.values()]
    answers = [(q, wrong) for q, answer in sentences for wrong in mutated(q, answer)]
    assert len(answers) >= 300
    assert rate(answers, right=True) < LIMIT
    sums = replace(QUESTIONS["Q006"], id="sum")
    assert judge(sums, "The fee is €34.00 and the pump €22.00, so €56.00 in total.").correct
    assert not judge(sums, "The fee is €34.00, the total €56.00 and the pump €22.00, or €99.00.").correct


@pytest.mark.parametrize("joined", ["{right} or {other}", "{other} or {right}", "either {right} or {other}"])
def test_the_right_answer_as_one_of_two_is_wrong(joined):
    answers = []
    for question in QUESTIONS.values():
        wanted = quantities(question.answer)
        if len(wanted) == 1 and wanted[0][1]:
            other = question.answer.replace(wanted[0][0], another(wanted[0][0]))
            answers.append((question, joined.format(right=question.answer, other=other)))
    assert len(answers) >= 40
    assert rate(answers, right=True) < LIMIT


@pytest.mark.parametrize(
    "form",
    [
        "According to the handbook, {answer}.",
        "Based on the excerpt provided, the answer is: **{answer}**.",
        "Hello! Thank you for your question. It is {answer}. Let me know if you need anything else!",
        'Our handbook says: "{answer}" (see the section above).',
    ],
)
def test_a_right_answer_in_a_full_sentence_is_right(form):
    answers = [
        (question, form.format(answer=question.answer))
        for question in QUESTIONS.values()
        if question.kind != "unanswerable"
    ]
    assert rate(answers, right=False) < LIMIT
