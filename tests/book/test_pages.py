"""What the pages add to the lessons: how to run them, and where each term of the glossary first stands."""

from pathlib import PurePosixPath

import nbformat
import pytest

from book import build
from book.pages import PLOTLY, how_to_run, page_of, with_first_places, with_ways_to_run
from course.errors import CourseError
from course.material.lessons import lessons
from course.paths import NOTEBOOKS

PATH = PurePosixPath("notebooks/more/02_order.ipynb")
REPOSITORY = "https://github.com/someone/course"
GLOSSARY = (build.SOURCE / "glossary.md").read_text(encoding="utf-8")


def lesson_pages() -> dict[str, nbformat.NotebookNode]:
    return {path.name: nbformat.read(path, as_version=4) for path in build.chosen_notebooks([])}


def test_an_address_opens_the_notebook_elsewhere_and_without_one_nothing_leads_away():
    assert how_to_run(PATH, "", "../") == f"**Run it:** [in JupyterLab](../run.md), where it is `{PATH}`."
    page = with_ways_to_run((build.SOURCE / "run.md").read_text(encoding="utf-8"), "")
    assert "make lab" in page and "Binder" not in page and "Colab" not in page and "http" not in page
    line = how_to_run(PATH, REPOSITORY)
    assert (
        "https://mybinder.org/v2/gh/someone/course/main?urlpath=lab/tree/notebooks/more/02_order.ipynb"
        in line
    )
    assert (
        "https://colab.research.google.com/github/someone/course/blob/main/notebooks/more/02_order.ipynb"
        in line
    )
    page = with_ways_to_run((build.SOURCE / "run.md").read_text(encoding="utf-8"), REPOSITORY)
    assert f"git clone --depth 1 {REPOSITORY} course" in page and "mybinder.org/v2/gh/someone/course" in page
    assert "ELSEWHERE" not in page and "BINDER" not in page and "(REPOSITORY" not in page


@pytest.mark.parametrize("line", ["", 'urls = { repository = "https://github.com/someone/course" }'])
def test_the_address_is_that_of_the_project(line, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "course"\n{line}\n')
    assert build.repository() == (REPOSITORY if line else "")


def test_every_lesson_is_a_page_and_every_term_of_the_glossary_stands_in_one():
    paths = build.chosen_notebooks([])
    assert [path for path in paths if path.parent == NOTEBOOKS] == [each.path for each in lessons()]
    assert set(paths) - {each.path for each in lessons()} == set((NOTEBOOKS / "more").glob("*.ipynb"))
    assert build.chosen_notebooks(["09"]) == [lesson.path for lesson in lessons() if lesson.number == "09"]
    terms = [line for line in GLOSSARY.split("\n") if line[:1].isalpha()]
    assert len(terms) > 12 and terms == sorted(terms, key=str.lower)
    assert with_first_places(GLOSSARY, lesson_pages()).count("First in: [") == len(terms)


def test_a_term_leads_to_the_heading_under_which_it_first_stands():
    words = [
        "# 00 One\n\n- see a test set\n\n## The first\n\nTwo test\nsets here.",
        "## The second\n\nA test set.",
    ]
    one, two = (nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]) for text in words)
    entry = "test set\n    Rows.\n"
    assert with_first_places(entry, {"00.ipynb": one, "01.ipynb": two}) == (
        f"{entry}    First in: [00 One, The first](00.ipynb#the-first).\n"
    )
    with pytest.raises(CourseError, match="No lesson has the term 'test set'"):
        with_first_places(entry, {})


def test_writing_keeps_what_is_the_same_and_a_chart_without_a_title_is_named(tmp_path):
    output = nbformat.v4.new_output("display_data", {PLOTLY: {"data": [], "layout": {}}})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("board.show()", outputs=[output])])
    with pytest.raises(CourseError, match=r"has no title(.|\n)*board.show\(\)"):
        page_of(notebook, drawing=None)
    build.write({"a.md": "1", "more/b.md": "2", "c.md": "3"}, tmp_path)
    before = (tmp_path / "a.md").stat().st_mtime_ns
    build.write({"a.md": "1", "more/b.md": b"4"}, tmp_path)
    assert (tmp_path / "a.md").stat().st_mtime_ns == before
    assert (tmp_path / "more" / "b.md").read_text() == "4" and not (tmp_path / "c.md").exists()
