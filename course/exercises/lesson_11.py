"""Exercises of lesson 11."""

from collections.abc import Callable, Sequence

from course.exercises.checking import Exercise
from course.material.data import QUEUES, tickets
from course.measuring.results import Result
from course.tuning.chats import Chat, routing_chats

# Of so many tickets: right with both, right only with the new one, right only with the old one.
CHOICES = (
    ("24 of 72 only with the new one, 6 only with the old one", 72, 40, 24, 6, True),
    ("7 only with the new one, 4 only with the old one", 72, 50, 7, 4, False),
    ("40 only with the new one, 15 only with the old one", 300, 200, 40, 15, True),
    ("3 only with the new one, 20 only with the old one", 72, 40, 3, 20, False),
    ("no ticket on which they differ", 72, 50, 0, 0, False),
)


def planted() -> tuple[list[Chat], list[Chat], list[int]]:
    """40 training chats, 30 that measure, and the rows of the first that stand in the second as well."""
    measured = routing_chats(tickets("test")[:30])
    chats = routing_chats(tickets("train")[:40])
    copies = {
        4: measured[3].text,
        17: measured[11].text.upper(),
        23: f"  {measured[20].text}\n",
        31: measured[7].text.replace(" ", "  "),
    }
    for row, text in copies.items():
        chats[row] = Chat(chats[row].system, text, chats[row].answer)
    return chats, measured, sorted(copies)


def _finds_the_leaks(leaked: Callable[[Sequence[Chat], Sequence[Chat]], Sequence[int]]) -> str | None:
    chats, measured, right = planted()
    found = leaked(chats, measured)
    if found is None:
        return "it returns None; return the rows of chats, counted from 0."
    found = sorted(set(found))
    if missed := [row for row in right if row not in found]:
        row = missed[0]
        return f"row {row}, {chats[row].text!r}, is a text of the test set as well, and it is not found."
    if more := [row for row in found if row not in right]:
        return f"row {more[0]}, {chats[more[0]].text!r}, stands in no other set."
    if leaked(chats[:4], measured):
        return "it finds leaks in rows that have none."
    return None


def _results(n: int, both: int, only_new: int, only_old: int) -> tuple[Result, Result]:
    """(new, old): two results that are right on so many of the same tickets."""
    rows = tickets("test")[:n]
    wrong = {queue: QUEUES[place - 1] for place, queue in enumerate(QUEUES)}

    def result(name: str, is_right: Callable[[int], bool]) -> Result:
        said = {row.id: row.queue if is_right(place) else wrong[row.queue] for place, row in enumerate(rows)}
        return Result.from_replies(rows, said, name=name)

    new = result("new", lambda place: place < both + only_new)
    old = result("old", lambda place: place < both or both + only_new <= place < both + only_new + only_old)
    return new, old


def _chooses_by_a_test(replaces: Callable[[Result, Result], bool]) -> str | None:
    for words, n, both, only_new, only_old, right in CHOICES:
        given = replaces(*_results(n, both, only_new, only_old))
        if bool(given) != right:
            return f"{n} tickets, {words}: it gives {given}, not {right}."
    return None


EXERCISES = [
    Exercise(
        id="11.1",
        title="A leak in other clothes",
        stub='''\
def leaked(chats, held_out):
    """The rows of chats, from 0, whose text stands in held_out as well."""
    known = {chat.text for chat in held_out}
    return [row for row, chat in enumerate(chats) if chat.text in known]''',
        answer="leaked",
        hints=(
            "A copy is seldom exact. What happens to a text on its way through two spreadsheets?",
            "Letter case and white space change, also inside the text. Make both sides alike first.",
            '" ".join(text.casefold().split()) is a plain form of a text.',
        ),
        solution='''\
def leaked(chats, held_out):
    """The rows of chats, from 0, whose text stands in held_out as well."""

    def plain(text):
        return " ".join(text.casefold().split())

    known = {plain(chat.text) for chat in held_out}
    return [row for row, chat in enumerate(chats) if plain(chat.text) in known]''',
        check=_finds_the_leaks,
        why="What is nearly the same and not word for word takes an embedding: near_leaks does that.",
    ),
    Exercise(
        id="11.2",
        title="Does the new model replace the old one?",
        stub='''\
def replaces(new, old):
    """Whether `new` takes the place of `old`: two results on the same tickets."""
    return new.accuracy > old.accuracy''',
        answer="replaces",
        hints=(
            "A new model has to be kept, watched and trained again. Being ahead by luck is not enough.",
            "compare(new, old) has a difference and a p_value. Lesson 08 takes 0.05 as the line.",
            "A low p-value also comes when the new one is clearly worse.",
        ),
        solution='''\
def replaces(new, old):
    """Whether `new` takes the place of `old`: two results on the same tickets."""
    from course.measuring.evaluate import compare

    step = compare(new, old)
    return step.difference > 0 and step.p_value < 0.05''',
        check=_chooses_by_a_test,
        why="With this rule luck alone lets a useless model through about once in forty times.",
    ),
]
