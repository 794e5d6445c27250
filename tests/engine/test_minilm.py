"""The embedding model as the course runs it, held against sentence-transformers' own pipeline."""

import subprocess
import sys

import numpy as np
import pytest

from course.engine import minilm
from course.engine.weights import minilm_path
from course.material.data import handbook, tickets
from course.paths import ROOT

ODD = ["", " ", "a", "\n\n", "Größe und Straße", "日本語のテキスト", "🙂 ok", "word " * 600, "x" * 3000]


def _by_transformers(texts: list[str]) -> np.ndarray:
    """What sentence-transformers computes: BERT, the mean over the tokens, length 1."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(minilm_path(), local_files_only=True)
    model = AutoModel.from_pretrained(minilm_path(), local_files_only=True)
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=minilm.LONGEST, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1)
    mean = (hidden * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(mean).numpy()


@pytest.mark.slow
def test_the_vectors_are_those_of_the_published_pipeline_alone_and_among_others():
    texts = [*ODD, *(ticket.text for ticket in tickets("test")[::20]), *(a.text for a in handbook()[::6])]
    assert np.abs(minilm.encode(texts) - _by_transformers(texts)).max() < 1e-3
    texts = [ticket.text for ticket in tickets("dev")[:40]]
    together = minilm.encode(texts)
    assert np.abs(together - np.vstack([minilm.encode([text]) for text in texts])).max() < 1e-5
    assert np.abs(np.linalg.norm(together, axis=1) - 1).max() < 1e-5
    assert minilm.encode([]).shape == (0, minilm.DIMENSIONS)


@pytest.mark.slow
def test_it_needs_no_torch():
    script = "import sys; from course.engine import minilm; minilm.encode(['a']); "
    script += "sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
