"""The judge of answers is measured: how many right answers it refuses, how many wrong ones it accepts."""

from dataclasses import replace

import pytest

from course.material import data
from course.material.data import Question
from course.measuring.answers import judge, quantities
from course.measuring.grading import agreed, error_rates, graded, made_wrong, of_a_large_model, three_more

LIMIT = 0.03  # of right answers refused, and of wrong ones accepted
QUESTIONS = {question.id: question for question in data.questions()}
MADE_WRONG = made_wrong()


def rate(answers: list[tuple[Question, str]], *, right: bool) -> float:
    """Share of the answers that the judge takes for right, or for wrong."""
    found = [(q.id, answer) for q, answer in answers if judge(q, answer).correct == right]
    print(f"{len(found)} of {len(answers)} judged {'right' if right else 'wrong'}:", *found[:12], sep="\n  ")
    return len(found) / len(answers)


def test_right_answers_of_a_large_model_are_right_and_the_table_counts_what_these_tests_do():
    table = error_rates()
    assert table.loc["right: a large Claude", "answers"] == 76
    assert (table["misjudged"] <= LIMIT * table["answers"]).all()
    assert len(of_a_large_model()) == 76
    assert rate(of_a_large_model(), right=False) < LIMIT


@pytest.mark.parametrize("model", ["SmolLM2-135M", "Qwen2.5-Coder-1.5B"])
def test_answers_that_two_readers_agree_on_are_judged_as_they_do(model):
    read = [row for row in graded() if row.model == model]
    assert len(read) >= 150
    assert sum(row.first == row.second for row in read) >= 0.95 * len(read)
    right, wrong = agreed("right", model), agreed("wrong", model)
    assert len(right) >= 40 and len(wrong) >= 50
    assert rate(right, right=False) < LIMIT
    assert rate(wrong, right=True) < LIMIT


@pytest.mark.parametrize("kind", MADE_WRONG)
def test_right_answers_made_wrong_are_wrong(kind):
    assert len(MADE_WRONG[kind]) >= 60
    assert all(wrong != question.answer for question, wrong in MADE_WRONG[kind])
    assert rate(MADE_WRONG[kind], right=True) < LIMIT


def test_an_answer_may_show_its_sum():
    sums = replace(QUESTIONS["Q006"], id="sum")
    assert judge(sums, "The fee is €34.00 and the pump €22.00, so €56.00 in total.").correct
    assert not judge(sums, "The fee is €34.00, the total €56.00 and the pump €22.00, or €99.00.").correct


@pytest.mark.parametrize("joined", ["{right} or {other}", "{other} or {right}", "either {right} or {other}"])
def test_the_right_answer_as_one_of_two_is_wrong(joined):
    answers = []
    for question in QUESTIONS.values():
        wanted = quantities(question.answer)
        if len(wanted) == 1 and wanted[0][1]:
            other = question.answer.replace(wanted[0][0], three_more(wanted[0][0]))
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
