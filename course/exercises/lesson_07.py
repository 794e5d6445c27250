"""Checks of the exercises of lesson 07."""

import tempfile
from dataclasses import replace
from pathlib import Path

from skills_ref.validator import MAX_DESCRIPTION_LENGTH

from course.errors import CourseError
from course.material.data import skill_requests
from course.rungs import skills
from course.rungs.prompt_lint import lint

LINE = 0.2  # of likeness, below which no skill is meant: the one that the lesson finds on the first half
NEEDED, LOST = 3, 2


def _right(skill: str, available: list[skills.Skill]) -> tuple[int, int]:
    """How many requests that need `skill` find it, and how many of all others are right."""
    mine = others = 0
    for request in skill_requests("test"):
        right = skills.most_alike(request.text, available, LINE) == request.skill
        mine += right and request.skill == skill
        others += right and request.skill != skill
    return mine, others


def _finds_the_handbook(description: object) -> str | None:
    if not isinstance(description, str) or not description.strip():
        return f"{description!r} is not a text; say what the skill does and when to use it."
    if len(description) > MAX_DESCRIPTION_LENGTH:
        return f"it has {len(description)} characters; the format allows {MAX_DESCRIPTION_LENGTH}."
    delivered = skills.load_all()
    changed = [replace(s, description=description) if s.name == "handbook-answer" else s for s in delivered]
    before, after = _right("handbook-answer", delivered), _right("handbook-answer", changed)
    if after[0] < NEEDED:
        return f"{after[0]} of the 9 requests find it; {NEEDED} must."
    if after[1] < before[1] - LOST:
        return f"{before[1] - after[1]} other requests are lost to it; {LOST} may be."
    return None


def _is_repaired(text: object) -> str | None:
    if not isinstance(text, str):
        return f"my_skill is {text!r}; make it the text of a SKILL.md."
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "refund-letter"
        folder.mkdir()
        (folder / "SKILL.md").write_text(text, encoding="utf-8")
        try:
            skill = skills.load(folder)
        except CourseError as error:
            return str(error)
    if len(skill.description.split()) < 12 or " when " not in f" {skill.description.lower()} ":
        return "the description must say what the skill does and when to use it, in 12 words or more."
    if findings := lint(skill.body):
        return f"the linter still says: {findings[0]}"
    _, found, contract = skill.body.lower().partition("## output contract")
    if not found or len(contract.split()) < 5:
        return "there is no section '## Output contract' that says what the letter looks like."
    if "## steps" not in skill.body.lower() or "amount" not in skill.body.lower():
        return "a step is gone that was not at fault; keep step 1."
    return None


CHECKS = {"07.1": _finds_the_handbook, "07.2": _is_repaired}
