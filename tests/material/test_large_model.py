"""What the large model answered covers every row that it was asked about, and says what the card says."""

import json

import pytest

from course.errors import CourseError
from course.material import data, large_model


def test_the_teacher_labelled_every_training_ticket_and_the_mended_ones_elsewhere():
    train = {ticket.id: ticket.queue for ticket in data.tickets("train")}
    labels = {label.id: label.queue for label in large_model.teacher_labels()}
    assert labels.keys() == train.keys()
    assert sum(labels[id] == train[id] for id in train) == 781
    labels = {label.id: label.queue for label in large_model.teacher_labels()}
    mended = [row for row in data.tickets("train") if row.id in data.kinds_before_mending()]
    assert len(mended) == 5 and all(labels[row.id] != row.queue for row in mended)


@pytest.mark.parametrize("book", large_model.BOOKS)
def test_every_question_has_an_answer(book):
    answers = large_model.handbook_answers(book)
    assert {answer.id for answer in answers} == {question.id for question in data.questions()}
    articles = {answer.article for answer in answers} - {None}
    assert articles <= {article.id for article in data.handbook()}
    assert bool(articles) == (book == "open")


def test_every_letter_has_a_reply_nine_of_the_open_book_are_silent_and_no_other_book_is_known():
    silent = [each for each in large_model.handbook_answers("open") if "handbook does not say" in each.answer]
    assert len(silent) == 9 and not any(each.article for each in silent)
    replies = {reply.id: json.loads(reply.reply) for reply in large_model.letter_replies()}
    assert replies.keys() == {letter.id for letter in data.letters()}
    assert all(set(reply) == set(data.LETTER_FIELDS) for reply in replies.values())
    with pytest.raises(CourseError, match="'shut'; use one of closed, open"):
        large_model.handbook_answers("shut")
