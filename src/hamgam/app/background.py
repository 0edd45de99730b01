"""Work that goes on beside all else in a process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from hamgam.errors import where
from hamgam.jobs.worker import told_to_stop

logger = structlog.get_logger()

_AGAIN_SECONDS = 10.0


@asynccontextmanager
async def background(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[None]:
    """Run `work` while the block runs. When a defect ends it, the log says so and it begins again."""
    task = asyncio.create_task(_kept_up(name, work, sleep))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _kept_up(
    name: str, work: Callable[[], Awaitable[None]], sleep: Callable[[float], Awaitable[object]]
) -> None:
    while True:
        try:
            await work()
        except Exception as error:
            logger.error("background.defect", work=name, error=type(error).__name__, where=where(error))
        else:
            return
        if told_to_stop():
            return
        await sleep(_AGAIN_SECONDS)
