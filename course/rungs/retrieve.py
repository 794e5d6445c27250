"""Finding texts: MiniLM embeddings kept on disk, the passages that answer a question, the nearest tickets."""

import hashlib
import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, overload

import numpy as np

from course.engine import minilm
from course.engine.weights import MINILM_SHA256
from course.errors import CourseError, one_of
from course.files import checked_text, database
from course.paths import cache_dir
from course.rungs.chunks import Passage
from course.rungs.index import Index
from course.rungs.routing import HasText, Labelled

if TYPE_CHECKING:
    from lancedb.rerankers import Reranker

MODES = ("lexical", "vector", "hybrid")

_SCHEMA = "CREATE TABLE IF NOT EXISTS embeddings (key TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
Row = TypeVar("Row", bound=HasText)
_lock = threading.Lock()
_known: dict[str, np.ndarray] = {}


def embed(texts: Sequence[str]) -> np.ndarray:
    """One row of length 1 for each text: shape (number of texts, 384), float32.

    A vector is computed once and then read from the cache folder, without loading the model.
    """
    if isinstance(texts, str):
        raise CourseError(f"embed() takes a list of texts, not the text {texts[:40]!r}; put it in brackets.")
    keys = [_key(checked_text(text, f"text {number} of embed()")) for number, text in enumerate(texts)]
    with _lock:
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in _known}
        if missing:
            _known.update(_from_disk(missing))
        new = {key: text for key, text in missing.items() if key not in _known}
        if new:
            vectors = dict(zip(new, minilm.encode(list(new.values())), strict=True))
            _to_disk(vectors)
            _known.update(vectors)
        return np.array([_known[key] for key in keys], dtype=np.float32).reshape(len(keys), minilm.DIMENSIONS)


def search(
    text: str,
    passages: Sequence[Passage],
    k: int,
    mode: str = "hybrid",
    reranker: "Reranker | None" = None,
) -> list[Passage]:
    """The `k` passages that fit the question best, the best one first.

    `mode` is one of `MODES`: by shared words (lexical, fewer than `k` where fewer share one), by meaning
    (vector), or both with their ranks fused. `reranker`, one of lancedb.rerankers, fuses a hybrid search in
    another way. The index is made from the passages as they are now: after a change, search again.
    """
    if not checked_text(text, "the question").strip():
        raise CourseError(f"The question is {text!r}; write at least one word.")
    one_of("search mode", mode, MODES)
    if reranker is not None and mode != "hybrid":
        raise CourseError(f"A reranker fuses two searches and the mode is {mode!r}; use mode='hybrid'.")
    if not passages:
        raise CourseError("There are 0 passages to search; cut the handbook into at least 1.")
    index = _index(tuple(passage.searched for passage in passages))
    if mode == "lexical":
        places = index.lexical(text, k)
    elif mode == "vector":
        places = index.vector(embed([text]), k)[0]
    else:
        places = index.hybrid(text, embed([text])[0], k, reranker)
    return [passages[place] for place in places]


@overload
def nearest(text: str, pool: Sequence[Row], k: int) -> list[Row]: ...
@overload
def nearest(text: list[str], pool: Sequence[Row], k: int) -> list[list[Row]]: ...
def nearest(text: str | list[str], pool: Sequence[Row], k: int) -> list[Row] | list[list[Row]]:
    """The `k` tickets of `pool` whose texts are most like `text`, the best one last.

    Last is next to the question when they become examples of a prompt. A list of texts gives a list of lists
    and is much faster than one call for each: the index answers all of them at once.
    """
    if not 1 <= k <= len(pool):
        raise CourseError(
            f"k is {k} and the pool has {len(pool)} tickets; ask for 1 up to {len(pool)} of them."
        )
    questions = [text] if isinstance(text, str) else text
    order = _index(tuple(ticket.text for ticket in pool)).vector(embed(questions), k)[:, ::-1]
    found = [[pool[place] for place in places] for places in order]
    return found[0] if isinstance(text, str) else found


@lru_cache(maxsize=16)  # a loop over questions asks the same texts again and again
def _index(texts: tuple[str, ...]) -> Index:
    return Index(texts, embed(texts))


def vote(neighbours: Sequence[Labelled]) -> str:
    """The commonest queue of the neighbours, the best one last as `nearest` gives them; it wins a tie."""
    return Counter(example.queue for example in reversed(neighbours)).most_common(1)[0][0]


def _key(text: str) -> str:
    return hashlib.sha256(f"{MINILM_SHA256}\n{text}".encode()).hexdigest()


def _cache_file() -> Path:
    return cache_dir() / "embeddings.sqlite"


def _opened() -> AbstractContextManager[sqlite3.Connection]:
    return database(_cache_file(), _SCHEMA, holds="The embeddings")


def _from_disk(wanted: dict[str, str]) -> dict[str, np.ndarray]:
    try:
        with _opened() as connection:
            found = {
                key: connection.execute("SELECT vector FROM embeddings WHERE key = ?", (key,)).fetchone()
                for key in wanted
            }
    except CourseError as error:
        _discard_if_damaged(error)
        return {}
    vectors = {key: _vector(row[0]) for key, row in found.items() if row}
    return {key: vector for key, vector in vectors.items() if vector is not None}


def _to_disk(vectors: dict[str, np.ndarray]) -> None:
    rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
    try:
        with _opened() as connection:
            connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", rows)
    except CourseError as error:
        # A full disk or a busy file costs only the time to compute the vectors again.
        _discard_if_damaged(error)


def _discard_if_damaged(error: CourseError) -> None:
    """A cache can be made again, so a file that is not a database makes room for one."""
    if isinstance(error.__cause__, sqlite3.DatabaseError) and not isinstance(
        error.__cause__, sqlite3.OperationalError
    ):
        _cache_file().unlink(missing_ok=True)


def _vector(stored: bytes) -> np.ndarray | None:
    """The stored vector, or None when it is not one of length 1 and so was damaged."""
    if len(stored) != 4 * minilm.DIMENSIONS:
        return None
    vector = np.frombuffer(stored, dtype="<f4")
    return vector if abs(np.linalg.norm(vector) - 1) < 1e-3 else None
