"""How late our own event loop ran: what this explains must not be blamed on a server.

A heartbeat, one for each event loop, asks to be woken every 50 ms and tells every check that runs how much later it
came. A check's own clock may stand still meanwhile; a delay is a delay all the same.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from smtpcheck.probe.tape import Clock

_BEAT = 0.05
_KEPT = 10_000
_LEAST = 0.001  # a delay that is shorter is none


class Lag:
    """The delays that were seen while a check ran, by its own time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._heart: _Heart | None = None

    def worst_since(self, began: float) -> float:
        """The longest delay in seconds since `began`, one that is going on included; under a millisecond counts
        as 0.
        """
        worst = max((delay for at, delay in self._seen if at >= began), default=0.0)
        if self._heart is not None:
            worst = max(worst, time.monotonic() - self._heart.due)
        return worst if worst >= _LEAST else 0.0

    def note(self, delay: float) -> None:
        """Keeps a delay that ends now."""
        self._seen.append((self._clock.now(), delay))

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Hears the heartbeat of the running loop."""
        self._heart = _heart()
        await self._heart.add(self)
        try:
            yield
        finally:
            await self._heart.remove(self)
            self._heart = None


class _Heart:
    """The heartbeat of one loop: it beats while somebody listens."""

    def __init__(self) -> None:
        self.due = time.monotonic() + _BEAT
        self._heard: set[Lag] = set()
        self._task: asyncio.Task[None] | None = None

    async def add(self, lag: Lag) -> None:
        self._heard.add(lag)
        if self._task is None:
            self.due = time.monotonic() + _BEAT
            self._task = asyncio.create_task(self._beat())

    async def remove(self, lag: Lag) -> None:
        self._heard.discard(lag)
        if not self._heard and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.wait((task,))

    async def _beat(self) -> None:
        while True:
            self.due = time.monotonic() + _BEAT
            await asyncio.sleep(_BEAT)
            late = time.monotonic() - self.due
            if late >= _LEAST:
                for lag in self._heard:
                    lag.note(late)


_HEARTS: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Heart]" = WeakKeyDictionary()


def _heart() -> _Heart:
    loop = asyncio.get_running_loop()
    if loop not in _HEARTS:
        _HEARTS[loop] = _Heart()
    return _HEARTS[loop]
