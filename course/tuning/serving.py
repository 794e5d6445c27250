"""A trained adapter as another model of the same client: merged into its base, re-packed, loaded beside it.

The engine does not attach adapters to a GGUF model, so the product of the adapter's matrices is added to the
weights: W + scale x B x A, stored as Q8_0 in the cache folder. What is versioned is the 10 MB adapter.
"""

import atexit
import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from course.engine import embedded, messages_api, weights
from course.engine.sizes import LocalModel, local_models
from course.errors import CourseError
from course.files import locked
from course.paths import cache_dir
from course.tuning.adapters import Adapter

# transformers' name of a linear layer -> its name in a GGUF file
LAYERS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TRAINED = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_([AB])\.weight")
_lock = threading.Lock()
_engines: dict[str, embedded.Engine] = {}


def serve(adapter: Adapter, base: Path | None = None) -> str:
    """Offer an adapter beside its base and return the model name to ask the client for.

    The name ends in the hash of the adapter (and of `base`, where one is given), so recorded answers of one
    version never stand for another's. Merging takes place at the first request that no recorded answer meets
    (see `merged_gguf`), and so does loading (about 700 MB).
    """
    if base is None:
        base_model(adapter)
    below = f"-{weights.file_hash(base)[:8]}" if base else ""
    name = f"local+{adapter.label}-{adapter.card.sha256[:8]}{below}"
    messages_api.MODELS[name] = lambda: _engine(name, adapter, base)
    return name


def close(name: str) -> None:
    """Stop serving a tuned model and free its memory. CourseError when no tuned model has that name."""
    if name not in messages_api.MODELS or not name.startswith("local+"):
        served = ", ".join(other for other in messages_api.MODELS if other.startswith("local+")) or "none"
        raise CourseError(f"No tuned model is served as {name!r}; served are: {served}.")
    del messages_api.MODELS[name]
    with _lock:
        engine = _engines.pop(name, None)
    if engine:
        engine.close()


def discard(adapter: Adapter) -> None:
    """Delete the merged model of an adapter (145 MB); the adapter stays, and serving it merges it again."""
    path = merged_path(adapter)
    with _merging(path):
        weights.delete_checked(path)


def merged_path(adapter: Adapter, base: Path | None = None) -> Path:
    """Where the adapter merged into a GGUF file, by default that of its own base, is kept, made or not."""
    folder = cache_dir() / "models" / "tuned"
    folder.mkdir(parents=True, exist_ok=True)
    base_sha256 = weights.file_hash(base) if base else adapter.card.base_sha256
    return folder / f"{base_sha256[:16]}-{adapter.card.sha256[:16]}.gguf"


def merged_gguf(adapter: Adapter, base: Path | None = None) -> Path:
    """The base with the adapter merged into it, as a Q8_0 file (small: 145 MB) in the cache, made once.

    Raises CourseError when the adapter was trained on other weights. A GGUF file named as `base` is taken
    as it is, to measure what comes of an adapter that was not trained on it.
    """
    source = base or weights.gguf_path(base_model(adapter))
    target = merged_path(adapter, base)
    with _merging(target):
        if not weights.is_intact(target):
            deltas = _deltas(adapter)
            weights.write_checked(target, lambda part: write_merged(source, part, deltas))
    return target


def _merging(path: Path) -> AbstractContextManager:
    busy = f"Another kernel is merging {path.name}; wait until it is done and run the cell again."
    return locked(path.with_suffix(".lock"), busy, seconds=300)


def base_model(adapter: Adapter) -> LocalModel:
    """The local model that the adapter was trained on. CourseError when that is none of them."""
    small = weights.chosen_model("small")
    larger = (model for model in local_models() if model.size != small.size)
    found = next((model for model in larger if model.stem == adapter.card.base), small)
    adapter.check_base(found.stem, weights.file_hash(weights.gguf_path(found)))
    return found


def write_merged(source: Path, target: Path, deltas: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Copy a GGUF file as Q8_0 with a x b added to each tensor of `deltas`: name -> (a, b).

    a has the shape (rows, rank), b (rank, columns), in the order of transformers. CourseError when a tensor
    is missing or has another shape.
    """
    from gguf import GGUFReader

    fields = GGUFReader(source).fields
    architecture = fields["general.architecture"].contents()
    heads = {}
    if architecture == "llama":
        # The format keeps the rows of q and k in the order that its rotation wants.
        heads["attn_q"] = fields["llama.attention.head_count"].contents()
        heads["attn_k"] = fields["llama.attention.head_count_kv"].contents()
    left = dict(deltas)

    def add(name: str, values: np.ndarray) -> np.ndarray:
        if name not in left:
            return values
        a, b = left.pop(name)
        if (len(a), b.shape[1]) != values.shape:
            raise CourseError(f"{name} has the shape {values.shape}, the adapter {(len(a), b.shape[1])}.")
        count = heads.get(name.split(".")[2])
        return values + (_in_gguf_order(a, count) if count else a) @ b

    weights.write_q8_0(source, target, change=add)
    if left:
        raise CourseError(f"The model has no tensor {next(iter(left))}; this adapter is not made for it.")


def _in_gguf_order(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of q or k from transformers' order, halves of a head one after the other, to pairs."""
    return rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def _deltas(adapter: Adapter) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    from safetensors.numpy import load_file

    sides: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for key, values in load_file(adapter.weights).items():
        found = _TRAINED.fullmatch(key)
        if not found or found[2] not in LAYERS:
            raise CourseError(
                f"The engine cannot serve the trained layer {key}; serve this adapter with peft."
            )
        sides[f"blk.{found[1]}.{LAYERS[found[2]]}.weight"][found[3]] = values.astype(np.float32)
    return {name: (adapter.scale * side["B"], side["A"]) for name, side in sides.items()}


def _engine(name: str, adapter: Adapter, base: Path | None) -> embedded.Engine:
    with _lock:
        if name not in _engines:
            path = merged_gguf(adapter, base)
            model = weights.chosen_model("small") if base else base_model(adapter)
            like = base or weights.gguf_path(model)  # it has the same tokenizer
            _engines[name] = embedded.Engine(path, model.context_tokens, like)
            atexit.register(_engines[name].close)
        return _engines[name]
