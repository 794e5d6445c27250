"""What lesson 12 measures: its data hold together, its judges judge, and the recorded counts add up."""

import json
import re
from dataclasses import replace

import pytest

from course.errors import CourseError
from course.material import data
from course.measuring.answers import figures, judge, states, words
from course.measuring.provenance import write_rows
from course.rungs import compounding
from course.rungs.chunks import by_section
from course.tuning import aftermath
from course.tuning.aftermath import RULE_CHANGES_IN, by_new_rule, moved
from course.tuning.training import check_trainable


def test_plain_requests_are_one_of_a_kind_and_no_queue_answers_them():
    requests = aftermath.instructions()
    assert len({request.id for request in requests}) == len({request.text for request in requests}) == 24
    for request in requests:
        assert not any(aftermath.followed(request, queue).valid for queue in data.QUEUES)
        assert not any(re.search(request.pattern, queue, re.IGNORECASE) for queue in data.QUEUES)


@pytest.mark.parametrize(
    ("reply", "valid", "correct"),
    [
        ("The capital is Paris.", True, True),
        ("PARIS", True, True),
        ("Lyon", True, False),
        ("order_status", False, False),
        (" ", False, False),
    ],
)
def test_a_plain_request_is_followed_when_the_word_is_there(reply, valid, correct):
    verdict = aftermath.followed(aftermath.instructions()[0], reply)
    assert (verdict.valid, verdict.correct) == (valid, correct)


def test_a_letter_is_right_when_form_and_name_are():
    letter = data.letters()[2]
    gold = {name: letter.gold[name] for name in data.LETTER_FIELDS}
    as_json = json.dumps
    assert aftermath.extracted(letter, as_json(gold)).correct
    other = aftermath.extracted(letter, as_json(gold | {"name": "Nobody"}))
    assert other.valid and not other.correct
    for broken in ("[]", "{", as_json({"name": letter.gold["name"]}), "device_fault"):
        assert not aftermath.extracted(letter, broken).valid


def test_facts_trained_on_and_others_share_no_question():
    known, other = aftermath.known_facts(), aftermath.other_facts()
    assert len(known) == aftermath.FACTS
    assert not {q.id for q in known} & {q.id for q in other}
    check_trainable(aftermath.fact_chats(known))


def test_the_same_question_in_other_words_does_not_give_its_answer():
    for question, reworded in zip(aftermath.known_facts(), aftermath.reworded_facts(), strict=True):
        assert (reworded.id, reworded.answer) == (question.id, question.answer)
        assert words(reworded.text) != words(question.text)
        assert not figures(question.answer) & (figures(reworded.text) - figures(question.text))
        assert not states(reworded.text, [question.answer])


def test_a_changed_fact_stands_in_the_changed_handbook_and_the_old_one_does_not():
    changed, new, old = aftermath.changed_facts()
    articles = {article.id: article.text for article in changed}
    before = {article.id: article.text for article in data.handbook()}
    assert len(changed) == len(before) and by_section(changed)
    assert 1 <= sum(articles[id] != before[id] for id in before) <= len(new)
    for now, then in zip(new, old, strict=True):
        assert judge(now, now.answer).correct and judge(then, then.answer).correct
        assert not judge(now, then.answer).correct and not judge(then, now.answer).correct
        (article,) = now.articles
        assert now.answer in articles[article] and now.answer not in before[article]


def test_a_change_that_does_not_fit_its_article_is_named(monkeypatch):
    row = {"id": "Q010", "article": "returns-pods", "old": "999 days", "new": "1 day"}
    monkeypatch.setattr(aftermath, "csv_rows", lambda path, columns: [(path.name, row)])
    with pytest.raises(CourseError, match="'999 days' is not once in returns-pods"):
        aftermath.changed_facts()


def test_the_new_rule_moves_who_leaves_the_club_and_nobody_with_an_order():
    rows = [ticket for split in data.SPLITS for ticket in data.tickets(split)]
    by_id = {ticket.id: ticket for ticket in rows}
    assert set(moved()) <= set(by_id) and set(moved().values()) == {"plan_change"}
    for id in moved():
        assert by_id[id].queue == "cancellation"
        assert not re.search(r"FL-\d", by_id[id].text)
    stay = [ticket for ticket in rows if ticket.queue == "cancellation" and ticket.id not in moved()]
    assert len(stay) > 30
    named = r"FL-\d|order|bought|purchase|placed|membership is not"
    assert all(re.search(named, ticket.text, re.IGNORECASE) or ticket.kind != "typical" for ticket in stay)


