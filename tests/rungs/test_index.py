"""The index finds what numpy finds, is built once, and survives what can happen to its folder."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from filelock import FileLock

from course.errors import CourseError
from course.paths import ROOT
from course.rungs import index as module
from course.rungs.index import Index

TEXTS = [f"passage {place} about {word}" for place, word in enumerate(["pumps", "light", "money"] * 20)]
VECTORS = np.random.default_rng(1).normal(size=(60, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
QUESTIONS = VECTORS[::7] + 0.1


@pytest.fixture
def index(tmp_path, monkeypatch) -> Index:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return Index(TEXTS, VECTORS)


def cosine_order(questions: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-(questions @ VECTORS.T), axis=1, kind="stable")[:, :k]


def folders(index: Index) -> list[str]:
    return sorted(path.name for path in index.folder.parent.iterdir() if path.is_dir())


@pytest.mark.parametrize("k", [1, 5, 60])
def test_vector_search_is_exact(index, k):
    assert (index.vector(QUESTIONS, k) == cosine_order(QUESTIONS, k)).all()
    assert (index.vector(QUESTIONS[:1], k) == cosine_order(QUESTIONS[:1], k)).all()
    assert index.vector(QUESTIONS[:0], k).shape == (0, k)


def test_equal_texts_come_in_their_own_order(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    same = Index(["a", "b", "c"], np.ones((3, 4)))
    assert same.vector(np.ones((1, 4)), 3).tolist() == [[0, 1, 2]]


def test_lexical_search_needs_a_shared_word_and_hybrid_search_fuses_both(index):
    assert {TEXTS[place].split()[-1] for place in index.lexical("the pump is broken", 5)} == {"pumps"}
    assert index.lexical("bicycle", 5) == index.lexical("the", 5) == []
    assert index.lexical('"pumps" (AND* money:?', 60) == sorted(index.lexical("pumps money", 60))
    from lancedb.rerankers import MRRReranker  # takes seconds, and each worker imports this module

    # Passage 59 alone has the word '59', and 0 is the nearest: each stands first in one of the lists.
    assert set(index.hybrid("59", VECTORS[0], 2)) == {0, 59}
    assert len(set(index.hybrid("money", VECTORS[0], 30))) == 30
    assert index.hybrid("bicycle", VECTORS[4], 3) == cosine_order(VECTORS[4:5], 3)[0].tolist()
    nearest = cosine_order(VECTORS[:1], 3)[0].tolist()
    assert index.hybrid("59", VECTORS[0], 3, MRRReranker(1.0, 0.0)) == nearest
    assert index.hybrid("59", VECTORS[0], 3, MRRReranker(0.0, 1.0))[0] == 59


@pytest.mark.parametrize("k", [0, -1, 61])
@pytest.mark.parametrize("search", ["lexical", "vector", "hybrid"])
def test_a_k_out_of_bounds_is_named(index, search, k):
    question = {"lexical": ["pumps"], "vector": [QUESTIONS], "hybrid": ["pumps", VECTORS[0]]}[search]
    with pytest.raises(CourseError, match=f"k is {k} and there are 60 texts"):
        getattr(index, search)(*question, k)


def test_other_texts_or_vectors_have_an_index_of_their_own_and_too_few_are_refused(index):
    for texts, vectors in (([], VECTORS[:0]), (TEXTS, VECTORS[:3])):
        with pytest.raises(CourseError, match=f"{len(texts)} texts and {len(vectors)} vectors"):
            Index(texts, vectors)
    others = Index([*TEXTS[:-1], "another"], VECTORS), Index(TEXTS, VECTORS[::-1])
    assert len({each.folder for each in (index, *others)}) == 3
    assert len({Index(["ab", "c"], VECTORS[:2]).folder, Index(["a", "bc"], VECTORS[:2]).folder}) == 2


def test_it_is_built_once_and_read_by_the_next_kernel(index, monkeypatch):
    built = []
    write = Index._write
    monkeypatch.setattr(Index, "_write", lambda self, folder: built.append(folder) or write(self, folder))
    for _ in range(2):
        index.vector(QUESTIONS, 3)
        monkeypatch.setattr(module, "_open_tables", {})  # what a new kernel starts with
    assert built == [index.folder]


@pytest.mark.parametrize("again", [False, True], ids=["open table", "new kernel"])
@pytest.mark.parametrize("part", ["data", "_versions", "_indices", ""])
def test_a_damaged_index_is_built_again(index, monkeypatch, part, again):
    right = index.lexical("pumps", 3), index.vector(QUESTIONS, 3).tolist()
    if again:
        monkeypatch.setattr(module, "_open_tables", {})
    for path in (index.folder / "texts.lance" / part).rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    if part == "":
        shutil.rmtree(index.folder)
    assert (index.lexical("pumps", 3), index.vector(QUESTIONS, 3).tolist()) == right


def test_threads_share_one_index_and_what_a_killed_run_left_does_no_harm(index):
    unfinished = index.folder.parent / ".index.123-4.tmp"
    (unfinished / "texts.lance").mkdir(parents=True)
    (unfinished / "texts.lance" / "half").write_bytes(b"half")
    assert index.vector(QUESTIONS, 1).shape == (len(QUESTIONS), 1)
    assert folders(index) == [index.folder.name]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: index.vector(QUESTIONS, 3).tolist(), range(16)))
    assert found == [cosine_order(QUESTIONS, 3).tolist()] * 16
    assert folders(index) == [index.folder.name]


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), RuntimeError("lance: No space left on device, /x")],
)
def test_a_full_disk_leaves_no_half_index_and_says_what_to_do(index, monkeypatch, error):
    def full(self, *args, **options):
        raise error

    monkeypatch.setattr("lancedb.table.LanceTable.create_index", full)
    with pytest.raises(CourseError, match=r"could not be written.*No space left on device.*COURSE_CACHE"):
        index.vector(QUESTIONS, 1)
    assert folders(index) == []
    monkeypatch.undo()


def test_a_kernel_that_hangs_or_a_folder_that_cannot_be_made_is_named(index, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS_TO_WAIT", 0.1)
    index.folder.parent.mkdir()
    with FileLock(index.folder.parent / "build.lock"):
        with pytest.raises(CourseError, match="Another kernel"):
            index.build()
    shutil.rmtree(index.folder.parent)
    index.folder.parent.write_text("a file where the folder should be")
    with pytest.raises(CourseError, match="indexes.*COURSE_CACHE"):
        index.build()


@pytest.mark.slow
def test_two_kernels_build_one_index(index):
    script = (
        "import numpy as np; from course.rungs.index import Index;"
        f"i = Index({TEXTS[:9]!r}, np.eye(9)); print(i.vector(np.eye(9)[:2], 1).tolist(), i.folder.name)"
    )
    start = [sys.executable, "-c", script]
    kernels = [subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {kernel.communicate()[0] for kernel in kernels}
    assert len(said) == 1 and said.pop().startswith("[[0], [1]]")
    assert len(folders(index)) == 1
