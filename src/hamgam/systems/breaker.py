"""The circuit breaker of one remote system: an outage is noticed once and uses up nobody's retries.

While the system is down, nothing of ours is tried out on it. A watcher asks a question that concerns no
record, and when that is answered, everybody who waits goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from hamgam.errors import LONGEST_WISH_SECONDS, InDoubt, Reason, SyncError, TryLater
from hamgam.model import System

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class OutageObserver(Protocol):
    """Is told once when a system goes down, before each pause until it is asked, and once when it is back."""

    def went_down(self, system: System, reason: Reason) -> None: ...

    def asks_again(self, system: System, *, in_seconds: float) -> None: ...

    def came_back(self, system: System, *, after_seconds: float) -> None: ...


class Breaker:
    """Whether one system is down, as far as this process knows.

    `alive` asks the system something that concerns no record and raises as any read does. `sleep` and
    `random` (uniform in [0, 1)) make the pauses between two questions, `monotonic` measures the outage.
    """

    def __init__(
        self,
        system: System,
        alive: Callable[[], Awaitable[None]],
        *,
        observer: OutageObserver,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.outages_over = 0
        """How many outages have ended. Whoever makes a call remembers it, see `is_outage`."""
        self._system = system
        self._alive = alive
        self._observer = observer
        self._random = random
        self._sleep = sleep
        self._monotonic = monotonic
        self._up = asyncio.Event()
        self._up.set()
        self._since = monotonic()
        self._pause = FIRST_PAUSE_SECONDS
        self._question: asyncio.Task[TryLater | None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def is_down(self) -> bool:
        return not self._up.is_set()

    async def up(self) -> None:
        """Wait while the system is down."""
        await self._up.wait()

    async def is_outage(self, error: SyncError, outages_before: int) -> bool:
        """Whether a failed call is the system's trouble and not that of the record that it was made for.

        Some failures say so themselves, and so does an outage since the call began, of which `outages_before`
        were over: its end may be long past when a call that hung in it fails. The others (a timeout, a broken
        answer, a 500, a lost answer) one record may cause as well, so the system is asked; those who fail
        together share one question.
        """
        if not isinstance(error, TryLater | InDoubt):
            return False
        if self.is_down or self.outages_over > outages_before:
            return True
        trouble: TryLater | None
        if isinstance(error, TryLater) and error.system_wide:
            trouble = error
        else:
            trouble = await self._shared_question()
        if trouble is not None:
            self._open(trouble)
        return self.is_down

    async def aclose(self) -> None:
        tasks = [task for task in (self._watcher, self._question) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _shared_question(self) -> TryLater | None:
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask())
        return await asyncio.shield(self._question)

    async def _ask(self) -> TryLater | None:
        """What is wrong, or None. A system that refuses us answers: that trouble is not an outage."""
        try:
            await self._alive()
        except TryLater as trouble:
            return trouble
        except SyncError:
            return None
        return None

    def _open(self, trouble: TryLater) -> None:
        if self.is_down:
            return
        now = self._monotonic()
        if now - self._since >= LONGEST_PAUSE_SECONDS:
            # One that goes down again right after it came back is asked as rarely as before.
            self._pause = FIRST_PAUSE_SECONDS
        self._up.clear()
        self._since = now
        self._observer.went_down(self._system, trouble.reason)
        self._watcher = asyncio.create_task(self._watch(trouble))

    async def _watch(self, trouble: TryLater | None) -> None:
        while trouble is not None:
            pause = self._next_pause(trouble)
            self._observer.asks_again(self._system, in_seconds=pause)
            await self._sleep(pause)
            with suppress(Exception):  # such as the database, where the login is kept, being away as well
                trouble = await self._ask()
        now = self._monotonic()
        lasted, self._since = now - self._since, now
        self.outages_over += 1
        self._up.set()
        self._observer.came_back(self._system, after_seconds=lasted)

    def _next_pause(self, trouble: TryLater) -> float:
        """Doubling, with jitter over its upper half; longer where the system asks for it, within reason."""
        pause = self._pause * (0.5 + 0.5 * self._random())
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        return max(pause, min(trouble.retry_after_seconds or 0.0, LONGEST_WISH_SECONDS))
