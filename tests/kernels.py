"""Other kernels than the one of the test."""

import multiprocessing
from collections.abc import Callable


def run_at_once(function: Callable[..., None], *calls: tuple) -> None:
    """Run a function on each tuple of arguments, each in a process of its own; all have to succeed."""
    context = multiprocessing.get_context("spawn")
    kernels = [context.Process(target=function, args=arguments) for arguments in calls]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    assert [kernel.exitcode for kernel in kernels] == [0] * len(calls)
