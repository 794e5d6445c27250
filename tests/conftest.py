"""What the tests share: results of their own, no key from outside, and one engine for all of them."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

SETTINGS = ("MODE", "MODEL", "RECORDING", "ROWS", "BUDGET", "GGUF", "FRESH", "RECORDINGS")
KEYS = ("API_KEY", "AUTH_TOKEN", "BASE_URL")
# Fixtures of a model, a browser, and pip in a process of its own.
NOT_FAST = {"engine", "browser_page", "packages"}


# How long an example takes is the machine's affair: a busy one fails no test.
settings.register_profile("course", deadline=None)
settings.load_profile("course")


def pytest_configure() -> None:
    """No test may write to the reader's results or ask a paid model, also without `make test`."""
    for name in [f"COURSE_{name}" for name in SETTINGS] + [f"ANTHROPIC_{name}" for name in KEYS]:
        os.environ.pop(name, None)
    # A shell that starts the tests in the background has them ignore Ctrl-C, which some of them test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("COURSE_RESULTS", tempfile.mkdtemp(prefix="course-test-results-"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast first: what needs a model, a browser or another process comes after all that does not."""
    for item in items:
        if NOT_FAST & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(autouse=True)
def _settings_end_with_the_test() -> Iterator[None]:
    """What a test or the code under it sets for the course does not reach the next test."""
    before = _settings()
    yield
    for name in _settings().keys() - before:
        del os.environ[name]
    os.environ.update(before)


def _settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(("COURSE_", "ANTHROPIC_"))}


@pytest.fixture
def results_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty results folder for one test."""
    folder = tmp_path / "results"
    monkeypatch.setenv("COURSE_RESULTS", str(folder))
    return folder


@pytest.fixture(scope="session")
def engine():
    """The embedded engine, loaded once for all tests that need it."""
    from course.engine.embedded import engine

    return engine()
