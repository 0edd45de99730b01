"""The load that one process puts on a remote system: calls at once and calls per second."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

BURST_SECONDS = 0.1
"""How much earlier than its place in an even stream a call may start: two calls at once do not wait."""


class LocalLimiter:
    """Bounded parallelism and an even rate, first come first served.

    The share can change at any time, because several processes divide the load that a remote system may see.
    A rate of 0 means no limit of the rate; a share of 0 calls at once makes everyone wait.
    """

    def __init__(
        self,
        max_concurrency: int,
        rate_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._running = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._next_start = float("-inf")
        self.set_share(max_concurrency, rate_per_second)

    def set_share(self, max_concurrency: int, rate_per_second: float) -> None:
        """Take effect for the calls that wait; those that run are left alone."""
        if max_concurrency < 0 or rate_per_second < 0:
            raise ValueError("a share cannot be negative")
        self._max_concurrency = max_concurrency
        self._interval = 1 / rate_per_second if rate_per_second else 0.0
        self._admit()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        await self._enter()
        try:
            await self._pace()
            yield
        finally:
            self._leave()

    async def _enter(self) -> None:
        if not self._queue and self._running < self._max_concurrency:
            self._running += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            self._give_up(place)
            raise

    def _give_up(self, place: asyncio.Future[None]) -> None:
        if place.done() and not place.cancelled():
            self._leave()  # admitted and cancelled in the same moment: the place goes to the next
        elif place in self._queue:
            self._queue.remove(place)

    def _leave(self) -> None:
        self._running -= 1
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._running < self._max_concurrency:
            place = self._queue.popleft()
            if not place.done():
                self._running += 1
                place.set_result(None)

    async def _pace(self) -> None:
        """Wait for this call's place in an even stream (the generic cell rate algorithm)."""
        now = self._clock()
        start = max(now, self._next_start)
        self._next_start = start + self._interval
        wait = start - now - max(BURST_SECONDS, self._interval)
        if wait > 0:
            await self._sleep(wait)
