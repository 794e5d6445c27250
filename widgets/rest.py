"""What waits until the reader's hand rests: work too slow for every step of a slider."""

import asyncio
from collections.abc import Callable, Iterator

REST_SECONDS = 0.25  # longer than the pause between two presses of a key
GAP_SECONDS = 0.002  # between two steps, in which a new press is heard


class WhenAtRest:
    """Runs the steps of `work` one after the other, once nothing has `moved` for a quarter of a second.

    A new move stops what is left of them. Steps are short, so that a press between two of them is not kept
    waiting. Outside an event loop (a plain script, a test) `moved` runs them all at once.
    """

    def __init__(self, work: Callable[[], Iterator[None]]) -> None:
        self._work = work
        self._next: asyncio.TimerHandle | None = None

    def moved(self) -> None:
        """Begin anew, after a rest."""
        if self._next:
            self._next.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.finish()
            return
        self._next = loop.call_later(REST_SECONDS, self._step, loop, self._work())

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
