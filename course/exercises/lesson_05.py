"""Checks of the exercises of lesson 05."""

from course.exercises.cases import near, tried
from course.material import data
from course.material.data import Article
from course.measuring.answers import figures
from course.rungs.chunks import by_section
from course.rungs.retrieve import search

# found, right, one over the place of the first right one
RANKED: tuple[tuple[list[str], tuple[str, ...], float], ...] = (
    (["a", "b", "c"], ("a",), 1.0),
    (["b", "a", "c"], ("a",), 1 / 2),
    (["b", "a", "a"], ("a",), 1 / 2),
    (["b", "c", "a"], ("a", "d"), 1 / 3),
    (["b", "c", "a"], ("a", "c"), 1 / 2),
    (["b", "c"], ("a",), 0.0),
    ([], ("a",), 0.0),
)
ASKED = (
    "What pH should the water have when I grow lettuce?",
    "Which acidity does my lettuce like best?",
    "My lettuce looks pale. Which pH value is right for its water?",
)
OTHERS = ("Q003", "Q032", "Q044", "Q072")  # questions about light, water and dosing that others answer


def _gives_the_reciprocal_rank(score: object) -> str | None:
    return tried(score, RANKED, "for found = {0} and right = {1} it returns {given}, not {right:.3g}.", near)


def _is_found_first(text: object) -> str | None:
    if not isinstance(text, str):
        return f"it is {text!r}; write a text in quotes."
    if not {"5.8", "6.2"} <= figures(text):
        return "it does not say both figures, 5.8 and 6.2."
    if len(text.split()) > 60:
        return f"it has {len(text.split())} words; 60 are enough for two sentences."
    passages = by_section([*data.handbook(), Article("new", "The pH of the water", text)])
    for asked in ASKED:
        first = search(asked, passages, 1, "vector")[0]
        if first.article != "new":
            return f"for '{asked}' the search finds {first.id} first."
    for question in data.questions():
        if question.id in OTHERS and search(question.text, passages, 1, "vector")[0].article == "new":
            return f"it is now found first for '{question.text}', which it does not answer."
    return None


CHECKS = {"05.1": _gives_the_reciprocal_rank, "05.2": _is_found_first}
