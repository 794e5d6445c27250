"""Open codes without a browser: what an action keeps, and what the sheet shows of it in any kernel."""

import pytest

from course.errors import CourseError
from course.material.data import lesson_sample
from course.measuring import coding
from course.measuring.coding import CodedFailure
from course.measuring.results import Result
from widgets.lessons.coding_model import LONGEST_CODE, Code, OpenCodes, to_read
from widgets.lessons.coding_view import CodingSheet

ROWS = lesson_sample("dev")
OTHER = {True: "plant_care", False: "safety"}
# The first reply is not a queue, the next five are wrong, the others right.
REPLIES = {
    row.id: "I cannot say." if place == 0 else OTHER[row.queue == "safety"] if place < 6 else row.queue
    for place, row in enumerate(ROWS)
}
RESULT = Result.from_replies(ROWS, REPLIES, name="a rung")
FAILURES = to_read(RESULT)


def read(place: int, code: str, kind: str = "") -> CodedFailure:
    return CodedFailure(FAILURES[place].id, FAILURES[place].reply, code, kind)


def opened(*own: CodedFailure, course: tuple[CodedFailure, ...] = ()) -> OpenCodes:
    by_reply = [{(each.id, each.reply): each for each in readings} for readings in (own, course)]
    return OpenCodes(FAILURES, *by_reply)


def test_wrong_queues_are_read_from_the_first_without_a_code_on():
    assert [failure.id for failure in FAILURES] == [row.id for row in ROWS[1:6]]
    assert opened().first_unread == 0 and opened(read(0, "a"), read(2, "b")).first_unread == 1
    assert opened(*(read(place, "a") for place in range(5))).first_unread == 0


def test_a_code_keeps_its_kind_and_the_courses_reading_comes_after_the_readers():
    money = opened(read(0, "Wrong money queue", coding.CONVENTION))
    assert money.coded(1, "  wrong  MONEY queue ") == [read(1, "Wrong money queue", coding.CONVENTION)]
    assert money.coded(1, "a new one") == [read(1, "a new one")]
    assert money.coded(0, "wrong money queue") == [] == money.coded(1, " ")
    assert money.coded(0, "") == [read(0, "")]
    theirs = (read(0, "theirs", coding.FORMAT), read(1, "theirs", coding.KNOWLEDGE))
    assert opened(course=theirs).course_of(0) == ""
    own = opened(read(0, "mine", coding.FORMAT), read(1, "more", coding.FORMAT), read(2, "x"), course=theirs)
    assert (own.course_of(0), own.course_of(2)) == ("theirs (format)", "")
    assert own.in_words().endswith("The course sees the same kind in 1 of the 2 whose kind you judged.")


@pytest.mark.parametrize(
    ("own", "into", "kept"),
    [
        ([read(0, "a"), read(1, "a"), read(2, "b")], "c", [read(0, "c"), read(1, "c")]),
        ([read(0, "a"), read(2, "b")], "B", [read(0, "b")]),
        ([read(0, "a", coding.FORMAT), read(2, "b")], "b", [read(0, "b", "format"), read(2, "b", "format")]),
        ([read(0, "a", coding.FORMAT), read(2, "b", coding.KNOWLEDGE)], "b", [read(0, "b", "knowledge")]),
        ([read(0, "a"), read(2, "b")], "A", [read(0, "A")]),
        ([read(0, "a")], "a", []),
    ],
)
def test_a_code_is_renamed_or_merged(own, into, kept):
    assert opened(*own).renamed("a", into) == kept


