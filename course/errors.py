"""The error that a reader is meant to read."""

from collections.abc import Iterable


class CourseError(Exception):
    """Something the reader can put right. The message is one plain sentence: the value at fault, and the fix.

    Jupyter shows the sentence alone, without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def one_of(what: str, value: str, allowed: Iterable[str]) -> str:
    """The value, if it is one of those allowed; else a CourseError that lists them."""
    if value not in (known := list(allowed)):
        raise CourseError(f"There is no {what} {value!r}; use one of {', '.join(known)}.")
    return value
