"""The loaders read the course's files as the card says, and name file, line and value of a bad one."""

from collections import Counter
from typing import get_args

import pytest

from course.errors import CourseError
from course.material import data

HEADER = "id,text,queue,kind,rule\n"


def test_splits_queues_letters_handbook_and_questions_are_those_on_the_card():
    assert [len(data.tickets(split)) for split in data.SPLITS] == [810, 108, 360, 954]
    assert len(data.QUEUES) == 18
    assert list(data.QUEUES) == sorted(data.QUEUES)
    assert data.queue_descriptions()["app_bug"].startswith("The garden works but the app crashes")
    assert len(data.letters()) == 80
    assert all(set(letter.gold) == set(data.LETTER_FIELDS) for letter in data.letters())
    assert len(data.handbook()) == 30
    assert data.handbook()[0] == min(data.handbook(), key=lambda article: article.id)
    assert len(data.questions()) == 76
    assert {question.kind for question in data.questions()} == set(get_args(data.QuestionKind))


@pytest.mark.parametrize("split", data.SPLITS)
def test_the_lesson_sample_has_its_mix(split, monkeypatch):
    monkeypatch.delenv("COURSE_ROWS", raising=False)
    sample, before = data.lesson_sample(split), data.kinds_before_mending()
    kinds = Counter(before.get(row.id, row.kind) for row in sample)
    assert kinds == {"typical": 54, "hard": 11, "boundary": 7}
    assert set(Counter(row.queue for row in sample).values()) == {4}
    assert len({row.rule for row in sample if row.kind == "boundary" and row.id not in before}) == 7
    assert len({row.id for row in sample}) == 72


@pytest.mark.parametrize(
    ("split", "equal"),
    [("train", (33, 7, 5)), ("dev", (4, 1, 1)), ("test", (15, 3, 2))],
)
def test_every_queue_had_as_many_of_each_kind_before_mending(split, equal):
    before = data.kinds_before_mending()
    counted = Counter((row.queue, before.get(row.id, row.kind)) for row in data.tickets(split))
    kinds = list(zip(data.KINDS, equal, strict=True))
    assert counted == {(queue, kind): count for queue in data.QUEUES for kind, count in kinds}


def test_a_mended_ticket_is_a_boundary_one_that_its_names_alone_do_not_route():
    before = data.kinds_before_mending()
    mended = {row.id: row for split in data.SPLITS for row in data.tickets(split) if row.id in before}
    assert mended.keys() == before.keys() and len(mended) == 11
    assert all(before[id] == "typical" and row.kind == "boundary" for id, row in mended.items())
    assert {row.rule for row in mended.values()} == {5, 6, 8}
    readings = data.readings()["names"]
    for id in readings.index.intersection(list(mended)):
        assert readings[id] != mended[id].queue


def test_the_lesson_sample_is_always_the_same_its_note_says_so_and_course_rows_gives_all(monkeypatch):
    monkeypatch.delenv("COURSE_ROWS", raising=False)
    sample = data.lesson_sample()
    assert [row.id for row in sample] == [row.id for row in data.lesson_sample()]
    assert [row.id for row in sample[:3]] == ["T0029", "T0038", "T0039"]
    everything = [row.id for row in data.tickets("test")]
    assert [row.id for row in sample] == [id for id in everything if id in {row.id for row in sample}]
    monkeypatch.delenv("COURSE_ROWS", raising=False)
    assert "72 tickets" in data.sample_note() and "52 typical, 11 hard, 9 boundary" in data.sample_note()
    assert "53 typical, 11 hard, 8 boundary" in data.sample_note("dev")
    monkeypatch.setenv("COURSE_ROWS", "all")
    assert data.lesson_sample() == data.tickets("test")
    assert "Every ticket" in data.sample_note()
    monkeypatch.setenv("COURSE_ROWS", "many")
    with pytest.raises(CourseError, match="'many'"):
        data.lesson_sample()


def test_the_readings_give_the_accuracy_on_the_card_and_the_second_annotator_saw_every_ticket():
    readings = data.readings()
    truth = [row.queue for row in data.tickets("test")]
    assert list(readings.index) == [row.id for row in data.tickets("test")]
    shares = [round(100 * (readings[column] == truth).mean(), 1) for column in data.READINGS]
    assert shares == [96.7, 98.1, 98.3, 100.0]
    prompts = [data.DATA / "measured" / f"large_model_prompt_{name}.txt" for name in data.READINGS]
    assert [path.name for path in prompts if not path.is_file()] == ["large_model_prompt_policy.txt"]
    assert "account_access" in prompts[0].read_text(encoding="utf-8")
    second = data.second_readings()
    rows = [row for split in ("train", "dev", "test") for row in data.tickets(split)]
    assert set(second.index) == {row.id for row in rows}
    assert all(second.loc[row.id, "queue"] == row.queue for row in rows)
    assert (second["why"] != "").sum() == (~second["sure"]).sum() == 29


@pytest.mark.parametrize(
    ("row", "said"), [("T1,lost,true,", "there is no queue 'lost'"), ("T1,safety,yes,", "sure is 'yes'")]
)
def test_a_bad_second_reading_is_named(tmp_path, monkeypatch, row, said):
    monkeypatch.setattr(data, "DATA", tmp_path)
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "second_reading.csv").write_text(f"id,queue,sure,why\n{row}\n")
    with pytest.raises(CourseError, match=rf"second_reading\.csv, line 2: {said}"):
        data.second_readings()


@pytest.mark.parametrize(
    "rows, said",
    [
        ("T1,Hello,lost_luggage,typical,\n", r"line 2: there is no queue 'lost_luggage'; use one of acc"),
        ("T1,Hello,safety,odd,\n", r"line 2: kind is 'odd'; input should be 'typical', 'hard' or 'boundary'"),
        ("T1,  ,safety,typical,\n", r"line 2: text is '  '"),
        ("T1,Hello,safety,boundary,\n", r"line 2: rule is None"),
        ("T1,Hello,safety,boundary,one\n", r"line 2: rule is 'one'"),
        ("T1,Hello,safety,typical,3\n", r"line 2: rule is 3"),
    ],
)
def test_a_bad_row_is_named(tmp_path, rows, said):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(CourseError, match=r"mine\.csv, " + said):
        data.read_tickets(path)


def test_a_letter_with_other_fields_or_a_handbook_without_titles_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "DATA", tmp_path)
    (tmp_path / "letters").mkdir()
    letter = '{"id": "L1", "letter": "Dear", "gold": {"name": 1}, "difficulty": "plain"}'
    (tmp_path / "letters" / "letters.jsonl").write_text(letter, encoding="utf-8")
    with pytest.raises(CourseError, match=r"letters\.jsonl, line 1: gold is .*it has the fields \['name'\]"):
        data.letters()
    monkeypatch.setattr(data, "DATA", tmp_path)
    with pytest.raises(CourseError, match="handbook has no article"):
        data.handbook()
    (tmp_path / "handbook").mkdir()
    for text in ("No title here.", "", "# Title only\n \n"):
        (tmp_path / "handbook" / "broken.md").write_text(text)
        with pytest.raises(CourseError, match="broken.md, line 1"):
            data.handbook()


@pytest.mark.parametrize("ask", [data.tickets, data.prompt])
def test_an_unknown_name_lists_the_known_ones(ask):
    with pytest.raises(CourseError, match="'nowhere'; use one of"):
        ask("nowhere")
