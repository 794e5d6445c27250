"""A copy of data/ with Windows line ends, as some clones and editors make it, gives the same records."""

import shutil
from pathlib import Path

import pytest

from course.files import read_text
from course.material import claims, data, large_model, lessons, memos, orders, prices, voice
from course.paths import DATA, NOTEBOOKS, ROOT
from course.rungs import skills

READERS = {
    "tickets": lambda: [data.tickets(split) for split in data.SPLITS],
    "policy": data.policy,
    "prompts": lambda: [data.prompt(path.stem) for path in sorted((data.DATA / "prompts").glob("*.txt"))],
    "reading prompts": lambda: [
        read_text(path) for path in sorted((data.DATA / "measured").glob("large_model_prompt_*.txt"))
    ],
    "handbook": data.handbook,
    "questions": data.questions,
    "letters": lambda: (data.letters(), read_text(data.DATA / "letters" / "annotation_guide.md")),
    "readings": lambda: (data.readings().to_csv(), data.second_readings().to_csv()),
    "large model": lambda: (
        large_model.teacher_labels(),
        [large_model.handbook_answers(book) for book in large_model.BOOKS],
        large_model.letter_replies(),
    ),
    "voice": lambda: (voice.guide(), [voice.pairs(split) for split in voice.SPLITS]),
    "orders": lambda: ([orders.questions(split) for split in orders.SPLITS], orders.database().name),
    "claims": lambda: claims.read(claims.CLAIMS),
    "prices": prices.rows,
    "memo": lambda: memos.sentences.__wrapped__("tune_now"),
    "lessons": lessons.lessons.__wrapped__,
    "skills": lambda: [
        (skill.body, skill.description, [skill.read(file) for file in skill.files])
        for skill in map(
            skills.load, sorted(path for path in (data.DATA / "skills").iterdir() if path.is_dir())
        )
    ],
}


def test_the_repository_has_one_line_end_in_every_clone():
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    kept = [path for path in DATA.rglob("*") if path.suffix in (".csv", ".jsonl", ".md", ".toml", ".txt")]
    assert len(kept) > 80 and not [path for path in kept if b"\r" in path.read_bytes()]


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("windows")
    shutil.copytree(DATA, folder / "data", ignore=shutil.ignore_patterns("recordings"))
    shutil.copy(NOTEBOOKS / "lessons.toml", folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return folder


@pytest.mark.parametrize("reader", READERS)
def test_windows_line_ends_change_no_record_and_no_prompt(reader, windows, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    expected = READERS[reader]()
    copy = windows / "data"
    for module, name, path in (
        (data, "DATA", copy),
        (large_model, "FOLDER", copy / "measured"),
        (voice, "FOLDER", copy / "voice"),
        (orders, "FOLDER", copy / "orders"),
        (claims, "CLAIMS", copy / "claims.csv"),
        (claims, "SOURCES", copy / "claims_sources.csv"),
        (prices, "PRICES", copy / "prices.csv"),
        (memos, "FOLDER", copy / "memos"),
        (memos, "TABLE", copy / "memos" / "sentences.csv"),
        (lessons, "NOTEBOOKS", windows),
    ):
        assert path.exists()
        monkeypatch.setattr(module, name, path)
    assert READERS[reader]() == expected
