"""Trained adapters on disk: 10 MB of weights each, with a card that says what they were made from.

An adapter has a name and versions. Saving adds a version and changes no earlier one, so going back is loading
an earlier one: results/adapters/<name>/<version>/. The lessons' own adapters travel with the course, each in
a folder of data/adapters/, so that nobody waits minutes for a training.
"""

import hashlib
import json
import math
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from course.engine import weights
from course.errors import CourseError
from course.files import checked, read_json, replacing_folder
from course.paths import DATA, results_dir

if TYPE_CHECKING:
    from peft import PeftConfig
    from torch import Tensor

WEIGHTS = "adapter_model.safetensors"
CARD = "card.json"
SHIPPED = DATA / "adapters"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What an adapter is made from and what it reached.

    `base` is the name of the model below it, `base_sha256` the hash of that model's weights; `data_sha256`
    that of training and dev chats; `run` that of data, base and settings together. `losses` holds (step, loss
    per answer token) of every step, `dev` (step, loss, share of exact answers) of every look at the dev set,
    and the weights are those of `best_step`. `ended` says why training stopped. Saving gives the version and
    the hash of the weights.
    """

    name: str
    version: int = 0
    sha256: str = ""
    base: str
    base_sha256: str
    data_sha256: str
    run: str
    settings: dict
    dtype: str
    examples: int
    steps: int
    best_step: int
    ended: str
    losses: list
    dev: list
    seconds: float
    tokens_per_second: float
    date: str
    machine: str
    cores: int


@dataclass(frozen=True)
class Adapter:
    """An adapter on disk whose files were checked against its card."""

    folder: Path
    card: Card

    @property
    def label(self) -> str:
        """Name and version, such as routing-v2."""
        return f"{self.card.name}-v{self.card.version}"

    @property
    def weights(self) -> Path:
        """The file with the trained weights."""
        return self.folder / WEIGHTS

    @property
    def scale(self) -> float:
        """The factor of the adapter's product B x A."""
        return self.card.settings["alpha"] / self.card.settings["rank"]

    @property
    def numbers(self) -> int:
        """How many numbers were trained: those of all its matrices."""
        from safetensors import safe_open

        with safe_open(self.weights, "np") as file:
            return sum(math.prod(file.get_slice(key).get_shape()) for key in file.keys())

    def check_base(self, name: str, sha256: str) -> None:
        """CourseError unless the adapter was trained on the weights with this hash."""
        if self.card.base_sha256 != sha256:
            raise CourseError(
                f"The adapter {self.label} was trained on {self.card.base} ({self.card.base_sha256[:8]}) and "
                f"does not fit {name} ({sha256[:8]}), even where the shapes do: train it again on that model."
            )

    def __str__(self) -> str:
        kept = [right for step, _, right in self.card.dev if step == self.card.best_step]
        reached = f", {kept[0]:.0%} of dev" if kept else ""
        return f"{self.label}: {self.card.examples} examples, {self.card.best_step} steps{reached}"


def folder() -> Path:
    """Where all adapters are kept."""
    made = results_dir() / "adapters"
    made.mkdir(exist_ok=True)
    return made


def versions(name: str) -> list[int]:
    """The versions of that name that are on disk, the oldest first."""
    found = (folder() / checked_name(name)).glob("*/" + CARD)
    return sorted(int(path.parent.name) for path in found if path.parent.name.isdecimal())


def load(name: str, version: int | None = None) -> Adapter:
    """An adapter by name, the newest version unless told otherwise.

    Raises CourseError when there is none, when a file is damaged, or when files and card do not fit.
    """
    known = versions(name)
    if not known:
        raise CourseError(f"There is no adapter {name!r} in {folder()}; train it first.")
    if version is not None and version not in known:
        listed = ", ".join(map(str, known))
        raise CourseError(f"The adapter {name!r} has no version {version}; it has {listed}.")
    place = folder() / name / str(version or known[-1])
    adapter = Adapter(place, _read_card(place / CARD))
    if not adapter.weights.is_file() or weights.file_hash(adapter.weights) != adapter.card.sha256:
        raise CourseError(
            f"{adapter.weights} is damaged or missing; load an earlier version, or train {name!r} again."
        )
    return adapter


def shipped(name: str, run: str) -> Adapter | None:
    """The adapter of that name and run that travels with the course, as a new version; None without one."""
    for file in SHIPPED.glob(f"*/{CARD}"):
        card = _read_card(file)
        if (card.name, card.run) == (name, run):
            try:
                with _new_version(name) as (version, unfinished):
                    shutil.copytree(file.parent, unfinished, dirs_exist_ok=True)
                    _write_card(replace(card, version=version), unfinished)
            except OSError as error:  # copytree collects what went wrong into one
                cause = " ".join(str(error).split())[:150]
                raise CourseError(
                    f"The course's adapter {name!r} could not be copied to {folder() / name} ({cause}). "
                    "Free 50 MB there and run the cell again."
                ) from None
            return load(name)
    return None


def save(state: Mapping[str, "Tensor"], config: "PeftConfig", card: Card) -> Adapter:
    """Write a new version of the card's name, completely or not at all, and return it.

    The same weights from the same run again are the version that is there. Raises CourseError when the disk
    is full; earlier versions stay as they are.
    """
    from safetensors.torch import save as as_bytes

    # Half the bytes: what is rounded off is far below what packing the merged weights as Q8_0 does.
    content = as_bytes({key: value.half() for key, value in state.items()})
    sha256 = hashlib.sha256(content).hexdigest()
    newest = _newest_intact(card.name)
    if newest and (newest.card.sha256, newest.card.run) == (sha256, card.run):
        return newest
    try:
        with _new_version(card.name) as (version, unfinished):
            (unfinished / WEIGHTS).write_bytes(content)
            config.save_pretrained(str(unfinished))
            _write_card(replace(card, version=version, sha256=sha256), unfinished)
    except OSError as error:
        raise CourseError(
            f"The adapter {card.name!r} could not be written to {folder() / card.name} ({error}). Free 50 MB "
            "there and train again: it resumes from its last checkpoint. Earlier versions are as they were."
        ) from None
    return load(card.name)


def checked_name(name: str) -> str:
    """The name itself; CourseError when it cannot be one."""
    if not NAME.fullmatch(name):
        raise CourseError(f"{name!r} cannot name an adapter; use small letters, digits and hyphens.")
    return name


@contextmanager
def _new_version(name: str) -> Iterator[tuple[int, Path]]:
    """The number of the next version and a folder to fill, which becomes that version."""
    version = max(versions(name), default=0) + 1
    with replacing_folder(folder() / name / str(version)) as unfinished:
        yield version, unfinished


def _newest_intact(name: str) -> Adapter | None:
    try:
        return load(name)
    except CourseError:
        return None


def _write_card(card: Card, folder: Path) -> None:
    (folder / CARD).write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")


def _read_card(path: Path) -> Card:
    try:
        return checked(Card, read_json(path), str(path))
    except CourseError as error:
        raise CourseError(f"{error} Load another version, or train it again.") from None
