"""What an import does after a failed call: the same as a sync, but it goes on in place."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from hamgam.errors import SyncError
from hamgam.model import System
from hamgam.sync.failure import Verdict, verdict
from hamgam.sync.import_notes import unless
from hamgam.sync.site import Site

T = TypeVar("T")


async def what_next(site: Site, error: SyncError, retries: int, before: Mapping[System, int]) -> Verdict:
    """`before` is what `outages_over` said when the attempt began."""
    return verdict(
        error,
        retries_used=retries,
        retries_allowed=site.rules.retries_allowed,
        repeatable=True,
        outage=await site.is_outage(error, before),
        now=site.clock(),
        random=site.random,
    )


async def repeated(site: Site, stop: asyncio.Event, read: Callable[[], Awaitable[T]]) -> T:
    """What `read` answers, which is asked again after a failure that uses up a retry.

    A system that is down raises at once: nothing was written, so whoever started the import can be told.
    """
    retries = 0
    while True:
        before = site.outages_over()
        try:
            return await read()
        except SyncError as error:
            chosen = await what_next(site, error, retries, before)
            if chosen.again_at is None or not chosen.counts:
                raise
            pause = chosen.again_at - site.clock()
        retries += 1
        await unless(stop, site.sleep(pause.total_seconds()))
