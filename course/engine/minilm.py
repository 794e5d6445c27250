"""all-MiniLM-L6-v2, which turns texts into vectors, as an OpenVINO graph of its published weights.

OpenVINO is there anyway, and on 2 cores this was the fastest of three ways: sentence-transformers, with
PyTorch, took 3 times as long and plain numpy 6 times. The vectors are the same to a millionth.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from course.engine.weights import minilm_path

DIMENSIONS = 384
LONGEST = 256  # tokens of a text that count; the rest is cut off, as in the published model
_HEADS, _LAYERS, _EPSILON = 12, 6, 1e-12
_BATCH = 32


def encode(texts: Sequence[str]) -> np.ndarray:
    """One row of length 1 for each text: shape (number of texts, 384), float32."""
    tokenizer, model = _loaded()
    vectors = np.empty((len(texts), DIMENSIONS), np.float32)
    # Texts of about the same length share a batch, since each batch is padded to its longest.
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        encodings = tokenizer.encode_batch([texts[place] for place in places])
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.float32)
        vectors[places] = model([ids, mask])[0]
    return vectors


@cache
def _loaded():
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(minilm_path() / "tokenizer.json"))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.enable_padding()
    return tokenizer, _compiled()


def _compiled():
    """BERT's graph: token ids and mask, each of shape (texts, tokens), to unit vectors."""
    import openvino
    from openvino import opset13 as op
    from safetensors.numpy import load_file

    weights = load_file(str(minilm_path() / "model.safetensors"))

    def integer(*values: int):
        return op.constant(np.array(values, np.int64))

    def number(value: int):
        return op.constant(np.int64(value))

    def scaled(name: str, nodes):
        """Layer normalisation."""
        spread = op.mvn(nodes, integer(-1), True, _EPSILON, "inside_sqrt")
        return spread * op.constant(weights[f"{name}.weight"]) + op.constant(weights[f"{name}.bias"])

    def linear(name: str, nodes):
        product = op.matmul(nodes, op.constant(weights[f"{name}.weight"]), False, True)
        return product + op.constant(weights[f"{name}.bias"])

    def heads(nodes):
        split = op.reshape(nodes, integer(0, 0, _HEADS, DIMENSIONS // _HEADS), True)
        return op.transpose(split, integer(0, 2, 1, 3))

    def embedded(what: str, places):
        table = op.constant(weights[f"embeddings.{what}_embeddings.weight"])
        return op.gather(table, places, number(0))

    ids = op.parameter([-1, -1], np.int64)
    mask = op.parameter([-1, -1], np.float32)
    length = op.gather(op.shape_of(ids), number(1), number(0))
    places = op.range(number(0), length, number(1), "i64")
    nodes = scaled(
        "embeddings.LayerNorm",
        embedded("word", ids)
        + embedded("position", places)
        + op.constant(weights["embeddings.token_type_embeddings.weight"][0]),
    )
    # Padding is never attended to: its share is exp(log 0) = 0.
    hidden = op.log(op.unsqueeze(mask, integer(1, 2)))
    for place in range(_LAYERS):
        layer = f"encoder.layer.{place}"
        query, key, value = (
            heads(linear(f"{layer}.attention.self.{part}", nodes)) for part in ("query", "key", "value")
        )
        attended = op.transpose(
            op.scaled_dot_product_attention(query, key, value, hidden), integer(0, 2, 1, 3)
        )
        attended = op.reshape(attended, integer(0, 0, DIMENSIONS), True)
        nodes = scaled(
            f"{layer}.attention.output.LayerNorm", nodes + linear(f"{layer}.attention.output.dense", attended)
        )
        inner = op.gelu(linear(f"{layer}.intermediate.dense", nodes), "erf")
        nodes = scaled(f"{layer}.output.LayerNorm", nodes + linear(f"{layer}.output.dense", inner))
    counted = op.unsqueeze(mask, integer(2))
    mean = op.reduce_sum(nodes * counted, integer(1)) / op.reduce_sum(counted, integer(1))
    vectors = op.normalize_l2(mean, integer(1), _EPSILON, "max")
    model = openvino.Model([vectors], [ids, mask], "all-MiniLM-L6-v2")
    return openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
