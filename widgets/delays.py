"""Work that need not follow every key press: sentences a moment later, slow work once the keys are quiet."""

import asyncio
from collections.abc import Callable, Iterator

THROTTLE_SECONDS = 0.03  # two frames: the picture is drawn before the sentences change
DEBOUNCE_SECONDS = 0.4  # longer than the pause between two presses of a key
GAP_SECONDS = 0.002  # between two steps, in which a new press is heard


class Throttled:
    """Runs `work` a moment after `moved`, once for all moves until then; outside an event loop, at once."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._due = False

    def moved(self) -> None:
        """Run it a moment from now."""
        if self._due:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work()
            return
        self._due = True
        loop.call_later(THROTTLE_SECONDS, self._run)

    def _run(self) -> None:
        self._due = False
        self._work()


class Debounced:
    """Runs the steps of `work` one after the other, once nothing has `moved` for a moment.

    A new move stops what is left of them. Steps are short, so that a press between two of them is not kept
    waiting. Outside an event loop (a plain script, a test) `moved` runs them all at once.
    """

    def __init__(self, work: Callable[[], Iterator[None]]) -> None:
        self._work = work
        self._next: asyncio.TimerHandle | None = None

    def moved(self) -> None:
        """Start again once nothing has moved for a moment."""
        if self._next:
            self._next.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.finish()
            return
        self._next = loop.call_later(DEBOUNCE_SECONDS, self._step, loop, self._work())

    def finish(self) -> None:
        """Run all of it now."""
        if self._next:
            self._next.cancel()
            self._next = None
        for _ in self._work():
            pass

    def _step(self, loop: asyncio.AbstractEventLoop, steps: Iterator[None]) -> None:
        for _ in steps:
            self._next = loop.call_later(GAP_SECONDS, self._step, loop, steps)
            return
        self._next = None
