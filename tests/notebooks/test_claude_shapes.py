"""The lessons that ask a model run to their end when it answers as Claude does."""

import nbformat
import pytest
from nbclient import NotebookClient

from course.material.lessons import lesson
from course.material.prices import tier
from tests.claude_shapes import replying
from tests.stub_server import stub_server

ASKING = ("00", "01", "02", "03", "04", "05", "06", "07", "08")


@pytest.mark.slow
@pytest.mark.parametrize("number", ASKING)
def test_a_lesson_runs_on_sentences_fences_and_refusals(number, results_dir, monkeypatch):
    path = lesson(number).path
    notebook = nbformat.read(path, as_version=4)
    with stub_server() as stub:
        stub.answer = replying
        settings = {
            "ANTHROPIC_BASE_URL": stub.url,
            "ANTHROPIC_API_KEY": "a-key-for-the-stub",
            "COURSE_MODEL": tier("large").id,
            "COURSE_BUDGET": "100",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        places = {"metadata": {"path": path.parent}}
        NotebookClient(notebook, timeout=300, startup_timeout=300, resources=places).execute()
        assert stub.requests
    shown = nbformat.writes(notebook)
    assert "a-key-for-the-stub" not in shown and "UserWarning" not in shown
