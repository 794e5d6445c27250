"""Checks of the exercises of lesson 12."""

from collections.abc import Callable, Collection

from scipy.stats import binom

from course.material import memos

# replies in a month, usual share of right ones, how often a month without change may ring
MONTHS = ((159, 0.72, 0.01), (159, 0.72, 0.05), (20, 0.9, 0.01), (400, 0.5, 0.001), (9, 0.8, 0.001))
MEMO = "tune_now"
DEFEND, REJECT = "defend", "reject"


def _rings_seldom(my_line: Callable[[int, float, float], float]) -> str | None:
    for n, usual, rare in MONTHS:
        # The highest line that a month without change falls below with a probability of at most `rare`.
        given, right = my_line(n, usual, rare), int(binom.ppf(rare, n, usual))
        case = (
            f"of {n} replies, {usual:.0%} of them right as a rule, with a false alarm in {rare:.1%} of months"
        )
        if given is None or given != int(given):
            return f"{case}: it gives {given}; give a whole number of right replies."
        if given > right:
            return f"{case}: a line of {given:.0f} rings more often than that in months without a change."
        if given < right:
            return f"{case}: {given:.0f} keeps to it, and so does a higher line, which finds more."
    return None


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


CHECKS = {"12.1": _rings_seldom, "12.2": _judges_the_memo}
WRONG = [f"({each.number}) {each.why[0].upper()}{each.why[1:]}." for each in memos.wrong(MEMO)]
WHY = {"12.2": " ".join(WRONG)}
