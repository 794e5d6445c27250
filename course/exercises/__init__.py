"""The exercises: one module a lesson, their checks, and the reader's progress."""

from course.exercises.checking import exercise, show_progress

__all__ = ["exercise", "show_progress"]
