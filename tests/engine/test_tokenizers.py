"""A kept tokenizer is the one in the GGUF file, whatever happens to the folder that keeps it."""

import shutil
from pathlib import Path

import openvino_genai
import pytest

from course.engine import weights
from course.engine.tokenizers import tokenizer

TEXTS = ["", "Where is order 4711?", "Größe 42, naïve \U0001f600", "<|im_start|>user\n", "x " * 9_000]
TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
pytestmark = pytest.mark.slow


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with nothing in it but the small model."""
    source = weights.gguf_path()
    models = tmp_path / "models"
    models.mkdir()
    for path in (source, source.with_suffix(".sha256")):
        shutil.copy(path, models)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return models


def kept(cache: Path) -> Path:
    (folder,) = (path for path in cache.glob("*-tokenizer-*") if path.is_dir())
    return folder


def test_it_gives_the_same_tokens_texts_and_turns(cache):
    in_file = openvino_genai.Tokenizer(str(weights.gguf_path()))
    for found in (tokenizer(weights.gguf_path()), tokenizer(weights.gguf_path())):
        for text in TEXTS:
            ids = found.encode(text, add_special_tokens=False).input_ids.data.tolist()
            assert ids == in_file.encode(text, add_special_tokens=False).input_ids.data.tolist()
            assert not ids[0] or found.decode(ids[0]) == in_file.decode(ids[0])
        rendered = found.apply_chat_template(TURNS, add_generation_prompt=True)
        assert rendered == in_file.apply_chat_template(TURNS, add_generation_prompt=True)
        assert found.get_eos_token_id() == in_file.get_eos_token_id()
    assert not list(kept(cache).glob("*.gguf"))


def test_a_damaged_one_is_made_again_and_what_a_killed_process_left_is_gone(cache):
    tokenizer(weights.gguf_path())
    folder = kept(cache)
    left = cache / f".{folder.name}.1-1.tmp"
    left.mkdir()
    (left / "half").write_bytes(b"half")
    damaged = folder / "openvino_tokenizer.bin"
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    assert tokenizer(weights.gguf_path()).encode("hello").input_ids.data.size == 1
    assert damaged.read_bytes() == content
    assert not left.exists()


def test_without_room_for_it_the_file_is_read(cache, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(weights, "replacing_folder", full)
    assert tokenizer(weights.gguf_path()).encode("hello").input_ids.data.size == 1
    assert not [path for path in cache.glob("*-tokenizer-*") if path.is_dir()]
