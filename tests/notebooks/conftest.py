"""What lessons teach is held against answers that travel: local ones, and results of a test's own."""

import pytest

from tests.conftest import TAUGHT


@pytest.fixture(autouse=True)
def _apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.path.name.startswith(TAUGHT):
        request.getfixturevalue("results_dir")
        monkeypatch.setenv("COURSE_MODE", "local")
