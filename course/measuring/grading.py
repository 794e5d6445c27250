"""How often the judge of answers is wrong itself, by answers that were graded by reading them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pandas as pd

from course.files import read_csv
from course.material import data, large_model
from course.material.data import Question
from course.measuring.answers import figures, judge, quantities
from course.measuring.provenance import FOLDER
from course.measuring.results import wilson

Answers = list[tuple[Question, str]]
# What a unit is swapped for to make a right answer wrong.
_UNITS = {"€": "dollars", "%": "kg", "minute": "seconds", "hour": "minutes", "day": "weeks", "week": "months"}
_UNITS |= {"month": "days", "year": "months", "millilitre": "litres", "litre": "millilitres"}
_UNITS |= {"millimetre": "metres", "metre": "millimetres", "second": "hours", "degree": "percent"}


@dataclass(frozen=True)
class GradedAnswer:
    """An answer of an embedded model with what two readings say of it, each made without the other."""

    key: str
    question: str
    model: str
    prompt: str
    sections: int
    answer: str
    first: Literal["right", "wrong"]
    second: Literal["right", "wrong"]


@cache
def graded() -> list[GradedAnswer]:
    """The answers of the embedded models, with both grades."""
    return read_csv(FOLDER / "graded_answers.csv", GradedAnswer, unique="key")


@cache
def of_a_large_model() -> Answers:
    """76 answers with the whole handbook in the prompt; read by hand, all of them are right."""
    questions = {question.id: question for question in data.questions()}
    return [(questions[each.id], each.answer) for each in large_model.handbook_answers("open")]


def agreed(grade: Literal["right", "wrong"], model: str) -> Answers:
    """The answers of an embedded model that both readings call right, or wrong."""
    questions = {question.id: question for question in data.questions()}
    return [
        (questions[each.question], each.answer)
        for each in graded()
        if each.model == model and each.first == each.second == grade
    ]


def made_wrong() -> dict[str, Answers]:
    """Right answers made wrong, by what was done: those of the large model, and the right ones in a sentence.

    A figure that is 3 more, a figure of the same unit from the same article, or another unit.
    """
    questions = data.questions()
    sentences = [
        *of_a_large_model(),
        *((question, f"{question.answer}.") for question in questions),
        *((question, f"It is {question.answer}, as the handbook says.") for question in questions),
    ]
    found: dict[str, Answers] = {"another figure": [], "a neighbour's figure": [], "another unit": []}
    for question, answer in sentences:
        for kind, wrong in _mutated(question, answer):
            found[kind].append((question, wrong))
    return found


def _mutated(question: Question, answer: str) -> Iterator[tuple[str, str]]:
    """The right answer made wrong, and how. None without one quantity."""
    wanted = quantities(question.answer)
    if len(wanted) != 1:
        return
    (number, units), *_ = wanted
    place = re.compile(rf"(?<![\d.]){re.escape(number)}(?:[.,]0+)?(?![\d.]*\d)")
    if not place.search(answer) or not units:
        return
    known = {right for wording in (question.answer, *question.accept) for right in figures(wording)}
    neighbours = dict.fromkeys(
        other
        for article in data.handbook()
        if article.id in question.articles
        for other, of_other in quantities(article.text)
        if set(of_other) & set(units) and other not in known | figures(question.text)
    )
    yield "another figure", place.sub(three_more(number), answer)
    for other in list(neighbours)[:3]:
        yield "a neighbour's figure", place.sub(other, answer)
    if unit := _UNITS.get(units[-1]):
        sign = {"€": "€", "%": "%"}.get(units[-1])
        with_words = rf"({number}(?:[.,]0+)?)(?:\s*[^\W\d]+){{{len(units)}}}"
        bare = answer.replace(sign, "") if sign else re.sub(with_words, r"\1", answer)
        yield "another unit", place.sub(f"{number} {unit}", bare, count=1)


def three_more(number: str) -> str:
    """A number or a time of day that is 3 more."""
    hour, colon, minutes = number.partition(":")
    return f"{float(hour) + 3:g}{colon}{minutes}"


def error_rates() -> pd.DataFrame:
    """Of answers known to be right or wrong: how many the judge takes for the other, with an interval."""
    models = dict.fromkeys(each.model for each in graded())
    known = {
        "right: a large Claude": (of_a_large_model(), True),
        **{f"right: {model}": (agreed("right", model), True) for model in models},
        **{f"wrong: {model}": (agreed("wrong", model), False) for model in models},
        **{f"wrong: a right one with {kind}": (answers, False) for kind, answers in made_wrong().items()},
    }
    rows = {}
    for name, (answers, right) in known.items():
        missed = sum(judge(question, answer).correct != right for question, answer in answers)
        low, high = wilson(missed, len(answers))
        rows[name] = {
            "answers": len(answers),
            "misjudged": missed,
            "interval": f"{low:.1%} to {high:.1%}",
        }
    return pd.DataFrame.from_dict(rows, orient="index")
