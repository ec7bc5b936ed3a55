"""How late our own event loop ran: what this explains must not be blamed on a server.

A heartbeat asks to be woken every 50 ms and notes how much later it came.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from smtpcheck.probe.tape import Clock

_BEAT = 0.05
_KEPT = 10_000


class Lag:
    """The delays that were seen, by time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._due: float | None = None

    def worst_since(self, began: float) -> float:
        """The longest delay in seconds since `began`, one that is going on included; under a millisecond counts
        as 0.
        """
        now = self._clock.now()
        worst = max((delay for at, delay in self._seen if at >= began), default=0.0)
        if self._due is not None:
            worst = max(worst, now - self._due)
        return worst if worst >= 0.001 else 0.0

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Runs the heartbeat."""
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _beat(self) -> None:
        while True:
            self._due = self._clock.now() + _BEAT
            await asyncio.sleep(_BEAT)
            late = self._clock.now() - self._due
            if late >= 0.001:
                self._seen.append((self._clock.now(), late))
