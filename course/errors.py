"""The error that a reader is meant to read."""

import argparse
import functools
import sys
from collections.abc import Callable, Iterable, Sequence


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


def command_line(module: str, about: str | None) -> argparse.ArgumentParser:
    """The options of `python -m MODULE`; `about` is what its docstring says."""
    as_it_stands = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(f"python -m {module}", description=about, formatter_class=as_it_stands)


def as_command(main: Callable[[Sequence[str] | None], None]) -> Callable[..., None]:
    """`main` as a command: what a reader can put right ends it with its sentence, without a traceback."""

    @functools.wraps(main)
    def command(given: Sequence[str] | None = None) -> None:
        try:
            main(given)
        except CourseError as error:
            sys.exit(str(error))
        except KeyboardInterrupt:
            sys.exit("Stopped. What was done is kept: run the same command to continue.")

    return command
