"""The files of rooms that cannot be opened here: each is read by its own parser, and their names agree."""

import json
import re
import shlex
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from course import serve
from course.engine.room import read_tokens
from course.paths import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
VALUES = yaml.safe_load((ROOT / "workshop" / "z2jh-values.yaml").read_text())
DEPLOYMENT, SERVICE = yaml.safe_load_all((ROOT / "workshop" / "engine.yaml").read_text())
ENGINE = DEPLOYMENT["spec"]["template"]["spec"]
# What jupyterhub/values.schema.yaml of the chart (zero-to-jupyterhub-k8s, read at commit 02dd73d) takes at
# each place that is set here. Below a dict it takes anything.
CHART = {
    "hub.config": dict,
    "singleuser.image.name": str,
    "singleuser.image.tag": str,
    "singleuser.cmd": str | list,
    "singleuser.defaultUrl": str,
    "singleuser.startTimeout": int,
    "singleuser.memory.guarantee": int | float | str,
    "singleuser.memory.limit": int | float | str,
    "singleuser.cpu.guarantee": int | float,
    "singleuser.cpu.limit": int | float,
    "singleuser.storage.capacity": str,
    "singleuser.lifecycleHooks.postStart": dict,
    "singleuser.extraEnv": dict,
    "singleuser.networkPolicy.egress": list,
    "cull.enabled": bool,
    "cull.timeout": int,
    "proxy.https.enabled": bool,
    "proxy.https.hosts": list,
    "proxy.https.letsencrypt.contactEmail": str,
}


def places(values: dict, above: str = "") -> Iterator[tuple[str, object]]:
    """The path of every value, down to those that CHART names."""
    for name, value in values.items():
        path = f"{above}{name}"
        if isinstance(value, dict) and path not in CHART:
            yield from places(value, f"{path}.")
        else:
            yield path, value


def test_the_values_set_what_the_chart_takes():
    found = dict(places(VALUES))
    assert set(found) == set(CHART)
    for path, value in found.items():
        assert isinstance(value, CHART[path]), path
        assert not isinstance(value, bool) or CHART[path] is bool, path  # a bool is an int


def test_learners_find_the_engine_and_its_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    environment = VALUES["singleuser"]["extraEnv"]
    [port] = SERVICE["spec"]["ports"]
    address = f"http://{SERVICE['metadata']['name']}:{port['port']}"
    assert environment["ANTHROPIC_BASE_URL"] == address
    assert SERVICE["spec"]["selector"] == DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    [rule] = VALUES["singleuser"]["networkPolicy"]["egress"]
    assert rule["to"] == [{"podSelector": {"matchLabels": SERVICE["spec"]["selector"]}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": port["port"]}]
    [container] = ENGINE["containers"]
    assert container["ports"] == [{"containerPort": port["port"]}]
    image = VALUES["singleuser"]["image"]
    assert container["image"] == f"{image['name']}:{image['tag']}" == f"IMAGE:{VERSION}"
    secret = environment["ANTHROPIC_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
    made = (ROOT / "workshop" / "engine.yaml").read_text().split("apiVersion")[0]
    assert f"secret generic {secret['name']} --from-literal={secret['key']}=" in made
    volumes = {volume["name"]: volume for volume in ENGINE["volumes"]}
    assert volumes["tokens"]["secret"]["secretName"] == secret["name"]
    # The head of the file writes a file of tokens that the engine reads.
    [line] = re.findall(r"printf '(.*?)'", made)
    (tmp_path / "tokens.csv").write_text(line.replace("\\n", "\n") % "secret")
    assert [row.token for row in read_tokens(tmp_path / "tokens.csv", 1)] == ["secret"]


def test_the_engine_takes_the_options_it_is_given(monkeypatch: pytest.MonkeyPatch):
    [container] = ENGINE["containers"]
    command = [*container["command"], *container["args"]]
    assert command[:3] == ["python", "-m", "course.serve"]
    page = (ROOT / "workshop" / "README.md").read_text()
    [unit] = re.findall(r"ExecStart=\S+ (-m course.serve .*)", page)
    given = []
    monkeypatch.setattr(serve, "_serve", given.append)
    monkeypatch.setattr(serve.asyncio, "run", lambda served: None)
    for options in (command[3:], shlex.split(unit)[2:]):
        monkeypatch.setattr("sys.argv", ["serve", *options])
        serve.main()
    assert [options.port for options in given] == [8010, 8010]


@pytest.mark.slow
def test_the_devcontainer_and_binder_use_what_is_there():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    make, target = container["postCreateCommand"].split()
    assert make == "make"
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["bash", "-n", ROOT / ".binder" / "postBuild"], check=True)
    assert (ROOT / ".binder" / "postBuild").stat().st_mode & 0o111
    named = re.findall(r"requirements-\w+\.txt", (ROOT / ".binder" / "postBuild").read_text())
    named += re.findall(r"requirements-\w+\.txt", (ROOT / "Dockerfile").read_text())
    assert named and all((ROOT / name).is_file() for name in named)
    for text in ((ROOT / ".binder" / "runtime.txt").read_text(), (ROOT / "Dockerfile").read_text()):
        assert "python-3.11" in text or "python:3.11" in text


@pytest.mark.slow
def test_the_dockerfile_has_no_fault_that_hadolint_finds():
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    found = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")
