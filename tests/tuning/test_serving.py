"""Merging: the right numbers at the right places of the file, and the tuned model beside its base."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from anthropic.types import Message
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quants

from course.engine import messages_api, weights
from course.engine.client import connect
from course.engine.replies import text_of
from course.engine.sizes import local_model
from course.errors import CourseError
from course.material.data import tickets
from course.tuning import adapters, lora, serving
from course.tuning.chats import TrainingChat, routing_chats
from course.tuning.lora import Settings
from tests import disk
from tests.tuning.test_adapters import CARD, LORA

pytestmark = pytest.mark.slow  # loads torch

WIDTH, HEADS, KEY_HEADS = 64, 4, 2
Q, K, DOWN = "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.ffn_down.weight"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One layer of a model of zeros, so that only what is added is there."""
    writer = GGUFWriter(tmp_path / "zeros.gguf", "llama")
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_token_list(["a"])
    for name, rows in ((Q, 64), (K, 32), (DOWN, 64)):
        zeros = quants.quantize(np.zeros((rows, WIDTH), np.float32), GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, zeros, raw_dtype=GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "zeros.gguf"


def tensors(path: Path) -> dict[str, np.ndarray]:
    return {
        tensor.name: quants.dequantize(tensor.data, tensor.tensor_type) for tensor in GGUFReader(path).tensors
    }


def product(rows: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(rows)
    return draw.normal(size=(rows, 4)).astype(np.float32), draw.normal(size=(4, WIDTH)).astype(np.float32)


def foreign_adapter(**card: Any) -> adapters.Adapter:
    """One that was trained on another base, unless told otherwise."""
    a, b = product(64)
    key = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"
    state = {key.format("A"): torch.tensor(b), key.format("B"): torch.tensor(a)}
    return adapters.save(state, LORA, adapters.Card(name="foreign", **CARD | card))


def test_merged_rows_are_where_transformers_reads_them(source, tmp_path):
    from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

    added = {Q: product(64), K: product(32)}
    serving.write_merged(source, tmp_path / "merged.gguf", added)
    reader = LlamaTensorProcessor(config={"num_attention_heads": HEADS, "num_key_value_heads": KEY_HEADS})
    found = tensors(tmp_path / "merged.gguf")
    for name, (a, b) in added.items():
        read = reader.process(weights=found[name], name=name).weights
        assert np.abs(read - a @ b).max() < np.abs(a @ b).max() / 100
    assert not found[DOWN].any()


def test_a_layer_that_does_not_fit_is_named(source, tmp_path):
    with pytest.raises(CourseError, match=r"ffn_down.weight has the shape \(64, 64\), .* \(32, 64\)"):
        serving.write_merged(source, tmp_path / "merged.gguf", {DOWN: product(32)})
    with pytest.raises(CourseError, match="no tensor blk.9.attn_q.weight"):
        serving.write_merged(source, tmp_path / "merged.gguf", {"blk.9.attn_q.weight": product(64)})


def test_a_base_that_is_named_is_taken_and_another_one_refused(source, tmp_path, results_dir, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    adapter = foreign_adapter()
    with pytest.raises(CourseError, match="does not fit SmolLM2-135M"):
        serving.merged_gguf(adapter)
    found = tensors(serving.merged_gguf(adapter, source))
    assert found[Q].any() and not found[K].any()


def test_an_adapter_goes_onto_the_model_it_was_trained_on(source, tmp_path, results_dir, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    medium = local_model("medium")
    monkeypatch.setattr(serving.weights, "gguf_path", {medium: source}.__getitem__)
    adapter = foreign_adapter(base=medium.stem, base_sha256=weights.file_hash(source))
    assert serving.base_model(adapter) == medium
    assert tensors(serving.merged_gguf(adapter))[Q].any()
    with pytest.raises(CourseError, match=f"does not fit {medium.stem}"):
        serving.base_model(adapters.Adapter(adapter.folder, replace(adapter.card, base_sha256="0" * 64)))


def test_a_full_disk_is_named_and_leaves_no_half_of_a_merge(source, tmp_path, results_dir, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    adapter = foreign_adapter()
    with monkeypatch.context() as patch:
        patch.setattr(serving, "write_merged", disk.full)
        with pytest.raises(CourseError, match="The model could not be written .*No space.*Free some space"):
            serving.merged_gguf(adapter, source)
    target = serving.merged_path(adapter, source)
    assert not [path for path in target.parent.iterdir() if path.suffix != ".lock"]
    assert serving.merged_gguf(adapter, source) == target


def test_a_model_is_named_by_its_adapter_and_merged_when_asked(source, tmp_path, results_dir, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    loaded = []

    class FakeEngine:
        def __init__(self, path: Path, context_tokens: int, base: Path):
            loaded.append(path)

        def close(self) -> None:
            pass

    monkeypatch.setattr(serving.embedded, "Engine", FakeEngine)
    adapter = foreign_adapter()
    name = serving.serve(adapter, source)
    assert name.startswith(f"local+foreign-v1-{adapter.card.sha256[:8]}-")
    try:
        merged = serving.merged_path(adapter, source)
        assert not merged.exists() and loaded == []
        engine = messages_api.MODELS[name]()
        assert merged.exists() and loaded == [merged]
        assert messages_api.MODELS[name]() is engine and loaded == [merged]
    finally:
        serving.close(name)


def test_only_a_served_tuned_model_can_be_closed():
    for name in ("local", "local+nothing-v1-0"):
        with pytest.raises(CourseError, match=r"No tuned model is served as .*served are: none"):
            serving.close(name)
    assert "local" in messages_api.MODELS


def test_train_merge_serve_answer_and_agree(results_dir):
    chats = routing_chats(tickets("train")[:20])
    settings = Settings(steps=3, batch=8, learning_rate=5e-3)
    adapter = lora.train("twenty", chats, settings=settings)
    losses = [loss for _, loss in adapter.card.losses]
    assert losses[-1] < losses[0]
    assert 8e6 < adapter.weights.stat().st_size < 12e6

    with pytest.raises(CourseError, match="trained on another"):
        card = replace(adapter.card, base="another", base_sha256="0" * 64)
        serving.serve(adapters.Adapter(adapter.folder, card))

    name = serving.serve(adapter)
    assert name == serving.serve(adapter)
    client, base_name = connect(mode="local")

    def ask(model: str, chat: TrainingChat) -> Message:
        turns = [{"role": "user", "content": chat.text}]
        return client.messages.create(model=model, max_tokens=8, system=chat.system, messages=turns)

    try:
        assert name in [model.id for model in client.models.list().data]
        replies = [(chat, ask(name, chat)) for chat in chats[:8]]
        plain = [text_of(ask(base_name, chat)) for chat in chats[:8]]
        assert [text_of(reply) for _, reply in replies] != plain
    finally:
        serving.close(name)
    assert name not in messages_api.MODELS

    plain = lora.Base.of(None).folder
    read = [len(chat.prompt) for chat in lora.encode(chats[:8], plain)]
    assert [reply.usage.input_tokens for _, reply in replies] == read
    ended = [(chat, text_of(reply)) for chat, reply in replies if reply.stop_reason == "end_turn"]
    complete = [replace(chat, answer=text) for chat, text in ended]
    # Of 20 examples and 3 steps comes a model full of near ties; a trained one agrees far more often.
    assert sum(lora.decoded_by_torch(adapter, complete)) >= 0.5 * len(complete)