def test_a_kind_is_judged_for_all_failures_with_the_code_and_the_codes_are_counted():
    own = opened(read(0, "a"), read(1, "a"), read(2, "b"))
    assert own.judged("a", coding.FORMAT) == [read(0, "a", "format"), read(1, "a", "format")]
    assert opened(read(0, "a", coding.FORMAT)).judged("a", coding.FORMAT) == []
    own = opened(read(0, "a"), read(1, "b", coding.FORMAT), read(2, "b", coding.FORMAT))
    assert own.codes == [Code("b", 2, "format"), Code("a", 1, "")]
    assert own.in_words() == "3 of 5 failures have a code of yours, 2 different. The commonest: 'b', 2."
    assert opened().in_words() == "0 of 5 failures have a code of yours."
    assert "every wrong reply is one of form" in OpenCodes((), {}, {}).in_words()


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (lambda own: own.coded(0, "x" * (LONGEST_CODE + 1)), f"has 61 characters; say it in {LONGEST_CODE}"),
        (lambda own: own.renamed("a", "  "), "'a' needs a name"),
        (lambda own: own.renamed("z", "a"), "no code 'z'; use one of a"),
        (lambda own: own.judged("z", coding.FORMAT), "no code 'z'"),
        (lambda own: own.judged("a", "luck"), "no kind 'luck'"),
    ],
)
def test_what_cannot_be_done_is_named(action, said):
    with pytest.raises(CourseError, match=said):
        action(opened(read(0, "a")))


def test_the_sheet_keeps_shows_and_takes_back(results_dir):
    sheet = CodingSheet(RESULT)
    assert [each["text"] for each in sheet.failures] == [failure.text for failure in FAILURES]
    for place, words in enumerate(("fault", "fault", "money")):
        sheet.code(place, words)
    assert sheet.own == ["fault", "fault", "money", "", ""]
    assert sheet.message == f"Kept: {FAILURES[2].id}: 'money'."
    sheet.judge("fault", coding.CONVENTION)
    assert sheet.codes[0] == {"name": "fault", "failures": 2, "kind": "convention"}
    assert sheet.message == "Kept: 2 failures: 'fault', convention."
    sheet.rename("money", "Fault")
    assert sheet.codes == [{"name": "fault", "failures": 3, "kind": "convention"}]
    assert coding.own()[FAILURES[2].id, FAILURES[2].reply].kind == coding.CONVENTION
    sheet.undo()
    assert [code["name"] for code in sheet.codes] == ["fault", "money"]
    sheet.code(2, "")
    assert sheet.own[2] == "" and sheet.message == f"Kept: {FAILURES[2].id} without a code."
    for _ in range(6):
        sheet.undo()
    assert sheet.own == [""] * 5 and sheet.message == "There is nothing to take back."


def test_another_kernel_goes_on_and_a_file_that_cannot_be_written_loses_nothing(results_dir):
    first, second = CodingSheet(RESULT), CodingSheet(RESULT)
    first.code(0, "fault")
    second.code(1, "FAULT")
    assert second.own[:2] == ["fault", "fault"]
    assert CodingSheet(RESULT).place == 2
    second.undo()
    first.code(2, "money")
    assert first.own[:3] == ["fault", "", "money"]
    sheet = CodingSheet(RESULT)
    (results_dir / "failure_codes.sqlite").write_bytes(b"not a database, and long enough to be one" * 30)
    sheet.code(1, "fault")
    assert "failure_codes.sqlite" in sheet.message and sheet.own[1] == ""
    sheet.undo()
    assert "failure_codes.sqlite" in sheet.message


def test_a_message_that_makes_no_sense_changes_nothing_and_an_error_is_said(results_dir):
    sheet = CodingSheet(RESULT)
    for content in ({}, {"action": "sing"}, {"action": "code", "place": "0", "words": "x"}):
        sheet._asked(None, content, [])
    assert coding.own() == {} and sheet.message == ""
    sheet._asked(None, {"action": "code", "place": 0, "words": "x" * 99}, [])
    assert "99 characters" in sheet.message
    sheet._asked(None, {"action": "code", "place": 0, "words": "x"}, [])
    sheet._asked(None, {"action": "judge", "code": "x", "kind": "format"}, [])
    sheet._asked(None, {"action": "rename", "code": "x", "into": "y"}, [])
    assert sheet.codes == [{"name": "y", "failures": 1, "kind": "format"}]
    sheet._asked(None, {"action": "undo"}, [])
    assert sheet.codes == [{"name": "x", "failures": 1, "kind": "format"}]
