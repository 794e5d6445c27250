"""The error that a reader is meant to read."""


class CourseError(Exception):
    """Something the reader can put right. The message is one plain sentence: the value at fault, and the fix.

    Jupyter shows the sentence alone, without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]
