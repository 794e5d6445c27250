"""The guide and the polls name what is there: lessons, their headings, polls, and times that add up."""

import re
from functools import cache

import nbformat
import pytest

from course.material.lessons import lesson, lessons
from course.paths import ROOT
from workshop.session import polls

GUIDE = (ROOT / "workshop" / "guide.md").read_text(encoding="utf-8")
PLANS = {"90 minutes": 90, "Half a day: 240 minutes": 240, "Two days: 840 minutes": 840}


@cache
def headings(number: str) -> set[str]:
    cells = nbformat.read(lesson(number).path, as_version=4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    return {found.strip() for text in texts for found in re.findall(r"^##+ (.*)$", text, re.MULTILINE)}


def rows(plan: str) -> list[list[str]]:
    table = GUIDE.split(f"\n## {plan}\n")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_there_are_three_plans_the_longest_with_every_lesson_and_what_goes_wrong():
    assert re.findall(r"^## (.*)$", GUIDE, re.MULTILINE) == [*PLANS, "What goes wrong, and what to do"]
    numbers = [number for _, number, *_ in rows("Two days: 840 minutes") if number]
    assert numbers == [each.number for each in lessons()]


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_adds_up_and_names_lessons_headings_and_polls_that_exist(plan):
    assert sum(int(minutes) for minutes, *_ in rows(plan)) == PLANS[plan]
    for minutes, number, do, _, leave_out in rows(plan):
        named = set(re.findall("`(.*?)`", do + leave_out))
        asked = re.findall(r"poll: ([\w-]+)", do)
        if number:
            assert named <= headings(number), f"{plan}, lesson {number}: {named - headings(number)}"
            assert all(polls()[id].lesson == number for id in asked)
        else:
            assert not named and not asked
        if do.startswith("all"):
            assert int(minutes) >= lesson(number).minutes, f"{plan}: {number} takes longer"


@pytest.mark.parametrize("id", polls())
def test_a_poll_is_asked_where_its_lesson_has_that_heading(id):
    poll = polls()[id]
    assert poll.heading in headings(poll.lesson)
    assert 2 <= len(poll.options) == len(set(poll.options)) and len(poll.question) < 200
