"""What the reader did, as a page: `python -m course.exercises.certificate [--name NAME]`.

It says what the progress file and the board hold, and nothing beyond that.
"""

import html
from collections.abc import Sequence

from course.errors import CourseError, as_command, command_line
from course.exercises.checking import exercise_ids
from course.exercises.progress import CORRECT, outcomes_in
from course.files import write_text
from course.material.lessons import lessons
from course.measuring import board
from course.measuring.results import Result, percent
from course.paths import results_dir

LONGEST_NAME = 100  # characters
STYLE = """
:root { color-scheme: light dark; }
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8888; }
small { opacity: .8; }
"""


def page(outcomes: list[tuple[str, str, str]], entries: list[tuple[str, Result]], name: str = "") -> str:
    """HTML of (item, state, when) of the progress file and of the board's entries."""
    correct = {item for item, state, _ in outcomes if state == CORRECT}
    rows = []
    for lesson in lessons():
        exercises = [f"exercise {id}" for id in exercise_ids()[lesson.number]]
        quiz = [f"quiz {lesson.number}.{place}" for place in range(1, len(lesson.quiz) + 1)]
        counts = [f"{sum(item in correct for item in items)} of {len(items)}" for items in (exercises, quiz)]
        if correct & {*exercises, *quiz}:
            cells = "".join(f"<td>{count}</td>" for count in counts)
            rows.append(f'<tr><th scope="row">{lesson.number} {html.escape(lesson.title)}</th>{cells}</tr>')
    if not rows:
        raise CourseError("No exercise and no quiz question is solved yet, so there is nothing to certify.")
    days = sorted(when[:10] for _, _, when in outcomes)
    whose = f" of {html.escape(name)}" if name else ""
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Lesson", "Exercises solved", "Quiz right"))
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Before You Fine-Tune: the work{whose}</title>
<style>{STYLE}</style>
<body>
<main>
<h1>Before You Fine-Tune: the work{whose}</h1>
<p>From {days[0]} to {days[-1]}, as the course kept it. Lessons in which nothing was solved are left out.</p>
<table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>
<h2>The best rung</h2>
<p>{_best(entries)}</p>
<p><small>The reader's own copy of the course made this page from its progress file and its results board.
Nobody supervised the work, solutions could be looked up, and a name is as the reader typed it.</small></p>
</main>
</body>
</html>
"""


def _best(entries: list[tuple[str, Result]]) -> str:
    found = board.best(entries)
    if found is None:
        return "No rung was measured on tickets."
    lesson, result = found
    low, high = (percent(round(end, 3)) for end in result.interval)
    return (
        f"<b>{html.escape(result.name)}</b> of lesson {html.escape(lesson)} is right on {result.right} of "
        f"{result.n} tickets: {percent(result.accuracy)}%, with a 95% interval of {low} to {high}%. "
        f"Badge: {html.escape(result.badge)}."
    )


@as_command
def main(given: Sequence[str] | None = None) -> None:
    parser = command_line("course.exercises.certificate", __doc__)
    parser.add_argument("--name", default="", help="whose work it is")
    name = parser.parse_args(given).name.strip()
    path = results_dir() / "certificate.html"
    if len(name) > LONGEST_NAME:
        raise CourseError(f"The name has {len(name)} characters; give {LONGEST_NAME} at most.")
    text = page(outcomes_in(results_dir() / "progress.sqlite"), board.entries(), name)
    write_text(path, text)
    print(path)


if __name__ == "__main__":
    main()
