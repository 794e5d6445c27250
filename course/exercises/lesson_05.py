"""Exercises of lesson 05."""

from collections.abc import Callable

from course.exercises.checking import Exercise
from course.material import data
from course.material.data import Article
from course.measuring.answers import figures
from course.rungs.chunks import by_section
from course.rungs.retrieve import search

# found, right, one over the place of the first right one
RANKED = (
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


def _gives_the_reciprocal_rank(score: Callable[[list, tuple], float]) -> str | None:
    for found, right, expected in RANKED:
        given = score(list(found), right)
        if given is None or abs(given - expected) > 0.001:
            return f"for {found} with {right} right it gives {given}, not {expected:.3g}."
    return None


def _is_found_first(text: str) -> str | None:
    if not isinstance(text, str):
        return f"it is {text!r}; write a text in quotes."
    if not {"5.8", "6.2"} <= figures(text):
        return "it does not say both figures, 5.8 and 6.2."
    if len(text.split()) > 60:
        return f"it has {len(text.split())} words; 60 are enough for two sentences."
    passages = by_section([*data.handbook(), Article("new", "The pH of the water", text)])
    for question in ASKED:
        first = search(question, passages, 1, "vector")[0]
        if first.article != "new":
            return f"for '{question}' the search finds {first.id} first."
    for question in data.questions():
        if question.id in OTHERS and search(question.text, passages, 1, "vector")[0].article == "new":
            return f"it is now found first for '{question.text}', which it does not answer."
    return None


EXERCISES = [
    Exercise(
        id="05.1",
        title="The place of the first right one",
        stub="""\
def my_rank_score(found, right):
    return None  # 1, 1/2, 1/3, ... or 0""",
        answer="my_rank_score",
        hints=(
            "Go through found from the front and count the places from 1.",
            "enumerate(found, start=1) gives place and article; return 1 / place at the first one in right.",
        ),
        solution="""\
def my_rank_score(found, right):
    for place, article in enumerate(found, start=1):
        if article in right:
            return 1 / place
    return 0""",
        check=_gives_the_reciprocal_rank,
        why="A hit at 5 does not care about the place. A prompt with one passage does.",
    ),
    Exercise(
        id="05.2",
        title="A section that is found",
        stub="my_section = None  # the text of an article, in one or two sentences",
        answer="my_section",
        hints=(
            "Use the words of the question: lettuce, pH, water. A search by meaning likes a plain sentence.",
            "Say what it is about and nothing else: a word on light or dosing draws other questions to it.",
        ),
        solution=(
            'my_section = "Lettuce likes slightly acid water: keep the pH of the water '
            'between 5.8 and 6.2 when you grow lettuce."'
        ),
        check=_is_found_first,
        why="The index took your text at once. What is found depends on how the article is written, too.",
    ),
]
