"""What in the course has grown old: prices, models, claims, hosted routes and pinned packages.

    python -m book.rot            the page as Markdown
    python -m book.rot rot.md     into a file

It exits with 1 when a model that a lesson asks has ended or ends within 60 days. A package is as old as its
line in a requirements file is to git, which needs the history of the repository; a copy without one leaves
packages out.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from course.errors import CourseError
from course.files import read_toml
from course.material import prices
from course.material.claims import claims
from course.paths import DATA, ROOT

OLD = timedelta(days=90)
NOTICE = timedelta(days=60)
NO_HISTORY = (
    "Packages are left out: how old they are is known to git, and this copy of the course has no history."
)
PIN = re.compile(r"^([\w.-]+)==(\S+)")


@dataclass(frozen=True)
class Item:
    """Something that can grow old: when it was last looked at, when it ends, and whether a lesson asks it."""

    kind: str
    name: str
    checked: date
    ends: date | None = None
    asked: bool = False


def is_old(item: Item, today: date) -> bool:
    return today - item.checked > OLD


def has_ended(item: Item, today: date) -> bool:
    return item.ends is not None and item.ends <= today


def ends_soon(item: Item, today: date) -> bool:
    """Whether it ends within the notice, or has ended, on which no lesson may rely."""
    return item.ends is not None and item.ends - today <= NOTICE


def must_change(items: Iterable[Item], today: date) -> list[Item]:
    """The models that a lesson asks and that have ended or end soon."""
    return [item for item in items if item.asked and ends_soon(item, today)]


def day(text: str) -> date:
    """A date, or the first day of a month such as 2026-05."""
    return date.fromisoformat(text if len(text) > 7 else f"{text}-01")


def page(items: Sequence[Item], today: date) -> str:
    """The page in Markdown."""
    urgent = must_change(items, today)
    ended = [item for item in items if has_ended(item, today)]
    ending = [item for item in items if ends_soon(item, today) and item not in ended]
    old = sorted((item for item in items if is_old(item, today)), key=lambda item: item.checked)
    parts = [
        "# What has grown old",
        f"On {today}, of {len(items)} prices, models, claims, routes and packages.",
        *([] if any(item.kind == "package" for item in items) else [NO_HISTORY]),
        *_section(
            "Lessons ask these, and they end within 60 days or have ended: choose others", urgent, today
        ),
        *_section("Ended", ended, today),
        *_section("Ends within 60 days", ending, today),
        *_section("Not looked at for more than 90 days", old, today),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, items: Sequence[Item], today: date) -> list[str]:
    lines = [
        f"| {item.kind} | {item.name} | {item.checked} | {(today - item.checked).days} | {item.ends or ''} |"
        for item in items
    ]
    head = ["| what | name | last checked | days ago | ends |", "|---|---|---|---|---|"]
    return [f"## {title}: {len(items)}", "\n".join([*head, *lines]) if lines else "None."]


def priced() -> list[Item]:
    """Every row of the price table; the models of the tiers are those that lessons ask."""
    asked = {prices.tier(name).id for name in prices.TIERS}
    return [
        Item(
            "model" if row.kind == "model" else "price",
            row.id,
            day(row.date),
            day(row.ends) if row.ends else None,
            row.id in asked,
        )
        for row in prices.rows()
    ]


def claimed() -> list[Item]:
    """Every claim, by the date of its verdict."""
    return [Item("claim", claim.id, day(claim.date)) for claim in claims()]


def routed() -> list[Item]:
    """What vendors ask of a hosted training job: each rule and fact of each route."""
    routes = read_toml(DATA / "hosted_routes.toml")
    return [
        Item("route", f"{route}, {entry['name']}", day(entry["date"]))
        for route, values in routes.items()
        for part in ("rules", "facts")
        for entry in values.get(part, ())
    ]


def pinned(blamed: str) -> list[Item]:
    """The packages of a requirements file, from what `git blame --line-porcelain` says of it."""
    items = []
    for line in blamed.split("\n"):
        if line.startswith("committer-time "):
            changed = datetime.fromtimestamp(int(line.split()[1]), UTC).date()
        elif line.startswith("\t") and (pin := PIN.match(line[1:])):
            items.append(Item("package", f"{pin[1]} {pin[2]}", changed))
    return items


def _blame(path: Path) -> str:
    command = ["git", "blame", "--line-porcelain", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True)
    if done.returncode:
        raise CourseError(f"git cannot say how old {path.name} is: {done.stderr.strip()}")
    return done.stdout


def collected() -> list[Item]:
    """Everything in the course that can grow old; no packages where git has no history of them."""
    lists = sorted(ROOT.glob("requirements*.txt")) if (ROOT / ".git").exists() else []
    return [*priced(), *claimed(), *routed(), *(item for path in lists for item in pinned(_blame(path)))]


def main() -> None:
    """Print or write the page, and exit with 1 when a lesson needs another model."""
    items = collected()
    today = datetime.now(UTC).date()
    text = page(items, today)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    sys.exit(bool(must_change(items, today)))


if __name__ == "__main__":
    main()
