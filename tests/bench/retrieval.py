"""Retrieval against plain numpy: queries per second and index build, from 30 articles to 100,000 chunks.

The articles are the handbook's, with their real vectors. All chunks are synthetic: random unit vectors, and
texts of random words. Both searches are exact and give the same places, which is checked. Read the ratios.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable

import numpy as np

from course.engine.minilm import DIMENSIONS
from course.material.data import handbook, questions
from course.rungs.index import Index
from course.rungs.retrieve import embed

SIZES = (1_000, 10_000, 100_000)
QUERIES, K = 50, 5
SEED = 1
VOCABULARY, WORDS = 5_000, 40  # different words, words in a chunk


def main() -> None:
    """Measure every size in this process and print one table."""
    with tempfile.TemporaryDirectory() as folder:
        articles = [article.text for article in handbook()]
        asked = [question.text for question in questions()][:QUERIES]
        real = (articles, embed(articles), asked, embed(asked))
        os.environ["COURSE_CACHE"] = folder  # so that every index is built here, and thrown away
        print(report([measure(*real), *(measure(*synthetic(size)) for size in SIZES)]))


def synthetic(size: int) -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """Texts, vectors, questions and their vectors: random, of `size` chunks."""
    rng = np.random.default_rng(SEED)
    vectors = rng.standard_normal((size + QUERIES, DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    drawn = rng.integers(VOCABULARY, size=(size + QUERIES, WORDS))
    texts = [" ".join(f"word{number}" for number in row) for row in drawn]
    return texts[:size], vectors[:size], [text[:50] for text in texts[size:]], vectors[size:]


def measure(texts: list[str], vectors: np.ndarray, asked: list[str], questions: np.ndarray) -> dict:
    """Seconds to build the index, and the median seconds of one query by each way to search."""
    index = Index(texts, vectors)
    started = time.perf_counter()
    index.build()
    build = time.perf_counter() - started
    together = index.vector(questions, K)
    exact = np.array([_by_numpy(vectors, question) for question in questions])
    assert (together == exact).mean() > 0.99, "LanceDB and numpy find different chunks"
    started = time.perf_counter()
    index.vector(questions, K)
    batch = (time.perf_counter() - started) / len(questions)
    return {
        "chunks": len(texts),
        "build": build,
        "numpy": _median(lambda place: _by_numpy(vectors, questions[place])),
        "vector": _median(lambda place: index.vector(questions[place : place + 1], K)),
        "batch": batch,
        "lexical": _median(lambda place: index.lexical(asked[place], K)),
        "hybrid": _median(lambda place: index.hybrid(asked[place], questions[place], K)),
    }


def report(rows: list[dict]) -> str:
    """The measurements as text: queries per second, in brackets times the speed of numpy."""
    ways = ("vector", "batch", "lexical", "hybrid")
    lines = [
        f"Queries per second, the best {K} (times plain numpy); all rows but the first are synthetic chunks",
        f"  {'chunks':>8} {'build':>9} {'numpy':>8}" + "".join(f"{way:>18}" for way in ways),
    ]
    for row in rows:
        cells = "".join(f"{1 / row[way]:9,.0f} ({row['numpy'] / row[way]:6.2g})" for way in ways)
        lines.append(f"  {row['chunks']:>8,} {row['build']:7.2f} s {1 / row['numpy']:8,.0f}{cells}")
    lines.append(f"build: table and word index, to disk. batch: {QUERIES} questions in one query.")
    return "\n".join(lines)


def _by_numpy(vectors: np.ndarray, question: np.ndarray) -> np.ndarray:
    likeness = vectors @ question
    best = np.argpartition(likeness, -K)[-K:]
    return best[np.argsort(-likeness[best], kind="stable")]


def _median(ask: Callable[[int], object]) -> float:
    seconds = []
    for place in range(QUERIES):
        started = time.perf_counter()
        ask(place)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
