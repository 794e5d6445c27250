"""What GitHub reads: every file parses, and the fast check runs on the three systems."""

import re

import pytest
import yaml

from course.paths import ROOT
from tests.conftest import LAST, LONGEST

FILES = sorted((ROOT / ".github").rglob("*.yml"))
TESTS = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_parses_and_says_what_it_is(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["name"]


def test_the_fast_check_runs_on_three_systems_and_the_book_is_checked_before_it_is_published():
    systems = TESTS["jobs"]["check"]["strategy"]["matrix"]["os"]
    assert systems == ["ubuntu-latest", "macos-latest", "windows-latest"]
    for name in ("book", "rot"):
        assert steps(name)[0]["with"]["fetch-depth"] == 0
    commands = [step.get("run") or step["uses"] for step in steps("book")]
    assert commands.index("make site") < commands.index("make site-check")
    assert commands.index("make site-check") < commands.index("actions/upload-pages-artifact@v3")
    assert [name for name in (*LONGEST, *LAST) if not (ROOT / name).is_file()] == []


def steps(name: str) -> list[dict]:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8"))
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(("name", "count"), [("tests", 3), ("book", 3), ("rot", 1)])
def test_what_a_step_runs_is_there_and_may_fail(name, count):
    commands = [step["run"] for step in steps(name) if "run" in step]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = "\n".join(commands)
    targets = re.findall(r"make ([a-z-]+)", text)
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert all((ROOT / name).is_file() for name in re.findall(r"-r (\S+\.txt)", text))
    assert targets and len(commands) == count and not re.search(r"\|\|\s*true", text)


@pytest.mark.parametrize("name", ["tests", "book", "rot"])
def test_every_action_is_pinned_by_version(name):
    assert all(re.search(r"@v\d+$", step["uses"]) for step in steps(name) if "uses" in step)
