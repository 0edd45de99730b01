"""Notes in the database how an import goes on, and hears there that it is to stop."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import structlog

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Progress

logger = structlog.get_logger()

_SPAN_SECONDS = 30.0


class Pace:
    """Contacts per second over the last half minute; an average over hours would hide that it has changed."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: deque[tuple[float, int]] = deque()

    def per_second(self, done: int) -> float | None:
        now = self._monotonic()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _SPAN_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        return (done - before) / (now - since) if now > since else None


@asynccontextmanager
async def noting(
    db: Database,
    run_id: UUID,
    progress: Callable[[], Progress],
    stop: asyncio.Event,
    clock: Callable[[], datetime],
    tick: Callable[[], Awaitable[object]],
) -> AsyncIterator[None]:
    """Note `progress` after every `tick` while the block runs; sets `stop` when a person asks for it."""

    async def note() -> None:
        while True:
            try:
                if await import_runs.note(db, run_id, progress(), clock()):
                    stop.set()
            except DATABASE_GONE as error:
                logger.debug("import.not_noted", error=type(error).__name__)
            await tick()

    task = asyncio.create_task(note())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def unless(stop: asyncio.Event, waiting: Awaitable[object]) -> bool:
    """Wait for `waiting`, or until `stop` is set. Answers whether it was not."""
    wait, stopping = asyncio.ensure_future(waiting), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((wait, stopping), return_when=asyncio.FIRST_COMPLETED)
        if wait.done():
            await wait
    finally:
        for task in (wait, stopping):
            task.cancel()
        await asyncio.gather(wait, stopping, return_exceptions=True)
    return not stop.is_set()
