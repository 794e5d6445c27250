"""The README and docs/results.md show what is measured, and their pictures what the lessons draw."""

import re
import zlib

import pytest

from book import readme
from course.errors import CourseError
from widgets.static import STATIC


@pytest.mark.parametrize("path", readme.PAGES, ids=lambda path: path.name)
def test_the_tables_are_those_that_would_be_made_now(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("<!-- table: ") == text.count("<!-- end -->") > 0
    assert readme.with_tables(text) == text


def test_a_number_that_has_changed_is_put_in_again():
    rung = readme.from_ladder()[0]
    table = f"| rung | right | valid replies |\n|---|---|---|\n| {rung.name} | 1.0% (0.0% to 2.0%) | 3% |\n"
    made = readme.with_tables(f"Before.\n<!-- table: some -->\n{table}<!-- end -->\nAfter.")
    assert f"| {rung.name} | {rung.right / rung.n:.1%} (" in made and "(0.0% to 2.0%)" not in made
    assert made.startswith("Before.") and made.endswith("After.")


def test_a_row_that_is_not_measured_is_named():
    table = "| rung | right | valid replies |\n|---|---|---|\n| no such rung | 1% | 1% |\n"
    with pytest.raises(CourseError, match="no such rung; remove them"):
        readme.with_tables(f"<!-- table: some -->\n{table}<!-- end -->")


def test_a_picture_carries_the_digest_of_what_it_is_drawn_from(tmp_path):
    png = b"\x89PNG picture" + bytes(12)
    signed = readme.signed(png, "a")
    (tmp_path / "a.png").write_bytes(signed)
    assert readme.digest_of(tmp_path / "a.png") == readme.digest("a") != readme.digest("b")
    assert readme.digest_of(tmp_path / "gone.png") == ""
    part = signed.removeprefix(png[:-12]).removesuffix(png[-12:])
    length, content, check = part[:4], part[4:-4], part[-4:]
    assert int.from_bytes(length, "big") == len(content) - 4
    assert int.from_bytes(check, "big") == zlib.crc32(content)


def test_the_pictures_are_those_that_would_be_drawn_now():
    shown = set(re.findall(r"\]\(notebooks/images/(.*)\)", readme.PAGES[0].read_text(encoding="utf-8")))
    made = readme.pictures()
    assert shown == set(made) and len(shown) == 3
    for name, picture in made.items():
        assert readme.digest_of(readme.IMAGES / name) == readme.digest(picture.source), (
            f"{name}: run make site"
        )


@pytest.mark.parametrize(
    ("picture", "script", "style"),
    [("cost.png", "cost_pictures.js", "explorer.css"), ("few_shot.png", "chart.js", "chart.css")],
)
def test_a_picture_of_a_widget_is_drawn_from_its_script_and_style(picture, script, style):
    source = readme.pictures()[picture].source
    text = (STATIC / script).read_text(encoding="utf-8")
    longest = max(re.split(r"^(?:import|export) .*$", text, flags=re.MULTILINE), key=len)
    assert len(longest) > 500 and longest in source
    assert (STATIC / style).read_text(encoding="utf-8") in source
