"""The lessons that ask a model run to their end when it answers as Claude does."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from course.material.lessons import lesson
from course.material.prices import tier
from course.paths import NOTEBOOKS
from tests.claude_shapes import replying
from tests.stub_server import StubServer, stub_server

ASKING = ("00", "01", "02", "03", "04", "05", "06", "07", "08")
KEY = "a-key-for-the-stub"


@pytest.fixture(scope="module")
def claude(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubServer]:
    with stub_server() as stub, pytest.MonkeyPatch.context() as environment:
        stub.answer = replying
        environment.setenv("ANTHROPIC_BASE_URL", stub.url)
        environment.setenv("ANTHROPIC_API_KEY", KEY)
        environment.setenv("COURSE_MODEL", tier("large").id)
        environment.setenv("COURSE_BUDGET", "100")
        environment.setenv("COURSE_RESULTS", str(tmp_path_factory.mktemp("results")))
        yield stub


@pytest.fixture(scope="module")
def kernel(claude: StubServer) -> Iterator[KernelManager]:
    """One for all lessons: what they import takes longer than what they do here."""
    manager = KernelManager()
    manager.start_kernel(cwd=NOTEBOOKS)
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.mark.slow
@pytest.mark.parametrize("number", ASKING)
def test_a_lesson_runs_on_sentences_fences_and_refusals(
    number: str, claude: StubServer, kernel: KernelManager
) -> None:
    asked_before = len(claude.requests)
    shown = _run(lesson(number).path, kernel)
    assert len(claude.requests) > asked_before
    assert KEY not in shown and "UserWarning" not in shown


def _run(path: Path, kernel: KernelManager) -> str:
    """The notebook with what it shows, after names of earlier ones are gone."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    client = NotebookClient(notebook, km=kernel, timeout=300, startup_timeout=300)
    try:
        client.execute()
    finally:
        client.kc.stop_channels()
    return nbformat.writes(notebook)
