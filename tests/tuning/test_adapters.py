"""Adapters on disk: versions, the card, and every way in which a file can be wrong."""

import json
import shutil
from pathlib import Path

import peft
import pytest
import torch

from course.engine.weights import file_hash
from course.errors import CourseError
from course.material.data import tickets
from course.tuning import adapters, aftermath, lora, voice
from course.tuning.chats import routing_chats
from tests import disk

pytestmark = pytest.mark.slow  # loads torch

LORA = peft.LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj"])
CARD = {"base": "tiny", "base_sha256": "b" * 64, "data_sha256": "d" * 64, "run": "r1", "examples": 20}
CARD |= {"settings": {"alpha": 8, "rank": 4}, "dtype": "float32", "steps": 3, "best_step": 2}
CARD |= {"ended": "all steps done", "losses": [[1, 2.5], [2, 2.0], [3, 1.5]], "dev": [[2, 2.1, 0.25]]}
CARD |= {"seconds": 1.0, "tokens_per_second": 100.0, "date": "2026-11-21", "machine": "a machine", "cores": 2}


def state(value: float) -> dict[str, torch.Tensor]:
    return {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": torch.full((4, 8), value)}


def save(value: float = 1.0, name: str = "letters", **changes: object) -> adapters.Adapter:
    return adapters.save(state(value), LORA, adapters.Card(**(CARD | {"name": name} | changes)))


def test_a_saved_adapter_comes_back_and_its_card_is_plain_json(results_dir: Path):
    adapter = save()
    assert adapter == adapters.load("letters") == adapters.load("letters", 1)
    assert (adapter.label, adapter.scale, adapter.card.losses[0]) == ("letters-v1", 2.0, [1, 2.5])
    names = {path.name for path in adapter.folder.iterdir()}
    assert names == {adapters.WEIGHTS, "adapter_config.json", adapters.CARD}
    assert str(adapter) == "letters-v1: 20 examples, 2 steps, 25% of dev"
    card = json.loads((save().folder / adapters.CARD).read_text())
    assert card["version"] == 1 and card["dev"] == [[2, 2.1, 0.25]]
    assert card["date"] and card["machine"] and card["cores"]
    assert str(results_dir) not in json.dumps(card)


def test_versions_grow_and_the_same_weights_of_the_same_run_are_one(results_dir: Path):
    first, same, second = save(1.0), save(1.0), save(2.0)
    assert same == first
    assert adapters.versions("letters") == [1, 2]
    assert adapters.load("letters") == second
    assert save(2.0, run="r2").card.version == 3
    assert adapters.load("letters", 1) == first


def test_missing_adapters_and_versions_or_another_base_are_refused(results_dir: Path):
    with pytest.raises(CourseError, match="There is no adapter 'letters'"):
        adapters.load("letters")
    save()
    with pytest.raises(CourseError, match="has no version 4; it has 1"):
        adapters.load("letters", 4)
    for name in ("Letters", "../letters", "", "a b"):
        with pytest.raises(CourseError, match="cannot name an adapter"):
            adapters.load(name)
    adapter = save()
    adapter.check_base("tiny", "b" * 64)
    with pytest.raises(CourseError, match=r"on tiny \(bbbbbbbb\) and does not fit other \(cccccccc\)"):
        adapter.check_base("other", "c" * 64)


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def forget_the_machine(path: Path) -> None:
    card = json.loads(path.read_text())
    del card["machine"]
    path.write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("file", "harm", "says"),
    [
        (adapters.WEIGHTS, flip_a_byte, "adapter_model.safetensors is damaged or missing; load an earlier"),
        (adapters.WEIGHTS, lambda path: path.write_bytes(b""), "damaged or missing"),
        (adapters.WEIGHTS, Path.unlink, "damaged or missing"),
        (adapters.CARD, lambda path: path.write_text("{"), "is not JSON .* Load another version"),
        (adapters.CARD, lambda path: path.write_text('{"name": "letters"}'), "2/card.json: the field 'base'"),
        (adapters.CARD, forget_the_machine, "2/card.json: the field 'machine'"),
        (adapters.CARD, lambda path: path.write_text('{"colour": "red"}'), "the field 'colour' is not known"),
        (adapters.CARD, lambda path: path.write_text("[1]"), "card.json: '.1.' is not an object"),
    ],
)
def test_damaged_files_are_refused_and_the_version_before_still_loads(results_dir, file, harm, says):
    before, after = save(1.0), save(2.0)
    harm(after.folder / file)
    with pytest.raises(CourseError, match=says):
        adapters.load("letters")
    assert adapters.load("letters", 1) == before
    assert save(2.0).card.version == 3


@pytest.mark.parametrize("method", ["write_bytes", "write_text"])
def test_full_disk_leaves_earlier_versions_and_nothing_else(results_dir, monkeypatch, method):
    before = save(1.0)
    with monkeypatch.context() as patch:
        patch.setattr(Path, method, disk.full)
        with pytest.raises(CourseError, match="could not be written .* Free 50 MB"):
            save(2.0)
    assert [path.name for path in before.folder.parent.iterdir()] == ["1"]
    assert adapters.load("letters") == before


@pytest.fixture
def made(results_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> adapters.Adapter:
    """An adapter that travels in a folder of the test's own."""
    made = save()
    monkeypatch.setattr(adapters, "SHIPPED", tmp_path / "shipped")
    assert adapters.shipped("letters", "r1") is None
    shutil.copytree(made.folder, tmp_path / "shipped" / "letters")
    return made


def test_an_adapter_that_travels_is_taken_for_its_own_run_only(made):
    assert adapters.shipped("letters", "another run") is None
    taken = adapters.shipped("letters", "r1")
    assert (taken.card.version, taken.card.sha256) == (2, made.card.sha256)
    assert adapters.load("letters") == taken and adapters.load("letters", 1) == made


def test_an_adapter_that_travels_damaged_is_named(made, tmp_path):
    (tmp_path / "shipped" / "letters" / adapters.WEIGHTS).write_bytes(b"half")
    with pytest.raises(CourseError, match="is damaged or missing"):
        adapters.shipped("letters", "r1")


def test_a_full_disk_takes_no_half_of_an_adapter_that_travels(made, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise shutil.Error([("card.json", "card.json", "No space left on device")])

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", full)
        with pytest.raises(CourseError, match="'letters' could not be copied .*No space.* Free 50 MB"):
            adapters.shipped("letters", "r1")
    assert [path.name for path in made.folder.parent.iterdir()] == ["1"]
    assert adapters.shipped("letters", "r1").card.version == 2


def test_the_lessons_take_the_adapters_that_travel_and_these_stay_small(results_dir: Path, monkeypatch):
    monkeypatch.setattr(lora, "_Run", None)  # a training would fail here
    monkeypatch.setattr(lora, "plain_folder", None)  # and so would weights made ready for one
    routing = lora.train("routing", routing_chats(tickets("train")), routing_chats(tickets("dev")))
    facts, hurried = aftermath.facts_adapter(), aftermath.hurried_adapter()
    heard = voice.tuned_adapter(voice.TRAVELS)
    assert [each.card.examples for each in (routing, facts, hurried, heard)] == [810, 30, 10, 332]
    assert (facts.label, hurried.label) == ("facts-v1", "facts-v2")
    folders = {"routing": routing, "facts": facts, "facts-hurried": hurried, "voice": heard}
    for folder, adapter in folders.items():
        assert adapter.card.sha256 == file_hash(adapters.SHIPPED / folder / adapters.WEIGHTS)
    assert sum(file.stat().st_size for file in adapters.SHIPPED.rglob("*")) < 35e6
