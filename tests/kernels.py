"""Other kernels than the one of the test."""

import multiprocessing
from collections.abc import Callable

from tests.forked_kernels import prepared


def run_at_once(function: Callable[..., None], *calls: tuple) -> None:
    """Run a function on each tuple of arguments, each in a process of its own; all have to succeed."""
    can_fork = "forkserver" in multiprocessing.get_all_start_methods()
    context = prepared() if can_fork else multiprocessing.get_context("spawn")
    kernels = [context.Process(target=function, args=arguments) for arguments in calls]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    assert [kernel.exitcode for kernel in kernels] == [0] * len(calls)
