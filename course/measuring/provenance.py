"""Files in data/measured/: what takes too long for a lesson. Each row says how and when it was made."""

import os
import platform
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pandas as pd

from course.engine.sizes import LocalModel, local_model
from course.engine.weights import fingerprint
from course.errors import CourseError
from course.files import read_csv, replacing
from course.material.data import KINDS
from course.measuring.results import READING, Outcome, wilson
from course.paths import DATA

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FOLDER = DATA / "measured"
FAST = {"avx512f": "AVX-512", "amx_tile": "AMX"}  # flags of a processor, and what they say


@dataclass(frozen=True)
class Provenance:
    """Where a measured row comes from. `fingerprint` is that of the embedded model's weights."""

    command: str
    date: str
    machine: str
    cores: int
    fingerprint: str

    @classmethod
    def now(cls, command: str, model: LocalModel | None = None) -> "Provenance":
        """This command, today, on this machine; the fingerprint is `model`'s, by default the small one's."""
        weights = model.sha256[:16] if model else fingerprint()
        return cls(command, **here(), fingerprint=weights)

    def __str__(self) -> str:
        return f"{READING}: {self.date}, {self.cores} cores of {self.machine}, `{self.command}`"


@dataclass(frozen=True, kw_only=True)
class Counted(Provenance):
    """A row that counts replies: `right` of the `valid` of `n`, none of which can be more than the next.

    `low` and `high` are the 95% interval of the accuracy, 0 to 1.
    """

    n: int
    right: int
    valid: int
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.valid <= self.n or self.n == 0:
            raise CourseError(
                f"{self.right} right and {self.valid} valid of {self.n} is not possible; restore the row."
            )

    @classmethod
    def counted(cls, right: int, valid: int, n: int, command: str, **own: Any) -> Self:
        """A row of this machine and day, and of the small model unless `own` has another fingerprint.

        `own` are the fields that the kind of row adds.
        """
        low, high = (round(bound, 4) for bound in wilson(right, n))
        made = asdict(Provenance.now(command)) | own
        return cls(**made, n=n, right=right, valid=valid, low=low, high=high)

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], command: str, **own: Any) -> Self:
        """The same of judged rows."""
        right, valid = (sum(getattr(each, name) for each in outcomes) for name in ("correct", "valid"))
        return cls.counted(right, valid, len(outcomes), command, **own)

    @property
    def accuracy(self) -> float:
        """Share of replies that are right, 0 to 1."""
        return self.right / self.n

    @property
    def valid_share(self) -> float:
        """Share of replies that have the form asked for, 0 to 1."""
        return self.valid / self.n


@dataclass(frozen=True, kw_only=True)
class CountedByKind(Counted):
    """A row that counts replies to tickets: how many of each kind are right as well."""

    typical: int
    hard: int
    boundary: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.typical + self.hard + self.boundary != self.right:
            raise CourseError(f"the kinds do not add up to {self.right}; restore the row.")

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], command: str, **own: Any) -> Self:
        """A row of judged tickets."""
        kinds = {kind: sum(row.correct for row in outcomes if row.slice == kind) for kind in KINDS}
        return super().of(outcomes, command, **kinds, **own)


MeasuredRow = TypeVar("MeasuredRow", bound=Hashable)


def write_rows(rows: "Sequence[DataclassInstance]", path: Path) -> None:
    """Write the CSV file completely or not at all: the earlier file stays until the new one is complete.

    CourseError when it cannot be written, as on a full disk.
    """
    table = pd.DataFrame([asdict(row) for row in rows])
    try:
        with replacing(path) as unfinished:
            table.to_csv(unfinished, index=False, na_rep="nan", lineterminator="\n")
    except OSError as error:
        raise CourseError(
            f"{path.name} cannot be written ({error.strerror}); free some space in {path.parent} and run the "
            "command again. The file still holds what it held before."
        ) from None


def write_in_place(new: Sequence[Any], path: Path, *fields: str) -> list[Any]:
    """Write rows in the place of those that have the same values of these fields; all rows of the file."""
    of = attrgetter(*fields)
    written = {of(row) for row in new}
    earlier = read_csv(path, type(new[0]), unique=None) if path.is_file() else []
    rows = [*(row for row in earlier if of(row) not in written), *new]
    write_rows(rows, path)
    return rows


def read_rows(kind: type[MeasuredRow], path: Path, command: str) -> list[MeasuredRow]:
    """The rows of the file. CourseError names the line and value at fault, or the command that makes it."""
    if not path.is_file():
        raise CourseError(f"{path.name} has not been measured yet: run `{command}` in the course folder.")
    return read_csv(path, kind, unique=None)


def fingerprint_of(size: str) -> str:
    """That of the weights of a size: of the file the small model answers from, else of the published one."""
    return fingerprint() if size == "small" else local_model(size).sha256[:16]


def here() -> dict[str, Any]:
    """Today and this machine: `date`, `machine` and `cores`."""
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": processor(), "cores": os.cpu_count() or 1}


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, where the system tells it, with what makes trainings and long prompts faster."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = told.get("model name") or platform.processor() or platform.machine()
    found = [fast for flag, fast in FAST.items() if flag in told.get("flags", "").split()]
    return f"{name} with {' and '.join(found)}" if found else name
