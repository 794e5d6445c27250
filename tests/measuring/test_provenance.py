"""Measured rows: written completely or not at all, read back as they were, and refused when damaged."""

import os
from dataclasses import dataclass, replace

import pytest

from course import measure
from course.errors import CourseError
from course.material.data import READINGS, readings, tickets
from course.measuring import ladder, provenance
from course.measuring.provenance import Counted, read_rows, write_rows
from course.measuring.results import Result
from course.paths import ROOT
from tests import disk

COMMAND = "python -m course.measure few-shot"


@dataclass(frozen=True, kw_only=True)
class ChosenRow(Counted):
    """A measured row with a field of its own."""

    choice: str


SOURCE = {"command": COMMAND, "date": "2026-11-20", "machine": 'a "quoted", name', "cores": 2}
COUNTS = {"fingerprint": "abc", "n": 360, "right": 30, "valid": 200, "low": 0.059, "high": 0.116}
ROW = ChosenRow(**SOURCE, **COUNTS, choice="fixed")


@pytest.fixture
def path(tmp_path):
    write_rows([ROW], tmp_path / "sweep.csv")
    return tmp_path / "sweep.csv"


def test_a_write_that_fails_leaves_the_old_file_and_what_is_written_is_read_again(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", disk.full)
        with pytest.raises(CourseError, match="No space left.*; free some space"):
            write_rows([ROW, ROW], path)
    assert read_rows(ChosenRow, path, COMMAND) == [ROW]
    assert list(path.parent.iterdir()) == [path]
    rows = [ROW, replace(ROW, choice="random")]
    write_rows(rows, path)
    assert read_rows(ChosenRow, path, COMMAND) == rows
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("choice", "chosen", "line 1: the column 'choice' is missing"),
        (",30,", ",thirty,", "line 2: right is 'thirty'; input should be a valid integer"),
        (",30,", ",300,", "line 2: 300 right and 200 valid of 360 is not possible"),
    ],
)
def test_a_damaged_file_is_refused(path, old, new, message):
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(CourseError, match=message):
        read_rows(ChosenRow, path, COMMAND)


def test_a_file_that_is_missing_and_a_lesson_that_is_unknown_are_named(tmp_path):
    with pytest.raises(CourseError, match="sweep.csv has not been measured yet.*course.measure few-shot"):
        read_rows(ChosenRow, tmp_path / "sweep.csv", COMMAND)
    with pytest.raises(SystemExit, match="'77'"):
        measure.main(["recordings", "77"])


def test_judged_rows_are_counted():
    result = Result.from_replies(tickets("test"), readings()[READINGS[0]], name="names")
    row = ChosenRow.of(result.outcomes, COMMAND, choice="none")
    assert (row.right, row.n, row.accuracy) == (result.right, result.n, result.accuracy)
    assert (row.valid_share, row.low) == (result.valid, round(result.interval[0], 4))
    assert (row.command, row.cores, row.choice) == (COMMAND, os.cpu_count(), "none")
    assert str(row).startswith("recorded reading: ")


def test_a_command_writes_the_file_of_its_module(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_RECORDINGS", "")
    monkeypatch.setattr(measure, "connect", lambda mode: ("a client", "a model"))
    monkeypatch.setattr(ladder, "FILE", tmp_path / "ladder.csv")
    monkeypatch.setattr(ladder, "sweep", lambda: [ROW])
    measure.main(["ladder"])
    assert read_rows(ChosenRow, ladder.FILE, COMMAND) == [ROW]
    assert capsys.readouterr().out == f"Wrote {ladder.FILE}\n"
    assert os.environ["COURSE_RECORDINGS"] == os.devnull


@pytest.mark.parametrize("name", measure.SWEEPS)
def test_every_command_is_named_in_its_file(name):
    file = ROOT / f"{measure.SWEEPS[name].module.replace('.', '/')}.py"
    assert f'COMMAND = "python -m course.measure {name}"' in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("fpu avx2", "A processor"),
        ("fpu avx2 avx512f avx512bw", "A processor with AVX-512"),
        ("avx512f amx_tile", "A processor with AVX-512 and AMX"),
    ],
)
def test_a_machine_is_named_with_what_makes_its_trainings_faster(flags, name, tmp_path):
    told = f"processor\t: 0\nmodel name\t: A processor\nflags\t\t: {flags}\n\n"
    (tmp_path / "cpuinfo").write_text(told * 2)
    assert provenance.processor(tmp_path / "cpuinfo") == name
