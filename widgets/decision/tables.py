"""The tables of the decision for its page in JavaScript, which has the same rules over them."""

from typing import Any

from widgets.decision import rules
from widgets.decision.answers import (
    LABELS_NEEDED,
    OF_THE_ANSWERS,
    PROBLEMS,
    QUESTIONS,
    SLOW_FROM,
    TRIABLE,
    Answers,
    to_plain,
)
from widgets.decision.model import WHY_FIRST
from widgets.decision.rules import REMEDIES, RUNGS


def tables() -> dict[str, Any]:
    """Rungs, remedies, questions and limits, as JSON has them."""
    return {
        "rungs": [
            {
                "key": rung.key,
                "title": rung.title,
                "lesson": rung.lesson,
                "helps": sorted(rung.helps),
                "otherwise": rung.otherwise.text if rung.otherwise else "",
                "why": WHY_FIRST[rung.key].text if rung.key in WHY_FIRST else "",
                "credit": WHY_FIRST[rung.key].credit if rung.key in WHY_FIRST else "",
            }
            for rung in RUNGS
        ],
        "remedies": [[fault, list(keys)] for fault, keys in REMEDIES.items()],
        "triable": list(TRIABLE),
        "problems": PROBLEMS,
        "ofTheAnswers": sorted(OF_THE_ANSWERS),
        "points": [point.title for point in rules.checks(Answers())],
        "questions": [
            {
                "name": question.name,
                "text": question.text,
                "unit": question.unit,
                "many": question.many,
                "options": [[value, text] for value, text in question.options.items()],
                "limits": question.limits,
                "whole": question.whole,
            }
            for question in QUESTIONS
        ],
        "start": to_plain(Answers()),
        "limits": {
            "slowFrom": SLOW_FROM,
            "narrow": rules.NARROW_INTERVAL,
            "enoughRows": rules.ENOUGH_ROWS,
            "enoughMonths": rules.ENOUGH_MONTHS,
            "styleOnlyBelow": rules.STYLE_ONLY_BELOW,
            "manyModels": rules.MANY_MODELS,
            "nearEnough": rules.NEAR_ENOUGH,
            "nearestInstead": rules.NEAREST_INSTEAD,
            "classifierFrom": rules.CLASSIFIER_FROM,
            "labelsNeeded": LABELS_NEEDED,
        },
    }
