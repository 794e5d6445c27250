"""What most exercises are: a function of the reader's, tried on cases with a known answer."""

import operator
from collections.abc import Callable, Iterable
from copy import deepcopy
from math import isclose
from typing import Any


def tried(
    function: Any,
    cases: Iterable[tuple],
    sentence: str,
    same: Callable[[Any, Any], bool] = operator.eq,
) -> str | None:
    """None when the function answers every case, else the sentence about the first that it does not.

    The last value of a case is the right answer. The sentence holds {0}, {1} and so on for the values before
    it, {given} for what the function returned, and {right}.
    """
    if not callable(function):
        return f"{function!r} is not a function."
    for *values, right in cases:
        given = function(*deepcopy(values))
        if not same(given, right):
            return sentence.format(*values, given=given, right=right)
    return None


def as_truth(given: Any, right: bool) -> bool:
    """Whether a value counts as true exactly when it should."""
    return bool(given) == right


def near(given: Any, right: float | None) -> bool:
    """Whether a number is the right one but for rounding, or None where None is right."""
    if given is None or right is None:
        return given is right
    return isclose(given, right, rel_tol=1e-6, abs_tol=0.001)
