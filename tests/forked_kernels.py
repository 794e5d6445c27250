"""Kernels of notebooks that start at once: forked where what takes seconds to import is imported already.

pandas, SciPy and anthropic take most of a short notebook's time, and are the same for all of them. The course
itself is not imported before the fork, so that each notebook still imports what it needs. The pages and the
room start kernels of their own, as a reader's do. `python -m tests.forked_kernels` is a JupyterLab with them.
"""

import atexit
import multiprocessing
import os
import sys
from importlib.metadata import EntryPoint
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "forked"
# `course` alone imports nothing, and says what others need not: see course/__init__.py.
IMPORTED = [
    "course",
    "ipykernel.kernelapp",
    "ipywidgets",
    "anthropic",
    "statsmodels.stats.contingency_tables",
    "statsmodels.stats.proportion",
]
ROOT = str(Path(__file__).parents[1])


def use_forked_kernels() -> None:
    """Kernels that this process starts, unless their specification says otherwise, are forked ones.

    Windows cannot fork, and starts them as ever.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:ForkedProvisioner", factory.GROUP_NAME)
    factory.default_provisioner_name = NAME


class ForkedProvisioner(LocalProvisioner):
    """As jupyter_client's own, but for how a kernel's process begins."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Fork a kernel with the options that `cmd` gives ipykernel, in its folder and environment."""
        self.cwd = options.get("cwd") or os.getcwd()
        said = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = _Process(prepared().Process(target=_run, args=(said, self.cwd, options["env"])))
        self.pid = self.process.pid
        return self.connection_info


class _Process:
    """A process of multiprocessing with what jupyter_client asks of one of subprocess."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        process.start()
        self._process = process
        self.pid: int | None = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.pid and self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


def prepared() -> BaseContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def _run(options: list[str], folder: str, environment: dict[str, str]) -> None:
    """Be a kernel: what `python -m ipykernel_launcher` with these options does once it is started."""
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # A notebook finds what is installed, not the folder of the tests.
    named = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [path for path in sys.path if path in named or path != ROOT]
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        # It ends when its parent does.
        launch_new_instance([*options, f"--IPKernelApp.parent_handle={os.getppid()}"])
    finally:
        atexit._run_exitfuncs()


if __name__ == "__main__":
    from jupyterlab.labapp import main

    use_forked_kernels()
    main()
