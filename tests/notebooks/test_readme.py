"""What the README shows is what the lessons and the measurements say."""

import re

from course.material.lessons import lessons
from course.measuring import ladder
from course.paths import ROOT
from course.tuning import experiments

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_lesson_is_on_the_map():
    for lesson in lessons():
        link = f"| {lesson.number} | [{lesson.title}]({lesson.path.relative_to(ROOT).as_posix()}) |"
        assert link in README, lesson.number


def test_every_picture_and_file_it_links_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_ladder_is_the_measured_one():
    for rung in ladder.read():
        kinds = f"{rung.typical} | {rung.hard} | {rung.boundary}"
        share = f"{rung.right / rung.n:.1%} ({rung.low:.1%} to {rung.high:.1%})"
        assert f"| {rung.name} | {share} | {rung.valid / rung.n:.0%} | {kinds} |" in README, rung.name


def test_every_command_it_names_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z]+)`", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_what_training_adds_is_measured():
    for point in experiments.read():
        kinds = f"{point.typical} | {point.hard} | {point.boundary}"
        share = f"{point.accuracy:.1%} ({point.low:.1%} to {point.high:.1%})"
        assert f"| {point.name} | {share} | {point.valid_share:.0%} | {kinds} |" in README, point.name
