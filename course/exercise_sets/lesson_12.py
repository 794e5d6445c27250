"""Exercises of lesson 12."""

from collections.abc import Collection

from course import memos
from course.exercises import Exercise

MEMO = "tune_now"
DEFEND, REJECT = "defend", "reject"


def _judges_the_memo(review: tuple[Collection[int], str]) -> str | None:
    accused, verdict = review
    accused, last = set(accused), len(memos.sentences(MEMO))
    unknown = sorted(number for number in accused if number not in range(1, last + 1))
    if unknown:
        return f"there is no sentence {unknown[0]}; they go from 1 to {last}."
    if verdict not in (DEFEND, REJECT):
        return f"the verdict is {verdict!r}; it is {DEFEND!r} or {REJECT!r}."
    wrong = {sentence.number for sentence in memos.wrong(MEMO)}
    found, sound = len(accused & wrong), len(accused - wrong)
    if found < len(wrong) or sound:
        accusations = f"{sound} sound one{'s' * (sound != 1)} accused"
        return f"{found} of {len(wrong)} wrong sentences found, and {accusations}."
    if verdict == DEFEND:
        return "all of them are found. Would you defend a memo whose advice rests on them?"
    return None


EXERCISES = [
    Exercise(
        id="12.2",
        title="Defend or reject a memo",
        stub='my_review = None  # (numbers of the wrong sentences, "defend" or "reject")',
        answer="my_review",
        hints=(
            "For each figure ask: on which letters was it counted, on how many, and who chose them?",
            "Two figures can be compared when the same letters stand behind both. Look at the table.",
            "Do each sum again, with its unit. Then look for a cost that is named and not counted.",
            "What must training data never hold? And what does training not teach (lesson 05, and this one)?",
            "Two of them are about accuracy, two about money, two about what the model is trained on.",
        ),
        solution='my_review = ([8, 9, 13, 14, 17, 18], "reject")',
        check=_judges_the_memo,
        why=" ".join(f"({each.number}) {each.why[0].upper()}{each.why[1:]}." for each in memos.wrong(MEMO)),
    ),
]
