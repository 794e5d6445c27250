"""A good SKILL.md, and the ways to break it that the tests try."""

from pathlib import Path
from typing import NamedTuple

NAME, DESCRIPTION = "name: good-skill", "description: Sorts seeds by size. Use it when seeds lie in a heap."
GOOD = f"---\n{NAME}\n{DESCRIPTION}\n---\n\n# Good skill\n\n1. Sort the seeds.\n"


class Fault(NamedTuple):
    """A broken SKILL.md; `message`: a pattern of what is said."""

    why: str
    text: str
    message: str


def _with(line: str) -> str:
    """The good one with another line below its name."""
    return GOOD.replace(NAME, f"{NAME}\n{line}")


FAULTS = (
    Fault("no front matter", "# Good skill\n", r"line 1: .*Begin with a line ---"),
    Fault("empty file", "", r"line 1: .*Begin with a line ---"),
    Fault("front matter without end", f"---\n{NAME}\n", r"line 1.*another line ---"),
    Fault("no mapping", "---\n- one\n---\nBody.", r"line 1: .*mapping"),
    Fault(
        "text with a colon", GOOD.replace("Sorts", "When: now"), r"line 3: 'description: When.*with a colon"
    ),
    Fault("text that begins with @", _with("license: @mit"), r"line 3: 'license: @mit': .*begins with this"),
    Fault("tab", _with("metadata:\n\tteam: seeds"), r"line \d: .*write spaces, not a tab"),
    Fault("tab behind a colon", GOOD.replace("name: ", "name:\t"), r"line 2: .*write spaces, not a tab"),
    Fault(
        "keys in braces", _with('metadata: {"team": "seeds"}'), r"line 3: 'metadata: .*one key or one '- '"
    ),
    Fault("two descriptions", _with(DESCRIPTION), r"Duplicate key 'description'.*keep one"),
    Fault(
        "list in brackets",
        _with("allowed-tools: [Read]"),
        r"'allowed-tools: \[Read\]'.*one key or one '- ' a line",
    ),
    Fault("quotation mark left open", _with("license: 'mit"), r"close the quotation mark"),
    Fault("name missing", GOOD.replace(NAME + "\n", ""), r"Missing required field in frontmatter: name"),
    Fault("name in capitals", GOOD.replace("good-skill", "Good-Skill"), r"'Good-Skill' must be lowercase"),
    Fault("name with a space", GOOD.replace("good-skill", "good skill"), r"'good skill' contains invalid"),
    Fault("name ends in a hyphen", GOOD.replace("good-skill", "good-"), r"cannot start or end with a hyphen"),
    Fault("name with two hyphens", GOOD.replace("good-skill", "good--skill"), r"consecutive hyphens"),
    Fault("name too long", GOOD.replace("good-skill", "g" * 65), r"exceeds 64 character limit"),
    Fault(
        "name not equal to folder", GOOD.replace("good-skill", "other"), r"'good-skill' must match .*'other'"
    ),
    Fault("description missing", GOOD.replace(DESCRIPTION + "\n", ""), r"field in frontmatter: description"),
    Fault("description empty", GOOD.replace(DESCRIPTION, "description: ''"), r"must be a non-empty string"),
    Fault("description too long", GOOD.replace("seeds by", "s" * 1024), r"exceeds 1024 .*\(10\d\d chars"),
    Fault("compatibility too long", _with(f"compatibility: {'c' * 600}"), r"exceeds 500 .*\(600 chars"),
    Fault("unknown field", _with("version: 2"), r"Unexpected fields in frontmatter: version"),
)
# What the format accepts: the name of the folder, and the text.
ACCEPTED = (
    ("404", GOOD.replace("good-skill", "404")),
    ("on", GOOD.replace("good-skill", "on")),
    ("café-crème", GOOD.replace("good-skill", "café-crème")),
    ("good-skill", GOOD.replace(DESCRIPTION, "description: 404")),
    ("good-skill", _with("metadata:\n  updated: 2026-02-30\n  team: 'yes'")),
    ("good-skill", _with("allowed-tools:\n- Read\n- Bash")),
    ("good-skill", GOOD.replace(DESCRIPTION, "description: >\n  Sorts seeds.\n  Use it for seeds.")),
)


def write(folder: Path, text: str) -> Path:
    """The folder of a skill with this SKILL.md."""
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    return folder
