"""Bringing a model's file: from the hub, from packages, in pieces, and what each failure says."""

import hashlib
import http.server
import multiprocessing
import re
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from course.engine import downloads
from course.engine.sizes import LocalModel, Parts, Published, local_model
from course.errors import CourseError

CONTENT = b"GGUF" + bytes(range(256)) * 40
PIECE = 4000


class Hub(http.server.BaseHTTPRequestHandler):
    """A publisher's hub: sends the file in full or from a byte on, refuses, or breaks off."""

    content, refuses, ranges, breaks_after = CONTENT, 0, True, len(CONTENT)
    asked: list[tuple[str, str, str | None]] = []

    def do_HEAD(self) -> None:
        self.send_response(self.refuses or 200)
        self.end_headers()

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.asked.append((self.command, self.path, wanted))
        begin = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if self.ranges else 0
        body = self.content[begin:]
        self.send_response(206 if self.ranges else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.breaks_after])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A hub in this process that the downloads ask; a test changes its attributes."""
    handler = type("Changed", (Hub,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _use_hub(monkeypatch, f"http://127.0.0.1:{server.server_port}")
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        _use_hub(monkeypatch, f"http://127.0.0.1:{free.getsockname()[1]}")


def _use_hub(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(downloads, "_hub_url", lambda published, file: f"{address}/{published.repo}/{file}")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with wheels that carry the file, the only place where pip looks."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


@pytest.fixture
def model(tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> LocalModel:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    hashes = []
    for number, begin in enumerate(range(0, len(CONTENT), PIECE), 1):
        wheel = packages / f"tiny_part{number}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"tiny_part{number}/__init__.py", "raise SystemExit('imported')\n")
            archive.writestr(f"tiny_part{number}/data/part{number:02}.bin", CONTENT[begin : begin + PIECE])
            described = f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n"
            archive.writestr(f"tiny_part{number}-1.0.dist-info/METADATA", described)
            archive.writestr(f"tiny_part{number}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
            archive.writestr(f"tiny_part{number}-1.0.dist-info/RECORD", "")
        hashes.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    in_package = "tiny_part{number}/data/part{number:02}.bin"
    return replace(
        local_model("large"),
        name="Tiny",
        file="tiny.gguf",
        bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        published=Published("tiny/repo", "1"),
        parts=Parts("tiny-part{number}", "1.0", in_package, PIECE, tuple(hashes)),
    )


@pytest.fixture
def unfinished(model: LocalModel) -> Path:
    """Where an interrupted download leaves what came."""
    model.path.parent.mkdir(parents=True)
    return model.path.with_suffix(".part")


def _left(model: LocalModel) -> list[str]:
    return sorted(path.name for path in model.path.parent.iterdir() if path.suffix != ".lock")


def test_the_hub_comes_first(hub, model):
    assert downloads.bring(model).read_bytes() == CONTENT
    assert hub.asked == [("GET", "/tiny/repo/tiny.gguf", "bytes=0-")]
    assert _left(model) == ["tiny.gguf"]
    downloads.bring(model)
    assert len(hub.asked) == 1


def test_the_hub_goes_on_where_it_broke_off(hub, model):
    hub.breaks_after = 4000
    assert downloads.bring(model).read_bytes() == CONTENT
    assert [wanted for *_, wanted in hub.asked] == ["bytes=0-", "bytes=4000-", "bytes=8000-"]


def test_a_hub_that_cannot_go_on_in_the_middle_costs_nothing_that_came(hub, model, unfinished, capsys):
    hub.ranges = False
    assert downloads.bring(model).read_bytes() == CONTENT
    assert [method for method, *_ in hub.asked] == ["GET"]
    model.path.unlink()
    unfinished.write_bytes(CONTENT[:500])
    assert downloads.bring(model).read_bytes() == CONTENT
    assert "Tiny: the publisher's hub cannot go on in the middle of a file" in capsys.readouterr().err


@pytest.mark.parametrize("begun", [0, 500])
def test_a_page_in_the_place_of_the_file_does_not_become_part_of_it(hub, model, unfinished, capsys, begun):
    unfinished.write_bytes(CONTENT[:begun])
    hub.ranges, hub.content = False, b"<html>Log in to this network</html>"
    assert downloads.bring(model).read_bytes() == CONTENT
    assert "Tiny: " in capsys.readouterr().err


@pytest.mark.parametrize("begun", [PIECE - 1, PIECE, 2 * PIECE + 7, len(CONTENT), len(CONTENT) + 1])
def test_packages_go_on_at_any_byte(no_hub, model, unfinished, begun):
    unfinished.write_bytes((CONTENT + b"x")[:begun])
    assert downloads.bring(model).read_bytes() == CONTENT
    assert _left(model) == ["tiny.gguf"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"breaks_after": 0}, "Tiny: the publisher's hub stopped sending"),
        ({"content": CONTENT[:5000]}, "Tiny: what answers in the place of the publisher's hub"),
        ({"refuses": 403}, "Tiny: the publisher's hub refused (403)"),
    ],
)
def test_packages_go_on_where_the_hub_stops_or_refuses(hub, model, capsys, change, reason):
    for name, value in change.items():
        setattr(hub, name, value)
    assert downloads.bring(model).read_bytes() == CONTENT
    assert reason in capsys.readouterr().err


def test_a_silent_hub_is_left_within_two_seconds(model, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        _use_hub(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        with pytest.raises(downloads._Unavailable, match="did not answer within 2 seconds"):
            downloads._offered(model)
        assert time.monotonic() - begun < 2.5


def test_without_any_network_it_says_both_reasons_and_keeps_what_came(no_hub, model, packages):
    (packages / "tiny_part3-1.0-py3-none-any.whl").unlink()
    with pytest.raises(
        CourseError, match=r"hub cannot be reached; pip did not get tiny-part3 1.0 .*kept.*downloads large"
    ):
        downloads.bring(model)
    assert model.path.with_suffix(".part").read_bytes() == CONTENT[: 2 * PIECE]
    assert _left(model) == ["tiny.part"]


def test_a_package_with_another_hash_is_refused(no_hub, model):
    changed = replace(model, parts=replace(model.parts, sha256=("0" * 64, *model.parts.sha256[1:])))
    with pytest.raises(CourseError, match="tiny-part1 1.0 does not have the sha256 in data/models.toml"):
        downloads.bring(changed)


def test_another_file_is_deleted_and_says_so(hub, model):
    hub.content = CONTENT[:-1] + b"x"
    with pytest.raises(CourseError, match="not the published tiny.gguf.*deleted. Run this again: python -m"):
        downloads.bring(model)
    assert _left(model) == []


def test_a_full_disk_says_how_many_bytes_are_needed(no_hub, model, unfinished, monkeypatch):
    unfinished.write_bytes(CONTENT[:1000])
    free = shutil.disk_usage(unfinished.parent)._replace(free=50)
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: free)
    needed = f"{len(CONTENT) - 1000 + PIECE:,}"
    with pytest.raises(CourseError, match=f"needs {needed} bytes and has 50.*COURSE_CACHE"):
        downloads.bring(model)
    assert unfinished.read_bytes() == CONTENT[:1000]


def test_a_disk_that_fills_on_the_way_loses_nothing(hub, model, monkeypatch):
    append = downloads._append

    def full(chunks, unfinished: Path, progress) -> None:
        append([next(iter(chunks))[:700]], unfinished, progress)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads, "_append", full)
    with pytest.raises(CourseError, match="too full for Tiny"):
        downloads.bring(model)
    assert model.path.with_suffix(".part").read_bytes() == CONTENT[:700]
    monkeypatch.setattr(downloads, "_append", append)
    assert downloads.bring(model).read_bytes() == CONTENT


def _bring(model: LocalModel) -> None:
    downloads._hub_url = lambda *_: "http://127.0.0.1:9/"
    downloads.bring(model)


@pytest.mark.slow
def test_a_killed_download_goes_on_and_two_at_once_do_not_mix(no_hub, model, unfinished):
    context = multiprocessing.get_context("spawn")
    first = context.Process(target=_bring, args=(model,))
    first.start()
    while not (unfinished.is_file() and unfinished.stat().st_size):
        assert first.is_alive()
        time.sleep(0.02)
    first.kill()
    first.join()
    begun = unfinished.stat().st_size
    assert CONTENT.startswith(unfinished.read_bytes()) and 0 < begun < len(CONTENT)
    pair = [context.Process(target=_bring, args=(model,)) for _ in range(2)]
    for process in pair:
        process.start()
    for process in pair:
        process.join(60)
    assert [process.exitcode for process in pair] == [0, 0]
    assert model.path.read_bytes() == CONTENT
    assert _left(model) == ["tiny.gguf"]


def test_an_unknown_size_is_refused(capsys):
    with pytest.raises(SystemExit):
        downloads.main(["huge"])
    assert "choose from" in capsys.readouterr().err


def test_the_address_is_the_pinned_revision(model):
    assert downloads._hub_url(model.published, model.file).endswith("/tiny/repo/resolve/1/tiny.gguf")
