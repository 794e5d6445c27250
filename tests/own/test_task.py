"""A file of texts and labels as a task: how it is read, what the checks say of it, and how it is split."""

import random
from pathlib import Path

import pytest

from course.errors import CourseError
from course.own import checks
from course.own.task import OwnTask, load

WORDS = {
    "Licht": "Die Straßenlaterne {} ist seit gestern dunkel",
    "Müll": "Die Tonne {} wurde nicht geleert",
    "Lärm": "Nachts ist es {} viel zu laut",
}
PLACES = (
    "am Markt|vor Haus 4|hinter der Schule|an der Brücke|im Park|beim Bahnhof|in der Gasse|am Ufer".split("|")
)
ROWS = [(text.format(place), label) for label, text in WORDS.items() for place in PLACES]


def saved(folder: Path, rows=tuple(ROWS), head=("text", "label"), separator=",", encoding="utf-8") -> Path:
    lines = [separator.join(f'"{cell}"' for cell in row) for row in (head, *rows)]
    path = folder / "mine.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


@pytest.fixture(autouse=True)
def unlike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks by meaning have tests of their own: here each text is like itself only."""
    monkeypatch.setattr(checks, "without_leaks", lambda train, measured: (train, None))
    monkeypatch.setattr(checks, "unlike_neighbours", lambda train: None)


def lines_of(task: OwnTask) -> list[int]:
    return sorted(row.line for row in (*task.train, *task.dev, *task.test))


def found(task: OwnTask, check: str) -> checks.FileFinding:
    return next(finding for finding in task.findings if finding.check == check)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_any_separator_and_encoding_gives_the_same_task(tmp_path, separator, encoding):
    plain = load(saved(tmp_path))
    other = load(saved(tmp_path, separator=separator, encoding=encoding, head=("Label ", "TEXT")[::-1]))
    assert (other.train, other.dev, other.test) == (plain.train, plain.dev, plain.test)
    assert ("not UTF-8" in {finding.check for finding in other.findings}) == (encoding[:5] != "utf-8")


def test_an_encoding_and_columns_can_be_named_and_a_row_with_a_cell_too_many_is(tmp_path):
    russian = [(f"Фонарь номер {number} не горит", f"свет {number % 2}") for number in range(24)]
    path = saved(tmp_path, russian, encoding="cp1251")
    assert load(path, encoding="cp1251").train[0].text.startswith("Фонарь")
    with pytest.raises(CourseError, match="is not an encoding"):
        load(path, encoding="cp12510")
    with pytest.raises(CourseError, match="mine.csv is not ascii; say which encoding"):
        load(path, encoding="ascii")
    assert load(saved(tmp_path, head=("body", "topic")), text="Body", label="topic").labels
    with pytest.raises(CourseError, match="line 26: the row 'a' has 3 cells and not 2.*semicolons"):
        load(saved(tmp_path, [*ROWS, ("a", "b", "c")], separator=";"))


@pytest.mark.parametrize(
    ("rows", "check", "lines", "value", "fix"),
    [
        ([("", "Licht")], "no text", (26,), "Licht", "delete the row"),
        ([("Wer ist zuständig?", " ")], "no label", (26,), "Wer ist zuständig?", "label it"),
        ([("Neue Lampe", "licht ")], "a label spelled in two ways", (26,), "licht ", "Taken for 'Licht'"),
        ([ROWS[0]], "same text twice", (26,), ROWS[0][0], "delete the others"),
        (
            [(ROWS[0][0].upper(), "Müll")],
            "same text, two labels",
            (2, 26),
            ROWS[0][0],
            "which label is right",
        ),
        ([("Die StraÃŸe", "Licht")], "broken letters", (26,), "Die StraÃŸe", "export the file again"),
        ([("Ein Baum liegt quer", "Park")], "a rare label", (26,), "Park", "merge them"),
        ([("x" * 5_000, "Licht")], "a long text", (26,), "xxx", "first 2,000 bytes"),
        ([("Eins", "1")], "a label without a name", (26,), "1", "write a word"),
        ([(f"Lampe {n}", "Licht") for n in range(9)], "one label for most rows", None, "Licht", "floor"),
        ([], "few rows", (25,), "24 rows, 6 of them for test", "225 more rows|220 more rows"),
    ],
)
def test_each_fault_is_named_with_its_line_its_value_and_a_fix(tmp_path, rows, check, lines, value, fix):
    finding = found(load(saved(tmp_path, [*ROWS, *rows])), check)
    assert lines in (None, finding.lines)
    assert finding.value.startswith(value)
    assert any(part in finding.fix for part in fix.split("|"))
    assert str(finding).startswith(f"{check} (line {finding.lines[0]}")


def test_what_is_left_out_is_in_no_split_and_a_label_that_loses_its_rows_is_named(tmp_path, monkeypatch):
    odd = [("", "Licht"), ("Ohne", ""), ROWS[0], (ROWS[9][0], "Licht")]
    # The last one takes line 11 with it: nobody knows which of the two labels is right.
    assert lines_of(load(saved(tmp_path, [*ROWS, *odd]))) == [n for n in range(2, 26) if n != 11]

    def without_light(train, measured):
        return tuple(row for row in train if row.label != "Licht"), None

    monkeypatch.setattr(checks, "without_leaks", without_light)
    task = load(saved(tmp_path))
    finding = found(task, "a label that is not learned")
    assert finding.value == "Licht" and len(finding.lines) == 4


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[:10], "10 rows .*; bring at least 20"),
        ([(text, "Licht") for text, _ in ROWS], "every row has the label 'Licht'"),
        ([(text, text) for text, _ in ROWS], "24 labels for 24 rows, .* name the column"),
    ],
)
def test_what_is_no_task_is_refused(tmp_path, rows, said):
    with pytest.raises(CourseError, match=said):
        load(saved(tmp_path, rows))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (("body", "topic"), "no column 'text'; the columns are 'body', 'topic'. Rename yours, or say which"),
        (("text", "text"), "no column 'label'"),
    ],
)
def test_a_missing_column_is_named_with_those_that_are_there(tmp_path, head, said):
    with pytest.raises(CourseError, match=said):
        load(saved(tmp_path, head=head))


def test_descriptions_and_second_labels_are_used_and_half_of_them_are_not(tmp_path):
    head = ("text", "label", "description", "second_label")
    rows = [(text, label, f"Alles über {label}", label.upper()) for text, label in ROWS]
    rows[3] = (*rows[3][:3], "Müll")
    task = load(saved(tmp_path, rows, head))
    assert task.descriptions == {label: f"Alles über {label}" for label in WORDS}
    assert (task.agreement.same, task.agreement.n) == (23, 24)
    assert "23 of 24 rows, 95.8%" in str(task.agreement)
    assert 0.9 < task.agreement.kappa < 1
    assert load(saved(tmp_path)).agreement is None
    rows = [(*row, "Licht und Lampen" if row[1] == "Licht" else "") for row in ROWS]
    rows[1] = (*rows[1][:2], "etwas anderes")
    task = load(saved(tmp_path, rows, ("text", "label", "description")))
    assert task.descriptions == {}
    assert len(found(task, "no description").lines) == 16
    assert found(task, "two descriptions of one label").lines == (3,)


def texts(rows) -> set[str]:
    return {row.text for row in rows}


def test_the_split_is_of_equal_shares_by_the_content_alone_and_no_larger_than_wanted(tmp_path):
    task = load(saved(tmp_path))
    assert [len(part) for part in (task.train, task.dev, task.test)] == [12, 6, 6]
    for part in (task.dev, task.test):
        assert [sum(row.label == label for row in part) for label in WORDS] == [2, 2, 2]
    mixed = random.Random(1).sample(ROWS, len(ROWS))
    again = load(saved(tmp_path, mixed))
    assert [texts(part) for part in (again.train, again.dev, again.test)] == [
        texts(part) for part in (task.train, task.dev, task.test)
    ]
    many = [(f"{text} seit Tag {day}", label) for day in range(30) for text, label in ROWS]
    task = load(saved(tmp_path, many), measured=60)
    assert (len(task.dev), len(task.test)) == (60, 60) and len(task.train) == 600
    with pytest.raises(CourseError, match="0 rows cannot be measured"):
        load(saved(tmp_path), measured=0)
