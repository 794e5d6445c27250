"""A good SKILL.md, and the ways to break it that the tests try."""

from pathlib import Path
from typing import NamedTuple

NAME, DESCRIPTION = "name: good-skill", "description: Sorts seeds by size. Use it when seeds lie in a heap."
GOOD = f"---\n{NAME}\n{DESCRIPTION}\n---\n\n# Good skill\n\n1. Sort the seeds.\n"


class Fault(NamedTuple):
    """A broken SKILL.md; `message`: a pattern of what is said. `of_the_format`: it is no rule of ours."""

    why: str
    text: str
    message: str
    of_the_format: bool = True


FAULTS = (
    Fault("no front matter", "# Good skill\n", r"line 1: '# Good skill' begins no front matter"),
    Fault("empty file", "", r"line 1: '' begins no front matter"),
    Fault("front matter without end", f"---\n{NAME}\n", r"line 1.*another line ---"),
    Fault("no mapping", "---\n- one\n---\nBody.", r"line 2: '- one' is no field"),
    Fault(
        "no YAML",
        f"---\n{NAME}\ndescription: When: now\n---\nBody.",
        r"line 3: 'description: When: now' is no",
    ),
    Fault("name missing", GOOD.replace(NAME + "\n", ""), r"name is None; write 1 to 64"),
    Fault("name in capitals", GOOD.replace("good-skill", "Good-Skill"), r"name is 'Good-Skill'"),
    Fault("name with a space", GOOD.replace("good-skill", "good skill"), r"name is 'good skill'"),
    Fault("name ends in a hyphen", GOOD.replace("good-skill", "good-"), r"name is 'good-'"),
    Fault("name with two hyphens", GOOD.replace("good-skill", "good--skill"), r"name is 'good--skill'"),
    Fault("name too long", GOOD.replace("good-skill", "g" * 65), r"name is 'ggg"),
    Fault("name that is a number", GOOD.replace("good-skill", "2026"), r"name is 2026"),
    Fault(
        "name not equal to folder",
        GOOD.replace("good-skill", "other"),
        r"'other' and the folder 'good-skill'",
    ),
    Fault("description missing", GOOD.replace(DESCRIPTION + "\n", ""), r"description is None; say in words"),
    Fault("description empty", GOOD.replace(DESCRIPTION, "description: ''"), r"description is ''"),
    Fault(
        "description too long",
        GOOD.replace("seeds by", "s" * 1024),
        r"has 10\d\d characters; keep it to 1024",
    ),
    Fault("unknown field", GOOD.replace(NAME, f"{NAME}\nversion: 2"), r"the field 'version' is not known"),
    Fault("no body", f"---\n{NAME}\n{DESCRIPTION}\n---\n", r"the body has 0 lines", of_the_format=False),
    Fault(
        "body too long",
        GOOD + "One more step.\n" * 500,
        r"has 50\d lines; write 1 to 500",
        of_the_format=False,
    ),
)


def write(folder: Path, text: str) -> Path:
    """The folder of a skill with this SKILL.md."""
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    return folder
