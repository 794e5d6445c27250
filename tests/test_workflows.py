"""What GitHub reads: every file parses, and the fast check runs on the three systems."""

import re

import pytest
import yaml

from course.paths import ROOT

FILES = sorted((ROOT / ".github").rglob("*.yml"))
TESTS = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_parses_and_says_what_it_is(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["name"]


def test_the_fast_check_runs_on_three_systems():
    systems = TESTS["jobs"]["check"]["strategy"]["matrix"]["os"]
    assert systems == ["ubuntu-latest", "macos-latest", "windows-latest"]


def test_what_a_step_runs_is_there_and_may_fail():
    commands = [step["run"] for job in TESTS["jobs"].values() for step in job["steps"] if "run" in step]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = "\n".join(commands)
    assert all(
        re.search(rf"^{target}:", makefile, re.MULTILINE) for target in re.findall(r"make (\w+)", text)
    )
    assert all((ROOT / name).is_file() for name in re.findall(r"-r (\S+\.txt)", text))
    assert len(commands) == 3 and "|| true" not in text
