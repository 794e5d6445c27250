"""Checks of the numbers that the models of the lessons take."""

import math
from collections.abc import Iterable

from course.errors import CourseError


def check(record: object, names: Iterable[str], least: float, most: float = math.inf) -> None:
    """CourseError that names the first of these fields that is not a finite number from least to most."""
    for name in names:
        value = getattr(record, name)
        if not (least <= value <= most and math.isfinite(value)):
            fix = f"{least} or more" if most == math.inf else f"a number from {least} to {most}"
            raise CourseError(f"{name} is {value}; give {fix}.")
