"""What the tests share: results of their own, no key from outside, and one engine for all of them."""

import gc
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

import course  # noqa: F401  (first: other packages then import jsonschema in a tenth of the time)
from tests.forked_kernels import use_forked_kernels

SETTINGS = ("MODE", "MODEL", "RECORDING", "ROWS", "BUDGET", "GGUF", "FRESH", "RECORDINGS")
KEYS = ("API_KEY", "AUTH_TOKEN", "BASE_URL")
# Fixtures of a model, a browser, torch, and pip in a process of its own.
NOT_FAST = {"engine", "browser_page", "packages", "saved_adapter"}
# The tests of `make check`.
QUICK = "not slow"
# A module in which all is slow says so in this line.
ALL_SLOW = "\npytestmark = pytest.mark.slow"
# What the lessons teach is worked out anew: heads are trained and thousands of bills drawn.
TAUGHT = "test_taught"
# What a fast test may not do, as Python's audit events call it.
PROCESSES = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"}
TRAINING = {"torch", "transformers", "peft", "accelerate"}
# Slow tests that take longest, the longest first. Begun early, none of them is what the end waits for.
LONGEST = (
    "tests/engine/test_carried_answers.py",
    "notebooks/11_fine_tune.ipynb",
    "tests/workshop/test_hub.py",
    "tests/tuning/test_serving.py",
    "tests/engine/test_embedded.py",
    "notebooks/more/08_clean_evaluation.ipynb",
    "notebooks/12_live_with_it.ipynb",
    "notebooks/more/11_labels.ipynb",
    "notebooks/more/11_data.ipynb",
    "tests/notebooks/test_app.py",
    "tests/widgets/decision/test_javascript.py",
    "tests/own/test_resume.py",
    "tests/book/test_build.py",
    "tests/tuning/test_lora.py",
    "tests/notebooks/test_taught_more.py",
    "tests/notebooks/test_taught_tuning.py",
    "tests/engine/test_weights.py",
    "tests/engine/test_serve.py",
    "notebooks/more/05_searching.ipynb",
)
# JupyterLab runs each lesson once more, after the notebooks; what they asked is read at the very end.
LAST = ("tests/notebooks/test_lab.py", "tests/engine/test_requests.py")
# Each of its tests runs a lesson, and they share little: any worker takes the next, the longest lesson first.
ONE_BY_ONE, LONGEST_LESSON = LAST[0], "11_fine_tune"
# A worker of slow tests waits for half of its time, and holds a model, a kernel and a browser.
WORKERS_A_CORE, MOST_WORKERS, WORKER_BYTES = 2, 4, 4 * 2**30
RESULTS = pytest.StashKey[Path]()
SAID = "said"  # the property of a test that the report shows though it passed


# How long an example takes is the machine's affair: a busy one fails no test. The quick check tries fewer.
settings.register_profile("course", deadline=None)
settings.register_profile("quick", settings.get_profile("course"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """No test may write to the reader's results or ask a paid model, also without `make test`."""
    settings.load_profile("quick" if config.option.markexpr == QUICK else "course")
    for name in [f"COURSE_{name}" for name in SETTINGS] + [f"ANTHROPIC_{name}" for name in KEYS]:
        os.environ.pop(name, None)
    use_forked_kernels()
    # A shell that starts the tests in the background has them ignore Ctrl-C, which some of them test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    results = os.environ.get("COURSE_RESULTS") or tempfile.mkdtemp(prefix="course-test-results-")
    os.environ["COURSE_RESULTS"] = results  # also of the workers
    config.stash[RESULTS] = Path(results)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the slow tests, a module of nothing else is not imported, nor torch with it."""
    if config.option.markexpr != QUICK or collection_path.suffix != ".py":
        return None
    taught = collection_path.name.startswith(TAUGHT)
    return taught or ALL_SLOW in collection_path.read_text(encoding="utf-8") or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast first: what needs a model, a browser or another process comes after all that does not."""
    for item in items:
        heavy = item.path.suffix != ".py" or item.path.name.startswith(TAUGHT)
        if heavy or NOT_FAST & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    counts = Counter(map(_file, items))
    with_slow = {_file(item) for item in items if _is_slow(item)}

    def turn(item: pytest.Item) -> tuple:
        """Files of fast tests, the largest at the head; then the others, the longest first; the last ones."""
        file = _file(item)
        if file in LAST:
            return 2, LAST.index(file), LONGEST_LESSON not in item.name
        longest = LONGEST.index(file) if file in LONGEST else len(LONGEST)
        return (1, longest, file, _is_slow(item)) if file in with_slow else (0, -counts[file], file)

    items.sort(key=turn)


def pytest_collection_finish() -> None:
    """What was imported stays: no collection of garbage looks through it again. statsmodels asks for many."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What passed tests have to say: a measurement that a person wants to see."""
    for report in terminalreporter.getreports("passed"):
        for name, said in report.user_properties:
            if name == SAID:
                terminalreporter.write_line(said)


def _file(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


class _Sharing(LoadScopeScheduling):
    """A module, or a notebook, stays with one worker, but for the lessons in JupyterLab."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(ONE_BY_ONE) else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """How `make check` and `make test` share the tests between the workers."""
    return _Sharing(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """How many `make test` starts: two for each core, where there is memory for them. `make check`: one."""
    if config.option.markexpr == QUICK:
        return None
    in_memory = psutil.virtual_memory().available // WORKER_BYTES
    return max(2, min(WORKERS_A_CORE * (os.cpu_count() or 1), in_memory, MOST_WORKERS))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Lessons find what earlier ones measured, and LAST what they left; unit tests have a folder apart."""
    of_lessons = item.path.suffix != ".py" or _file(item) in LAST
    folder = item.config.stash[RESULTS] / ("lessons" if of_lessons else "units")
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["COURSE_RESULTS"] = str(folder)


@pytest.fixture(autouse=True)
def _fast_tests_are_light(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that is not marked slow starts no process and loads nothing that only training needs."""
    _fast.append(not _is_slow(request.node))
    yield
    _fast.pop()


_fast: list[bool] = []


def _refuse_what_is_slow(event: str, arguments: tuple) -> None:
    if _fast and _fast[-1] and (event in PROCESSES or (event == "import" and arguments[0] in TRAINING)):
        raise AssertionError(f"A fast test does {event!r}{arguments[:1]}; mark it with pytest.mark.slow.")


sys.addaudithook(_refuse_what_is_slow)


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


@pytest.fixture(autouse=True, scope="module")
def _tuned_models_end_with_the_module() -> Iterator[None]:
    """A tuned model that a module serves is not listed in the next one, and its memory is free."""
    yield
    if serving := sys.modules.get("course.tuning.serving"):
        for name in [name for name in serving.messages_api.MODELS if name.startswith("local+")]:
            serving.close(name)


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
