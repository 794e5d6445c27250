"""What lessons 09 and 10 and their deeper notebooks teach, from the models, the price table and the cases."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from course.exercises.lesson_10 import CASES
from widgets.decision.answers import Answers
from widgets.decision.model import advise
from widgets.decision.rules import STAY, TUNE, holds, next_rung
from widgets.decision.tables import TABLES
from widgets.decision.teams import teams

CASE = {name: Answers(**given["answers"]) for name, given in CASES.items()}


# Lesson 10


def test_volume_labels_and_a_price_open_no_gate():
    richer = {"volume": 10**9, "labels": 10**6, "cost_says": "costs less"}
    for name, given in CASES.items():
        assert next_rung(replace(CASE[name], **richer)) == given["next"]


def test_the_case_without_an_evaluation_set_has_open_points():
    assert advise(CASE["B"]).open


def test_hardly_any_combination_of_answers_is_sent_to_fine_tuning():
    everybody = teams()
    sent = Counter(map(next_rung, everybody))
    assert 0 < sent["fine_tune"] < len(everybody) / 1_000


def test_the_three_conditions_are_shut_most_often_and_a_changing_task_alone():
    gates = [gate for gate, _ in TABLES.points["gates"]]
    shut = ~pd.DataFrame([holds(team) for team in teams()])[gates]
    five = shut.drop(columns="conditions")
    assert shut["conditions"].mean() > five.mean().max()
    assert five[five.sum(axis=1) == 1].sum().idxmax() == "stands_still"


@pytest.mark.parametrize(
    ("volume", "divided"),
    [(1_000, False), (3_000, False), (9_999, False), (10_000, True), (50_000, True)]
    + [(150_000, True), (499_999, True), (500_000, False), (1_000_001, False), (1_500_000, False)],
)
def test_the_articles_are_divided_on_case_c_over_a_factor_of_fifty_and_it_is_sent_to_be_priced(
    volume, divided
):
    case = replace(CASE["C"], cost_says="not priced", volume=volume)
    sends = {mark.sends for mark in advise(case).volumes}
    assert ({TUNE, STAY} <= sends) == divided
    assert not divided or next_rung(case) == "price"
