"""The memo of exercise 12.2: its table holds every sentence, sound ones are right and errors wrong."""

import re

import pytest
from statsmodels.stats.contingency_tables import mcnemar

from course.errors import CourseError
from course.exercises.checking import all_exercises, grade
from course.exercises.lesson_12 import MEMO
from course.material import memos
from course.measuring import gap
from course.measuring.results import percent, wilson

TEXT = (memos.FOLDER / f"{MEMO}.md").read_text(encoding="utf-8")
SENTENCES = memos.sentences(MEMO)
WRONG = [sentence.number for sentence in memos.wrong(MEMO)]
EXERCISE = all_exercises()["12.2"]


def sentence(part: str) -> memos.Sentence:
    (found,) = [each for each in SENTENCES if part in each.text]
    return found


def test_every_sentence_stands_once_six_of_them_wrong_in_six_ways():
    for each in SENTENCES:
        assert TEXT.count(each.text) == 1
        assert each.why and (each.kind == memos.SOUND or each.lesson)
    assert [each.number for each in SENTENCES] == list(range(1, len(SENTENCES) + 1))
    kinds = {each.kind for each in memos.wrong(MEMO)}
    assert kinds == {"dev set", "different sets", "days for months", "people's time", "leak", "facts"}
    assert len(WRONG) == 6 and len(SENTENCES) > 2 * len(WRONG)


@pytest.mark.parametrize(("part", "right", "n"), [("336 of the 400", 336, 400), ("11 of 20", 11, 20)])
def test_the_intervals_of_sound_sentences_are_wilsons(part, right, n):
    low, high = wilson(right, n)
    said = sentence(part)
    assert said.kind == memos.SOUND
    assert f"{percent(right / n)}%" in said.text and f"{percent(low)} to {percent(high)}%" in said.text


def test_sound_sums_are_right_and_planted_ones_wrong():
    rows = re.findall(r"\| test \| (\d+) \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \|", TEXT)
    assert len(rows) == 3
    for n, share, low, high in rows:
        bounds = wilson(round(float(share) / 100 * int(n)), int(n))
        assert [percent(bound) for bound in bounds] == [low, high]
    assert 34 - 10 == 360 - 336 and mcnemar([[326, 34], [10, 30]], exact=True).pvalue < 0.001
    assert 100 * (16 - 10) / 16 == 37.5
    assert gap.position(wilson(360, 400), 0.92) == gap.UNDECIDED
    assert 1.20 * 40 == 48 and 60 * 100 == 6_000
    sound = ("34 only", "37.5%", "accepted 92%", "48 dollars a month.", "6,000 dollars in all")
    for part in sound:
        assert sentence(part).kind == memos.SOUND
    assert 6_000 / 48 == 125 and "125 days" in sentence("125").text
    assert 10 * 100 > 20 * 48
    assert sentence("dev letters that").number in WRONG and "%" in sentence("dev letters that").text
    assert round(113 / 120, 3) == 0.942


def test_the_numbered_memo_gives_nothing_away():
    shown = memos.numbered(MEMO)
    for each in SENTENCES:
        assert f"- **({each.number})** {each.text}" in shown
        assert each.why not in shown
    for word in ("sound", "error", *(each.kind for each in memos.wrong(MEMO) if " " in each.kind)):
        assert word not in shown or word == "dev set"


def graded(answer: object) -> tuple[str, str]:
    return grade(EXERCISE, answer)


@pytest.mark.parametrize("found", [WRONG, set(WRONG), [*reversed(WRONG), WRONG[0]]])
def test_finding_all_and_rejecting_is_correct_in_any_order(found):
    assert graded((found, "reject")) == ("correct", "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((WRONG, "defend"), "Would you defend"),
        ((WRONG, None), "the verdict is None"),
        ((WRONG[1:], "reject"), "5 of 6 wrong sentences found, and 0 sound ones accused"),
        (([1, *WRONG], "reject"), "6 of 6 wrong sentences found, and 1 sound one accused"),
        ((range(1, len(SENTENCES) + 1), "reject"), "14 sound ones accused"),
        (([], "reject"), "0 of 6"),
        (([0], "reject"), "no sentence 0"),
        (([99], "reject"), "no sentence 99"),
        (8, "TypeError"),
    ],
)
def test_a_wrong_review_says_how_many_and_not_which(answer, said):
    state, reason = graded(answer)
    assert state == "not yet" and said in reason
    assert not any(each.why in reason or each.text in reason for each in SENTENCES)


def test_the_explanation_after_it_names_every_error():
    for each in memos.wrong(MEMO):
        assert f"({each.number}) " in EXERCISE.why and each.why[1:] in EXERCISE.why


def test_a_memo_and_a_table_that_differ_are_named(tmp_path, monkeypatch):
    changed = TEXT.replace("125 days", "125 months")
    (tmp_path / f"{MEMO}.md").write_text(changed, encoding="utf-8")
    monkeypatch.setattr(memos, "FOLDER", tmp_path)
    memos.sentences.cache_clear()
    with pytest.raises(CourseError, match="125 months"):
        memos.sentences(MEMO)
    (tmp_path / f"{MEMO}.md").write_text(TEXT.rsplit("- ", 1)[0], encoding="utf-8")
    with pytest.raises(CourseError, match="another one"):
        memos.sentences(MEMO)
    with pytest.raises(CourseError, match="'stop_now'.*tune_now"):
        memos.numbered("stop_now")
    monkeypatch.undo()
    memos.sentences.cache_clear()
