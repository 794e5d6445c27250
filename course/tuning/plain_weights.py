"""A local model's weights in the form that PyTorch trains: a folder that transformers loads in a second.

Reading the small model's GGUF file for training takes 18 s, so what was read is kept in the cache folder;
`course.tuning.setup` writes it when training is made ready.
"""

from functools import partial
from pathlib import Path

from course.engine import weights
from course.engine.sizes import LocalModel
from course.errors import CourseError
from course.paths import cache_dir

BYTES_PER_PACKED = 4  # of fp32 for a byte of Q8_0


def plain_folder(model: LocalModel | None = None) -> Path:
    """A folder with a model's weights in fp32 (default: the small one, 540 MB), configuration and tokenizer.

    It is made once from `weights.gguf_path(model)` and made again when its weights are damaged. Raises
    CourseError when the disk is full.
    """
    source = weights.gguf_path(model)
    folder = cache_dir() / "models" / f"{source.stem}-{weights.file_hash(source)[:16]}-plain"
    from safetensors import SafetensorError  # what a full disk raises where transformers saves weights

    try:
        return weights.checked_folder(folder, partial(_convert, source))
    except (OSError, SafetensorError) as error:
        free = BYTES_PER_PACKED * source.stat().st_size / 1e6
        raise CourseError(
            f"The weights could not be written to {folder.parent} ({error}). Free {free:,.0f} MB there, or "
            "set COURSE_CACHE to a folder that has them."
        ) from None


def _convert(source: Path, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(folder)
    read = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
    # transformers will not save a model that it marks as read from GGUF, so the weights move to a plain one.
    config = read.config
    del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(read.state_dict())
    plain.save_pretrained(folder)
