"""A model's tokenizer in the engine's own form, kept in the cache folder.

Reading it out of a GGUF file takes longer than reading the weights: on a core of an AMD EPYC 2.3 s for the
small model and 8.0 s for the large one. What was kept is there in 0.1 and 0.2 s.
"""

import os
from functools import partial
from importlib.metadata import version
from pathlib import Path

import openvino_genai

from course.engine import weights
from course.paths import cache_dir


def tokenizer(path: Path) -> openvino_genai.Tokenizer:
    """The tokenizer of the GGUF file at `path`, read out of the file each time where it cannot be kept.

    Raises RuntimeError, as openvino-genai does, when the file holds none that the engine knows.
    """
    name = f"{path.stem}-{weights.file_hash(path)[:16]}-tokenizer-{version('openvino-genai')}"
    try:
        folder = weights.checked_folder(cache_dir() / "models" / name, partial(_write, path))
    except (OSError, RuntimeError):
        return openvino_genai.Tokenizer(str(path))
    return openvino_genai.Tokenizer(str(folder))


def _write(source: Path, folder: Path) -> None:
    # The engine writes beside the file that it reads.
    beside = folder / source.name
    try:
        os.link(source, beside)
    except OSError:  # another disk
        beside.symlink_to(source.resolve())
    openvino_genai.Tokenizer(str(beside), enable_save_ov_model=True)
    beside.unlink()
    openvino_genai.Tokenizer(str(folder))  # fails on half a file, as a full disk leaves one