def test_only_moved_tickets_get_another_queue():
    stream = data.tickets("stream")
    for ticket, relabelled in zip(stream, by_new_rule(stream), strict=True):
        expected = replace(ticket, queue="plan_change") if ticket.id in moved() else ticket
        assert relabelled == expected


def test_mail_is_counted_by_the_rule_of_its_month(monkeypatch, capsys):
    monkeypatch.setattr(aftermath, "route", lambda client, model, ticket: f" {ticket.queue}\n")
    rows = aftermath.mail(None, "m")
    months = compounding.months(data.tickets("stream"))
    for rule in ("old rule", "new rule"):
        for month, arrived in enumerate(months, start=1):
            of_month = [row for row in rows if (row.model, row.month) == (rule, month)]
            touched = sum(ticket.id in moved() for ticket in arrived)
            wrong = touched if rule == "new rule" and month >= RULE_CHANGES_IN else 0
            assert sum(row.n for row in of_month) == len(arrived)
            assert sum(row.n - row.right for row in of_month) == wrong


def test_replies_that_name_no_queue_are_counted_too(monkeypatch, capsys):
    monkeypatch.setattr(aftermath, "route", lambda client, model, ticket: "hello")
    rows = aftermath.mail(None, "m")
    assert {row.part for row in rows} == {aftermath.NO_QUEUE}
    assert all(row.right == row.valid == 0 for row in rows)


def test_an_adapter_of_the_old_rule_is_wrong_on_all_that_moved_and_on_nothing_else(monkeypatch, capsys):
    old = {ticket.id: ticket.queue for ticket in data.tickets("stream")}
    monkeypatch.setattr(aftermath, "route", lambda client, model, ticket: old[ticket.id])
    touched, others = aftermath.after_change(None, "m", "adapter", 12.5)
    assert (touched.part, touched.right, others.part, others.n - others.right) == ("moved", 0, "not moved", 0)
    late = [t for month in compounding.months(data.tickets("stream"))[3:] for t in month]
    assert touched.n == sum(ticket.id in moved() for ticket in late) > 0 < others.n
    assert touched.train_seconds == 12.5


def test_the_search_finds_changed_figures_and_no_old_ones(capsys):
    found = {row.part: row for row in aftermath.knowledge(None, aftermath.nearest_section, "search alone")}
    assert found["changed, new answer"].right >= 5 > found["changed, old answer"].right
    assert found["in other words"].accuracy > 0.7


def test_without_the_measurement_the_command_is_named_and_what_was_written_is_read(tmp_path, monkeypatch):
    rows = aftermath.read()
    monkeypatch.setattr(aftermath, "FILE", tmp_path / "rows.csv")
    with pytest.raises(CourseError, match="python -m course.measure aftermath"):
        aftermath.read()
    write_rows(rows, aftermath.FILE)
    assert repr(aftermath.read()) == repr(rows) and "nan" in repr(rows)


def test_the_measurement_of_the_course_is_whole():
    rows = aftermath.read()
    assert len({(row.group, row.model, row.part, row.month) for row in rows}) == len(rows)
    parts = {group: {row.part for row in rows if row.group == group} for group in ("facts", "changed rule")}
    assert len(parts["facts"]) == 5 and parts["changed rule"] == {"moved", "not moved"}
    months = compounding.months(data.tickets("stream"))
    for rule in ("old rule", "new rule"):
        of_rule = [row for row in rows if row.model == rule]
        for month, arrived in enumerate(months, start=1):
            assert sum(row.n for row in of_rule if row.month == month) == len(arrived)
    assert {row.fingerprint for row in rows} == {rows[0].fingerprint}
    trained = {row.model: row.train_seconds for row in rows if row.train_seconds}
    assert {"routing adapter", "adapter, retrained"} <= set(trained)
