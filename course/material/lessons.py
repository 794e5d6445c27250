"""The lessons as `notebooks/lessons.toml` lists them: order, titles, goals and quizzes."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course.errors import one_of
from course.files import checked, read_toml
from course.paths import NOTEBOOKS


@dataclass(frozen=True)
class QuizQuestion:
    """One question; `answer` is the place of the right option, counted from 0, and `why` explains it."""

    question: str
    options: tuple[str, ...]
    answer: int
    why: str


@dataclass(frozen=True)
class Lesson:
    """One notebook, with its goals and its quiz."""

    number: str
    name: str
    title: str
    minutes: int
    needs: str
    goals: tuple[str, ...]
    quiz: tuple[QuizQuestion, ...]

    @property
    def path(self) -> Path:
        """The file of the notebook."""
        return NOTEBOOKS / f"{self.number}_{self.name}.ipynb"

    @property
    def notebooks(self) -> list[Path]:
        """The file of the notebook, then those of notebooks/more/ that go deeper."""
        return [self.path, *sorted((NOTEBOOKS / "more").glob(f"{self.number}_*.ipynb"))]

    @property
    def header(self) -> str:
        """The first cell of the notebook, in Markdown."""
        goals = "\n".join(f"- {goal}" for goal in self.goals)
        return (
            f"# {self.number} {self.title}\n\nIn this lesson you\n\n{goals}\n\n"
            f"**Time:** about {self.minutes} minutes. **Needs:** {self.needs}."
        )


@cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons in their order."""
    entries = read_toml(NOTEBOOKS / "lessons.toml")["lesson"]
    return tuple(checked(Lesson, entry, f"lessons.toml, lesson {n}") for n, entry in enumerate(entries))


def lesson(number: str) -> Lesson:
    """The lesson with this number, such as "03". Raises CourseError for a number that is not in the list."""
    known = {each.number: each for each in lessons()}
    return known[one_of("lesson", number, known)]
