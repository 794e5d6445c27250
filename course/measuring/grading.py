"""How often the judge of answers is wrong itself, by answers that were graded by reading them."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import pandas as pd

from course.files import read_csv
from course.material import data, large_model
from course.material.data import Question
from course.measuring.answers import judge
from course.measuring.provenance import FOLDER
from course.measuring.results import wilson

Answers = list[tuple[Question, str]]


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


def agreed(grade: Literal["right", "wrong"]) -> Answers:
    """The answers of the embedded models that both readings call right, or wrong."""
    questions = {question.id: question for question in data.questions()}
    return [
        (questions[each.question], each.answer) for each in graded() if each.first == each.second == grade
    ]


def error_rates() -> pd.DataFrame:
    """Of answers known to be right or wrong: how many the judge takes for the other, with an interval."""
    known = {
        "right: of a large model": (of_a_large_model(), True),
        "right: by two readings": (agreed("right"), True),
        "wrong: by two readings": (agreed("wrong"), False),
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
