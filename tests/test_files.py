"""Reading and writing files: what real files hold, and what is left when a write fails."""

import multiprocessing
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from course import files
from course.errors import CourseError


@dataclass(frozen=True)
class Entry:
    """A record with a text, a number and something optional."""

    id: str
    text: str
    count: int
    note: int | None = None


GOOD = "id,text,count,note\na,one,1,\nb,two,2,7\n"
ROWS = [Entry("a", "one", 1, None), Entry("b", "two", 2, 7)]


def written(folder: Path, content: bytes | str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD + "\n",
        "note,count,text,id\n,1,one,a\n7,2,two,b",
    ],
    ids=["as it is", "with a BOM", "CRLF", "CR", "an empty line", "other order, no last line end"],
)
def test_a_good_file_gives_its_records(tmp_path, content):
    assert files.read_csv(written(tmp_path, content), Entry) == ROWS


def test_line_ends_in_a_cell_are_the_same_everywhere_and_a_field_may_have_another_name(tmp_path):
    text = 'id,text,count,note\na,"one\ntwo",1,\n'
    unix = files.read_csv(written(tmp_path, text, "unix.csv"), Entry)
    assert files.read_csv(written(tmp_path, text.replace("\n", "\r\n"), "dos.csv"), Entry) == unix
    assert unix[0].text == "one\ntwo"
    assert files.read_csv(written(tmp_path, "id,letter\na,Dear\n"), Renamed) == [Renamed("a", "Dear")]
    lines = written(tmp_path, '{"id": "a", "letter": "Dear"}', "rows.jsonl")
    assert files.read_json_lines(lines, Renamed)[0].text == "Dear"
    with pytest.raises(CourseError, match="line 1: the column 'letter' is missing; begin with id,letter"):
        files.read_csv(written(tmp_path, "id,text\na,Dear\n"), Renamed)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"PK\x03\x04\x14\0\x06\0", "is a ZIP archive, as .xlsx and .docx are, .* a table as CSV"),
        (b"PAR1\x15\x04\x15\x10", "is a Parquet file"),
        (b"SQLite format 3\0\x10\0", "is an SQLite database"),
        (GOOD.encode("utf-16"), "saved as UTF-16"),
        (GOOD.encode("utf-16-le"), "saved as UTF-16"),
        (GOOD.replace("one", "Größe").encode("cp1252"), r"line 2: the byte 0xf6 .* 'ö'\); save .* UTF-8"),
        (GOOD.encode() + b"c,\0,1,\n", "line 4: there is a NUL byte"),
        (GOOD.replace(",", ";"), "line 1: semicolons separate the columns"),
        (GOOD.replace(",", "\t"), "tabs separate the columns"),
        (GOOD.replace("id,", "key,"), "line 1: the column 'id' is missing; begin with id,text,count,note"),
        (GOOD.replace("note", "remark"), "the column 'note' is missing"),
        ("id,text,count,note,more\na,b,1,,x\n", "the column 'more' is not known"),
        ("id,text,text,count,note\n", "the column 'text' appears twice"),
        ("", "the column 'id' is missing"),
        (GOOD + "c,three, four,3,\n", r"line 4: the row 'c' has 5 cells and not 4; put double quotes"),
        (GOOD + "c,three\n", "line 4: the row 'c' has 2 cells and not 4"),
        (GOOD + "a,again,3,\n", "line 4: id 'a' is already in rows.csv, line 2"),
        (GOOD + " ,empty,3,\n", "line 4: id is ' '"),
        (GOOD + "c,three,many,\n", "line 4: count is 'many'; input should be a valid integer"),
        (GOOD + "c,three,3,some\n", "line 4: note is 'some'"),
        (GOOD + 'c,"three,3,\n', "close each quotation mark"),
        (GOOD + f"c,{'x' * (files.LONGEST_CELL + 1)},3,\n", "keep a cell under 1,000,000 characters"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(tmp_path, content, named):
    with pytest.raises(CourseError, match=named):
        files.read_csv(written(tmp_path, content), Entry)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("5", "line 2: '5' is not an object"),
        ('["id"]', "is not an object"),
        ("null", "is not an object"),
        ('{"id": ["x"], "text": "t", "count": 1}', r"line 2: id is \['x'\]; input should be a valid string"),
        ('{"id": "b", "text": "t"}', "the field 'count' is missing"),
        ('{"id": "b", "text": "t", "count": 1, "mood": 2}', "the field 'mood' is not known"),
        (
            '{"id": "b", "text": "a\\ud83d", "count": 1}',
            r"line 2: the text holds '\\ud83d', half of a character",
        ),
        ("{'id': 'b'}", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"id": "a", "text": "t", "count": 1}', "id 'a' is already in rows.jsonl, line 1"),
    ],
)
def test_what_is_wrong_with_a_line_of_json_is_named(tmp_path, line, named):
    good = '{"id": "a", "text": "one", "count": 1}'
    assert files.read_json_lines(written(tmp_path, good, "good.jsonl"), Entry) == [Entry("a", "one", 1)]
    with pytest.raises(CourseError, match=named):
        files.read_json_lines(written(tmp_path, f"{good}\n{line}\n", "rows.jsonl"), Entry)


