"""The rules that every notebook keeps, read from the files without running them."""

import ast
import re
from statistics import median

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from course.exercises.checking import all_exercises
from course.material.lessons import Lesson, lessons
from course.material.prices import models
from course.paths import NOTEBOOKS

FILES = sorted(NOTEBOOKS.glob("*.ipynb"))
MORE = sorted((NOTEBOOKS / "more").glob("*.ipynb"))
KEY = re.compile(r"sk-ant-|ANTHROPIC_(API_KEY|AUTH_TOKEN)['\"\]]*\s*=")
ABSOLUTE = re.compile(r"(?<![\w.~:/])/(?:root|home|work|tmp|Users|opt|mnt)/\w|\b[A-Z]:\\\\")


@pytest.fixture(params=[*FILES, *MORE], ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest):
    return request.param


@pytest.fixture
def cells(path) -> list:
    return nbformat.read(path, as_version=4).cells


@pytest.fixture
def code(cells) -> list[str]:
    return [cell.source for cell in cells if cell.cell_type == "code"]


@pytest.fixture(params=lessons(), ids=lambda each: each.path.stem)
def listed(request: pytest.FixtureRequest) -> Lesson:
    return request.param


@pytest.fixture
def core(listed) -> list[str]:
    """The code cells of a lesson's core."""
    return _code(listed.path)


def _code(path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_the_list_the_folder_and_what_goes_deeper_agree():
    assert [each.path for each in lessons()] == FILES
    assert [each.number for each in lessons()] == [f"{place:02}" for place in range(len(lessons()))]
    assert MORE == [path for each in lessons() for path in each.notebooks[1:]]
    for each in lessons():
        for path in each.notebooks[1:]:
            assert f"(more/{path.name})" in each.path.read_text(encoding="utf-8")
            assert f"(../{each.path.name})" in path.read_text(encoding="utf-8")


def test_a_core_lesson_has_the_header_of_the_list_is_short_and_asserts_nothing(listed, core):
    assert nbformat.read(listed.path, as_version=4).cells[0].source.startswith(listed.header)
    assert not [source for source in core if re.search(r"^\s*assert ", source, re.MULTILINE)]
    assert len(core) <= 30 and median(len(source.splitlines()) for source in core) <= 4
    assert listed.minutes <= 20
    text = listed.path.read_text(encoding="utf-8")
    (picture,) = re.findall(r"!\[[^\]]+\]\((images/[\w.]+)\)", text)
    assert (NOTEBOOKS / picture).is_file()


def test_the_file_is_small_valid_named_in_ascii_and_holds_no_key_or_path(path):
    assert path.name.isascii()
    assert path.stat().st_size < 300_000
    nbformat.validate(nbformat.read(path, as_version=4))
    text = path.read_text(encoding="utf-8")
    assert not KEY.search(text)
    assert not ABSOLUTE.search(text)


def test_nothing_is_left_of_a_run_any_python_opens_it_and_every_cell_parses(path, cells, code):
    assert "widgets" not in nbformat.read(path, as_version=4).metadata
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"
    for source in code:
        ast.parse(TransformerManager().transform_cell(source))


def test_every_cell_has_an_id_no_table_a_column_without_header_and_no_cell_a_model_id(cells):
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == len(ids)
    tables = [re.findall(r"^(\|.*)\n\|[-:| ]+\|$", cell.source, re.MULTILINE) for cell in cells]
    heads = [head.strip("|").split("|") for found in tables for head in found]
    assert all(title.strip() for head in heads for title in head)
    ids = [model.id for model in models() if re.search(r"\d", model.id)]
    assert ids
    text = "\n".join(cell.source for cell in cells)
    assert not [id for id in ids if id in text]
    assert not re.search(r"claude-[a-z]+-\d", text)


def test_cells_are_short_and_print_their_versions(code):
    lengths = [len(source.splitlines()) for source in code]
    assert max(lengths) <= 25
    assert median(lengths) <= 10
    assert any("version(" in source for source in code)


def test_it_has_two_exercises_that_are_checked(core, listed):
    ids = [id for id in all_exercises() if id.startswith(listed.number)]
    in_core, everywhere = ("\n".join(each) for each in (core, map("\n".join, map(_code, listed.notebooks))))
    assert sum(f'exercise("{id}")' in in_core for id in ids) >= 2
    assert [id for id in ids if f'exercise("{id}")' in everywhere] == ids


def test_it_ends_with_a_quiz_whose_answers_stand_in_different_places(core, listed):
    assert f'quiz("{listed.number}")' in core[-1]
    assert len(listed.quiz) == 5
    for question in listed.quiz:
        assert 0 <= question.answer < len(question.options)
        assert len(set(question.options)) == len(question.options) >= 3
    assert len({question.answer for question in listed.quiz}) > 1
