"""What the room did, as one page that names nobody: `python -m workshop.recording`.

The page needs no network and no server, and it cannot be written to: the chart at each time, how many
exercises were solved, and what each poll said. It is made from session.sqlite, which the board keeps.
"""

import html
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from course.errors import CourseError, as_command, command_line
from course.files import read_text, write_text
from course.measuring.results import percent
from widgets.standalone import bundle
from workshop.learners import room_dir
from workshop.session import Session, polls

STATIC = Path(__file__).parent / "static"


def page(history: Sequence[tuple[str, dict[str, Any]]], voted: Sequence[tuple[str, Sequence[int]]]) -> str:
    """HTML of (when, state of the room) in their order, and of (poll, votes by option)."""
    times = [datetime.fromisoformat(at) for at, _ in history]
    steps = [
        {"at": f"{time:%H:%M:%S} UTC", "points": state["points"], "text": state["text"]}
        for time, (_, state) in zip(times, history, strict=True)
    ]
    solved = sum(history[-1][1]["solved"].values())
    data = json.dumps(steps, ensure_ascii=False).replace("<", "\\u003c")
    listed = "".join(f"<li>{step['at']}: {html.escape(step['text'])}</li>" for step in steps)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What the room did on {times[0]:%d %B %Y}</title>
<style>{read_text(STATIC / "room.css")}</style>
<body>
<main>
<h1>What the room did on {times[0]:%d %B %Y}</h1>
<p>From {times[0]:%H:%M} to {times[-1]:%H:%M} UTC.
{history[-1][1]["learners"]} learners solved {solved} exercises. This page names nobody.</p>
<h2>The best rungs</h2>
<p><label for="time">Time</label>
<input id="time" type="range" min="0" max="{len(steps) - 1}" value="{len(steps) - 1}">
<output id="at" for="time"></output></p>
<p id="text">{html.escape(steps[-1]["text"])}</p>
<figure id="chart"></figure>
<details><summary>The same in words, step by step</summary><ol>{listed}</ol></details>
<h2>Polls</h2>
{"".join(_poll(id, counts) for id, counts in voted) or "<p>No poll was closed.</p>"}
</main>
<script type="application/json" id="history">{data}</script>
<script type="module">{bundle(STATIC, "room.js", "chart.js", "recording.js")}</script>
</body>
</html>
"""


def _poll(id: str, counts: Sequence[int]) -> str:
    poll, votes = polls()[id], sum(counts)
    rows = "".join(
        f'<tr><td>{html.escape(option)}</td><td class="number">{count}</td>'
        f'<td class="number">{percent(count / votes) if votes else 0}%</td></tr>'
        for option, count in zip(poll.options, counts, strict=True)
    )
    head = '<tr><th scope="col">Option</th><th scope="col">Votes</th><th scope="col">Share</th></tr>'
    caption = f"<caption>Lesson {poll.lesson}: {html.escape(poll.question)}</caption>"
    return f"<table>{caption}<thead>{head}</thead><tbody>{rows}</tbody></table>"


@as_command
def main(given: Sequence[str] | None = None) -> None:
    parser = command_line("workshop.recording", __doc__)
    parser.add_argument("--room", type=Path, default=room_dir(), help="the room's folder")
    parser.add_argument("--output", type=Path, help="the page (default: recording.html in the room's folder)")
    arguments = parser.parse_args(given)
    path = arguments.output or arguments.room / "recording.html"
    session = Session(arguments.room)
    if not (history := session.history()):
        raise CourseError("The board has not run in this room yet, so there is nothing to record.")
    closed = [(id, session.counts(id)) for id in session.asked() if id in polls()]
    write_text(path, page(history, closed))
    path.chmod(0o444)
    print(f"{path}: {len(history)} changes and {len(closed)} polls, {path.stat().st_size:,} bytes.")


if __name__ == "__main__":
    main()