@dataclass(frozen=True)
class Renamed:
    """A record whose text has another name in its file."""

    id: str
    text: Annotated[str, Field(alias="letter")]


@pytest.mark.parametrize("content", ["a = ", "a = 1\na = 2", b"a = '\xe9'"])
def test_a_bad_toml_file_is_named(tmp_path, content):
    with pytest.raises(CourseError, match=r"prices\.toml"):
        files.read_toml(written(tmp_path, content, "prices.toml"))


def test_a_missing_file_is_named_and_one_process_at_a_time_holds_a_lock(tmp_path):
    with pytest.raises(CourseError, match="nothing.csv is missing; restore the file"):
        files.read_csv(tmp_path / "nothing.csv", Entry)
    with pytest.raises(CourseError, match="cannot be read"):
        files.read_text(tmp_path)
    path = tmp_path / "new" / "one.lock"
    with (
        files.locked(path, "never seen"),
        pytest.raises(CourseError, match="wait for it"),
        files.locked(path, "wait for it", seconds=0.05),
    ):
        raise AssertionError("two held it")


@given(content=st.binary(max_size=200))
def test_any_bytes_give_records_or_one_sentence(tmp_path_factory, content):
    path = written(tmp_path_factory.mktemp("any"), content)
    try:
        assert isinstance(files.read_csv(path, Entry), list)
    except CourseError as error:
        assert path.name in str(error)


def test_a_file_or_a_folder_is_replaced_completely_or_not_at_all(tmp_path):
    path = written(tmp_path, "before")
    with pytest.raises(OSError), files.replacing(path) as unfinished:
        unfinished.write_text("half")
        raise OSError("disk full")
    assert (path.read_text(), list(tmp_path.iterdir())) == ("before", [path])
    with files.replacing(path) as unfinished:
        unfinished.write_text("after")
    assert (path.read_text(), list(tmp_path.iterdir())) == ("after", [path])
    folder = tmp_path / "deep" / "folder"
    with files.replacing_folder(folder) as unfinished:
        (unfinished / "a").write_text("before")
    with pytest.raises(OSError), files.replacing_folder(folder) as unfinished:
        (unfinished / "b").write_text("half")
        raise OSError("disk full")
    assert [file.name for file in folder.iterdir()] == ["a"]
    with files.replacing_folder(folder) as unfinished:
        (unfinished / "c").write_text("after")
    assert [file.name for file in folder.iterdir()] == ["c"]
    assert list(folder.parent.iterdir()) == [folder]


TABLE = "CREATE TABLE IF NOT EXISTS notes (text TEXT)"


def _add(path: Path, text: str) -> None:
    with files.database(path, TABLE, holds="The notes") as notes:
        notes.execute("INSERT INTO notes VALUES (?)", (text,))


def test_a_database_keeps_what_was_written_and_one_opened_to_read_cannot_be_changed(tmp_path):
    path = tmp_path / "new" / "notes.sqlite"
    _add(path, "kept")
    with pytest.raises(ValueError), files.database(path, TABLE, holds="The notes") as notes:
        notes.execute("INSERT INTO notes VALUES ('lost')")
        raise ValueError
    with files.database(path, TABLE, holds="The notes") as notes:
        assert notes.execute("SELECT text FROM notes").fetchall() == [("kept",)]
    path = tmp_path / "notes.sqlite"
    with pytest.raises(CourseError, match="notes.sqlite is missing: it should hold the notes"):
        files.read_only_database(path, holds="The notes").__enter__()
    _add(path, "kept")
    with files.read_only_database(path, holds="The notes") as notes:
        assert notes.execute("SELECT text FROM notes").fetchone()["text"] == "kept"
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            notes.execute("DELETE FROM notes")


@pytest.mark.slow
def test_several_processes_write_one_database(tmp_path):
    path = tmp_path / "notes.sqlite"
    workers = [multiprocessing.Process(target=_add, args=(path, str(n))) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    with files.database(path, TABLE, holds="The notes") as notes:
        assert notes.execute("SELECT count(*) FROM notes").fetchone() == (4,)


def test_a_damaged_and_a_busy_database_are_named_and_stay(tmp_path, monkeypatch):
    path = written(tmp_path, "this is not a database, and long enough to be read as one" * 30, "notes.sqlite")
    before = path.read_bytes()
    with pytest.raises(CourseError, match="The notes in .*notes.sqlite cannot be used .*Move the file away"):
        _add(path, "a")
    assert path.read_bytes() == before
    monkeypatch.setattr(files, "BUSY_SECONDS", 0.05)
    busy = sqlite3.connect(tmp_path / "busy.sqlite")
    busy.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CourseError, match="in use by another kernel"):
        _add(tmp_path / "busy.sqlite", "a")
    busy.close()
