"""What the README and the page of results show is what the lessons and the measurements say."""

import re

from book import readme
from course.material.lessons import lessons
from course.measuring.results import wilson
from course.paths import ROOT
from course.rungs import three_sizes
from course.tuning import experiments

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def test_every_lesson_is_on_the_map_and_every_command_in_the_makefile():
    for lesson in lessons():
        link = f"| {lesson.number} | [{lesson.title}]({lesson.path.relative_to(ROOT).as_posix()}) |"
        assert link in README, lesson.number
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z]+)`", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_picture_and_file_it_links_to_is_there():
    for page in PAGES:
        links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).exists()] == [], page.name


def test_every_module_that_a_page_runs_is_a_command():
    text = "\n".join(page.read_text(encoding="utf-8") for page in (*PAGES, ROOT / "data" / "README.md"))
    modules = set(re.findall(r"python -m ((?:course|widgets|book|tests)[\w.]*)", text))
    assert len(modules) > 4
    for module in modules:
        source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
        assert '__name__ == "__main__"' in source, module


def test_every_file_that_a_page_names_is_there():
    named = set()
    for page in (*PAGES, ROOT / "data" / "README.md"):
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"`((?:course|widgets|tests|data|docs|notebooks|site)/[\w./-]+\.\w+)`", text))
    assert len(named) > 20
    real = [name for name in named if "NAME" not in name and "NN" not in name]
    assert [name for name in real if not (ROOT / name).exists()] == []


def test_all_that_lies_in_data_is_named_in_its_readme():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    names = {path.name for path in (ROOT / "data").iterdir() if not path.name.startswith(".")} - {"README.md"}
    assert [name for name in names if name not in text] == []


def test_the_tables_of_the_data_name_files_that_are_there():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`([\w./*]+\.\w+)`", cell)]
    folders = [ROOT / "data", *(folder for folder in (ROOT / "data").iterdir() if folder.is_dir())]
    assert len(names) > 40
    assert [name for name in names if not any(list(folder.glob(name)) for folder in folders)] == []


def test_every_reading_of_a_size_stands_in_the_results():
    for reading in three_sizes.read():
        low, high = wilson(reading.right, reading.n)  # the file keeps four places, and rounding twice differs
        share = f"{reading.accuracy:.1%} ({low:.1%} to {high:.1%})"
        shown = f"| {reading.size} local model: {reading.rung} | {share}"
        other = f"| {reading.task} | {reading.rung} | "
        assert shown in RESULTS if reading.task == three_sizes.ROUTING else other in RESULTS, reading
        assert share in RESULTS


def test_the_form_of_the_letters_is_counted_for_each_reading():
    readings = [each for each in three_sizes.read() if each.task == three_sizes.LETTERS]
    assert len(readings) >= 8
    for reading in readings:
        row = re.search(
            rf"^\| {reading.size} local model: {reading.rung} \| ([\d |]+) \|$", RESULTS, re.MULTILINE
        )
        assert row, reading
        valid, *faults, right = map(int, row[1].split(" | "))
        assert valid == reading.valid and valid + sum(faults) == reading.n
        assert 8 * reading.right <= right <= 8 * reading.n


def test_the_ladder_and_what_training_adds_are_the_measured_ones():
    for row in readme.from_ladder():
        kinds = " | ".join(map(str, row.kinds))
        assert f"| {row.name} | {row.share} | {row.valid / row.n:.0%} | {kinds} |" in RESULTS, row.name
    for point in experiments.read():
        kinds = f"{point.typical} | {point.hard} | {point.boundary}"
        share = f"{point.accuracy:.1%} ({point.low:.1%} to {point.high:.1%})"
        assert f"| {point.name} | {share} | {point.valid_share:.0%} | {kinds} |" in RESULTS, point.name


def test_the_rows_of_the_readme_are_rows_of_the_results():
    rows = re.findall(r"^\| .* \| .*% \(.*%\) \| \d+% \|$", README, re.MULTILINE)
    assert len(rows) > 5
    in_results = {shown: name for name, shown in readme.IN_README.items()}
    for row in rows:
        name, *cells = row.strip("| ").split(" | ")
        assert f"| {' | '.join([in_results.get(name, name), *cells])} |" in RESULTS, row


def test_it_shows_what_you_get_first_and_stays_short():
    parts = [
        "](notebooks/images/board.png)",
        "make lab ",
        "| 00 | [",
        "## What comes out",
        "## Who answers",
        "## Licence",
    ]
    assert sorted(parts, key=README.index) == parts
    assert README.count("\n") < 120
