"""The embedded model's weights as torch reads them: a full disk is named, and nothing half is left."""

import errno

import pytest
from safetensors import SafetensorError

from course.errors import CourseError
from course.tuning import plain_weights

NO_SPACE = "No space left on device"
FULL = (OSError(errno.ENOSPC, NO_SPACE), SafetensorError(f"I/O error: {NO_SPACE}"))


@pytest.mark.parametrize("error", FULL, ids=["of a text", "of the weights"])
def test_a_full_disk_is_named_and_leaves_nothing(error, tmp_path, monkeypatch):
    def half(source, folder):
        (folder / "config.json").write_text("{}")
        raise error

    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    packed = tmp_path / "tiny.gguf"
    packed.write_bytes(bytes(5_000_000))
    monkeypatch.setattr(plain_weights.weights, "gguf_path", lambda model: packed)
    monkeypatch.setattr(plain_weights, "_convert", half)
    with pytest.raises(CourseError, match=f"could not be written to .*{NO_SPACE}.* Free 20 MB there"):
        plain_weights.plain_folder()
    assert [path.suffix for path in (tmp_path / "models").iterdir()] == [".lock"]
