"""Imports run one way: packages import those before them, and layers of the course those below them."""

import ast
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from course.paths import NOTEBOOKS, ROOT

PACKAGES = ("course", "widgets", "book", "workshop")  # each imports itself and those before it
# A module imports its own layer and those before it. `course.measure` is the command line over all of them.
LAYERS = (
    ("errors", "paths", "files"),
    ("material",),
    ("engine",),
    ("measuring",),
    ("rungs",),
    ("tuning",),
    ("own",),
    ("measure", "serve", "exercises"),
)
DRAWING = ("widgets.cost.pictures",)  # beside the views
USER_INTERFACE = {"anywidget", "IPython", "ipywidgets", "plotly", "traitlets"}
TRAINING = ("torch", "transformers", "peft", "accelerate")


@cache
def modules() -> dict[str, Path]:
    """Every module of PACKAGES: its dotted name and its file."""
    paths = [path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


def imported(tree: ast.AST) -> set[str]:
    """The dotted names that a piece of code imports, `from a import b` as a.b where that is a module."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports from the root: from course.errors import CourseError"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else node.module for name in names}
    return found


@cache
def imports_of(module: str) -> frozenset[str]:
    return frozenset(imported(ast.parse(modules()[module].read_text(encoding="utf-8"))))


def layer(module: str) -> int | None:
    """Its place in LAYERS; None for one outside the course."""
    package, *below = module.split(".")
    if package != "course" or not below:
        return None
    return next(place for place, layer in enumerate(LAYERS) if below[0] in layer)


def all_below(module: str) -> set[str]:
    """What a module imports, directly or through other modules of the project."""
    found, left = set(), [module]
    while left:
        new = imports_of(left.pop()) - found
        found |= new
        left += [name for name in new if name in modules()]
    return found


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_run_one_way(module: str):
    own = layer(module)
    later = PACKAGES[PACKAGES.index(module.split(".")[0]) + 1 :]
    for name in imports_of(module):
        assert name.split(".")[0] not in (*later, "notebooks", "tests"), f"{module} imports {name}"
        below = layer(name)
        assert own is None or below is None or below <= own, f"{module} imports {name}, a later layer"


@pytest.mark.parametrize(
    "model",
    [
        name
        for name in sorted(modules())
        if name.startswith("widgets.") and name.count(".") == 2 and not name.endswith("view")
        if name not in DRAWING
    ],
)
def test_models_import_no_user_interface(model: str):
    by_way_of = {name for name in all_below(model) if name.startswith("widgets.")} | {model}
    guilty = {
        name for name in by_way_of if {other.split(".")[0] for other in imports_of(name)} & USER_INTERFACE
    }
    assert not guilty


@pytest.mark.parametrize(
    "module", [name for name in sorted(modules()) if not name.startswith("course.tuning.")]
)
def test_only_tuning_imports_what_training_needs(module: str):
    assert not {name.split(".")[0] for name in imports_of(module)} & set(TRAINING)


@pytest.mark.slow
def test_lessons_before_fine_tuning_run_without_what_training_needs():
    wanted = set()
    for path in (*NOTEBOOKS.glob("*.ipynb"), *(NOTEBOOKS / "more").glob("*.ipynb")):
        if path.name < "11":
            cells = nbformat.read(path, as_version=4).cells
            code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
            code = TransformerManager().transform_cell(code)
            wanted |= {name for name in imported(ast.parse(code)) if name in modules()}
    assert "course.engine.client" in wanted
    program = f"""
import importlib, sys

class Absent:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in {TRAINING}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent)
for name in {sorted(wanted)}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_architecture_page_draws_the_layers_and_no_two_classes_have_one_name():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = next(line for line in page.splitlines() if "-->" in line and "material" in line)
    packages = [path.name for path in (ROOT / "course").iterdir() if (path / "__init__.py").is_file()]
    assert sorted(drawn.replace("-->", " ").split()) == sorted(packages)
    order = [layer(f"course.{name}") for name in drawn.replace("-->", " ").split()]
    assert order == sorted(order, reverse=True) and len(set(order)) == len(order)
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules().values()]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert [name for name, count in names.items() if count > 1] == []
