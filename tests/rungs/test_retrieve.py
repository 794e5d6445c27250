"""Embeddings come from the real model once, then from disk; the nearest ticket stands last."""

import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from course.engine import minilm
from course.errors import CourseError
from course.material import data
from course.paths import ROOT
from course.rungs import retrieve
from course.rungs.chunks import Passage, by_section

POOL = data.tickets("train")[:20]
PASSAGES = by_section(data.handbook()[:4])
TEXTS = [ticket.text for ticket in POOL[:3]]


@pytest.fixture
def encoded(tmp_path, monkeypatch):
    """An empty cache folder; gives the list of the texts that the model was asked for."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(retrieve, "_known", {})
    asked: list[str] = []
    encode = minilm.encode
    monkeypatch.setattr(minilm, "encode", lambda texts: asked.extend(texts) or encode(texts))
    return asked


def forget(monkeypatch):
    """What a new kernel starts with."""
    monkeypatch.setattr(retrieve, "_known", {})


def test_rows_have_length_one_keep_their_order_and_stand_near_their_like(encoded):
    vectors = retrieve.embed([*TEXTS, TEXTS[0]])
    assert vectors.shape == (4, minilm.DIMENSIONS) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert (vectors[0] == vectors[3]).all() and not np.allclose(vectors[0], vectors[1])
    assert encoded == TEXTS
    assert retrieve.embed([]).shape == (0, minilm.DIMENSIONS)
    texts = ["The pump is silent.", "My pump makes no sound.", "Where is my refund?"]
    pump, motor, money = retrieve.embed(texts)
    assert pump @ motor > 0.6 > 0.3 > pump @ money


@pytest.mark.slow
def test_a_second_run_reads_the_disk_and_loads_no_torch(encoded, tmp_path, monkeypatch):
    first = retrieve.embed(TEXTS)
    forget(monkeypatch)
    assert (retrieve.embed(TEXTS) == first).all()
    assert encoded == TEXTS
    script = f"import sys; from course.rungs.retrieve import embed; embed({TEXTS!r}); "
    script += "sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_damaged_file_is_rebuilt(encoded, tmp_path, monkeypatch):
    first = retrieve.embed(TEXTS)
    (tmp_path / "embeddings.sqlite").write_bytes(b"no database" * 1000)
    forget(monkeypatch)
    assert retrieve.embed(TEXTS) == pytest.approx(first, abs=1e-6)
    forget(monkeypatch)
    retrieve.embed(TEXTS)
    assert encoded == TEXTS * 2


@pytest.mark.parametrize("damage", [b"short", bytes(4 * minilm.DIMENSIONS)])
def test_a_damaged_vector_is_computed_again(encoded, tmp_path, monkeypatch, damage):
    retrieve.embed(TEXTS)
    with sqlite3.connect(tmp_path / "embeddings.sqlite") as connection:
        changed = (damage, retrieve._key(TEXTS[1]))
        connection.execute("UPDATE embeddings SET vector = ? WHERE key = ?", changed)
    connection.close()
    forget(monkeypatch)
    assert np.linalg.norm(retrieve.embed(TEXTS), axis=1) == pytest.approx(1, abs=1e-5)
    assert encoded == [*TEXTS, TEXTS[1]]


def test_a_cache_that_cannot_be_written_costs_only_time(encoded, tmp_path):
    (tmp_path / "embeddings.sqlite").mkdir()
    assert retrieve.embed(TEXTS).shape == (3, minilm.DIMENSIONS)


def test_the_nearest_ticket_stands_last_and_a_changed_passage_is_found_at_once(encoded):
    found = retrieve.nearest(POOL[4].text, POOL, 3)
    assert len(found) == 3 and found[-1] == POOL[4]
    both = retrieve.nearest([POOL[4].text, POOL[7].text], POOL, 3)
    assert both[0] == found and both[1][-1] == POOL[7]
    assert retrieve.nearest([], POOL, 3) == []
    changed = [*PASSAGES[1:], data_passage("Zebras pay seven euros.")]
    assert retrieve.search("What do zebras pay?", changed, 1)[0].text == "Zebras pay seven euros."
    changed[-1] = data_passage("Zebras pay nine euros.")
    assert retrieve.search("What do zebras pay?", changed, 1)[0].text == "Zebras pay nine euros."


@pytest.mark.parametrize("k, pool", [(0, POOL), (-1, POOL), (21, POOL), (1, [])])
def test_a_bad_k_is_named(k, pool):
    with pytest.raises(CourseError, match=f"k is {k} and the pool has {len(pool)}"):
        retrieve.nearest("text", pool, k)


def test_a_search_that_cannot_be_is_refused():
    with pytest.raises(CourseError, match="'The pump'"):
        retrieve.embed("The pump")
    with pytest.raises(CourseError, match="question is ' '"):
        retrieve.search(" ", PASSAGES, 1)
    for mode in retrieve.MODES:
        with pytest.raises(CourseError, match="the question: .*half of a character"):
            retrieve.search("where is it \ud83d", PASSAGES, 1, mode)
    with pytest.raises(CourseError, match=r"text 1 of embed\(\): .*half of a character"):
        retrieve.embed(["whole", "half \ud83d"])
    with pytest.raises(CourseError, match="no search mode 'magic'"):
        retrieve.search("cost", PASSAGES, 1, "magic")
    with pytest.raises(CourseError, match="0 passages"):
        retrieve.search("cost", [], 1)
    from lancedb.rerankers import RRFReranker  # takes seconds, and each worker imports this module

    with pytest.raises(CourseError, match="the mode is 'vector'"):
        retrieve.search("cost", PASSAGES, 1, "vector", RRFReranker())


def test_nearest_is_the_exact_cosine_search_of_numpy():
    pool, rows = data.tickets("train")[:300], data.tickets("dev")
    likeness = retrieve.embed([row.text for row in rows]) @ retrieve.embed([ticket.text for ticket in pool]).T
    found = retrieve.nearest([row.text for row in rows], pool, 18)
    for shares, tickets in zip(likeness, found, strict=True):
        places = [pool.index(ticket) for ticket in tickets]
        best = np.sort(shares)[-18:]
        # The same likeness at each place, the best last; texts that tie may change places.
        assert shares[places] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("mode", retrieve.MODES)
def test_a_search_finds_the_passage_best_first(mode):
    wanted = PASSAGES[3]
    found = retrieve.search(wanted.text, PASSAGES, 4, mode)
    assert found[0] == wanted and len(found) == len(set(found)) == 4


def data_passage(text: str) -> Passage:
    return Passage("zoo", "Zoo", "", 0, len(text), text)


@pytest.mark.parametrize("mode", retrieve.MODES)
@pytest.mark.parametrize(
    "question",
    [
        '"refund"',
        "refund AND (money OR",
        "+refund -money",
        'title:"a^2~"',
        "refund*",
        "l'arrosoir?",
        "\\",
        "€ & %",
        "?!",
        "\U0001f64f\U0001f64f",
        "the of and",
        "退款要多久?",
        "wo ist mein Geld\n\n> Am Montag schrieb die Hilfe:\n> Hallo",
        "https://shop.example/a?order=FL-20431&ref=%20",
        "SELECT * FROM orders; --",
        "{{ order number }} [refund TO money] refund^5 refund~2",
        "\x00refund\u200b",
        "refund " * 3000,
    ],
    ids=lambda question: question[:20].encode("ascii", "backslashreplace").decode(),
)
def test_a_question_may_hold_what_a_search_syntax_would_read(mode, question):
    found = retrieve.search(question, PASSAGES, 2, mode)
    assert len(found) == 2 or mode == "lexical"
