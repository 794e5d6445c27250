"""How a learner of the room logs in, and how their server is started and kept within its memory."""

import resource
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner

from course.files import replacing
from course.paths import NOTEBOOKS
from workshop.learners import instructor_token, read_learners
from workshop.room import INSTRUCTOR

# Above that of the hub and the engine: when memory ends, Linux stops a learner's kernel first.
OOM_SCORE = 500


def members(room: Path) -> dict[str, str]:
    """Name -> token of everybody who may log in: the learners and the instructor."""
    return {**read_learners(room), INSTRUCTOR: instructor_token(room)}


class TokenAuthenticator(Authenticator):
    """Lets in whoever gives a name of the room and its token as the password."""

    room: Path

    async def authenticate(self, handler: Any, data: Mapping[str, str]) -> str | None:
        """The name, or None. The files are read each time, so a learner added later gets in."""
        name, given = data["username"], data["password"]
        token = members(self.room).get(name)
        # Compared for an unknown name as well, which then takes as long.
        known = secrets.compare_digest((token or "").encode(), given.encode("utf-8", "surrogateescape"))
        return name if token and known else None


class LearnerSpawner(SimpleLocalProcessSpawner):
    """A learner's server and its kernels, as processes of the room's user, in the learner's folder.

    No process gets more private memory than `mem_limit` from Linux: a cell then fails with MemoryError, and
    its kernel keeps running. macOS takes the limit and does not hold it.
    """

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        enter_home = super().make_preexec_fn(name)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        limit = self.mem_limit if most == resource.RLIM_INFINITY else min(self.mem_limit, most)

        def prepare() -> None:
            enter_home()
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
            if sys.platform == "linux":
                Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))

        return prepare


def bring_notebooks(home: Path) -> None:
    """Copy the notebooks that a learner does not have. What is there stays as it is."""
    for source in NOTEBOOKS.rglob("*"):
        target = home / "notebooks" / source.relative_to(NOTEBOOKS)
        if source.is_file() and ".ipynb_checkpoints" not in source.parts and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as unfinished:
                shutil.copyfile(source, unfinished)
