"""What training needs is installed once, and never CUDA on a machine without a GPU."""

import subprocess
from types import SimpleNamespace

import pytest

from course.errors import CourseError
from course.tuning import setup


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would run; none of them does."""
    commands: list[list[str]] = []
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: commands.append(command) or SimpleNamespace(returncode=0)
    )
    return commands


def test_what_is_there_is_not_installed_again(ran):
    setup.ready()
    assert ran == []


def test_a_build_for_another_device_counts_and_another_version_does_not(monkeypatch):
    monkeypatch.setattr(setup, "version", lambda name: "2.13.0+cpu")
    assert not any(pin.startswith("torch==") for pin in setup._missing())
    monkeypatch.setattr(setup, "version", lambda name: "2.12.0")
    assert any(pin.startswith("torch==") for pin in setup._missing())


def test_missing_packages_are_installed(monkeypatch, ran, capsys):
    monkeypatch.setattr(setup, "_missing", lambda: ["peft==1"])
    monkeypatch.setattr(setup, "_cuda_packages", lambda: [])
    setup.ready()
    assert len(ran) == 1 and str(setup.REQUIREMENTS) in ran[0]
    assert "Installing peft==1 for training" in capsys.readouterr().out


def test_cuda_is_refused_without_a_gpu_and_taken_with_one(monkeypatch, ran):
    monkeypatch.setattr(setup, "_missing", lambda: ["torch==1"])
    monkeypatch.setattr(setup, "_cuda_packages", lambda: ["nvidia-cublas", "triton"])
    monkeypatch.setattr(setup, "_has_gpu", lambda: False)
    with pytest.raises(CourseError, match="2 packages of CUDA .nvidia-cublas.*no NVIDIA GPU"):
        setup.ready()
    assert ran == []
    monkeypatch.setattr(setup, "_has_gpu", lambda: True)
    setup.ready()
    assert len(ran) == 1


def test_a_failed_installation_names_the_command(monkeypatch):
    monkeypatch.setattr(setup, "_missing", lambda: ["peft==1"])
    monkeypatch.setattr(setup, "_cuda_packages", lambda: [])
    monkeypatch.setattr(subprocess, "run", lambda command, **_: SimpleNamespace(returncode=1))
    with pytest.raises(CourseError, match="run: python -m course.tuning.setup"):
        setup.ready()
