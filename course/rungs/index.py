"""A search index over texts: LanceDB, embedded in the process and kept on disk in the cache folder.

An index is never changed. Other texts or vectors have another key and so get an index of their own, which is
written completely or not at all.
"""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course.errors import CourseError
from course.files import locked, replacing_folder
from course.paths import cache_dir

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.query import MatchQuery
    from lancedb.rerankers import Reranker
    from lancedb.table import Table

CANDIDATES = 20  # how many each search of a hybrid one hands to the fusion, where more are not asked for
_LAYOUT = 1  # raise it when a table is built in another way
_TABLE = "texts"
_SECONDS_TO_WAIT = 60.0

_open_tables: dict[Path, "Table"] = {}


class Index:
    """Texts and their vectors, to be searched. Results are places in `texts`, counted from 0, best first.

    `vectors` has shape (number of texts, dimensions). The index is built at the first search, read from disk
    after that, and built again when its files are damaged. CourseError when it cannot be written.
    """

    def __init__(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        if len(texts) == 0 or len(texts) != len(vectors):
            raise CourseError(
                f"There are {len(texts)} texts and {len(vectors)} vectors; give as many of each, at least 1."
            )
        self._texts = list(texts)
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def folder(self) -> Path:
        """Where the index is or will be. Its name is a hash of all that the index is made from."""
        return cache_dir() / "indexes" / self._key

    @cached_property
    def _key(self) -> str:
        digest = hashlib.sha256(f"{_LAYOUT} {version('lancedb')} {self._vectors.shape}".encode())
        for text in self._texts:
            digest.update(hashlib.sha256(text.encode()).digest())
        digest.update(self._vectors.data)
        return digest.hexdigest()[:32]

    def build(self) -> None:
        """Build it on disk unless it is there."""
        self._table()

    def lexical(self, text: str, k: int) -> list[int]:
        """The texts that share words with `text`, by BM25: `k` of them, fewer where fewer share one."""
        self._check(k)
        found = self._ask(
            lambda table: table.search(_matching(text), query_type="fts").select(["place", "_score"]).limit(k)
        )
        return found.sort_by([("_score", "descending"), ("place", "ascending")])["place"].to_pylist()

    def vector(self, vectors: np.ndarray, k: int) -> np.ndarray:
        """The `k` texts of smallest cosine distance to each row: shape (rows, k). Exact: all are compared."""
        self._check(k)
        if len(vectors) == 0:
            return np.empty((0, k), dtype=int)
        rows = vectors if len(vectors) > 1 else vectors[0]
        found = self._ask(
            lambda table: (
                table.search(rows, query_type="vector")
                .distance_type("cosine")
                .select(["place", "_distance"])
                .limit(k)
            )
        )
        # Only the answer to several questions says which one a row belongs to.
        keys = [key for key in ("query_index", "_distance", "place") if key in found.column_names]
        return found.sort_by([(key, "ascending") for key in keys])["place"].to_numpy().reshape(-1, k)

    def hybrid(self, text: str, vector: np.ndarray, k: int, reranker: "Reranker | None" = None) -> list[int]:
        """Both searches, fused by a reranker of LanceDB; without one by the ranks alone (RRFReranker)."""
        from lancedb.rerankers import RRFReranker

        self._check(k)
        found = self._ask(
            lambda table: (
                table.search(query_type="hybrid")
                .text(_matching(text))
                .vector(vector)
                .distance_type("cosine")
                .rerank(reranker or RRFReranker())
                .limit(max(k, CANDIDATES))
            )
        )
        return found["place"].to_pylist()[:k]

    def _check(self, k: int) -> None:
        if not 1 <= k <= len(self):
            raise CourseError(
                f"k is {k} and there are {len(self)} texts; ask for 1 up to {len(self)} of them."
            )

    def _ask(self, query: Callable[[Any], Any]) -> "pa.Table":
        try:
            return query(self._table()).to_arrow()
        except RuntimeError:  # what LanceDB raises for files that are gone or damaged
            table = self._table(anew=True)
        try:
            return query(table).to_arrow()
        except RuntimeError as error:
            raise CourseError(f"The search in {self.folder} failed: {_in_short(error)}") from error

    def _table(self, *, anew: bool = False) -> "Table":
        folder = self.folder
        table = None if anew else _open_tables.get(folder) or _opened(folder)
        _open_tables[folder] = table = table or self._built(folder, anew=anew)
        return table

    def _built(self, folder: Path, *, anew: bool) -> "Table":
        busy = (
            f"Another kernel has been building an index in {folder.parent} for {_SECONDS_TO_WAIT:.0f} s; "
            "restart it, then run this cell again."
        )
        try:
            with locked(folder.parent / "build.lock", busy, _SECONDS_TO_WAIT):
                # Another kernel may have built it while this one waited for the lock.
                table = None if anew else _opened(folder)
                if table is None:
                    self._write(folder)
                    table = _opened(folder)
        except (OSError, RuntimeError) as error:
            megabytes = 1 + 2 * self._vectors.nbytes // 1_000_000
            raise CourseError(
                f"The search index could not be written to {folder.parent} ({_in_short(error)}). Free "
                f"{megabytes} MB there, or set COURSE_CACHE to a folder that has them."
            ) from error
        if table is None:
            raise CourseError(f"The search index {folder} cannot be read; delete it and run the cell again.")
        return table

    def _write(self, folder: Path) -> None:
        import lancedb
        import pyarrow as pa
        from lancedb.index import FTS

        # The caller holds the lock, so nothing else uses what a killed run has left.
        for left in folder.parent.glob(".*.tmp"):
            shutil.rmtree(left, ignore_errors=True)
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(self._vectors.ravel()), self._vectors.shape[1])
        columns = {"place": pa.array(range(len(self))), "text": self._texts, "vector": vectors}
        with replacing_folder(folder) as unfinished:
            table = lancedb.connect(unfinished).create_table(_TABLE, pa.table(columns))
            table.create_index("text", config=FTS())


def _opened(folder: Path) -> "Table | None":
    """The table in this folder; None where there is none or it cannot be opened."""
    if not folder.is_dir():
        return None
    import lancedb

    try:
        return lancedb.connect(folder).open_table(_TABLE)
    except (OSError, RuntimeError, ValueError):
        return None


def _matching(text: str) -> "MatchQuery":
    """A query that reads its text as words, whatever marks are in it."""
    from lancedb.query import MatchQuery

    return MatchQuery(text, "text")  # type: ignore[call-arg]  # its fields have defaults that mypy cannot see


def _in_short(error: Exception) -> str:
    """LanceDB appends the lines of its own source to what it says."""
    return str(error).split(", /")[0]
