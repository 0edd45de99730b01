"""Where polling begins: before anything else is read, so that no change falls between."""

from datetime import datetime, timedelta

import structlog

from hamgam.errors import NeedsOperator, Reason
from hamgam.model import Stream
from hamgam.sync.site import Site
from hamgam.trail import cursor

logger = structlog.get_logger()

_FUTURE = timedelta(days=1)
"""No two clocks differ by more, so what the CRM stamps beyond it comes from a clock that was once wrong."""


def believable(moment: datetime, now: datetime) -> bool:
    """Whether polling may go on from here: all that changes before a moment in the future would be missed."""
    return moment <= now + _FUTURE


async def remember_where_polling_starts(site: Site) -> None:
    """Set the cursor of each stream that has none to the newest change there is now.

    What changes in the CRM while the import runs is then seen by the first poll. A stream that this CRM does
    not know gets no cursor, and so is left out of polling until the CRM knows it.
    """
    known = await cursor.load(site.db)
    for stream in Stream:
        if stream not in known:
            await _begin(site, stream)


async def _begin(site: Site, stream: Stream) -> None:
    try:
        newest = await site.crm.newest_change(stream)
    except NeedsOperator as error:
        if error.reason is not Reason.NOT_SUPPORTED:
            raise
        logger.warning("poll.not_supported", stream=stream)
        return
    if newest is not None and not believable(newest, site.clock()):
        newest = site.clock() - _FUTURE
    async with site.db.transaction() as connection:
        await cursor.begin(connection, stream, newest or cursor.BEGINNING)
