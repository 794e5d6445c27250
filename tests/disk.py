"""A disk without room."""

import errno


def full(*_: object, **__: object) -> None:
    """Stands for a call that writes."""
    raise OSError(errno.ENOSPC, "No space left on device")
