"""A lesson runs again when its code or what it read has changed, and not when its words have."""

from pathlib import Path

import nbformat
import pytest

from book import execution
from book.execution import READS, executed

pytestmark = pytest.mark.slow  # starts kernels


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook that reads a file of a course of its own."""
    monkeypatch.setattr(execution, "ROOT", tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("one")
    code = f"print(open({str(tmp_path / 'data' / 'rows.csv')!r}).read())"
    cells = [nbformat.v4.new_markdown_cell("Words."), nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "00.ipynb")
    return tmp_path / "00.ipynb"


def shown(path: Path) -> list[str]:
    """The words and the output after a build."""
    (notebook,) = executed([path], path.parent / "kept")
    words, code = notebook.cells
    assert code.execution_count == 1
    return [words.source, code.outputs[0].text.strip()]


def test_a_lesson_runs_when_it_has_to(lesson, capsys):
    data = lesson.parent / "data" / "rows.csv"
    assert shown(lesson) == ["Words.", "one"] and "executed 00.ipynb in" in capsys.readouterr().out
    kept = nbformat.read(lesson.parent / "kept" / "00.ipynb", as_version=4)
    assert list(kept.metadata[READS]) == ["data/rows.csv"]

    lesson.write_text(lesson.read_text().replace("Words.", "Other words."))
    assert shown(lesson) == ["Other words.", "one"] and capsys.readouterr().out == ""

    data.write_text("two")
    assert shown(lesson) == ["Other words.", "two"] and "executed" in capsys.readouterr().out

    lesson.write_text(lesson.read_text().replace("print(", "print('now', "))
    assert shown(lesson) == ["Other words.", "now two"] and "executed" in capsys.readouterr().out


def test_what_comes_after_a_lesson_that_ran_runs_too(lesson, capsys):
    second = lesson.with_name("01.ipynb")
    second.write_text(lesson.read_text().replace("data/rows", "more/rows"))
    (lesson.parent / "more").mkdir()
    (lesson.parent / "more" / "rows.csv").write_text("three")
    kept = lesson.parent / "kept"
    list(executed([lesson, second], kept))
    list(executed([lesson, second], kept))
    assert capsys.readouterr().out.count("executed") == 2
    (lesson.parent / "data" / "rows.csv").write_text("two")
    list(executed([lesson, second], kept))
    assert capsys.readouterr().out.count("executed") == 2
