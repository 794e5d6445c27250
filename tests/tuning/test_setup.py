"""What training needs is installed once, and never CUDA on a machine without a GPU."""

import subprocess
from types import SimpleNamespace

import pytest

from course.errors import CourseError
from course.tuning import setup


@pytest.fixture(autouse=True)
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry each time that the weights would be made ready."""
    times: list[str] = []
    monkeypatch.setattr(setup, "plain_folder", lambda: times.append("written"))
    return times


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would run; none of them does, and uv reaches nothing."""
    commands: list[list[str]] = []

    def run(command: list[str], **_) -> SimpleNamespace:
        commands.append(command[2:])
        return SimpleNamespace(returncode=2 if command[2] == "uv" else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def of_pip(commands: list[list[str]]) -> list[list[str]]:
    return [command for command in commands if command[0] == "pip"]


def test_what_is_there_is_not_installed_again_and_the_weights_are_made_ready(ran, written):
    setup.ready()
    assert ran == [] and written == ["written"]


def test_cuda_is_refused_without_a_gpu_and_a_build_for_another_device_counts(monkeypatch, ran):
    monkeypatch.setattr(setup, "version", lambda name: "2.13.0+cpu")
    assert not any(pin.startswith("torch==") for pin in setup._missing())
    monkeypatch.setattr(setup, "version", lambda name: "2.12.0")
    assert any(pin.startswith("torch==") for pin in setup._missing())
    monkeypatch.setattr(setup, "_missing", lambda: ["torch==1"])
    monkeypatch.setattr(setup, "_cuda_packages", lambda: ["nvidia-cublas", "triton"])
    monkeypatch.setattr(setup, "_has_gpu", lambda: False)
    with pytest.raises(CourseError, match="2 packages of CUDA .nvidia-cublas.*no NVIDIA GPU"):
        setup.ready()
    assert of_pip(ran) == []
    monkeypatch.setattr(setup, "_has_gpu", lambda: True)
    setup.ready()
    assert len(of_pip(ran)) == 1


def test_missing_packages_are_installed(monkeypatch, ran, written, capsys):
    monkeypatch.setattr(setup, "_missing", lambda: ["peft==1"])
    monkeypatch.setattr(setup, "_cuda_packages", lambda: [])
    setup.ready()
    assert [command[0] for command in ran] == ["uv", "pip"]
    assert all(str(setup.REQUIREMENTS) in command for command in ran)
    assert written == ["written"]
    assert "Installing peft==1 for training" in capsys.readouterr().out


def test_uv_takes_the_build_that_fits_the_machine(monkeypatch, ran):
    monkeypatch.setattr(setup, "_missing", lambda: ["torch==1"])
    done = SimpleNamespace(returncode=0)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: ran.append(command) or done)
    setup.ready()
    (command,) = ran
    assert command[2] == "uv" and command[command.index("--torch-backend") + 1] == "auto"


def test_a_failed_installation_names_the_command(monkeypatch, written):
    monkeypatch.setattr(setup, "_missing", lambda: ["peft==1"])
    monkeypatch.setattr(setup, "_cuda_packages", lambda: [])
    monkeypatch.setattr(subprocess, "run", lambda command, **_: SimpleNamespace(returncode=1))
    with pytest.raises(CourseError, match="run: python -m course.tuning.setup"):
        setup.ready()
    assert written == []
